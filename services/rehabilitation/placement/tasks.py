"""Tasks to find somebody a bed: urgent, open until it is found, and without a word of why to those who may not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, assert_never
from uuid import uuid5

from pydantic import Field

from services.rehabilitation.placement.record import (
    HOUSE,
    Day,
    PersonId,
    Placement,
    PlacementCommand,
    PlacementEvent,
    Task,
    TaskId,
    TaskKind,
    Why,
    must_be_open,
)
from services.rehabilitation.placement.rules import clashes
from shared.dates import today
from shared.errors import DomainError
from shared.privacy.personal import About, Hidden


class Settlement(StrEnum):
    """How a task ended."""

    BED_FOUND = "bed_found"
    PLACED_ELSEWHERE = "placed_elsewhere"
    NO_LONGER_NEEDED = "no_longer_needed"


class SettleBedTask(PlacementCommand, route="POST /centres/{centre}/bed-tasks/{task}/settlement", roles=HOUSE):
    """Settle a task to find a bed that was not settled by itself."""

    task: TaskId
    how: Annotated[Settlement, Field(description="How it ended", examples=["placed_elsewhere"])]
    occurred: Day


class AnotherBedNeeded(PlacementEvent):
    """Somebody cannot stay in their bed: another must be found."""

    task: TaskId
    person: PersonId
    why: Annotated[Why | Hidden, About("person")]
    occurred: date


class BedTaskSettled(PlacementEvent):
    """A bed was found, or is no longer needed."""

    task: TaskId
    how: Settlement
    occurred: date


Commands = SettleBedTask
Events = AnotherBedNeeded | BedTaskSettled


def decide(command: Commands, state: Placement) -> Sequence[Events]:
    """What follows from a command."""
    must_be_open(command, state, command.occurred)
    match command:
        case SettleBedTask(task=task):
            if task not in state.tasks:
                raise DomainError("This centre has no such task: name one of its own.", rule="no-such-task")
            return [BedTaskSettled(**command.stated())] if state.tasks[task] else []
        case _:
            assert_never(command)


def evolve(state: Placement, event: Events) -> Placement:
    """The beds after an event."""
    match event:
        case AnotherBedNeeded(task=task, person=person):
            return state.with_task(task, Task(person, TaskKind.CANNOT_STAY))
        case BedTaskSettled(task=task):
            return state.without_task(task)
        case _:
            assert_never(event)


def asked_for(state: Placement, persons: Iterable[str], command: PlacementCommand) -> Iterator[AnotherBedNeeded]:
    """A task for each of these people who, as things are now, cannot stay where they are. One a person."""
    asked: set[str] = set()
    for person, why in clashes(state, persons):
        waits = any(task.kind is TaskKind.CANNOT_STAY for _, task in state.open_tasks(person))
        if person not in asked and not waits:
            asked.add(person)
            yield AnotherBedNeeded(
                centre=command.centre,
                task=str(uuid5(command.command_id, f"task/{person}")),
                person=person,
                why=why,
                occurred=today(command.now),
            )


def settled_by(
    state: Placement, command: PlacementCommand, named: Iterable[str] = (), moved: frozenset[str] = frozenset()
) -> Iterator[BedTaskSettled]:
    """Open tasks that are done, as things are now: of those who are here, and of those whom the facts name.

    `moved` are people who have just left their bed.
    """
    here = {one.person for one in state.present()}
    looked_at = here.union(*(state.records_of(person) for person in named))
    for id, task in state.open_tasks(*sorted(looked_at)) if looked_at else ():
        is_here = not here.isdisjoint(state.records_of(task.person))
        match task.kind:
            case TaskKind.FIND_BED:
                done = is_here
            case TaskKind.MOVE_WANTED:
                done = not moved.isdisjoint(state.records_of(task.person))
            case TaskKind.CANNOT_STAY:
                done = not any(clashes(state, [task.person]))
        if done:
            how = Settlement.BED_FOUND if is_here else Settlement.NO_LONGER_NEEDED
            yield BedTaskSettled(centre=command.centre, task=id, how=how, occurred=today(command.now))

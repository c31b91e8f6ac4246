"""Stays: somebody comes, moves to another bed, and goes. What is not available is refused in one way, on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, ClassVar, assert_never
from uuid import uuid5

from pydantic import Field, StringConstraints

from services.rehabilitation.placement.house import must_be_bed
from services.rehabilitation.placement.record import (
    HOUSE,
    AgeGroup,
    BedCode,
    Day,
    Occupation,
    PersonId,
    Placement,
    PlacementCommand,
    PlacementEvent,
    StayId,
    Task,
    TaskId,
    TaskKind,
    Why,
    must_be_open,
)
from services.rehabilitation.placement.rules import beds_of, hindrance
from shared.errors import DomainError, ForgetMeNotError, NotAvailable
from shared.messages import new_id
from shared.privacy.personal import About, Hidden

Until = Annotated[date | None, Field(description="Until when it is planned", examples=["2008-12-31"])]
Age = Annotated[AgeGroup, Field(description="Uncertain counts as a child, until shown otherwise", examples=["adult"])]
Rules = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=32)] | None,
    Field(description="The version of the house rules that the person accepted", examples=["2008-1"]),
]


class CheckIn(PlacementCommand, route="POST /centres/{centre}/stays", roles=HOUSE):
    """Give somebody a bed. Taken, full or otherwise not for this person: the answer is the same, and a task remains."""

    stay: StayId = new_id()
    person: PersonId
    bed: BedCode
    age: Age
    until: Until = None
    house_rules: Rules = None
    occurred: Day


class MoveTo(PlacementCommand, route="POST /centres/{centre}/stays/{stay}/move", roles=HOUSE):
    """Move somebody to another bed. What is not available is answered as at check-in."""

    stay: StayId
    bed: BedCode
    occurred: Day


class PlanDeparture(PlacementCommand, route="POST /centres/{centre}/stays/{stay}/departure", roles=HOUSE):
    """Plan, or plan anew, until when somebody stays."""

    stay: StayId
    until: Annotated[date, Field(description="Until when", examples=["2009-03-31"])]


class AcceptHouseRules(PlacementCommand, route="POST /centres/{centre}/stays/{stay}/house-rules", roles=HOUSE):
    """Record that somebody who stays here accepted the house rules."""

    stay: StayId
    rules: Annotated[
        str,
        StringConstraints(min_length=1, max_length=32),
        Field(description="Which version of them", examples=["2008-1"]),
    ]
    occurred: Day


class CheckOut(PlacementCommand, route="POST /centres/{centre}/stays/{stay}/check-out", roles=HOUSE):
    """Record that somebody left. The bed is free from that night on."""

    stay: StayId
    occurred: Day


class CheckedIn(PlacementEvent):
    """Somebody has a bed."""

    stay: StayId
    person: PersonId
    bed: BedCode
    age: AgeGroup
    until: date | None = None
    house_rules: str | None = None
    occurred: date


class Moved(PlacementEvent):
    """Somebody has another bed."""

    stay: StayId
    person: PersonId
    bed: BedCode
    occurred: date


class DeparturePlanned(PlacementEvent):
    """Somebody stays until then, as planned."""

    stay: StayId
    person: PersonId
    until: date


class HouseRulesAccepted(PlacementEvent):
    """Somebody accepted the house rules."""

    stay: StayId
    person: PersonId
    rules: str
    occurred: date


class CheckedOut(PlacementEvent):
    """Somebody left."""

    stay: StayId
    person: PersonId
    occurred: date


class BedNotAvailable(PlacementEvent):
    """Somebody could not have a bed, and one must be found. The sender is not told why."""

    refusal: ClassVar[ForgetMeNotError | None] = NotAvailable(
        "This bed is not available. A task to find one is open: ask whoever manages the shelter.",
        rule="not-available",
    )

    task: TaskId
    kind: TaskKind
    person: PersonId
    bed: BedCode
    why: Annotated[Why | Hidden, About("person")]
    occurred: date


Commands = CheckIn | MoveTo | PlanDeparture | AcceptHouseRules | CheckOut
Events = CheckedIn | Moved | DeparturePlanned | HouseRulesAccepted | CheckedOut | BedNotAvailable


def decide(command: Commands, state: Placement) -> Sequence[Events]:
    """What follows from a command."""
    if isinstance(command, PlanDeparture):
        return _departure_planned(command, state)
    must_be_open(command, state, command.occurred)
    match command:
        case CheckIn(stay=stay, person=person, bed=bed, occurred=occurred):
            must_be_bed(bed, state)
            if state.occupation(stay):
                raise DomainError("Each stay has an id of its own; this is taken: leave it out.", rule="id-taken")
            if command.until is not None and command.until <= occurred:
                raise DomainError(
                    f"A stay ends after it begins ({occurred}); it is planned until {command.until}: give a later day.",
                    rule="ends-after-it-begins",
                )
            if beds_of(state, person, occurred):
                raise DomainError(
                    "This person has a bed here, under this record or a linked one: move them, or correct the day.",
                    rule="one-bed-each",
                )
            if why := hindrance(state, person, command.age, bed, occurred):
                return [_not_available(command, state, person, bed, why, TaskKind.FIND_BED)]
            return [CheckedIn(**command.stated())]
        case MoveTo(stay=stay, bed=bed, occurred=occurred):
            here = must_be_here(stay, state, occurred)
            must_be_bed(bed, state)
            if here.bed == bed:
                return []
            if beds_of(state, here.person, occurred, leaving=here):
                raise DomainError(
                    "This person has two beds here, under linked records: check one of the stays out first.",
                    rule="one-bed-each",
                )
            if why := hindrance(state, here.person, state.age_of(here.person), bed, occurred, leaving=here):
                return [_not_available(command, state, here.person, bed, why, TaskKind.MOVE_WANTED)]
            return [Moved(**command.stated(), person=here.person)]
        case AcceptHouseRules(stay=stay, occurred=occurred):
            here = must_be_here(stay, state)
            return [HouseRulesAccepted(**command.stated(), person=here.person)]
        case CheckOut(stay=stay, occurred=occurred):
            last = state.occupation(stay)
            if last and last.left == occurred:
                return []
            here = must_be_here(stay, state, occurred)
            return [CheckedOut(**command.stated(), person=here.person)]
        case _:
            assert_never(command)


def _departure_planned(command: PlanDeparture, state: Placement) -> Sequence[Events]:
    must_be_open(command, state, command.now.date())
    here = must_be_here(command.stay, state)
    if command.until <= here.since:
        raise DomainError(
            f"A stay ends after it begins ({here.since}); planned until {command.until}: give a later day.",
            rule="ends-after-it-begins",
        )
    return [DeparturePlanned(**command.stated(), person=here.person)]


def must_be_here(stay: str, state: Placement, occurred: date | None = None) -> Occupation:
    """Refuses a stay that is none of this centre's, has ended, or had not come to this bed by then."""
    here = state.occupation(stay)
    if here is None:
        raise DomainError("This centre has no such stay: name one of its own.", rule="no-such-stay")
    if here.left != date.max:
        raise DomainError(f"This stay ended on {here.left}: check the person in again.", rule="stay-is-over")
    if occurred is not None and occurred < here.since:
        raise DomainError(
            f"The person came to this bed on {here.since}; this is dated {occurred}: give a later day.",
            rule="in-order",
        )
    return here


def _not_available(
    command: CheckIn | MoveTo, state: Placement, person: str, bed: str, why: Why, kind: TaskKind
) -> BedNotAvailable:
    open_task = next((id for id, _ in state.open_tasks(person)), None)
    return BedNotAvailable(
        centre=command.centre,
        task=open_task or str(uuid5(command.command_id, "task")),
        kind=kind,
        person=person,
        bed=bed,
        why=why,
        occurred=command.occurred,
    )


def evolve(state: Placement, event: Events) -> Placement:
    """The beds after an event."""
    match event:
        case CheckedIn(stay=stay, person=person, bed=bed, age=age, occurred=occurred):
            come = Occupation(stay, person, bed, occurred)
            return replace(state, occupations=(*state.occupations, come), ages=state.aged(person, age))
        case Moved(stay=stay, person=person, bed=bed, occurred=occurred):
            gone = _ended(state, stay, occurred)
            return replace(state, occupations=(*gone, Occupation(stay, person, bed, occurred)))
        case CheckedOut(stay=stay, occurred=occurred):
            return replace(state, occupations=_ended(state, stay, occurred))
        case BedNotAvailable(task=task, person=person, kind=kind):
            return state.with_task(task, state.tasks.get(task) or Task(person, kind))
        case DeparturePlanned() | HouseRulesAccepted():
            return state
        case _:
            assert_never(event)


def _ended(state: Placement, stay: str, occurred: date) -> tuple[Occupation, ...]:
    return tuple(
        replace(one, left=occurred) if one.stay == stay and one.left == date.max else one for one in state.occupations
    )

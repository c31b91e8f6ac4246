"""What is kept of a centre's beds, the words of the field, and what every command to them must respect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from services.rehabilitation.programme.record import PersonId as PersonId
from services.rehabilitation.programme.record import Text as Text
from shared.dates import must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.growing import Growing
from shared.messages import Command, Event, Id, Role

CentreId = Annotated[Id, Field(description="The centre", examples=["1c2d3e4f-5a6b-4c7d-8e9f-0a1b2c3d4e5f"])]
StayId = Annotated[Id, Field(description="A stay", examples=["2d3e4f5a-6b7c-4d8e-9f0a-1b2c3d4e5f60"])]
OrderId = Annotated[Id, Field(description="A separation order", examples=["3e4f5a6b-7c8d-4e9f-8a1b-2c3d4e5f6071"])]
TaskId = Annotated[Id, Field(description="A task to find a bed", examples=["4f5a6b7c-8d9e-4fa0-9b2c-3d4e5f607182"])]
LinkId = Annotated[Id, Field(description="A link between two records of one person")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,15}$")]
ShelterCode = Annotated[Code, Field(description="A shelter, by its code; its address is nowhere", examples=["A"])]
RoomCode = Annotated[Code, Field(description="A room, by its code", examples=["A1"])]
BedCode = Annotated[Code, Field(description="A bed, by its code", examples=["A1-2"])]
Day = Annotated[date, Field(description="The day on which it happened", examples=["2008-10-02"])]

KNOWERS = (Role.SHELTER_MANAGER, Role.SUPERVISOR)
"""Those who may know why a bed is not available."""

HOUSE = (*KNOWERS, Role.DUTY_OFFICER, Role.CASEWORKER)
"""Those who find people a bed."""


class PlacementCommand(Command, context="rehabilitation"):
    """An instruction about the beds of one centre."""

    centre: CentreId


class PlacementEvent(Event, context="rehabilitation"):
    """A fact about the beds of one centre."""

    centre: CentreId


class AgeGroup(StrEnum):
    """What somebody's age means for where they sleep. Uncertain: a child, until shown otherwise."""

    ADULT = "adult"
    CHILD = "child"
    INFANT = "infant"
    UNCERTAIN = "uncertain"


class Scope(StrEnum):
    """How far apart two people are kept."""

    ROOM = "room"
    SHELTER = "shelter"


class Why(StrEnum):
    """Why somebody cannot have, or keep, a bed. Only `KNOWERS` are told."""

    TAKEN = "taken"
    OUT_OF_SERVICE = "out_of_service"
    FULL = "full"
    SEPARATED = "separated"
    ADULT_BESIDE_CHILD = "adult_beside_child"
    TWO_BEDS = "two_beds"


class TaskKind(StrEnum):
    """What the task is."""

    FIND_BED = "find_bed"  # for somebody who has none
    MOVE_WANTED = "move_wanted"  # another, for somebody who has one
    CANNOT_STAY = "cannot_stay"  # another, for somebody who must not stay in theirs


@dataclass(frozen=True, slots=True)
class Bed:
    """A bed."""

    room: str
    in_service: bool = True


@dataclass(frozen=True, slots=True)
class Occupation:
    """One person in one bed, from a day on, for the nights before `left`. A move ends one and begins the next."""

    stay: str
    person: str
    bed: str
    since: date
    left: date = date.max

    def has_nights_from(self, day: date) -> bool:
        """Whether any of its nights is on `day` or later. One that was left on its first day has none."""
        return self.left > max(self.since, day)


@dataclass(frozen=True, slots=True)
class Order:
    """Two people who are not housed together."""

    first: str
    second: str
    scope: Scope
    since: date
    until: date = date.max


@dataclass(frozen=True, slots=True)
class Task:
    """An open task to find somebody a bed."""

    person: str
    kind: TaskKind


@dataclass(frozen=True, slots=True)
class Placement:
    """All beds of a centre, who is in them, and who must not be together."""

    opened: date | None = None
    carried: date = date.min  # what happened before is in closed books
    shelters: Growing[str, int] = field(default_factory=Growing)  # code -> how many people it may house
    rooms: Growing[str, str] = field(default_factory=Growing)  # code -> shelter
    beds: Growing[str, Bed] = field(default_factory=Growing)
    occupations: tuple[Occupation, ...] = ()
    ages: Growing[str, AgeGroup] = field(default_factory=Growing)
    kin: frozenset[frozenset[str]] = frozenset()
    links: Growing[str, frozenset[str] | None] = field(default_factory=Growing)  # link -> the two; None: dissolved
    same: Growing[str, frozenset[str]] = field(default_factory=Growing)  # record -> all of that person, if linked
    orders: Growing[str, Order] = field(default_factory=Growing)
    tasks: Growing[str, Task | None] = field(default_factory=Growing)  # None: settled
    waiting: Growing[str, frozenset[str]] = field(default_factory=Growing)  # person -> their open tasks

    def occupation(self, stay: str) -> Occupation | None:
        """Where a stay is, or last was."""
        return next((one for one in reversed(self.occupations) if one.stay == stay), None)

    def present(self) -> Iterator[Occupation]:
        """Everybody who is here, as far as is known."""
        return (one for one in self.occupations if one.left == date.max)

    def records_of(self, person: str) -> frozenset[str]:
        """Every record of the same person: linked ones count as one, through as many links as it takes."""
        return self.same.get(person, frozenset({person}))

    def age_of(self, person: str) -> AgeGroup:
        """The age group of somebody who has been housed here."""
        return self.ages.get(person, AgeGroup.UNCERTAIN)

    def aged(self, person: str, age: AgeGroup) -> Growing[str, AgeGroup]:
        """The ages, with that of every record of this person."""
        ages = self.ages
        for record in self.records_of(person):
            ages = ages.having(record, age)
        return ages

    def open_tasks(self, *persons: str) -> Iterator[tuple[str, Task]]:
        """Tasks that wait for a bed for one of these people, or for anybody if nobody is named."""
        for person in persons or self.waiting:
            for id in sorted(self.waiting.get(person, ())):
                if task := self.tasks[id]:
                    yield id, task

    def with_task(self, id: str, task: Task) -> Placement:
        """With a task that is open from now on."""
        waiting = self.waiting.get(task.person, frozenset()) | {id}
        return replace(self, tasks=self.tasks.having(id, task), waiting=self.waiting.having(task.person, waiting))

    def without_task(self, id: str) -> Placement:
        """With a task that is settled."""
        task = self.tasks.get(id)
        if task is None:
            return self
        waiting = self.waiting.get(task.person, frozenset()) - {id}
        return replace(self, tasks=self.tasks.having(id, None), waiting=self.waiting.having(task.person, waiting))


def same_persons(pairs: Iterable[Iterable[str]]) -> dict[str, frozenset[str]]:
    """Each record that is in a linked pair, with every record that is reached from it."""
    same: dict[str, frozenset[str]] = {}
    for pair in pairs:
        records = frozenset(record for one in pair for record in same.get(one, {one}))
        same |= dict.fromkeys(records, records)
    return same


def must_be_open(command: PlacementCommand, state: Placement, occurred: date) -> None:
    """Refuses a fact that is to come, or that lies in closed books. Raises `NotFound` if there is no such centre."""
    must_exist(state.opened is not None, "centre")
    must_have_happened(occurred.isoformat(), command.now)
    if occurred < state.carried:
        raise DomainError(
            f"The books before {state.carried} are closed; this is dated {occurred}: date it {state.carried} or later.",
            rule="books-are-closed",
        )

"""A small shelter to test read models and policies with: stays begin and end, notes are written about residents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import BaseModel
from sqlalchemy import Column, Index, Integer, String, select

from shared.codec import Recorded
from shared.context import Context
from shared.decider import Decider
from shared.errors import DomainError, NotFound
from shared.messages import Command, Event, Origin, Query, Role
from shared.privacy.personal import About, Hidden
from shared.projections.declaration import Anything, Asking, Projection, Rows, answers, on, table

NAMES = UUID(int=7)
WORKER = Origin("w-1", frozenset({Role.CASEWORKER}))
AUDITOR = Origin("w-9", frozenset({Role.AUDITOR}))


class StayCommand(Command, context="shelter"):
    """Something to do with one stay."""

    stay: str


class BeginStay(StayCommand):
    """Somebody moves in."""

    person: str
    room: str


class EndStay(StayCommand):
    """They move out."""


class WriteNote(StayCommand):
    """A note about the resident."""

    person: str
    text: Annotated[str, About("person")]


class StayEvent(Event, context="shelter"):
    """Something that happened in one stay."""

    stay: str


class StayBegun(StayEvent):
    """Somebody moved in."""

    person: str
    room: str


class StayEnded(StayEvent):
    """They moved out."""


class NoteWritten(StayEvent):
    """A note about the resident."""

    person: str
    text: Annotated[str | Hidden, About("person")]


@dataclass(frozen=True, slots=True)
class StayState:
    """What decides about a stay."""

    begun: bool = False
    ended: bool = False


StayAny = BeginStay | EndStay | WriteNote


def decide(command: StayAny, stay: StayState) -> list[StayEvent]:
    """One stay's rules."""
    match command:
        case BeginStay() if stay.begun:
            return []
        case BeginStay():
            return [StayBegun(stay=command.stay, person=command.person, room=command.room)]
        case _ if not stay.begun:
            raise NotFound("There is no such stay.")
        case EndStay() if stay.ended:
            raise DomainError("A stay ends once; this one has ended.", rule="ends-once")
        case EndStay():
            return [StayEnded(stay=command.stay)]
        case WriteNote():
            return [NoteWritten(stay=command.stay, person=command.person, text=command.text)]


def evolve(stay: StayState, event: StayEvent) -> StayState:
    """What a fact changes."""
    match event:
        case StayBegun():
            return replace(stay, begun=True)
        case StayEnded():
            return replace(stay, ended=True)
    return stay


stay = Decider("stay", "stay", StayState(), decide, evolve, StayAny, StayBegun | StayEnded | NoteWritten)
shelter = Context("shelter", "The shelter", deciders=(stay,))


class StayLine(BaseModel):
    """One stay as it is listed."""

    stay: str
    room: str
    ended: bool
    notes: int
    last_note: object = None


class GetStay(Query[StayLine], context="shelter", roles=[Role.CASEWORKER]):
    """One stay."""

    stay: str


class RoomsPage(BaseModel):
    """How many people moved into each room, ever and now."""

    rooms: dict[str, tuple[int, int]]


class CountRooms(Query[RoomsPage], context="shelter", roles=[Role.CASEWORKER]):
    """All rooms."""


class Stays(Projection):
    """Stays by id, with their last note."""

    name = "stays"
    stays = table(
        "stays",
        Column("stay", String, primary_key=True),
        Column("room", String),
        Column("ended", Integer),
        Column("notes", Integer),
        Column("last_note", String),
        Index("by_room", "room"),
    )

    @on(StayBegun)
    def begun(self, e: Recorded[StayBegun], rows: Rows) -> None:
        """A line appears."""
        rows.put(self.stays, stay=e.event.stay, room=e.event.room, ended=0, notes=0)

    @on(StayEnded)
    def ended(self, e: Recorded[StayEnded], rows: Rows) -> None:
        """It is marked."""
        rows.change(self.stays, (e.event.stay,), ended=1)

    @on(NoteWritten)
    def noted(self, e: Recorded[NoteWritten], rows: Rows) -> None:
        """The note is counted, and shown if it is the last."""
        rows.add(self.stays, (e.event.stay,), notes=1)
        rows.change(self.stays, (e.event.stay,), last_note=e.sealed("text"))

    @answers(GetStay)
    def get(self, query: GetStay, asking: Asking) -> StayLine:
        """One line."""
        stays = asking.live(self.stays)
        found = asking.rows(select(stays).where(stays.c.stay == query.stay))
        if not found:
            raise NotFound("There is no such stay.")
        row = found[0]
        return StayLine(
            stay=row.stay,
            room=row.room,
            ended=bool(row.ended),
            notes=row.notes,
            last_note=asking.reveal(row.last_note),
        )


class Rooms(Projection):
    """How many moved into each room, ever and now: needs to ask where somebody lives when they leave."""

    name = "rooms"
    rooms = table("rooms", Column("room", String, primary_key=True), Column("ever", Integer), Column("now", Integer))
    whereabouts = table("whereabouts", Column("stay", String, primary_key=True), Column("room", String))

    @on(StayBegun)
    def begun(self, e: Recorded[StayBegun], rows: Rows) -> None:
        """One more."""
        rows.add(self.rooms, (e.event.room,), ever=1, now=1)
        rows.put(self.whereabouts, stay=e.event.stay, room=e.event.room)

    @on(StayEnded)
    def ended(self, e: Recorded[StayEnded], rows: Rows) -> None:
        """One less."""
        where = rows.get(self.whereabouts, (e.event.stay,))
        assert where is not None
        rows.add(self.rooms, (where["room"],), now=-1)
        rows.drop(self.whereabouts, (e.event.stay,))

    @answers(CountRooms)
    def count(self, query: CountRooms, asking: Asking) -> RoomsPage:
        """All rooms."""
        rooms = asking.live(self.rooms)
        return RoomsPage(rooms={row.room: (row.ever, row.now) for row in asking.rows(select(rooms))})


class Trail(Projection):
    """Every event there is."""

    name = "trail"
    trail = table("trail", Column("position", Integer, primary_key=True), Column("type", String))

    @on(Anything)
    def happened(self, e: Recorded[Anything], rows: Rows) -> None:
        """One more line."""
        rows.put(self.trail, position=e.position, type=e.raw.type)


def stay_ids(stays: Iterable[int]) -> Iterator[str]:
    """The stays that `commands` begins."""
    return (str(uuid5(NAMES, str(number))) for number in stays)


def commands(stays: Iterable[int]) -> Iterator[Command]:
    """A stay for each number, each with a note."""
    for number in stays:
        name = str(uuid5(NAMES, str(number)))
        person = str(uuid5(NAMES, f"p{number}"))
        yield BeginStay(stay=name, person=person, room=f"r{number % 3}")
        yield WriteNote(stay=name, person=person, text=f"slept well, night {number}")

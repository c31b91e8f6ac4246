"""Occupancy: who sleeps where, now and on any night.

To those who may not know why a bed is not available, none is ever called free: a bed that is out of service, a shelter
that is full and a person who is kept apart look the same.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, RowMapping, String, select

from services.rehabilitation.placement.house import (
    BedPutIntoService,
    BedTakenOutOfService,
    CapacityChanged,
    RoomAdded,
    ShelterAdded,
)
from services.rehabilitation.placement.record import (
    HOUSE,
    BedCode,
    CentreId,
    Code,
    PersonId,
    RoomCode,
    ShelterCode,
    StayId,
)
from services.rehabilitation.placement.stays import (
    CheckedIn,
    CheckedOut,
    DeparturePlanned,
    Moved,
)
from services.rehabilitation.projections.centres import OfCentres, centres_table, may_know
from shared.codec import Recorded
from shared.dates import today
from shared.messages import Query
from shared.projections.declaration import Asking, Rows, answers, on, table

Night = Annotated[
    date | None, Field(description="The night that begins on this day; left out: tonight", examples=["2008-10-02"])
]


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class CentreShown(_Shown):
    """A centre."""

    centre: CentreId
    code: Code
    opened: date


class CentreList(_Shown):
    """Every centre."""

    centres: tuple[CentreShown, ...]


class Sleeper(_Shown):
    """Somebody in a bed."""

    stay: StayId
    person: PersonId
    arrived: date
    until: date | None = Field(description="Until when it is planned")
    overdue: bool = Field(description="Whether they are here longer than planned")


class BedShown(_Shown):
    """A bed, and who is in it: nobody, one, or an adult with infants."""

    bed: BedCode
    sleepers: tuple[Sleeper, ...]
    in_service: bool | None = Field(description="Null to those who may not know")


class RoomShown(_Shown):
    """A room."""

    room: RoomCode
    beds: tuple[BedShown, ...]


class ShelterShown(_Shown):
    """A shelter. How many it may house, and how many beds are free, only those see who may know."""

    shelter: ShelterCode
    people: int
    capacity: int | None
    free: int | None = Field(description="Beds that somebody could have; null to those who may not know")
    rooms: tuple[RoomShown, ...]


class Occupancy(_Shown):
    """Who sleeps where on a night."""

    centre: CentreId
    on: date
    people: int
    shelters: tuple[ShelterShown, ...]


class ListCentres(Query[CentreList], context="rehabilitation", route="GET /centres", roles=HOUSE):
    """Every centre, by code."""


class ShowOccupancy(Query[Occupancy], context="rehabilitation", route="GET /centres/{centre}/occupancy", roles=HOUSE):
    """Who sleeps where, tonight or on any night."""

    centre: CentreId
    on: Night = None
    shelter: Annotated[ShelterCode | None, Field(description="Only this shelter", examples=["A"])] = None


class Occupancies(OfCentres):
    """Centres with their beds, and who is in them."""

    name = "occupancy"
    version = 2

    centres = centres_table("centres")
    shelters = table(
        "shelters",
        Column("centre", String, primary_key=True),
        Column("shelter", String, primary_key=True),
        Column("capacity", Integer),
    )
    beds = table(
        "beds",
        Column("centre", String, primary_key=True),
        Column("bed", String, primary_key=True),
        Column("room", String),
        Column("shelter", String),
        Column("in_service", Boolean),
    )
    sleepers = table(
        "sleepers",
        Column("stay", String, primary_key=True),
        Column("person", String),
        Column("bed_since", BigInteger),  # the position of the row in `nights` that goes on
        Column("arrived", String),
        Column("until", String),
    )
    nights = table(
        "nights",
        Column("stay", String, primary_key=True),
        Column("position", BigInteger, primary_key=True),
        Column("centre", String),
        Column("bed", String),
        Column("since", String),
        Column("left", String),
        Index("nights_by_day", "centre", "since", "left"),
    )

    @on(ShelterAdded, CapacityChanged)
    def shelter(self, e: Recorded[ShelterAdded | CapacityChanged], rows: Rows) -> None:
        """A shelter, and how many it may house."""
        added = e.event
        rows.put(self.shelters, centre=added.centre, shelter=added.shelter, capacity=added.capacity)

    @on(RoomAdded)
    def room(self, e: Recorded[RoomAdded], rows: Rows) -> None:
        """Its beds."""
        added = e.event
        for bed in added.beds:
            rows.put(self.beds, centre=added.centre, bed=bed, room=added.room, shelter=added.shelter, in_service=True)

    @on(BedTakenOutOfService, BedPutIntoService)
    def in_service(self, e: Recorded[BedTakenOutOfService | BedPutIntoService], rows: Rows) -> None:
        """Whether a bed can be used."""
        works = isinstance(e.event, BedPutIntoService)
        rows.change(self.beds, (e.event.centre, e.event.bed), in_service=works)

    @on(CheckedIn)
    def checked_in(self, e: Recorded[CheckedIn], rows: Rows) -> None:
        """A stay begins."""
        stay = e.event
        rows.put(
            self.sleepers,
            stay=stay.stay,
            person=stay.person,
            bed_since=e.position,
            arrived=stay.occurred.isoformat(),
            until=stay.until.isoformat() if stay.until else None,
        )
        self._sleeps(stay, e.position, rows)

    @on(Moved)
    def moved(self, e: Recorded[Moved], rows: Rows) -> None:
        """It goes on in another bed."""
        self._rises(e.event.stay, e.event.occurred, rows)
        rows.change(self.sleepers, (e.event.stay,), bed_since=e.position)
        self._sleeps(e.event, e.position, rows)

    @on(CheckedOut)
    def checked_out(self, e: Recorded[CheckedOut], rows: Rows) -> None:
        """It ends."""
        self._rises(e.event.stay, e.event.occurred, rows)

    def _sleeps(self, stay: CheckedIn | Moved, position: int, rows: Rows) -> None:
        since = stay.occurred.isoformat()
        rows.put(self.nights, stay=stay.stay, position=position, centre=stay.centre, bed=stay.bed, since=since)

    def _rises(self, stay: str, occurred: date, rows: Rows) -> None:
        if known := rows.get(self.sleepers, (stay,)):
            rows.change(self.nights, (stay, known["bed_since"]), left=occurred.isoformat())

    @on(DeparturePlanned)
    def departure(self, e: Recorded[DeparturePlanned], rows: Rows) -> None:
        """Until when."""
        rows.change(self.sleepers, (e.event.stay,), until=e.event.until.isoformat())

    @answers(ListCentres)
    def list_centres(self, query: ListCentres, asking: Asking) -> CentreList:
        """All of them."""
        found = asking.live(self.centres)
        return CentreList(
            centres=tuple(CentreShown(**row) for row in asking.rows(select(found).order_by(found.c.code)))
        )

    @answers(ShowOccupancy)
    def show_occupancy(self, query: ShowOccupancy, asking: Asking) -> Occupancy:
        """Who is in which bed on the night that begins on the day asked for."""
        self.must_be_centre(query.centre, asking)
        night = query.on or today(datetime.now(UTC))
        shelters = asking.live(self.shelters)
        wanted = select(shelters).where(shelters.c.centre == query.centre).order_by(shelters.c.shelter)
        if query.shelter is not None:
            wanted = wanted.where(shelters.c.shelter == query.shelter)
        sleepers = self._sleepers(query.centre, night, asking)
        shown = tuple(self._shelter(row, sleepers, asking) for row in asking.rows(wanted))
        return Occupancy(centre=query.centre, on=night, people=sum(one.people for one in shown), shelters=shown)

    def _sleepers(self, centre: str, night: date, asking: Asking) -> dict[str, list[Sleeper]]:
        nights, stays = asking.live(self.nights), asking.live(self.sleepers)
        day = night.isoformat()
        statement = (
            select(nights.c.bed, stays.c.stay, stays.c.person, stays.c.arrived, stays.c.until)
            .join(stays, stays.c.stay == nights.c.stay)
            .where(nights.c.centre == centre, nights.c.since <= day, (nights.c.left.is_(None)) | (nights.c.left > day))
            .order_by(nights.c.position)
        )
        found: dict[str, list[Sleeper]] = {}
        for row in asking.rows(statement):
            overdue = row["until"] is not None and row["until"] <= day
            sleeper = Sleeper(**{name: row[name] for name in ("stay", "person", "arrived", "until")}, overdue=overdue)
            found.setdefault(row["bed"], []).append(sleeper)
        return found

    def _shelter(self, shelter: RowMapping, sleepers: dict[str, list[Sleeper]], asking: Asking) -> ShelterShown:
        knows = may_know(asking)
        beds = asking.live(self.beds)
        of_it = (beds.c.centre == shelter["centre"], beds.c.shelter == shelter["shelter"])
        rooms: dict[str, list[BedShown]] = {}
        for row in asking.rows(select(beds).where(*of_it).order_by(beds.c.room, beds.c.bed)):
            in_it = tuple(sleepers.get(row["bed"], ()))
            works = row["in_service"] if knows else None
            rooms.setdefault(row["room"], []).append(BedShown(bed=row["bed"], sleepers=in_it, in_service=works))
        all_beds = [bed for room in rooms.values() for bed in room]
        people = sum(len(bed.sleepers) for bed in all_beds)
        empty = sum(not bed.sleepers and bool(bed.in_service) for bed in all_beds)
        return ShelterShown(
            shelter=shelter["shelter"],
            people=people,
            capacity=shelter["capacity"] if knows else None,
            free=min(empty, max(shelter["capacity"] - people, 0)) if knows else None,
            rooms=tuple(RoomShown(room=room, beds=tuple(found)) for room, found in rooms.items()),
        )

"""Occupancy: who sleeps where, now and on any night; tasks to find a bed; who is kept apart.

To those who may not know why a bed is not available, none is ever called free: a bed that is out of service, a shelter
that is full and a person who is kept apart look the same.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, RowMapping, String, Text, select

from services.rehabilitation.placement.house import (
    BedPutIntoService,
    BedTakenOutOfService,
    CapacityChanged,
    CentreOpened,
    RoomAdded,
    ShelterAdded,
)
from services.rehabilitation.placement.people import SeparationLifted, SeparationOrdered
from services.rehabilitation.placement.record import (
    HOUSE,
    KNOWERS,
    BedCode,
    CentreId,
    Code,
    OrderId,
    PersonId,
    RoomCode,
    Scope,
    ShelterCode,
    StayId,
    TaskId,
    TaskKind,
    Why,
)
from services.rehabilitation.placement.stays import (
    BedNotAvailable,
    CheckedIn,
    CheckedOut,
    DeparturePlanned,
    HouseRulesAccepted,
    Moved,
)
from services.rehabilitation.placement.tasks import AnotherBedNeeded, BedTaskSettled, Settlement
from shared.codec import Recorded
from shared.dates import today
from shared.errors import NotFound
from shared.messages import Id, Query
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page

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


class StayShown(_Shown):
    """A stay, and where it is or last was."""

    stay: StayId
    person: PersonId
    bed: BedCode
    arrived: date
    until: date | None
    left: date | None
    house_rules: str | None = Field(description="Which version of the house rules the person accepted")


class StayPage(_Shown):
    """Stays, the newest first."""

    stays: tuple[StayShown, ...]
    next: Next


class BedTask(_Shown):
    """A task to find somebody a bed."""

    task: TaskId
    centre: CentreId
    kind: TaskKind
    person: PersonId
    since: date
    asked: int = Field(description="How often a bed was asked for")
    why: Why | Redacted | None = Field(description="Null to those who may not know")
    settled: Settlement | None


class BedTaskPage(_Shown):
    """Tasks to find a bed, the oldest first."""

    tasks: tuple[BedTask, ...]
    next: Next


class SeparationShown(_Shown):
    """Two people who are, or were, kept apart."""

    order: OrderId
    first: PersonId
    second: PersonId
    scope: Scope
    tension: Id | None
    since: date
    lifted: date | None
    grounds: str | Redacted | None


class SeparationPage(_Shown):
    """Separation orders, the newest first."""

    separations: tuple[SeparationShown, ...]
    next: Next


class ListCentres(Query[CentreList], context="rehabilitation", route="GET /centres", roles=HOUSE):
    """Every centre, by code."""


class ShowOccupancy(Query[Occupancy], context="rehabilitation", route="GET /centres/{centre}/occupancy", roles=HOUSE):
    """Who sleeps where, tonight or on any night."""

    centre: CentreId
    on: Night = None
    shelter: Annotated[ShelterCode | None, Field(description="Only this shelter", examples=["A"])] = None


class ListStays(Query[StayPage], context="rehabilitation", route="GET /centres/{centre}/stays", roles=HOUSE):
    """Stays, by person, and by whether they go on."""

    centre: CentreId
    person: Annotated[PersonId | None, Field(description="Only of this person")] = None
    here: Annotated[bool | None, Field(description="Only those that go on, or only those that ended")] = None
    after: After = None
    limit: Limit = 50


class ListBedTasks(Query[BedTaskPage], context="rehabilitation", route="GET /bed-tasks", roles=HOUSE):
    """Tasks to find somebody a bed: the open ones, unless asked otherwise."""

    centre: Annotated[CentreId | None, Field(description="Only of this centre")] = None
    settled: Annotated[bool, Field(description="Those that are settled instead")] = False
    after: After = None
    limit: Limit = 50


class ListSeparations(
    Query[SeparationPage], context="rehabilitation", route="GET /centres/{centre}/separations", roles=KNOWERS
):
    """Who may not be housed with whom. Those that stand, unless asked otherwise."""

    centre: CentreId
    person: Annotated[PersonId | None, Field(description="Only of this person")] = None
    lifted: Annotated[bool, Field(description="Those that were lifted instead")] = False
    after: After = None
    limit: Limit = 50


class Occupancies(Projection):
    """Centres with their beds, stays, tasks and separations."""

    name = "occupancy"

    centres = table(
        "centres",
        Column("centre", String, primary_key=True),
        Column("code", String),
        Column("opened", String),
    )
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
    stays = table(
        "stays",
        Column("stay", String, primary_key=True),
        Column("position", BigInteger),
        Column("centre", String),
        Column("person", String),
        Column("bed", String),
        Column("bed_since", BigInteger),  # the position of the row in `nights` that goes on
        Column("arrived", String),
        Column("until", String),
        Column("left", String),
        Column("house_rules", String),
        Index("stays_newest", "centre", "position"),
        Index("stays_by_person", "centre", "person", "position"),
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
    tasks = table(
        "bed_tasks",
        Column("task", String, primary_key=True),
        Column("position", BigInteger),
        Column("centre", String),
        Column("kind", String),
        Column("person", String),
        Column("since", String),
        Column("asked", Integer),
        Column("why", Text),
        Column("settled", String),
        Index("bed_tasks_open", "settled", "position"),
    )
    separations = table(
        "separations",
        Column("order", String, primary_key=True),
        Column("position", BigInteger),
        Column("centre", String),
        Column("first", String),
        Column("second", String),
        Column("scope", String),
        Column("tension", String),
        Column("since", String),
        Column("lifted", String),
        Column("grounds", Text),
        Index("separations_newest", "centre", "position"),
    )

    @on(CentreOpened)
    def opened(self, e: Recorded[CentreOpened], rows: Rows) -> None:
        """A centre."""
        rows.put(self.centres, centre=e.event.centre, code=e.event.code, opened=e.event.occurred.isoformat())

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
            self.stays,
            stay=stay.stay,
            position=e.position,
            centre=stay.centre,
            person=stay.person,
            bed=stay.bed,
            bed_since=e.position,
            arrived=stay.occurred.isoformat(),
            until=stay.until.isoformat() if stay.until else None,
            house_rules=stay.house_rules,
        )
        self._sleeps(stay, e.position, rows)

    @on(Moved)
    def moved(self, e: Recorded[Moved], rows: Rows) -> None:
        """It goes on in another bed."""
        self._rises(e.event.stay, e.event.occurred, rows)
        rows.change(self.stays, (e.event.stay,), bed=e.event.bed, bed_since=e.position)
        self._sleeps(e.event, e.position, rows)

    @on(CheckedOut)
    def checked_out(self, e: Recorded[CheckedOut], rows: Rows) -> None:
        """It ends."""
        self._rises(e.event.stay, e.event.occurred, rows)
        rows.change(self.stays, (e.event.stay,), left=e.event.occurred.isoformat())

    def _sleeps(self, stay: CheckedIn | Moved, position: int, rows: Rows) -> None:
        since = stay.occurred.isoformat()
        rows.put(self.nights, stay=stay.stay, position=position, centre=stay.centre, bed=stay.bed, since=since)

    def _rises(self, stay: str, occurred: date, rows: Rows) -> None:
        if known := rows.get(self.stays, (stay,)):
            rows.change(self.nights, (stay, known["bed_since"]), left=occurred.isoformat())

    @on(DeparturePlanned)
    def departure(self, e: Recorded[DeparturePlanned], rows: Rows) -> None:
        """Until when."""
        rows.change(self.stays, (e.event.stay,), until=e.event.until.isoformat())

    @on(HouseRulesAccepted)
    def house_rules(self, e: Recorded[HouseRulesAccepted], rows: Rows) -> None:
        """Which rules."""
        rows.change(self.stays, (e.event.stay,), house_rules=e.event.rules)

    @on(BedNotAvailable)
    def not_available(self, e: Recorded[BedNotAvailable], rows: Rows) -> None:
        """Somebody could not have a bed: once more, if they could not before."""
        if rows.get(self.tasks, (e.event.task,)):
            rows.add(self.tasks, (e.event.task,), asked=1)
            rows.change(self.tasks, (e.event.task,), why=e.sealed("why"))
        else:
            self._task(e, e.event.kind, rows)

    @on(AnotherBedNeeded)
    def another_needed(self, e: Recorded[AnotherBedNeeded], rows: Rows) -> None:
        """Somebody cannot stay in theirs."""
        self._task(e, TaskKind.CANNOT_STAY, rows)

    def _task(self, e: Recorded[BedNotAvailable] | Recorded[AnotherBedNeeded], kind: TaskKind, rows: Rows) -> None:
        rows.put(
            self.tasks,
            task=e.event.task,
            position=e.position,
            centre=e.event.centre,
            kind=kind,
            person=e.event.person,
            since=e.event.occurred.isoformat(),
            asked=1,
            why=e.sealed("why"),
        )

    @on(BedTaskSettled)
    def settled(self, e: Recorded[BedTaskSettled], rows: Rows) -> None:
        """Found, or no longer needed."""
        rows.change(self.tasks, (e.event.task,), settled=e.event.how)

    @on(SeparationOrdered)
    def separated(self, e: Recorded[SeparationOrdered], rows: Rows) -> None:
        """Two people are kept apart."""
        order = e.event
        rows.put(
            self.separations,
            order=order.order,
            position=e.position,
            centre=order.centre,
            first=order.first,
            second=order.second,
            scope=order.scope,
            tension=order.tension,
            since=order.occurred.isoformat(),
            grounds=e.sealed("grounds"),
        )

    @on(SeparationLifted)
    def lifted(self, e: Recorded[SeparationLifted], rows: Rows) -> None:
        """No longer."""
        rows.change(self.separations, (e.event.order,), lifted=e.event.occurred.isoformat())

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
        self._must_be_centre(query.centre, asking)
        night = query.on or today(datetime.now(UTC))
        shelters = asking.live(self.shelters)
        wanted = select(shelters).where(shelters.c.centre == query.centre).order_by(shelters.c.shelter)
        if query.shelter is not None:
            wanted = wanted.where(shelters.c.shelter == query.shelter)
        sleepers = self._sleepers(query.centre, night, asking)
        shown = tuple(self._shelter(row, sleepers, asking) for row in asking.rows(wanted))
        return Occupancy(centre=query.centre, on=night, people=sum(one.people for one in shown), shelters=shown)

    def _sleepers(self, centre: str, night: date, asking: Asking) -> dict[str, list[Sleeper]]:
        nights, stays = asking.live(self.nights), asking.live(self.stays)
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

    @answers(ListStays)
    def list_stays(self, query: ListStays, asking: Asking) -> StayPage:
        """Filtered, and paged by the position of the check-in."""
        self._must_be_centre(query.centre, asking)
        stays = asking.live(self.stays)
        statement = select(stays).where(stays.c.centre == query.centre)
        if query.person is not None:
            statement = statement.where(stays.c.person == query.person)
        if query.here is not None:
            statement = statement.where(stays.c.left.is_(None) if query.here else stays.c.left.is_not(None))
        if query.after is not None:
            statement = statement.where(stays.c.position < query.after)
        found = asking.rows(statement.order_by(stays.c.position.desc()).limit(query.limit + 1))
        shown, more = page(found, query.limit, _stay)
        return StayPage(stays=shown, next=more)

    @answers(ListBedTasks)
    def list_tasks(self, query: ListBedTasks, asking: Asking) -> BedTaskPage:
        """The oldest first: they wait the longest."""
        tasks = asking.live(self.tasks)
        is_settled = tasks.c.settled.is_not(None) if query.settled else tasks.c.settled.is_(None)
        statement = select(tasks).where(is_settled, tasks.c.position > (query.after or 0))
        if query.centre is not None:
            statement = statement.where(tasks.c.centre == query.centre)
        found = asking.rows(statement.order_by(tasks.c.position).limit(query.limit + 1))
        knows = may_know(asking)
        shown, more = page(found, query.limit, lambda row: _task(row, asking.reveal(row["why"]) if knows else None))
        return BedTaskPage(tasks=shown, next=more)

    @answers(ListSeparations)
    def list_separations(self, query: ListSeparations, asking: Asking) -> SeparationPage:
        """The newest first."""
        self._must_be_centre(query.centre, asking)
        orders = asking.live(self.separations)
        is_lifted = orders.c.lifted.is_not(None) if query.lifted else orders.c.lifted.is_(None)
        statement = select(orders).where(orders.c.centre == query.centre, is_lifted)
        if query.person is not None:
            statement = statement.where((orders.c.first == query.person) | (orders.c.second == query.person))
        if query.after is not None:
            statement = statement.where(orders.c.position < query.after)
        found = asking.rows(statement.order_by(orders.c.position.desc()).limit(query.limit + 1))
        shown, more = page(found, query.limit, lambda row: _separation(row, asking))
        return SeparationPage(separations=shown, next=more)

    def _must_be_centre(self, centre: str, asking: Asking) -> None:
        centres = asking.live(self.centres)
        if not asking.rows(select(centres.c.centre).where(centres.c.centre == centre)):
            raise NotFound("There is no such centre.")


def may_know(asking: Asking) -> bool:
    """Whether the asker may know why a bed is not available."""
    return not asking.origin.roles.isdisjoint(KNOWERS)


def _stay(row: RowMapping) -> StayShown:
    return StayShown(**{name: row[name] for name in StayShown.model_fields})


def _task(row: RowMapping, why: Why | Redacted | None) -> BedTask:
    return BedTask(**{name: row[name] for name in BedTask.model_fields if name != "why"}, why=why)


def _separation(row: RowMapping, asking: Asking) -> SeparationShown:
    told = {name: row[name] for name in SeparationShown.model_fields if name != "grounds"}
    return SeparationShown(**told, grounds=asking.reveal(row["grounds"]))

"""The court calendar: hearings in the order of their time, as a list and as a feed. Codes only."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Column, Index, Integer, RowMapping, String, and_, or_, select

from services.rehabilitation.cover import midnight
from services.rehabilitation.proceedings.hearings import (
    HearingAdjourned,
    HearingCancelled,
    HearingHeld,
    HearingMoved,
    HearingReminded,
    HearingScheduled,
)
from services.rehabilitation.proceedings.record import (
    READERS,
    CourtCode,
    HearingId,
    HearingState,
    ProceedingsId,
)
from services.rehabilitation.projections.calendars import MEDIA_TYPE, CalendarEvent, calendar
from services.rehabilitation.projections.instants import instant_of, text_of
from services.rehabilitation.projections.proceedings import code_of
from shared.codec import Recorded
from shared.errors import Invalid
from shared.messages import Query, Role
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table
from shared.projections.paging import Limit

ESCORTS = (*READERS, Role.SHELTER_MANAGER, Role.DUTY_OFFICER)
FEED_REACHES_BACK = timedelta(days=366)

Since = Annotated[date | None, Field(description="Only from this day on", examples=["2008-11-01"])]
Until = Annotated[date | None, Field(description="Only until this day", examples=["2008-11-30"])]


class HearingShown(BaseModel):
    """A hearing in the calendar: codes, no name, no address."""

    model_config = ConfigDict(frozen=True)

    hearing: HearingId
    proceedings: ProceedingsId
    code: str = Field(description="What the proceedings are called here", examples=["P-7C8D9E0F"])
    at: datetime = Field(description="When it begins; while it is adjourned without a day, when it last was to be")
    minutes: int
    court: CourtCode
    state: HearingState
    sequence: int = Field(description="How often it has changed")
    reminded: int | None = Field(description="How many days before it somebody was last reminded")


class CourtCalendar(BaseModel):
    """Hearings in the order of their time."""

    hearings: tuple[HearingShown, ...]
    next: str | None = Field(description="Give it as `after` for the next page; null on the last one")


class ShowCourtCalendar(
    Query[CourtCalendar], context="rehabilitation", route="GET /rehabilitation/court-calendar", roles=ESCORTS
):
    """Hearings in the order of their time, from the earliest on."""

    since: Since = None
    until: Until = None
    state: Annotated[HearingState | None, Field(description="Only these", examples=["scheduled"])] = None
    after: Annotated[
        str | None, Field(max_length=80, description="Go on after this: the `next` of the page before")
    ] = None
    limit: Limit = 50


class ShowCourtFeed(
    Query[str],
    context="rehabilitation",
    route="GET /rehabilitation/court-calendar.ics",
    roles=ESCORTS,
    media_type=MEDIA_TYPE,
):
    """The court calendar as iCalendar, to subscribe to. Codes in place of names; a hearing that moves keeps its UID."""

    since: Annotated[
        date | None, Field(description="Only from this day on; left out: from a year ago", examples=["2008-11-01"])
    ] = None


class CourtCalendars(Projection):
    """Every hearing, where it is now, and how often it has changed."""

    name = "court_calendar"
    version = 2

    hearings = table(
        "hearings",
        Column("hearing", String, primary_key=True),
        Column("proceedings", String),
        Column("at", String),
        Column("minutes", Integer),
        Column("court", String),
        Column("state", String),
        Column("sequence", Integer),
        Column("reminded", Integer),
        Column("changed", String),
        Index("hearings_by_time", "at", "hearing"),
    )

    @on(HearingScheduled)
    def scheduled(self, e: Recorded[HearingScheduled], rows: Rows) -> None:
        """A hearing."""
        rows.put(
            self.hearings,
            hearing=e.event.hearing,
            proceedings=e.event.proceedings,
            at=text_of(e.event.at),
            minutes=e.event.minutes,
            court=e.event.court,
            state=HearingState.SCHEDULED,
            sequence=0,
            changed=text_of(e.recorded_at),
        )

    @on(HearingMoved)
    def moved(self, e: Recorded[HearingMoved], rows: Rows) -> None:
        """At another time, perhaps elsewhere."""
        court = {"court": e.event.court} if e.event.court else {}
        self._set(e, e.event.at, rows, **court)

    @on(HearingAdjourned)
    def adjourned(self, e: Recorded[HearingAdjourned], rows: Rows) -> None:
        """To another time, or to none yet."""
        if e.event.at:
            self._set(e, e.event.at, rows)
        else:
            self._changed(e, rows, state=HearingState.ADJOURNED)

    @on(HearingHeld)
    def held(self, e: Recorded[HearingHeld], rows: Rows) -> None:
        """Held."""
        self._changed(e, rows, state=HearingState.HELD)

    @on(HearingCancelled)
    def cancelled(self, e: Recorded[HearingCancelled], rows: Rows) -> None:
        """Cancelled."""
        self._changed(e, rows, state=HearingState.CANCELLED)

    @on(HearingReminded)
    def reminded(self, e: Recorded[HearingReminded], rows: Rows) -> None:
        """A reminder changes nothing in a calendar."""
        rows.change(self.hearings, (e.event.hearing,), reminded=e.event.days)

    def _set(
        self, e: Recorded[HearingMoved] | Recorded[HearingAdjourned], at: datetime, rows: Rows, **columns: str
    ) -> None:
        known = rows.get(self.hearings, (e.event.hearing,))
        if known is None or known["at"] != text_of(at):  # of another time nobody was reminded yet
            rows.change(self.hearings, (e.event.hearing,), reminded=None)
        self._changed(e, rows, at=text_of(at), state=HearingState.SCHEDULED, **columns)

    def _changed(
        self,
        e: Recorded[HearingMoved] | Recorded[HearingAdjourned] | Recorded[HearingHeld] | Recorded[HearingCancelled],
        rows: Rows,
        **columns: str,
    ) -> None:
        key = (e.event.hearing,)
        rows.add(self.hearings, key, sequence=1)
        rows.change(self.hearings, key, changed=text_of(e.recorded_at), **columns)

    @answers(ShowCourtCalendar)
    def show(self, query: ShowCourtCalendar, asking: Asking) -> CourtCalendar:
        """A page, in the order of time; those of one instant in the order of their ids."""
        hearings = asking.live(self.hearings)
        statement = select(hearings).order_by(hearings.c.at, hearings.c.hearing).limit(query.limit + 1)
        if query.since is not None:
            statement = statement.where(hearings.c.at >= text_of(midnight(query.since)))
        if query.until is not None:
            statement = statement.where(hearings.c.at < text_of(midnight(query.until + timedelta(days=1))))
        if query.state is not None:
            statement = statement.where(hearings.c.state == query.state)
        if query.after is not None:
            at, separator, hearing = query.after.partition("~")
            if not separator:
                raise Invalid("after is the `next` of the page before, as it was given.")
            later, same = hearings.c.at > at, hearings.c.at == at
            statement = statement.where(or_(later, and_(same, hearings.c.hearing > hearing)))
        found = asking.rows(statement)
        shown = found[: query.limit]
        more = f"{shown[-1]['at']}~{shown[-1]['hearing']}" if len(found) > query.limit else None
        return CourtCalendar(hearings=tuple(_hearing(row) for row in shown), next=more)

    @answers(ShowCourtFeed)
    def feed(self, query: ShowCourtFeed, asking: Asking) -> str:
        """All of them that are not long past. One without a day is cancelled until it has one again."""
        hearings = asking.live(self.hearings)
        since = midnight(query.since) if query.since else datetime.now(UTC) - FEED_REACHES_BACK
        statement = select(hearings).where(hearings.c.at >= text_of(since)).order_by(hearings.c.at, hearings.c.hearing)
        return calendar("Court calendar", (_event(row) for row in asking.rows(statement)))


def _hearing(row: RowMapping) -> HearingShown:
    told = {name: row[name] for name in HearingShown.model_fields if name != "code"}
    return HearingShown(**told, code=code_of(row["proceedings"]))


def _event(row: RowMapping) -> CalendarEvent:
    at: AwareDatetime = instant_of(row["at"])
    return CalendarEvent(
        id=row["hearing"],
        summary=f"Hearing {code_of(row['proceedings'])}",
        starts=at,
        ends=at + timedelta(minutes=row["minutes"]),
        sequence=row["sequence"],
        changed=instant_of(row["changed"]),
        cancelled=row["state"] in {HearingState.CANCELLED, HearingState.ADJOURNED},
        location=row["court"],
    )

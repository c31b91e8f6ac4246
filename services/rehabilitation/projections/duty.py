"""Duty: who is on which post, what is planned, and every minute in which nobody was, or is to be, there.

What is past is covered by those who took over, whatever was planned; what is to come by those who are there until their
shift is to end, and by shifts that stand and have yet to begin. Who did not come, or left, covers nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, RowMapping, String, Text, or_, select

from services.rehabilitation.cover import Span, days, midnight, uncovered
from services.rehabilitation.programme.record import Staff
from services.rehabilitation.projections.calendars import MEDIA_TYPE, CalendarEvent, calendar
from services.rehabilitation.projections.instants import instant_of, text_of
from services.rehabilitation.roster import Post, ShiftId
from services.rehabilitation.rota import (
    ON_DUTY,
    ShiftCancelled,
    ShiftConfirmed,
    ShiftKind,
    ShiftPlanned,
    ShiftReassigned,
    ShiftRefused,
    ShiftState,
    SwapAgreed,
    SwapAsked,
    SwapDeclined,
    SwapRefused,
)
from services.rehabilitation.watch.record import GRACE
from services.rehabilitation.watch.turns import (
    FallbackAlerted,
    HandedOver,
    HandoverAcknowledged,
    PostLeft,
    ShiftNotStarted,
    TakenOver,
)
from shared.codec import Recorded
from shared.dates import HERE
from shared.errors import Invalid
from shared.messages import Query
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page

LONGEST_PERIOD = timedelta(days=62)
FEED_REACHES_BACK = timedelta(days=62)


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class ShiftShown(_Shown):
    """A shift of the plan, and what became of it."""

    shift: ShiftId
    post: Post
    kind: ShiftKind
    worker: Staff
    to: Staff | None = Field(description="The colleague who was asked to take it")
    starts: datetime
    ends: datetime
    state: ShiftState
    missed: bool = Field(description="Whether nobody had come when its grace period was over")
    fallback: Staff | None = Field(description="Who was alerted in place of who did not come, or left")


class TurnShown(_Shown):
    """Somebody who was, or is, there."""

    shift: ShiftId
    post: Post
    worker: Staff
    instead_of: Staff | None
    since: datetime
    until: datetime | None = Field(description="Null while it goes on: until somebody has taken over")
    handed_over: datetime | None = Field(description="When it was handed over, acknowledged or not")
    summary: str | Redacted | None = Field(description="What the next one must know")
    unrelieved: bool = Field(description="Whether they left without being relieved")


class GapShown(_Shown):
    """Minutes in which nobody was there, or is to be."""

    since: datetime
    until: datetime
    minutes: int
    kind: Literal["past", "ahead"]


class Duty(_Shown):
    """Duty at a post: the people, the plan, the gaps."""

    post: Post
    at: datetime = Field(description="What is before was or was not covered; what is after is planned or not")
    now: tuple[TurnShown, ...] = Field(description="Who is there at that moment")
    shifts: tuple[ShiftShown, ...]
    turns: tuple[TurnShown, ...]
    gaps: tuple[GapShown, ...]
    minutes: int = Field(description="How many minutes the period has", examples=[1440])
    uncovered: int = Field(description="In how many of them nobody is there")


class ShiftPage(_Shown):
    """Shifts of plans, the newest first."""

    shifts: tuple[ShiftShown, ...]
    next: Next


class ShowDuty(Query[Duty], context="rehabilitation", route="GET /duty/{post}", roles=ON_DUTY):
    """Who is on a post now, what is planned, and every uncovered minute. At most 62 days at once."""

    post: Post
    since: Annotated[date, Field(description="The first day", examples=["2008-10-01"])]
    until: Annotated[date, Field(description="The last day", examples=["2008-10-31"])]
    at: Annotated[
        AwareDatetime | None,
        Field(description="As if it were this moment; left out: now", examples=["2008-10-02T10:00:00+03:00"]),
    ] = None


class ListShifts(Query[ShiftPage], context="rehabilitation", route="GET /shifts", roles=ON_DUTY):
    """Shifts of all plans: by post, worker and state."""

    post: Annotated[Post | None, Field(description="Only at this post", examples=["shelter"])] = None
    worker: Annotated[Staff | None, Field(description="Only of this worker", examples=["w-7"])] = None
    state: Annotated[ShiftState | None, Field(description="Only these", examples=["refused"])] = None
    after: After = None
    limit: Limit = 50


class ShowRotaFeed(
    Query[str], context="rehabilitation", route="GET /rehabilitation/rota.ics", roles=ON_DUTY, media_type=MEDIA_TYPE
):
    """The duty rota as iCalendar, to subscribe to. Workers by pseudonym; a shift that is swapped keeps its UID."""

    post: Annotated[Post | None, Field(description="Only at this post", examples=["shelter"])] = None
    worker: Annotated[Staff | None, Field(description="Only of this worker", examples=["w-7"])] = None
    since: Annotated[
        date | None, Field(description="Only from this day on; left out: from two months ago", examples=["2008-10-01"])
    ] = None


class Duties(Projection):
    """Every shift of every plan, and every turn that somebody took."""

    name = "duty"
    version = 2

    shifts = table(
        "shifts",
        Column("shift", String, primary_key=True),
        Column("position", BigInteger),
        Column("post", String),
        Column("kind", String),
        Column("worker", String),
        Column("to", String),
        Column("starts", String),
        Column("ends", String),
        Column("state", String),
        Column("stood", Boolean),  # whether it was ever confirmed: only then calendars know it
        Column("missed", Boolean),
        Column("fallback", String),
        Column("sequence", Integer),
        Column("changed", String),
        Index("shifts_by_time", "post", "starts"),
        Index("shifts_newest", "position"),
        Index("shifts_by_worker", "worker", "position"),
    )
    turns = table(
        "turns",
        Column("shift", String, primary_key=True),
        Column("post", String),
        Column("worker", String),
        Column("instead_of", String),
        Column("since", String),
        Column("until", String),
        Column("handed_over", String),
        Column("summary", Text),
        Column("unrelieved", Boolean),
        Index("turns_by_time", "post", "since"),
    )

    @on(ShiftPlanned)
    def planned(self, e: Recorded[ShiftPlanned], rows: Rows) -> None:
        """A shift that may come to stand."""
        shift = e.event
        rows.put(
            self.shifts,
            shift=shift.shift,
            position=e.position,
            post=shift.post,
            kind=shift.kind,
            worker=shift.worker,
            starts=text_of(shift.starts),
            ends=text_of(shift.ends),
            state=ShiftState.PLANNED,
            stood=False,
            missed=False,
            sequence=0,
            changed=text_of(e.recorded_at),
        )

    @on(ShiftConfirmed)
    def confirmed(self, e: Recorded[ShiftConfirmed], rows: Rows) -> None:
        """It stands."""
        self._changed(e, rows, state=ShiftState.CONFIRMED, stood=True)

    @on(ShiftRefused)
    def refused(self, e: Recorded[ShiftRefused], rows: Rows) -> None:
        """It does not."""
        self._changed(e, rows, state=ShiftState.REFUSED)

    @on(ShiftCancelled)
    def cancelled(self, e: Recorded[ShiftCancelled], rows: Rows) -> None:
        """It no longer does."""
        self._changed(e, rows, state=ShiftState.CANCELLED)

    @on(ShiftReassigned)
    def reassigned(self, e: Recorded[ShiftReassigned], rows: Rows) -> None:
        """It is somebody else's."""
        self._changed(e, rows, worker=e.event.worker, to=None)

    @on(SwapAsked, SwapAgreed)
    def swap(self, e: Recorded[SwapAsked | SwapAgreed], rows: Rows) -> None:
        """A colleague is asked. It stays whose it is until they have it."""
        rows.change(self.shifts, (e.event.shift,), to=e.event.to)

    @on(SwapDeclined, SwapRefused)
    def no_swap(self, e: Recorded[SwapDeclined | SwapRefused], rows: Rows) -> None:
        """It stays whose it is."""
        rows.change(self.shifts, (e.event.shift,), to=None)

    def _changed(
        self,
        e: Recorded[ShiftConfirmed] | Recorded[ShiftRefused] | Recorded[ShiftCancelled] | Recorded[ShiftReassigned],
        rows: Rows,
        **columns: str | bool | None,
    ) -> None:
        key = (e.event.shift,)
        rows.add(self.shifts, key, sequence=1)
        rows.change(self.shifts, key, changed=text_of(e.recorded_at), **columns)

    @on(TakenOver)
    def taken_over(self, e: Recorded[TakenOver], rows: Rows) -> None:
        """Somebody is there."""
        turn = e.event
        rows.put(
            self.turns,
            shift=turn.shift,
            post=turn.post,
            worker=turn.worker,
            instead_of=turn.instead_of,
            since=text_of(turn.occurred),
            unrelieved=False,
        )

    @on(HandedOver)
    def handed_over(self, e: Recorded[HandedOver], rows: Rows) -> None:
        """Still there, until it is acknowledged."""
        summary = e.sealed("summary")
        rows.change(self.turns, (e.event.shift,), handed_over=text_of(e.event.occurred), summary=summary)

    @on(HandoverAcknowledged)
    def relieved(self, e: Recorded[HandoverAcknowledged], rows: Rows) -> None:
        """Over."""
        rows.change(self.turns, (e.event.shift,), until=text_of(e.event.occurred))

    @on(PostLeft)
    def left(self, e: Recorded[PostLeft], rows: Rows) -> None:
        """Over, perhaps with nobody there."""
        until = text_of(e.event.occurred)
        rows.change(self.turns, (e.event.shift,), until=until, unrelieved=e.event.unrelieved)

    @on(ShiftNotStarted)
    def missed(self, e: Recorded[ShiftNotStarted], rows: Rows) -> None:
        """Nobody came."""
        rows.change(self.shifts, (e.event.shift,), missed=True)

    @on(FallbackAlerted)
    def alerted(self, e: Recorded[FallbackAlerted], rows: Rows) -> None:
        """Somebody is to come instead."""
        rows.change(self.shifts, (e.event.shift,), fallback=e.event.worker)

    @answers(ShowDuty)
    def show(self, query: ShowDuty, asking: Asking) -> Duty:
        """Everything that touches the period."""
        period = _period(query)
        at = (query.at or datetime.now(UTC)).astimezone(UTC)
        shifts, turns = asking.live(self.shifts), asking.live(self.turns)
        since, until = text_of(period.since), text_of(period.until)
        of_post = shifts.c.post == query.post
        planned = asking.rows(
            select(shifts).where(of_post, shifts.c.starts < until, shifts.c.ends > since).order_by(shifts.c.starts)
        )
        goes_on = or_(turns.c.until.is_(None), turns.c.until > since)
        there = asking.rows(
            select(turns).where(turns.c.post == query.post, turns.c.since < until, goes_on).order_by(turns.c.since)
        )
        now = asking.rows(
            select(turns)
            .where(turns.c.post == query.post, turns.c.since <= text_of(at))
            .where(or_(turns.c.until.is_(None), turns.c.until > text_of(at)))
            .order_by(turns.c.since)
        )
        gaps = gaps_of(
            [_turn_span(row, at) for row in there],
            self._to_come(planned, asking, at),
            period,
            at,
        )
        return Duty(
            post=query.post,
            at=at,
            now=tuple(_turn(row, asking) for row in now),
            shifts=tuple(_shift(row) for row in planned),
            turns=tuple(_turn(row, asking) for row in there),
            gaps=gaps,
            minutes=period.minutes,
            uncovered=sum(gap.minutes for gap in gaps),
        )

    def _to_come(self, planned: Sequence[RowMapping], asking: Asking, at: datetime) -> list[Span]:
        """What the plan covers from `at` on. A turn is looked up by its shift: it may lie outside the period."""
        standing = [row for row in planned if covers(row)]
        turns = asking.live(self.turns)
        begun = select(turns).where(turns.c.shift.in_([row["shift"] for row in standing]))
        taken = {row["shift"]: _turn_span(row, datetime.max.replace(tzinfo=UTC)) for row in asking.rows(begun)}
        spans = [(_shift_span(row), taken.get(row["shift"])) for row in standing]
        return [shift for shift, turn in spans if is_to_come(shift, turn, at)]

    @answers(ListShifts)
    def list_shifts(self, query: ListShifts, asking: Asking) -> ShiftPage:
        """Filtered, and paged by the position at which they were planned."""
        shifts = asking.live(self.shifts)
        statement = select(shifts).order_by(shifts.c.position.desc()).limit(query.limit + 1)
        for column in ("post", "worker", "state"):
            if (wanted := getattr(query, column)) is not None:
                statement = statement.where(shifts.c[column] == wanted)
        if query.after is not None:
            statement = statement.where(shifts.c.position < query.after)
        shown, more = page(asking.rows(statement), query.limit, _shift)
        return ShiftPage(shifts=shown, next=more)

    @answers(ShowRotaFeed)
    def feed(self, query: ShowRotaFeed, asking: Asking) -> str:
        """Shifts that stand, and those that no longer do, so that calendars drop them."""
        shifts = asking.live(self.shifts)
        since = midnight(query.since) if query.since else datetime.now(UTC) - FEED_REACHES_BACK
        statement = select(shifts).where(shifts.c.stood, shifts.c.ends > text_of(since))
        for column in ("post", "worker"):
            if (wanted := getattr(query, column)) is not None:
                statement = statement.where(shifts.c[column] == wanted)
        rows = asking.rows(statement.order_by(shifts.c.starts, shifts.c.shift))
        return calendar("Duty rota", (_event(row) for row in rows))


def gaps_of(turns: list[Span], planned: list[Span], period: Span, at: datetime) -> tuple[GapShown, ...]:
    """Uncovered minutes of a period: until `at` by those who were there, from then on by what is planned."""
    parts: tuple[tuple[Literal["past", "ahead"], list[Span], Span], ...] = (
        ("past", turns, Span(period.since, min(period.until, at))),
        ("ahead", planned, Span(max(period.since, at), period.until)),
    )
    return tuple(
        GapShown(since=gap.since.astimezone(HERE), until=gap.until.astimezone(HERE), minutes=gap.minutes, kind=kind)
        for kind, cover, within in parts
        if within.since < within.until
        for gap in uncovered(cover, within)
    )


def is_to_come(shift: Span, turn: Span | None, at: datetime) -> bool:
    """Whether a shift that stands covers what follows `at`: somebody is on it, or may still come to it in time."""
    if turn is None or turn.since > at:
        return shift.since + GRACE > at
    return turn.until > at


def covers(shift: RowMapping) -> bool:
    """Whether a shift of the plan can cover what is to come: one on call does not."""
    return (shift["kind"], shift["state"]) == (ShiftKind.DUTY, ShiftState.CONFIRMED)


def _period(query: ShowDuty) -> Span:
    if query.until < query.since:
        raise Invalid(f"A period ends after it begins: {query.until} is before {query.since}.")
    if query.until - query.since >= LONGEST_PERIOD:
        raise Invalid(f"At most {LONGEST_PERIOD.days} days at once: ask for a shorter period.")
    return days(query.since, query.until)


def _turn_span(row: RowMapping, at: datetime) -> Span:
    return Span(instant_of(row["since"]), instant_of(row["until"]) if row["until"] else at)


def _shift_span(row: RowMapping) -> Span:
    return Span(instant_of(row["starts"]), instant_of(row["ends"]))


def _here(text: str | None) -> datetime | None:
    return instant_of(text).astimezone(HERE) if text else None


def _shift(row: RowMapping) -> ShiftShown:
    told = {name: row[name] for name in ShiftShown.model_fields if name not in {"starts", "ends"}}
    return ShiftShown(**told, starts=_here(row["starts"]), ends=_here(row["ends"]))


def _turn(row: RowMapping, asking: Asking) -> TurnShown:
    opened = {name: _here(row[name]) for name in ("since", "until", "handed_over")}
    told = {name: row[name] for name in TurnShown.model_fields} | opened
    return TurnShown(**told | {"summary": asking.reveal(row["summary"])})


def _event(row: RowMapping) -> CalendarEvent:
    on_call = " on call" if row["kind"] == ShiftKind.ON_CALL else ""
    return CalendarEvent(
        id=row["shift"],
        summary=f"{row['post']}{on_call}: {row['worker']}",
        starts=instant_of(row["starts"]),
        ends=instant_of(row["ends"]),
        sequence=row["sequence"],
        changed=instant_of(row["changed"]),
        cancelled=row["state"] == ShiftState.CANCELLED,
    )

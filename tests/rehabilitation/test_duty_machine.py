"""Duty around the clock, whatever is planned, swapped, missed and taken over, in months in which the clock is changed.

A second set of books walks through the period minute by minute, from the events alone. The same machine is then let
loose on a duty with a rule broken on purpose, and has to notice each.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from services.rehabilitation import cover
from services.rehabilitation.cover import MINUTE, Span, days, midnight
from services.rehabilitation.policies import duty as duty_policies
from services.rehabilitation.projections import duty
from services.rehabilitation.projections.duty import gaps_of
from services.rehabilitation.roster import Roster, TakeTime, TimeTaken, roster
from services.rehabilitation.rota import (
    AgreeToSwap,
    AskToSwap,
    CancelShift,
    PlanMonth,
    PlanShift,
    Rota,
    ShiftCancelled,
    ShiftConfirmed,
    ShiftKind,
    ShiftPlanned,
    ShiftReassigned,
    ShiftState,
    rota,
)
from services.rehabilitation.watch import watch
from services.rehabilitation.watch.incidents import IncidentRecorded
from services.rehabilitation.watch.record import IncidentKind, Watch
from services.rehabilitation.watch.turns import (
    FallbackAlerted,
    HandoverAcknowledged,
    LeavePost,
    PostLeft,
    ShiftNotStarted,
    TakenOver,
    TakeOver,
)
from shared.context import AnyDecider
from shared.dates import HERE
from shared.messages import Event
from tests.rehabilitation.desk import Desk

POSTS = ("shelter", "hotline")
WORKERS = ("w-1", "w-2", "w-3")
STARTS = (date(2008, 3, 29), date(2008, 10, 25), date(2008, 12, 30), date(2009, 2, 27), date(2008, 6, 29))
LENGTH = 3  # days looked at: over both changes of the clock, a year's end, and ends of months

posts = st.sampled_from(POSTS)
workers = st.sampled_from(WORKERS)
which = st.integers(0, 200)
kinds = st.sampled_from([ShiftKind.DUTY, ShiftKind.DUTY, ShiftKind.ON_CALL])


class DutyDesk(RuleBasedStateMachine):
    """Plans and works, and keeps the second books."""

    deciders: Sequence[AnyDecider] = (rota, roster, watch)

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(datetime(2008, 1, 1, tzinfo=UTC), self.deciders)
        self.first = STARTS[0]

    @initialize(first=st.sampled_from(STARTS))
    def some_days(self, first: date) -> None:
        self.first = first
        self.desk.now = midnight(first)

    @property
    def shifts(self) -> list[ShiftPlanned]:
        return [event for event in self.desk.events if isinstance(event, ShiftPlanned)]

    def within(self, minutes: int) -> datetime:
        return midnight(self.first) + timedelta(minutes=minutes % (LENGTH * 1440))

    @rule(post=posts, hours=st.sampled_from([(6, 14, 22), (8, 20), (0,), (3, 15)]), people=st.permutations(WORKERS))
    def plan_a_month(self, post: str, hours: tuple[int, ...], people: list[str]) -> None:
        changes = tuple(time(hour, 30) for hour in hours)
        month = {"year": self.first.year, "month": self.first.month}
        self.desk.attempt(PlanMonth(post=post, **month, changes=changes, workers=tuple(people)))

    @rule(
        post=posts,
        worker=workers,
        minute=st.integers(0, LENGTH * 1440),
        length=st.integers(1, 1440),
        kind=st.sampled_from(ShiftKind),
    )
    def plan_a_shift(self, post: str, worker: str, minute: int, length: int, kind: ShiftKind) -> None:
        starts = self.within(minute)
        here = starts.astimezone(HERE)
        ends = starts + timedelta(minutes=length)
        plan = {"post": post, "year": here.year, "month": here.month, "worker": worker, "kind": kind}
        self.desk.attempt(PlanShift(**plan, starts=starts, ends=ends))

    @rule(number=which)
    def cancel(self, number: int) -> None:
        if shift := self.one(number):
            where = {"post": shift.post, "year": shift.year, "month": shift.month, "shift": shift.shift}
            self.desk.attempt(CancelShift(**where))

    @rule(number=which, to=workers)
    def swap(self, number: int, to: str) -> None:
        if shift := self.one(number):
            where = {"post": shift.post, "year": shift.year, "month": shift.month, "shift": shift.shift}
            for worker in WORKERS:
                self.desk.attempt(AskToSwap(**where, to=to), by=worker)
            self.desk.attempt(AgreeToSwap(**where), by=to)

    @rule(number=which, by=workers, after=st.integers(-30, 90), relieved=which)
    def take_over(self, number: int, by: str, after: int, relieved: int) -> None:
        shift = self.one(number)
        if shift is None:
            return
        self.later(shift.starts + timedelta(minutes=after))
        there = [turn for turn in self.open_turns(shift.post) if turn.shift != shift.shift]
        before = there[relieved % len(there)] if there else None
        relieves = {"relieves": before.shift, "relieves_year": before.year} if before else {}
        take = TakeOver(post=shift.post, year=shift.year, shift=shift.shift, occurred=self.desk.now, **relieves)
        self.desk.attempt(take, by=by)

    @rule(post=posts, number=which)
    def leave(self, post: str, number: int) -> None:
        if there := self.open_turns(post):
            turn = there[number % len(there)]
            leave = LeavePost(post=post, year=turn.year, shift=turn.shift, occurred=self.desk.now)
            self.desk.attempt(leave, by=turn.worker)

    @rule(minutes=st.integers(1, 600))
    def time_passes(self, minutes: int) -> None:
        self.later(self.desk.now + timedelta(minutes=minutes))

    @rule()
    def policies_react(self) -> None:
        self.desk.settle()

    def later(self, now: datetime) -> None:
        now = now.astimezone(UTC).replace(second=0, microsecond=0)
        if self.desk.now < now < midnight(self.first + timedelta(days=LENGTH)):
            self.desk.set_clock(now)

    def one(self, number: int) -> ShiftPlanned | None:
        near = [one for one in self.shifts if one.starts < midnight(self.first + timedelta(days=LENGTH))]
        near = [one for one in near if one.ends > midnight(self.first)]
        return near[number % len(near)] if near else None

    def open_turns(self, post: str) -> list[TakenOver]:
        ended = {one.shift for one in self.desk.events if isinstance(one, HandoverAcknowledged | PostLeft)}
        return [
            one
            for one in self.desk.events
            if isinstance(one, TakenOver) and one.post == post and one.shift not in ended
        ]

    def teardown(self) -> None:
        self.desk.settle()
        self.nobody_is_on_two_shifts()
        self.a_shift_is_in_the_plan_of_the_month_in_which_it_starts()
        self.whoever_takes_over_relieves()
        self.who_is_missing_is_missed_once()
        self.every_uncovered_minute_is_found_and_no_other()

    def nobody_is_on_two_shifts(self) -> None:
        standing: dict[str, tuple[str, datetime, datetime]] = {}
        for event in self.desk.events:
            match event:
                case ShiftConfirmed() | ShiftReassigned():
                    standing[event.shift] = (event.worker, event.starts, event.ends)
                case ShiftCancelled():
                    standing.pop(event.shift, None)
                case _:
                    pass
        for one, other in combinations(standing.values(), 2):
            apart = one[2] <= other[1] or other[2] <= one[1]
            assert one[0] != other[0] or apart, "somebody is on two shifts at once"

    def a_shift_is_in_the_plan_of_the_month_in_which_it_starts(self) -> None:
        for shift in self.shifts:
            here = shift.starts.astimezone(HERE)
            assert (here.year, here.month) == (shift.year, shift.month), "in another month's plan"

    def whoever_takes_over_relieves(self) -> None:
        ended = {one.shift: one.occurred for one in self.desk.events if isinstance(one, HandoverAcknowledged)}
        left = {one.shift for one in self.desk.events if isinstance(one, PostLeft)}
        for turn in self.desk.events:
            if isinstance(turn, TakenOver) and turn.relieves and turn.relieves not in left:
                assert turn.relieves in ended, "relieved, and still there"

    def who_is_missing_is_missed_once(self) -> None:
        missed = [one.shift for one in self.desk.events if isinstance(one, ShiftNotStarted)]
        unrelieved = [one.shift for one in self.desk.events if isinstance(one, PostLeft) and one.unrelieved]
        assert len(set(missed)) == len(missed), "missed twice"
        for found, kind in ((missed, IncidentKind.NOT_STARTED), (unrelieved, IncidentKind.LEFT_UNRELIEVED)):
            incidents = [one for one in self.desk.events if isinstance(one, IncidentRecorded) and one.kind is kind]
            assert sorted(one.shift or "" for one in incidents) == sorted(found), "an incident too many, or too few"
        alerts = [one.shift for one in self.desk.events if isinstance(one, FallbackAlerted)]
        assert sorted(alerts) == sorted([*missed, *unrelieved]), "nobody was alerted"

    def every_uncovered_minute_is_found_and_no_other(self) -> None:
        last = self.first + timedelta(days=LENGTH - 1)
        for post in POSTS:
            period = days(self.first, last)
            shown = gaps_of(self.turns(post), self.planned(post), period, self.desk.now)
            gap_minutes = {
                (gap.since.astimezone(UTC) + number * MINUTE) for gap in shown for number in range(gap.minutes)
            }
            assert gap_minutes == set(self.uncovered_minutes(post)), "the two books differ on a minute"

    def turns(self, post: str) -> list[Span]:
        watches = [state for stream, state in self.desk.states.items() if stream.startswith(f"watch-{post}-")]
        return [
            Span(turn.since.astimezone(UTC), (turn.until or self.desk.now).astimezone(UTC))
            for state in watches
            if isinstance(state, Watch)
            for turn in state.turns.values()
        ]

    def planned(self, post: str) -> list[Span]:
        plans = [state for stream, state in self.desk.states.items() if stream.startswith(f"rota-{post}-")]
        return [
            Span(shift.starts.astimezone(UTC), shift.ends.astimezone(UTC))
            for state in plans
            if isinstance(state, Rota)
            for key, shift in state.shifts.items()
            if shift.kind is ShiftKind.DUTY and shift.state is ShiftState.CONFIRMED
            if duty.is_to_come(Span(shift.starts, shift.ends), self.turn(post, key), self.desk.now)
        ]

    def turn(self, post: str, shift: str) -> Span | None:
        for stream, state in self.desk.states.items():
            if stream.startswith(f"watch-{post}-") and isinstance(state, Watch) and (turn := state.turns.get(shift)):
                return Span(turn.since, turn.until or datetime.max.replace(tzinfo=UTC))
        return None

    def uncovered_minutes(self, post: str) -> list[datetime]:
        """The second books: from midnight to midnight here, a minute at a time."""
        at, end = (
            datetime.combine(day, time.min, HERE).astimezone(UTC)
            for day in (self.first, self.first + timedelta(days=LENGTH))
        )
        there, plan = self.told(post)
        found = []
        while at < end:
            spans = there if at < self.desk.now else plan
            if not any(since <= at < until for since, until in spans):
                found.append(at)
            at += timedelta(minutes=1)
        return found

    def told(self, post: str) -> tuple[list[tuple[datetime, datetime]], list[tuple[datetime, datetime]]]:
        there: dict[str, tuple[datetime, datetime]] = {}
        plan: dict[str, tuple[datetime, datetime]] = {}
        over: set[str] = set()
        for event in self.desk.events:
            match event:
                case TakenOver() if event.post == post:
                    there[event.shift] = (event.occurred, self.desk.now)
                case HandoverAcknowledged() | PostLeft() if event.post == post:
                    there[event.shift] = (there[event.shift][0], event.occurred)
                    over.add(event.shift)
                case ShiftConfirmed() if event.post == post and event.kind is ShiftKind.DUTY:
                    plan[event.shift] = (event.starts, event.ends)
                case ShiftCancelled() if event.post == post:
                    plan.pop(event.shift, None)
                case _:
                    pass
        late = {shift for shift, (starts, _) in plan.items() if starts + timedelta(minutes=15) <= self.desk.now}
        nobody = over | (late - there.keys())
        return list(there.values()), [times for shift, times in plan.items() if shift not in nobody]


QUICK = settings(
    max_examples=40, stateful_step_count=25, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def test_every_minute_is_accounted_for_and_nobody_is_in_two_places() -> None:
    run_state_machine_as_test(DutyDesk, settings=QUICK)  # type: ignore[no-untyped-call]


def anybody_is_free(command: Any, state: Roster) -> Sequence[Event]:
    return [TimeTaken(**command.stated())] if isinstance(command, TakeTime) else roster.decide(command, state)


def days_of_1440_minutes(first: date, last: date) -> Span:
    since = midnight(first)
    return Span(since, since + timedelta(days=(last - first).days + 1))


def a_shift_ends_as_planned(state: Watch, event: Any) -> Watch:
    evolved = watch.evolve(state, event)
    if isinstance(event, TakenOver) and (expected := evolved.expected.get(event.shift)):
        ended = replace(evolved.turns[event.shift], until=expected.ends)
        return replace(evolved, turns=evolved.turns.having(event.shift, ended))
    return evolved


def plans_cover_what_is_past(turns: list[Span], planned: list[Span], period: Span, at: datetime) -> Any:
    return duty.gaps_of([*turns, *planned], planned, period, at)


def gaps_before_the_first_alone(spans: list[Span], within: Span) -> Sequence[Span]:
    return cover.uncovered(spans, within)[:1]


def plans_cover_whoever_came(shift: Span, turn: Span | None, at: datetime) -> bool:
    return True


def who_came_covers_what_follows(shift: Span, turn: Span | None, at: datetime) -> bool:
    return turn is not None or at - shift.since < duty.GRACE


Mutate = Callable[[pytest.MonkeyPatch], Sequence[AnyDecider]]
WHOLE = (rota, roster, watch)


def patched(place: Any, name: str, broken: Any) -> Mutate:
    def mutate(monkeypatch: pytest.MonkeyPatch) -> Sequence[AnyDecider]:
        monkeypatch.setattr(place, name, broken)
        return WHOLE

    return mutate


MUTANTS: dict[str, Mutate] = {
    "rosters refuse nothing": lambda _: (rota, replace(roster, decide=anybody_is_free), watch),
    "days have 1,440 minutes": patched(sys.modules[__name__], "days", days_of_1440_minutes),
    "a shift ends as it was planned": lambda _: (rota, roster, replace(watch, evolve=a_shift_ends_as_planned)),
    "plans cover what is past": patched(sys.modules[__name__], "gaps_of", plans_cover_what_is_past),
    "taking over relieves nobody": patched(duty_policies.TakingOverRelieves, "handlers", lambda self: {}),
    "whoever did not come covers what is to come": patched(duty, "is_to_come", plans_cover_whoever_came),
    "whoever left covers what is to come": patched(duty, "is_to_come", who_came_covers_what_follows),
    "a second gap is not looked for": patched(duty, "uncovered", gaps_before_the_first_alone),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_duty_with_a_broken_rule_is_found_out(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(DutyDesk):
        deciders = MUTANTS[mutant](monkeypatch)

    looking = settings(QUICK, max_examples=10_000, derandomize=True, phases=[Phase.generate])
    with pytest.raises(AssertionError, match=r"two shifts|books differ|still there|month"):
        run_state_machine_as_test(Broken, settings=looking)  # type: ignore[no-untyped-call]

"""Rota, roster and watch: every rule of who is planned, who swaps, who is there, and who is missed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid5

import pytest

from services.rehabilitation.roster import FreeTime, TakeTime, TimeFreed, TimeRefused, TimeTaken, roster
from services.rehabilitation.rota import (
    AgreeToSwap,
    AskToSwap,
    CancelShift,
    ConfirmShift,
    DeclineSwap,
    PlanMonth,
    PlanShift,
    RefuseShift,
    ShiftCancelled,
    ShiftConfirmed,
    ShiftKind,
    ShiftPlanned,
    ShiftReassigned,
    ShiftRefused,
    SwapAgreed,
    SwapAsked,
    SwapDeclined,
    SwapRefused,
    rota,
)
from services.rehabilitation.watch import watch
from services.rehabilitation.watch.incidents import (
    CallEmergency,
    EmergencyCallAnswered,
    EmergencyCalled,
    HelpArrived,
    IncidentRecorded,
    RecordCallAnswered,
    RecordHelpArrived,
    RecordIncident,
)
from services.rehabilitation.watch.record import IncidentKind, Severity
from services.rehabilitation.watch.turns import (
    AcknowledgeHandover,
    DropShift,
    ExpectShift,
    FallbackAlerted,
    HandedOver,
    HandOver,
    HandoverAcknowledged,
    LeavePost,
    PostLeft,
    RecordNotStarted,
    ShiftDropped,
    ShiftExpected,
    ShiftNotStarted,
    TakenOver,
    TakeOver,
)
from shared.dates import HERE
from shared.testing import given
from tests.rehabilitation.examples import an_id

SHIFT, NEXT, ON_CALL, INCIDENT, CALL = (an_id(number) for number in range(70, 75))
MONTH = {"post": "shelter", "year": 2008, "month": 10}
YEAR = {"post": "shelter", "year": 2008}
STARTS = datetime(2008, 10, 3, 19, 0, tzinfo=UTC)  # 22:00 by the clock of the centre
ENDS = STARTS + timedelta(hours=8)
BEFORE, DURING = STARTS - timedelta(days=1), STARTS + timedelta(hours=1)
TIMES = {"starts": STARTS, "ends": ENDS}
MADE_INCIDENT = str(uuid5(UUID(int=1), "incident"))

PLAN = PlanShift(**MONTH, shift=SHIFT, worker="w-1", **TIMES)
PLANNED = ShiftPlanned(**PLAN.stated())
CONFIRMED = ShiftConfirmed(**PLAN.stated())
ASKED = SwapAsked(**MONTH, shift=SHIFT, worker="w-1", to="w-2")
AGREED = SwapAgreed(**MONTH, shift=SHIFT, to="w-2", **TIMES)


def test_a_shift_is_planned_in_the_month_in_which_it_starts_here() -> None:
    given(rota).when(PLAN).then(PLANNED)
    given(rota, PLANNED).when(PLAN).refused("id-taken")
    over_the_end = {
        "starts": datetime(2008, 10, 31, 21, 0, tzinfo=UTC),
        "ends": datetime(2008, 11, 1, 4, 0, tzinfo=UTC),
    }
    given(rota).when(PLAN.model_copy(update=over_the_end)).then(PLANNED.model_copy(update=over_the_end))
    november_here = {
        "starts": datetime(2008, 10, 31, 22, 0, tzinfo=UTC),
        "ends": datetime(2008, 11, 1, 4, 0, tzinfo=UTC),
    }
    given(rota).when(PLAN.model_copy(update=november_here)).refused("month-of-its-start")


def test_a_shift_ends_after_it_starts_within_a_day_by_the_clock_on_the_wall() -> None:
    given(rota).when(PLAN.model_copy(update={"ends": STARTS})).refused("length-of-a-shift")
    given(rota).when(PLAN.model_copy(update={"ends": STARTS + timedelta(hours=25)})).refused("length-of-a-shift")
    when_put_back = {"starts": datetime(2008, 10, 25, 9, tzinfo=UTC), "ends": datetime(2008, 10, 26, 10, tzinfo=UTC)}
    given(rota).when(PLAN.model_copy(update=when_put_back)).then(PLANNED.model_copy(update=when_put_back))
    weekend = {"kind": ShiftKind.ON_CALL, "ends": STARTS + timedelta(hours=60)}
    given(rota).when(PLAN.model_copy(update=weekend)).then(PLANNED.model_copy(update=weekend))


def test_nobody_is_on_two_shifts_of_one_plan() -> None:
    again = PLAN.model_copy(update={"shift": NEXT, "ends": ENDS + timedelta(hours=1)})
    given(rota, PLANNED).when(again).refused("one-person-one-shift")
    given(rota, PLANNED).when(again.model_copy(update={"worker": "w-2"})).then(
        PLANNED.model_copy(update={"shift": NEXT, "worker": "w-2", "ends": ENDS + timedelta(hours=1)})
    )
    following = again.model_copy(update={"starts": ENDS, "ends": ENDS + timedelta(hours=8)})
    given(rota, PLANNED).when(following).then(ShiftPlanned(**following.stated()))
    gone = ShiftCancelled(**MONTH, shift=SHIFT, workers=("w-1",), ends=ENDS)
    given(rota, PLANNED, gone).when(again).then(ShiftPlanned(**again.stated()))


@pytest.mark.parametrize(("month", "hours"), [(3, 31 * 24 - 1), (10, 31 * 24 + 1), (2, 29 * 24)])
def test_a_month_is_planned_around_the_clock_also_when_it_is_changed(month: int, hours: int) -> None:
    plan = PlanMonth(post="shelter", year=2008, month=month, changes=(time(22), time(6)), workers=("w-1", "w-2", "w-3"))
    shifts = given(rota).when(plan).events
    assert shifts[0].starts.astimezone(HERE).time() == time(6)
    assert all(one.ends == other.starts for one, other in pairwise(shifts))
    assert shifts[-1].ends - shifts[0].starts == timedelta(hours=hours)
    assert [one.worker for one in shifts[:4]] == ["w-1", "w-2", "w-3", "w-1"]
    assert len({one.shift for one in shifts}) == len(shifts)
    given(rota, *shifts).when(plan).refused("one-person-one-shift")


def test_a_shift_stands_or_not_as_the_roster_says_once() -> None:
    confirm, refuse = (kind(**MONTH, shift=SHIFT, worker="w-1") for kind in (ConfirmShift, RefuseShift))
    refused = ShiftRefused(**MONTH, shift=SHIFT, worker="w-1")
    given(rota, PLANNED).when(confirm).then(CONFIRMED)
    given(rota, PLANNED).when(refuse).then(refused)
    given(rota, PLANNED, CONFIRMED).when(confirm).then()
    given(rota, PLANNED, refused).when(refuse).then()
    given(rota, PLANNED).when(confirm.model_copy(update={"worker": "w-2"})).then()
    given(rota).when(confirm).refused("no-such-shift")


def test_a_shift_is_cancelled_and_everybody_it_had_asked_is_named() -> None:
    cancel = CancelShift(**MONTH, shift=SHIFT)
    gone = ShiftCancelled(**MONTH, shift=SHIFT, workers=("w-1",), ends=ENDS)
    given(rota, PLANNED).when(cancel).then(gone)
    given(rota, PLANNED, gone).when(cancel).then()
    given(rota, PLANNED, CONFIRMED, ASKED, AGREED).when(cancel).then(
        gone.model_copy(update={"workers": ("w-1", "w-2")})
    )


def test_a_shift_is_offered_by_whom_it_is_to_one_colleague_before_it_starts() -> None:
    ask = AskToSwap(**MONTH, shift=SHIFT, to="w-2")
    given(rota, PLANNED, CONFIRMED).when(ask, by="w-1", now=BEFORE).then(ASKED)
    given(rota, PLANNED, CONFIRMED, ASKED).when(ask, by="w-1", now=BEFORE).then()
    given(rota, PLANNED, CONFIRMED).when(ask, by="w-9", now=BEFORE).refused("own-shift")
    given(rota, PLANNED, CONFIRMED).when(ask.model_copy(update={"to": "w-1"}), by="w-1", now=BEFORE).refused(
        "two-people"
    )
    given(rota, PLANNED, CONFIRMED, ASKED).when(ask.model_copy(update={"to": "w-3"}), by="w-1", now=BEFORE).refused(
        "one-swap-at-a-time"
    )
    given(rota, PLANNED).when(ask, by="w-1", now=BEFORE).refused("shift-lies-ahead")
    given(rota, PLANNED, CONFIRMED).when(ask, by="w-1", now=DURING).refused("shift-lies-ahead")


def test_a_swap_is_agreed_to_by_who_was_asked_and_holds_once_they_are_free() -> None:
    agree = AgreeToSwap(**MONTH, shift=SHIFT)
    given(rota, PLANNED, CONFIRMED, ASKED).when(agree, by="w-2", now=BEFORE).then(AGREED)
    given(rota, PLANNED, CONFIRMED, ASKED, AGREED).when(agree, by="w-2", now=BEFORE).then()
    given(rota, PLANNED, CONFIRMED, ASKED).when(agree, by="w-1", now=BEFORE).refused("asked-to-swap")
    given(rota, PLANNED, CONFIRMED).when(agree, by="w-2", now=BEFORE).refused("asked-to-swap")
    confirm, refuse = (kind(**MONTH, shift=SHIFT, worker="w-2") for kind in (ConfirmShift, RefuseShift))
    reassigned = ShiftReassigned(**PLAN.stated() | {"worker": "w-2"}, previous="w-1")
    given(rota, PLANNED, CONFIRMED, ASKED, AGREED).when(confirm).then(reassigned)
    not_free = SwapRefused(**MONTH, shift=SHIFT, to="w-2")
    given(rota, PLANNED, CONFIRMED, ASKED, AGREED).when(refuse).then(not_free)
    given(rota, PLANNED, CONFIRMED, ASKED, AGREED, not_free).when(confirm).then()
    given(rota, PLANNED, CONFIRMED, ASKED, AGREED, reassigned).when(agree, by="w-1", now=BEFORE).refused(
        "asked-to-swap"
    )


def test_a_swap_is_declined_before_it_is_agreed_to() -> None:
    decline = DeclineSwap(**MONTH, shift=SHIFT)
    given(rota, PLANNED, CONFIRMED, ASKED).when(decline, by="w-2").then(SwapDeclined(**MONTH, shift=SHIFT, to="w-2"))
    given(rota, PLANNED, CONFIRMED, ASKED).when(decline, by="w-3").refused("asked-to-swap")
    given(rota, PLANNED, CONFIRMED, ASKED, AGREED).when(decline, by="w-2").refused("swap-is-agreed")


TAKE_TIME = TakeTime(worker="w-1", shift=SHIFT, **MONTH, **TIMES)
TIME_TAKEN = TimeTaken(**TAKE_TIME.stated())
FREE_TIME = FreeTime(worker="w-1", shift=SHIFT)
TIME_FREED = TimeFreed(**FREE_TIME.stated())


def test_a_worker_is_on_one_shift_at_a_time_at_whichever_post_in_whichever_month() -> None:
    given(roster).when(TAKE_TIME).then(TIME_TAKEN)
    given(roster, TIME_TAKEN).when(TAKE_TIME).then()
    elsewhere = {"shift": NEXT, "post": "hotline", "month": 11}
    given(roster, TIME_TAKEN).when(TAKE_TIME.model_copy(update=elsewhere)).then(
        TimeRefused(worker="w-1", shift=NEXT, post="hotline", year=2008, month=11)
    )
    after = TAKE_TIME.model_copy(update=elsewhere | {"starts": ENDS, "ends": ENDS + timedelta(hours=8)})
    given(roster, TIME_TAKEN).when(after).then(TimeTaken(**after.stated()))


def test_time_that_is_given_back_can_be_taken_again() -> None:
    given(roster, TIME_TAKEN).when(FREE_TIME).then(TIME_FREED)
    given(roster).when(FREE_TIME).then()
    given(roster, TIME_TAKEN, TIME_FREED).when(TAKE_TIME).then(TIME_TAKEN)


EXPECT = ExpectShift(**YEAR, shift=SHIFT, kind=ShiftKind.DUTY, worker="w-1", **TIMES)
EXPECTED = ShiftExpected(**EXPECT.stated())
EXPECTED_NEXT = EXPECTED.model_copy(
    update={"shift": NEXT, "worker": "w-2", "starts": ENDS, "ends": ENDS + timedelta(hours=8)}
)
CALLABLE = ShiftExpected(
    **YEAR, shift=ON_CALL, kind=ShiftKind.ON_CALL, worker="w-3", starts=BEFORE, ends=ENDS + timedelta(days=1)
)
TAKE = TakeOver(**YEAR, shift=SHIFT, occurred=STARTS)
TAKEN = TakenOver(**YEAR, shift=SHIFT, worker="w-1", occurred=STARTS)
TAKEN_NEXT = TakenOver(**YEAR, shift=NEXT, worker="w-2", relieves=SHIFT, relieves_year=2008, occurred=ENDS)
RELIEVED = HandoverAcknowledged(**YEAR, shift=SHIFT, by_shift=NEXT, occurred=ENDS)


def test_a_shift_is_expected_until_it_is_dropped() -> None:
    given(watch).when(EXPECT).then(EXPECTED)
    given(watch, EXPECTED).when(EXPECT).then()
    other = EXPECT.model_copy(update={"worker": "w-2"})
    given(watch, EXPECTED).when(other).then(EXPECTED.model_copy(update={"worker": "w-2"}))
    drop = DropShift(**YEAR, shift=SHIFT)
    given(watch, EXPECTED).when(drop).then(ShiftDropped(**YEAR, shift=SHIFT))
    given(watch).when(drop).then()


def test_a_shift_of_the_plan_is_taken_over_at_its_time() -> None:
    given(watch, EXPECTED).when(TAKE, by="w-1", now=DURING).then(TAKEN)
    given(watch, EXPECTED, TAKEN).when(TAKE, by="w-1", now=DURING).then()
    given(watch).when(TAKE, by="w-1", now=DURING).refused("no-such-shift")
    given(watch, EXPECTED, ShiftDropped(**YEAR, shift=SHIFT)).when(TAKE, by="w-1", now=DURING).refused("no-such-shift")
    given(watch, CALLABLE).when(TAKE.model_copy(update={"shift": ON_CALL}), now=DURING).refused("no-such-shift")
    given(watch, EXPECTED, TAKEN).when(TAKE, by="w-2", now=DURING).refused("one-turn")
    given(watch, EXPECTED).when(TAKE, now=BEFORE).refused("not-in-the-future")
    for occurred in (STARTS - timedelta(hours=3), ENDS):
        given(watch, EXPECTED).when(TAKE.model_copy(update={"occurred": occurred}), now=ENDS).refused("at-its-time")
    given(watch, EXPECTED).when(TAKE.model_copy(update={"relieves": SHIFT}), now=DURING).refused("relieves-another")


def test_nobody_is_relieved_who_never_took_over_as_far_as_this_watch_knows() -> None:
    relieving = TAKE.model_copy(update={"relieves": NEXT})
    given(watch, EXPECTED).when(relieving, by="w-1", now=DURING).refused("no-such-turn")
    last_year = relieving.model_copy(update={"relieves_year": YEAR["year"] - 1})
    assert given(watch, EXPECTED).when(last_year, by="w-1", now=DURING).events


def test_who_comes_instead_of_another_is_named_beside_them() -> None:
    instead = TAKEN.model_copy(update={"worker": "w-3", "instead_of": "w-1"})
    given(watch, EXPECTED).when(TAKE, by="w-3", now=DURING).then(instead)


def test_a_shift_that_is_handed_over_stays_open_until_somebody_has_taken_over() -> None:
    hand = HandOver(**YEAR, shift=SHIFT, summary="All quiet.", occurred=DURING)
    handed = HandedOver(**hand.stated(), worker="w-1")
    given(watch, EXPECTED, TAKEN).when(hand, now=DURING).then(handed)
    state = given(watch, EXPECTED, TAKEN, handed).state()
    assert state.open == {SHIFT}
    acknowledge = AcknowledgeHandover(**YEAR, shift=SHIFT, by_shift=NEXT, occurred=ENDS)
    given(watch, EXPECTED, TAKEN, handed).when(acknowledge, now=ENDS).then(RELIEVED)
    given(watch, EXPECTED, TAKEN, RELIEVED).when(acknowledge, now=ENDS).then()
    given(watch, EXPECTED).when(acknowledge, now=ENDS).refused("no-such-turn")
    early = acknowledge.model_copy(update={"occurred": STARTS - timedelta(minutes=1)})
    given(watch, EXPECTED, TAKEN).when(early, now=ENDS).refused("in-order")
    for events in ((EXPECTED,), (EXPECTED, TAKEN, RELIEVED)):
        given(watch, *events).when(hand, now=DURING).refused("no-such-turn")
    given(watch, EXPECTED, TAKEN).when(hand.model_copy(update={"occurred": BEFORE}), now=DURING).refused("in-order")


def alarm(kind: IncidentKind, at: datetime, fallback: str | None) -> tuple[Any, ...]:
    return (
        IncidentRecorded(
            **YEAR,
            incident=MADE_INCIDENT,
            about=MADE_INCIDENT,
            kind=kind,
            severity=Severity.HIGH,
            shift=SHIFT,
            occurred=at,
        ),
        FallbackAlerted(**YEAR, shift=SHIFT, worker=fallback),
    )


def test_leaving_unrelieved_is_an_incident_and_who_is_on_call_is_alerted() -> None:
    leave = LeavePost(**YEAR, shift=SHIFT, occurred=DURING)
    left = PostLeft(**leave.stated(), worker="w-1", unrelieved=True)
    incident = alarm(IncidentKind.LEFT_UNRELIEVED, DURING, "w-3")
    given(watch, EXPECTED, CALLABLE, TAKEN).when(leave, now=DURING).then(left, *incident)
    given(watch, EXPECTED, TAKEN, left).when(leave, now=DURING).refused("no-such-turn")


def test_who_leaves_a_colleague_behind_leaves_nobody_alone() -> None:
    both = (EXPECTED, EXPECTED_NEXT, TAKEN, TAKEN_NEXT)
    leave = LeavePost(**YEAR, shift=SHIFT, occurred=ENDS)
    given(watch, *both).when(leave, now=ENDS).then(PostLeft(**leave.stated(), worker="w-1", unrelieved=False))


def test_who_does_not_come_is_an_incident_once() -> None:
    check = RecordNotStarted(**YEAR, shift=SHIFT)
    missed = ShiftNotStarted(**YEAR, shift=SHIFT, worker="w-1", starts=STARTS)
    incident = alarm(IncidentKind.NOT_STARTED, DURING, "w-3")
    given(watch, EXPECTED, CALLABLE).when(check, now=DURING).then(missed, *incident)
    given(watch, EXPECTED, missed).when(check, now=DURING).then()
    given(watch, EXPECTED, TAKEN).when(check, now=DURING).then()
    given(watch, EXPECTED).when(check, now=BEFORE).then()
    given(watch).when(check, now=DURING).then()


def test_where_nobody_is_on_call_the_alert_says_so() -> None:
    over = CALLABLE.model_copy(update={"ends": STARTS})
    themselves = CALLABLE.model_copy(update={"worker": "w-1"})
    for on_call in (over, themselves):
        outcome = given(watch, EXPECTED, on_call).when(RecordNotStarted(**YEAR, shift=SHIFT), now=DURING)
        assert outcome.events[-1] == FallbackAlerted(**YEAR, shift=SHIFT, worker=None)


def test_who_comes_late_covers_from_then_on() -> None:
    missed = ShiftNotStarted(**YEAR, shift=SHIFT, worker="w-1", starts=STARTS)
    late = TAKE.model_copy(update={"occurred": DURING})
    given(watch, EXPECTED, missed).when(late, by="w-1", now=DURING).then(TAKEN.model_copy(update={"occurred": DURING}))


REPORT = RecordIncident(
    **YEAR, incident=INCIDENT, kind=IncidentKind.THREAT, severity=Severity.HIGH, about=an_id(21), occurred=STARTS
)
REPORTED = IncidentRecorded(**REPORT.stated())
EMERGENCY = CallEmergency(**YEAR, call=CALL, incident=INCIDENT, occurred=STARTS)
CALLED = EmergencyCalled(**EMERGENCY.stated())


def test_an_incident_is_recorded_once_and_not_before_it_happens() -> None:
    given(watch).when(REPORT, now=DURING).then(REPORTED)
    given(watch, REPORTED).when(REPORT, now=DURING).refused("id-taken")
    given(watch).when(REPORT, now=BEFORE).refused("not-in-the-future")


def test_a_call_to_112_is_timed_until_help_is_there() -> None:
    given(watch, REPORTED).when(EMERGENCY, now=DURING).then(CALLED)
    given(watch, REPORTED, CALLED).when(EMERGENCY, now=DURING).refused("id-taken")
    given(watch).when(EMERGENCY, now=DURING).refused("no-such-incident")
    answer = RecordCallAnswered(**YEAR, call=CALL, occurred=STARTS + timedelta(seconds=20))
    answered = EmergencyCallAnswered(**answer.stated())
    given(watch, CALLED).when(answer, now=DURING).then(answered)
    given(watch, CALLED, answered).when(answer, now=DURING).then()
    given(watch).when(answer, now=DURING).refused("no-such-call")
    given(watch, CALLED).when(answer.model_copy(update={"occurred": BEFORE}), now=DURING).refused("in-order")
    arrive = RecordHelpArrived(**YEAR, call=CALL, occurred=STARTS + timedelta(minutes=9))
    arrived = HelpArrived(**arrive.stated())
    given(watch, CALLED).when(arrive, now=DURING).then(arrived)
    given(watch, CALLED, answered, arrived).when(arrive, now=DURING).then()
    given(watch, CALLED, answered).when(arrive.model_copy(update={"occurred": STARTS}), now=DURING).refused("in-order")

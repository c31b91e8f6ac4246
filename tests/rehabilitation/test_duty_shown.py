"""Duty: shifts that cover every minute, who is alerted when nobody comes, calls, and the rota's feed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from services import cases, rehabilitation
from services.rehabilitation.placement.record import Scope
from services.rehabilitation.projections.duty import ListShifts, ShowRotaFeed
from services.rehabilitation.projections.watch_log import ListEmergencyCalls, ListIncidents
from services.rehabilitation.rota import AgreeToSwap, AskToSwap, CancelShift, ShiftKind, ShiftState
from services.rehabilitation.tension.easing import DecideSeparation
from services.rehabilitation.watch.incidents import (
    CallEmergency,
    RecordCallAnswered,
    RecordHelpArrived,
    RecordIncident,
)
from services.rehabilitation.watch.record import IncidentKind, Severity
from services.rehabilitation.watch.turns import HandOver, LeavePost, TakeOver
from shared.errors import Invalid
from shared.projections.engine import read_model_engine
from shared.reacting.runner import PolicyRunner
from tests.rehabilitation.houses import ANNA, BERTA, ORDER
from tests.rehabilitation.working_house import (
    AT,
    CALL,
    DAY,
    FILE,
    INCIDENT,
    MANAGER,
    MANDATE,
    NEW_YEAR,
    NIGHT,
    OFFICER,
    STAND_BY,
    TENSION,
    House,
)
from tests.rehabilitation.working_house import house as house


def test_a_night_over_the_years_end_is_one_shift_and_is_relieved_from_the_next_year(house: House) -> None:
    house.night()
    hand = HandOver(post="shelter", year=2008, shift=NIGHT, summary="All quiet.", occurred=house.now)
    house.send(hand, OFFICER, actor="w-1")
    still = house.duty(house.now)
    told = [(turn.worker, turn.until, turn.handed_over, turn.summary) for turn in still.now]
    assert told == [("w-1", None, house.now, "All quiet.")]
    house.later(house.now + timedelta(minutes=5))
    relieve = TakeOver(post="shelter", year=2009, shift=DAY, relieves=NIGHT, relieves_year=2008, occurred=house.now)
    house.send(relieve, OFFICER, actor="w-2")
    house.settle()
    shown = house.duty(house.now + timedelta(minutes=1))
    assert [turn.worker for turn in shown.now] == ["w-2"]
    assert shown.turns[0].until == house.now
    assert (shown.minutes, shown.uncovered) == (2880, 2880 - 16 * 60)
    assert [(gap.minutes, gap.kind) for gap in shown.gaps] == [(22 * 60, "past"), (10 * 60, "ahead")]
    assert house.parked() == []


def test_only_shifts_that_started_cover(house: House) -> None:
    starts = NEW_YEAR - timedelta(hours=2)
    house.plan(NIGHT, "w-1", starts)
    house.settle()
    ahead, late = house.duty(starts - timedelta(hours=1)), house.duty(starts + timedelta(minutes=10))
    assert (ahead.uncovered, late.uncovered) == (2880 - 480, 2880 - 470)
    assert house.duty(starts + timedelta(minutes=15)).uncovered == 2880, "nobody came, and nobody is to come any more"


def test_whoever_left_covers_nothing_of_what_was_to_come_and_whoever_is_there_does_until_their_end(
    house: House,
) -> None:
    starts = NEW_YEAR - timedelta(hours=2)
    house.plan(NIGHT, "w-1", starts)
    house.later(starts)
    house.send(TakeOver(post="shelter", year=2008, shift=NIGHT, occurred=starts), OFFICER, actor="w-1")
    there, beyond = house.duty(starts + timedelta(hours=3)), house.duty(starts + timedelta(hours=9))
    assert there.uncovered == 2880 - 480
    assert beyond.uncovered == 2880 - 540, "the shift stays open, and is there, until somebody has taken over"
    house.later(starts + timedelta(hours=3))
    leaving = LeavePost(post="shelter", year=2008, shift=NIGHT, occurred=house.now)
    house.send(leaving, OFFICER, actor="w-1")
    left = house.duty(house.now)
    assert [(gap.minutes, gap.kind) for gap in left.gaps] == [(22 * 60, "past"), (23 * 60, "ahead")]


def test_who_does_not_come_is_missed_and_who_is_on_call_is_alerted(house: House) -> None:
    starts = NEW_YEAR + timedelta(hours=1)
    house.plan(STAND_BY, "w-3", NEW_YEAR - timedelta(hours=3), 24, kind=ShiftKind.ON_CALL, year=2008, month=12)
    house.plan(NIGHT, "w-1", starts)
    house.later(starts + timedelta(minutes=14))
    assert house.ask(ListIncidents(), OFFICER).incidents == ()
    house.later(starts + timedelta(minutes=16))
    (incident,) = house.ask(ListIncidents(post="shelter", severity=Severity.HIGH), OFFICER).incidents
    assert (incident.kind, incident.shift) == (IncidentKind.NOT_STARTED, NIGHT)
    shift = next(one for one in house.duty(house.now).shifts if one.shift == NIGHT)
    assert (shift.missed, shift.fallback) == (True, "w-3")
    take = TakeOver(post="shelter", year=2009, shift=NIGHT, occurred=house.now)
    house.send(take, OFFICER, actor="w-3")
    assert house.duty(house.now).now[0].instead_of == "w-1"
    house.send(LeavePost(post="shelter", year=2009, shift=NIGHT, occurred=house.now), OFFICER, actor="w-3")
    assert house.duty(house.now).turns[0].unrelieved
    kinds = [one.kind for one in house.ask(ListIncidents(kind=IncidentKind.LEFT_UNRELIEVED), OFFICER).incidents]
    assert kinds == [IncidentKind.LEFT_UNRELIEVED]


def test_nobody_is_on_two_shifts_at_two_posts_in_two_months(house: House) -> None:
    starts = NEW_YEAR - timedelta(hours=2)
    house.plan(NIGHT, "w-1", starts)
    house.plan(DAY, "w-1", NEW_YEAR, post="hotline")
    house.settle()
    (refused,) = house.ask(ListShifts(state=ShiftState.REFUSED), OFFICER).shifts
    assert refused.shift == DAY
    house.send(CancelShift(post="shelter", year=2008, month=12, shift=NIGHT), MANAGER)
    house.settle()
    house.plan(STAND_BY, "w-1", NEW_YEAR, post="hotline")
    house.settle()
    shown = {one.shift: one.state for one in house.ask(ListShifts(worker="w-1"), OFFICER).shifts}
    assert shown == {NIGHT: ShiftState.CANCELLED, DAY: ShiftState.REFUSED, STAND_BY: ShiftState.CONFIRMED}
    first = house.ask(ListShifts(limit=1), OFFICER)
    assert [one.shift for one in house.ask(ListShifts(limit=1, after=first.next), OFFICER).shifts] == [DAY]


def test_a_shift_that_is_swapped_keeps_its_uid_and_its_sequence_grows(house: House) -> None:
    house.plan(NIGHT, "w-1", NEW_YEAR - timedelta(hours=2))
    house.settle()
    feed = ShowRotaFeed(post="shelter", since=date(2008, 1, 1))
    (uid,) = house.feed(feed)
    before = house.feed(feed)[uid]
    where = {"post": "shelter", "year": 2008, "month": 12, "shift": NIGHT}
    house.send(AskToSwap(**where, to="w-2"), OFFICER, actor="w-1")
    assert house.duty(house.now).shifts[0].to == "w-2"
    house.send(AgreeToSwap(**where), OFFICER, actor="w-2")
    house.settle()
    after = house.feed(feed)[uid]
    assert (str(before["summary"]), str(after["summary"])) == ("shelter: w-1", "shelter: w-2")
    assert int(after["sequence"]) > int(before["sequence"])
    assert house.feed(ShowRotaFeed(worker="w-1", since=date(2008, 1, 1))) == {}
    house.send(CancelShift(**where), MANAGER)
    assert str(house.feed(feed)[uid]["status"]) == "CANCELLED"
    assert house.feed(ShowRotaFeed()) == {}


@pytest.mark.parametrize(("first", "minutes"), [(date(2009, 3, 29), 1380), (date(2009, 10, 25), 1500)])
def test_a_day_on_which_the_clock_is_changed_has_its_own_number_of_minutes(
    house: House, first: date, minutes: int
) -> None:
    shown = house.duty(AT, first, first)
    assert (shown.minutes, shown.uncovered, [gap.minutes for gap in shown.gaps]) == (minutes, minutes, [minutes])


def test_a_period_of_duty_is_asked_for_within_bounds(house: House) -> None:
    for since, until in ((date(2008, 2, 1), date(2008, 1, 1)), (date(2008, 1, 1), date(2008, 3, 3))):
        with pytest.raises(Invalid):
            house.duty(AT, since, until)


def test_calls_to_112_are_timed(house: House) -> None:
    watch = {"post": "shelter", "year": 2008}
    at = house.now - timedelta(hours=1)
    report = RecordIncident(
        **watch,
        incident=INCIDENT,
        kind=IncidentKind.THREAT,
        severity=Severity.CRITICAL,
        about=ANNA,
        account="A stranger at the door.",
        occurred=at,
    )
    house.send(report, OFFICER)
    house.send(CallEmergency(**watch, call=CALL, incident=INCIDENT, occurred=at), OFFICER)
    answered = RecordCallAnswered(**watch, call=CALL, occurred=at + timedelta(seconds=12))
    house.send(answered, OFFICER)
    house.send(RecordHelpArrived(**watch, call=CALL, occurred=at + timedelta(minutes=9)), OFFICER)
    (call,) = house.ask(ListEmergencyCalls(post="shelter"), OFFICER).calls
    assert (call.incident, call.answered_after, call.arrived_after) == (INCIDENT, 12, 540)
    (incident,) = house.ask(ListIncidents(), OFFICER).incidents
    assert incident.account == "A stranger at the door."


def test_whatever_is_delivered_again_takes_effect_once(house: House, tmp_path: Path) -> None:
    house.tension()
    decide = DecideSeparation(
        tension=TENSION, order=ORDER, first=ANNA, second=BERTA, scope=Scope.SHELTER, occurred="2008-09-05"
    )
    house.send(decide, MANAGER)
    house.proceedings()
    house.grant(FILE, MANDATE, ANNA)
    house.hearing()
    house.night()
    relieve = TakeOver(post="shelter", year=2009, shift=DAY, relieves=NIGHT, relieves_year=2008, occurred=house.now)
    house.send(relieve, OFFICER, actor="w-2")
    house.settle()
    head = house.store.head()
    policies = [policy for context in (cases.context, rehabilitation.context) for policy in context.policies]
    engine = read_model_engine(tmp_path / "other-books.db")
    again = PolicyRunner(house.store, engine, policies, house._react, clock=lambda: house.now)
    again.catch_up()
    again.fire_due(house.now)
    again.catch_up()
    assert house.store.head() == head
    assert [one for status in again.status() for one in status.parked] == []
    engine.dispose()

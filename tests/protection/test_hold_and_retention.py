"""Holds keep a record; retention lets go what is over."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from services.protection.hold import HoldGround, HoldLifted, HoldPlaced, LiftHold, PlaceHold, hold
from services.protection.retention import (
    SCHEDULE,
    RecordRetention,
    RetentionApplied,
    RetentionRan,
    RunRetention,
    goes_on,
    kept_until,
    retention,
    years_after,
)
from shared.privacy.personal import Retention
from shared.testing import given

KEY = str(UUID(int=1))
GROUND = HoldGround.LEGAL_CLAIMS
place = PlaceHold(hold=KEY, record="case-1", ground=GROUND)
placed = HoldPlaced(hold=KEY, record="case-1", ground=GROUND, placed_by="l-1")


def test_a_hold_names_its_record_and_its_ground() -> None:
    given(hold).when(place, by="l-1").then(placed)
    given(hold, placed).when(place, by="l-1").then()


def test_a_hold_does_not_end_before_it_begins() -> None:
    given(hold).when(place.model_copy(update={"until": date(2001, 1, 1)})).refused("hold-lies-ahead")


def test_a_hold_is_lifted_by_another_person() -> None:
    given(hold, placed).when(LiftHold(hold=KEY), by="l-1").refused("second-person")
    given(hold, placed).when(LiftHold(hold=KEY), by="dpo-1").then(HoldLifted(hold=KEY, record="case-1"))


def test_a_hold_that_is_not_there_is_not_lifted_and_one_that_is_lifted_stays_so() -> None:
    given(hold).when(LiftHold(hold=KEY)).refused("not-found")
    given(hold, placed, HoldLifted(hold=KEY, record="case-1")).when(LiftHold(hold=KEY), by="dpo-1").then()


def test_each_day_runs_once_and_never_backwards() -> None:
    ran = RetentionRan(schedule=SCHEDULE, day=date(2026, 5, 2))
    given(retention).when(RunRetention(day=date(2026, 5, 2))).then(ran)
    given(retention, ran).when(RunRetention(day=date(2026, 5, 2))).then()
    given(retention, ran).when(RunRetention(day=date(2026, 5, 1))).then()


def test_what_went_on_a_day_is_certified_once() -> None:
    applied = RetentionApplied(schedule=SCHEDULE, day=date(2026, 5, 2), destroyed=())
    given(retention).when(RecordRetention(day=date(2026, 5, 2))).then(applied)
    given(retention, applied).when(RecordRetention(day=date(2026, 5, 2))).then()


def test_legal_papers_and_accounts_stay_for_their_minimum_and_nothing_else_does() -> None:
    bound = {Retention.LEGAL, Retention.ACCOUNTS}
    assert {kept_until(keep, date(2008, 2, 29)) for keep in bound} == {date(2018, 3, 1)}
    assert all(kept_until(keep, date(2008, 1, 1)) is None for keep in set(Retention) - bound)


@pytest.mark.parametrize("keep", Retention)
def test_every_class_has_an_end_that_lies_after_its_minimum(keep: Retention) -> None:
    day = date(2008, 10, 2)
    assert goes_on(keep, day) > (kept_until(keep, day) or day)


def test_what_is_in_use_for_ever_never_goes() -> None:
    assert years_after(date.max, 10) == date.max


def test_a_leap_day_has_its_anniversary_on_the_first_of_march() -> None:
    assert years_after(date(2008, 2, 29), 1) == date(2009, 3, 1)
    assert years_after(date(2008, 2, 29), 4) == date(2012, 2, 29)

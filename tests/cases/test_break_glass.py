"""A duty officer opens a case that is not theirs: with a reason, until a time, looked at by another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.cases.break_glass import (
    AT_MOST,
    AccessEnded,
    AccessReviewed,
    AccessReviewMissed,
    BreakGlass,
    EndAccess,
    GlassBroken,
    RecordAccessUnreviewed,
    ReviewAccess,
    break_glass,
)
from shared.testing import NOW, given
from tests.cases.examples import CASE, PERSON, SISTER, an_id

ACCESS = an_id(46)
BROKEN = GlassBroken(
    access=ACCESS,
    case=CASE,
    person=PERSON,
    worker="d-1",
    grounds="She calls.",
    since=NOW,
    until=NOW + timedelta(hours=8),
)
REVIEWED = AccessReviewed(access=ACCESS, case=CASE, person=PERSON, justified=True, grounds="A bed.", reviewed_by="s-1")
ENDED = AccessEnded(access=ACCESS, case=CASE, worker="d-1", at=NOW)
LATER = NOW + timedelta(hours=9)
END = EndAccess(access=ACCESS)
UNREVIEWED = RecordAccessUnreviewed(access=ACCESS)


def breaking(**changes: Any) -> BreakGlass:
    stated = {"access": ACCESS, "case": CASE, "person": PERSON, "grounds": "She calls.", "until": BROKEN.until}
    return BreakGlass.model_validate(stated | changes)


def reviewing(**changes: Any) -> ReviewAccess:
    return ReviewAccess.model_validate(
        {"access": ACCESS, "person": PERSON, "justified": True, "grounds": "A bed."} | changes
    )


def test_glass_is_broken_with_a_reason_and_an_end() -> None:
    given(break_glass).when(breaking(), by="d-1").then(BROKEN)
    given(break_glass, BROKEN).when(breaking(), by="d-1").refused("broken-once")


def test_an_access_ends_within_a_night_and_not_in_the_past() -> None:
    given(break_glass).when(breaking(until=NOW)).refused("access-has-an-end")
    given(break_glass).when(breaking(until=NOW + AT_MOST + timedelta(seconds=1))).refused("access-has-an-end")
    assert given(break_glass).when(breaking(until=NOW + AT_MOST)).events


def test_an_access_is_ended_before_its_time_once() -> None:
    given(break_glass, BROKEN).when(END, by="d-1").then(ENDED)
    given(break_glass, BROKEN, ENDED).when(END, by="d-1").then()
    given(break_glass, BROKEN).when(END, now=LATER).then()


def test_a_second_person_looks_at_an_access_once() -> None:
    given(break_glass, BROKEN).when(reviewing(), by="s-1").then(REVIEWED)
    given(break_glass, BROKEN).when(reviewing(), by="d-1").refused("reviewer-is-not-the-author")
    given(break_glass, BROKEN, REVIEWED).when(reviewing(), by="s-2").refused("reviewed-once")
    given(break_glass, BROKEN).when(reviewing(person=SISTER), by="s-1").refused("about-the-person-of-the-case")


def test_an_access_that_was_not_right_ends_at_once() -> None:
    wrong = REVIEWED.model_copy(update={"justified": False})
    given(break_glass, BROKEN).when(reviewing(justified=False), by="s-1").then(wrong, ENDED)
    given(break_glass, BROKEN, ENDED).when(reviewing(justified=False), by="s-1").then(wrong)
    given(break_glass, BROKEN).when(reviewing(justified=False), by="s-1", now=LATER).then(wrong)


def test_that_nobody_looked_in_time_is_on_record_once() -> None:
    missed = AccessReviewMissed(access=ACCESS, case=CASE)
    given(break_glass, BROKEN).when(UNREVIEWED).then(missed)
    given(break_glass, BROKEN, missed).when(UNREVIEWED).then()
    given(break_glass, BROKEN, REVIEWED).when(UNREVIEWED).then()


def test_an_access_that_nobody_had_is_not_found() -> None:
    for command in (END, reviewing(), UNREVIEWED):
        given(break_glass).when(command).refused("not-found")

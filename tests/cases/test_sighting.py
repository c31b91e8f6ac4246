"""Somebody may have been seen; it stays open until it is verified or dismissed."""

from __future__ import annotations

from typing import Any

from services.cases.sighting import (
    DismissSighting,
    ReportSighting,
    SightingDismissed,
    SightingReported,
    SightingVerified,
    VerifySighting,
    WhyDismissed,
    sighting,
)
from shared.testing import given
from tests.cases.examples import CASE, DAY, PERSON, SIGHTING, SISTER
from tests.cases.missing import DISAPPEARANCE

REPORTED = SightingReported(
    sighting=SIGHTING,
    disappearance=DISAPPEARANCE,
    case=CASE,
    person=PERSON,
    place="Kaunas",
    seen="2008-09",
    occurred=DAY,
)
VERIFIED = SightingVerified(
    sighting=SIGHTING, disappearance=DISAPPEARANCE, case=CASE, person=PERSON, grounds="The camera.", occurred=DAY
)
DISMISSED = SightingDismissed(
    sighting=SIGHTING, disappearance=DISAPPEARANCE, case=CASE, reason=WhyDismissed.SOMEBODY_ELSE, occurred=DAY
)
VERIFY = VerifySighting(sighting=SIGHTING, person=PERSON, grounds="The camera.", occurred=DAY)
DISMISS = DismissSighting(sighting=SIGHTING, reason=WhyDismissed.SOMEBODY_ELSE, occurred=DAY)


def reporting(**changes: Any) -> ReportSighting:
    return ReportSighting.model_validate(REPORTED.model_dump() | changes)


def test_somebody_may_have_been_seen() -> None:
    given(sighting).when(reporting()).then(REPORTED)
    given(sighting, REPORTED).when(reporting()).refused("reported-once")


def test_a_sighting_is_not_of_tomorrow() -> None:
    given(sighting).when(reporting(seen="2008-10-03")).refused("not-in-the-future")
    given(sighting).when(reporting(occurred="2008-10-03")).refused("not-in-the-future")


def test_a_sighting_is_verified_once_for_who_was_seen() -> None:
    given(sighting, REPORTED).when(VERIFY).then(VERIFIED)
    given(sighting, REPORTED, VERIFIED).when(VERIFY).then()
    given(sighting, REPORTED).when(VERIFY.model_copy(update={"person": SISTER})).refused("about-the-person-seen")


def test_a_sighting_is_dismissed_once_with_a_reason() -> None:
    given(sighting, REPORTED).when(DISMISS).then(DISMISSED)
    given(sighting, REPORTED, DISMISSED).when(DISMISS).then()


def test_a_sighting_is_answered_in_one_way() -> None:
    given(sighting, REPORTED, VERIFIED).when(DISMISS).refused("answered-once")
    given(sighting, REPORTED, DISMISSED).when(VERIFY).refused("answered-once")


def test_a_sighting_that_nobody_reported_is_not_found() -> None:
    given(sighting).when(VERIFY).refused("not-found")
    given(sighting).when(DISMISS).refused("not-found")

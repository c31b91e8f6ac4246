"""A case comes in, and belongs to one worker at a time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.cases.case import case
from services.cases.case.closing import CaseClosed
from services.cases.case.intake import (
    NO_116_000_BEFORE,
    AssignCase,
    CaseAssigned,
    CaseHandedOver,
    CaseOpened,
    Channel,
    CorrectOpening,
    HandOverCase,
    OpenCase,
    OpeningCorrected,
)
from services.cases.case.record import CaseKind, Outcome
from shared.testing import given
from tests.cases.examples import CASE, DAY, PARTNER, PERSON, assigned, opened


def opening(**changes: object) -> OpenCase:
    stated = {"case": CASE, "kind": CaseKind.TRAFFICKING, "channel": Channel.WALK_IN, "person": PERSON, "occurred": DAY}
    return OpenCase.model_validate(stated | changes)


def test_a_case_is_opened_about_a_person() -> None:
    given(case).when(opening(account="Came alone.")).then(
        CaseOpened(
            case=CASE,
            kind=CaseKind.TRAFFICKING,
            channel=Channel.WALK_IN,
            person=PERSON,
            account="Came alone.",
            occurred=DAY,
        )
    )


@pytest.mark.parametrize("channel", [channel for channel in Channel if channel is not Channel.HOTLINE_116_000])
def test_a_case_may_come_in_by_any_channel_that_there_was(channel: Channel) -> None:
    outcome = given(case).when(opening(channel=channel))
    assert [type(event) for event in outcome.events] == [CaseOpened]


def test_a_case_is_opened_once() -> None:
    given(case, opened()).when(opening()).refused("case-is-opened-once")


def test_a_case_is_not_opened_in_the_future() -> None:
    given(case).when(opening(occurred="2008-10-03")).refused("not-in-the-future")


def test_just_after_midnight_at_the_centre_it_is_today_there_though_not_yet_in_greenwich() -> None:
    late = datetime(2008, 10, 2, 22, 30, tzinfo=UTC)
    outcome = given(case).when(opening(occurred="2008-10-03"), now=late)
    assert [type(event) for event in outcome.events] == [CaseOpened]


@pytest.mark.parametrize("occurred", ["2004-05-03", "2008-09-01", "2006", "2004-21"])
def test_no_case_came_in_by_116_000_before_that_line_existed(occurred: str) -> None:
    given(case).when(opening(channel=Channel.HOTLINE_116_000, occurred=occurred)).refused("hotline-not-yet-open")


def test_a_case_may_come_in_by_116_000_once_the_line_can_have_existed() -> None:
    later = datetime(2012, 1, 1, tzinfo=UTC)
    first_day = opening(channel=Channel.HOTLINE_116_000, occurred=NO_116_000_BEFORE.isoformat())
    day_before = opening(channel=Channel.HOTLINE_116_000, occurred="2010-05-25")
    assert len(given(case).when(first_day, now=later).events) == 1
    given(case).when(day_before, now=later).refused("hotline-not-yet-open")


def test_a_case_that_came_through_an_organisation_names_it() -> None:
    outcome = given(case).when(opening(channel=Channel.PARTNER, partner=PARTNER))
    assert [event.partner for event in outcome.events] == [PARTNER]  # type: ignore[attr-defined]


def test_no_organisation_is_named_where_none_had_a_part() -> None:
    given(case).when(opening(partner=PARTNER)).refused("partner-without-part")


def test_what_was_recorded_wrongly_at_intake_is_corrected() -> None:
    correction = CorrectOpening(case=CASE, kind=CaseKind.FAMILY_SUPPORT, channel=Channel.POLICE, occurred="2008-08-30")
    given(case, opened()).when(correction).then(
        OpeningCorrected(case=CASE, kind=CaseKind.FAMILY_SUPPORT, channel=Channel.POLICE, occurred="2008-08-30")
    )


def test_a_correction_cannot_put_116_000_before_its_time_either() -> None:
    correction = CorrectOpening(
        case=CASE, kind=CaseKind.TRAFFICKING, channel=Channel.HOTLINE_116_000, occurred="2008-08-30"
    )
    given(case, opened()).when(correction).refused("hotline-not-yet-open")


def test_a_case_that_was_never_opened_is_not_found() -> None:
    given(case).when(AssignCase(case=CASE, worker="w-1", occurred=DAY)).refused("not-found")


def test_a_case_gets_its_responsible_worker() -> None:
    given(case, opened()).when(AssignCase(case=CASE, worker="w-2", occurred=DAY)).then(
        CaseAssigned(case=CASE, worker="w-2", occurred=DAY)
    )


def test_assigning_a_case_to_whom_it_belongs_changes_nothing() -> None:
    given(case, opened(), assigned("w-2")).when(AssignCase(case=CASE, worker="w-2", occurred=DAY)).then()


def test_a_case_has_one_responsible_worker_at_a_time() -> None:
    given(case, opened(), assigned("w-1")).when(AssignCase(case=CASE, worker="w-2", occurred=DAY)).refused(
        "one-responsible-worker"
    )


def test_the_responsible_worker_hands_a_case_over() -> None:
    given(case, opened(), assigned("w-1")).when(HandOverCase(case=CASE, giver="w-1", worker="w-2", occurred=DAY)).then(
        CaseHandedOver(case=CASE, giver="w-1", worker="w-2", occurred=DAY)
    )


def test_nobody_hands_over_a_case_that_is_another_s() -> None:
    handover = HandOverCase(case=CASE, giver="w-3", worker="w-2", occurred=DAY)
    given(case, opened(), assigned("w-1")).when(handover).refused("handed-over-by-the-responsible")
    given(case, opened()).when(handover).refused("handed-over-by-the-responsible")


def test_handing_over_to_oneself_changes_nothing() -> None:
    given(case, opened(), assigned("w-1")).when(HandOverCase(case=CASE, giver="w-1", worker="w-1", occurred=DAY)).then()


def test_a_closed_case_is_not_assigned() -> None:
    closed = CaseClosed(case=CASE, outcome=Outcome.NEEDS_MET, asked_by="w-1", approved_by="w-2", occurred=DAY)
    given(case, opened(), closed).when(AssignCase(case=CASE, worker="w-1", occurred=DAY)).refused("case-is-closed")

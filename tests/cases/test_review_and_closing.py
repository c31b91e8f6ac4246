"""A case is looked at again in time, and closed by two people who know what is still open."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.cases.case import case
from services.cases.case.closing import (
    OUTCOMES,
    ApproveClosing,
    AskToClose,
    CaseClosed,
    CaseReopened,
    ClosingRefused,
    ClosingWithdrawn,
    KeepOpenItem,
    OpenItemKept,
    OpenItemKind,
    OpenItemSettled,
    RefuseClosing,
    ReopenCase,
    SettleOpenItem,
    WithdrawClosing,
)
from services.cases.case.record import CaseKind, Outcome
from services.cases.case.review import HoldReview, RecordReviewMissed, ReviewHeld, ReviewMissed
from shared.testing import given
from tests.cases.examples import (
    CASE,
    DAY,
    PERSON,
    REFERRAL,
    SIGHTING,
    SISTER,
    assessed,
    assigned,
    closing_asked,
    opened,
)

DUE = date(2008, 9, 8)
KEPT = OpenItemKept(case=CASE, item=REFERRAL, kind=OpenItemKind.REFERRAL, occurred=DAY)
CLOSED = CaseClosed(case=CASE, outcome=Outcome.REINTEGRATED, asked_by="w-1", approved_by="w-2", occurred="2008-10-01")
APPROVAL = ApproveClosing(case=CASE, occurred="2008-10-01")


def reviewing(**changes: object) -> HoldReview:
    stated = {"case": CASE, "person": PERSON, "findings": "The plan holds.", "review_due": "2008-10-08"}
    return HoldReview.model_validate(stated | {"occurred": "2008-09-08"} | changes)


def asking(**changes: object) -> AskToClose:
    stated = {"case": CASE, "person": PERSON, "outcome": Outcome.REINTEGRATED, "summary": "Has work."}
    return AskToClose.model_validate(stated | {"occurred": "2008-10-01"} | changes)


def test_a_review_says_when_the_next_one_is_due() -> None:
    given(case, opened(), assessed()).when(reviewing()).then(
        ReviewHeld(
            case=CASE,
            person=PERSON,
            findings="The plan holds.",
            review_due=date(2008, 10, 8),
            occurred="2008-09-08",
        )
    )


@pytest.mark.parametrize("due", ["2008-09-08", "2008-12-10"])
def test_the_next_review_is_later_and_within_three_months(due: str) -> None:
    given(case, opened(), assessed()).when(reviewing(review_due=due)).refused("next-review-in-time")
    assert given(case, opened(), assessed()).when(reviewing(review_due="2008-12-09")).events


def test_there_is_nothing_to_review_before_anything_was_assessed() -> None:
    given(case, opened()).when(reviewing()).refused("nothing-to-review")


def test_a_review_is_not_of_tomorrow() -> None:
    given(case, opened(), assessed()).when(reviewing(occurred="2008-10-03")).refused("not-in-the-future")


def test_a_review_is_about_the_person_of_the_case() -> None:
    given(case, opened(), assessed()).when(reviewing(person=SISTER)).refused("about-the-person-of-the-case")


def test_a_review_that_nobody_held_is_on_record_as_missed() -> None:
    given(case, opened(), assessed(DUE)).when(RecordReviewMissed(case=CASE, due=DUE)).then(
        ReviewMissed(case=CASE, due=DUE)
    )


def test_the_day_of_a_review_has_to_be_over_before_it_is_missed() -> None:
    evening = datetime(2008, 9, 8, 20, 0, tzinfo=UTC)
    midnight = datetime(2008, 9, 8, 21, 0, tzinfo=UTC)  # in Vilnius
    missed = RecordReviewMissed(case=CASE, due=DUE)
    given(case, opened(), assessed(DUE)).when(missed, now=evening).then()
    given(case, opened(), assessed(DUE)).when(missed, now=midnight).then(ReviewMissed(case=CASE, due=DUE))


def test_a_review_is_missed_once() -> None:
    missed = ReviewMissed(case=CASE, due=DUE)
    given(case, opened(), assessed(DUE), missed).when(RecordReviewMissed(case=CASE, due=DUE)).then()


def test_a_review_that_was_held_after_all_is_not_missed() -> None:
    held = ReviewHeld(case=CASE, person=PERSON, findings="Well.", review_due=date(2008, 10, 8), occurred="2008-09-08")
    given(case, opened(), assessed(DUE), held).when(RecordReviewMissed(case=CASE, due=DUE)).then()


def test_the_review_of_a_closed_case_is_not_missed() -> None:
    given(case, opened(), assessed(DUE), CLOSED).when(RecordReviewMissed(case=CASE, due=DUE)).then()


def test_closing_is_asked_for_with_an_outcome() -> None:
    given(case, opened(), assigned()).when(asking()).then(closing_asked())


@pytest.mark.parametrize("kind", CaseKind)
def test_a_case_ends_as_its_kind_can(kind: CaseKind) -> None:
    for outcome in Outcome:
        asked = given(case, opened(kind), assigned()).when(asking(outcome=outcome))
        if outcome in OUTCOMES[kind]:
            assert len(asked.events) == 1
        else:
            asked.refused("outcome-fits-the-case")


def test_a_search_does_not_end_because_somebody_was_referred() -> None:
    given(case, opened(CaseKind.MISSING_PERSON), assigned()).when(asking(outcome=Outcome.REFERRED)).refused(
        "outcome-fits-the-case"
    )


def test_a_case_nobody_is_responsible_for_is_not_closed() -> None:
    given(case, opened()).when(asking()).refused("closing-needs-worker")


def test_a_case_does_not_close_before_it_opens() -> None:
    given(case, opened(), assigned()).when(asking(occurred="2008-08-31")).refused("closes-after-opening")


def test_a_closing_is_asked_for_once_at_a_time() -> None:
    given(case, opened(), assigned(), closing_asked()).when(asking(), by="w-2").refused("closing-asked-once")


def test_what_is_said_at_closing_is_about_the_person_of_the_case() -> None:
    given(case, opened(), assigned()).when(asking(person=SISTER)).refused("about-the-person-of-the-case")


@pytest.mark.parametrize("kind", OpenItemKind)
def test_a_case_with_something_open_does_not_close_unnoticed(kind: OpenItemKind) -> None:
    kept = OpenItemKept(case=CASE, item=SIGHTING, kind=kind, occurred=DAY)
    missing = opened(CaseKind.MISSING_PERSON)
    unaware = asking(outcome=Outcome.RETURNED)
    error = given(case, missing, assigned(), kept).when(unaware).refused("open-items-are-named")
    assert error.facts["open"] == [SIGHTING]
    aware = asking(outcome=Outcome.RETURNED, acknowledged=[SIGHTING])
    assert len(given(case, missing, assigned(), kept).when(aware).events) == 1


def test_what_opens_after_a_closing_was_asked_for_stops_its_approval() -> None:
    given(case, opened(), assigned(), closing_asked(), KEPT).when(APPROVAL, by="w-2").refused("open-items-are-named")


def test_a_second_person_closes_the_case_and_what_is_left_open_is_named() -> None:
    asked = closing_asked(acknowledged=(REFERRAL,))
    given(case, opened(), assigned(), KEPT, asked).when(APPROVAL, by="w-2").then(
        CLOSED.model_copy(update={"left_open": (REFERRAL,)})
    )


def test_the_approver_is_never_the_author() -> None:
    given(case, opened(), assigned(), closing_asked(by="w-1")).when(APPROVAL, by="w-1").refused(
        "approver-is-not-the-author"
    )


def test_nobody_approves_what_nobody_asked_for() -> None:
    given(case, opened(), assigned()).when(APPROVAL, by="w-2").refused("closing-not-asked")


def test_approving_a_closed_case_again_changes_nothing() -> None:
    given(case, opened(), assigned(), closing_asked(), CLOSED).when(APPROVAL, by="w-3").then()


def test_a_second_person_refuses_a_closing_with_grounds() -> None:
    refusal = RefuseClosing(case=CASE, person=PERSON, grounds="The hearing is to come.", occurred=DAY)
    given(case, opened(), assigned(), closing_asked()).when(refusal, by="w-2").then(
        ClosingRefused(case=CASE, person=PERSON, grounds="The hearing is to come.", occurred=DAY)
    )


def test_the_author_does_not_refuse_but_withdraws() -> None:
    refusal = RefuseClosing(case=CASE, person=PERSON, grounds="No.", occurred=DAY)
    withdrawal = WithdrawClosing(case=CASE, occurred=DAY)
    history = (opened(), assigned(), closing_asked(by="w-1"))
    given(case, *history).when(refusal, by="w-1").refused("approver-is-not-the-author")
    given(case, *history).when(withdrawal, by="w-1").then(ClosingWithdrawn(case=CASE, occurred=DAY))
    given(case, *history).when(withdrawal, by="w-2").refused("withdrawn-by-the-author")


def test_grounds_of_a_refusal_are_about_the_person_of_the_case() -> None:
    refusal = RefuseClosing(case=CASE, person=SISTER, grounds="No.", occurred=DAY)
    given(case, opened(), assigned(), closing_asked()).when(refusal, by="w-2").refused("about-the-person-of-the-case")


def test_after_a_refusal_closing_can_be_asked_for_again() -> None:
    refused = ClosingRefused(case=CASE, person=PERSON, grounds="No.", occurred=DAY)
    given(case, opened(), assigned(), closing_asked(), refused).when(APPROVAL, by="w-2").refused("closing-not-asked")
    assert len(given(case, opened(), assigned(), closing_asked(), refused).when(asking()).events) == 1


def test_a_closed_case_is_not_closed_again() -> None:
    given(case, opened(), assigned(), CLOSED).when(asking()).refused("case-is-closed")


def test_a_closed_case_is_reopened_under_a_responsible_worker() -> None:
    reopening = ReopenCase(case=CASE, person=PERSON, worker="w-4", grounds="Threats.", occurred="2008-10-02")
    history = (opened(), assigned(), closing_asked(), CLOSED)
    given(case, *history).when(reopening).then(
        CaseReopened(case=CASE, person=PERSON, worker="w-4", grounds="Threats.", occurred="2008-10-02")
    )
    state = given(
        case, *history, CaseReopened(case=CASE, person=PERSON, worker="w-4", grounds="Threats.", occurred=DAY)
    ).state()
    assert (state.closed, state.worker) == (False, "w-4")


def test_only_a_closed_case_is_reopened() -> None:
    reopening = ReopenCase(case=CASE, person=PERSON, worker="w-4", grounds="Threats.", occurred=DAY)
    given(case, opened()).when(reopening).refused("case-is-not-closed")


def test_a_reopening_is_about_the_person_of_the_case() -> None:
    reopening = ReopenCase(case=CASE, person=SISTER, worker="w-4", grounds="Threats.", occurred=DAY)
    given(case, opened(), CLOSED).when(reopening).refused("about-the-person-of-the-case")


def test_the_case_keeps_what_it_waits_for_once() -> None:
    keep = KeepOpenItem(case=CASE, item=REFERRAL, kind=OpenItemKind.REFERRAL, occurred=DAY)
    given(case, opened()).when(keep).then(KEPT)
    given(case, opened(), KEPT).when(keep).then()


def test_a_closed_case_still_learns_of_a_sighting() -> None:
    keep = KeepOpenItem(case=CASE, item=SIGHTING, kind=OpenItemKind.SIGHTING, occurred=DAY)
    assert len(given(case, opened(), CLOSED).when(keep).events) == 1


def test_the_case_stops_waiting_once_it_is_settled() -> None:
    settle = SettleOpenItem(case=CASE, item=REFERRAL, occurred=DAY)
    settled = OpenItemSettled(case=CASE, item=REFERRAL, occurred=DAY)
    given(case, opened(), KEPT).when(settle).then(settled)
    given(case, opened(), KEPT, settled).when(settle).then()

"""Somebody is referred on with the least that is needed, answered, and looked after if it was without consent."""

from __future__ import annotations

import pytest

from services.cases.referral import referral
from services.cases.referral.answering import (
    AcceptReferral,
    CompleteReferral,
    DeclineReason,
    DeclineReferral,
    ReferralAccepted,
    ReferralCompleted,
    ReferralDeclined,
    ReferralRevoked,
    RevokeReferral,
)
from services.cases.referral.disclosure import (
    DisclosureReviewed,
    DisclosureReviewMissed,
    RecordDisclosureUnreviewed,
    ReviewDisclosure,
    SharingStopped,
    StopReason,
    StopSharing,
)
from services.cases.referral.making import MAY_BE_TOLD, DataItem, LegalBasis, MakeReferral
from services.cases.vocabulary import Ground, RecipientKind, ServiceKind
from shared.testing import given
from tests.cases.examples import CASE, CONSENT, DAY, PERSON, REFERRAL, SISTER, referral_made

EMERGENCY = referral_made(legal_basis=LegalBasis.EMERGENCY, consent=None)
ACCEPTED = ReferralAccepted(referral=REFERRAL, case=CASE, occurred=DAY)
DECLINED = ReferralDeclined(referral=REFERRAL, case=CASE, reason=DeclineReason.NO_PLACE, occurred=DAY)
REVOKED = ReferralRevoked(referral=REFERRAL, case=CASE, to=RecipientKind.REHABILITATION, occurred=DAY)
COMPLETED = ReferralCompleted(referral=REFERRAL, case=CASE, occurred=DAY)
MISSED = DisclosureReviewMissed(referral=REFERRAL, case=CASE)
REVIEWED = DisclosureReviewed(
    referral=REFERRAL, case=CASE, justified=True, person=PERSON, grounds="Danger.", reviewed_by="w-2", occurred=DAY
)

ACCEPT = AcceptReferral(referral=REFERRAL, occurred=DAY)
DECLINE = DeclineReferral(referral=REFERRAL, reason=DeclineReason.NO_PLACE, occurred=DAY)
REVOKE = RevokeReferral(referral=REFERRAL, occurred=DAY)
COMPLETE = CompleteReferral(referral=REFERRAL, occurred=DAY)


def making(**changes: object) -> MakeReferral:
    stated = {
        "referral": REFERRAL,
        "case": CASE,
        "person": PERSON,
        "to": RecipientKind.REHABILITATION,
        "ground": Ground.TRAFFICKING_VICTIM,
        "needs": [ServiceKind.SOCIAL],
        "disclosed": [DataItem.NAME],
        "legal_basis": LegalBasis.CONSENT,
        "consent": CONSENT,
        "until": "2009-09-01",
        "occurred": DAY,
    }
    return MakeReferral.model_validate(stated | changes)


def reviewing(**changes: object) -> ReviewDisclosure:
    stated = {"referral": REFERRAL, "justified": True, "person": PERSON, "grounds": "Danger.", "occurred": DAY}
    return ReviewDisclosure.model_validate(stated | changes)


def test_a_referral_says_what_is_told_on_which_basis_and_until_when() -> None:
    given(referral).when(making()).then(referral_made())


def test_a_referral_is_made_once() -> None:
    given(referral, referral_made()).when(making()).refused("referral-is-made-once")


def test_a_referral_is_not_of_tomorrow() -> None:
    given(referral).when(making(occurred="2008-10-03")).refused("not-in-the-future")


@pytest.mark.parametrize("to", RecipientKind)
def test_a_recipient_is_told_the_least_that_it_needs(to: RecipientKind) -> None:
    for item in DataItem:
        outcome = given(referral).when(making(to=to, disclosed=[item]))
        if item in MAY_BE_TOLD[to]:
            assert len(outcome.events) == 1
        else:
            assert item in str(outcome.refused("least-data"))


def test_the_police_are_not_told_of_somebody_s_health() -> None:
    given(referral).when(making(to=RecipientKind.POLICE, disclosed=[DataItem.HEALTH])).refused("least-data")


def test_a_partner_is_not_told_of_somebody_s_exploitation() -> None:
    given(referral).when(making(to=RecipientKind.PARTNER, disclosed=[DataItem.EXPLOITATION])).refused("least-data")


def test_consent_as_legal_basis_names_the_consent() -> None:
    given(referral).when(making(consent=None)).refused("basis-names-its-consent")


@pytest.mark.parametrize("basis", [basis for basis in LegalBasis if basis is not LegalBasis.CONSENT])
def test_another_legal_basis_names_no_consent(basis: LegalBasis) -> None:
    given(referral).when(making(legal_basis=basis)).refused("basis-names-its-consent")
    assert len(given(referral).when(making(legal_basis=basis, consent=None)).events) == 1


def test_a_referral_ends_after_it_is_made() -> None:
    given(referral).when(making(until=DAY)).refused("referral-ends-later")


def test_a_referral_that_was_never_made_is_not_found() -> None:
    for command in (ACCEPT, DECLINE, REVOKE, COMPLETE, reviewing(), RecordDisclosureUnreviewed(referral=REFERRAL)):
        given(referral).when(command).refused("not-found")


def test_a_referral_is_accepted_and_completed() -> None:
    given(referral, referral_made()).when(ACCEPT).then(ACCEPTED)
    given(referral, referral_made(), ACCEPTED).when(COMPLETE).then(COMPLETED)


def test_a_referral_is_declined_with_a_reason() -> None:
    given(referral, referral_made()).when(DECLINE).then(DECLINED)


def test_a_referral_is_revoked_before_or_after_it_is_accepted() -> None:
    given(referral, referral_made()).when(REVOKE).then(REVOKED)
    given(referral, referral_made(), ACCEPTED).when(REVOKE).then(REVOKED)


def test_it_is_on_record_when_the_person_left_too_early() -> None:
    left = CompleteReferral(referral=REFERRAL, left_early=True, occurred=DAY)
    given(referral, referral_made(), ACCEPTED).when(left).then(COMPLETED.model_copy(update={"left_early": True}))


def test_an_answer_that_comes_again_changes_nothing() -> None:
    given(referral, referral_made(), ACCEPTED).when(ACCEPT).then()
    given(referral, referral_made(), DECLINED).when(DECLINE).then()
    given(referral, referral_made(), REVOKED).when(REVOKE).then()
    given(referral, referral_made(), ACCEPTED, COMPLETED).when(COMPLETE).then()


def test_care_that_went_on_after_a_referral_was_taken_back_comes_to_its_end_without_it() -> None:
    given(referral, referral_made(), ACCEPTED, REVOKED).when(COMPLETE).then()


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ((ACCEPTED,), DECLINE),
        ((DECLINED,), ACCEPT),
        ((REVOKED,), ACCEPT),
        ((DECLINED,), REVOKE),
        ((), COMPLETE),
        ((DECLINED,), COMPLETE),
        ((REVOKED,), COMPLETE),
        ((ACCEPTED, COMPLETED), REVOKE),
    ],
)
def test_a_referral_takes_no_step_that_does_not_follow(history: tuple[ReferralAccepted, ...], command: object) -> None:
    given(referral, referral_made(), *history).when(command).refused("referral-step")  # type: ignore[arg-type]


def test_a_referral_is_not_accepted_after_its_last_day() -> None:
    given(referral, referral_made(until="2008-09-10")).when(
        AcceptReferral(referral=REFERRAL, occurred="2008-09-11")
    ).refused("referral-has-ended")
    last_day = AcceptReferral(referral=REFERRAL, occurred="2008-09-10")
    assert len(given(referral, referral_made(until="2008-09-10")).when(last_day).events) == 1


def test_an_answer_is_not_of_tomorrow() -> None:
    tomorrow = AcceptReferral(referral=REFERRAL, occurred="2008-10-03")
    given(referral, referral_made()).when(tomorrow).refused("not-in-the-future")


def test_a_second_person_reviews_what_was_disclosed_without_consent() -> None:
    given(referral, EMERGENCY).when(reviewing(), by="w-2").then(REVIEWED)


def test_the_reviewer_of_a_disclosure_is_never_its_author() -> None:
    given(referral, EMERGENCY).when(reviewing(), by="w-1").refused("reviewer-is-not-the-author")


def test_what_was_not_justified_stops_at_once() -> None:
    given(referral, EMERGENCY).when(reviewing(justified=False), by="w-2").then(
        REVIEWED.model_copy(update={"justified": False}),
        SharingStopped(referral=REFERRAL, case=CASE, reason=StopReason.NOT_JUSTIFIED, occurred=DAY),
    )


def test_what_rests_on_consent_is_not_reviewed() -> None:
    given(referral, referral_made()).when(reviewing(), by="w-2").refused("only-without-consent")


def test_a_disclosure_is_reviewed_once() -> None:
    given(referral, EMERGENCY, REVIEWED).when(reviewing(), by="w-3").refused("reviewed-once")


def test_a_review_is_about_who_was_referred() -> None:
    given(referral, EMERGENCY).when(reviewing(person=SISTER), by="w-2").refused("about-the-person-referred")


def test_a_review_is_not_of_tomorrow() -> None:
    given(referral, EMERGENCY).when(reviewing(occurred="2008-10-03"), by="w-2").refused("not-in-the-future")


def test_a_disclosure_that_nobody_reviewed_in_time_is_on_record_once() -> None:
    unreviewed = RecordDisclosureUnreviewed(referral=REFERRAL)
    given(referral, EMERGENCY).when(unreviewed).then(MISSED)
    given(referral, EMERGENCY, MISSED).when(unreviewed).then()
    given(referral, EMERGENCY, REVIEWED).when(unreviewed).then()
    given(referral, referral_made()).when(unreviewed).then()


def test_a_disclosure_can_still_be_reviewed_late() -> None:
    given(referral, EMERGENCY, MISSED).when(reviewing(), by="w-2").then(REVIEWED)


def test_when_consent_is_withdrawn_sharing_stops_and_care_goes_on() -> None:
    stop = StopSharing(referral=REFERRAL, reason=StopReason.CONSENT_WITHDRAWN, occurred=DAY)
    stopped = SharingStopped(referral=REFERRAL, case=CASE, reason=StopReason.CONSENT_WITHDRAWN, occurred=DAY)
    given(referral, referral_made(), ACCEPTED).when(stop).then(stopped)
    given(referral, referral_made(), ACCEPTED, stopped).when(stop).then()
    given(referral, referral_made(), ACCEPTED, stopped).when(COMPLETE).then(COMPLETED)

"""What events lead to, over the real log: referrals are answered, reviews fall due, sharing stops without consent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from services import cases, rehabilitation
from services.cases.case.closing import ApproveClosing, AskToClose, CaseClosed
from services.cases.case.record import Outcome
from services.cases.case.review import ReviewHeld
from services.cases.person.consent import ConsentGiven, WithdrawConsent
from services.cases.person.record import Purpose
from services.cases.referral.answering import RevokeReferral
from services.cases.referral.disclosure import DisclosureReviewed, StopReason
from services.cases.referral.making import LegalBasis
from services.cases.vocabulary import RecipientKind
from services.rehabilitation.policies import programme_by
from services.rehabilitation.programme.admission import AdmitToProgramme, RefusalReason, RefuseProgramme
from services.rehabilitation.programme.ending import (
    BeginReintegration,
    CompleteProgramme,
    LeaveProgramme,
    LeavingReason,
)
from shared.messages import Role
from tests.assembled import Assembled
from tests.cases.examples import (
    CASE,
    CONSENT,
    DAY,
    PERSON,
    REFERRAL,
    an_id,
    assessed,
    assigned,
    opened,
    referral_made,
    registered,
)

PROGRAMME = programme_by(REFERRAL)
CONSENTED = ConsentGiven(
    person=PERSON,
    consent=CONSENT,
    purpose=Purpose.SHARING,
    recipient="rehabilitation",
    until=date(2009, 9, 1),
    occurred=DAY,
)
ADMIT = AdmitToProgramme(programme=PROGRAMME, occurred="2008-09-10")
EMERGENCY = referral_made(legal_basis=LegalBasis.EMERGENCY, consent=None)


class Centre(Assembled):
    """Both contexts, with a person who has a case and gave consent."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, [cases.context, rehabilitation.context])
        self.record(f"case-{CASE}", opened(), assigned())
        self.record(f"person-{PERSON}", registered(), CONSENTED)

    def types(self, stream: str) -> list[str]:
        """What happened in a stream, in order."""
        return [event.type.split(".")[1] for event in self.store.read_stream(stream)]

    def referral(self) -> list[str]:
        return self.types(f"referral-{REFERRAL}")

    def case(self) -> list[str]:
        return self.types(f"case-{CASE}")

    def programme(self) -> list[str]:
        return self.types(f"programme-{PROGRAMME}")

    def parked(self) -> list[str | None]:
        """The rules, or error codes, that reactions failed at."""
        return [parked.rule or parked.error for status in self.policies.status() for parked in status.parked]

    def deadlines(self) -> int:
        return sum(status.deadlines for status in self.policies.status())


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    opened_centre = Centre(tmp_path)
    yield opened_centre
    opened_centre.close()


def test_a_referral_to_rehabilitation_requests_a_programme_and_the_admission_comes_back(centre: Centre) -> None:
    centre.record(f"referral-{REFERRAL}", referral_made())
    centre.settle()
    assert centre.programme() == ["ProgrammeRequested"]
    centre.send(ADMIT, Role.CASEWORKER)
    centre.settle()
    assert centre.referral() == ["ReferralMade", "ReferralAccepted"]
    assert centre.parked() == []


def test_a_refusal_comes_back_as_a_referral_declined(centre: Centre) -> None:
    centre.record(f"referral-{REFERRAL}", referral_made())
    centre.settle()
    refusal = RefuseProgramme(programme=PROGRAMME, reason=RefusalReason.NO_PLACE, occurred="2008-09-10")
    centre.send(refusal, Role.SUPERVISOR)
    centre.settle()
    assert centre.referral() == ["ReferralMade", "ReferralDeclined"]


@pytest.mark.parametrize("reason", RefusalReason)
def test_every_reason_to_refuse_has_its_word_in_cases(reason: RefusalReason) -> None:
    assert cases.policies.DECLINED_AS[reason] != cases.policies.DeclineReason.OTHER


def test_the_end_of_a_programme_is_the_end_of_its_referral(centre: Centre) -> None:
    centre.record(f"referral-{REFERRAL}", referral_made())
    centre.settle()
    centre.send(ADMIT, Role.CASEWORKER)
    reintegration = BeginReintegration(programme=PROGRAMME, beneficiary=PERSON, occurred="2008-10")
    centre.send(reintegration, Role.CASEWORKER)
    centre.send(CompleteProgramme(programme=PROGRAMME, occurred="2008-11"), Role.CASEWORKER)
    centre.settle()
    assert centre.referral() == ["ReferralMade", "ReferralAccepted", "ReferralCompleted"]


def test_who_leaves_a_programme_ends_its_referral_too(centre: Centre) -> None:
    centre.record(f"referral-{REFERRAL}", referral_made())
    centre.settle()
    centre.send(ADMIT, Role.CASEWORKER)
    leaving = LeaveProgramme(programme=PROGRAMME, beneficiary=PERSON, reason=LeavingReason.OWN_WISH, occurred="2008-10")
    centre.send(leaving, Role.CASEWORKER)
    centre.settle()
    assert centre.referral()[-1] == "ReferralCompleted"


def test_a_referral_to_anybody_else_requests_no_programme(centre: Centre) -> None:
    for number, to in enumerate((RecipientKind.PARTNER, RecipientKind.POLICE, RecipientKind.DOCTOR)):
        referral = an_id(70 + number)
        made = EMERGENCY.model_copy(update={"referral": referral, "to": to})
        centre.record(f"referral-{referral}", made)
        centre.settle()
        centre.send(RevokeReferral(referral=referral, occurred=DAY), Role.CASEWORKER)
        centre.settle()
        assert centre.types(f"programme-{programme_by(referral)}") == []
    assert centre.parked() == []


def test_a_referral_revoked_in_time_takes_its_request_back(centre: Centre) -> None:
    centre.record(f"referral-{REFERRAL}", referral_made())
    centre.settle()
    centre.send(RevokeReferral(referral=REFERRAL, occurred=DAY), Role.CASEWORKER)
    centre.settle()
    assert centre.programme() == ["ProgrammeRequested", "RequestWithdrawn"]


def test_a_referral_revoked_after_admission_cancels_no_care(centre: Centre) -> None:
    centre.record(f"referral-{REFERRAL}", referral_made())
    centre.settle()
    centre.send(ADMIT, Role.CASEWORKER)
    centre.settle()
    centre.send(RevokeReferral(referral=REFERRAL, occurred="2008-10-01"), Role.CASEWORKER)
    centre.settle()
    assert centre.programme()[:2] == ["ProgrammeRequested", "ProgrammeAdmitted"]
    assert "RequestWithdrawn" not in centre.programme()
    leaving = LeaveProgramme(programme=PROGRAMME, beneficiary=PERSON, reason=LeavingReason.OWN_WISH, occurred="2008-10")
    centre.send(leaving, Role.CASEWORKER)
    centre.settle()
    assert centre.referral() == ["ReferralMade", "ReferralAccepted", "ReferralRevoked", "NothingChanged"]
    assert centre.parked() == []


def test_an_answer_to_a_referral_that_was_taken_back_is_seen_by_a_person(centre: Centre) -> None:
    centre.record(f"referral-{REFERRAL}", referral_made())
    centre.settle()
    centre.send(ADMIT, Role.CASEWORKER)
    centre.send(RevokeReferral(referral=REFERRAL, occurred="2008-09-10"), Role.CASEWORKER)
    centre.settle()
    assert centre.parked() == ["referral-step"]


def test_a_case_keeps_its_open_referrals_until_they_end(centre: Centre) -> None:
    centre.record(f"referral-{REFERRAL}", referral_made())
    centre.settle()
    assert centre.case()[-1] == "OpenItemKept"
    centre.send(ADMIT, Role.CASEWORKER)
    centre.settle()
    assert centre.case()[-1] == "OpenItemKept"
    centre.send(RevokeReferral(referral=REFERRAL, occurred="2008-10-01"), Role.CASEWORKER)
    centre.settle()
    assert centre.case()[-1] == "OpenItemSettled"


def test_a_case_is_not_closed_over_a_referral_that_nobody_named(centre: Centre) -> None:
    centre.record(f"referral-{REFERRAL}", referral_made())
    centre.settle()
    asking = AskToClose(
        case=CASE,
        person=PERSON,
        outcome=Outcome.REFERRED,
        summary="She is with them now.",
        acknowledged=(REFERRAL,),
        occurred="2008-10-01",
    )
    with pytest.raises(Exception, match="not named"):
        centre.send(asking.model_copy(update={"acknowledged": ()}), Role.CASEWORKER)
    centre.send(asking, Role.CASEWORKER, actor="w-1")
    centre.send(ApproveClosing(case=CASE, occurred="2008-10-01"), Role.SUPERVISOR, actor="s-1")
    assert centre.case()[-1] == "CaseClosed"


def test_a_referral_rests_on_its_consent_and_stops_sharing_when_that_is_withdrawn(centre: Centre) -> None:
    centre.record(f"referral-{REFERRAL}", referral_made())
    centre.settle()
    assert centre.types(f"person-{PERSON}")[-1] == "ConsentRestedOn"
    centre.send(ADMIT, Role.CASEWORKER)
    centre.settle()
    withdrawal = WithdrawConsent(person=PERSON, consent=CONSENT, occurred="2008-10-01")
    centre.send(withdrawal, Role.CASEWORKER)
    centre.settle()
    assert centre.referral() == ["ReferralMade", "ReferralAccepted", "SharingStopped"]
    assert "ProgrammeLeft" not in centre.programme()


def test_a_referral_on_a_consent_that_nobody_gave_stops_sharing(centre: Centre) -> None:
    centre.record(f"referral-{REFERRAL}", referral_made(consent=an_id(99)))
    centre.settle()
    stopped = list(centre.store.read_stream(f"referral-{REFERRAL}"))[-1]
    assert stopped.type == "cases.SharingStopped"
    assert StopReason.CONSENT_MISSING in stopped.data.decode()


def test_a_review_that_nobody_held_is_recorded_as_missed_at_midnight(centre: Centre) -> None:
    centre.record(f"case-{CASE}", assessed(date(2008, 12, 5)))
    centre.settle()
    centre.now = centre.now.replace(day=5, hour=21, minute=59)  # in Vilnius, a minute before midnight
    assert centre.policies.fire_due(centre.now) == 0
    centre.now += timedelta(minutes=1)
    assert centre.policies.fire_due(centre.now) == 1
    assert centre.case()[-1] == "ReviewMissed"
    assert centre.policies.fire_due(centre.now) == 0


def test_a_review_that_was_held_moves_the_deadline(centre: Centre) -> None:
    held = ReviewHeld(case=CASE, person=PERSON, findings="Well.", review_due=date(2009, 1, 5), occurred="2008-12-02")
    centre.record(f"case-{CASE}", assessed(date(2008, 12, 5)), held)
    centre.settle()
    centre.now += timedelta(days=10)
    assert centre.policies.fire_due(centre.now) == 0
    centre.now += timedelta(days=30)
    assert centre.policies.fire_due(centre.now) == 1
    assert centre.case()[-1] == "ReviewMissed"


def test_a_closed_case_has_no_review_to_miss(centre: Centre) -> None:
    closed = CaseClosed(case=CASE, outcome=Outcome.NEEDS_MET, asked_by="w-1", approved_by="w-2", occurred=DAY)
    centre.record(f"case-{CASE}", assessed(date(2008, 12, 5)), closed)
    centre.settle()
    assert centre.deadlines() == 0


def test_a_disclosure_without_consent_is_reviewed_within_24_hours_or_recorded_as_not(centre: Centre) -> None:
    centre.record(f"referral-{REFERRAL}", EMERGENCY)
    centre.settle()
    centre.now += timedelta(hours=23, minutes=59)
    assert centre.policies.fire_due(centre.now) == 0
    centre.now += timedelta(minutes=1)
    assert centre.policies.fire_due(centre.now) == 1
    assert centre.referral() == ["ReferralMade", "DisclosureReviewMissed"]


def test_a_disclosure_that_was_reviewed_is_not_missed(centre: Centre) -> None:
    reviewed = DisclosureReviewed(
        referral=REFERRAL, case=CASE, justified=True, person=PERSON, grounds="x", reviewed_by="w-2", occurred=DAY
    )
    centre.record(f"referral-{REFERRAL}", EMERGENCY, reviewed)
    centre.settle()
    assert centre.deadlines() == 0


def test_a_referral_by_consent_sets_no_deadline(centre: Centre) -> None:
    centre.record(f"referral-{REFERRAL}", referral_made())
    centre.settle()
    assert centre.deadlines() == 0

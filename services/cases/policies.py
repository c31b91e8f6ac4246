"""What events make this context do: keep a case's open items, bring answers back, mind deadlines, stop sharing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from services.cases.case.assessment import AssessmentCorrected, RiskAssessed
from services.cases.case.closing import CaseClosed, KeepOpenItem, OpenItemKind, SettleOpenItem
from services.cases.case.plan import PlanAgreed
from services.cases.case.review import RecordReviewMissed, ReviewHeld
from services.cases.person.consent import ConsentFoundMissing, ConsentWithdrawn, RestOnConsent
from services.cases.referral.answering import (
    AcceptReferral,
    CompleteReferral,
    DeclineReason,
    DeclineReferral,
    ReferralCompleted,
    ReferralDeclined,
    ReferralRevoked,
)
from services.cases.referral.disclosure import (
    REVIEW_WITHIN,
    DisclosureReviewed,
    RecordDisclosureUnreviewed,
    StopReason,
    StopSharing,
)
from services.cases.referral.making import LegalBasis, ReferralMade
from services.cases.vocabulary import CaseId
from shared.codec import Recorded
from shared.dates import HERE
from shared.messages import View
from shared.policies import Cancel, Deadline, Policy, Reaction, on


class ProgrammeAdmitted(View, of="rehabilitation.ProgrammeAdmitted"):
    """Rehabilitation takes somebody on."""

    referral: str | None = None
    occurred: str


class ProgrammeRefused(View, of="rehabilitation.ProgrammeRefused"):
    """Rehabilitation does not take somebody on."""

    referral: str | None = None
    reason: str
    occurred: str


class ProgrammeCompleted(View, of="rehabilitation.ProgrammeCompleted"):
    """A programme came to its end."""

    referral: str | None = None
    occurred: str


class ProgrammeLeft(View, of="rehabilitation.ProgrammeLeft"):
    """Somebody left a programme before its end."""

    referral: str | None = None
    occurred: str


DECLINED_AS = {
    "no_place": DeclineReason.NO_PLACE,
    "needs_beyond_us": DeclineReason.NOT_OUR_FIELD,
    "not_safe_here": DeclineReason.NOT_SAFE_HERE,
    "person_declined": DeclineReason.PERSON_DECLINED,
}


class RehabilitationAnswers(Policy):
    """What rehabilitation decides about a programme answers the referral that it was requested by."""

    name = "rehabilitation_answers_referral"

    @on(ProgrammeAdmitted)
    def admitted(self, e: Recorded[ProgrammeAdmitted]) -> Iterable[Reaction]:
        """Admitted: the referral is accepted."""
        if e.event.referral:
            yield AcceptReferral(referral=e.event.referral, occurred=e.event.occurred)

    @on(ProgrammeRefused)
    def refused(self, e: Recorded[ProgrammeRefused]) -> Iterable[Reaction]:
        """Refused: the referral is declined."""
        if e.event.referral:
            reason = DECLINED_AS.get(e.event.reason, DeclineReason.OTHER)
            yield DeclineReferral(referral=e.event.referral, reason=reason, occurred=e.event.occurred)

    @on(ProgrammeCompleted)
    def completed(self, e: Recorded[ProgrammeCompleted]) -> Iterable[Reaction]:
        """Completed: so is the referral."""
        if e.event.referral:
            yield CompleteReferral(referral=e.event.referral, occurred=e.event.occurred)

    @on(ProgrammeLeft)
    def left(self, e: Recorded[ProgrammeLeft]) -> Iterable[Reaction]:
        """Left: the referral has come to its end, too early."""
        if e.event.referral:
            yield CompleteReferral(referral=e.event.referral, left_early=True, occurred=e.event.occurred)


class CaseKeepsOpenReferrals(Policy):
    """A case knows which of its referrals are still open, so that it is not closed over them unnoticed."""

    name = "case_keeps_open_referrals"

    @on(ReferralMade)
    def made(self, e: Recorded[ReferralMade]) -> Iterable[Reaction]:
        """Open from when it is made."""
        made = e.event
        yield KeepOpenItem(case=made.case, item=made.referral, kind=OpenItemKind.REFERRAL, occurred=made.occurred)

    @on(ReferralDeclined, ReferralRevoked, ReferralCompleted)
    def ended(self, e: Recorded[ReferralDeclined | ReferralRevoked | ReferralCompleted]) -> Iterable[Reaction]:
        """Until it has ended. An accepted one is still open."""
        yield SettleOpenItem(case=e.event.case, item=e.event.referral, occurred=e.event.occurred)


class ReviewsAreHeld(Policy):
    """A case whose day of review passes is on record as missed."""

    name = "reviews_are_held"

    @on(RiskAssessed, AssessmentCorrected, PlanAgreed, ReviewHeld)
    def due(self, e: Recorded[RiskAssessed | AssessmentCorrected | PlanAgreed | ReviewHeld]) -> Iterable[Reaction]:
        """The last day named counts; it takes the place of the one before."""
        case, due = e.event.case, e.event.review_due
        yield Deadline(review_key(case), end_of(due), RecordReviewMissed(case=case, due=due))

    @on(CaseClosed)
    def closed(self, e: Recorded[CaseClosed]) -> Iterable[Reaction]:
        """A closed case is not reviewed."""
        yield Cancel(review_key(e.event.case))


class DisclosuresAreReviewed(Policy):
    """A disclosure without consent is reviewed by a second person within 24 hours, or is on record as not."""

    name = "disclosures_are_reviewed"

    @on(ReferralMade)
    def made(self, e: Recorded[ReferralMade]) -> Iterable[Reaction]:
        """The clock runs from when it was recorded: before that, nobody could have looked at it."""
        if e.event.legal_basis is not LegalBasis.CONSENT:
            referral = e.event.referral
            due = e.recorded_at + REVIEW_WITHIN
            yield Deadline(disclosure_key(referral), due, RecordDisclosureUnreviewed(referral=referral))

    @on(DisclosureReviewed)
    def reviewed(self, e: Recorded[DisclosureReviewed]) -> Iterable[Reaction]:
        """Done."""
        yield Cancel(disclosure_key(e.event.referral))


class SharingNeedsConsent(Policy):
    """What is shared by consent rests on one that is there, and stops when it is withdrawn."""

    name = "sharing_needs_consent"

    @on(ReferralMade)
    def made(self, e: Recorded[ReferralMade]) -> Iterable[Reaction]:
        """The person's own stream says whether the consent was there, and remembers what rests on it."""
        made = e.event
        if made.consent:
            yield RestOnConsent(
                person=made.person,
                consent=made.consent,
                referral=made.referral,
                to=made.to,
                recipient=made.recipient,
                occurred=made.occurred,
            )

    @on(ConsentWithdrawn)
    def withdrawn(self, e: Recorded[ConsentWithdrawn]) -> Iterable[Reaction]:
        """Every referral that rested on it stops sharing; none of them is revoked, for care goes on."""
        for referral in e.event.referrals:
            yield StopSharing(referral=referral, reason=StopReason.CONSENT_WITHDRAWN, occurred=e.event.occurred)

    @on(ConsentFoundMissing)
    def missing(self, e: Recorded[ConsentFoundMissing]) -> Iterable[Reaction]:
        """There was no consent to rest on."""
        yield StopSharing(referral=e.event.referral, reason=StopReason.CONSENT_MISSING, occurred=e.event.occurred)


def review_key(case: CaseId) -> str:
    """One review is due at a time."""
    return f"case-review-{case}"


def disclosure_key(referral: str) -> str:
    """One review a disclosure."""
    return f"disclosure-review-{referral}"


def end_of(day: date) -> datetime:
    """Midnight at the centre after `day`."""
    return datetime.combine(day + timedelta(days=1), time.min, HERE)


policies = (
    RehabilitationAnswers(),
    CaseKeepsOpenReferrals(),
    ReviewsAreHeld(),
    DisclosuresAreReviewed(),
    SharingNeedsConsent(),
)

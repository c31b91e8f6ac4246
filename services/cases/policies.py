"""What events make this context do: keep open items, bring answers back, mind deadlines, stop sharing, link."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid5

from services.cases import break_glass
from services.cases.break_glass import AccessReviewed, GlassBroken, RecordAccessUnreviewed
from services.cases.case.assessment import AssessmentCorrected, RiskAssessed
from services.cases.case.closing import CaseClosed, KeepOpenItem, OpenItemKind, SettleOpenItem
from services.cases.case.plan import PlanAgreed
from services.cases.case.review import RecordReviewMissed, ReviewHeld
from services.cases.disappearance.reporting import ImplicatedCleared, ImplicatedNamed
from services.cases.link import LinkRecords, UnlinkRecords
from services.cases.match import MatchConfirmed, MatchReconsidered
from services.cases.message import (
    ClearMessage,
    HoldMessageBack,
    MessageFailed,
    MessageRequested,
    Notice,
    RequestNotice,
    WhyNotReached,
)
from services.cases.person.checking import (
    BarRecipient,
    CheckMessage,
    CheckRecipient,
    DoubtWay,
    MessageFoundSafe,
    MessageFoundUnsafe,
    RecipientFoundSafe,
    UnbarRecipient,
)
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
    SharingStopped,
    StopReason,
    StopSharing,
)
from services.cases.referral.making import LegalBasis, ReferralMade
from services.cases.sighting import SightingDismissed, SightingReported, SightingVerified
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


class CaseKeepsOpenSightings(Policy):
    """A case knows which sightings nobody has answered yet, so that it is not closed over them unnoticed."""

    name = "case_keeps_open_sightings"

    @on(SightingReported)
    def reported(self, e: Recorded[SightingReported]) -> Iterable[Reaction]:
        """Open from when it is reported."""
        seen = e.event
        yield KeepOpenItem(case=seen.case, item=seen.sighting, kind=OpenItemKind.SIGHTING, occurred=seen.occurred)

    @on(SightingVerified, SightingDismissed)
    def answered(self, e: Recorded[SightingVerified | SightingDismissed]) -> Iterable[Reaction]:
        """Until it is answered, either way."""
        yield SettleOpenItem(case=e.event.case, item=e.event.sighting, occurred=e.event.occurred)


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


class RecipientsAreTold(Policy):
    """Where sharing stops, whoever was told before is told that: a notice is requested, and a person sends it."""

    name = "recipients_are_told"
    in_any_order = True

    @on(SharingStopped)
    def stopped(self, e: Recorded[SharingStopped]) -> Iterable[Reaction]:
        """One notice a referral."""
        yield RequestNotice(
            message=notice_of(e.event.referral),
            case=e.event.case,
            referral=e.event.referral,
            notice=Notice.SHARING_STOPPED,
            occurred=e.event.occurred,
        )


class MessagesAreSafe(Policy):
    """A message to a person is held against their safe contact, which their own stream knows, before it may go out."""

    name = "messages_are_safe"

    @on(MessageRequested)
    def requested(self, e: Recorded[MessageRequested]) -> Iterable[Reaction]:
        """What was agreed with the person decides; first, with the person whom it is about."""
        asked = e.event
        if asked.about is None or asked.about == asked.person:
            yield CheckMessage(person=asked.person, message=asked.message, by_means=asked.by_means)
        else:
            yield CheckRecipient(
                person=asked.about, message=asked.message, recipient=asked.person, by_means=asked.by_means
            )

    @on(RecipientFoundSafe)
    def may_be_told(self, e: Recorded[RecipientFoundSafe]) -> Iterable[Reaction]:
        """They may be told; whether they can be reached is theirs to say."""
        yield CheckMessage(person=e.event.recipient, message=e.event.message, by_means=e.event.by_means)

    @on(MessageFoundSafe)
    def safe(self, e: Recorded[MessageFoundSafe]) -> Iterable[Reaction]:
        """It may be sent, on these terms."""
        yield ClearMessage(message=e.event.message, times=e.event.times, say_code_word=e.event.say_code_word)

    @on(MessageFoundUnsafe)
    def unsafe(self, e: Recorded[MessageFoundUnsafe]) -> Iterable[Reaction]:
        """It may not, or not any more."""
        yield HoldMessageBack(message=e.event.message, reason=e.event.reason)

    @on(MessageFailed)
    def failed(self, e: Recorded[MessageFailed]) -> Iterable[Reaction]:
        """Where somebody else answered, nothing more goes that way until safe contact is agreed anew."""
        failed = e.event
        if failed.reason is WhyNotReached.SOMEBODY_ELSE_ANSWERED and failed.person and failed.by_means:
            yield DoubtWay(person=failed.person, by_means=failed.by_means)


class TheDangerIsToldNothing(Policy):
    """Who may be the danger learns nothing about the missing person: their file holds messages back from them."""

    name = "the_danger_is_told_nothing"

    @on(ImplicatedNamed)
    def named(self, e: Recorded[ImplicatedNamed]) -> Iterable[Reaction]:
        """From now on."""
        yield BarRecipient(person=e.event.person, recipient=e.event.suspect, disappearance=e.event.disappearance)

    @on(ImplicatedCleared)
    def cleared(self, e: Recorded[ImplicatedCleared]) -> Iterable[Reaction]:
        """Not for this disappearance any more."""
        yield UnbarRecipient(person=e.event.person, recipient=e.event.suspect, disappearance=e.event.disappearance)


class ConfirmedMatchIsLinked(Policy):
    """A confirmed match links the two records; one that is thought over again dissolves that link."""

    name = "confirmed_match_is_linked"

    @on(MatchConfirmed)
    def confirmed(self, e: Recorded[MatchConfirmed]) -> Iterable[Reaction]:
        """They are of one person."""
        found = e.event
        yield LinkRecords(
            link=found.link,
            first=found.missing,
            second=found.found,
            grounds="Their match was confirmed.",
            occurred=found.occurred,
        )

    @on(MatchReconsidered)
    def reconsidered(self, e: Recorded[MatchReconsidered]) -> Iterable[Reaction]:
        """Perhaps they are not."""
        if e.event.link:
            yield UnlinkRecords(link=e.event.link, occurred=e.event.occurred)


class BrokenGlassIsLookedAt(Policy):
    """A supervisor looks at every access by break-glass within a day, or it is on record that nobody did."""

    name = "broken_glass_is_looked_at"

    @on(GlassBroken)
    def broken(self, e: Recorded[GlassBroken]) -> Iterable[Reaction]:
        """The clock runs from when it was broken."""
        access = e.event.access
        due = e.event.since + break_glass.REVIEW_WITHIN
        yield Deadline(access_key(access), due, RecordAccessUnreviewed(access=access))

    @on(AccessReviewed)
    def reviewed(self, e: Recorded[AccessReviewed]) -> Iterable[Reaction]:
        """Done."""
        yield Cancel(access_key(e.event.access))


def notice_of(referral: str) -> str:
    """The notice that sharing under a referral has stopped: one, however often that is said."""
    return str(uuid5(UUID(referral), "sharing_stopped"))


def access_key(access: str) -> str:
    """One look an access."""
    return f"access-review-{access}"


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
    CaseKeepsOpenSightings(),
    ReviewsAreHeld(),
    DisclosuresAreReviewed(),
    SharingNeedsConsent(),
    RecipientsAreTold(),
    MessagesAreSafe(),
    TheDangerIsToldNothing(),
    ConfirmedMatchIsLinked(),
    BrokenGlassIsLookedAt(),
)

"""Facts that the tests of this context begin with."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.cases.case.assessment import RiskAssessed, RiskFactor, RiskLevel
from services.cases.case.closing import ClosingAsked
from services.cases.case.intake import CaseAssigned, CaseOpened, Channel
from services.cases.case.record import CaseKind, Outcome
from services.cases.person.names import PersonRegistered
from services.cases.referral.making import DataItem, LegalBasis, ReferralMade
from services.cases.vocabulary import Ground, RecipientKind, ServiceKind


def an_id(number: int) -> str:
    """An id that a reader can tell from others."""
    return f"00000000-0000-4000-8000-{number:012d}"


CASE, PERSON, SISTER, REFERRAL, SIGHTING, CONSENT = (an_id(number) for number in range(1, 7))
NOTE, SUPPORT, ASSESSMENT, PLAN, INDICATORS, NAME, DOCUMENT, PARTNER, PROJECT = (an_id(n) for n in range(11, 20))

DAY = "2008-09-01"


def opened(kind: CaseKind = CaseKind.TRAFFICKING, occurred: str = DAY) -> CaseOpened:
    """A case about PERSON."""
    return CaseOpened(case=CASE, kind=kind, channel=Channel.WALK_IN, person=PERSON, occurred=occurred)


def assigned(worker: str = "w-1") -> CaseAssigned:
    """It is this worker's."""
    return CaseAssigned(case=CASE, worker=worker, occurred=DAY)


def assessed(due: date = date(2008, 9, 8)) -> RiskAssessed:
    """The danger was found to be high."""
    return RiskAssessed(
        case=CASE,
        assessment=ASSESSMENT,
        person=PERSON,
        level=RiskLevel.HIGH,
        factors=(RiskFactor.THREATS,),
        review_due=due,
        occurred=DAY,
    )


def closing_asked(by: str = "w-1", acknowledged: tuple[str, ...] = ()) -> ClosingAsked:
    """Somebody wants to close it."""
    return ClosingAsked(
        case=CASE,
        person=PERSON,
        outcome=Outcome.REINTEGRATED,
        summary="Has work.",
        acknowledged=acknowledged,
        asked_by=by,
        occurred="2008-10-01",
    )


def registered() -> PersonRegistered:
    """PERSON is known."""
    return PersonRegistered(person=PERSON, occurred=DAY)


def referral_made(**changes: Any) -> ReferralMade:
    """PERSON is referred to rehabilitation, by consent."""
    return ReferralMade(
        **{
            "referral": REFERRAL,
            "case": CASE,
            "person": PERSON,
            "to": RecipientKind.REHABILITATION,
            "ground": Ground.TRAFFICKING_VICTIM,
            "needs": (ServiceKind.SOCIAL,),
            "disclosed": (DataItem.NAME,),
            "legal_basis": LegalBasis.CONSENT,
            "consent": CONSENT,
            "until": date(2009, 9, 1),
            "made_by": "w-1",
            "occurred": DAY,
            **changes,
        }
    )

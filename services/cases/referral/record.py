"""What is kept of a referral, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.cases.vocabulary import (
    CaseId,
    PersonId,
    RecipientKind,
    ReferralId,
)
from shared.errors import DomainError
from shared.messages import Command, Event


class Status(StrEnum):
    """How far a referral has come."""

    MADE = "made"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REVOKED = "revoked"
    COMPLETED = "completed"


class ReferralCommand(Command, context="cases"):
    """An instruction to one referral."""

    referral: ReferralId


class ReferralEvent(Event, context="cases"):
    """A fact of one referral."""

    referral: ReferralId
    case: CaseId


@dataclass(frozen=True, slots=True)
class Referral:
    """One referral. `status` is None before it is made."""

    status: Status | None = None
    case: CaseId = ""
    person: PersonId = ""
    to: RecipientKind = RecipientKind.PARTNER
    made_by: str = ""
    until: date = date.max
    accepted: bool = False  # at some time, also if it was revoked since
    by_consent: bool = False
    reviewed: bool = False
    review_missed: bool = False
    sharing_stopped: bool = False


def must_be(state: Referral, *accepted: Status) -> None:
    """Refuses a step that a referral cannot take from where it is."""
    if state.status not in accepted:
        raise DomainError(
            f"This referral is {state.status}; the step needs one that is {' or '.join(accepted)}: make a new one if "
            "it is still needed.",
            rule="referral-step",
        )

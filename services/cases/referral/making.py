"""Making a referral: somebody is passed on, with as little said as the recipient needs, on a named legal basis."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.cases.referral.record import Referral, ReferralCommand, ReferralEvent, Status
from services.cases.vocabulary import (
    CASE_TEAM,
    CaseId,
    Ground,
    PersonId,
    RecipientKind,
    ReferralId,
    ServiceKind,
    Staff,
    Text,
)
from shared.dates import Occurred, latest, must_have_happened
from shared.errors import DomainError
from shared.messages import Id, Role, new_id
from shared.privacy.personal import About, Hidden


class LegalBasis(StrEnum):
    """Why something may be disclosed (GDPR, articles 6 and 9; the duties that national law adds)."""

    CONSENT = "consent"
    EMERGENCY = "emergency"
    CHILD_PROTECTION = "child_protection"
    DUTY_TO_REPORT = "duty_to_report"


class DataItem(StrEnum):
    """What can be told of somebody."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    DESCRIPTION = "description"
    CONTACT = "contact"
    NEEDS = "needs"
    HEALTH = "health"
    SAFETY = "safety"
    FAMILY = "family"
    EXPLOITATION = "exploitation"


MAY_BE_TOLD = {
    RecipientKind.REHABILITATION: frozenset(DataItem) - {DataItem.DESCRIPTION},
    RecipientKind.PARTNER: frozenset({DataItem.NAME, DataItem.CONTACT, DataItem.NEEDS, DataItem.SAFETY}),
    RecipientKind.POLICE: frozenset(DataItem) - {DataItem.HEALTH, DataItem.NEEDS},
    RecipientKind.DOCTOR: frozenset({DataItem.NAME, DataItem.BIRTH_DATE, DataItem.HEALTH, DataItem.SAFETY}),
}
"""The most that each kind of recipient needs for its part."""


class MakeReferral(ReferralCommand, route="POST /referrals", roles=[*CASE_TEAM, Role.DUTY_OFFICER]):
    """Refer a person on, with the least that the recipient needs, until a day."""

    referral: ReferralId = new_id()
    case: CaseId
    person: PersonId
    to: Annotated[RecipientKind, Field(description="To whom", examples=["rehabilitation"])]
    recipient: Annotated[Id | None, Field(description="The organisation, if one is meant")] = None
    ground: Annotated[Ground, Field(description="As what the person is referred", examples=["trafficking_victim"])]
    needs: Annotated[
        tuple[ServiceKind, ...], Field(description="What is asked for", examples=[["social", "legal"]])
    ] = ()
    disclosed: Annotated[
        tuple[DataItem, ...], Field(description="What is told of the person", examples=[["name", "needs"]])
    ] = ()
    message: Annotated[
        Text | None,
        About("person"),
        Field(description="What the recipient is told", examples=["Needs a room from Monday, with her daughter."]),
    ] = None
    legal_basis: Annotated[LegalBasis, Field(description="On what legal basis", examples=["consent"])]
    consent: Annotated[
        Id | None, Field(description="The consent that it rests on", examples=["16fd2706-8baf-433b-82eb-8c7fada847da"])
    ] = None
    until: Annotated[date, Field(description="The last day on which it holds", examples=["2009-10-02"])]
    occurred: Occurred


class ReferralMade(ReferralEvent):
    """A person was referred on."""

    person: PersonId
    to: RecipientKind
    recipient: Id | None = None
    ground: Ground
    needs: tuple[ServiceKind, ...] = ()
    disclosed: tuple[DataItem, ...] = ()
    message: Annotated[str | Hidden | None, About("person")] = None
    legal_basis: LegalBasis
    consent: Id | None = None
    until: date
    made_by: Staff
    occurred: Occurred


Commands = MakeReferral
Events = ReferralMade


def decide(command: Commands, state: Referral) -> Sequence[Events]:
    """A referral, if it tells no more than it may, on a basis that it names, until a day to come."""
    if state.status is not None:
        raise DomainError("A referral is made once; this id is taken: leave it out.", rule="referral-is-made-once")
    must_have_happened(command.occurred, command.now)
    if excess := set(command.disclosed) - MAY_BE_TOLD[command.to]:
        raise DomainError(
            f"A recipient is told the least that it needs: {command.to} does not need {', '.join(sorted(excess))}; "
            f"it may be told {', '.join(sorted(MAY_BE_TOLD[command.to]))}.",
            rule="least-data",
        )
    if (command.legal_basis is LegalBasis.CONSENT) != (command.consent is not None):
        raise DomainError(
            f"Consent as legal basis names the consent, and no other basis does; the basis is {command.legal_basis}: "
            "name the consent, or leave it out.",
            rule="basis-names-its-consent",
        )
    if command.until <= latest(command.occurred):
        raise DomainError(
            f"A referral ends after it is made ({command.occurred}), not on {command.until}: give a later day.",
            rule="referral-ends-later",
        )
    return [ReferralMade(**command.stated(), made_by=command.by)]


def evolve(state: Referral, event: Events) -> Referral:
    """What a referral is after it is made."""
    return Referral(
        status=Status.MADE,
        case=event.case,
        person=event.person,
        to=event.to,
        made_by=event.made_by,
        until=event.until,
        by_consent=event.legal_basis is LegalBasis.CONSENT,
    )

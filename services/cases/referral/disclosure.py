"""Disclosure: what was told without consent is looked at by a second person, and what may not be told stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.referral.record import Referral, ReferralCommand, ReferralEvent
from services.cases.vocabulary import (
    HELPERS,
    PersonId,
    Staff,
    Text,
)
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Role
from shared.privacy.personal import About, Hidden

REVIEW_WITHIN = timedelta(hours=24)
"""A second person looks at a disclosure without consent within this time."""


class StopReason(StrEnum):
    """Why nothing more may be shared under a referral."""

    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_MISSING = "consent_missing"
    NOT_JUSTIFIED = "not_justified"


class ReviewDisclosure(ReferralCommand, route="POST /referrals/{referral}/disclosure-review", roles=HELPERS):
    """Look, as a second person, at a disclosure that was made without consent."""

    justified: Annotated[bool, Field(description="Whether it was right to disclose", examples=[True])]
    person: Annotated[PersonId, Field(description="The person who was referred")]
    grounds: Annotated[
        Text, About("person"), Field(description="Why, or why not", examples=["Her life was in danger that night."])
    ]
    occurred: Occurred


class RecordDisclosureUnreviewed(ReferralCommand, roles=[Role.POLICY]):
    """Record that 24 hours passed without a second person's look. Sent by the deadline."""


class StopSharing(ReferralCommand, roles=[Role.POLICY]):
    """Share nothing more under this referral. It cancels no care. Sent by policy."""

    reason: Annotated[StopReason, Field(description="Why", examples=["consent_withdrawn"])]
    occurred: Occurred


class DisclosureReviewed(ReferralEvent):
    """A second person looked at a disclosure without consent."""

    justified: bool
    person: PersonId
    grounds: Annotated[str | Hidden, About("person")]
    reviewed_by: Staff
    occurred: Occurred


class DisclosureReviewMissed(ReferralEvent):
    """24 hours passed without a second person's look."""


class SharingStopped(ReferralEvent):
    """Nothing more is shared under this referral; the recipient is to be told."""

    reason: StopReason
    occurred: Occurred


Commands = ReviewDisclosure | RecordDisclosureUnreviewed | StopSharing
Events = DisclosureReviewed | DisclosureReviewMissed | SharingStopped


def decide(command: Commands, state: Referral) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(state.status is not None, "referral")
    match command:
        case ReviewDisclosure():
            return review(command, state)
        case RecordDisclosureUnreviewed(referral=referral):
            settled = state.by_consent or state.reviewed or state.review_missed
            return [] if settled else [DisclosureReviewMissed(referral=referral, case=state.case)]
        case StopSharing(referral=referral, reason=reason, occurred=occurred):
            must_have_happened(occurred, command.now)
            if state.sharing_stopped:
                return []
            return [SharingStopped(referral=referral, case=state.case, reason=reason, occurred=occurred)]
        case _:
            assert_never(command)


def review(command: ReviewDisclosure, state: Referral) -> Sequence[Events]:
    """A second person's finding on a disclosure without consent; what was not justified stops at once."""
    must_have_happened(command.occurred, command.now)
    if state.by_consent:
        raise DomainError(
            "What rests on consent is not reviewed, and this referral does: there is nothing to do.",
            rule="only-without-consent",
        )
    if state.reviewed:
        raise DomainError("A disclosure is reviewed once, and this one was: its file says how.", rule="reviewed-once")
    if command.by == state.made_by:
        raise DomainError(
            "A second person reviews a disclosure, and you made this one: let another look at it.",
            rule="reviewer-is-not-the-author",
        )
    if command.person != state.person:
        raise DomainError(
            "The review is about the person who was referred; another is named: name that person.",
            rule="about-the-person-referred",
        )
    reviewed = DisclosureReviewed(**command.stated(), case=state.case, reviewed_by=command.by)
    if command.justified or state.sharing_stopped:
        return [reviewed]
    stopped = SharingStopped(
        referral=command.referral, case=state.case, reason=StopReason.NOT_JUSTIFIED, occurred=command.occurred
    )
    return [reviewed, stopped]


def evolve(state: Referral, event: Events) -> Referral:
    """What a referral is after an event."""
    match event:
        case DisclosureReviewed():
            return replace(state, reviewed=True)
        case DisclosureReviewMissed():
            return replace(state, review_missed=True)
        case SharingStopped():
            return replace(state, sharing_stopped=True)
        case _:
            assert_never(event)

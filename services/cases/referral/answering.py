"""The recipient's answer: whether they take the person on, and when their part has come to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.referral.record import Referral, ReferralCommand, ReferralEvent, Status, must_be
from services.cases.vocabulary import (
    CASE_TEAM,
    RecipientKind,
)
from shared.dates import Occurred, earliest, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError


class DeclineReason(StrEnum):
    """Why a recipient does not take somebody on."""

    NO_PLACE = "no_place"
    NOT_OUR_FIELD = "not_our_field"
    NOT_SAFE_HERE = "not_safe_here"
    PERSON_DECLINED = "person_declined"
    OTHER = "other"


class AcceptReferral(ReferralCommand, route="POST /referrals/{referral}/acceptance", roles=CASE_TEAM):
    """Record that the recipient takes the person on."""

    occurred: Occurred


class DeclineReferral(ReferralCommand, route="POST /referrals/{referral}/declination", roles=CASE_TEAM):
    """Record that the recipient does not take the person on."""

    reason: Annotated[DeclineReason, Field(description="Why", examples=["no_place"])]
    occurred: Occurred


class RevokeReferral(ReferralCommand, route="POST /referrals/{referral}/revocation", roles=CASE_TEAM):
    """Take a referral back."""

    occurred: Occurred


class CompleteReferral(ReferralCommand, route="POST /referrals/{referral}/completion", roles=CASE_TEAM):
    """Record that the recipient's part has come to its end."""

    left_early: Annotated[bool, Field(description="Whether the person left before all was done")] = False
    occurred: Occurred


class ReferralAccepted(ReferralEvent):
    """The recipient takes the person on."""

    occurred: Occurred


class ReferralDeclined(ReferralEvent):
    """The recipient does not take the person on."""

    reason: DeclineReason
    occurred: Occurred


class ReferralRevoked(ReferralEvent):
    """A referral was taken back."""

    to: RecipientKind
    occurred: Occurred


class ReferralCompleted(ReferralEvent):
    """The recipient's part came to its end."""

    left_early: bool = False
    occurred: Occurred


Commands = AcceptReferral | DeclineReferral | RevokeReferral | CompleteReferral
Events = ReferralAccepted | ReferralDeclined | ReferralRevoked | ReferralCompleted


def decide(command: Commands, state: Referral) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(state.status is not None, "referral")
    must_have_happened(command.occurred, command.now)
    referral, case, occurred = command.referral, state.case, command.occurred
    match command:
        case AcceptReferral():
            if state.status is Status.ACCEPTED:
                return []
            must_be(state, Status.MADE)
            if earliest(occurred) > state.until:
                raise DomainError(
                    f"This referral held until {state.until}; it was accepted {occurred}: make a new one.",
                    rule="referral-has-ended",
                )
            return [ReferralAccepted(referral=referral, case=case, occurred=occurred)]
        case DeclineReferral(reason=reason):
            if state.status is Status.DECLINED:
                return []
            must_be(state, Status.MADE)
            return [ReferralDeclined(referral=referral, case=case, reason=reason, occurred=occurred)]
        case RevokeReferral():
            if state.status is Status.REVOKED:
                return []
            must_be(state, Status.MADE, Status.ACCEPTED)
            return [ReferralRevoked(referral=referral, case=case, to=state.to, occurred=occurred)]
        case CompleteReferral(left_early=left):
            # Taking a referral back cancels no care: that this has come to its end is no answer to it any more.
            if state.status is Status.COMPLETED or (state.status is Status.REVOKED and state.accepted):
                return []
            must_be(state, Status.ACCEPTED)
            return [ReferralCompleted(referral=referral, case=case, left_early=left, occurred=occurred)]
        case _:
            assert_never(command)


def evolve(state: Referral, event: Events) -> Referral:
    """What a referral is after an event."""
    match event:
        case ReferralAccepted():
            return replace(state, status=Status.ACCEPTED, accepted=True)
        case ReferralDeclined():
            return replace(state, status=Status.DECLINED)
        case ReferralRevoked():
            return replace(state, status=Status.REVOKED)
        case ReferralCompleted():
            return replace(state, status=Status.COMPLETED)
        case _:
            assert_never(event)

"""Reintegration and after: going back to a life of one's own, completing or leaving, and asking how it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.programme.record import (
    ENDED,
    HELPERS,
    OPEN,
    PLANNERS,
    PersonId,
    Programme,
    ProgrammeCommand,
    ProgrammeEvent,
    ReferralId,
    Stage,
    Text,
    must_be,
)
from shared.dates import Occurred, earliest, latest, must_have_happened
from shared.errors import DomainError
from shared.privacy.personal import About, Hidden


class LeavingReason(StrEnum):
    """Why somebody left before the end. It is theirs to decide."""

    OWN_WISH = "own_wish"
    RETURNED_TO_FAMILY = "returned_to_family"
    MOVED_ELSEWHERE = "moved_elsewhere"
    OTHER_HELP = "other_help"
    CONTACT_LOST = "contact_lost"
    DIED = "died"


class Situation(StrEnum):
    """How somebody fares, asked some time after."""

    STABLE = "stable"
    FRAGILE = "fragile"
    AT_RISK = "at_risk"
    NOT_REACHED = "not_reached"


Beneficiary = Annotated[PersonId, Field(description="The person whose programme it is")]


class BeginReintegration(ProgrammeCommand, route="POST /programmes/{programme}/reintegration", roles=PLANNERS):
    """Begin the way back to a life of one's own: housing, work, school. Services go on."""

    beneficiary: Beneficiary
    account: Annotated[
        Text | None,
        About("beneficiary"),
        Field(description="Where to", examples=["A flat of her own in another town; work in a bakery."]),
    ] = None
    occurred: Occurred


class CompleteProgramme(ProgrammeCommand, route="POST /programmes/{programme}/completion", roles=PLANNERS):
    """Complete a programme: the person lives on without it."""

    occurred: Occurred


class LeaveProgramme(ProgrammeCommand, route="POST /programmes/{programme}/leaving", roles=PLANNERS):
    """Record that the person left before the end."""

    beneficiary: Beneficiary
    reason: Annotated[
        LeavingReason, About("beneficiary"), Field(description="Why, as the person says", examples=["own_wish"])
    ]
    occurred: Occurred


class FollowUp(ProgrammeCommand, route="POST /programmes/{programme}/follow-ups", roles=HELPERS):
    """Record how the person fares after the programme."""

    beneficiary: Beneficiary
    situation: Annotated[Situation, About("beneficiary"), Field(description="How they fare", examples=["stable"])]
    account: Annotated[
        Text | None, About("beneficiary"), Field(description="What they tell", examples=["Still at the bakery."])
    ] = None
    occurred: Occurred


class ReintegrationBegun(ProgrammeEvent):
    """The way back to a life of one's own began."""

    beneficiary: PersonId
    account: Annotated[str | Hidden | None, About("beneficiary")] = None
    occurred: Occurred


class ProgrammeCompleted(ProgrammeEvent):
    """A programme was completed."""

    referral: ReferralId | None = None
    occurred: Occurred


class ProgrammeLeft(ProgrammeEvent):
    """The person left before the end."""

    referral: ReferralId | None = None
    beneficiary: PersonId
    reason: Annotated[LeavingReason | Hidden, About("beneficiary")]
    occurred: Occurred


class FollowedUp(ProgrammeEvent):
    """How the person fares was asked, some time after."""

    beneficiary: PersonId
    situation: Annotated[Situation | Hidden, About("beneficiary")]
    account: Annotated[str | Hidden | None, About("beneficiary")] = None
    occurred: Occurred


Commands = BeginReintegration | CompleteProgramme | LeaveProgramme | FollowUp
Events = ReintegrationBegun | ProgrammeCompleted | ProgrammeLeft | FollowedUp


def decide(command: Commands, state: Programme) -> Sequence[Events]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    match command:
        case BeginReintegration(programme=programme, beneficiary=beneficiary, account=account, occurred=occurred):
            if state.stage is Stage.REINTEGRATING:
                return []
            must_be(state, frozenset({Stage.ADMITTED}), "admit the person first")
            must_be_the_beneficiary(beneficiary, state)
            must_follow_admission(occurred, state)
            return [
                ReintegrationBegun(programme=programme, beneficiary=beneficiary, account=account, occurred=occurred)
            ]
        case CompleteProgramme(programme=programme, occurred=occurred):
            if state.stage is Stage.COMPLETED:
                return []
            must_be(state, frozenset({Stage.REINTEGRATING}), "begin reintegration first, or record that they left")
            must_follow_admission(occurred, state)
            return [ProgrammeCompleted(programme=programme, referral=state.referral, occurred=occurred)]
        case LeaveProgramme(programme=programme, beneficiary=beneficiary, reason=reason, occurred=occurred):
            if state.stage is Stage.LEFT:
                return []
            must_be(state, OPEN, "only who was admitted can leave")
            must_be_the_beneficiary(beneficiary, state)
            must_follow_admission(occurred, state)
            return [
                ProgrammeLeft(
                    programme=programme,
                    referral=state.referral,
                    beneficiary=beneficiary,
                    reason=reason,
                    occurred=occurred,
                )
            ]
        case FollowUp():
            must_be(state, ENDED, "follow-up comes after the end; record progress or a service")
            must_be_the_beneficiary(command.beneficiary, state)
            return [FollowedUp(**command.stated())]
        case _:
            assert_never(command)


def must_be_the_beneficiary(person: PersonId, state: Programme) -> None:
    """Refuses words about somebody else."""
    if person != state.beneficiary:
        raise DomainError(
            "What is said here is about the person whose programme it is; another is named: name that person.",
            rule="about-the-beneficiary",
        )


def must_follow_admission(occurred: str, state: Programme) -> None:
    """Refuses an end before the beginning."""
    if latest(occurred) < earliest(state.admitted):
        raise DomainError(
            f"This follows admission ({state.admitted}), and is dated {occurred}: give a later date.",
            rule="after-admission",
        )


def evolve(state: Programme, event: Events) -> Programme:
    """What a programme is after an event."""
    match event:
        case ReintegrationBegun():
            return replace(state, stage=Stage.REINTEGRATING)
        case ProgrammeCompleted():
            return replace(state, stage=Stage.COMPLETED)
        case ProgrammeLeft():
            return replace(state, stage=Stage.LEFT)
        case FollowedUp():
            return state
        case _:
            assert_never(event)

"""Admission: a programme is requested, and the person is admitted or not.

Help never depends on cooperating with the police or with a prosecutor (Directive 2011/36/EU, article 11(3)): there is
no such reason to refuse, and no field that asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.programme.record import (
    HELPERS,
    PLANNERS,
    CaseId,
    Ground,
    PersonId,
    Programme,
    ProgrammeCommand,
    ProgrammeEvent,
    ProgrammeId,
    ReferralId,
    ServiceKind,
    Stage,
    must_be,
)
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Role, new_id


class RefusalReason(StrEnum):
    """Why somebody is not admitted."""

    NO_PLACE = "no_place"
    NEEDS_BEYOND_US = "needs_beyond_us"
    NOT_SAFE_HERE = "not_safe_here"
    PERSON_DECLINED = "person_declined"


class RequestProgramme(ProgrammeCommand, route="POST /programmes", roles=HELPERS):
    """Request a programme for a person, with or without a referral."""

    programme: ProgrammeId = new_id()
    beneficiary: PersonId
    referral: ReferralId | None = None
    case: CaseId | None = None
    ground: Annotated[Ground, Field(description="As what the person is helped", examples=["trafficking_victim"])]
    needs: Annotated[
        tuple[ServiceKind, ...], Field(description="What is asked for", examples=[["social", "legal"]])
    ] = ()
    occurred: Occurred


class AdmitToProgramme(ProgrammeCommand, route="POST /programmes/{programme}/admission", roles=PLANNERS):
    """Admit the person: the programme is open."""

    occurred: Occurred


class RefuseProgramme(ProgrammeCommand, route="POST /programmes/{programme}/refusal", roles=PLANNERS):
    """Do not admit the person. Whether they talk to the police is no reason."""

    reason: Annotated[RefusalReason, Field(description="Why", examples=["no_place"])]
    occurred: Occurred


class WithdrawRequest(ProgrammeCommand, roles=[Role.POLICY]):
    """The referral was taken back before anybody was admitted. Sent by policy."""

    occurred: Occurred


class ProgrammeRequested(ProgrammeEvent):
    """A programme was requested."""

    beneficiary: PersonId
    referral: ReferralId | None = None
    case: CaseId | None = None
    ground: Ground
    needs: tuple[ServiceKind, ...] = ()
    occurred: Occurred


class ProgrammeAdmitted(ProgrammeEvent):
    """The person was admitted."""

    referral: ReferralId | None = None
    occurred: Occurred


class ProgrammeRefused(ProgrammeEvent):
    """The person was not admitted."""

    referral: ReferralId | None = None
    reason: RefusalReason
    occurred: Occurred


class RequestWithdrawn(ProgrammeEvent):
    """The request was taken back before anybody was admitted."""

    occurred: Occurred


Commands = RequestProgramme | AdmitToProgramme | RefuseProgramme | WithdrawRequest
Events = ProgrammeRequested | ProgrammeAdmitted | ProgrammeRefused | RequestWithdrawn

REQUESTED = frozenset({Stage.REQUESTED})


def decide(command: Commands, state: Programme) -> Sequence[Events]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    match command:
        case RequestProgramme():
            if state.stage is not None:
                raise DomainError(
                    "A programme is requested once; this id is taken: leave it out.", rule="programme-is-requested-once"
                )
            return [ProgrammeRequested(**command.stated())]
        case AdmitToProgramme(programme=programme, occurred=occurred):
            if state.stage is Stage.ADMITTED:
                return []
            must_be(state, REQUESTED, "request a new one")
            return [ProgrammeAdmitted(programme=programme, referral=state.referral, occurred=occurred)]
        case RefuseProgramme(programme=programme, reason=reason, occurred=occurred):
            if state.stage is Stage.REFUSED:
                return []
            must_be(state, REQUESTED, "who was admitted leaves or completes it")
            return [ProgrammeRefused(programme=programme, referral=state.referral, reason=reason, occurred=occurred)]
        case WithdrawRequest(programme=programme, occurred=occurred):
            must_exist(state.stage is not None, "programme")
            # A referral that is taken back cancels no care: who was admitted stays.
            return [RequestWithdrawn(programme=programme, occurred=occurred)] if state.stage in REQUESTED else []
        case _:
            assert_never(command)


def evolve(state: Programme, event: Events) -> Programme:
    """What a programme is after an event."""
    match event:
        case ProgrammeRequested(beneficiary=beneficiary, referral=referral, ground=ground):
            return Programme(stage=Stage.REQUESTED, beneficiary=beneficiary, referral=referral, ground=ground)
        case ProgrammeAdmitted(occurred=occurred):
            return replace(state, stage=Stage.ADMITTED, admitted=occurred)
        case ProgrammeRefused():
            return replace(state, stage=Stage.REFUSED)
        case RequestWithdrawn():
            return replace(state, stage=Stage.WITHDRAWN)
        case _:
            assert_never(event)

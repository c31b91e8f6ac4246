"""What is kept of a programme, the words of its field, and what every command to one must respect."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.decider import must_exist
from shared.errors import DomainError
from shared.growing import Growing
from shared.messages import Command, Event, Id, Role

ProgrammeId = Annotated[Id, Field(description="The programme", examples=["9a3f2b1c-7d6e-4f50-8a9b-1c2d3e4f5a6b"])]
PersonId = Annotated[Id, Field(description="A person, by their id", examples=["8d6b1a52-0c6f-4f0e-8a51-6f6f0f2f9b21"])]
CaseId = Annotated[Id, Field(description="The case", examples=["3f0c1d5e-8a0b-4f64-9d0e-2f2a6c1b7a10"])]
ReferralId = Annotated[Id, Field(description="The referral", examples=["b2a4c7d0-5f3e-4c1b-9a77-0d1e2f3a4b5c"])]
GoalId = Annotated[Id, Field(description="A goal of the plan", examples=["c9bf9e57-1685-4c89-bafb-ff5af830be8a"])]
ServiceId = Annotated[Id, Field(description="A service", examples=["5b7e9c31-2d4f-4a6b-8c9d-0e1f2a3b4c5d"])]
ProjectId = Annotated[
    Id,
    Field(description="The project that minutes are attributed to", examples=["7c9e6679-7425-40de-944b-e07fc1f90ae7"]),
]
Staff = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64),
    Field(description="A member of staff, by pseudonym", examples=["w-7"]),
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
Minutes = Annotated[int, Field(ge=0, le=24 * 60, description="Minutes that it took", examples=[50])]

PLANNERS = (Role.CASEWORKER, Role.SUPERVISOR)
FILE_READERS = (*PLANNERS, Role.PSYCHOLOGIST, Role.LAWYER)
HELPERS = (*FILE_READERS, Role.SHELTER_MANAGER, Role.DUTY_OFFICER)


class ProgrammeCommand(Command, context="rehabilitation"):
    """An instruction to one programme."""

    programme: ProgrammeId


class ProgrammeEvent(Event, context="rehabilitation"):
    """A fact of one programme."""

    programme: ProgrammeId


class ServiceKind(StrEnum):
    """What kind of help."""

    CRISIS = "crisis"
    PSYCHOLOGICAL = "psychological"
    LEGAL = "legal"
    MEDICAL = "medical"
    SOCIAL = "social"
    VOCATIONAL = "vocational"
    MATERIAL = "material"


class Ground(StrEnum):
    """As what somebody is helped."""

    TRAFFICKING_VICTIM = "trafficking_victim"
    FAMILY_MEMBER = "family_member"
    MISSING_PERSON = "missing_person"


class Stage(StrEnum):
    """How far a programme has come."""

    REQUESTED = "requested"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ADMITTED = "admitted"
    REINTEGRATING = "reintegrating"
    COMPLETED = "completed"
    LEFT = "left"


OPEN = frozenset({Stage.ADMITTED, Stage.REINTEGRATING})
ENDED = frozenset({Stage.COMPLETED, Stage.LEFT})


@dataclass(frozen=True, slots=True)
class Programme:
    """One person's way. `stage` is None before it is requested."""

    stage: Stage | None = None
    beneficiary: PersonId = ""
    referral: ReferralId | None = None
    ground: Ground = Ground.TRAFFICKING_VICTIM
    admitted: str = ""
    goals: Growing[str, bool] = field(default_factory=Growing)  # goal id -> whether it is still pursued
    services: Growing[str, bool] = field(default_factory=Growing)  # service id -> whether it stands


def must_be(state: Programme, stages: frozenset[Stage], instead: str) -> None:
    """Refuses a step that a programme cannot take from where it is. Raises `NotFound` if there is none."""
    must_exist(state.stage is not None, "programme")
    if state.stage not in stages:
        raise DomainError(
            f"This needs a programme that is {' or '.join(sorted(stages))}; it is {state.stage}: {instead}.",
            rule="programme-step",
        )


def must_be_open(state: Programme) -> None:
    """Refuses what only an open programme takes."""
    must_exist(state.stage is not None, "programme")
    if state.stage not in OPEN:
        raise DomainError(
            f"Plan, progress and services need an open programme; this one is {state.stage}: admit the person, or "
            "record crisis help in their case.",
            rule="programme-is-open",
        )

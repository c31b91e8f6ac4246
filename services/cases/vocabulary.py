"""The words that the aggregates of this context share: ids, kinds of help, who may be told."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.messages import Id, Role

CaseId = Annotated[Id, Field(description="The case", examples=["3f0c1d5e-8a0b-4f64-9d0e-2f2a6c1b7a10"])]
PersonId = Annotated[Id, Field(description="A person, by their id", examples=["8d6b1a52-0c6f-4f0e-8a51-6f6f0f2f9b21"])]
ReferralId = Annotated[Id, Field(description="The referral", examples=["b2a4c7d0-5f3e-4c1b-9a77-0d1e2f3a4b5c"])]
EntryId = Annotated[
    Id,
    Field(
        description="An entry of the file: a note, an assessment, indicators, a plan, support",
        examples=["5b7e9c31-2d4f-4a6b-8c9d-0e1f2a3b4c5d"],
    ),
]
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

CASE_TEAM = (Role.CASEWORKER, Role.SUPERVISOR)
FILE_READERS = (*CASE_TEAM, Role.PSYCHOLOGIST, Role.LAWYER)
HELPERS = (*FILE_READERS, Role.DUTY_OFFICER)


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
    """Why somebody is helped."""

    TRAFFICKING_VICTIM = "trafficking_victim"
    FAMILY_MEMBER = "family_member"
    MISSING_PERSON = "missing_person"


class RecipientKind(StrEnum):
    """Who a referral goes to."""

    REHABILITATION = "rehabilitation"
    PARTNER = "partner"
    POLICE = "police"
    DOCTOR = "doctor"

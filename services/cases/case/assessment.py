"""Assessment: how much danger a person is in, what it comes from, and how soon that is looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.case.record import (
    Case,
    CaseCommand,
    CaseEvent,
    EntryKind,
    PersonOfCase,
    ReviewDue,
    must_be_about,
    must_be_new,
    must_be_open,
    standing,
)
from services.cases.vocabulary import CASE_TEAM, EntryId, PersonId, Text
from shared.dates import Occurred, latest, must_have_happened
from shared.errors import DomainError
from shared.messages import new_id
from shared.privacy.personal import About, Hidden


class RiskLevel(StrEnum):
    """How much danger a person is in."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    IMMEDIATE = "immediate"


class RiskFactor(StrEnum):
    """What the danger comes from."""

    THREATS = "threats"
    TRAFFICKER_NEARBY = "trafficker_nearby"
    FAMILY_INVOLVED = "family_involved"
    CHILD = "child"
    PREGNANT = "pregnant"
    SELF_HARM = "self_harm"
    ADDICTION = "addiction"
    ILLNESS = "illness"
    HOMELESS = "homeless"
    NO_DOCUMENTS = "no_documents"
    DEBT = "debt"
    EARLIER_VIOLENCE = "earlier_violence"
    OTHER = "other"


REVIEW_WITHIN = {
    RiskLevel.IMMEDIATE: timedelta(days=1),
    RiskLevel.HIGH: timedelta(days=7),
    RiskLevel.MEDIUM: timedelta(days=31),
    RiskLevel.LOW: timedelta(days=92),
}
"""The centre's own rule: the greater the danger, the sooner a case is looked at again."""
LATEST_REVIEW = max(REVIEW_WITHIN.values())
"""However little danger there is, no case goes longer without being looked at."""
ALLOWED = ", ".join(f"{within.days} days ({level})" for level, within in REVIEW_WITHIN.items())


class AssessRisk(CaseCommand, route="POST /cases/{case}/assessments", roles=CASE_TEAM):
    """Assess how much danger the person is in. A later assessment says what has changed."""

    assessment: EntryId = new_id()
    person: PersonOfCase
    level: Annotated[
        RiskLevel, About("person", record="assessment"), Field(description="How much danger", examples=["high"])
    ]
    factors: Annotated[
        tuple[RiskFactor, ...],
        About("person", record="assessment"),
        Field(description="What it comes from", examples=[["threats", "debt"]]),
    ]
    grounds: Annotated[
        Text | None,
        About("person", record="assessment"),
        Field(description="What the assessment rests on", examples=["Two calls from an unknown number last night."]),
    ] = None
    review_due: ReviewDue
    occurred: Occurred


class CorrectAssessment(CaseCommand, route="POST /cases/{case}/assessments/{assessment}/correction", roles=CASE_TEAM):
    """Put an assessment right: we were wrong when we made it."""

    assessment: EntryId
    person: PersonOfCase
    level: Annotated[
        RiskLevel, About("person", record="assessment"), Field(description="How much danger", examples=["medium"])
    ]
    factors: Annotated[
        tuple[RiskFactor, ...],
        About("person", record="assessment"),
        Field(description="What it comes from", examples=[["debt"]]),
    ]
    grounds: Annotated[
        Text | None,
        About("person", record="assessment"),
        Field(description="What the assessment rests on", examples=["The calls were a wrong number."]),
    ] = None
    review_due: ReviewDue
    occurred: Occurred


class RiskAssessed(CaseEvent):
    """The danger was assessed."""

    assessment: EntryId
    person: PersonId
    level: Annotated[RiskLevel | Hidden, About("person", record="assessment")]
    factors: Annotated[tuple[RiskFactor, ...] | Hidden, About("person", record="assessment")]
    grounds: Annotated[str | Hidden | None, About("person", record="assessment")] = None
    review_due: date
    occurred: Occurred


class AssessmentCorrected(CaseEvent):
    """An assessment was wrong; this is what it should have said."""

    assessment: EntryId
    person: PersonId
    level: Annotated[RiskLevel | Hidden, About("person", record="assessment")]
    factors: Annotated[tuple[RiskFactor, ...] | Hidden, About("person", record="assessment")]
    grounds: Annotated[str | Hidden | None, About("person", record="assessment")] = None
    review_due: date
    occurred: Occurred


Commands = AssessRisk | CorrectAssessment

Events = RiskAssessed | AssessmentCorrected


def decide(command: Commands, state: Case) -> Sequence[Events]:
    """What follows from a command."""
    must_be_open(state)
    must_have_happened(command.occurred, command.now)
    must_be_about(command.person, state)
    match command:
        case AssessRisk():
            must_be_new(state, command.assessment)
            must_be_reviewed_in_time(command)
            return [RiskAssessed(**command.stated())]
        case CorrectAssessment():
            standing(state, command.assessment, EntryKind.ASSESSMENT)
            must_be_reviewed_in_time(command)
            return [AssessmentCorrected(**command.stated())]
        case _:
            assert_never(command)


def must_be_reviewed_in_time(assessment: AssessRisk | CorrectAssessment) -> None:
    """Refuses a review later than the danger allows."""
    first, last = latest(assessment.occurred), latest(assessment.occurred) + REVIEW_WITHIN[assessment.level]
    if not first <= assessment.review_due <= last:
        raise DomainError(
            f"A review follows an assessment within {ALLOWED}; this one, of {assessment.occurred}, is given until "
            f"{assessment.review_due}: give a day that its level allows.",
            rule="review-in-time",
        )


def evolve(state: Case, event: Events) -> Case:
    """What a case is after an event."""
    match event:
        case RiskAssessed():
            entered = state.with_entry(event.assessment, EntryKind.ASSESSMENT, event.person)
            return replace(entered, review_due=event.review_due, review_missed=False)
        case AssessmentCorrected():
            return replace(state, review_due=event.review_due, review_missed=False)
        case _:
            assert_never(event)

"""Plan and progress: the goals that a person sets with the centre, and how far each has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.programme.record import (
    HELPERS,
    PLANNERS,
    GoalId,
    PersonId,
    Programme,
    ProgrammeCommand,
    ProgrammeEvent,
    ServiceKind,
    Text,
    must_be_open,
)
from shared.dates import Occurred, latest, must_have_happened
from shared.errors import DomainError
from shared.messages import new_id
from shared.privacy.personal import About, Hidden


class Step(StrEnum):
    """How far a goal has come."""

    UNDER_WAY = "under_way"
    REACHED = "reached"
    GIVEN_UP = "given_up"


Beneficiary = Annotated[PersonId, Field(description="The person whose programme it is")]
Aim = Annotated[
    Text,
    About("beneficiary", record="goal"),
    Field(description="What is to be reached", examples=["Finish the hairdresser's course."]),
]


class SetGoal(ProgrammeCommand, route="POST /programmes/{programme}/goals", roles=PLANNERS):
    """Set a goal with the person; it becomes part of the plan."""

    goal: GoalId = new_id()
    beneficiary: Beneficiary
    kind: Annotated[ServiceKind, Field(description="What kind of help it needs", examples=["vocational"])]
    aim: Aim
    by_day: Annotated[date | None, Field(description="By when", examples=["2009-06-30"])] = None
    occurred: Occurred


class CorrectGoal(ProgrammeCommand, route="POST /programmes/{programme}/goals/{goal}/correction", roles=PLANNERS):
    """Put a goal right that was written down wrongly."""

    goal: GoalId
    beneficiary: Beneficiary
    kind: Annotated[ServiceKind, Field(description="What kind of help it needs", examples=["vocational"])]
    aim: Aim
    by_day: Annotated[date | None, Field(description="By when", examples=["2009-06-30"])] = None


class RecordProgress(ProgrammeCommand, route="POST /programmes/{programme}/goals/{goal}/progress", roles=HELPERS):
    """Record how far a goal has come."""

    goal: GoalId
    beneficiary: Beneficiary
    step: Annotated[Step, Field(description="How far", examples=["under_way"])]
    account: Annotated[
        Text | None,
        About("beneficiary", record="goal"),
        Field(description="What happened", examples=["Passed the first examination."]),
    ] = None
    occurred: Occurred


class GoalSet(ProgrammeEvent):
    """A goal became part of the plan."""

    goal: GoalId
    beneficiary: PersonId
    kind: ServiceKind
    aim: Annotated[str | Hidden, About("beneficiary", record="goal")]
    by_day: date | None = None
    occurred: Occurred


class GoalCorrected(ProgrammeEvent, puts_right=("goal", "GoalSet.goal")):
    """A goal was written down wrongly; this is how it is."""

    goal: GoalId
    beneficiary: PersonId
    kind: ServiceKind
    aim: Annotated[str | Hidden, About("beneficiary", record="goal")]
    by_day: date | None = None


class ProgressRecorded(ProgrammeEvent):
    """A goal has come so far."""

    goal: GoalId
    beneficiary: PersonId
    step: Step
    account: Annotated[str | Hidden | None, About("beneficiary", record="goal")] = None
    occurred: Occurred


Commands = SetGoal | CorrectGoal | RecordProgress
Events = GoalSet | GoalCorrected | ProgressRecorded


def decide(command: Commands, state: Programme) -> Sequence[Events]:
    """What follows from a command."""
    must_be_open(state)
    if command.beneficiary != state.beneficiary:
        raise DomainError(
            "A plan is about the person whose programme it is; another is named: name that person.",
            rule="about-the-beneficiary",
        )
    match command:
        case SetGoal():
            must_have_happened(command.occurred, command.now)
            if command.goal in state.goals:
                raise DomainError("Each goal has an id of its own; this is taken: leave it out.", rule="id-taken")
            if command.by_day is not None and command.by_day < latest(command.occurred):
                raise DomainError(
                    f"A goal lies ahead; set {command.occurred}, this is due by {command.by_day}: give a later day.",
                    rule="goal-lies-ahead",
                )
            return [GoalSet(**command.stated())]
        case CorrectGoal():
            must_be_in_plan(command.goal, state)
            return [GoalCorrected(**command.stated())]
        case RecordProgress():
            must_have_happened(command.occurred, command.now)
            if not must_be_in_plan(command.goal, state):
                raise DomainError(
                    "A goal that was reached or given up moves no further: set a new one.", rule="goal-is-settled"
                )
            return [ProgressRecorded(**command.stated())]
        case _:
            assert_never(command)


def must_be_in_plan(goal: GoalId, state: Programme) -> bool:
    """Refuses a goal that is none of this plan's. The answer says whether it is still pursued."""
    if goal not in state.goals:
        raise DomainError("This plan has no such goal: name one of its own.", rule="no-such-goal")
    return state.goals[goal]


def evolve(state: Programme, event: Events) -> Programme:
    """What a programme is after an event."""
    match event:
        case GoalSet(goal=goal):
            return replace(state, goals=state.goals.having(goal, True))
        case ProgressRecorded(goal=goal, step=step):
            return replace(state, goals=state.goals.having(goal, step is Step.UNDER_WAY))
        case GoalCorrected():
            return state
        case _:
            assert_never(event)

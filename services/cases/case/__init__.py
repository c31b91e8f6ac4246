"""Case: from intake through assessment, plan, support and review to closing, and sometimes to reopening.

Each part of its life has a file with its commands, its events, and what follows from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from services.cases.case import assessment, closing, indicators, intake, notes, plan, review, support, team
from services.cases.case.record import Case
from shared.decider import Decider

CaseCommands = (
    intake.Commands
    | assessment.Commands
    | indicators.Commands
    | plan.Commands
    | support.Commands
    | notes.Commands
    | review.Commands
    | closing.Commands
    | team.Commands
)
CaseEvents = (
    intake.Events
    | assessment.Events
    | indicators.Events
    | plan.Events
    | support.Events
    | notes.Events
    | review.Events
    | closing.Events
    | team.Events
)


def decide(command: CaseCommands, state: Case) -> Sequence[CaseEvents]:
    """What follows from a command, by the part of a case's life that it belongs to."""
    if isinstance(command, intake.Commands):
        return intake.decide(command, state)
    if isinstance(command, assessment.Commands):
        return assessment.decide(command, state)
    if isinstance(command, indicators.Commands):
        return indicators.decide(command, state)
    if isinstance(command, plan.Commands):
        return plan.decide(command, state)
    if isinstance(command, support.Commands):
        return support.decide(command, state)
    if isinstance(command, notes.Commands):
        return notes.decide(command, state)
    if isinstance(command, review.Commands):
        return review.decide(command, state)
    if isinstance(command, closing.Commands):
        return closing.decide(command, state)
    if isinstance(command, team.Commands):
        return team.decide(command, state)
    assert_never(command)


def evolve(state: Case, event: CaseEvents) -> Case:
    """What a case is after an event."""
    if isinstance(event, intake.Events):
        return intake.evolve(state, event)
    if isinstance(event, assessment.Events):
        return assessment.evolve(state, event)
    if isinstance(event, indicators.Events):
        return indicators.evolve(state, event)
    if isinstance(event, plan.Events):
        return plan.evolve(state, event)
    if isinstance(event, support.Events):
        return support.evolve(state, event)
    if isinstance(event, notes.Events):
        return notes.evolve(state, event)
    if isinstance(event, review.Events):
        return review.evolve(state, event)
    if isinstance(event, closing.Events):
        return closing.evolve(state, event)
    if isinstance(event, team.Events):
        return team.evolve(state, event)
    assert_never(event)


case = Decider(
    category="case",
    key="case",
    initial=Case(),
    decide=decide,
    evolve=evolve,
    commands=CaseCommands,
    events=CaseEvents,
)

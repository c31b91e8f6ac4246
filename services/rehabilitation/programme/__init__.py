"""Programme: one person's way from the request through plan and services to a life of their own, and a look back.

Each part of it has a file with its commands, its events, and what follows from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from services.rehabilitation.programme import admission, ending, plan, services
from services.rehabilitation.programme.record import Programme
from shared.decider import Decider

ProgrammeCommands = admission.Commands | plan.Commands | services.Commands | ending.Commands
ProgrammeEvents = admission.Events | plan.Events | services.Events | ending.Events


def decide(command: ProgrammeCommands, state: Programme) -> Sequence[ProgrammeEvents]:
    """What follows from a command."""
    if isinstance(command, admission.Commands):
        return admission.decide(command, state)
    if isinstance(command, plan.Commands):
        return plan.decide(command, state)
    if isinstance(command, services.Commands):
        return services.decide(command, state)
    if isinstance(command, ending.Commands):
        return ending.decide(command, state)
    assert_never(command)


def evolve(state: Programme, event: ProgrammeEvents) -> Programme:
    """What a programme is after an event."""
    if isinstance(event, admission.Events):
        return admission.evolve(state, event)
    if isinstance(event, plan.Events):
        return plan.evolve(state, event)
    if isinstance(event, services.Events):
        return services.evolve(state, event)
    if isinstance(event, ending.Events):
        return ending.evolve(state, event)
    assert_never(event)


programme = Decider(
    category="programme",
    key="programme",
    initial=Programme(),
    decide=decide,
    evolve=evolve,
    commands=ProgrammeCommands,
    events=ProgrammeEvents,
)

"""Tension: a conflict between residents, from the first sign through mediation or separation to its resolution.

What is said of somebody in it is theirs: each account is about one of the parties, and can be shredded alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from services.rehabilitation.tension import easing, ending, entries, signs
from services.rehabilitation.tension.record import Tension
from shared.decider import Decider

TensionCommands = signs.Commands | easing.Commands | ending.Commands | entries.Commands
TensionEvents = signs.Events | easing.Events | ending.Events | entries.Events


def decide(command: TensionCommands, state: Tension) -> Sequence[TensionEvents]:
    """What follows from a command."""
    if isinstance(command, signs.Commands):
        return signs.decide(command, state)
    if isinstance(command, easing.Commands):
        return easing.decide(command, state)
    if isinstance(command, ending.Commands):
        return ending.decide(command, state)
    if isinstance(command, entries.Commands):
        return entries.decide(command, state)
    assert_never(command)


def evolve(state: Tension, event: TensionEvents) -> Tension:
    """What a tension is after an event."""
    if isinstance(event, signs.Events):
        return signs.evolve(state, event)
    if isinstance(event, easing.Events):
        return easing.evolve(state, event)
    if isinstance(event, ending.Events):
        return ending.evolve(state, event)
    if isinstance(event, entries.Events):
        return entries.evolve(state, event)
    assert_never(event)


tension = Decider(
    category="tension",
    key="tension",
    initial=Tension(),
    decide=decide,
    evolve=evolve,
    commands=TensionCommands,
    events=TensionEvents,
)

"""Disappearance: somebody is missed, sought, and found; and what follows for those who wait.

Each part of it has a file with its commands, its events, and what follows from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from services.cases.disappearance import finding, reporting, search
from services.cases.disappearance.record import Disappearance
from shared.decider import Decider

DisappearanceCommands = reporting.Commands | search.Commands | finding.Commands
DisappearanceEvents = reporting.Events | search.Events | finding.Events


def decide(command: DisappearanceCommands, state: Disappearance) -> Sequence[DisappearanceEvents]:
    """What follows from a command."""
    if isinstance(command, reporting.Commands):
        return reporting.decide(command, state)
    if isinstance(command, search.Commands):
        return search.decide(command, state)
    if isinstance(command, finding.Commands):
        return finding.decide(command, state)
    assert_never(command)


def evolve(state: Disappearance, event: DisappearanceEvents) -> Disappearance:
    """What is kept of a disappearance after an event."""
    if isinstance(event, reporting.Events):
        return reporting.evolve(state, event)
    if isinstance(event, search.Events):
        return search.evolve(state, event)
    if isinstance(event, finding.Events):
        return finding.evolve(state, event)
    assert_never(event)


disappearance = Decider(
    category="disappearance",
    key="disappearance",
    initial=Disappearance(),
    decide=decide,
    evolve=evolve,
    commands=DisappearanceCommands,
    events=DisappearanceEvents,
)

"""Proceedings: the legal case of a person who is helped, from the mandate through hearings to outcome and compensation.

Each part has a file with its commands, its events, and what follows from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from services.rehabilitation.proceedings import assistance, ending, entries, hearings, mandate, notes
from services.rehabilitation.proceedings.record import Proceedings
from shared.decider import Decider

ProceedingsCommands = (
    mandate.Commands | hearings.Commands | assistance.Commands | notes.Commands | ending.Commands | entries.Commands
)
ProceedingsEvents = mandate.Events | hearings.Events | assistance.Events | notes.Events | ending.Events | entries.Events


def decide(command: ProceedingsCommands, state: Proceedings) -> Sequence[ProceedingsEvents]:
    """What follows from a command."""
    if isinstance(command, mandate.Commands):
        return mandate.decide(command, state)
    if isinstance(command, hearings.Commands):
        return hearings.decide(command, state)
    if isinstance(command, assistance.Commands):
        return assistance.decide(command, state)
    if isinstance(command, notes.Commands):
        return notes.decide(command, state)
    if isinstance(command, ending.Commands):
        return ending.decide(command, state)
    if isinstance(command, entries.Commands):
        return entries.decide(command, state)
    assert_never(command)


def evolve(state: Proceedings, event: ProceedingsEvents) -> Proceedings:
    """What proceedings are after an event."""
    if isinstance(event, mandate.Events):
        return mandate.evolve(state, event)
    if isinstance(event, hearings.Events):
        return hearings.evolve(state, event)
    if isinstance(event, assistance.Events):
        return assistance.evolve(state, event)
    if isinstance(event, notes.Events):
        return notes.evolve(state, event)
    if isinstance(event, ending.Events):
        return ending.evolve(state, event)
    if isinstance(event, entries.Events):
        return entries.evolve(state, event)
    assert_never(event)


proceedings = Decider(
    category="proceedings",
    key="proceedings",
    initial=Proceedings(),
    decide=decide,
    evolve=evolve,
    commands=ProceedingsCommands,
    events=ProceedingsEvents,
)

"""Watch: what really happened at a post in a year: who took over from whom, incidents, and calls to 112.

A shift belongs to the watch of the year in which it starts; its successor may be in the next one's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from services.rehabilitation.watch import incidents, turns
from services.rehabilitation.watch.record import Watch
from shared.decider import Decider

WatchCommands = turns.Commands | incidents.Commands
WatchEvents = turns.Events | incidents.Events


def decide(command: WatchCommands, state: Watch) -> Sequence[WatchEvents]:
    """What follows from a command."""
    if isinstance(command, turns.Commands):
        return turns.decide(command, state)
    if isinstance(command, incidents.Commands):
        return incidents.decide(command, state)
    assert_never(command)


def evolve(state: Watch, event: WatchEvents) -> Watch:
    """The watch after an event."""
    if isinstance(event, turns.Events):
        return turns.evolve(state, event)
    if isinstance(event, incidents.Events):
        return incidents.evolve(state, event)
    assert_never(event)


watch = Decider("watch", "book", Watch(), decide, evolve, WatchCommands, WatchEvents)

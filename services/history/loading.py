"""Loads a history through the bus, like anybody's commands. Loading again changes nothing, so a break is no loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID, uuid5

from services.history.steps import HISTORY, Step
from shared.bus import Bus
from shared.messages import Origin

Progress = Callable[[int], None]
"""Told of how many events came with each command."""


@dataclass(slots=True)
class Loaded:
    """What loading did."""

    commands: int = 0
    events: int = 0
    repeated: int = 0
    position: int = 0


def load(
    steps: Iterable[Step], bus: Bus, settle: Callable[[], object], progress: Progress = lambda events: None
) -> Loaded:
    """Send every step, in order; `settle` lets policies catch up where a step builds on what they did.

    Raises whatever a step is refused with: a history that does not load is a defect.
    """
    loaded = Loaded()
    for step in steps:
        if step.settle:
            settle()
        origin = Origin(
            step.actor,
            frozenset({step.role}),
            correlation_id=correlation_of(step.command_id),
            synthetic=step.synthetic,
        )
        receipt = bus.send(step.command, origin, command_id=step.command_id)
        loaded.commands += 1
        loaded.repeated += receipt.repeated
        loaded.events += 0 if receipt.repeated else len(receipt.events)
        loaded.position = max(loaded.position, receipt.position)
        progress(len(receipt.events))
    settle()
    return loaded


def correlation_of(command_id: UUID) -> UUID:
    """Follows from the command, so that loading again is the same to the byte."""
    return uuid5(HISTORY, f"correlation/{command_id}")

"""A policy turns an event, often another context's, into commands of its own context.

    class ReferralBecomesProgramme(Policy):
        name = "referral_becomes_programme"

        @on(ReferralMade)                                   # a View of cases.ReferralMade
        def request(self, e: Recorded[ReferralMade]) -> Iterable[Command | Deadline]:
            yield RequestProgramme(...)

However often the event is delivered, each command takes effect once: its id follows from the event's. Events
reach a policy sealed: what it passes on is codes and ids. A command that
a rule refuses is parked where a person sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid5

from shared.codec import Recorded
from shared.messages import Command, Stored
from shared.projections.declaration import attributes_of, on

__all__ = ["Cancel", "Deadline", "Policy", "on", "policy_command_id"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """Send `command` at `due`, unless cancelled before. Survives restarts; fires once; a missed one fires late."""

    key: str  # one deadline per key: a new one replaces it
    due: datetime
    command: Command


@dataclass(frozen=True, slots=True)
class Cancel:
    """The deadline of this key is no longer needed."""

    key: str


Reaction = Command | Deadline | Cancel


class Policy:
    """Reactions to events. `name` is part of the ids of its commands: never rename one that has shipped.

    One that says `in_any_order` depends on no event's coming before another, and sets no deadlines: several processes
    may share its events.
    """

    name: ClassVar[str]
    in_any_order: ClassVar[bool] = False

    def handlers(self) -> dict[str, tuple[type[Stored], Callable[[Recorded[Any]], Iterable[Reaction]]]]:
        """Stored type -> the class to decode it as, and the method that reacts."""
        return {
            cls.type_name: (cls, method.__get__(self))
            for method in attributes_of(type(self))
            for cls in getattr(method, "_on", ())
        }


def policy_command_id(event_id: UUID, policy: str, index: int) -> UUID:
    """The id of a policy's command: the same for the same event, however often it is delivered."""
    return uuid5(event_id, policy if index == 0 else f"{policy}/{index}")

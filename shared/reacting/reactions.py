"""What a policy makes of an event: commands with their ids and origin, and what happens to deadlines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.codec import Recorded, decode
from shared.errors import CommandIdReused, Conflict, Unavailable
from shared.eventstore.port import RecordedEvent
from shared.messages import Command, Origin, Role, Stored
from shared.policies import Cancel, Deadline, Reaction, policy_command_id
from shared.reacting.books import SetDeadline, set_by

Handlers = Mapping[str, tuple[type[Stored], Callable[[Recorded[Any]], Iterable[Reaction]]]]

GRACE_SECONDS = 60  # a deadline that fires later than this says how late it was


def reactions(handlers: Handlers, raw: RecordedEvent) -> tuple[Recorded[Any], list[Reaction]]:
    """The event as the policy meets it, and all that follows from it.

    All of it, before any is carried out: a policy that fails half-way has done nothing.
    """
    cls, react = handlers[raw.type]
    e: Recorded[Any] = Recorded(decode(raw, cls), raw)
    return e, list(react(e))


def commands(policy: str, e: Recorded[Any], found: Iterable[Reaction]) -> list[tuple[UUID, Command]]:
    """The commands among them, with the ids that they have however often the event comes."""
    sent = [reaction for reaction in found if isinstance(reaction, Command)]
    return [(policy_command_id(e.id, policy, index), command) for index, command in enumerate(sent)]


def deadlines(policy: str, e: Recorded[Any], found: Iterable[Reaction]) -> dict[str, SetDeadline | None]:
    """What happens to deadlines, by key. History that is loaded sets none: their time was long ago."""
    changed: dict[str, SetDeadline | None] = {}
    for reaction in found:
        match reaction:
            case Deadline():
                deadline = set_by(policy, reaction, e)
                if not e.metadata.synthetic:
                    changed[reaction.key] = deadline
            case Cancel():
                changed[reaction.key] = None
    return changed


def origin_of(policy: str, e: Recorded[Any]) -> Origin:
    """Who sends a command that follows from `e`: the policy, in the same correlation."""
    return Origin(
        f"policy:{policy}",
        frozenset({Role.POLICY}),
        correlation_id=e.metadata.correlation_id,
        causation_id=e.id,
        synthetic=e.metadata.synthetic,
    )


def origin_of_deadline(deadline: SetDeadline, now: datetime) -> Origin:
    """Who sends the command of a deadline, and how late it is."""
    late = int((now - deadline.due).total_seconds())
    return Origin(
        f"policy:{deadline.policy}",
        frozenset({Role.POLICY}),
        correlation_id=UUID(deadline.correlation_id),
        causation_id=UUID(deadline.event_id),
        late_seconds=late if late > GRACE_SECONDS else None,
    )


def passes(error: Exception) -> bool:
    """Whether the same command may succeed later. An id that was used for something else never will."""
    return isinstance(error, Unavailable | Conflict) and not isinstance(error, CommandIdReused)

"""How policies stand, for people: what each has read, what it waits for, and what was parked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.messages import Id, Origin, Query, Role
from shared.reacting.runner import PolicyRunner

READERS = [Role.SUPERVISOR, Role.ADMINISTRATOR]


class ParkedReaction(BaseModel):
    """A reaction that cannot succeed by itself: codes and ids only."""

    model_config = ConfigDict(frozen=True)

    id: Id = Field(description="What `forgetmenot policies retry` takes")
    policy: str
    event_id: Id
    position: int = Field(description="The event that it reacts to")
    command: str | None = Field(description="What was refused; none where the policy itself failed")
    error: str
    rule: str | None


class ParkedReactions(BaseModel):
    """Everything that waits for a person, in the order of the log."""

    model_config = ConfigDict(frozen=True)

    parked: tuple[ParkedReaction, ...]


class ListParkedReactions(Query[ParkedReactions], context="audit", route="GET /policies/parked", roles=READERS):
    """What policies wanted to do and a rule refused, for a person to look at."""


def parked(runner: PolicyRunner) -> ParkedReactions:
    """Everything that is parked."""
    found = sorted((one for policy in runner.status() for one in policy.parked), key=lambda one: one.position)
    return ParkedReactions(
        parked=tuple(
            ParkedReaction(
                id=one.id,
                policy=one.policy,
                event_id=one.event_id,
                position=one.position,
                command=one.command,
                error=one.error,
                rule=one.rule,
            )
            for one in found
        )
    )


def queries(runner: PolicyRunner) -> dict[type[Query[Any]], Callable[[Any, Origin], Any]]:
    """What answers the query above."""
    return {ListParkedReactions: lambda query, origin: parked(runner)}

"""The guard before the commands of people: what somebody may not know of is not there for them to change either."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from services.cases.message import RequestMessage
from services.gateway.team_sight import BY_TEAM, EVERY_CASE
from shared.context import Registry
from shared.errors import NotFound
from shared.handling import CommandHandler, Then
from shared.messages import Command, Origin, Receipt
from shared.projections.read_models import ReadModels

NAMED: dict[type[Command], tuple[str, ...]] = {RequestMessage: ("case", "person", "about")}
"""What a command names besides the record that it is for, where its fate would tell of that."""


class Guarded:
    """Carries out commands. One for a record that its sender may not know of is answered as if it were not there."""

    def __init__(self, handler: CommandHandler, registry: Registry, read_models: Callable[[], ReadModels]) -> None:
        self._handler = handler
        self._registry = registry
        self._read_models = read_models

    def handle(self, command: Command, origin: Origin, *, command_id: UUID, expected: int | None = None) -> Receipt:
        """See `CommandHandler.handle`."""
        if named := self._looked_for(command, origin):
            self._must_know_of(named, command, origin, command_id)
        return self._handler.handle(command, origin, command_id=command_id, expected=expected)

    def begin(
        self, command: Command, origin: Origin, then: Then, *, command_id: UUID, expected: int | None = None
    ) -> bool:
        """See `CommandHandler.begin`. To look whether somebody may know of a record takes a read."""
        if self._looked_for(command, origin):
            return False
        return self._handler.begin(command, origin, then, command_id=command_id, expected=expected)

    def _looked_for(self, command: Command, origin: Origin) -> list[str]:
        """The records of which its sender must be known to know."""
        if type(command).context not in BY_TEAM or not EVERY_CASE.isdisjoint(origin.roles):
            return []
        decider = self._registry.decider_for(command)
        key = () if decider.key in type(command).new_ids() else (decider.key,)
        return [thing for field in (*key, *NAMED.get(type(command), ())) if (thing := getattr(command, field))]

    def _must_know_of(self, things: list[str], command: Command, origin: Origin, command_id: UUID) -> None:
        models = self._read_models()
        # Whether somebody was let in a moment ago, only a read model that has seen everything can say.
        if models.hides(things, origin) and models.hides(things, origin, self._handler.store.head()):
            decider = self._registry.decider_for(command)
            decider.decide(command.stamped(command_id, origin.actor, self._handler.clock()), decider.initial)
            raise NotFound("There is no such record.")

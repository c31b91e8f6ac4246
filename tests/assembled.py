"""A whole installation in one folder, brought up to date by hand: real log, real vault, real read models."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from shared.bus import DirectBus
from shared.context import Context, Registry
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.messages import Command, Event, Origin, Query, Receipt, Role
from shared.privacy.vault import AesGcmVault
from shared.projections.engine import read_model_engine
from shared.projections.projector import Projector
from shared.projections.read_models import ReadModels
from shared.reacting.runner import PolicyRunner
from tests.recording import stored


class Assembled:
    """Commands go in with a role; questions are answered once everything has caught up."""

    def __init__(self, folder: Path, contexts: Iterable[Context]) -> None:
        contexts = tuple(contexts)
        self.now = datetime(2008, 12, 1, 10, 0, tzinfo=UTC)
        self.store = open_store(folder / "log")
        self.vault = AesGcmVault.in_memory()
        self.registry = Registry(contexts)
        self.engine = read_model_engine(folder / "read-models.db")
        self.projections = [one.opening_with(self.vault) for context in contexts for one in context.projections]
        handler = CommandHandler(self.store, self.registry, self.vault, clock=lambda: self.now)
        self.projector = Projector(self.store, self.engine, self.projections)
        self.read_models = ReadModels(self.engine, self.projections, self.vault)
        self.bus = DirectBus(handler, self.read_models.ask)
        policies = [policy for context in contexts for policy in context.policies]
        self.policies = PolicyRunner(self.store, self.engine, policies, self._react, clock=lambda: self.now)

    def _react(self, command: Command, origin: Origin, command_id: Any) -> Receipt:
        return self.bus.send(command, origin, command_id=command_id)

    def send(self, command: Command, role: Role, *, actor: str = "w-1", **origin: Any) -> Receipt:
        """Send a command as somebody in this role."""
        return self.bus.send(command, Origin(actor, frozenset({role}), **origin), command_id=uuid4())

    def record(self, stream: str, *events: Event, synthetic: bool = False) -> None:
        """Store facts as they stand, whatever the rules would say: for read models, which only count."""
        facts = [("w-1", stream, event) for event in events]
        self.store.append(stream, [one for _, one in stored(facts, self.vault, at=self.now, synthetic=synthetic)])

    def settle(self) -> None:
        """Policies have reacted to all there is, and to what came of that."""
        before = -1
        while before != (before := self.store.head()):
            self.policies.catch_up()

    def ask(self, query: Query[Any], role: Role) -> Any:
        """Ask as somebody in this role, once the read models have caught up."""
        self.projector.catch_up()
        return self.bus.ask(query, Origin("w-9", frozenset({role}))).answer

    def close(self) -> None:
        """Let go of the log and the read models."""
        self.store.close()
        self.engine.dispose()

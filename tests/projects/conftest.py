"""The context over a real log, with its read models and policies run to the end after each command."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from services.projects import context
from services.projects.grant import grant
from services.projects.grant.state import Grant
from shared.bus import DirectBus
from shared.context import Registry
from shared.eventstore.port import NewEvent, StreamState
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.messages import Command, Origin, Query, Receipt, Role
from shared.metadata import Metadata
from shared.privacy.vault import AesGcmVault
from shared.projections.engine import read_model_engine
from shared.projections.projector import Projector
from shared.projections.read_models import ReadModels
from shared.reacting.runner import PolicyRunner

ACCOUNTANT = Origin("acc-1", frozenset({Role.ACCOUNTANT, Role.PROJECT_MANAGER}))
NOW = datetime(2008, 10, 2, 10, 0, tzinfo=UTC)


class Office:
    """The centre's books. Every command is a minute later than the one before."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        vault = AesGcmVault.in_memory()
        self.store = open_store(folder / "log")
        engine = read_model_engine(folder / "read-models.db")
        self.handler = CommandHandler(self.store, Registry([context]), vault, clock=lambda: self.now)
        self.projector = Projector(self.store, engine, context.projections)
        self.read_models = ReadModels(engine, context.projections, vault, may_see=lambda origin, place: True)
        self.bus = DirectBus(self.handler, self.read_models.ask)
        self.policies = self._policies(engine)
        self._folder = folder

    def _policies(self, engine: Engine) -> PolicyRunner:
        return PolicyRunner(
            self.store,
            engine,
            context.policies,
            lambda command, origin, id: self.bus.send(command, origin, command_id=id),
            clock=lambda: self.now,
        )

    def forget_what_policies_have_read(self) -> None:
        """As after losing their books: every event is delivered again."""
        self.policies = self._policies(read_model_engine(self._folder / "other-books.db"))

    def do(self, *commands: Command, synthetic: bool = False) -> Receipt:
        """Send commands, and let everything follow that follows. Gives the last one's receipt."""
        origin = Origin(ACCOUNTANT.actor, ACCOUNTANT.roles, synthetic=synthetic)
        for command in commands:
            self.now += timedelta(minutes=1)
            receipt = self.bus.send(command, origin, command_id=uuid4())
        self.settle()
        return receipt

    def settle(self) -> None:
        """Policies and read models reach the end of the log, the policies' own commands included."""
        while True:
            head = self.store.head()
            self.policies.catch_up()
            if self.store.head() == head:
                break
        assert not [parked for one in self.policies.status() for parked in one.parked]
        self.projector.catch_up()

    def ask(self, query: Query[Any], role: Role = Role.ACCOUNTANT) -> Any:
        """What a query answers."""
        return self.bus.ask(query, Origin("somebody", frozenset({role})), wait_for=self.store.head()).answer

    def state_of_grant(self, key: str) -> Grant:
        """A grant as its rules see it."""
        state: Grant = self.handler.load(grant, f"grant-{key}").state
        return state

    def hear(self, type_name: str, data: bytes, stream: str) -> None:
        """An event of another context happens."""
        metadata = Metadata(
            version=1,
            command=type_name,
            command_id=uuid4(),
            correlation_id=uuid4(),
            causation_id=None,
            actor="w-1",
            roles=(Role.CAMPAIGNER,),
            recorded_at=self.now,
            fingerprint="",
        )
        self.store.append(stream, [NewEvent(uuid4(), type_name, data, metadata.to_json())], StreamState.ANY)
        self.settle()

    def close(self) -> None:
        """Let go of the log."""
        self.store.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    yield opened
    opened.close()

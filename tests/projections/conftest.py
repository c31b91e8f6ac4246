"""A house with a log, read models over it, and a hand on both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, inspect, text

from shared.context import Registry
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.messages import Command
from shared.privacy.vault import AesGcmVault
from shared.projections.declaration import Projection
from shared.projections.engine import read_model_engine
from shared.projections.projector import Projector
from shared.projections.read_models import ReadModels
from tests.projections.shelter_log import WORKER, shelter
from tests.servers.databases import own_url
from tests.servers.fixtures import database as database


class House:
    """A log and a database of read models in one folder."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.folder = folder
        self.store = open_store(folder / "log")
        self.vault = AesGcmVault.in_memory()
        self.handler = CommandHandler(self.store, Registry([shelter]), self.vault)
        self.url = url or str(folder / "read" / "read.db")
        self.engine: Engine = read_model_engine(self.url)

    def do(self, *commands: Command) -> int:
        """Carry out commands; the position of the last."""
        position = 0
        for command in commands:
            position = self.handler.handle(command, WORKER, command_id=uuid4()).position
        return position

    def projector(self, *projections: Projection) -> Projector:
        """A projector as after a restart."""
        return Projector(self.store, self.engine, projections)

    def models(self, *projections: Projection, **more: Any) -> ReadModels:
        """What answers."""
        return ReadModels(self.engine, projections, self.vault, **more)

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        """What the live generation of a table holds, in order."""
        (table,) = [one for one in self.tables() if one.rpartition("__")[0] == name]
        with self.engine.connect() as connection:
            return sorted(map(tuple, connection.execute(text(f"SELECT * FROM {table}"))))

    def tables(self) -> Sequence[str]:
        """The tables of all generations."""
        found = inspect(self.engine).get_table_names()
        return [name for name in found if name.rpartition("__")[2].isdigit()]

    def close(self) -> None:
        """Let go of the files."""
        self.store.close()
        self.engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    """A house with an empty log, its read models in either database."""
    url = own_url(request.getfixturevalue("database")) if request.param == "postgres" else None
    house = House(tmp_path, url)
    yield house
    house.close()

"""Every read model comes to the same rows on PostgreSQL as on SQLite, and says the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, MetaData, Table, select

from services.analytics.report import ReportActivity
from services.gateway.installation import Installation
from services.history.loading import load
from services.history.source import the_source
from services.projects.projections.questions import ShowPortfolio
from shared.eventstore.port import NewEvent
from shared.messages import Origin, Query, Role
from shared.projections.engine import read_model_engine
from shared.projections.generations import stored_tables
from shared.projections.projector import Projector
from shared.projections.read_models import ReadModels
from shared.settings import Settings
from tests.servers.databases import own_url
from tests.servers.fixtures import database as database
from tests.servers.running import Server

SUPERVISOR = Origin("w-1", frozenset({Role.SUPERVISOR}))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The history, with SQLite read models."""
    folder = tmp_path_factory.mktemp("history")
    with Installation(Settings(data_dir=folder)) as installation:
        load(the_source(), installation.bus(), installation.settle(), lambda _: None)
        installation.projector().catch_up()
        yield installation


@pytest.fixture(scope="module")
def on_postgres(installation: Installation, database: Server) -> Iterator[Engine]:
    """The same log, taken in by PostgreSQL."""
    engine = read_model_engine(own_url(database))
    Projector(installation.store, engine, installation.projections).catch_up()
    yield engine
    engine.dispose()


def rows(engine: Engine, table: Table) -> list[tuple[Any, ...]]:
    """All rows, in the order of their text: two databases agree on no other."""
    with engine.connect() as connection:
        return sorted(map(tuple, connection.execute(select(table))), key=repr)


def test_every_table_holds_the_same_rows(installation: Installation, on_postgres: Engine) -> None:
    here = {row.name: row.generation for row in installation.projector().status()}
    there = {row.name: row for row in Projector(installation.store, on_postgres, installation.projections).status()}
    filled = 0
    for projection in installation.projections:
        assert there[projection.name].state == "live" and there[projection.name].lag == 0
        ours = stored_tables(projection, here[projection.name])
        theirs = stored_tables(projection, there[projection.name].generation)
        for name in ours:
            found = rows(installation.engine, ours[name])
            assert rows(on_postgres, theirs[name]) == found, name
            filled += bool(found)
    assert filled > 40  # else this compared nothing


@pytest.mark.parametrize(
    "query",
    [ReportActivity.model_validate({"from": "2004-01-01", "to": "2008-12-31"}), ShowPortfolio()],
    ids=lambda query: type(query).__name__,
)
def test_questions_are_answered_alike(installation: Installation, on_postgres: Engine, query: Query[Any]) -> None:
    there = ReadModels(on_postgres, installation.projections, installation.vault)
    assert there.ask(query, SUPERVISOR) == installation.read_models.ask(query, SUPERVISOR)


def test_read_models_ahead_of_a_log_that_was_put_back_are_made_anew(tmp_path: Path, database: Server) -> None:
    url = own_url(database)
    with Installation(Settings(data_dir=tmp_path / "later", read_models_url=url)) as later:
        later.store.append("note-1", [NewEvent(uuid4(), "notes.Noted", b"{}", b"{}")])
        later.projector().catch_up()
        tables = MetaData()
        tables.reflect(later.engine)
        assert tables.tables
    with Installation(Settings(data_dir=tmp_path / "earlier", read_models_url=url)) as earlier:
        left = MetaData()
        left.reflect(earlier.engine)
        assert left.tables.keys() <= {"followed_log"}
        earlier.projector().catch_up()
        assert {row.position for row in earlier.projection_status()} == {0}

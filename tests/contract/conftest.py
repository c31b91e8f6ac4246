"""The stores that the contract suite runs on. To add one, see shared/eventstore/README.md."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from shared.eventstore.agent.client import AgentLog, open_agent
from shared.eventstore.asynchronous import open_async
from shared.eventstore.kurrent.store import open_cluster
from shared.eventstore.port import EventStore
from shared.eventstore.sqlite import open_store
from tests.contract.apart import Apart
from tests.contract.looped import Looped
from tests.eventstore.processes import own, serving
from tests.kurrent.offsets import offsets
from tests.node.running import running

Opening = Callable[[Path, pytest.FixtureRequest], AbstractContextManager[EventStore]]


@contextmanager
def owner(folder: Path, request: pytest.FixtureRequest) -> Iterator[EventStore]:
    """The embedded log, owned by the process of the test."""
    with open_store(folder) as store:
        assert store.describe().role == "owner"
        yield store


@contextmanager
def attached(folder: Path, request: pytest.FixtureRequest) -> Iterator[EventStore]:
    """The embedded log, owned by another process."""
    own(request.getfixturevalue("owning_process"), folder)
    with open_store(folder) as store:
        assert store.describe().role == "attached"
        yield store


@contextmanager
def node(folder: Path, request: pytest.FixtureRequest) -> Iterator[EventStore]:
    """A node on a port of loopback, reached by the cluster's adapter."""
    with running(folder) as served, open_cluster(served.address) as store:
        yield store


@contextmanager
def offset_positions(folder: Path, request: pytest.FixtureRequest) -> Iterator[EventStore]:
    """The same, with positions as a real server has them."""
    with (
        running(folder) as served,
        offsets(served.port) as port,
        open_cluster(f"esdb://127.0.0.1:{port}?tls=false") as store,
    ):
        yield store


@contextmanager
def agent(folder: Path, request: pytest.FixtureRequest) -> Iterator[EventStore]:
    """A node through the store agent: a process of its own, reached over a unix socket."""
    yield Apart(request.getfixturevalue("agents").one())


@contextmanager
def looped(folder: Path, request: pytest.FixtureRequest) -> Iterator[EventStore]:
    """The node through the adapter, as a program on asyncio has it."""
    with running(folder) as served, Looped(asyncio.run(open_async(served.address))) as store:
        yield store


@contextmanager
def server(folder: Path, request: pytest.FixtureRequest) -> Iterator[EventStore]:
    """The server that EVENTSTORE_URI names, whatever else is in it."""
    with open_cluster(os.environ["EVENTSTORE_URI"]) as store:
        yield Apart(store)


IMPLEMENTATIONS: dict[str, Opening] = {
    "owner": owner,
    "attached": attached,
    "node": node,
    "offsets": offset_positions,
    "agent": agent,
    "asyncio": looped,
}
if os.environ.get("EVENTSTORE_URI"):
    IMPLEMENTATIONS["server"] = server


@pytest.fixture(scope="session")
def owning_process() -> Iterator[subprocess.Popen[str]]:
    """One process that owns the logs of all tests that attach."""
    with serving() as process:
        yield process


class Agents:
    """An agent that stays from test to test, until one of them closes it."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._store: AgentLog | None = None

    def one(self) -> AgentLog:
        """An open one."""
        if self._store is None or self._store.closed:
            self._store = open_agent(self._where)
        return self._store

    def close(self) -> None:
        """End the last one."""
        if self._store:
            self._store.close()


@pytest.fixture(scope="session")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agents]:
    """Agents of one node: one of ours, or where this process may not have one, one that is told."""
    if told := os.environ.get("AGENT_STORE_OF_TESTS"):
        with closing(Agents(told)) as opened:
            yield opened
        return
    with running(tmp_path_factory.mktemp("agents") / "log") as node, closing(Agents(node.address)) as opened:
        yield opened


@pytest.fixture(params=IMPLEMENTATIONS.values(), ids=IMPLEMENTATIONS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventStore]:
    """An empty store of each kind."""
    with request.param(tmp_path / "log", request) as opened:
        yield opened

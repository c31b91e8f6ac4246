"""One node for the tests that need no other, and the real client; streams of their own keep tests apart."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from kurrentdbclient import KurrentDBClient, NewEvent

from tests.node.running import RunningNode, connected, running


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    with running(tmp_path_factory.mktemp("node") / "log") as started:
        yield started


@pytest.fixture(scope="session")
def shared_client(node: RunningNode) -> Iterator[KurrentDBClient]:
    with connected(node) as client:
        yield client


@pytest.fixture
def client(shared_client: KurrentDBClient) -> KurrentDBClient:
    """The official-protocol Python client, connected to the shared node."""
    return shared_client


@pytest.fixture
def stream() -> str:
    """A stream that nobody else has."""
    return f"account-{uuid4()}"


def an_event(number: int = 0, **changes: object) -> NewEvent:
    """A new event that says `number`."""
    return NewEvent(
        **{"type": "Deposited", "data": b'{"number": %d}' % number, "metadata": b'{"by": "test"}', **changes}
    )  # type: ignore[arg-type]


def some(count: int) -> list[NewEvent]:
    """`count` new events, numbered from 0."""
    return [an_event(number) for number in range(count)]

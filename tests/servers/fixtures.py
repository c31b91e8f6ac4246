"""`broker` and `database`: one of each for the session of a test process, started when first asked for.

A module that uses them imports them. Where they are not installed its tests are skipped by name; in CI they fail.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.gateway.distributed.private_servers import PrivateServer, postgres, rabbitmq
from shared.errors import Unavailable
from tests.servers.running import Server, running_or_installed


@pytest.fixture(scope="session")
def broker() -> Iterator[Server]:
    """A RabbitMQ of our own."""
    yield from _server(rabbitmq)


@pytest.fixture(scope="session")
def database() -> Iterator[Server]:
    """A PostgreSQL of our own."""
    yield from _server(postgres)


def _server(make: Callable[[Path], PrivateServer]) -> Iterator[Server]:
    with ExitStack() as started:
        try:
            server = started.enter_context(running_or_installed(make))
        except Unavailable as missing:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(missing))
        yield server

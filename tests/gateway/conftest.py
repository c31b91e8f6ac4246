"""The API over a real log, behind a real server on loopback. A module shares one; each test makes its own records."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from typing import Any

import httpx
import orjson
import pytest
import structlog
import uvicorn
from fastapi import FastAPI

from services.gateway.http import create_app
from shared.logging import configure_logging
from shared.messages import Role
from shared.settings import Settings
from tests.gateway.visits import World, context

Headers = dict[str, str]
Bearer = Callable[..., Headers]


@contextmanager
def serving(app: FastAPI) -> Iterator[int]:
    """A real server of `app` on a free port of loopback, until the block ends."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, access_log=False, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive(), "the server did not start"
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("world"))
    yield world
    world.close()


@pytest.fixture(scope="module")
def app(world: World) -> FastAPI:
    return create_app(
        world.bus, [context], world.tokens, readiness=lambda: world.not_ready, settings=Settings(threads=8)
    )


@pytest.fixture(scope="module")
def port(app: FastAPI) -> Iterator[int]:
    with serving(app) as port:
        yield port


@pytest.fixture(scope="module")
def api(port: int) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


@pytest.fixture(scope="module")
def bearer(world: World) -> Bearer:
    """The header of a caller in these roles: `bearer("caseworker")`."""

    def header(*roles: str, actor: str = "w-1", life: timedelta = timedelta(hours=1)) -> Headers:
        token = world.tokens.issue(actor, [Role(role) for role in roles or ("caseworker",)], life)
        return {"Authorization": f"Bearer {token}"}

    return header


class Log:
    """Everything that was logged. A request's own line is written after its answer, so it is waited for."""

    def __init__(self) -> None:
        self.stream = StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def line_of(self, correlation_id: str) -> dict[str, Any]:
        """The line that the access log has of this request, once it is there."""
        deadline = time.monotonic() + 30
        while True:
            for line in map(orjson.loads, self.text.splitlines()):
                if line["event"] == "request" and line["correlation_id"] == correlation_id:
                    return line  # type: ignore[no-any-return]
            assert time.monotonic() < deadline, self.text
            time.sleep(0.005)


@pytest.fixture
def log() -> Iterator[Log]:
    root = logging.getLogger()
    before = (root.handlers, root.level, warnings.showwarning, threading.excepthook)
    before_structlog: dict[str, Any] = structlog.get_config()
    written = Log()
    configure_logging("json", "DEBUG", written.stream)
    yield written
    root.handlers, level, warnings.showwarning, threading.excepthook = before
    root.setLevel(level)
    logging.raiseExceptions = True
    structlog.configure(**before_structlog)

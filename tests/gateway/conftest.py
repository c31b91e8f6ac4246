"""The API over a real log, spoken to in process; `server` speaks to it over a real socket."""

from __future__ import annotations

import asyncio
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import uvicorn
from starlette.testclient import TestClient

from services.gateway.http import create_app
from shared.logging import configure_logging
from shared.messages import Role
from shared.settings import Settings
from tests.gateway.visits import World, context


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "data")
    yield world
    world.close()


@pytest.fixture
def app(world: World) -> Any:
    settings = Settings(threads=8)
    return create_app(world.bus, [context], world.tokens, readiness=dict, settings=settings)


@pytest.fixture
def api(app: Any) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def bearer(world: World) -> Callable[..., dict[str, str]]:
    """The header of a caller in these roles: `bearer("caseworker")`."""

    def header(*roles: str, actor: str = "w-1", life: timedelta = timedelta(hours=1)) -> dict[str, str]:
        token = world.tokens.issue(actor, [Role(role) for role in roles or ("caseworker",)], life)
        return {"Authorization": f"Bearer {token}"}

    return header


@pytest.fixture
def log_lines() -> Iterator[StringIO]:
    """Everything that is logged, in JSON."""
    root = logging.getLogger()
    before = (root.handlers, root.level, warnings.showwarning, threading.excepthook)
    stream = StringIO()
    configure_logging("json", "DEBUG", stream)
    yield stream
    root.handlers, level, warnings.showwarning, threading.excepthook = before
    root.setLevel(level)
    logging.raiseExceptions = True
    structlog.reset_defaults()


@pytest.fixture
def server(app: Any) -> Iterator[httpx.Client]:
    """A real server on a free port of loopback, and a client of it."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, access_log=False, log_config=None, lifespan="on")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(running.serve()))
    thread.start()
    try:
        while not running.started:
            thread.join(0.01)
            assert thread.is_alive(), "the server did not start"
        port = running.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        running.should_exit = True
        thread.join()

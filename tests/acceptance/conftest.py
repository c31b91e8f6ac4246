"""One real server with the history data set for the whole session; tests make records of their own in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.serving import Api, Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`forgetmenot serve --with-history`, ready."""
    started = Server(tmp_path_factory.mktemp("serve"), "--with-history")
    started.start()
    try:
        started.wait_until_ready()
        yield started
    finally:
        started.close()


@pytest.fixture(scope="session")
def api(server: Server) -> Iterator[Api]:
    """Speaks to it."""
    speaking = Api(server)
    yield speaking
    speaking.close()


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[Server]:
    """A server of a test's own on an empty folder, not started."""
    own = Server(tmp_path)
    yield own
    own.close()

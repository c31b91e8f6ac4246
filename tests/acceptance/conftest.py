"""One real server with the history data set for the whole session; tests make records of their own in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.serving import Api, Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`forgetmenot serve --with-history`, ready. It was killed once while it loaded, and started again."""
    started = Server(tmp_path_factory.mktemp("serve"), "--with-history", LOG_LEVEL="DEBUG")
    started.start()
    try:
        begun = [started.data / "history.loading", started.data / "log" / "log.db"]
        started.eventually(lambda: started.is_up() and all(path.exists() for path in begun), "it did not begin to load")
        started.kill()
        assert begun[0].exists()
        started.start()
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

"""Which tests run in one worker, because they share something that takes long to start.

xdist's own `loadgroup` marks tests by a suffix of their ids, which pytest no longer lets it set: the groups are named
here, by path, for whoever runs `pytest -n 2 --dist loadgroup`.
"""

from __future__ import annotations

import os

os.environ["COLUMNS"] = "200"  # read when the console is made: what tests look for is not to be folded

from typing import Any

import pytest

GROUPS = {
    "tests/acceptance/test_running.py": "servers that are started and killed",
    "tests/acceptance/test_restoring.py": "servers that are started and killed",
    "tests/acceptance/": "the server with the history",
    "tests/node/test_javascript.py": "one process installs the client",
}
"""The first that a test's id starts with is its group; a test that is in none goes where there is room."""


def group_of(nodeid: str) -> str:
    """The name of the test's group, or its own id."""
    return next((group for start, group in GROUPS.items() if nodeid.startswith(start)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The scheduler of `--dist loadgroup`."""
    if config.getoption("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Grouped(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Grouped(config, log)

"""Which store the servers of the acceptance tests have: their own log, or a node beside each of them.

`ACCEPTANCE_STORE=node` gives every server a node of its own on its log's folder, and EVENTSTORE_URI to reach it: the
whole suite then runs over EventStoreDB's protocol. The node runs as long as the server does, and for every command.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ON_A_NODE = os.environ.get("ACCEPTANCE_STORE") == "node"
COMMAND = str(Path(sys.executable).with_name("forgetmenot"))

embedded_only = pytest.mark.skipif(ON_A_NODE, reason="about the log in the data folder")


class NoStore:
    """Nothing beside the server: it has its own log."""

    environment: dict[str, str] = {}  # noqa: RUF012

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def kill(self) -> bool:
        """As a power cut does, and start it again; False if there is nothing beside the server."""
        return False

    @contextmanager
    def running(self) -> Iterator[None]:
        yield


class NodeBeside(NoStore):
    """A node on the log's folder of a server."""

    def __init__(self, data: Path, port: int) -> None:
        self._command = [COMMAND, "node", "--insecure", "--port", str(port), "--data", str(data / "log")]
        self._process: subprocess.Popen[str] | None = None
        self.environment = {"EVENTSTORE_URI": f"esdb://127.0.0.1:{port}?tls=false"}

    def start(self) -> None:
        """Start it unless it runs, and wait until it serves."""
        if self._process is None:
            self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True, start_new_session=True)
            assert self._process.stdout and "Serving" in self._process.stdout.readline()

    def stop(self) -> None:
        """End it in order."""
        if self._process:
            self._process.terminate()
            self._process.communicate(timeout=60)
            self._process = None

    def kill(self) -> bool:
        """See `NoStore.kill`."""
        assert self._process is not None
        self._process.kill()
        self._process.communicate()
        self._process = None
        self.start()
        return True

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have it run for a while."""
        was = self._process
        self.start()
        try:
            yield
        finally:
            if was is None:
                self.stop()


def store_beside(data: Path, port: int, *, on_a_node: bool = ON_A_NODE) -> NoStore:
    """What the server on `data` has for a store."""
    return NodeBeside(data, port) if on_a_node else NoStore()

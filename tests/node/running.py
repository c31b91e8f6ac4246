"""A node in a thread of the test's own process, and one in a process of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from kurrentdbclient import KurrentDBClient

from shared.eventstore.node.node import Node, NodeSettings

T = TypeVar("T")


class RunningNode:
    """A node that serves until `stop`. `run` has its event loop do something."""

    def __init__(self, settings: NodeSettings) -> None:
        self.settings = settings
        self.node = Node(settings)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="node", daemon=True)
        self._thread.start()
        try:
            self.run(self.node.start())
        except BaseException:
            self._end()
            raise

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.node.port

    @property
    def address(self) -> str:
        """The connection string of an insecure node."""
        return f"kdb://127.0.0.1:{self.port}?Tls=false"

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns, done by the node's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def stop(self) -> None:
        """End it, and wait for that."""
        try:
            self.run(self.node.stop())
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def running(folder: Path, **settings: Any) -> Iterator[RunningNode]:
    """A node on `folder`, on a port of its own."""
    node = RunningNode(NodeSettings(folder, port=0, **settings))
    try:
        yield node
    finally:
        node.stop()


@contextmanager
def connected(node: RunningNode) -> Iterator[KurrentDBClient]:
    """The client, connected to an insecure node."""
    with KurrentDBClient(node.address) as client:
        yield client

"""A node in the test's own process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kurrentdbclient import KurrentDBClient

from shared.eventstore.node.node import NodeSettings
from shared.eventstore.node.serving import Serving


class RunningNode(Serving):
    """A node on a port of its own."""

    @property
    def address(self) -> str:
        """The connection string of an insecure node."""
        return f"kdb://127.0.0.1:{self.port}?Tls=false"

    def on_loop_fault(self, told: Callable[[str], None]) -> None:
        """Have `told` called with whatever goes wrong on the node's event loop without anybody awaiting it."""
        self._loop.call_soon_threadsafe(
            self._loop.set_exception_handler, lambda loop, context: told(f"{context.get('message')} {context}")
        )


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

"""A node in a thread of its own, with its own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from threading import Thread
from typing import Any, TypeVar

from shared.eventstore.node.node import Node, NodeSettings

T = TypeVar("T")

_PATIENCE_SECONDS = 30.0


class Serving:
    """A node that serves until `stop`. Raises what kept it from starting.

    Its thread is never the main one, as that would have to leave every commit to another (see `Writer.append`).
    """

    def __init__(self, settings: NodeSettings) -> None:
        self.settings = settings
        self.node = Node(settings)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="node", daemon=True)
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

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns, done by the node's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_SECONDS)

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

"""Threads for what blocks, beside the event loop."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """Runs what blocks. Commands and queries have threads of their own: queries that wait hold up no command."""

    def __init__(self, count: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """`work()`, in a thread, under the context of the caller (the correlation id of its log lines)."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, contextvars.copy_context().run, work)

    def close(self) -> None:
        """Let what is under way finish."""
        self._pool.shutdown()

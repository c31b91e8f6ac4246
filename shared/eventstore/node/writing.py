"""Appending to the log from the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from shared.eventstore.port import AppendResult, Expected, NewEvent
from shared.eventstore.sqlite import EmbeddedLog


class Writing:
    """Appends to `log`, and deletes. What the log raises is raised."""

    def __init__(self, log: EmbeddedLog) -> None:
        self._log = log

    async def append(self, stream: str, events: Sequence[NewEvent], expected: Expected) -> AppendResult:
        """See `EventStore.append`."""
        return await asyncio.wrap_future(self._log.submit(stream, events, expected))

    async def append_jointly(
        self, writes: Sequence[tuple[str, NewEvent]], expects: dict[str, Expected]
    ) -> tuple[AppendResult, ...]:
        """See `EmbeddedLog.submit_jointly`."""
        return await asyncio.wrap_future(self._log.submit_jointly(writes, expects))

    async def delete(self, stream: str, expected: Expected, for_ever: bool) -> AppendResult:
        """See `EmbeddedLog.submit_delete`."""
        (result,) = await asyncio.wrap_future(self._log.submit_delete(stream, expected, for_ever=for_ever))
        return result

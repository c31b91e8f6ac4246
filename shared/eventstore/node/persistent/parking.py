"""Parked events: links in a stream of their own, as the server keeps them.

The stream's name and the metadata of its events are the server's (`PersistentSubscriptionMessageParker.cs`), so
that whoever reads parked events there can read them here.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from uuid import uuid4

from shared.eventstore import retention
from shared.eventstore.node.reading import FIRST_PAGE, NoStream, Reading
from shared.eventstore.node.recorded import Resolved
from shared.eventstore.node.working import Workers
from shared.eventstore.node.writing import Writing
from shared.eventstore.port import StreamState


class Parking:
    """The parked events of the subscription `name` to `source`."""

    def __init__(self, source: str, name: str, reading: Reading, writing: Writing, workers: Workers) -> None:
        self.stream = f"$persistentsubscription-{source}::{name}-parked"
        self._reading = reading
        self._writing = writing
        self._workers = workers
        self._truncating = asyncio.Lock()

    async def park(self, event: Resolved, reason: str) -> None:
        """Put a link to the event aside."""
        original = event.original
        link = original.data if original.type == retention.LINK else f"{original.revision}@{original.stream}".encode()
        metadata = json.dumps({"added": datetime.now(UTC).isoformat(), "reason": reason}).encode()
        parked = (uuid4().bytes, retention.LINK, link, metadata, 0)
        await self._writing.append(self.stream, [parked], StreamState.ANY)

    async def take(self, stop_at: int | None) -> list[Resolved]:
        """What is parked, up to the event before number `stop_at`, and no longer so from now on."""
        async with self._truncating:
            events = await self._workers.run(self._read, stop_at)
            if events:
                await self._truncate(events[-1].original.revision + 1)
            return events

    async def count(self) -> int:
        """How many events are parked."""
        return await self._workers.run(self._count)

    async def clear(self) -> None:
        """Forget what is parked."""
        if await self._workers.run(self._reading.revision, self.stream) is not None:
            await self._truncate(retention.DELETED)

    async def _truncate(self, before: int) -> None:
        data = json.dumps({"$tb": before}).encode()
        event = (uuid4().bytes, retention.METADATA, data, b"", 1)
        await self._writing.append(retention.metadata_stream(self.stream), [event], StreamState.ANY)

    def _read(self, stop_at: int | None) -> list[Resolved]:
        events: list[Resolved] = []
        start: int | None = 0
        try:
            while start is not None:
                page = self._reading.stream_page(self.stream, start, False, FIRST_PAGE, True)
                events += page.events
                start = page.next
        except NoStream:
            return []
        return [event for event in events if stop_at is None or event.original.revision < stop_at]

    def _count(self) -> int:
        try:
            first, last, _ = self._reading.visible(self.stream)
        except NoStream:
            return 0
        return max(0, last - first + 1)

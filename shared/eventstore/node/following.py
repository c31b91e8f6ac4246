"""Catch-up subscriptions: read what is there, then stay with the log's live end; again whenever it ran away.

Events come in order and once. `CaughtUp` is told at each arrival at the live end, `FellBehind` at each departure.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import NamedTuple

from shared.eventstore import retention
from shared.eventstore.node import refusals
from shared.eventstore.node.filters import Wanted
from shared.eventstore.node.live import Live, Tap
from shared.eventstore.node.reading import FIRST_PAGE, NoStream, Page, Reading
from shared.eventstore.node.recorded import Resolved
from shared.eventstore.node.working import Workers
from shared.eventstore.port import CaughtUp, Checkpoint, RecordedEvent


class FellBehind(NamedTuple):
    """Live events came faster than they were fetched: the rest is read from the log again."""

    position: int


Delivery = Resolved | CaughtUp | Checkpoint | FellBehind


class Following:
    """Makes subscriptions to the log that `reading` reads and `live` follows."""

    def __init__(self, reading: Reading, live: Live, workers: Workers) -> None:
        self._reading = reading
        self._live = live
        self._workers = workers

    async def all(
        self, after: int | None, resolve: bool, wanted: Wanted | None = None
    ) -> AsyncGenerator[list[Delivery], None]:
        """Events after position `after` (None: from the live end on), of those that are `wanted`."""
        tap = self._live.open()
        try:
            at = await self._workers.run(self._reading.head) if after is None else after
            passing = _Passing(wanted)
            size = FIRST_PAGE
            while True:
                tap.restart()
                start: int | None = max(1, at + 1)  # a persistent subscription begins at 0
                while start:
                    page = await self._workers.run(self._reading.all_page, start, False, size)
                    size = page.size
                    if page.events:
                        at = page.events[-1].original.position
                    batch = await self._passed(passing, [resolved.original for resolved in page.events])
                    if batch:
                        yield await self._resolved(batch, resolve)
                    start = page.next
                yield [CaughtUp(at)]
                while not tap.lost:
                    events = [event for event in await tap.take() if event.position > at]
                    if events:
                        at = events[-1].position
                        batch = await self._passed(passing, events)
                        if batch:
                            yield await self._resolved(batch, resolve)
                yield [FellBehind(at)]
        finally:
            self._live.close_tap(tap)

    async def stream(self, stream: str, after: int | None, resolve: bool) -> AsyncGenerator[list[Delivery], None]:
        """Events of `stream` after revision `after` (None: from its live end on; -1: from its first)."""
        tap = self._live.open(stream)
        try:
            at = await self._workers.run(self._end_of, stream) if after is None else after
            size = FIRST_PAGE
            while True:
                tap.restart()
                start: int | None = at + 1
                while start is not None:
                    page = await self._workers.run(self._page, stream, start, size, resolve)
                    size = page.size
                    if page.events:
                        at = page.events[-1].original.revision
                        yield list(page.events)
                    start = page.next
                yield [CaughtUp(at)]
                async for events in self._live_events(tap, at):
                    at = events[-1].revision
                    yield await self._resolved(list(events), resolve)
                    if events[-1].type == retention.TOMBSTONE:
                        raise refusals.stream_deleted(stream)
                yield [FellBehind(at)]
        finally:
            self._live.close_tap(tap, stream)

    async def _passed(self, passing: _Passing, events: list[RecordedEvent]) -> list[RecordedEvent | Checkpoint]:
        return await self._workers.run(passing.of, events) if passing.takes_time else passing.of(events)

    @staticmethod
    async def _live_events(tap: Tap, at: int) -> AsyncGenerator[list[RecordedEvent], None]:
        while not tap.lost:
            events = [event for event in await tap.take() if event.revision > at]
            if events:
                at = events[-1].revision
                yield events

    def _end_of(self, stream: str) -> int:
        revision = self._reading.revision(stream)
        return -1 if revision is None else revision

    def _page(self, stream: str, start: int, size: int, resolve: bool) -> Page:
        try:
            return self._reading.stream_page(stream, start, False, size, resolve)
        except NoStream:  # not yet, or not any more
            return Page([], None, -1)

    async def _resolved(self, batch: list[RecordedEvent | Checkpoint], resolve: bool) -> list[Delivery]:
        """The batch with its events resolved; a page is read only if there is a link to follow."""
        if not resolve or not any(isinstance(item, RecordedEvent) and item.type == retention.LINK for item in batch):
            return [Resolved(item) if isinstance(item, RecordedEvent) else item for item in batch]
        events = [item for item in batch if isinstance(item, RecordedEvent)]
        found = iter(await self._workers.run(self._reading.resolve, events))
        return [next(found) if isinstance(item, RecordedEvent) else item for item in batch]


class _Passing:
    """Lets through what is wanted, and notes a checkpoint after every so many events looked at."""

    def __init__(self, wanted: Wanted | None) -> None:
        self._wanted = wanted
        self._looked_at = 0
        self.takes_time = wanted is not None and wanted.takes_time

    def of(self, events: list[RecordedEvent]) -> list[RecordedEvent | Checkpoint]:
        """What to deliver of `events`."""
        if self._wanted is None:
            return list(events)
        matches, every, _ = self._wanted
        batch: list[RecordedEvent | Checkpoint] = []
        for event in events:
            if matches(event):
                batch.append(event)
            self._looked_at += 1
            if self._looked_at == every:
                batch.append(Checkpoint(event.position))
                self._looked_at = 0
        return batch

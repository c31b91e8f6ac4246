"""Any event store for a program that runs on asyncio: `async with await open_async(where) as store: ...`.

The store's own calls run in threads, so whatever a store promises (deadlines, repeats, going on after a cut) holds here
too, and nothing waits in the event loop. What is cancelled while it waits for an append may still be written: append
the same ids again to know.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

from shared.errors import Unavailable
from shared.eventstore.appending import CLOSED
from shared.eventstore.copying import open_log
from shared.eventstore.port import (
    AppendResult,
    CaughtUp,
    Checkpoint,
    EventStore,
    Expected,
    Filter,
    NewEvent,
    RecordedEvent,
    StreamState,
    Subscription,
)
from shared.eventstore.reader import page_size_after

T = TypeVar("T")
Delivery = RecordedEvent | CaughtUp | Checkpoint

_CALLS = 64  # under way at once; more wait for their turn
_FIRST_PAGE = 128


async def open_async(where: str, *, patience: float = 30.0) -> AsyncStore:
    """The log at `where`: a cluster's address, or a folder. Raises what opening it raises."""
    return AsyncStore(await asyncio.to_thread(open_log, where, must_exist=False, patience=patience))


class AsyncStore:
    """`store` for asyncio. It is closed with this; the methods are those of `EventStore`, and so is what they raise."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(_CALLS, "event store call")

    async def append(
        self, stream: str, events: Sequence[NewEvent], expected: Expected = StreamState.ANY
    ) -> AppendResult:
        """See `EventStore.append`."""
        return await self._call(lambda: self._store.append(stream, events, expected))

    def read_stream(
        self, stream: str, *, start: int | None = None, backwards: bool = False, limit: int | None = None
    ) -> AsyncIterator[RecordedEvent]:
        """See `EventStore.read_stream`."""
        return self._paged(lambda: self._store.read_stream(stream, start=start, backwards=backwards, limit=limit))

    def read_all(
        self,
        *,
        start: int | None = None,
        backwards: bool = False,
        limit: int | None = None,
        filter: Filter | None = None,
    ) -> AsyncIterator[RecordedEvent]:
        """See `EventStore.read_all`."""
        return self._paged(lambda: self._store.read_all(start=start, backwards=backwards, limit=limit, filter=filter))

    async def subscribe(
        self, *, after: int | None = None, stream: str | None = None, filter: Filter | None = None
    ) -> AsyncSubscription:
        """See `EventStore.subscribe`."""
        opened = await self._call(lambda: self._store.subscribe(after=after, stream=stream, filter=filter))
        return AsyncSubscription(opened)

    async def revision(self, stream: str) -> int | None:
        """See `EventStore.revision`."""
        return await self._call(lambda: self._store.revision(stream))

    async def head(self) -> int:
        """See `EventStore.head`."""
        return await self._call(self._store.head)

    async def close(self) -> None:
        """See `EventStore.close`."""
        await asyncio.to_thread(self._store.close)
        self._threads.shutdown(wait=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _call(self, work: Callable[[], T]) -> T:
        return await _in(self._threads, work)

    async def _paged(self, read: Callable[[], Iterator[RecordedEvent]]) -> AsyncIterator[RecordedEvent]:
        """Page by page, as a thread is asked for one."""
        events = await self._call(read)
        wanted = _FIRST_PAGE
        while page := await self._call(partial(_page, events, wanted)):
            for event in page:
                yield event
            if len(page) < wanted:
                return
            wanted = page_size_after(page)


class AsyncSubscription:
    """See `shared.eventstore.port.Subscription`. One task iterates, in `async with`; leaving that closes it."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._closed = False
        self._thread = ThreadPoolExecutor(1, "event store subscription")  # it waits most of its time

    async def __aiter__(self) -> AsyncIterator[Delivery]:
        async for batch in self.batches():
            for delivery in batch:
                yield delivery

    async def batches(self, limit: int = 500) -> AsyncIterator[list[Delivery]]:
        """See `Subscription.batches`."""
        coming = self._subscription.batches(limit)
        try:
            while not self._closed and (batch := await _in(self._thread, lambda: next(coming, None))):
                yield batch
        finally:
            self.close()  # also where the task is cancelled: its thread would wait for ever

    def close(self) -> None:
        """End the iteration."""
        self._closed = True
        self._subscription.close()
        self._thread.shutdown(wait=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _page(events: Iterator[RecordedEvent], wanted: int) -> list[RecordedEvent]:
    return list(islice(events, wanted))


async def _in(threads: Executor, work: Callable[[], T]) -> T:
    try:
        answer = asyncio.get_running_loop().run_in_executor(threads, work)
    except RuntimeError as error:
        raise Unavailable(CLOSED) from error
    return await answer

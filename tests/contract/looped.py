"""The asyncio form of a store, for tests that know none: each call is carried out on a loop in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from shared.eventstore.asynchronous import AsyncStore, AsyncSubscription, Delivery
from shared.eventstore.port import AppendResult, Expected, Filter, NewEvent, RecordedEvent, StreamState

T = TypeVar("T")


class Looped:
    """An `EventStore` by way of `store`."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()

    def append(self, stream: str, events: Sequence[NewEvent], expected: Expected = StreamState.ANY) -> AppendResult:
        return self.run(self._store.append(stream, events, expected))

    def read_stream(self, stream: str, **options: Any) -> Iterator[RecordedEvent]:
        return self.drawn(self._store.read_stream(stream, **options))

    def read_all(self, **options: Any) -> Iterator[RecordedEvent]:
        return self.drawn(self._store.read_all(**options))

    def subscribe(
        self, *, after: int | None = None, stream: str | None = None, filter: Filter | None = None
    ) -> LoopedSubscription:
        return LoopedSubscription(self, self.run(self._store.subscribe(after=after, stream=stream, filter=filter)))

    def revision(self, stream: str) -> int | None:
        return self.run(self._store.revision(stream))

    @property
    def tells_repeats(self) -> bool:
        return False

    def head(self) -> int:
        return self.run(self._store.head())

    def close(self) -> None:
        self.run(self._store.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def drawn(self, items: AsyncIterator[T]) -> Iterator[T]:
        """The same, one by one."""

        async def following() -> list[T]:
            try:
                return [await anext(items)]
            except StopAsyncIteration:
                return []

        while found := self.run(following()):
            yield from found

    def soon(self, work: Any) -> None:
        """Have the loop do it."""
        self._loop.call_soon_threadsafe(work)


class LoopedSubscription:
    """A subscription likewise."""

    def __init__(self, looped: Looped, subscription: AsyncSubscription) -> None:
        self._looped = looped
        self._subscription = subscription

    def __iter__(self) -> Iterator[Delivery]:
        return self._looped.drawn(aiter(self._subscription))

    def batches(self, limit: int = 500) -> Iterator[list[Delivery]]:
        return self._looped.drawn(self._subscription.batches(limit))

    def close(self) -> None:
        self._looped.soon(self._subscription.close)

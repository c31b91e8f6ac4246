"""A part of a server that others use too, for a test: streams of its own, and a log that begins with the test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import Self
from uuid import uuid4

from shared.errors import WrongExpectedRevision
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


class Apart:
    """An `EventStore` that is empty at first, on `store`, whose other events it passes over."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._prefix = f"contract-{uuid4()}-"
        self._begin = store.head()

    def append(self, stream: str, events: Sequence[NewEvent], expected: Expected = StreamState.ANY) -> AppendResult:
        try:
            return self._store.append(self._name(stream), events, expected)._replace(stream=stream)
        except WrongExpectedRevision as conflict:
            conflict.facts["stream"] = stream
            raise

    def read_stream(
        self, stream: str, *, start: int | None = None, backwards: bool = False, limit: int | None = None
    ) -> Iterator[RecordedEvent]:
        found = self._store.read_stream(self._name(stream), start=start, backwards=backwards, limit=limit)
        return (self._renamed(event) for event in found)

    def read_all(
        self,
        *,
        start: int | None = None,
        backwards: bool = False,
        limit: int | None = None,
        filter: Filter | None = None,
    ) -> Iterator[RecordedEvent]:
        if not backwards:
            start = self._begin + 1 if start is None or start <= self._begin else start
        return islice(self._own(start, backwards, filter), limit)

    def _own(self, start: int | None, backwards: bool, filter: Filter | None) -> Iterator[RecordedEvent]:
        for event in self._store.read_all(start=start, backwards=backwards, filter=self._filter(filter)):
            if event.position <= self._begin:
                return
            yield self._renamed(event)

    def subscribe(
        self, *, after: int | None = None, stream: str | None = None, filter: Filter | None = None
    ) -> Subscription:
        if stream is not None:
            return _Own(self, self._store.subscribe(after=after, stream=self._name(stream)), 0)
        begin = max(self._begin, after or 0)
        return _Own(self, self._store.subscribe(after=begin, filter=self._filter(filter)), after or 0)

    def revision(self, stream: str) -> int | None:
        return self._store.revision(self._name(stream))

    @property
    def tells_repeats(self) -> bool:
        return False

    def head(self) -> int:
        return next((event.position for event in self.read_all(backwards=True, limit=1)), 0)

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _name(self, stream: str) -> str:
        if stream in ("", "$all"):
            return stream
        system = "$" if stream.startswith("$") else ""
        return f"{system}{self._prefix}{stream.removeprefix('$')}"

    def _renamed(self, event: RecordedEvent) -> RecordedEvent:
        return event._replace(stream=event.stream.replace(self._prefix, "", 1))

    def _filter(self, filter: Filter | None) -> Filter:
        if filter is None:
            return Filter((self._prefix, f"${self._prefix}"), system=True)
        prefixes = tuple(map(self._name, filter.stream_prefixes)) or (self._prefix, f"${self._prefix}")
        return Filter(prefixes, filter.types, filter.system)


class _Own:
    """A subscription that speaks of its own events only, also where it says how far it has come."""

    def __init__(self, apart: Apart, subscription: Subscription, after: int) -> None:
        self._apart = apart
        self._subscription = subscription
        self._reached = after

    def __iter__(self) -> Iterator[RecordedEvent | CaughtUp | Checkpoint]:
        for item in self._subscription:
            yield from self._seen(item)

    def batches(self, limit: int = 500) -> Iterator[list[RecordedEvent | CaughtUp | Checkpoint]]:
        for batch in self._subscription.batches(limit):
            if own := [seen for item in batch for seen in self._seen(item)]:
                yield own

    def close(self) -> None:
        self._subscription.close()

    def _seen(self, item: RecordedEvent | CaughtUp | Checkpoint) -> list[RecordedEvent | CaughtUp | Checkpoint]:
        if isinstance(item, CaughtUp):
            return [CaughtUp(self._reached)]
        before = self._reached
        if isinstance(item, RecordedEvent):
            self._reached = item.position
            return [self._apart._renamed(item)]
        passed = self._apart.read_all(start=item.position, backwards=True, limit=1)
        self._reached = max(before, next((event.position for event in passed), 0))
        return [Checkpoint(self._reached)] if self._reached > before else []

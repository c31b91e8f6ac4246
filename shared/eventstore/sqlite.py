"""The embedded event log: `open_store(folder)` gives an `EventStore` on a folder of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.errors import StoreCorrupt
from shared.eventstore import log
from shared.eventstore.appending import Append, Submitted, check, check_name
from shared.eventstore.mark import Mark
from shared.eventstore.port import AppendResult, Expected, Filter, NewEvent, RecordedEvent, StreamState
from shared.eventstore.reader import Reader
from shared.eventstore.subscription import LogSubscription
from shared.eventstore.tail import Tail
from shared.eventstore.writer import Writer


def open_store(folder: Path, *, synchronous: log.Synchronous = "FULL") -> EmbeddedLog:
    """Open the log in `folder`, which is created if need be."""
    return EmbeddedLog(folder, synchronous)


class EmbeddedLog:
    """An `EventStore` on a file."""

    def __init__(self, folder: Path, synchronous: log.Synchronous) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._tail = Tail()
        self._mark = Mark(folder)
        self._writer = Writer(folder, self._mark, self._tail, synchronous)
        self._reader = Reader(folder, self._damaged)

    def append(self, stream: str, events: Sequence[NewEvent], expected: Expected = StreamState.ANY) -> AppendResult:
        """See `EventStore.append`."""
        check(stream, events, expected)
        append = Append(stream, events, expected)
        self._writer.append(append)
        return append.wait()

    def submit(
        self, stream: str, events: Sequence[NewEvent], expected: Expected = StreamState.ANY
    ) -> Future[AppendResult]:
        """Append without waiting: the future has what `append` would return or raise."""
        check(stream, events, expected)
        append = Submitted(stream, events, expected)
        self._writer.submit(append)
        return append.future

    def read_stream(
        self, stream: str, *, start: int | None = None, backwards: bool = False, limit: int | None = None
    ) -> Iterator[RecordedEvent]:
        """See `EventStore.read_stream`."""
        check_name(stream)
        return self._reader.stream(stream, start, backwards, limit)

    def read_all(
        self,
        *,
        start: int | None = None,
        backwards: bool = False,
        limit: int | None = None,
        filter: Filter | None = None,
    ) -> Iterator[RecordedEvent]:
        """See `EventStore.read_all`."""
        return self._reader.all(start, backwards, limit, filter)

    def subscribe(
        self, *, after: int | None = None, stream: str | None = None, filter: Filter | None = None
    ) -> LogSubscription:
        """See `EventStore.subscribe`."""
        return LogSubscription(self._reader, self._tail, after, stream, filter)

    def revision(self, stream: str) -> int | None:
        """See `EventStore.revision`."""
        check_name(stream)
        return self._reader.revision(stream)

    def head(self) -> int:
        """See `EventStore.head`."""
        return self._reader.head()

    def close(self) -> None:
        """See `EventStore.close`."""
        self._writer.close()
        self._reader.close()
        self._mark.close()
        self._tail.stir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _damaged(self, error: StoreCorrupt) -> None:
        self._writer.refuse(error)

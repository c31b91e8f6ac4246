"""Following the log: catch up page by page, then sleep at its tail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from shared.eventstore.port import CaughtUp, Checkpoint, Filter, RecordedEvent
from shared.eventstore.reader import Page, Reader, admits, page_size_after, present
from shared.eventstore.tail import Tail, Waiter

_FIRST_PAGE = 500

Delivery = RecordedEvent | CaughtUp | Checkpoint


class LogSubscription(Waiter):
    """See `shared.eventstore.port.Subscription`. One thread iterates; any thread may close.

    A stream's subscription resumes by revision, so it has no use for `Checkpoint` and gets none.
    `CaughtUp` comes again whenever the reader had fallen behind by more than a page.
    """

    def __init__(
        self, reader: Reader, tail: Tail, after: int | None, stream: str | None, filter: Filter | None
    ) -> None:
        self._reader = reader
        self._tail = tail
        self._stream = stream
        self._matches = admits(filter) if filter else None
        self._next = (0 if stream else 1) if after is None else after + 1

    def __iter__(self) -> Iterator[Delivery]:
        for batch in self.batches():
            for delivery in batch:
                if self.closed:
                    return
                yield delivery

    def batches(self, limit: int = 500) -> Iterator[list[Delivery]]:
        """See `Subscription.batches`."""
        key: Literal[0, 2] = 2 if self._stream else 0
        page: Page = self._stream_page if self._stream else self._reader.page
        size, behind = min(limit, _FIRST_PAGE), True
        while not self.closed:
            head = self._tail.head
            events, wanted = self._reader.sound_page(page, self._next, size)
            if events:
                self._next = events[-1][key] + 1
                size = min(limit, page_size_after(events))
                behind = behind or len(events) == wanted
                batch = self._matching(events)
            elif behind:
                behind = False
                batch = [CaughtUp(head if self._stream else self._next - 1)]
            else:
                self._tail.wait(head if self._stream else self._next - 1, self)
                continue
            if batch and not self.closed:
                yield batch

    def close(self) -> None:
        """End the iteration, from any thread."""
        self.closed = True
        self._tail.stir()

    def _stream_page(self, start: int, count: int) -> list[RecordedEvent]:
        assert self._stream is not None  # noqa: S101
        return self._reader.stream_page(self._stream, start, count)

    def _matching(self, events: list[RecordedEvent]) -> list[Delivery]:
        matches = self._matches
        if matches is None:
            return list(present(events))
        batch: list[Delivery] = [event for event in present(events) if matches(event)]
        if not batch or batch[-1] is not events[-1]:
            batch.append(Checkpoint(events[-1][0]))
        return batch

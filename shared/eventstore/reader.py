"""Reading the log's file: short queries, one page each, every row checked against its checksum.

A page is one query that is over before its first event is handed out, so that a slow reader never keeps
the write-ahead log from being checkpointed. The log only grows, hence pages taken one after the other
are as good as one snapshot.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal

from shared.errors import StoreCorrupt, Unavailable
from shared.eventstore import log
from shared.eventstore.appending import CLOSED
from shared.eventstore.port import Filter, RecordedEvent

_FIRST_PAGE = 128
_LARGEST_PAGE = 500  # of the usual size, these and what they are made from still fit into a processor's cache
_PAGE_BYTES = 4 << 20
_IDLE_CONNECTIONS = 8
_LAST = 2**63 - 1  # SQLite's largest integer: after every position and revision
_POSITION: Final = 0  # where a row has them
_REVISION: Final = 2

_BY_POSITION = f"SELECT {log.COLUMNS} FROM events WHERE position >= ? ORDER BY position LIMIT ?"  # noqa: S608
_BY_POSITION_BACK = f"SELECT {log.COLUMNS} FROM events WHERE position <= ? ORDER BY position DESC LIMIT ?"  # noqa: S608
_BY_REVISION = f"SELECT {log.COLUMNS} FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?"  # noqa: S608
_BY_REVISION_BACK = (
    f"SELECT {log.COLUMNS} FROM events WHERE stream = ? AND revision <= ? ORDER BY revision DESC LIMIT ?"  # noqa: S608
)

Page = Callable[[int, int], list[RecordedEvent]]


class Reader:
    """Reads from the file of a log. Every method may be called from any thread.

    `on_damage` is told of each damaged event that a read runs into. `reached` gives a position that the
    log is known to have reached: a reading that ends before it has missed something.
    """

    def __init__(
        self, folder: Path, on_damage: Callable[[StoreCorrupt], None], reached: Callable[[], int] = lambda: 0
    ) -> None:
        self._folder = folder
        self._reached = reached
        self._distrust: StoreCorrupt | None = None
        self._on_damage = on_damage
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False

    def distrust(self, damage: StoreCorrupt) -> None:
        """From now on refuse to read streams: what leads to their events is damaged, so some might be missed.

        The log itself is still read, as positions tell what is missing.
        """
        self._distrust = damage

    def head(self) -> int:
        """The position of the last event; 0 for an empty log."""
        return max(int(self._rows("SELECT coalesce(max(position), 0) FROM events", ())[0][0]), self._reached())

    def revision(self, stream: str) -> int | None:
        """The last revision of `stream`; None if it does not exist."""
        self._trust()
        found: int | None = self._rows("SELECT max(revision) FROM events WHERE stream = ?", (stream,))[0][0]
        return found

    def checksum_at(self, position: int) -> int | None:
        """The checksum that the event at `position` carries; None if there is no such event."""
        rows = self._rows("SELECT checksum FROM events WHERE position = ?", (position,))
        return int(rows[0][0]) if rows else None

    def format(self) -> int:
        """The file's format."""
        return int(self._rows("SELECT user_version FROM pragma_user_version", ())[0][0])

    def size(self) -> int:
        """Bytes of the database, without its write-ahead log."""
        pages = self._rows("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", ())
        return int(pages[0][0])

    def all(
        self, start: int | None, backwards: bool, limit: int | None, filter: Filter | None
    ) -> Iterator[RecordedEvent]:
        """See `EventStore.read_all`."""
        matches = admits(filter)
        left = limit
        for page in self._pages(self.page_back if backwards else self.page, start, backwards, None if filter else left):
            events = [event for event in page if matches(event)] if filter else page
            if left is not None:
                events = events[:left]
                left -= len(events)
            yield from events
            if left == 0:
                return

    def stream(self, stream: str, start: int | None, backwards: bool, limit: int | None) -> Iterator[RecordedEvent]:
        """See `EventStore.read_stream`."""

        def forward(at: int, count: int) -> list[RecordedEvent]:
            return self.stream_page(stream, at, count)

        def back(at: int, count: int) -> list[RecordedEvent]:
            self._trust()
            return self._checked(_BY_REVISION_BACK, at, count, -1, stream)

        for page in self._pages(back if backwards else forward, start, backwards, limit, key=_REVISION):
            yield from page

    def page(self, start: int, count: int) -> list[RecordedEvent]:
        """Up to `count` events of the log, from position `start` on."""
        reached = self._reached()
        events = self._checked(_BY_POSITION, start, count, 1)
        if len(events) < count and start + len(events) <= reached:
            raise damaged(start + len(events), None, "it is missing")
        return events

    def page_back(self, start: int, count: int) -> list[RecordedEvent]:
        """Up to `count` events of the log, from position `start` backwards."""
        reached = self._reached()
        events = self._checked(_BY_POSITION_BACK, start, count, -1)
        highest = min(start, reached)
        if highest > 0 and (not events or events[0].position < highest):
            raise damaged(highest, None, "it is missing")
        return events

    def stream_page(self, stream: str, start: int, count: int) -> list[RecordedEvent]:
        """Up to `count` events of `stream`, from revision `start` on."""
        self._trust()
        return self._checked(_BY_REVISION, start, count, 1, stream)

    def close(self) -> None:
        """Let go of the file. Reads that are under way raise `Unavailable` at their next page."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def sound_page(self, page: Page, at: int, count: int) -> tuple[list[RecordedEvent], int]:
        """`page(at, count)`, or if there is damage in it a shorter one before the damage; and the count used.

        Raises `StoreCorrupt` once the damaged event is the first one.
        """
        while True:
            try:
                return page(at, count), count
            except StoreCorrupt as error:
                if count == 1:
                    self._on_damage(error)
                    raise
                count //= 2

    def _pages(
        self, page: Page, start: int | None, backwards: bool, limit: int | None, key: Literal[0, 2] = _POSITION
    ) -> Iterator[list[RecordedEvent]]:
        first = 1 if key == _POSITION else 0
        step = -1 if backwards else 1
        at = start if start is not None else _LAST if backwards else first
        at = min(max(at, first - 1 if backwards else first), _LAST)
        size = _FIRST_PAGE
        while limit is None or limit > 0:
            events, wanted = self.sound_page(page, at, size if limit is None else min(size, limit))
            if events:
                left = present(events)
                yield left
                if limit is not None:
                    limit -= len(left)
            if len(events) < wanted:
                return
            at = events[-1][key] + step
            size = page_size_after(events)

    def _trust(self) -> None:
        if self._distrust:
            raise self._distrust.with_traceback(None)

    def _checked(self, query: str, at: int, count: int, step: int, stream: str | None = None) -> list[RecordedEvent]:
        """The events that `query` finds from `at` on, all of them sound and none missing between them."""
        try:
            rows = self._rows(query, (at, count) if stream is None else (stream, at, count))
        except StoreCorrupt as error:
            error.facts |= damaged(at, stream, "").facts | {"structure": True}
            raise
        key: Literal[0, 2] = _POSITION if stream is None else _REVISION
        # What is missing from the log's end cannot be seen here: the mark tells that.
        if rows and ((step == 1 and rows[0][key] != at) or rows[-1][key] != rows[0][key] + step * (len(rows) - 1)):
            raise damaged(at, stream, "an event is missing")
        events = log.sound_events(rows)
        if len(events) < len(rows):
            raise damaged(rows[len(events)][key], stream, "the checksum does not match")
        if stream is not None and any(event.stream != stream for event in events):
            raise damaged(at, stream, "the index leads to another stream")
        return events

    def _rows(self, query: str, parameters: tuple[str | int, ...]) -> list[log.Row]:
        if self._closed:
            raise Unavailable(CLOSED)
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = log.open_reader(self._folder)
        try:
            rows: list[log.Row] = connection.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            connection.close()
            raise log.unusable(self._folder, error) from error
        if self._closed or len(self._idle) >= _IDLE_CONNECTIONS:
            connection.close()
        else:
            self._idle.append(connection)
        return rows


def present(events: list[RecordedEvent]) -> list[RecordedEvent]:
    """The events that a scavenge has not emptied."""
    return [event for event in events if event[4]]


def page_size_after(events: list[RecordedEvent]) -> int:
    """How many events to ask for after these, so that a page of large ones fits into memory."""
    some = events[::8]
    size = sum([len(event[5]) + len(event[6]) for event in some])
    return max(1, min(_LARGEST_PAGE, _PAGE_BYTES * len(some) // (size + 1)))


def admits(filter: Filter | None) -> Callable[[RecordedEvent], bool]:
    """The question that `filter` asks of each event."""
    if filter is None:
        return lambda event: True
    prefixes, types, system = filter.stream_prefixes, frozenset(filter.types), filter.system

    def matches(event: RecordedEvent) -> bool:
        stream = event[1]
        return (
            (not types or event[4] in types)
            and (not prefixes or stream.startswith(prefixes))
            and (system or not stream.startswith("$"))
        )

    return matches


def damaged(at: int, stream: str | None, why: str) -> StoreCorrupt:
    """The error for a damaged event, which names it."""
    if stream is None:
        return StoreCorrupt(f"The event at position {at} is damaged ({why}). Restore the log.", position=at)
    message = f"The event at revision {at} of {stream} is damaged ({why}). Restore the log."
    return StoreCorrupt(message, stream=stream, revision=at)

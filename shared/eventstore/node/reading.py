"""Reading the log as the server's readers see it: truncated and deleted streams, links resolved, page by page.

Every function here blocks on the disk; handlers call them in a thread.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from shared.errors import Invalid
from shared.eventstore import retention
from shared.eventstore.node import refusals
from shared.eventstore.node.calls import Refused
from shared.eventstore.node.filters import Match
from shared.eventstore.node.recorded import Resolved
from shared.eventstore.port import RecordedEvent
from shared.eventstore.retention import StreamMetadata

FIRST_PAGE = 50  # events, of which nothing is known yet
_LARGEST_PAGE = 500
_PAGE_BYTES = 1 << 20


class Readable(Protocol):
    """What is needed of a log."""

    def read_stream(
        self, stream: str, *, start: int | None = None, backwards: bool = False, limit: int | None = None
    ) -> Iterator[RecordedEvent]: ...

    def read_all(
        self, *, start: int | None = None, backwards: bool = False, limit: int | None = None
    ) -> Iterator[RecordedEvent]: ...

    def head(self) -> int: ...

    def revision(self, stream: str) -> int | None: ...


class NoStream(Exception):
    """The stream does not exist, or is deleted."""


class Page(NamedTuple):
    """Some events of a reading; where the next page starts, None at the end; and the stream's last revision.

    `size`: how many events to ask for next, so that a page of large ones fits into memory.
    """

    events: list[Resolved]
    next: int | None
    last: int
    size: int = FIRST_PAGE


class Reading:
    """Reads `log`."""

    def __init__(self, log: Readable) -> None:
        self._log = log

    def head(self) -> int:
        """The position of the log's last event."""
        return self._log.head()

    def metadata(self, stream: str) -> StreamMetadata:
        """What the metadata of `stream` says now."""
        implied = retention.implied(stream)
        if implied:
            return implied
        for event in self._log.read_stream(retention.metadata_stream(stream), backwards=True, limit=1):
            return retention.parse(event.data)
        return retention.NO_METADATA

    def last(self, stream: str) -> RecordedEvent | None:
        """The last event of `stream` that has not been scavenged, seen or unseen."""
        try:
            return next(iter(self._log.read_stream(stream, backwards=True, limit=1)), None)
        except Invalid:  # a name that no stream can have
            return None

    def revision(self, stream: str) -> int | None:
        """The last revision of `stream`, whatever has become of its event."""
        try:
            return self._log.revision(stream)
        except Invalid:
            return None

    def visible(self, stream: str) -> tuple[int, int, StreamMetadata]:
        """The first and last revision of `stream` to be seen, and its metadata.

        Raises `NoStream`, and refuses a stream that has a tombstone.
        """
        of = self.last(stream.removeprefix("$$"))
        if of and of.type == retention.TOMBSTONE:  # its metadata is gone with it
            raise refusals.stream_deleted(stream)
        last = of.revision if of and of.stream == stream else self.revision(stream)
        if last is None:
            raise NoStream(stream)
        metadata = self.metadata(stream)
        if metadata.deleted:
            raise NoStream(stream)
        return metadata.first_visible(last), last, metadata

    def stream_page(self, stream: str, start: int | None, backwards: bool, limit: int, resolve: bool = False) -> Page:
        """Up to `limit` events of `stream` from revision `start` on (None: from the first, or the last)."""
        first, last, metadata = self.visible(stream)
        oldest = metadata.oldest_visible(time.time_ns() // 1000)
        if backwards:
            at = last if start is None else min(start, last)
            wanted = min(limit, at - first + 1)
        else:
            at = first if start is None else max(start, first)
            wanted = min(limit, last - at + 1)
        if wanted <= 0:
            return Page([], None, last)
        found = list(self._log.read_stream(stream, start=at, backwards=backwards, limit=wanted))
        events = [event for event in found if event.created_us >= oldest]
        # Only what has been scavenged is missing between events, and none of it is to be seen.
        reached = found[-1].revision if found else at
        if backwards:
            following = reached - 1 if found and reached > first and events else None
        else:
            following = reached + 1 if found and reached < last else None
        return Page(self.resolve(events, resolve), following, last, _size_after(found))

    def all_page(
        self, start: int | None, backwards: bool, look: int, resolve: bool = False, matches: Match | None = None
    ) -> Page:
        """Those of the next `look` events of the log, from position `start` on, that `matches` admits."""
        found = list(self._log.read_all(start=start, backwards=backwards, limit=look))
        events = [event for event in found if matches(event)] if matches else found
        following = None if len(found) < look else found[-1].position + (-1 if backwards else 1)
        return Page(self.resolve(events, resolve), following or None, 0, _size_after(found))

    def resolve(self, events: Iterable[RecordedEvent], links: bool = True) -> list[Resolved]:
        """The events, each link with what it links to."""
        if not links:
            return [Resolved(event) for event in events]
        return [Resolved(*self._follow(event)) if event.type == retention.LINK else Resolved(event) for event in events]

    def _follow(self, link: RecordedEvent) -> tuple[RecordedEvent | None, RecordedEvent]:
        """A link is the text `revision@stream`. What is deleted, truncated or never was is None."""
        revision, _, stream = link.data.decode(errors="replace").partition("@")
        try:
            at = int(revision)
            found = self.stream_page(stream, at, False, 1).events
        except (ValueError, NoStream, Invalid, Refused):
            return None, link
        event = found[0].event if found else None
        return (event if event and event.revision == at else None), link


def _size_after(events: list[RecordedEvent]) -> int:
    size = sum([len(event.data) + len(event.metadata) for event in events])
    return max(1, min(_LARGEST_PAGE, _PAGE_BYTES * len(events) // (size + 1))) if events else FIRST_PAGE

"""`open_cluster(address)`: an `EventStore` on EventStoreDB / KurrentDB.

Positions are the server's commit positions: they grow, but not by one. Any number may be asked for; where no event
stands, reading goes on with the next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from threading import Lock
from types import TracebackType
from typing import Any, Self

from kurrentdbclient.exceptions import NotFoundError, WrongCurrentVersionError

from shared.errors import StreamDeleted, WrongExpectedRevision
from shared.eventstore.appending import check_name, prepare
from shared.eventstore.kurrent.address import Client, parse
from shared.eventstore.kurrent.competing import ClusterGroup
from shared.eventstore.kurrent.connection import Connection
from shared.eventstore.kurrent.events import expectation, proposed
from shared.eventstore.kurrent.refusals import is_no_position
from shared.eventstore.kurrent.subscription import ClusterSubscription
from shared.eventstore.port import AppendResult, Expected, Filter, NewEvent, RecordedEvent, StreamState
from shared.eventstore.reader import admits

_PATIENCE_SECONDS = 30.0
_ANSWERS_REMEMBERED = 10_000


def open_cluster(address: str, *, patience: float = _PATIENCE_SECONDS, one_thread: bool = False) -> ClusterLog:
    """Connect to the cluster at `address`; see `kurrent.address`.

    `patience` is how many seconds a call may take, retries included, before `Unavailable` is raised; what `one_thread`
    saves and costs is said of `kurrent.address.Client`. Raises `Invalid` for an address that cannot be right,
    `Unavailable` if there is no answer.
    """
    return ClusterLog(Connection(parse(address), patience, one_thread))


class ClusterLog:
    """An `EventStore` on a cluster; `open_cluster` makes one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._answers = _Answers()
        try:
            self.head()  # so that a wrong login, or a store that may not be read, is said at once
        except BaseException:
            connection.close()
            raise

    @property
    def address(self) -> str:
        """Where the cluster is, without the login."""
        return str(self._connection.address)

    @property
    def tells_repeats(self) -> bool:
        """See `EventStore.tells_repeats`, and `append`."""
        return False

    def append(self, stream: str, events: Sequence[NewEvent], expected: Expected = StreamState.ANY) -> AppendResult:
        """See `EventStore.append`. Tried again until it is answered: the ids of the events make that harmless.

        `written` is exact for what this process has seen. Two processes that append the same events in the same
        moment may both be told that they wrote them; once they are written either way.
        """
        prepare(stream, events, expected)
        given = proposed(events)
        known = self._answers.reached

        def ask(used: Client, timeout: float) -> int:
            return self._connection.appending(used).append(stream, expectation(expected), given, timeout)

        try:
            position = self._connection.call(ask)
        except WrongCurrentVersionError as error:
            named = expected.value if isinstance(expected, StreamState) else expected
            actual = error.actual_version
            raise WrongExpectedRevision(stream, named, actual if isinstance(actual, int) else None) from None
        revision, position = self._place(stream, events, expected, position)
        return AppendResult(stream, revision, position, self._answers.is_news(position, known))

    def _place(self, stream: str, events: Sequence[NewEvent], expected: Expected, position: int) -> tuple[int, int]:
        """Where the last of `events` stands: the answer to an append says only part of it."""
        if expected is StreamState.NO_STREAM or not isinstance(expected, StreamState):
            revision = len(events) - 1 if isinstance(expected, StreamState) else expected + len(events)
            if position:
                return revision, position
            found = next(self.read_stream(stream, start=revision, limit=1))  # a repeat, which some servers do not place
            return revision, found.position
        last = events[-1].id.bytes
        if position:
            found_there = next(self.read_all(start=position, limit=1), None)
            if found_there and found_there.id_bytes == last:
                return found_there.revision, position
        found = next(event for event in self.read_stream(stream, backwards=True) if event.id_bytes == last)
        return found.revision, found.position

    def read_stream(
        self, stream: str, *, start: int | None = None, backwards: bool = False, limit: int | None = None
    ) -> Iterator[RecordedEvent]:
        """See `EventStore.read_stream`."""
        check_name(stream)
        if start is not None and start < 0:
            if backwards:
                return iter(())
            start = None
        return self._stream(stream, start, backwards, limit)

    def _stream(self, stream: str, start: int | None, backwards: bool, limit: int | None) -> Iterator[RecordedEvent]:
        def asked(last: RecordedEvent | None) -> dict[str, Any]:
            at = last.revision if last else start
            return {"stream_name": stream, "stream_position": at, "backwards": backwards} | _count(limit, last)

        with suppress(NotFoundError, StreamDeleted):
            yield from self._reached(islice(self._connection.flow(asked), limit))

    def read_all(
        self,
        *,
        start: int | None = None,
        backwards: bool = False,
        limit: int | None = None,
        filter: Filter | None = None,
    ) -> Iterator[RecordedEvent]:
        """See `EventStore.read_all`."""
        if start is not None and start <= 0:
            if backwards:
                return iter(())
            start = None
        return islice(self._all(start, backwards, limit, filter), limit)

    def _all(
        self, start: int | None, backwards: bool, limit: int | None = None, filter: Filter | None = None
    ) -> Iterator[RecordedEvent]:
        matches = admits(filter)
        if backwards and start is not None:  # servers differ in whether a reading backwards begins with it
            yield from [event for event in self._at(start) if matches(event)]
        try:
            events = self._log(start, backwards, None if filter else limit, filter)
            first = next(events, None)
        except Exception as error:
            if start is None or not is_no_position(error):
                raise
            before, after = self._neighbours(start)
            events = self._log(after if backwards else before, backwards, None, filter)
            first = next(events, None)
        events = chain([first] if first else [], events)
        if start is None and filter is None:
            yield from events
            return
        for event in events:
            within = start is None or (event.position < start if backwards else event.position >= start)
            if within and matches(event):
                yield event

    def _log(
        self, start: int | None, backwards: bool, limit: int | None, filter: Filter | None
    ) -> Iterator[RecordedEvent]:
        def asked(last: RecordedEvent | None) -> dict[str, Any]:
            at = last.position if last else start
            return {"commit_position": at, "backwards": backwards} | prefixes_of(filter) | _count(limit, last)

        return self._reached(self._connection.flow(asked))

    def _at(self, position: int) -> list[RecordedEvent]:
        """The event at `position`, if one stands there."""
        try:
            return [event for event in self._log(position, False, 1, None) if event.position == position]
        except Exception as error:
            if not is_no_position(error):
                raise
            return []

    def _neighbours(self, position: int) -> tuple[int | None, int | None]:
        """The positions of the last event before `position` and the first after it, looked for from the log's end."""
        after = None
        for event in self._all(None, backwards=True):
            if event.position < position:
                return event.position, after
            after = event.position
        return None, after

    def subscribe(
        self, *, after: int | None = None, stream: str | None = None, filter: Filter | None = None
    ) -> ClusterSubscription:
        """See `EventStore.subscribe`."""
        if stream is None and after:
            after = self._valid(after)
        return ClusterSubscription(self._connection, self.head, after, stream, filter, prefixes_of(filter))

    def group(self, name: str, types: Sequence[str], *, start: int = 0) -> ClusterGroup:
        """The group of readers named `name`, who share the events of `types`; see `shared.eventstore.competing`.

        One that is not there is made, to begin with the event at position `start`, or the last one before it (0: with
        the first of all); one that is there stays as it is.
        """
        return ClusterGroup(self._connection, name, types, self._valid(start) if start else 0)

    def _valid(self, position: int) -> int:
        """`position`, or the last one before it at which an event stands: a subscription from anywhere else fails."""
        try:
            next(self._log(position, False, 1, None), None)
        except Exception as error:
            if not is_no_position(error):
                raise
            return self._neighbours(position)[0] or 0
        return position

    def revision(self, stream: str) -> int | None:
        """See `EventStore.revision`."""
        return next((event.revision for event in self.read_stream(stream, backwards=True, limit=1)), None)

    def head(self) -> int:
        """See `EventStore.head`."""
        return next((event.position for event in self._log(None, True, 1, None)), 0)

    def close(self) -> None:
        """See `EventStore.close`. Closing twice is allowed."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _reached(self, events: Iterator[RecordedEvent]) -> Iterator[RecordedEvent]:
        """The same events; that the log has come so far is noted."""
        highest = 0
        try:
            for event in events:
                if event[0] > highest:
                    highest = event[0]
                yield event
        finally:
            self._answers.have_reached(highest)


class _Answers:
    """What tells an append from its repeat: an event that was there before stands at a position already reached."""

    def __init__(self) -> None:
        self.reached = 0
        self._lock = Lock()
        self._given: deque[int] = deque(maxlen=_ANSWERS_REMEMBERED)
        self._known: set[int] = set()

    def have_reached(self, position: int) -> None:
        """An event stands at `position`."""
        if position > self.reached:
            with self._lock:
                self.reached = max(self.reached, position)

    def is_news(self, position: int, known: int) -> bool:
        """Whether an append that was sent when `known` had been reached, and stands at `position`, wrote it."""
        with self._lock:
            self.reached = max(self.reached, position)
            if position <= known or position in self._known:
                return False
            if len(self._given) == self._given.maxlen:
                self._known.discard(self._given[0])
            self._given.append(position)
            self._known.add(position)
            return True


def prefixes_of(filter: Filter | None) -> dict[str, Any]:
    """What of `filter` the server can do: one of types and streams, by prefix. The rest is done here.

    Not as a regular expression: one of all types of a context is longer than some servers take.
    """
    if filter is None or not (filter.types or filter.stream_prefixes):
        return {}
    by_stream = not filter.types
    wanted = filter.stream_prefixes if by_stream else filter.types
    return {"filter_include": wanted, "filter_by_prefix": True, "filter_by_stream_name": by_stream}


def _count(limit: int | None, last: RecordedEvent | None) -> dict[str, int]:
    """How many to ask for: no fewer than are wanted, when the last one comes again."""
    return {} if limit is None else {"limit": limit + (last is not None)}

"""The event store port: EventStoreDB's model, which every store that we run on must honour.

Streams of events, each event with a revision in its stream (from 0, without gaps) and a position in
the one global order (`$all`; from 1, strictly growing, 0 means "before everything"). Appends name the
revision that they expect. An event is identified by its id: appending the same ids again, to the
same stream, is a success that writes nothing.

Implementations: `shared.eventstore.sqlite` (the embedded log). `tests/contract` holds the suite
that each one must pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from types import TracebackType
from typing import NamedTuple, Protocol, Self, runtime_checkable
from uuid import UUID

from shared.errors import ForgetMeNotError


class StreamState(Enum):
    """What an append may expect of a stream, other than an exact revision."""

    ANY = "any"
    NO_STREAM = "no_stream"
    EXISTS = "exists"


Expected = int | StreamState


class NewEvent(NamedTuple):
    """An event to append. `data` and `metadata` are JSON (UTF-8) unless `is_json` is false."""

    id: UUID
    type: str
    data: bytes
    metadata: bytes = b"{}"
    is_json: bool = True


class RecordedEvent(NamedTuple):
    """An event as the log holds it. A tuple, and its id raw, because readers make millions of them."""

    position: int
    stream: str
    revision: int
    id_bytes: bytes
    type: str
    data: bytes
    metadata: bytes
    is_json: bool
    created_us: int  # the store's clock at the append, microseconds since 1970 UTC

    @property
    def id(self) -> UUID:
        """The event's id."""
        return UUID(bytes=self.id_bytes)

    @property
    def created(self) -> datetime:
        """The store's clock at the append. The fact's own time is in the event."""
        return datetime.fromtimestamp(self.created_us / 1_000_000, UTC)


class AppendResult(NamedTuple):
    """Where the last event of an append stands."""

    stream: str
    revision: int
    position: int
    written: bool  # False: every event had been appended before, nothing was written now


Appended = AppendResult | ForgetMeNotError


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events of `$all` to deliver: those whose stream *and* type match one of the prefixes named.

    An empty tuple admits everything. System streams (names that start with `$`) are left out unless
    `system` is true.
    """

    stream_prefixes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()  # exact type names
    system: bool = False


class CaughtUp(NamedTuple):
    """A subscription has delivered everything up to `position`; what follows is live."""

    position: int


class Checkpoint(NamedTuple):
    """A filtered subscription has passed `position` without a match: a reader may resume from there."""

    position: int


class Subscription(Protocol):
    """An endless iterator of events in order, with `CaughtUp` and `Checkpoint` between them.

    Blocks while nothing is new. `close()`, from any thread, ends the iteration. A broken connection
    raises `Unavailable`, never ends the iteration: the end of a stream and an error are different things.
    """

    def __iter__(self) -> Iterator[RecordedEvent | CaughtUp | Checkpoint]: ...

    def batches(self, limit: int = 500) -> Iterator[list[RecordedEvent | CaughtUp | Checkpoint]]:
        """The same, in lists of at most `limit` (never empty), for readers that commit once a list."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class AppendsWithoutWaiting(Protocol):
    """What a log on this machine can do besides: its owner is a thread or a neighbour away."""

    def append_then(
        self, stream: str, events: Sequence[NewEvent], expected: Expected, then: Callable[[Appended], None]
    ) -> None:
        """Append as `EventStore.append` does, but call `then` with what that would return or raise. Does not wait.

        Raises, and calls nothing, where it can be told at once: `Invalid`, `EventTooLarge`, and `Unavailable` from a
        log that is closed, or whose owner has left so much unanswered that sending more might have to wait.

        `then` is called once, in the thread that takes the answers for everybody: it must be quick, and not wait for
        another append.
        """
        ...


class EventStore(Protocol):
    """A log of events. Every method may be called from any thread."""

    def append(self, stream: str, events: Sequence[NewEvent], expected: Expected = StreamState.ANY) -> AppendResult:
        """Append all of `events` to `stream`, or none. Returns once they are on disk.

        Raises `WrongExpectedRevision` (nothing written; carries the actual revision), `EventTooLarge`,
        `StoreFull`, `StoreCorrupt`, `Unavailable`.
        """
        ...

    def read_stream(
        self, stream: str, *, start: int | None = None, backwards: bool = False, limit: int | None = None
    ) -> Iterator[RecordedEvent]:
        """Events of `stream` from revision `start` on, inclusive (None: from the first, or the last if backwards).

        A stream that does not exist reads as empty. Raises `StoreCorrupt` at a damaged event, naming it.
        """
        ...

    def read_all(
        self,
        *,
        start: int | None = None,
        backwards: bool = False,
        limit: int | None = None,
        filter: Filter | None = None,
    ) -> Iterator[RecordedEvent]:
        """Events in the global order from position `start` on, inclusive (None: from the first, or the last)."""
        ...

    def subscribe(
        self, *, after: int | None = None, stream: str | None = None, filter: Filter | None = None
    ) -> Subscription:
        """Follow `$all` after position `after`, or one `stream` after revision `after`, exclusive, and stay live.

        `after=None` starts from the beginning.
        """
        ...

    def revision(self, stream: str) -> int | None:
        """The last revision of `stream`; None if it does not exist."""
        ...

    @property
    def tells_repeats(self) -> bool:
        """Whether `written` is exact, whoever else appends the same events; if not, both may be told that they did."""
        ...

    def head(self) -> int:
        """The position of the last event; 0 for an empty log."""
        ...

    def close(self) -> None:
        """Finish what is under way and let go of files and sockets. Calls after it raise `Unavailable`."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

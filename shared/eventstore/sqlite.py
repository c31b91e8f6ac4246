"""The embedded event log: `open_store(folder)` gives an `EventStore` on a folder of this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Literal, Self

from shared.errors import ForgetMeNotError, StoreCorrupt, Unavailable
from shared.eventstore import log, mark, ownership
from shared.eventstore.appending import (
    CLOSED,
    Append,
    JointResult,
    Outcome,
    Told,
    check_items,
    check_name,
    prepare,
)
from shared.eventstore.attached import Link
from shared.eventstore.joint import Joint, Mode, check_joint
from shared.eventstore.owner import Owner
from shared.eventstore.ownership import Claim
from shared.eventstore.port import Appended, AppendResult, Expected, Filter, NewEvent, RecordedEvent, StreamState
from shared.eventstore.reader import Reader
from shared.eventstore.scavenging import Scavenged, scavenge
from shared.eventstore.subscription import LogSubscription
from shared.eventstore.tail import Tail
from shared.eventstore.verification import Progress, Report, refusal, verify

_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Description:
    """What a log is like now."""

    folder: Path
    format: int
    head: int
    bytes: int
    role: Literal["owner", "attached"]
    owner_pid: int | None
    refusal: str | None  # why this process, as the owner, refuses appends


def open_store(
    folder: Path,
    *,
    synchronous: log.Synchronous = "FULL",
    patience: float = _PATIENCE_SECONDS,
    deletion: bool = False,
) -> EmbeddedLog:
    """Open the log in `folder`, which is created if need be, as its owner or attached to the owner.

    `synchronous="NORMAL"` gives up durability: after a power cut, acknowledged events may be missing. It
    is for data that can be loaded again, and counts for the owner. `patience` is how many seconds to wait
    for an owner that does not answer before `Unavailable` is raised. Open after a fork, not before.

    Raises `StoreCorrupt` if the file is damaged beyond opening (less damage shows when reading it, and
    refuses appends), and `Unavailable` if it is of a newer format.
    """
    try:
        _make(folder)
        found = ownership.claim_or_connect(folder, patience)
    except OSError as error:
        raise Unavailable(f"The folder {folder} cannot be used: {error.strerror}.") from error
    return EmbeddedLog(folder, found, synchronous, patience, log.FORMAT_WITH_DELETION if deletion else log.FORMAT)


def _make(folder: Path) -> None:
    """Make the folder, for this user alone, and see to it that it outlasts a power cut."""
    missing = [path for path in (folder, *folder.absolute().parents) if not path.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for path in missing:
        parent = os.open(path.absolute().parent, os.O_RDONLY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)


class EmbeddedLog:
    """An `EventStore` on a folder of this machine; `open_store` makes one."""

    def __init__(
        self,
        folder: Path,
        found: Claim | socket.socket,
        synchronous: log.Synchronous,
        patience: float,
        format: int = log.FORMAT,
    ) -> None:
        self._folder = folder
        self._format = format
        self._synchronous = synchronous
        self._patience = patience
        self._closing = Lock()
        self._closed = False
        self._tail = Tail()
        self._reader = Reader(folder, self._damaged, lambda: self._tail.head)
        self._role: Owner | Link
        if isinstance(found, Claim):
            self._promote(found)
        else:
            self._role = link = Link(folder, found, self._tail, patience, self._promote, self._reader.distrust)
            link.start()

    @property
    def tells_repeats(self) -> bool:
        """See `EventStore.tells_repeats`."""
        return True

    def append(self, stream: str, events: Sequence[NewEvent], expected: Expected = StreamState.ANY) -> AppendResult:
        """See `EventStore.append`."""
        append = Append(stream, prepare(stream, events, expected), expected)
        self._role.append(append)
        return append.wait(self._patience)

    def submit(
        self, stream: str, events: Sequence[NewEvent], expected: Expected = StreamState.ANY
    ) -> Future[AppendResult]:
        """Append without waiting: the future has what `append` would return or raise.

        Its callbacks run in the thread that commits for everybody: they must be quick, and must not wait for
        another append.
        """
        future: Future[AppendResult] = Future()
        future.set_running_or_notify_cancel()  # it is as good as written: no cancelling
        self._role.submit(Told(stream, prepare(stream, events, expected), expected, partial(_settle_one, future)))
        return future

    def append_then(
        self, stream: str, events: Sequence[NewEvent], expected: Expected, then: Callable[[Appended], None]
    ) -> None:
        """See `AppendsWithoutWaiting`."""
        told = Told(stream, prepare(stream, events, expected), expected, then)
        if self._role.is_behind:
            raise Unavailable("The log's owner has much to answer already. Nothing was appended.")
        self._role.submit(told)

    def hand_in(self, *appends: Append) -> None:
        """Append what the caller has made and checked. If nobody else is committing, this thread does, here and now.

        The answers come to the appends; nobody waits for those of others.
        """
        self._role.append(*appends)

    def queue(self, append: Append) -> None:
        """As `hand_in`, but never commit in this thread."""
        self._role.submit(append)

    def submit_jointly(
        self, writes: Sequence[tuple[str, NewEvent]], expects: dict[str, Expected]
    ) -> Future[tuple[AppendResult, ...]]:
        """Append to several streams in the order given, all or none; each stream is to be where it is expected.

        The future has a result for each stream that is appended to, in the order of `expects`; or it raises what
        `append` would. The facts of `WrongExpectedRevision` have every stream that is elsewhere, as `failures`.
        """
        items: dict[str, list[NewEvent]] = {}
        for stream, event in writes:
            items.setdefault(stream, []).append(event)
        prepared = {stream: iter(prepare(stream, events, expects[stream])) for stream, events in items.items()}
        ordered = [(stream, next(prepared[stream])) for stream, _ in writes]
        check_joint(ordered, expects)
        check_items([item for _, item in ordered])
        future: Future[tuple[AppendResult, ...]] = Future()
        future.set_running_or_notify_cancel()
        self._role.submit(Joint("append", ordered, expects, partial(_settle, future)))
        return future

    def submit_delete(
        self, stream: str, expected: Expected = StreamState.ANY, *, for_ever: bool = False
    ) -> Future[tuple[AppendResult, ...]]:
        """Delete `stream`: softly, so that it can be continued, or for ever. Nothing is erased by that.

        The future has the result of the event that notes it. Raises `WrongExpectedRevision` (actual None: there is no
        such stream), `StreamDeleted` if it is deleted already, `DomainError` from a log that keeps everything.
        """
        check_name(stream)
        future: Future[tuple[AppendResult, ...]] = Future()
        future.set_running_or_notify_cancel()
        mode: Mode = "tombstone" if for_ever else "delete"
        self._role.submit(Joint(mode, [], {stream: expected}, partial(_settle, future)))
        return future

    def scavenge(self, stopped: Callable[[], bool] = lambda: False) -> Scavenged:
        """Erase what is deleted or truncated; see `scavenging`. Raises `DomainError` from a log that keeps everything.

        Only the owner can. `stopped` is asked now and then.
        """
        role = self._role
        if not isinstance(role, Owner):
            raise Unavailable(f"Process {ownership.owner_pid(self._folder)} owns the log: scavenge there.")
        return scavenge(self._folder, role.exclusively, stopped)

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
        self._role.watch()
        return LogSubscription(self._reader, self._tail, after, stream, filter)

    def revision(self, stream: str) -> int | None:
        """See `EventStore.revision`."""
        check_name(stream)
        return self._reader.revision(stream)

    def head(self) -> int:
        """See `EventStore.head`."""
        return self._reader.head()

    def verify(self, progress: Progress | None = None) -> Report:
        """Check the whole log. If damage is found, appends are refused from then on.

        `progress` is called with how many of how many events have been looked at.
        """
        report = verify(self._folder, mark.read(self._folder), progress)
        if not report.sound:
            self._role.refuse(refusal(report.damages))
        return report

    def describe(self) -> Description:
        """What the log is like now."""
        role = self._role
        is_owner = isinstance(role, Owner)
        return Description(
            folder=self._folder,
            format=self._reader.format(),
            head=self.head(),
            bytes=self._reader.size(),
            role="owner" if is_owner else "attached",
            owner_pid=ownership.owner_pid(self._folder),
            refusal=role.refusal if isinstance(role, Owner) else None,
        )

    def close(self) -> None:
        """See `EventStore.close`. Closing twice is allowed."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._reader.close()
        role = self._role
        role.close()
        if self._role is not role:  # promoted in the meantime
            self._role.close()
        self._tail.fail(Unavailable(CLOSED))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _promote(self, claim: Claim) -> Owner:
        """Become the owner, at once or when the owner before is gone."""
        self._role = owner = Owner(self._folder, claim, self._tail, self._reader, self._synchronous, self._format)
        return owner

    def _damaged(self, damage: StoreCorrupt) -> None:
        self._role.refuse(damage)


def _settle_one(future: Future[AppendResult], appended: Appended) -> None:
    """Put what an append came to into its future."""
    if isinstance(appended, ForgetMeNotError):
        future.set_exception(appended)
    else:
        future.set_result(appended)


def _settle(future: Future[tuple[AppendResult, ...]], outcome: Outcome) -> None:
    """Put the outcome of a joint append into its future."""
    if isinstance(outcome, JointResult):
        future.set_result(outcome.results)
    elif isinstance(outcome, ForgetMeNotError):
        future.set_exception(outcome)

"""The embedded event log: `open_store(folder)` gives an `EventStore` on a folder of this machine."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Literal, Self

from shared.errors import StoreCorrupt, Unavailable
from shared.eventstore import log, mark, ownership
from shared.eventstore.appending import CLOSED, Append, Submitted, check_name, prepare
from shared.eventstore.attached import Link
from shared.eventstore.owner import Owner
from shared.eventstore.ownership import Claim
from shared.eventstore.port import AppendResult, Expected, Filter, NewEvent, RecordedEvent, StreamState
from shared.eventstore.reader import Reader
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
    folder: Path, *, synchronous: log.Synchronous = "FULL", patience: float = _PATIENCE_SECONDS
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
    return EmbeddedLog(folder, found, synchronous, patience)


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
        self, folder: Path, found: Claim | socket.socket, synchronous: log.Synchronous, patience: float
    ) -> None:
        self._folder = folder
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
        append = Submitted(stream, prepare(stream, events, expected), expected)
        self._role.submit(append)
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
            format=log.FORMAT,
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
        self._role = owner = Owner(self._folder, claim, self._tail, self._reader, self._synchronous)
        return owner

    def _damaged(self, damage: StoreCorrupt) -> None:
        self._role.refuse(damage)

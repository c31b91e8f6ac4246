"""Group commit: the one place where events enter the log.

Whoever appends while nobody commits does it in its own thread, so that a lone caller pays for no
hand-over. Whoever comes meanwhile queues up, and the next commit takes them all together, first come
first served; from then on a thread of the writer leads, until the queue is empty.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from threading import Lock, Semaphore, Thread
from typing import NamedTuple

from shared.errors import ForgetMeNotError, StoreCorrupt, StoreFull, Unavailable, WrongExpectedRevision
from shared.eventstore import log
from shared.eventstore.appending import CLOSED, NO_STREAM, Append, Outcome
from shared.eventstore.mark import Mark
from shared.eventstore.port import AppendResult, StreamState
from shared.eventstore.tail import Tail

_GROUP_EVENTS = 1000  # a commit takes no more than this, so that nobody waits for a very long one
_GROUP_BYTES = 8 << 20
_REMEMBERED_STREAMS = 50_000


class _Group(NamedTuple):
    """What one commit will write and answer, and the appends left for the next."""

    rows: list[log.Row]
    answers: list[tuple[Append, Outcome]]
    moved: dict[str, int]  # the last revision of each stream that it appends to
    rest: list[Append]


class Writer:
    """The owner's writing end of the log. Every method may be called from any thread."""

    def __init__(self, folder: Path, mark: Mark, tail: Tail, synchronous: log.Synchronous = "FULL") -> None:
        self._folder = folder
        self._mark = mark
        self._tail = tail
        self._synchronous = synchronous
        self._queue: deque[Append] = deque()
        self._leading = Lock()  # held by whoever commits; passed on to the writer's thread while held
        self._passed_on = Semaphore(0)
        self._thread: Thread | None = None
        self._closed = False
        self._finished = False
        self._revisions: dict[str, int] = {}
        self.head = 0
        self._refusal: ForgetMeNotError | None = None
        self.after_group: Callable[[int], None] | None = None  # told the head once a group has been answered
        self._connect()
        tail.advance(self.head)

    def append(self, *appends: Append) -> None:
        """Queue `appends`, and commit them here and now if nobody else is committing."""
        self._enqueue(appends)
        if self._leading.acquire(blocking=False):
            self._commit_group()
            self._step_down()

    def submit(self, append: Append) -> None:
        """Queue `append` for the writer's thread. Does not block."""
        self._enqueue((append,))
        if self._leading.acquire(blocking=False):
            self._pass_on()

    def refuse(self, refusal: ForgetMeNotError) -> None:
        """From now on answer every append with `refusal`, or with a graver one."""
        if isinstance(self._refusal, StoreCorrupt):
            return
        if isinstance(refusal, StoreCorrupt) or self._refusal is None:
            self._refusal = refusal
        if isinstance(refusal, StoreCorrupt):
            self._leading.acquire()
            if not self._closed:
                self._mark.suspect()
            self._step_down()

    @property
    def refusal(self) -> ForgetMeNotError | None:
        """Why appends are refused, if they are."""
        return self._refusal

    def close(self) -> None:
        """Commit what is queued, then refuse everything. Once."""
        self._closed = True
        self._leading.acquire()  # kept: nobody commits after this
        self._refuse_queue()
        if self._thread:
            self._finished = True
            self._passed_on.release()
            self._thread.join()
        self._connection.close()

    def _enqueue(self, appends: tuple[Append, ...]) -> None:
        if self._closed:
            raise Unavailable(CLOSED)
        self._queue.extend(appends)
        if self._closed:  # closed in between: perhaps nobody is left to take them
            self._refuse_queue()

    def _refuse_queue(self) -> None:
        while True:
            try:
                append = self._queue.popleft()
            except IndexError:
                return
            append.resolve(Unavailable(CLOSED))

    # Leading

    def _step_down(self) -> None:
        """Stop leading, unless the queue needs it: then the writer's thread goes on."""
        if self._queue:
            self._pass_on()
            return
        self._leading.release()
        # Whoever queued after the look and before the release found the lead taken, and counts on us.
        if self._queue and self._leading.acquire(blocking=False):
            self._pass_on()

    def _pass_on(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._lead, name="event log writer", daemon=True)
            self._thread.start()
        self._passed_on.release()

    def _lead(self) -> None:
        while True:
            self._passed_on.acquire()
            if self._finished:
                return
            leading = True
            while leading:
                while self._queue:
                    self._commit_group()
                self._leading.release()
                leading = bool(self._queue) and self._leading.acquire(blocking=False)

    # Committing

    def _take(self) -> list[Append]:
        appends: list[Append] = []
        events = size = 0
        queue = self._queue
        while queue and events < _GROUP_EVENTS and size < _GROUP_BYTES:
            append = queue.popleft()
            appends.append(append)
            events += len(append.events)
            if len(append.events) > 1:
                size += sum([len(event.data) + len(event.metadata) for event in append.events])
            else:
                size += len(append.events[0].data)
        return appends

    def _commit_group(self) -> None:
        appends = self._take()
        careful = False
        try:
            while appends:
                if self._refusal:
                    for append in appends:
                        append.resolve(self._refusal)
                    break
                group = self._place(appends, careful)
                try:
                    self._write(group.rows)
                except sqlite3.IntegrityError:
                    if careful:
                        raise
                    careful = True  # some id is there already: look up each one
                    continue
                self._settle(group)
                appends = group.rest
        except Exception as error:
            failure = self._failed(error)
            for append in appends:
                if append.outcome is None:
                    append.resolve(failure)
        if self.after_group:
            self.after_group(self.head)

    def _place(self, appends: list[Append], careful: bool) -> _Group:
        """Decide on each append by EventStoreDB's rules, and number the events that go in.

        An append that depends on one of the same group starts the next group: its answer must not
        rest on what is not yet committed.
        """
        rows: list[log.Row] = []
        answers: list[tuple[Append, Outcome]] = []
        moved: dict[str, int] = {}
        position = self.head
        now = time.time_ns() // 1000
        checksum = log.checksum
        for index, append in enumerate(appends):
            stream, expected = append.stream, append.expected
            revision = moved.get(stream)
            is_moved = revision is not None
            if revision is None:
                revision = self._revision(stream)
            fits = _fits(expected, revision)
            if careful or not fits:
                if is_moved:
                    return _Group(rows, answers, moved, appends[index:])
                known = [self._find(stream, event.id.bytes) for event in append.events]
                if not fits or any(known):
                    answers.append((append, _repeated(append, revision, known)))
                    continue
            for id, type, data, metadata, is_json in append.events:
                position += 1
                revision += 1
                columns = (position, stream, revision, id.bytes, type, data, metadata, int(is_json), now)
                rows.append((*columns, checksum(*columns)))
            moved[stream] = revision
            answers.append((append, AppendResult(stream, revision, position, True)))
        return _Group(rows, answers, moved, [])

    def _write(self, rows: list[log.Row]) -> None:
        """Put `rows` on disk, all or none.

        Many rows go into one statement: each statement that runs lets go of the interpreter, and has to
        queue for it again. A single statement is its own transaction.
        """
        execute = self._connection.execute
        if len(rows) <= self._most:
            if rows:
                execute(self._insert(len(rows)), list(chain.from_iterable(rows)))
            return
        execute("BEGIN IMMEDIATE")
        try:
            for start in range(0, len(rows), self._most):
                part = rows[start : start + self._most]
                execute(self._insert(len(part)), list(chain.from_iterable(part)))
            execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise

    def _insert(self, count: int) -> str:
        sql = self._inserts.get(count)
        if sql is None:
            values = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * count)
            sql = self._inserts[count] = f"INSERT INTO events ({log.COLUMNS}) VALUES {values}"  # noqa: S608
        return sql

    def _settle(self, group: _Group) -> None:
        """What was written is on disk: mark, wake and answer, in this order."""
        if group.rows:
            last = group.rows[-1]
            self.head = last[0]
            self._mark.write(last[0], last[9])
            if len(self._revisions) > _REMEMBERED_STREAMS:
                self._revisions.clear()
            self._revisions.update(group.moved)
            self._tail.advance(self.head)
        for append, outcome in group.answers:
            append.resolve(outcome)

    def _failed(self, error: Exception) -> ForgetMeNotError:
        """Turn what went wrong into an answer, and get ready to go on or to refuse."""
        self._revisions.clear()
        if isinstance(error, ForgetMeNotError):
            return error
        if not isinstance(error, sqlite3.Error):
            return Unavailable("The log could not append. Whether the events went in is not known: retry.")
        name = getattr(error, "sqlite_errorname", "") or ""
        if name == "SQLITE_FULL":
            return StoreFull("The disk is full. Nothing was appended; free some space, then try again.")
        failure = log.unusable(self._folder, error)
        if isinstance(failure, StoreCorrupt):
            self._refusal = failure
            self._mark.suspect()
        elif name == "SQLITE_IOERR_FSYNC":
            # After a failed flush the kernel may hold pages for clean that never reached the disk.
            self._refusal = Unavailable("The disk failed to flush the log. Check the disk, then start again.")
            failure = self._refusal
        else:
            self._reconnect()
        return failure

    # Looking up

    def _revision(self, stream: str) -> int:
        revision = self._revisions.get(stream)
        if revision is None:
            query = "SELECT max(revision) FROM events WHERE stream = ?"
            (found,) = self._connection.execute(query, (stream,)).fetchone()
            revision = NO_STREAM if found is None else found
        return revision

    def _find(self, stream: str, id_bytes: bytes) -> tuple[int, int] | None:
        query = "SELECT revision, position FROM events WHERE stream = ? AND id = ?"
        found: tuple[int, int] | None = self._connection.execute(query, (stream, id_bytes)).fetchone()
        return found

    def _connect(self) -> None:
        self._connection = log.open_writer(self._folder, self._synchronous)
        self._most = min(128, self._connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // 10)
        self._inserts: dict[int, str] = {}
        (head,) = self._connection.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()
        self.head = head

    def _reconnect(self) -> None:
        """Start afresh after an I/O error: what the old connection believes cannot be relied on."""
        self._connection.close()
        try:
            self._connect()
        except (sqlite3.Error, ForgetMeNotError):
            self._refusal = Unavailable("The log's file cannot be opened any more. Check the disk, then start again.")


def _fits(expected: int | StreamState, revision: int) -> bool:
    match expected:
        case StreamState.ANY:
            return True
        case StreamState.NO_STREAM:
            return revision == NO_STREAM
        case StreamState.EXISTS:
            return revision != NO_STREAM
        case _:
            return expected == revision


def _repeated(append: Append, revision: int, known: list[tuple[int, int] | None]) -> Outcome:
    """The first answer again if all the events are there, where they were expected; else the conflict.

    As EventStoreDB does it, except that an id is never written a second time to its stream, where
    EventStoreDB does so if the revision fits.
    """
    expected = append.expected
    found = [place for place in known if place]
    if len(found) == len(known):
        first = NO_STREAM if expected is StreamState.NO_STREAM else expected
        if isinstance(first, StreamState) or all(place[0] == first + 1 + i for i, place in enumerate(found)):
            return AppendResult(append.stream, found[-1][0], found[-1][1], False)
    named = expected.value if isinstance(expected, StreamState) else expected
    return WrongExpectedRevision(append.stream, named, None if revision == NO_STREAM else revision)

"""Group commit: the one place where events enter the log.

Whoever appends while nobody commits does it in its own thread, so that a lone caller pays for no
hand-over. Whoever comes meanwhile queues up, and the next commit takes them all together, first come
first served; from then on a thread of the writer leads, until the queue is empty.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread, get_ident, main_thread

from shared.errors import ForgetMeNotError, StoreCorrupt, StoreFull, Unavailable
from shared.eventstore import log
from shared.eventstore.appending import CLOSED, Append
from shared.eventstore.mark import Mark
from shared.eventstore.placing import Group, place
from shared.eventstore.streams import Streams
from shared.eventstore.tail import Tail

_GROUP_EVENTS = 1000  # a commit takes no more than this, so that nobody waits for a very long one
_GROUP_BYTES = 8 << 20


class Writer:
    """The owner's writing end of the log. Every method may be called from any thread."""

    def __init__(
        self,
        folder: Path,
        mark: Mark,
        tail: Tail,
        synchronous: log.Synchronous = "FULL",
        format: int = log.FORMAT,
    ) -> None:
        self._folder = folder
        self._mark = mark
        self._tail = tail
        self._synchronous = synchronous
        self._format = format
        self._queue: deque[Append] = deque()
        self._leading = Lock()  # held by whoever commits
        self._calls: SimpleQueue[None] = SimpleQueue()  # each has the writer's thread look at the queue
        self._thread = Thread(target=self._lead, name="event log writer", daemon=True)
        self._closed = False
        self._finished = False
        self.head = 0
        self._refusal: ForgetMeNotError | None = None
        self.after_group: Callable[[int], None] | None = None  # told the head once a group has been answered
        self._connect()
        self._thread.start()
        tail.advance(self.head)

    def append(self, *appends: Append) -> None:
        """Queue `appends`, and commit them here and now if nobody else is committing.

        Ctrl-C strikes the main thread between any two steps, also between taking the lead and the `try`
        that gives it back. So the main thread never leads.
        """
        self._enqueue(appends)
        if get_ident() == main_thread().ident:
            self._call()
        elif self._leading.acquire(blocking=False):
            try:
                self._commit_group()
            finally:
                self._step_down()

    def submit(self, append: Append) -> None:
        """Queue `append` for the writer's thread. Does not block."""
        self._enqueue((append,))
        self._call()

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
        self._finished = True
        self._call()
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
        """Stop leading. Whoever queued meanwhile found the lead taken, and counts on us to call the thread."""
        self._leading.release()
        if self._queue:
            self._call()

    def _call(self) -> None:
        self._calls.put(None)

    def _lead(self) -> None:
        while not self._finished:
            self._calls.get()
            while self._queue and self._leading.acquire(blocking=False):
                while self._queue:
                    self._commit_group()
                self._leading.release()

    # Committing

    def _take(self) -> list[Append]:
        appends: list[Append] = []
        events = size = 0
        queue = self._queue
        while queue and events < _GROUP_EVENTS and size < _GROUP_BYTES:
            try:
                append = queue.popleft()
            except IndexError:  # it is being closed, and another thread refuses what was queued
                break
            appends.append(append)
            events += len(append.items)
            size += sum([len(item[2]) + len(item[3]) for item in append.items])
        return appends

    def _commit_group(self) -> None:
        appends = self._take()
        try:
            while appends:
                if self._refusal:
                    for append in appends:
                        append.resolve(self._refusal)
                    break
                group = self._placed_and_written(appends)
                self._settle(group)
                appends = group.rest
        except BaseException as error:  # an interrupt too: the others of the group wait for their answers
            failure = self._failed(error)
            for append in appends:
                if append.outcome is None:
                    append.resolve(failure)
            if not isinstance(error, Exception):
                raise
        if self.after_group:
            self.after_group(self.head)

    def _placed_and_written(self, appends: list[Append]) -> Group:
        """A group with its rows on disk.

        Who says that a stream is new is believed at first: nearly all are right, and to look costs a statement, for
        which the interpreter is given up and queued for. Where it is not so, the file refuses the row, and we look.
        """
        group = place(appends, self._streams, self.head, believing=True)
        try:
            self._write(group.rows)
        except sqlite3.IntegrityError:
            self._streams.forget()
            group = place(appends, self._streams, self.head, believing=False)
            self._write(group.rows)
        return group

    def exclusively(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Let `work` have the connection, between two commits. What it raises is raised. Not for the main thread."""
        while not self._leading.acquire(timeout=1):
            if self._closed:
                raise Unavailable(CLOSED)
        try:
            work(self._connection)
        finally:
            self._step_down()

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

    def _settle(self, group: Group) -> None:
        """What was written is on disk: mark, wake and answer, in this order."""
        if group.rows:
            last = group.rows[-1]
            self.head = last[0]
            self._mark.write(last[0], last[9])
            if group.alone:
                self._streams.look_again(group.moved)
            else:
                self._streams.moved(group.moved)
            self._tail.advance(self.head)
        for append, outcome in group.answers:
            append.resolve(outcome)

    def _failed(self, error: BaseException) -> ForgetMeNotError:
        """Turn what went wrong into an answer, and get ready to go on or to refuse."""
        self._streams.forget()
        if isinstance(error, ForgetMeNotError):
            return error
        name = getattr(error, "sqlite_errorname", "") or ""
        if not isinstance(error, sqlite3.Error) or name.startswith("SQLITE_CONSTRAINT"):
            self._reconnect()
            return Unavailable("The append was interrupted. Whether the events went in is not known: retry.")
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

    # The connection

    def _connect(self) -> None:
        self._connection = log.open_writer(self._folder, self._synchronous, self._format)
        self._streams = Streams(self._connection, log.keeps_everything(self._connection))
        self._most = min(128, self._connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // 10)
        self._inserts: dict[int, str] = {}
        try:
            (self.head,) = self._connection.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise log.unusable(self._folder, error) from error

    def _reconnect(self) -> None:
        """Start afresh: what is believed of the file cannot be relied on."""
        self._connection.close()
        try:
            self._connect()
        except (sqlite3.Error, ForgetMeNotError):
            self._refusal = Unavailable("The log's file cannot be opened any more. Check the disk, then start again.")

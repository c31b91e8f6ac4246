"""The process's end of the agent: starts it, asks it, replaces it.

All that happens here is reading and writing sockets, which is safe in a process that eventlet has patched, and as safe
in one that it has not.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast
from weakref import WeakValueDictionary

import structlog

from shared.errors import Unavailable
from shared.eventstore import wire
from shared.eventstore.agent.following import AgentSubscription
from shared.eventstore.agent.language import Kind, frame, options_frame, read_events, read_number
from shared.eventstore.appending import CLOSED, check_name, prepare
from shared.eventstore.port import AppendResult, Expected, Filter, NewEvent, RecordedEvent, StreamState
from shared.eventstore.reader import page_size_after

_PATIENCE_SECONDS = 30.0
_FIRST_PAGE = 128
_PAGE = 250  # few enough that eventlet's loop, which a page is taken apart in, is not held up
_READ_BYTES = 1 << 18
_STEADY_SECONDS = 30.0
_LONGEST_PAUSE = 10.0
_STOP_SECONDS = 10.0
_START_SECONDS = 5.0  # that an agent may take before it hears anything

Page = Callable[[], list[RecordedEvent]]
"""A page that has been asked for: gives it once it is there."""

log = structlog.get_logger(__name__)


def open_agent(where: str, *, patience: float = _PATIENCE_SECONDS) -> AgentLog:
    """Start an agent for the store at `where`: a cluster's address, or a log's folder.

    `patience` is how many seconds the store may take for a call before `Unavailable` is raised.
    """
    return AgentLog(where, patience)


class AgentLog:
    """An `EventStore` by way of an agent; `open_agent` makes one."""

    def __init__(self, where: str, patience: float) -> None:
        self._where = where
        self._patience = patience
        self._folder = Path(tempfile.mkdtemp(prefix="fmn-agent-"))
        self._numbers = count(1)
        self._waiting: WeakValueDictionary[int, _Asked] = WeakValueDictionary()  # who gives up is forgotten
        self._sending = threading.Lock()
        self._connection: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="store agent", daemon=True)
        self._thread.start()

    @property
    def tells_repeats(self) -> bool:
        """See `EventStore.tells_repeats`: what it has opened is not known here."""
        return False

    def append(self, stream: str, events: Sequence[NewEvent], expected: Expected = StreamState.ANY) -> AppendResult:
        """See `EventStore.append`."""
        items = prepare(stream, events, expected)
        kind, body = self._ask(lambda number: wire.append_frame(number, stream, items, expected))
        return cast(AppendResult, wire.read_answer(kind, body, stream))

    def read_stream(
        self, stream: str, *, start: int | None = None, backwards: bool = False, limit: int | None = None
    ) -> Iterator[RecordedEvent]:
        """See `EventStore.read_stream`."""
        check_name(stream)

        def read(at: int | None, count: int) -> Page:
            return self._page(stream=stream, start=at, backwards=backwards, limit=count)

        return _paged(read, start, limit, lambda event: event.revision)

    def read_all(
        self,
        *,
        start: int | None = None,
        backwards: bool = False,
        limit: int | None = None,
        filter: Filter | None = None,
    ) -> Iterator[RecordedEvent]:
        """See `EventStore.read_all`."""

        def read(at: int | None, count: int) -> Page:
            return self._page(start=at, backwards=backwards, limit=count, filter=filter)

        return _paged(read, start, limit, lambda event: event.position)

    def subscribe(
        self, *, after: int | None = None, stream: str | None = None, filter: Filter | None = None
    ) -> AgentSubscription:
        """See `EventStore.subscribe`."""
        return AgentSubscription(self._connect, self._patience, after, stream, filter)

    def revision(self, stream: str) -> int | None:
        """See `EventStore.revision`."""
        check_name(stream)
        return read_number(self._ask(lambda number: frame(Kind.REVISION, number, stream.encode()))[1])

    def head(self) -> int:
        """See `EventStore.head`."""
        return read_number(self._ask(lambda number: frame(Kind.HEAD, number))[1]) or 0

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closing.is_set()

    def close(self) -> None:
        """See `EventStore.close`. The agent ends once it has answered what it is at."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._hang_up()
        self._thread.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _page(self, **options: Any) -> Page:
        answer = self._question(lambda number: options_frame(Kind.READ, number, **options))
        return lambda: cast(list[RecordedEvent], read_events(answer()[1]))

    def _ask(self, question: Callable[[int], bytes]) -> tuple[int, bytes]:
        """The answer's kind and body. Raises what the store raised, or `Unavailable`."""
        return self._question(question)()

    def _question(self, question: Callable[[int], bytes]) -> Callable[[], tuple[int, bytes]]:
        """Ask now; the answer is waited for by whoever wants it."""
        number = next(self._numbers)
        asked = self._waiting[number] = _Asked(question(number))
        self._send(asked.question)

        def answer() -> tuple[int, bytes]:
            # Longer than the store's own patience, which says better what is wrong.
            if not (self._closing.is_set() or asked.answered.wait(self._patience + _START_SECONDS)):
                raise Unavailable("The store agent does not answer: try again.")
            if asked.answer is None:
                raise Unavailable(CLOSED)
            kind, body = asked.answer
            if kind == wire.Kind.FAILED:
                raise wire.read_error(body)
            return kind, body

        return answer

    def _send(self, question: bytes) -> None:
        with self._sending, suppress(OSError):  # without a connection, or with a broken one, it is asked anew later
            if self._connection:
                self._connection.sendall(question)

    def _connect(self) -> socket.socket:
        """A connection of one's own. Raises `OSError` if there is no agent now, `Unavailable` if there will be none."""
        if self._closing.is_set():
            raise Unavailable(CLOSED)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(self._socket))
        except BaseException:
            connection.close()
            raise
        return connection

    # The thread that keeps an agent

    def _keep(self) -> None:
        pause = 0.05
        for number in count():
            self._socket = self._folder / str(number)
            began = time.monotonic()
            code = self._run_once()
            if self._closing.is_set():
                break
            pause = 0.05 if time.monotonic() - began > _STEADY_SECONDS else min(2 * pause, _LONGEST_PAUSE)
            log.error("the store agent ended; it is started again", exit_code=code, pause_seconds=pause)
            self._closing.wait(pause)
        for asked in list(self._waiting.values()):
            asked.settle(None)

    def _run_once(self) -> int:
        self._process = process = subprocess.Popen(  # noqa: S603  (the command is our own)
            [sys.executable, "-m", "shared.eventstore.agent.serving", str(self._socket), str(self._patience)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"AGENT_STORE": self._where},  # not an argument: it may hold a password
            start_new_session=True,  # a Ctrl-C is for whoever started it
        )
        connection = self._reach(process)
        if connection:
            with self._sending:
                self._connection = connection
            for asked in list(self._waiting.values()):
                self._send(asked.question)
            self._receive(connection)
            with self._sending:
                self._connection = None
            connection.close()
        return _end(process)

    def _reach(self, process: subprocess.Popen[bytes]) -> socket.socket | None:
        while process.poll() is None and not self._closing.is_set():
            with suppress(OSError):
                return self._connect()
            time.sleep(0.01)
        return None

    def _receive(self, connection: socket.socket) -> None:
        frames = wire.Frames()
        with suppress(OSError, wire.BadFrame):
            while not self._closing.is_set() and (data := connection.recv(_READ_BYTES)):
                for kind, number, body in frames.feed(data):
                    if asked := self._waiting.get(number):
                        asked.settle((kind, body))
                time.sleep(0)  # under eventlet, who always finds something to read never lets others run

    def _hang_up(self) -> None:
        with suppress(OSError):
            if connection := self._connection:
                connection.shutdown(socket.SHUT_RDWR)


class _Asked:
    """A question that waits for its answer."""

    def __init__(self, question: bytes) -> None:
        self.question = question
        self.answer: tuple[int, bytes] | None = None
        self.answered = threading.Event()

    def settle(self, answer: tuple[int, bytes] | None) -> None:
        """Hand over the answer; None: there is none to be had."""
        self.answer = answer
        self.answered.set()


def _end(process: subprocess.Popen[bytes]) -> int:
    assert process.stdin  # noqa: S101
    process.stdin.close()
    try:
        return process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _paged(
    read: Callable[[int | None, int], Page],
    start: int | None,
    limit: int | None,
    place: Callable[[RecordedEvent], int],
) -> Iterator[RecordedEvent]:
    """Page by page; from the second on, the next is asked for before this one is looked at.

    A page begins with the event that the last one ended with, whose place the store knows.
    """
    wanted = _FIRST_PAGE if limit is None else min(_FIRST_PAGE, limit)
    if not wanted:
        return
    page, had = read(start, wanted), 0
    while True:
        found = page()
        events = found[had:]
        if limit is not None:
            limit -= len(events)
        if len(found) < wanted + had or limit == 0:
            yield from events
            return
        had, wanted = 1, min(_PAGE, page_size_after(events))
        if limit is not None:
            wanted = min(wanted, limit)
        page = read(place(found[-1]), wanted + had)
        yield from events
        time.sleep(0)  # the next page may be there already, and others want their turn

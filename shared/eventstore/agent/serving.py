"""The agent itself: `python -m shared.eventstore.agent.serving SOCKET PATIENCE`, the store's place in AGENT_STORE.

It serves until its standard input closes, so it never outlives the process that started it. A store that cannot be
opened is an answer to whoever asks, and tried again with the next question.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import structlog

from shared.errors import ForgetMeNotError, Unavailable
from shared.eventstore import wire
from shared.eventstore.agent.language import Kind, events_frame, number_frame, read_options
from shared.eventstore.copying import open_log
from shared.eventstore.port import EventStore, NewEvent, Subscription
from shared.eventstore.wire import BadFrame
from shared.logging import configure_logging

_READ_BYTES = 1 << 18
_THREADS = 64  # calls of a connection carried out at once; more wait for their turn

Question = tuple[int, int, bytes]  # kind, number, body

_log = structlog.get_logger(__name__)


class Agent:
    """Serves the store at `where` to every connection that `listener` takes."""

    def __init__(self, where: str, patience: float, listener: socket.socket) -> None:
        self._where = where
        self._patience = patience
        self._listener = listener
        self._opening = threading.Lock()
        self._opened: EventStore | None = None
        threading.Thread(target=self._accept, name="agent", daemon=True).start()

    def close(self) -> None:
        """Take no more connections, and let go of the store."""
        self._listener.close()
        if self._opened:
            self._opened.close()

    def _store(self) -> EventStore:
        with self._opening:
            if self._opened is None:
                self._opened = open_log(self._where, must_exist=False, patience=self._patience, one_thread=True)
            return self._opened

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                connection, _ = self._listener.accept()
                _Served(connection, self._store).start()


class _Served:
    """One connection. Its threads take turns to wait for a question; who has one answers it, and another waits.

    So a question is not handed from thread to thread, which costs more than to answer many of them.
    """

    def __init__(self, connection: socket.socket, store: Callable[[], EventStore]) -> None:
        self._connection = connection
        self._store = store
        self._frames = wire.Frames()
        self._questions: deque[Question] = deque()
        self._turn = threading.Lock()
        self._counting = threading.Lock()
        self._threads, self._free = 0, 0
        self._sending = threading.Lock()
        self._subscription: Subscription | None = None

    def start(self) -> None:
        """Have one thread more, if there are not too many."""
        with self._counting:
            if self._threads == _THREADS:
                return
            self._threads += 1
            self._free += 1
        threading.Thread(target=self._work, name="agent call", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._turn:
                question = self._next()
            if question is None:
                return
            with self._counting:
                self._free -= 1
                nobody_waits = self._free == 0
            if nobody_waits:
                self.start()
            self._answer(*question)
            with self._counting:
                self._free += 1

    def _next(self) -> Question | None:
        """The next question; None once the other side has hung up."""
        try:
            while not self._questions:
                data = self._connection.recv(_READ_BYTES)
                if not data:
                    raise ConnectionResetError
                self._questions += self._frames.feed(data)
        except (OSError, BadFrame):
            if self._subscription:
                self._subscription.close()
            self._connection.close()
            return None
        return self._questions.popleft()

    def _answer(self, kind: int, number: int, body: bytes) -> None:
        try:
            if kind == Kind.SUBSCRIBE:
                self._deliver(number, body)
                return
            answer = self._carry_out(kind, number, body)
        except Exception as error:
            answer = _failure(error, number)
        self._send(answer)

    def _carry_out(self, kind: int, number: int, body: bytes) -> bytes:
        store: EventStore = self._store()
        match kind:
            case wire.Kind.APPEND:
                stream, items, expected = wire.read_append(body)
                events = [
                    NewEvent(UUID(bytes=id_bytes), type_, data, metadata, is_json == 1)
                    for id_bytes, type_, data, metadata, is_json in items
                ]
                return wire.answer_frame(number, store.append(stream, events, expected))
            case Kind.READ:
                options = read_options(body)
                read = store.read_stream if "stream" in options else store.read_all
                return events_frame(number, read(**options))
            case Kind.REVISION:
                return number_frame(number, store.revision(body.decode()))
            case Kind.HEAD:
                return number_frame(number, store.head())
            case _:
                raise BadFrame(f"kind {kind}")

    def _deliver(self, number: int, body: bytes) -> None:
        options = read_options(body)
        limit = options.pop("limit")
        self._subscription = subscription = self._store().subscribe(**options)
        for batch in subscription.batches(limit):
            if not self._send(events_frame(number, batch)):
                subscription.close()

    def _send(self, data: bytes) -> bool:
        try:
            with self._sending:
                self._connection.sendall(data)
        except OSError:
            return False
        return True


def _failure(error: Exception, number: int) -> bytes:
    if not isinstance(error, ForgetMeNotError):
        _log.error("agent.call_failed", exc_info=error)
        error = Unavailable("The store agent failed at this: look at its log.")
    return wire.error_frame(wire.Kind.FAILED, error, number)


def main() -> None:
    """Serve until standard input closes."""
    configure_logging()
    for stopping in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stopping, signal.SIG_IGN)  # service managers tell all; we are told by our input
    path = Path(sys.argv[1])
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(128)
    agent = Agent(os.environ.pop("AGENT_STORE"), float(sys.argv[2]), listener)
    while os.read(0, 1024):
        pass
    agent.close()


if __name__ == "__main__":
    main()

"""The owner's door: appends of other processes come in here, and the live end of the log goes out.

One thread reads all connections, takes what has arrived on each of them in turn, and appends it in one
go, so the processes share commits and none can push the others aside. Answers are sent by whoever
committed.
"""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from threading import Lock, Thread

from shared.errors import ForgetMeNotError, StoreCorrupt
from shared.eventstore import wire
from shared.eventstore.appending import Append, Item, Outcome, check
from shared.eventstore.port import Expected
from shared.eventstore.wire import Kind
from shared.eventstore.writer import Writer

_TURN_BYTES = 256 << 10  # what one connection gets read in a turn
_UNSENT_BYTES = 4 << 20  # who does not fetch its answers is not read from any more

Suspicion = Callable[[int, str], None]


class _Attached:
    """One attached process."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.frames = wire.Frames()
        self.greeted = False
        self.watching = False
        self.lock = Lock()
        self.answers: list[bytes] = []
        self.unsent = b""
        self.events = selectors.EVENT_READ

    def send(self, head: int) -> bool:
        """Send what there is, and the head to one who watches. True if some of it has to wait."""
        with self.lock:
            answers, self.answers = self.answers, []
            if not self.unsent and self.watching:  # else it hears of the head when it has caught up
                answers.append(wire.frame(Kind.HEAD, head))
            data = self.unsent + b"".join(answers)
            if data:
                try:
                    data = data[self.connection.send(data) :]
                except BlockingIOError:
                    pass
                except OSError:  # gone: the reading side notices, and forgets this connection
                    data = b""
            self.unsent = data
            return bool(data)


class _Asked(Append):
    """One append whose answer goes to an attached process."""

    __slots__ = ("attached", "number")

    def __init__(
        self, attached: _Attached, number: int, stream: str, items: Sequence[Item], expected: Expected
    ) -> None:
        super().__init__(stream, items, expected)
        self.attached = attached
        self.number = number

    def resolve(self, outcome: Outcome) -> None:
        """Hand over the answer. Called once."""
        self.outcome = outcome
        answer = wire.answer_frame(self.number, outcome)
        with self.attached.lock:
            self.attached.answers.append(answer)


class Server:
    """Serves the attached processes until it is closed. `on_suspicion` gets the damage that they report."""

    def __init__(self, listener: socket.socket, writer: Writer, on_suspicion: Suspicion) -> None:
        self._listener = listener
        self._writer = writer
        self._on_suspicion = on_suspicion
        self._attached: set[_Attached] = set()
        self._warning = b""
        self._stopping = False
        self._waker, self._wake = os.pipe()
        listener.setblocking(False)
        os.set_blocking(self._wake, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._waker, selectors.EVENT_READ, lambda: os.read(self._waker, 512))
        writer.after_group = self._answer
        self._thread = Thread(target=self._serve, name="event log server", daemon=True)
        self._thread.start()

    def warn(self, damage: StoreCorrupt) -> None:
        """Tell everyone, now and later, that what leads to the events of a stream is damaged."""
        self._warning = wire.error_frame(Kind.DAMAGED, damage)
        for attached in list(self._attached):
            self._tell(attached, self._warning)

    def stop(self) -> None:
        """Take no more appends. What has been taken will be answered."""
        self._stopping = True
        self._stir()
        self._thread.join()
        self._listener.close()

    def close(self) -> None:
        """Hang up. After `stop`."""
        for attached in self._attached:
            attached.connection.close()
        self._selector.close()
        os.close(self._waker)
        os.close(self._wake)

    def _tell(self, attached: _Attached, *frames: bytes) -> None:
        with attached.lock:
            attached.answers += frames
        if attached.send(self._writer.head):
            self._stir()

    @staticmethod
    def _answer_jointly(attached: _Attached, number: int, outcome: Outcome) -> None:
        with attached.lock:
            attached.answers.append(wire.answer_frame(number, outcome))

    def _stir(self) -> None:
        with suppress(BlockingIOError):  # full: it will wake anyway
            os.write(self._wake, b"!")

    def _answer(self, head: int) -> None:
        """Called by whoever committed a group."""
        if any([attached.send(head) for attached in list(self._attached)]):  # noqa: C419 - each of them sends
            self._stir()

    def _serve(self) -> None:
        while not self._stopping:
            appends: list[Append] = []
            for key, events in self._selector.select():
                if not isinstance(key.data, _Attached):
                    key.data()
                    continue
                if events & selectors.EVENT_READ:
                    self._read(key.data, appends)
                if events & selectors.EVENT_WRITE:
                    key.data.send(self._writer.head)
            if appends:
                with suppress(ForgetMeNotError):  # closing: they will ask the next owner
                    self._writer.append(*appends)
            for attached in list(self._attached):
                self._watch(attached)

    def _accept(self) -> None:
        with suppress(OSError):
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            attached = _Attached(connection)
            self._attached.add(attached)
            self._selector.register(connection, attached.events, attached)

    def _watch(self, attached: _Attached) -> None:
        """Listen for what this connection needs: room to send, or more to read."""
        unsent = len(attached.unsent)
        events = (selectors.EVENT_WRITE if unsent else 0) | (selectors.EVENT_READ if unsent < _UNSENT_BYTES else 0)
        if events != attached.events:
            attached.events = events
            self._selector.modify(attached.connection, events, attached)

    def _read(self, attached: _Attached, appends: list[Append]) -> None:
        try:
            data = attached.connection.recv(_TURN_BYTES)
            if not data:
                raise ConnectionResetError
            for kind, number, body in attached.frames.feed(data):
                self._take(attached, kind, number, body, appends)
        except BlockingIOError:
            return
        except (OSError, wire.BadFrame):
            self._selector.unregister(attached.connection)
            self._attached.discard(attached)
            attached.connection.close()

    def _take(self, attached: _Attached, kind: int, number: int, body: bytes, appends: list[Append]) -> None:
        if kind == Kind.HELLO:
            attached.greeted = number == wire.VERSION
            self._tell(attached, wire.frame(Kind.WELCOME, wire.VERSION), self._warning)
            self._tell(attached, wire.frame(Kind.HEAD, self._writer.head))
        elif not attached.greeted:
            raise wire.BadFrame("no greeting in this version")
        elif kind == Kind.APPEND:
            stream, items, expected = wire.read_append(body)
            asked = _Asked(attached, number, stream, items, expected)
            try:
                check(stream, items, expected)
            except ForgetMeNotError as error:
                asked.resolve(error)
                attached.send(self._writer.head)
            else:
                appends.append(asked)
        elif kind == Kind.JOINT:
            appends.append(wire.read_joint(body, partial(self._answer_jointly, attached, number)))
        elif kind == Kind.WATCH:
            attached.watching = True
            attached.send(self._writer.head)
        elif kind == Kind.SUSPECT:
            self._on_suspicion(number, body.decode())
        else:
            raise wire.BadFrame(f"kind {kind}")

"""The way to the log's owner, for a process that is not it.

Appends of all threads share one connection. When the owner goes, whoever gets the lock becomes the
owner, the others connect to that one, and all that was unanswered is asked again: event ids make the
repeat harmless.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Protocol

from shared.errors import ForgetMeNotError, StoreCorrupt, Unavailable
from shared.eventstore import ownership, wire
from shared.eventstore.appending import CLOSED, Append
from shared.eventstore.ownership import Claim
from shared.eventstore.tail import Tail
from shared.eventstore.wire import Kind

_STUCK_SECONDS = 10
MOST_UNANSWERED = 64  # as much as a socket's buffer takes at its smallest, of events of a usual size


class Successor(Protocol):
    """Where appends go once this process has become the owner."""

    def append(self, *appends: Append) -> None: ...


class Link:
    """An attached process's end of the socket.

    `promote` makes an owner of this process, given the lock; `on_damage` hears what the owner says of it.
    """

    def __init__(
        self,
        folder: Path,
        connection: socket.socket,
        tail: Tail,
        patience: float,
        promote: Callable[[Claim], Successor],
        on_damage: Callable[[StoreCorrupt], None],
    ) -> None:
        self._folder = folder
        self._tail = tail
        self._patience = patience
        self._promote = promote
        self._on_damage = on_damage
        self._successor: Successor | None = None
        self._numbers = count(1)
        self._unanswered: dict[int, Append] = {}
        self._outbox: deque[bytes] = deque()
        self._sending = Lock()
        self._closing = Event()
        self._connection = connection
        self._watching = False
        self._greet()
        self._thread = Thread(target=self._receive, name="event log link", daemon=True)

    def start(self) -> None:
        """Begin to take answers, and to watch over the owner. Once."""
        self._thread.start()

    def append(self, *appends: Append) -> None:
        """Send `appends` to the owner. Does not wait for the answers."""
        if self._closing.is_set():
            raise Unavailable(CLOSED)
        for append in appends:
            number = next(self._numbers)
            # Noted first, sent then: a connection lost in between asks for it again, at worst twice.
            self._unanswered[number] = append
            self._outbox.append(wire.frame_of(number, append))
        self._flush()
        if self._successor or self._closing.is_set():
            self._hand_over()

    submit = append

    @property
    def is_behind(self) -> bool:
        """Whether the owner has left so much unanswered that the way to it may be full: then sending waits."""
        return len(self._unanswered) >= MOST_UNANSWERED

    def watch(self) -> None:
        """Hear of it when the log moves; for subscriptions."""
        if not self._watching:
            self._watching = True
            self._outbox.append(wire.frame(Kind.WATCH))
            self._flush()

    def refuse(self, damage: StoreCorrupt) -> None:
        """Tell the owner of damage that a read found. It looks for itself."""
        stream = damage.facts.get("stream", "")
        number = damage.facts.get("revision" if stream else "position")
        if number is not None:
            self._outbox.append(wire.frame(Kind.SUSPECT, number, stream.encode()))
            self._flush()

    def close(self) -> None:
        """Hang up; what is unanswered raises `Unavailable`."""
        self._closing.set()
        self._hang_up()
        self._thread.join()
        self._connection.close()
        self._hand_over()

    def _greet(self) -> None:
        # A stopped owner's full buffer must not hold its callers for ever.
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _STUCK_SECONDS, 0))
        frames = [wire.frame(Kind.HELLO, wire.VERSION)]
        if self._watching:
            frames.append(wire.frame(Kind.WATCH))
        for number, append in list(self._unanswered.items()):
            frames.append(wire.frame_of(number, append))
        self._send(b"".join(frames))

    def _flush(self) -> None:
        """Send what waits. Threads that come together send together."""
        with self._sending:
            frames = []
            while self._outbox:
                frames.append(self._outbox.popleft())
            if frames:
                self._send(b"".join(frames))

    def _send(self, data: bytes) -> None:
        try:
            self._connection.sendall(data)
        except OSError:
            self._hang_up()  # half a frame may be out: the receiving thread connects anew
        except BaseException:  # an interrupt, likewise
            self._hang_up()
            raise

    def _hang_up(self) -> None:
        with suppress(OSError):  # it may be gone already
            self._connection.shutdown(socket.SHUT_RDWR)

    # The receiving thread

    def _receive(self) -> None:
        frames = wire.Frames()
        while True:
            try:
                data = self._connection.recv(1 << 18)
                for kind, number, body in frames.feed(data):
                    self._take(kind, number, body)
            except (OSError, wire.BadFrame):
                data = b""
            if not data:
                frames = wire.Frames()
                if self._closing.is_set() or not self._recover():
                    return

    def _take(self, kind: int, number: int, body: bytes) -> None:
        if kind == Kind.HEAD:
            self._tail.advance(number)
        elif kind in (Kind.ANSWER, Kind.FAILED, Kind.JOINT_ANSWER):
            append = self._unanswered.pop(number, None)
            if append:  # else it was asked twice, or its caller has lost patience
                append.resolve(wire.read_answer(kind, body, append.stream))
        elif kind == Kind.DAMAGED:
            damage = wire.read_error(body)
            if isinstance(damage, StoreCorrupt):
                self._on_damage(damage)
        elif kind == Kind.WELCOME and number != wire.VERSION:
            failure = Unavailable("The log's owner runs another version of this program. Restart the older one.")
            self._tail.fail(failure)
            self._fail_all(failure)

    def _recover(self) -> bool:
        """Connect to the new owner, or become it. True if there is a connection again."""
        while not self._closing.is_set():
            try:
                found = ownership.claim_or_connect(self._folder, self._patience, self._closing.wait)
                if isinstance(found, Claim):
                    self._successor = self._promote(found)
                    self._hand_over()
                    return False
            except ForgetMeNotError as failure:
                self._tail.fail(failure)
                self._fail_all(failure)
                self._closing.wait(1)
                continue
            with self._sending:
                self._connection.close()
                self._connection = found
                self._outbox.clear()  # all of it that matters is asked again by the greeting
                self._greet()
            self._flush()
            if self._closing.is_set():  # `close` may have hung up the one before, and waits for this thread
                self._hang_up()
            return True
        return False

    def _hand_over(self) -> None:
        """Give what is unanswered to the successor, each once, or refuse it."""
        for number in list(self._unanswered):
            append = self._unanswered.pop(number, None)
            if append is None:
                continue
            if self._successor:
                try:
                    self._successor.append(append)
                except ForgetMeNotError as failure:  # closed already
                    append.resolve(failure)
            else:
                append.resolve(Unavailable(CLOSED))

    def _fail_all(self, failure: ForgetMeNotError) -> None:
        for number in list(self._unanswered):
            append = self._unanswered.pop(number, None)
            if append:
                append.resolve(failure)

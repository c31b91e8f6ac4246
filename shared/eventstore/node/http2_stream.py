"""A stream of HTTP/2 (RFC 9113): one request and its answer, and how much of both may be under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shared.eventstore.node import frames, hpack
from shared.eventstore.node.frames import Code

if TYPE_CHECKING:
    from shared.eventstore.node.http2 import Connection

WINDOW_BYTES = 1 << 20  # what a client may send on one stream before it is taken
_HELD_BYTES = 64 << 20  # of one client's requests, over all its streams, that wait to be whole or to be taken


class Handler(Protocol):
    """Whoever answers a stream. Called as things arrive."""

    def received(self, data: bytes) -> None:
        """Some of the request's body. Whoever has taken it calls `Stream.taken`."""
        ...

    def ended(self) -> None:
        """The request is whole."""
        ...

    def gone(self) -> None:
        """The client has lost interest, or is lost itself."""
        ...


class Stream:
    """A request and its answer."""

    def __init__(self, connection: Connection, number: int, headers: hpack.Headers) -> None:
        self.headers = headers
        self.handler: Handler | None = None
        self.window = connection.initial_window
        self.remote_ended = False
        self.closed = False
        self._connection = connection
        self._number = number
        self._taken = 0
        self._held = 0

    @property
    def peer(self) -> str:
        """The client's address."""
        return self._connection.peer

    def taken(self, count: int) -> None:
        """So many bytes of the body need no more room: the client may send as many again."""
        self._taken += count
        if self._taken >= WINDOW_BYTES // 2 and not (self.remote_ended or self.closed):
            self._connection.write(frames.frame(frames.WINDOW_UPDATE, 0, self._number, frames.u32.pack(self._taken)))
            self._taken = 0

    def hold(self, count: int) -> bool:
        """So many bytes more (or less) are kept for this stream. False if the client keeps us too many in all."""
        self._held += count
        self._connection.held += count
        return self._connection.held <= _HELD_BYTES

    def release(self) -> None:
        """Nothing is kept for it any more."""
        self.hold(-self._held)

    async def send(self, data: bytes, headers: bytes = b"") -> None:
        """Send some of the answer's body, and its headers before the first. Waits while the client does not fetch."""
        connection = self._connection
        if headers:
            headers = frames.frame(frames.HEADERS, frames.END_HEADERS, self._number, headers)
        if not data:
            connection.write(headers)
            return
        view = memoryview(data)
        while view:
            room = min(len(view), self.window, connection.window, connection.largest_frame)
            if room <= 0 or connection.paused:
                if headers:
                    connection.write(headers)
                    headers = b""
                await connection.moved()
                continue
            self.window -= room
            connection.window -= room
            connection.write(headers + frames.frame(frames.DATA, 0, self._number, bytes(view[:room])))
            headers = b""
            view = view[room:]

    def end(self, trailers: bytes, data: bytes = b"", headers: bytes = b"") -> bool:
        """End the answer; with all of it, if it is short. False if there is no room for that: `send` it first."""
        connection = self._connection
        if self.closed:
            return True
        parts = [frames.frame(frames.HEADERS, frames.END_HEADERS, self._number, headers)] if headers else []
        if data:
            if len(data) > min(self.window, connection.window, connection.largest_frame) or connection.paused:
                return False
            self.window -= len(data)
            connection.window -= len(data)
            parts.append(frames.frame(frames.DATA, 0, self._number, data))
        parts.append(frames.frame(frames.HEADERS, frames.END_HEADERS | frames.END_STREAM, self._number, trailers))
        if not self.remote_ended:  # whatever else it sends is of no use
            parts.append(frames.frame(frames.RST_STREAM, 0, self._number, frames.u32.pack(Code.NO_ERROR)))
        connection.write(b"".join(parts))
        connection.forget(self._number, self)
        return True

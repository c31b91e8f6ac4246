"""The part of HTTP/2 (RFC 9113) that a gRPC server needs: a client's connection, and its windows.

Neither side's appetite is trusted: what a client sends and nobody has taken yet is bounded for each stream, what it
does not fetch stops the handlers that write it, and while it fetches nothing at all, nothing is read from it either.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from typing import Any

from shared.eventstore.node import frames, hpack
from shared.eventstore.node.frames import Code
from shared.eventstore.node.http2_stream import WINDOW_BYTES, Handler, Stream

_CONNECTION_WINDOW_BYTES = 16 << 20
_LARGEST_FRAME = 1 << 18
_MOST_STREAMS = 10_000
_PING_SECONDS, _PONG_SECONDS = 30.0, 20.0


class _Broken(Exception):
    """The client does not keep to the protocol: the connection ends with `code`."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.name)
        self.code = code


class Connection(asyncio.Protocol):
    """One client. `opened` gives each new stream its handler."""

    def __init__(self, opened: Callable[[Stream], Handler], connections: set[Connection]) -> None:
        self.peer = ""
        self.window = frames.DEFAULT_WINDOW_BYTES
        self.initial_window = frames.DEFAULT_WINDOW_BYTES
        self.largest_frame = frames.DEFAULT_FRAME_BYTES
        self.paused = False
        self.held = 0
        self._opened = opened
        self._connections = connections
        self._buffer = bytearray()
        self._greeted = False
        self._decoder = hpack.Decoder()
        self._streams: dict[int, Stream] = {}
        self._last = 0
        self._block: tuple[int, int, bytearray] | None = None  # of headers that go on: stream, flags, bytes so far
        self._received = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._heard = True

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport: Any = transport
        self._connections.add(self)
        address = transport.get_extra_info("peername") or ("unknown", 0)
        self.peer = f"{address[0]}:{address[1]}"
        greeting = frames.settings(
            {
                frames.MAX_STREAMS: _MOST_STREAMS,
                frames.INITIAL_WINDOW: WINDOW_BYTES,
                frames.MAX_FRAME: _LARGEST_FRAME,
                frames.MAX_HEADERS: hpack.MAX_HEADERS_BYTES,
            }
        )
        more = _CONNECTION_WINDOW_BYTES - frames.DEFAULT_WINDOW_BYTES
        self.write(greeting + frames.frame(frames.WINDOW_UPDATE, 0, 0, frames.u32.pack(more)))
        self._timer = asyncio.get_running_loop().call_later(_PING_SECONDS, self._ping)

    def connection_lost(self, error: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._connections.discard(self)
        if self._timer:
            self._timer.cancel()
        for stream in list(self._streams.values()):
            stream.closed = True
            if stream.handler:
                stream.handler.gone()
        self._streams.clear()
        self._wake()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`. Who does not fetch answers is not asked for more questions."""
        self.paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self.paused = False
        self._transport.resume_reading()
        self._wake()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._heard = True
        buffer = self._buffer
        buffer += data
        try:
            if not self._greeted:
                if not frames.PREFACE.startswith(buffer[: len(frames.PREFACE)]):
                    raise _Broken(Code.PROTOCOL_ERROR)
                if len(buffer) < len(frames.PREFACE):
                    return
                del buffer[: len(frames.PREFACE)]
                self._greeted = True
            self._frames(buffer)
        except _Broken as broken:
            self.close(broken.code)

    # What the streams call

    def write(self, data: bytes) -> None:
        """Send frames."""
        self._transport.write(data)

    async def moved(self) -> None:
        """Wait until a window may have opened."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def forget(self, number: int, stream: Stream) -> None:
        """The stream's answer is whole."""
        stream.closed = True
        stream.release()
        self._streams.pop(number, None)

    def close(self, code: Code = Code.NO_ERROR) -> None:
        """Say why, and hang up."""
        self.write(frames.frame(frames.GOAWAY, 0, 0, frames.u32.pack(self._last) + frames.u32.pack(code)))
        self._transport.close()

    # Frames

    def _frames(self, buffer: bytearray) -> None:
        at, end = 0, len(buffer)
        try:
            while end - at >= 9:
                length = int.from_bytes(buffer[at : at + 3], "big")
                if length > _LARGEST_FRAME:
                    raise _Broken(Code.FRAME_SIZE_ERROR)
                if end - at < 9 + length:
                    return
                kind, flags = buffer[at + 3], buffer[at + 4]
                number = int.from_bytes(buffer[at + 5 : at + 9], "big") & 0x7FFFFFFF
                payload = bytes(buffer[at + 9 : at + 9 + length])
                at += 9 + length
                self._take(kind, flags, number, payload)
        except (struct.error, IndexError):
            raise _Broken(Code.FRAME_SIZE_ERROR) from None
        finally:
            del buffer[:at]

    def _take(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if self._block and kind != frames.CONTINUATION:
            raise _Broken(Code.PROTOCOL_ERROR)
        if kind == frames.DATA:
            self._data(flags, number, payload)
        elif kind == frames.HEADERS:
            if flags & frames.PADDED:
                payload = frames.without_padding(payload)
            if flags & frames.HAS_PRIORITY:
                payload = payload[5:]
            self._block = (number, flags, bytearray(payload))
            self._headers(flags)
        elif kind == frames.CONTINUATION:
            if not self._block or self._block[0] != number:
                raise _Broken(Code.PROTOCOL_ERROR)
            self._block[2].extend(payload)
            if len(self._block[2]) > hpack.MAX_HEADERS_BYTES:
                raise _Broken(Code.ENHANCE_YOUR_CALM)
            self._headers(flags)
        elif kind == frames.WINDOW_UPDATE:
            self._open_window(number, frames.u32.unpack(payload)[0] & 0x7FFFFFFF)
        elif kind == frames.RST_STREAM:
            stream = self._streams.pop(number, None)
            if stream:
                stream.closed = True
                stream.release()
                if stream.handler:
                    stream.handler.gone()
        elif kind == frames.SETTINGS:
            if not flags & frames.ACK:
                self._settle(payload)
        elif kind == frames.PING:
            if not flags & frames.ACK:
                self.write(frames.frame(frames.PING, frames.ACK, 0, payload[:8]))
        elif kind == frames.PUSH_PROMISE:
            raise _Broken(Code.PROTOCOL_ERROR)
        # PRIORITY, GOAWAY and what is unknown ask for nothing

    def _data(self, flags: int, number: int, payload: bytes) -> None:
        size = len(payload)
        self._received += size  # the connection's window is given back at once: the streams' bound what is held
        if self._received >= _CONNECTION_WINDOW_BYTES // 2:
            self.write(frames.frame(frames.WINDOW_UPDATE, 0, 0, frames.u32.pack(self._received)))
            self._received = 0
        if flags & frames.PADDED:
            payload = frames.without_padding(payload)
        stream = self._streams.get(number)
        if stream is None:
            if number > self._last:
                raise _Broken(Code.PROTOCOL_ERROR)
            return  # answered already
        if stream.remote_ended:
            raise _Broken(Code.PROTOCOL_ERROR)
        assert stream.handler  # noqa: S101 - it has one from the start
        if size > len(payload):
            stream.taken(size - len(payload))
        if payload:
            stream.handler.received(payload)
        if flags & frames.END_STREAM:
            stream.remote_ended = True
            stream.handler.ended()

    def _headers(self, flags: int) -> None:
        if not flags & frames.END_HEADERS:
            return
        assert self._block  # noqa: S101 - the caller has just put it there
        (number, first_flags, block), self._block = self._block, None
        try:
            headers = self._decoder.decode(bytes(block))
        except hpack.BadHeaders:
            raise _Broken(Code.COMPRESSION_ERROR) from None
        stream = self._streams.get(number)
        if stream is None:
            if number <= self._last:
                return  # trailers of one that is answered
            if not number % 2:
                raise _Broken(Code.PROTOCOL_ERROR)
            self._last = number
            if len(self._streams) >= _MOST_STREAMS:
                self.write(frames.frame(frames.RST_STREAM, 0, number, frames.u32.pack(Code.REFUSED_STREAM)))
                return
            stream = self._streams[number] = Stream(self, number, headers)
            stream.remote_ended = bool(first_flags & frames.END_STREAM)
            stream.handler = self._opened(stream)
        elif not first_flags & frames.END_STREAM or stream.remote_ended:
            raise _Broken(Code.PROTOCOL_ERROR)
        if first_flags & frames.END_STREAM and stream.handler:
            stream.remote_ended = True
            stream.handler.ended()

    def _open_window(self, number: int, more: int) -> None:
        if number == 0:
            self.window += more
            if self.window > frames.LARGEST_WINDOW:
                raise _Broken(Code.FLOW_CONTROL_ERROR)
        elif stream := self._streams.get(number):
            stream.window += more
            if stream.window > frames.LARGEST_WINDOW:
                raise _Broken(Code.FLOW_CONTROL_ERROR)
        self._wake()

    def _settle(self, payload: bytes) -> None:
        for key, value in frames.setting.iter_unpack(payload):
            if key == frames.INITIAL_WINDOW:
                if value > frames.LARGEST_WINDOW:
                    raise _Broken(Code.FLOW_CONTROL_ERROR)
                for stream in self._streams.values():
                    stream.window += value - self.initial_window
                self.initial_window = value
            elif key == frames.MAX_FRAME:
                self.largest_frame = max(frames.DEFAULT_FRAME_BYTES, min(value, _LARGEST_FRAME))
        self.write(frames.frame(frames.SETTINGS, frames.ACK, 0))
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)

    # Is it still there?

    def _ping(self) -> None:
        loop = asyncio.get_running_loop()
        if self._heard:
            self._heard = False
            self.write(frames.frame(frames.PING, 0, 0, bytes(8)))
            self._timer = loop.call_later(_PONG_SECONDS, self._expect_pong)
        else:
            self._transport.abort()

    def _expect_pong(self) -> None:
        if self._heard:
            self._timer = asyncio.get_running_loop().call_later(_PING_SECONDS - _PONG_SECONDS, self._ping)
        else:
            self._transport.abort()

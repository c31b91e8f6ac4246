"""gRPC over HTTP/2: calls, messages and statuses, and nothing of their meaning.

A server of its own because grpcio's takes more processor time for a call, before anybody's handler has done anything,
than an append to disk does; `tests/bench/node_bench.py` has the figures of both.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from google.protobuf.message import DecodeError, Message

from shared.errors import ForgetMeNotError, Unavailable
from shared.eventstore.node import hpack, refusals
from shared.eventstore.node.calls import (
    MAX_MESSAGE_BYTES,
    Call,
    Code,
    Collected,
    Duplex,
    Method,
    Methods,
    Refused,
    Streaming,
    Unary,
    User,
)
from shared.eventstore.node.http2 import Connection
from shared.eventstore.node.http2_stream import Handler, Stream

_log = structlog.get_logger(__name__)

Authenticate = Callable[[str | None], Awaitable[User]]

_HEADERS = hpack.encode(
    [(":status", "200"), ("content-type", "application/grpc"), ("grpc-accept-encoding", "identity")]
)
_OK = hpack.encode([("grpc-status", "0")])
_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_WAITING_MESSAGES_BYTES = 1 << 20  # of a stream of messages, before the handler has taken them


class GrpcServer:
    """Serves `methods`. `authenticate` says who an `authorization` header is."""

    def __init__(self, methods: Methods, authenticate: Authenticate) -> None:
        self._methods = methods
        self._authenticate = authenticate
        self._connections: set[Connection] = set()
        self._calls: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int, certificate: Path | None = None, key: Path | None = None) -> int:
        """Listen; the port, which is any that is free if `port` is 0. Raises `Unavailable`."""
        context = _tls(certificate, key) if certificate and key else None
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: Connection(self._opened, self._connections), host, port, ssl=context, backlog=1024
            )
        except OSError as error:
            raise Unavailable(f"The node cannot listen on {host}:{port}: {error.strerror}.") from error
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """End all calls, then all connections."""
        self._server.close()
        for call in self._calls:
            call.cancel()
        if self._calls:
            await asyncio.wait(self._calls)
        for connection in list(self._connections):
            connection.close()

    def _opened(self, stream: Stream) -> Handler:
        call = _Call(stream, self._methods, self._authenticate, self._calls)
        call.begin()
        return call


def _tls(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # SSLError is one
        raise Unavailable(f"{certificate} and {key} are not a certificate and its key: {error.strerror}.") from error
    return context


class _Call:
    """One call: takes its messages in, has the method's handler answer, and sends the answer."""

    def __init__(
        self, stream: Stream, methods: Methods, authenticate: Authenticate, calls: set[asyncio.Task[None]]
    ) -> None:
        self._stream = stream
        self._authenticate = authenticate
        self._calls = calls
        self._metadata = dict(stream.headers)
        self._path = self._metadata.get(":path", "")
        self._method: Method | None = methods.get(self._path)
        self._partial = bytearray()
        self._messages: deque[bytes] = deque()
        self._size = 0  # of all messages of a call that is collected
        self._waiting = 0  # bytes of messages that a duplex handler has not taken
        self._held = 0  # bytes of the window that are given back when it has
        self._arrived: asyncio.Future[None] | None = None
        self._whole = False
        self._failure: Refused | None = None
        self._task: asyncio.Task[None] | None = None
        self._begun = False  # headers have been sent

    def begin(self) -> None:
        """The call's headers have come."""
        if isinstance(self._method, Duplex) or self._method is None:
            self._start()

    # What the stream calls

    def received(self, data: bytes) -> None:
        """See `http2_stream.Handler`."""
        if self._failure:
            self._stream.taken(len(data))
            return
        if not self._stream.hold(len(data)):
            self._fail(Refused(Code.RESOURCE_EXHAUSTED, "Too much is under way on this connection."))
        partial = self._partial
        partial += data
        at = 0
        while len(partial) - at >= 5:
            length = int.from_bytes(partial[at + 1 : at + 5], "big")
            if partial[at]:
                self._fail(Refused(Code.UNIMPLEMENTED, "Compressed messages are not supported."))
                break
            if length > MAX_MESSAGE_BYTES:
                self._fail(Refused(Code.RESOURCE_EXHAUSTED, f"A message is larger than {MAX_MESSAGE_BYTES} bytes."))
                break
            if len(partial) - at < 5 + length:
                break
            self._messages.append(bytes(partial[at + 5 : at + 5 + length]))
            self._size += length
            self._waiting += length
            at += 5 + length
        del partial[:at]
        if self._failure:
            partial.clear()
        if isinstance(self._method, Duplex) and self._waiting > _WAITING_MESSAGES_BYTES:
            self._held += len(data)
        else:
            self._stream.taken(len(data))
        if isinstance(self._method, Collected | Unary | Streaming) and self._size > MAX_MESSAGE_BYTES:
            self._messages.clear()
            self._fail(refusals.append_too_large(MAX_MESSAGE_BYTES))
        self._wake()

    def ended(self) -> None:
        """See `http2_stream.Handler`."""
        self._whole = True
        self._start()
        self._wake()

    def gone(self) -> None:
        """See `http2_stream.Handler`."""
        if self._task:
            self._task.cancel()

    def _fail(self, failure: Refused) -> None:
        self._failure = failure
        self._start()

    def _wake(self) -> None:
        if self._arrived and not self._arrived.done():
            self._arrived.set_result(None)

    # Answering

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._answer())
            self._calls.add(self._task)
            self._task.add_done_callback(self._calls.discard)

    async def _answer(self) -> None:
        try:
            limit = _timeout(self._metadata.get("grpc-timeout"))
            if limit is None:
                await self._handle()
            else:
                async with asyncio.timeout(limit):
                    await self._handle()
        except Refused as refused:
            await self._end(refused)
        except TimeoutError:
            await self._end(Refused(Code.DEADLINE_EXCEEDED, "The deadline has passed."))
        except ForgetMeNotError as error:
            await self._end(refusals.of_store(error))
        except asyncio.CancelledError:
            if not self._stream.closed:  # the node stops
                await self._end(Refused(Code.UNAVAILABLE, "The node stops."))
        except Exception:
            _log.exception("node.call_failed", path=self._path)
            await self._end(Refused(Code.UNKNOWN, "Exception was thrown by handler."))

    async def _handle(self) -> None:
        method = self._method
        if method is None:
            raise Refused(Code.UNIMPLEMENTED, "There is no such method.")
        if self._failure:
            raise self._failure
        user = await self._authenticate(self._metadata.get("authorization"))
        call = Call(self._path, self._metadata, self._stream.peer, user)
        match method:
            case Unary():
                await self._finish(await method.handle(self._only(method.request), call))
            case Collected():
                messages = [parse(method.request, data) for data in self._messages]
                self._messages.clear()
                await self._finish(await method.handle(messages, call))
            case Streaming():
                await self._send_all(method.handle(self._only(method.request), call))
            case Duplex():
                await self._send_all(method.handle(self._each(method.request), call))

    def _only(self, kind: type[Message]) -> Message:
        if len(self._messages) != 1:
            raise Refused(Code.INVALID_ARGUMENT, "The call takes one message.")
        return parse(kind, self._messages.popleft())

    async def _each(self, kind: type[Message]) -> AsyncIterator[Message]:
        while True:
            if self._failure:
                raise self._failure
            while self._messages:
                data = self._messages.popleft()
                self._waiting -= len(data)
                self._stream.hold(-len(data) - 5)
                if self._held and self._waiting <= _WAITING_MESSAGES_BYTES:
                    self._stream.taken(self._held)
                    self._held = 0
                yield parse(kind, data)
            if self._whole:
                return
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived

    async def _send_all(self, batches: Any) -> None:
        try:
            async for batch in batches:
                await self._stream.send(b"".join([_framed(message) for message in batch]), self._headers())
        finally:
            await batches.aclose()
        self._stream.end(_OK, b"", self._headers())

    async def _finish(self, message: Message) -> None:
        data = _framed(message)
        if not self._stream.end(_OK, data, _HEADERS):
            await self._stream.send(data, _HEADERS)
            self._stream.end(_OK)

    def _headers(self) -> bytes:
        """The answer's headers, the first time."""
        if self._begun:
            return b""
        self._begun = True
        return _HEADERS

    async def _end(self, refused: Refused) -> None:
        trailers = [("grpc-status", str(int(refused.code)))]
        if refused.message:
            trailers.append(("grpc-message", quote(refused.message, safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")))
        for name, value in refused.trailers.items():
            if isinstance(value, bytes):
                value = base64.b64encode(value).decode().rstrip("=")
            trailers.append((name, value))
        self._stream.end(hpack.encode(trailers), b"", self._headers())


def parse(kind: type[Message], data: bytes) -> Message:
    """The message in `data`, or a refusal."""
    message = kind()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise refusals.invalid("The request is not a message of the protocol.") from None
    return message


def _framed(message: Message) -> bytes:
    data: bytes = message.SerializeToString()
    return b"\0" + len(data).to_bytes(4, "big") + data


def _timeout(header: str | None) -> float | None:
    """Seconds in a `grpc-timeout`; None if there is none, or it is not one."""
    if header:
        with suppress(ValueError, KeyError):
            return int(header[:-1]) * _UNITS[header[-1]]
    return None

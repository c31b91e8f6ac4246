"""The transport: grpcio's asyncio server, and nothing of the protocol's meaning.

A leaner HTTP/2 server could stand here; with real clients, whose own work is most of a call, it would be lost effort
(see the figures of `tests/bench/node_bench.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError, Message

from shared.errors import ForgetMeNotError, Unavailable
from shared.eventstore.node import refusals
from shared.eventstore.node.calls import (
    MAX_MESSAGE_BYTES,
    Batch,
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

_log = structlog.get_logger(__name__)

_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.so_reuseport", 0),  # two nodes on one port would share its connections
    ("grpc.max_metadata_size", 64 << 10),
    # Clients may ping as often as they like; a dead one is noticed by pinging it.
    ("grpc.http2.min_ping_interval_without_data_ms", 1000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
]
_STATUS = {status.value[0]: status for status in grpc.StatusCode}

Authenticate = Callable[[str | None], Awaitable[User]]


class GrpcServer:
    """Serves `methods`. `authenticate` says who an `authorization` header is."""

    def __init__(self, methods: Methods, authenticate: Authenticate) -> None:
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers((_Handlers(methods, authenticate),))

    async def start(self, host: str, port: int, certificate: bytes | None, key: bytes | None) -> int:
        """Listen; the port, which is any that is free if `port` is 0. Raises `Unavailable`."""
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            if certificate and key:
                credentials = grpc.ssl_server_credentials([(key, certificate)])
                bound = self._server.add_secure_port(address, credentials)
            else:
                bound = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise Unavailable(f"The node cannot listen on {address}: is another one there?") from error
        await self._server.start()
        return int(bound)

    async def stop(self) -> None:
        """End all calls."""
        await self._server.stop(None)


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio is untyped
    def __init__(self, methods: Methods, authenticate: Authenticate) -> None:
        self._handlers = {path: _handler(path, method, authenticate) for path, method in methods.items()}

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """The handler of a call; none is UNIMPLEMENTED."""
        return self._handlers.get(details.method)


def _handler(path: str, method: Method, authenticate: Authenticate) -> grpc.RpcMethodHandler:
    async def opened(context: Any) -> Call:
        metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        return Call(path, metadata, context.peer(), await authenticate(metadata.get("authorization")))

    async def write(batches: AsyncIterator[Batch], context: Any) -> None:
        try:
            async for batch in batches:
                for message in batch:
                    await context.write(message)  # waits while the reader does not fetch
        finally:
            await batches.aclose()  # type: ignore[attr-defined]  # the handlers' are generators

    async def parsed(requests: AsyncIterator[bytes]) -> AsyncIterator[Message]:
        async for data in requests:
            yield parse(method.request, data)

    match method:
        case Unary(handle=handle_one):

            async def unary(data: bytes, context: Any) -> Any:
                async with _refusing(path, context):
                    return await handle_one(parse(method.request, data), await opened(context))

            return grpc.unary_unary_rpc_method_handler(unary, response_serializer=_serialized)
        case Collected(handle=handle_all):

            async def collected(requests: AsyncIterator[bytes], context: Any) -> Any:
                async with _refusing(path, context):
                    call = await opened(context)
                    messages, size = [], 0
                    async for data in requests:
                        size += len(data)
                        if size > MAX_MESSAGE_BYTES:
                            raise refusals.append_too_large(MAX_MESSAGE_BYTES)
                        messages.append(parse(method.request, data))
                    return await handle_all(messages, call)

            return grpc.stream_unary_rpc_method_handler(collected, response_serializer=_serialized)
        case Streaming(handle=handle_reader):

            async def streaming(data: bytes, context: Any) -> None:
                async with _refusing(path, context):
                    await write(handle_reader(parse(method.request, data), await opened(context)), context)

            return grpc.unary_stream_rpc_method_handler(streaming, response_serializer=_serialized)
        case Duplex(handle=handle_both):

            async def duplex(requests: AsyncIterator[bytes], context: Any) -> None:
                async with _refusing(path, context):
                    await write(handle_both(parsed(requests), await opened(context)), context)

            return grpc.stream_stream_rpc_method_handler(duplex, response_serializer=_serialized)


def _serialized(message: Message) -> bytes:
    data: bytes = message.SerializeToString()
    return data


def parse(kind: type[Message], data: bytes) -> Message:
    """The message in `data`, or a refusal."""
    message = kind()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise refusals.invalid("The request is not a message of the protocol.") from None
    return message


class _refusing:
    """Turns what a handler raises into the status of its call. A fault of ours is logged, and told without details."""

    def __init__(self, path: str, context: Any) -> None:
        self._path = path
        self._context = context

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        match error:
            case None | asyncio.CancelledError() | grpc.aio.AbortError() | GeneratorExit():
                return False
            case Refused():
                refused = error
            case ForgetMeNotError():
                refused = refusals.of_store(error)
            case grpc.RpcError():  # the client is gone
                return False
            case _:
                _log.error("node.call_failed", path=self._path, exc_info=error)
                refused = Refused(Code.UNKNOWN, "Exception was thrown by handler.")
        if refused.code == Code.OK:
            return True
        await self._context.abort(_STATUS[refused.code], refused.message, tuple(refused.trailers.items()))
        return True

"""What a real server does and the node does not: positions are offsets, and a place between two of them is refused.

A relay before a node. Positions are multiplied, so that most numbers are no event's place; reads from those are refused
as the server refuses them (`ReadAllResult.InvalidPosition`); and a reading backwards begins before the position that it
names, as `AllReader.ReadAllEventsBackward` has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.message import Message
from kurrentdbclient.protos.v1 import streams_pb2

STRETCH = 137
_STREAMS = "/event_store.client.streams.Streams/"
_OPTIONS = [("grpc.max_receive_message_length", 17 << 20), ("grpc.max_send_message_length", 17 << 20)]


class _Relay(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = details.method
        if method == _STREAMS + "Read":
            upstream = self._channel.unary_stream(method)
            return grpc.unary_stream_rpc_method_handler(lambda data, context: _read(upstream, data, context))
        answers = {"Append": streams_pb2.AppendResp, "BatchAppend": streams_pb2.BatchAppendResp}
        kind = answers.get(method.removeprefix(_STREAMS))
        both_ways = self._channel.stream_stream(method)
        return grpc.stream_stream_rpc_method_handler(
            lambda requests, context: _answer(both_ways, kind, requests, context)
        )


def _answer(upstream: Any, kind: type[Message] | None, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
    call = upstream(requests, metadata=context.invocation_metadata())
    yield from _relayed(call, context, lambda data: _stretched(kind, data) if kind else data)


def _read(upstream: Any, data: bytes, context: Any) -> Iterator[bytes]:
    request = streams_pb2.ReadReq.FromString(data)
    options = request.options
    if options.WhichOneof("stream_option") == "all" and options.all.WhichOneof("all_option") == "position":
        place, remainder = divmod(options.all.position.commit_position, STRETCH)
        if remainder:
            context.abort(grpc.StatusCode.UNKNOWN, "Unexpected ReadAllResult: InvalidPosition")
        if options.read_direction == options.Backwards:
            place -= 1
            if place <= 0:
                return
        options.all.position.commit_position = options.all.position.prepare_position = place
    call = upstream(request.SerializeToString(), metadata=context.invocation_metadata())
    context.add_callback(call.cancel)
    yield from _relayed(call, context, lambda answer: _stretched(streams_pb2.ReadResp, answer))


def _relayed(call: Any, context: Any, changed: Callable[[bytes], bytes]) -> Iterator[bytes]:
    try:
        for data in call:
            yield changed(data)
    except grpc.RpcError as error:
        if context.is_active():
            context.set_trailing_metadata(error.trailing_metadata() or ())
            context.abort(error.code(), error.details())


def _stretched(kind: type[Message], data: bytes) -> bytes:
    message = kind.FromString(data)
    _stretch(message)
    return message.SerializeToString()


def _stretch(message: Message) -> None:
    for field, value in message.ListFields():
        if field.name in ("commit_position", "prepare_position"):
            setattr(message, field.name, value * STRETCH)
        elif field.message_type and not field.is_repeated and "google.protobuf" not in field.message_type.full_name:
            _stretch(value)


@contextmanager
def offsets(port: int) -> Iterator[int]:
    """The port of a server like the node at `port`, but with positions as a real server has them."""
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=_OPTIONS) as channel:
        server = grpc.server(ThreadPoolExecutor(32), handlers=(_Relay(channel),), options=_OPTIONS)
        own = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield own
        finally:
            server.stop(None).wait()

"""Names, ids and instants between the protocol's messages and the log."""

from __future__ import annotations

import struct
import time
from functools import lru_cache
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from kurrentdbclient.protos.v1 import shared_pb2

from shared.eventstore.node import refusals

EMPTY = shared_pb2.Empty()
_U64 = (1 << 64) - 1
_halves = struct.Struct(">qq")
LAST = (1 << 63) - 1  # the protocol's "end" where a number is meant; the log's own largest


def stream_name(identifier: shared_pb2.StreamIdentifier) -> str:
    """The stream that is meant. Refuses an empty or undecodable name."""
    try:
        name = identifier.stream_name.decode()
    except UnicodeDecodeError:
        raise refusals.invalid("The stream's name is not UTF-8.") from None
    if not name:
        raise refusals.invalid("Required field StreamIdentifier not set.")
    return name


@lru_cache(1000)
def identifier_of(stream: str) -> shared_pb2.StreamIdentifier:
    """The message that names `stream`."""
    return shared_pb2.StreamIdentifier(stream_name=stream.encode())


def uuid_of(message: shared_pb2.UUID) -> UUID:
    """The id in a message, in either of its forms."""
    if message.WhichOneof("value") == "structured":
        most = message.structured.most_significant_bits & _U64
        return UUID(int=most << 64 | message.structured.least_significant_bits & _U64)
    try:
        return UUID(message.string)
    except ValueError:
        raise refusals.invalid("An id is not a UUID.") from None


def uuid_message(id: bytes, structured: bool = False) -> shared_pb2.UUID:
    """The message for an id."""
    if not structured:
        text = id.hex()
        return shared_pb2.UUID(string=f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")
    most, least = _halves.unpack(id)
    return shared_pb2.UUID(
        structured=shared_pb2.UUID.Structured(most_significant_bits=most, least_significant_bits=least)
    )


def wants_structured(option: Any) -> bool:
    """Whether a reader asked for ids in two numbers."""
    return bool(option.WhichOneof("content") == "structured")


def now() -> Timestamp:
    """The node's clock."""
    stamp = Timestamp()
    stamp.FromNanoseconds(time.time_ns())
    return stamp


def clamped(number: int) -> int:
    """An unsigned 64-bit number, its upper half taken for the end."""
    return min(number, LAST)

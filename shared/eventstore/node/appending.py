"""What clients propose to append, as the log's events and expectations; and limits as the server's."""

from __future__ import annotations

from typing import Any

from shared.eventstore import retention
from shared.eventstore.appending import Item
from shared.eventstore.node import refusals
from shared.eventstore.node.identifiers import id_bytes_of
from shared.eventstore.node.recorded import JSON
from shared.eventstore.port import Expected, StreamState

MAX_APPEND_BYTES = 1 << 20  # of one append, types included; the server's default `MaxAppendSize`

_STATES = {
    "any": StreamState.ANY,
    "no_stream": StreamState.NO_STREAM,
    "stream_exists": StreamState.EXISTS,
}


def expected_of(options: Any, oneof: str) -> Expected:
    """What the options of an append or a delete expect of the stream."""
    field = options.WhichOneof(oneof)
    if field is None:
        raise refusals.invalid("The expected revision is missing.")
    if field in _STATES:
        return _STATES[field]
    number: int = getattr(options, field)
    if number >> 63:
        raise refusals.invalid("The expected revision is too large.")
    return number


def proposed(message: Any) -> Item:
    """The event in a `ProposedMessage` of either append."""
    metadata = message.metadata
    try:
        type_, content_type = metadata["type"], metadata["content-type"]
    except KeyError as missing:
        raise refusals.property_missing(missing.args[0]) from None
    check_type(type_)
    return id_bytes_of(message.id), type_, message.data, message.custom_metadata, 1 if content_type == JSON else 0


def check_type(type: str) -> None:
    """Refuse events that no client may append."""
    if type == retention.TOMBSTONE:
        raise refusals.invalid(f"Events of type {retention.TOMBSTONE} are written by deleting a stream.")


def size_of(item: Item) -> int:
    """How many bytes of an append the event takes."""
    return len(item[1]) + len(item[2]) + len(item[3])

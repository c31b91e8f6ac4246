"""What clients propose to append, as the log's events and expectations; and limits as the server's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.eventstore import retention
from shared.eventstore.node import refusals
from shared.eventstore.node.identifiers import uuid_of
from shared.eventstore.node.recorded import JSON
from shared.eventstore.port import Expected, NewEvent, StreamState

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


def proposed(message: Any) -> NewEvent:
    """The event in a `ProposedMessage` of either append."""
    metadata = message.metadata
    type_ = metadata.get("type")
    if type_ is None:
        raise refusals.property_missing("type")
    content_type = metadata.get("content-type")
    if content_type is None:
        raise refusals.property_missing("content-type")
    return checked(NewEvent(uuid_of(message.id), type_, message.data, message.custom_metadata, content_type == JSON))


def checked(event: NewEvent) -> NewEvent:
    """The event, if clients may append it."""
    if event.type == retention.TOMBSTONE:
        raise refusals.invalid(f"Events of type {retention.TOMBSTONE} are written by deleting a stream.")
    return event


def size_of(event: NewEvent) -> int:
    """How many bytes of an append the event takes."""
    return len(event.type) + len(event.data) + len(event.metadata)


def total(events: Iterable[NewEvent]) -> int:
    """How many bytes an append takes."""
    return sum(map(size_of, events))

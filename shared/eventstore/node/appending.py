"""What clients propose to append, as the log's events and expectations; and limits as the server's."""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from shared.eventstore import retention
from shared.eventstore.appending import Item
from shared.eventstore.node import refusals
from shared.eventstore.node.identifiers import uuid_of
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


def proposed(messages: Sequence[Any]) -> list[Item]:
    """The events in the `ProposedMessage`s of either append.

    They are taken as nearly all are, for here a large append spends the loop's time; where one is not, with care.
    """
    items: list[Item] = []
    with suppress(ValueError):
        for message in messages:
            id_bytes, metadata = unhexlify(message.id.string.replace("-", "")), message.metadata
            type_, content_type = metadata["type"], metadata["content-type"]  # "" if it is missing
            if len(id_bytes) != 16 or not type_ or not content_type:
                break
            items.append((id_bytes, type_, message.data, message.custom_metadata, 1 if content_type == JSON else 0))
    if len(items) != len(messages):
        items = [_proposed(message) for message in messages]
    for type_ in {item[1] for item in items}:
        check_type(type_)
    return items


def _proposed(message: Any) -> Item:
    metadata = message.metadata
    for name in ("type", "content-type"):
        if not metadata[name]:
            raise refusals.property_missing(name)
    is_json = 1 if metadata["content-type"] == JSON else 0
    return uuid_of(message.id).bytes, metadata["type"], message.data, message.custom_metadata, is_json


def check_type(type: str) -> None:
    """Refuse events that no client may append."""
    if type == retention.TOMBSTONE:
        raise refusals.invalid(f"Events of type {retention.TOMBSTONE} are written by deleting a stream.")


def size_of(items: Sequence[Item]) -> int:
    """How many bytes of an append the events take."""
    return sum([len(item[1]) + len(item[2]) + len(item[3]) for item in items])

"""The language between the agent and its process: the frames of `eventstore.wire`, with more kinds of them."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from shared.eventstore.port import CaughtUp, Checkpoint, Filter, RecordedEvent

Delivery = RecordedEvent | CaughtUp | Checkpoint


class Kind(IntEnum):
    """What a frame is, beside `wire.Kind.APPEND`, `ANSWER` and `FAILED`. To the agent: READ to HEAD."""

    READ = 65  # a page of a stream or of the log; answered by EVENTS
    SUBSCRIBE = 66  # answered by EVENTS again and again
    REVISION = 67  # the body is a stream's name; answered by NUMBER
    HEAD = 68  # answered by NUMBER
    EVENTS = 80
    NUMBER = 81  # -1: none


_header = struct.Struct("<IBQ")
_event = struct.Struct("<QQq?16sHHII")
_position = struct.Struct("<Q")
_number = struct.Struct("<q")
_EVENT, _CAUGHT_UP, _CHECKPOINT = b"e", b"u", b"c"


def frame(kind: Kind, number: int = 0, body: bytes = b"") -> bytes:
    """One frame, ready to send."""
    return _header.pack(len(body), kind, number) + body


def number_frame(number: int, value: int | None) -> bytes:
    """The frame that answers with a number."""
    return frame(Kind.NUMBER, number, _number.pack(-1 if value is None else value))


def read_number(body: bytes) -> int | None:
    """The number in a frame's body."""
    (value,) = _number.unpack(body)
    return None if value < 0 else int(value)


def options_frame(kind: Kind, number: int, **options: Any) -> bytes:
    """The frame that asks for events."""
    wanted: Filter | None = options.pop("filter", None)
    if wanted:
        options["filter"] = [wanted.stream_prefixes, wanted.types, wanted.system]
    return frame(kind, number, json.dumps(options).encode())


def read_options(body: bytes) -> dict[str, Any]:
    """What a frame asks for, as keyword arguments of the port's methods."""
    options: dict[str, Any] = json.loads(body)
    if wanted := options.get("filter"):
        prefixes, types, system = wanted
        options["filter"] = Filter(tuple(prefixes), tuple(types), system)
    return options


def events_frame(number: int, deliveries: Iterable[Delivery]) -> bytes:
    """The frame that brings events, and how far a subscription has come."""
    parts: list[bytes] = []
    for item in deliveries:
        if isinstance(item, RecordedEvent):
            position, stream, revision, id_bytes, type_, data, metadata, is_json, created_us = item
            name, kind = stream.encode(), type_.encode()
            lengths = len(name), len(kind), len(data), len(metadata)
            parts += (_EVENT, _event.pack(position, revision, created_us, is_json, id_bytes, *lengths))
            parts += (name, kind, data, metadata)
        else:
            parts += (_CAUGHT_UP if isinstance(item, CaughtUp) else _CHECKPOINT, _position.pack(item.position))
    return frame(Kind.EVENTS, number, b"".join(parts))


def read_events(body: bytes) -> list[Delivery]:
    """The events in a frame's body."""
    found: list[Delivery] = []
    at = 0
    while at < len(body):
        tag = body[at : at + 1]
        at += 1
        if tag != _EVENT:
            (reached,) = _position.unpack_from(body, at)
            found.append(CaughtUp(reached) if tag == _CAUGHT_UP else Checkpoint(reached))
            at += _position.size
            continue
        position, revision, created_us, is_json, id_bytes, *lengths = _event.unpack_from(body, at)
        at += _event.size
        texts = []
        for length in lengths:
            texts.append(body[at : at + length])
            at += length
        name, kind, data, metadata = texts
        found.append(
            RecordedEvent(
                position, name.decode(), revision, id_bytes, kind.decode(), data, metadata, is_json, created_us
            )
        )
    return found

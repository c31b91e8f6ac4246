"""Events between the client and the port."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import kurrentdbclient as client

from shared.eventstore.port import Expected, NewEvent, RecordedEvent, StreamState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_STATES = {
    StreamState.ANY: client.StreamState.ANY,
    StreamState.NO_STREAM: client.StreamState.NO_STREAM,
    StreamState.EXISTS: client.StreamState.EXISTS,
}


def recorded(event: client.RecordedEvent) -> RecordedEvent:
    """An event that was read."""
    at = event.recorded_at
    return RecordedEvent(
        event.commit_position,
        event.stream_name,
        event.stream_position,
        event.id.bytes,
        event.type,
        event.data,
        event.metadata,
        event.content_type == "application/json",
        (at - _EPOCH) // _MICROSECOND if at else 0,
    )


def proposed(events: Sequence[NewEvent]) -> list[client.NewEvent]:
    """Events to append."""
    return [
        client.NewEvent(type, data, metadata, "application/json" if is_json else "application/octet-stream", id)
        for id, type, data, metadata, is_json in events
    ]


def expectation(expected: Expected) -> int | client.StreamState:
    """What an append expects of its stream."""
    return _STATES[expected] if isinstance(expected, StreamState) else expected

"""A recorded event as the protocol's message."""

from __future__ import annotations

from typing import Any, NamedTuple

from shared.eventstore.node.identifiers import identifier_of, uuid_message
from shared.eventstore.port import RecordedEvent

JSON = "application/json"
BYTES = "application/octet-stream"


class Resolved(NamedTuple):
    """An event as a reader gets it: itself, or what it links to (None if that is gone) and the link."""

    event: RecordedEvent | None
    link: RecordedEvent | None = None

    @property
    def original(self) -> RecordedEvent:
        """The event that is in the stream that was read."""
        found = self.link or self.event
        assert found is not None  # noqa: S101
        return found


def _recorded(kind: Any, event: RecordedEvent, structured: bool) -> Any:
    position, stream, revision, id, type_, data, metadata, is_json, created_us = event
    return kind.RecordedEvent(
        id=uuid_message(id, structured),
        stream_identifier=identifier_of(stream),
        stream_revision=revision,
        prepare_position=position,
        commit_position=position,
        metadata={"type": type_, "created": str(created_us * 10), "content-type": JSON if is_json else BYTES},
        custom_metadata=metadata,
        data=data,
    )


def read_event(responses: Any, resolved: Resolved, structured: bool, retries: int | None = None) -> Any:
    """The `ReadResp` of `responses` (a module of the protocol) that carries an event.

    `created` counts ticks of 100 nanoseconds since 1970, as the server's `ToTicksSinceEpoch` does.
    """
    kind = responses.ReadResp.ReadEvent
    event, link = resolved
    carried = kind(
        event=_recorded(kind, event, structured) if event else None,
        link=_recorded(kind, link, structured) if link else None,
        commit_position=(link or event).position,  # type: ignore[union-attr]  # there is one of them
    )
    if retries is not None:
        carried.retry_count = retries
    return responses.ReadResp(event=carried)

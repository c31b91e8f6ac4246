"""Is anything missing from a log that somebody else keeps?

A cluster looks after its own files. What it cannot know is that our streams are never deleted or truncated: its
administrator may do that. Between two events of a stream it shows here; at the end of a stream, or of all of it, only
the Merkle tree tells (`forgetmenot audit verify`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from shared.eventstore.port import EventStore, Filter


class Missing(NamedTuple):
    """Events that a stream must have had before the one at `position`."""

    stream: str
    first: int
    last: int
    position: int


class Wholeness(NamedTuple):
    """How many events there are, and which are not."""

    events: int
    missing: tuple[Missing, ...]


def look(store: EventStore, progress: Callable[[int], None] = lambda done: None) -> Wholeness:
    """Read the whole log and count each stream's revisions."""
    following: dict[str, int] = {}
    missing: list[Missing] = []
    events = 0
    for event in store.read_all(filter=Filter()):
        expected = following.get(event.stream, 0)
        if event.revision != expected:
            missing.append(Missing(event.stream, expected, event.revision - 1, event.position))
        following[event.stream] = event.revision + 1
        events += 1
        if events % 1000 == 0:
            progress(events)
    progress(events)
    return Wholeness(events, tuple(missing))

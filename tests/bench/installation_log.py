"""A log in the mix of a real installation, as long as is asked for: the source's history, and copies of it.

The history is loaded once, through commands and policies like anybody's. Each copy has every id of it mapped to one of
its own, in stream names, data and metadata alike, so that records are as many, as long and as tangled as in the source.
Copies run side by side, for in an installation too no record has the log to itself. What is sealed stays as it was: it
has its real size, and nobody opens it here.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from services.gateway.contexts import CONTEXTS
from services.history.loading import load
from services.history.source import the_source
from shared.eventstore.port import NewEvent, RecordedEvent
from tests.assembled import Assembled

SIDE_BY_SIDE = 25  # copies
LOADED = datetime(2026, 1, 1, tzinfo=UTC)

_ID = re.compile(rb"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")


class Pattern(NamedTuple):
    """A recorded event, cut at the ids in it: every second part is one."""

    event: RecordedEvent
    stream: list[bytes]
    data: list[bytes]
    metadata: list[bytes]


def events() -> Iterator[tuple[str, NewEvent]]:
    """Copy after copy, some of them at a time; without end."""
    patterns = history()
    chance = random.Random(2008)
    number = 0
    under_way: list[Iterator[tuple[str, NewEvent]]] = []
    while True:
        while len(under_way) < SIDE_BY_SIDE:
            under_way.append(_copy(patterns, number))
            number += 1
        chosen = chance.choice(under_way)
        try:
            yield next(chosen)
        except StopIteration:
            under_way.remove(chosen)


@cache
def history() -> list[Pattern]:
    """The source's history as it is stored."""
    with tempfile.TemporaryDirectory() as folder:
        centre = Assembled(Path(folder), CONTEXTS)
        centre.now = LOADED
        load(the_source(), centre.bus, centre.settle)
        patterns = [_cut(event) for event in centre.store.read_all()]
        centre.close()
        return patterns


def _copy(patterns: list[Pattern], number: int) -> Iterator[tuple[str, NewEvent]]:
    mask = random.Random(number).getrandbits(128)
    mapped: dict[bytes, bytes] = {}

    def own(parts: list[bytes]) -> bytes:
        found = parts.copy()
        for at in range(1, len(parts), 2):
            name = parts[at]
            if name not in mapped:
                mapped[name] = str(UUID(int=UUID(name.decode()).int ^ mask)).encode()
            found[at] = mapped[name]
        return b"".join(found)

    for event, stream, data, metadata in patterns:
        event_id = UUID(int=event.id.int ^ mask)
        yield own(stream).decode(), NewEvent(event_id, event.type, own(data), own(metadata), event.is_json)


def _cut(event: RecordedEvent) -> Pattern:
    return Pattern(event, _ID.split(event.stream.encode()), _ID.split(event.data), _ID.split(event.metadata))

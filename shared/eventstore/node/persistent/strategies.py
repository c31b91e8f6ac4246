"""Who of a group's consumers gets an event (server docs, "Consumer strategies")."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Protocol
from zlib import crc32

from shared.eventstore.node.recorded import Resolved

BY_CORRELATION = "PinnedByCorrelation"


class Consumer(Protocol):
    """As much of a consumer as a strategy looks at."""

    @property
    def id(self) -> bytes: ...

    @property
    def free(self) -> int: ...


class Strategy(Protocol):
    """Chooses among consumers. `patient`: if this event's consumer is full, the next event's may not be."""

    patient: bool

    def choose(self, event: Resolved, consumers: Sequence[Consumer]) -> int | None:
        """Which of `consumers`, by index; None if it has to wait."""
        ...


class DispatchToSingle:
    """All to the first, until its buffer is full; then to the next."""

    patient = False

    def choose(self, event: Resolved, consumers: Sequence[Consumer]) -> int | None:
        """See `Strategy`."""
        return next((index for index, consumer in enumerate(consumers) if consumer.free > 0), None)


class RoundRobin:
    """To each in turn; a full one is passed over."""

    patient = False

    def __init__(self) -> None:
        self._turn = -1

    def choose(self, event: Resolved, consumers: Sequence[Consumer]) -> int | None:
        """See `Strategy`."""
        for step in range(1, len(consumers) + 1):
            index = (self._turn + step) % len(consumers)
            if consumers[index].free > 0:
                self._turn = index
                return index
        return None


class Pinned:
    """Events with the same key to the same consumer, for as long as it is there.

    The consumer of a key is the one with the highest hash of both, so that few keys move when one comes or goes.
    """

    patient = True

    def __init__(self, key_of: Callable[[Resolved], bytes]) -> None:
        self._key_of = key_of

    def choose(self, event: Resolved, consumers: Sequence[Consumer]) -> int | None:
        """See `Strategy`."""
        key = self._key_of(event)
        if not consumers:
            return None
        index = max(range(len(consumers)), key=lambda at: crc32(key + consumers[at].id))
        return index if consumers[index].free > 0 else None


def _stream_of(event: Resolved) -> bytes:
    return (event.event or event.original).stream.encode()


def _correlation_of(event: Resolved) -> bytes:
    """The `$correlationId` in the event's metadata; by its stream if it has none."""
    try:
        found = json.loads((event.event or event.original).metadata)["$correlationId"]
    except (ValueError, KeyError, TypeError):
        return _stream_of(event)
    return str(found).encode()


BY_NAME: dict[str, Callable[[], Strategy]] = {
    "DispatchToSingle": DispatchToSingle,
    "RoundRobin": RoundRobin,
    "Pinned": lambda: Pinned(_stream_of),
    BY_CORRELATION: lambda: Pinned(_correlation_of),
}

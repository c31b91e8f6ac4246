"""A consumer of a persistent subscription, and what is on its way to it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from shared.eventstore.node.calls import Refused
from shared.eventstore.node.recorded import Resolved


@dataclass(slots=True, eq=False)
class Delivery:
    """An event on its way. `place` is its revision or position; None for one that was parked and is replayed."""

    event: Resolved
    place: int | None
    retries: int = 0
    due: float = 0.0  # when it times out, on the monotonic clock


@dataclass(slots=True, eq=False)
class Consumer:
    """One who reads, with room for `slots` events at a time."""

    slots: int
    username: str
    peer: str
    name: str
    id: bytes = field(default_factory=lambda: uuid4().bytes)
    in_flight: dict[UUID, Delivery] = field(default_factory=dict)
    outbox: deque[Delivery] = field(default_factory=deque)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: Refused | None = None
    total: int = 0

    @property
    def free(self) -> int:
        """How many more events it takes now."""
        return self.slots - len(self.in_flight)

    async def take(self) -> list[Delivery]:
        """What has been dispatched to it. Raises `Refused` once it has been dropped."""
        while not self.outbox:
            if self.dropped:
                raise self.dropped
            self.woken.clear()
            await self.woken.wait()
        taken = list(self.outbox)
        self.outbox.clear()
        return taken

    def drop(self, why: Refused) -> None:
        """Tell it that it is over."""
        self.dropped = why
        self.woken.set()

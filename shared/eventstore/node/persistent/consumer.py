"""A consumer of a persistent subscription, and what is on its way to it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from shared.eventstore.node.calls import Refused
from shared.eventstore.node.persistent.measuring import Meter, Times
from shared.eventstore.node.recorded import Resolved


@dataclass(slots=True, eq=False)
class Delivery:
    """An event on its way. `place` is its revision or position; None for one that was parked and is replayed."""

    event: Resolved
    place: int | None
    retries: int = 0
    sent: float = 0.0  # when it was dispatched, on the monotonic clock
    due: float = 0.0  # when it times out


@dataclass(slots=True, eq=False)
class Consumer:
    """One who reads, with room for `slots` events at a time."""

    slots: int
    username: str
    peer: str
    name: str
    times: Times | None = None  # if they are wanted
    id: bytes = field(default_factory=lambda: uuid4().bytes)
    in_flight: dict[UUID, Delivery] = field(default_factory=dict)
    outbox: deque[Delivery] = field(default_factory=deque)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: Refused | None = None
    delivered: Meter = field(default_factory=Meter)

    @property
    def free(self) -> int:
        """How many more events it takes now."""
        return self.slots - len(self.in_flight)

    def give(self, delivery: Delivery, timeout: float) -> None:
        """Send it an event, which it has `timeout` seconds for."""
        delivery.sent = time.monotonic()
        delivery.due = delivery.sent + timeout
        self.in_flight[delivery.event.original.id] = delivery
        self.outbox.append(delivery)
        self.delivered.total += 1
        self.woken.set()

    def take_back(self, id: UUID) -> Delivery | None:
        """The event is out of its hands; None if it was not in them."""
        delivery = self.in_flight.pop(id, None)
        if delivery and self.times:
            self.times.add(time.monotonic() - delivery.sent)
        return delivery

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

"""One persistent subscription: what is to be delivered, to whom, what has been confirmed, and up to where.

Lives on the event loop, so nothing in it happens twice at once. An event is delivered until a consumer confirms it
(ack), or skips or parks it; after a nack to retry, a time-out or the loss of its consumer it is delivered again, at
most `max_retry_count` times, then parked. `progress` says how far that is.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import Literal
from uuid import UUID

import structlog

from shared.errors import ForgetMeNotError
from shared.eventstore.node import filters, refusals
from shared.eventstore.node.calls import Code, Refused
from shared.eventstore.node.following import Following
from shared.eventstore.node.persistent import strategies
from shared.eventstore.node.persistent.consumer import Consumer, Delivery
from shared.eventstore.node.persistent.measuring import Meter
from shared.eventstore.node.persistent.progress import Progress
from shared.eventstore.node.persistent.settings import Settings
from shared.eventstore.node.recorded import Resolved
from shared.eventstore.port import Checkpoint

_log = structlog.get_logger(__name__)

TICK_SECONDS = 0.1
_RETRY_READING_SECONDS = 1.0

Action = Literal["retry", "park", "skip"]
Park = Callable[[Resolved, str], Awaitable[None]]
Save = Callable[[int], Awaitable[None]]


class Group:
    """The subscription of `name` to `stream` (None: to the log). `checkpoint` is where it has been before."""

    def __init__(
        self,
        stream: str | None,
        name: str,
        settings: Settings,
        checkpoint: int | None,
        following: Following,
        park: Park,
        save: Save,
    ) -> None:
        self.stream = stream
        self.name = name
        self.settings = settings
        self.consumers: list[Consumer] = []
        self.delivered = Meter()
        self._following = following
        self._park = park
        self._save = save
        self._strategy = strategies.BY_NAME[settings.strategy]()
        self._buffer: deque[Delivery] = deque()
        self._retries: deque[Delivery] = deque()
        self._progress = Progress(settings, checkpoint)
        self._room = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._parking: set[asyncio.Task[None]] = set()
        self._saving: asyncio.Task[None] | None = None

    # Consumers come and go

    def connect(self, consumer: Consumer) -> None:
        """A consumer comes. Refused if there are as many as there may be."""
        limit = self.settings.max_subscriber_count
        if limit and len(self.consumers) >= limit:
            raise Refused(
                Code.FAILED_PRECONDITION,
                f"Maximum subscriptions reached for subscription group {self.name} on stream {self.source}.",
                {"exception": "maximum-subscribers-reached", **self._trailers},
            )
        self.consumers.append(consumer)
        self.start()
        self.pump()

    def disconnect(self, consumer: Consumer) -> None:
        """A consumer is gone: what it had goes to others."""
        if consumer in self.consumers:
            self.consumers.remove(consumer)
            lost, consumer.in_flight = list(consumer.in_flight.values()), {}
            consumer.outbox.clear()
            for delivery in lost:
                self._again(delivery)
            self.pump()

    @property
    def source(self) -> str:
        """What it subscribes to, by name."""
        return self.stream or "$all"

    @property
    def _trailers(self) -> dict[str, str]:
        return {
            "stream-name": refusals.trailer_text(self.source),
            "group-name": refusals.trailer_text(self.name),
        }

    def start(self) -> None:
        """Begin to read and to watch the time. More than once is once."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._tick())]

    async def stop(self) -> None:
        """End: drop all consumers, keep the place."""
        why = Refused(
            Code.CANCELLED,
            f"Subscription group {self.name} on stream {self.source} was dropped.",
            {"exception": "persistent-subscription-dropped", **self._trailers},
        )
        for consumer in self.consumers:
            consumer.drop(why)
        self.consumers.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._parking, return_exceptions=True)
        if self._saving:
            await asyncio.wait([self._saving])
        await self._save_checkpoint()
        self._tasks = []

    # What consumers say

    def ack(self, consumer: Consumer, ids: Iterable[UUID]) -> None:
        """These are done with. What is not in the consumer's hands is passed over, as in the server."""
        for id in ids:
            if delivery := consumer.take_back(id):
                self._done(delivery)
        self.pump()

    def nack(self, consumer: Consumer, ids: Iterable[UUID], action: Action, reason: str) -> None:
        """These could not be done."""
        for id in ids:
            if delivery := consumer.take_back(id):
                match action:
                    case "retry":
                        self._again(delivery)
                    case "park":
                        self._put_aside(delivery, reason or "client explicitly NAK'd message")
                    case "skip":
                        self._done(delivery)
        self.pump()

    def replay(self, events: Iterable[Resolved]) -> None:
        """Deliver these, which had been parked, before anything else."""
        self._retries.extend(Delivery(event, None) for event in events if event.event)
        self.pump()

    # Delivering

    def pump(self) -> None:
        """Dispatch what can be dispatched."""
        for queue in (self._retries, self._buffer):
            self._dispatch(queue)
        if len(self._buffer) < self.settings.history_buffer_size:
            self._room.set()

    def _dispatch(self, queue: deque[Delivery]) -> None:
        waiting: list[Delivery] = []
        while queue and any(consumer.free > 0 for consumer in self.consumers):
            delivery = queue.popleft()
            chosen = self._strategy.choose(delivery.event, self.consumers)
            if chosen is None:
                waiting.append(delivery)
                if not self._strategy.patient:
                    break
                continue
            self._push(delivery, self.consumers[chosen])
        queue.extendleft(reversed(waiting))

    def _push(self, delivery: Delivery, consumer: Consumer) -> None:
        timeout = self.settings.message_timeout_ms
        self._progress.delivered(delivery.place)
        self.delivered.total += 1
        consumer.give(delivery, timeout / 1000 if timeout else float("inf"))

    def _again(self, delivery: Delivery) -> None:
        if delivery.retries >= self.settings.max_retry_count:
            self._put_aside(delivery, f"Reached retry count of {self.settings.max_retry_count}")
        else:
            delivery.retries += 1
            self._retries.append(delivery)

    def _put_aside(self, delivery: Delivery, reason: str) -> None:
        async def park() -> None:
            try:
                await self._park(delivery.event, reason)
            except ForgetMeNotError as error:  # rather delivered once more than lost
                _log.error("node.subscription.park_failed", group=self.name, error=str(error))
                self._retries.append(delivery)
            else:
                self._done(delivery)

        task = asyncio.create_task(park())
        self._parking.add(task)
        task.add_done_callback(self._parking.discard)

    def _done(self, delivery: Delivery) -> None:
        self._progress.done(delivery.place)

    # The place

    @property
    def checkpoint(self) -> int | None:
        """The place that was saved last."""
        return self._progress.checkpoint

    @property
    def reached(self) -> int | None:
        """Everything up to here is done with; None if nothing is."""
        waiting = [delivery.place for delivery in self._retries]
        if self._buffer:
            waiting.append(self._buffer[0].place)
        return self._progress.reached(waiting)

    async def _save_checkpoint(self) -> None:
        reached = self.reached
        saved = None
        if reached is not None and reached != self.checkpoint:
            try:
                await self._save(reached)
                saved = reached
            except ForgetMeNotError as error:
                _log.error("node.subscription.checkpoint_failed", group=self.name, error=str(error))
        self._progress.tried_to_save(saved)

    # What goes on by itself

    async def _read(self) -> None:
        """Keep the buffer filled."""
        while True:
            try:
                await self._follow()
            except (ForgetMeNotError, Refused) as error:
                _log.warning("node.subscription.reading_failed", group=self.name, error=str(error))
                await asyncio.sleep(_RETRY_READING_SECONDS)

    async def _follow(self) -> None:
        settings = self.settings
        passed = self._progress.passed
        after = passed if passed is not None else None if settings.start == -1 else settings.start - 1
        if self.stream is None:
            wanted = filters.described(settings.filter) if settings.filter else None
            deliveries = self._following.all(after, settings.resolve_links, wanted)
        else:
            deliveries = self._following.stream(self.stream, after, settings.resolve_links)
        async with aclosing(deliveries):
            async for batch in deliveries:
                for item in batch:
                    if isinstance(item, Resolved):
                        original = item.original
                        place = original.position if self.stream is None else original.revision
                        self._progress.passed = place
                        if item.event:  # a link to what is gone is nobody's concern
                            self._buffer.append(Delivery(item, place))
                    elif isinstance(item, Checkpoint):
                        self._progress.passed = item.position
                self.pump()
                while len(self._buffer) >= settings.history_buffer_size:
                    self._room.clear()
                    await self._room.wait()

    async def _tick(self) -> None:
        """Time out what nobody confirms, and save the place."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.monotonic()
            overdue = False
            for consumer in self.consumers:
                for id in [id for id, delivery in consumer.in_flight.items() if delivery.due <= now]:
                    if delivery := consumer.take_back(id):
                        self._again(delivery)
                        overdue = True
            if overdue:
                self.pump()
            if self._progress.is_due(self.reached):
                self._saving = asyncio.create_task(self._save_checkpoint())
                await asyncio.wait([self._saving])

    # Figures

    @property
    def buffered(self) -> int:
        """How many events wait for a consumer."""
        return len(self._buffer)

    @property
    def retrying(self) -> int:
        """How many events wait to be delivered again."""
        return len(self._retries)

    @property
    def in_flight(self) -> int:
        """How many events consumers have in their hands."""
        return sum(len(consumer.in_flight) for consumer in self.consumers)

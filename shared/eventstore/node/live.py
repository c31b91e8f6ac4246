"""The log's live end, handed to every subscription: one thread reads what is new, once, for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Any, Protocol

import structlog

from shared.errors import ForgetMeNotError
from shared.eventstore.port import RecordedEvent, Subscription

CAPACITY = 1000  # events that one subscription may leave waiting; then it has fallen behind
_BYTES = 4 << 20

_log = structlog.get_logger(__name__)


class Source(Protocol):
    """A log that can be followed."""

    def head(self) -> int: ...

    def subscribe(self, *, after: int | None = None) -> Subscription: ...


class Tap:
    """What has come since the tap was opened, for one subscription. Bounded: one that overflows is `lost`."""

    def __init__(self) -> None:
        self._waiting: list[RecordedEvent] = []
        self._bytes = 0
        self._woken = asyncio.Event()
        self.lost = False
        self.failure: ForgetMeNotError | None = None

    def add(self, events: Sequence[RecordedEvent], size: int) -> None:
        """These have come."""
        if not self.lost:
            self._waiting += events
            self._bytes += size
            if len(self._waiting) > CAPACITY or (self._bytes > _BYTES and len(self._waiting) > 1):
                self._waiting = []
                self.lost = True
        self._woken.set()

    def fail(self, failure: ForgetMeNotError) -> None:
        """Nothing more will come."""
        self.failure = failure
        self._woken.set()

    def restart(self) -> None:
        """Forget what was lost: the log is about to be read up to here."""
        self._waiting, self._bytes, self.lost = [], 0, False

    async def take(self, timeout: float | None = None) -> list[RecordedEvent]:
        """What has come, as soon as something has; nothing if it was lost, or none came within `timeout` seconds."""
        if not (self._waiting or self.lost or self.failure):
            self._woken.clear()
            try:
                await asyncio.wait_for(self._woken.wait(), timeout) if timeout else await self._woken.wait()
            except TimeoutError:
                return []
        if self.failure:
            raise self.failure
        taken, self._waiting, self._bytes = self._waiting, [], 0
        return taken


class Live:
    """Follows `log` on the running event loop's behalf, for as long as anybody listens."""

    def __init__(self, log: Source) -> None:
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._taps: dict[str | None, set[Tap]] = {}
        self._subscription: Subscription | None = None

    def open(self, stream: str | None = None) -> Tap:
        """A tap on the whole log, or on one stream: what is appended from now on comes to it."""
        tap = Tap()
        self._taps.setdefault(stream, set()).add(tap)
        if self._subscription is None:
            self._subscription = self._log.subscribe(after=self._log.head())
            Thread(target=self._follow, args=(self._subscription,), name="node live", daemon=True).start()
        return tap

    def close_tap(self, tap: Tap, stream: str | None = None) -> None:
        """The tap is needed no more."""
        taps = self._taps.get(stream, set())
        taps.discard(tap)
        if not taps:
            self._taps.pop(stream, None)
        if not self._taps:
            self.close()

    @property
    def taps(self) -> int:
        """How many taps are open."""
        return sum(map(len, self._taps.values()))

    def close(self) -> None:
        """Stop following."""
        if self._subscription:
            self._subscription.close()
            self._subscription = None

    def _follow(self, subscription: Subscription) -> None:
        try:
            for batch in subscription.batches():
                events = [item for item in batch if isinstance(item, RecordedEvent)]
                if events:
                    self._post(self._add, subscription, events)
        except ForgetMeNotError as error:
            self._post(self._fail, subscription, error)

    def _post(self, call: Callable[[Subscription, Any], None], subscription: Subscription, argument: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, subscription, argument)
        except RuntimeError:  # the loop is closed: nobody is left to tell
            _log.debug("node.live.loop_closed")

    def _add(self, subscription: Subscription, events: list[RecordedEvent]) -> None:
        if subscription is not self._subscription:
            return  # from before everybody left: whoever came since reads the log for it
        size = sum([len(event.data) + len(event.metadata) for event in events])
        for tap in self._taps.get(None, ()):
            tap.add(events, size)
        if len(self._taps) > (None in self._taps):
            for event in events:
                for tap in self._taps.get(event.stream, ()):
                    tap.add((event,), len(event.data) + len(event.metadata))

    def _fail(self, subscription: Subscription, failure: ForgetMeNotError) -> None:
        if subscription is self._subscription:
            self._subscription = None  # the next tap tries again
            for taps in self._taps.values():
                for tap in taps:
                    tap.fail(failure)

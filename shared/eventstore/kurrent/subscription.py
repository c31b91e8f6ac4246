"""Following a cluster's log, so that nothing stops it unnoticed.

A thread fetches; the reader takes what has come. Whatever ends the call (a cut, another leader, a restart, a silence
that keep-alive finds) it is made again after the last event, until that fails for longer than the reader's patience.
Every call has a deadline, too: a subscription that is fed nothing is renewed once a minute, whoever forgot it.

A reader of few among many has the server leave out the others until it has caught up. From then on it hears of all of
them, as a server tells seldom how far it has looked, and waiting for a position must not wait for that.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from threading import Condition, Thread
from typing import Any

import kurrentdbclient as client
from kurrentdbclient.exceptions import DeadlineExceededError
from kurrentdbclient.streams import CatchupSubscription

from shared.errors import ForgetMeNotError, Unavailable
from shared.eventstore.appending import CLOSED
from shared.eventstore.kurrent.connection import Connection
from shared.eventstore.kurrent.events import recorded
from shared.eventstore.kurrent.refusals import meaning
from shared.eventstore.port import CaughtUp, Checkpoint, Filter, RecordedEvent
from shared.eventstore.reader import admits

_CALL_SECONDS = 60.0
_STEADY_SECONDS = 1.0  # a call that has stood so long was no failure
_FETCHED = 1000  # events fetched ahead of the reader
_FETCHED_BYTES = 4 << 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
_WINDOW = 500  # events that the server looks at between two checkpoints, while it leaves some out

Delivery = RecordedEvent | CaughtUp | Checkpoint


class ClusterSubscription:
    """See `shared.eventstore.port.Subscription`. One thread iterates; any thread may close."""

    def __init__(
        self,
        connection: Connection,
        head: Callable[[], int],
        after: int | None,
        stream: str | None,
        filter: Filter | None,
        on_server: dict[str, Any],
        call_seconds: float = _CALL_SECONDS,
    ) -> None:
        self.closed = False
        self._connection = connection
        self._head = head
        self._stream = stream
        self._matches = admits(filter)
        self._on_server = {} if stream else on_server
        self._call_seconds = call_seconds
        self._after = after  # the last that was fetched: a revision for a stream, else a position
        self._reached = 0 if stream else after or 0  # the position up to which everything was fetched
        self._told = -1  # the position with which it was last said that all is caught up
        self._call: CatchupSubscription | None = None
        self._opened_at: float | None = None
        self._fetched: deque[Delivery] = deque()
        self._bytes = 0
        self._failure: ForgetMeNotError | None = None
        self._changed = Condition()
        self._thread: Thread | None = None

    def __iter__(self) -> Iterator[Delivery]:
        for batch in self.batches():
            for delivery in batch:
                if self.closed:
                    return
                yield delivery

    def batches(self, limit: int = 500) -> Iterator[list[Delivery]]:
        """See `Subscription.batches`."""
        if self._thread is None:
            self._thread = Thread(target=self._fetch, name="event store subscription", daemon=True)
            self._thread.start()
        while True:
            with self._changed:
                while not (self._fetched or self._failure or self.closed):
                    self._changed.wait()
                if self.closed:
                    return
                if not self._fetched and self._failure:
                    raise self._failure
                batch = [self._fetched.popleft() for _ in range(min(limit, len(self._fetched)))]
                self._bytes -= sum(map(_size, batch))
                self._changed.notify_all()
            yield batch

    def close(self) -> None:
        """End the iteration, from any thread."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()
        if call := self._call:
            call.stop()

    # The fetching thread

    def _fetch(self) -> None:
        pause, trouble_since = _FIRST_PAUSE, None
        try:
            while not self.closed:
                connection = self._connection.client.connection_id
                self._opened_at = None
                try:
                    self._follow()
                except Exception as error:
                    if self.closed:
                        return
                    if self._connection.closed:
                        raise Unavailable(CLOSED) from None
                    refusal = meaning(error)
                    if not refusal.passing:
                        raise refusal.error from None
                    now = time.monotonic()
                    if self._opened_at is not None and now - self._opened_at > _STEADY_SECONDS:
                        pause, trouble_since = _FIRST_PAUSE, None
                        if isinstance(error, DeadlineExceededError):
                            continue  # its time is over: that is all
                    trouble_since = trouble_since or now
                    left = trouble_since + self._connection.patience - now
                    if left < 0:
                        raise refusal.error from None
                    self._connection.mend(error, connection, left)
                with self._changed:
                    self._changed.wait_for(lambda: self.closed, pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        except ForgetMeNotError as failure:
            with self._changed:
                self._failure = failure.with_traceback(None)
                self._changed.notify_all()

    def _follow(self) -> None:
        """One call, to its end; and one more for what is live, once a call that leaves some out has caught up."""
        leaves_out = bool(self._on_server)
        # A reader that has caught up has seen all up to here: its call begins after this is asked.
        head = self._head() if leaves_out or self._stream else 0
        for item in self._open(self._on_server):
            if self._take(item, head) and leaves_out:
                break
        else:
            return
        for item in self._open({}):
            self._take(item, 0)

    def _open(self, on_server: dict[str, Any]) -> CatchupSubscription:
        options: dict[str, Any] = {"subscribe": True, "include_caught_up": True}
        if self._stream:
            options |= {"stream_name": self._stream, "stream_position": self._after}
        else:
            options |= {"commit_position": self._after or None}
        if on_server:
            options |= {**on_server, "include_checkpoints": True, "window_size": _WINDOW}
            options |= {"checkpoint_interval_multiplier": 1}
        opened = self._connection.streams.read(
            **options, timeout=self._call_seconds, credentials=self._connection.credentials
        )
        assert isinstance(opened, CatchupSubscription)  # noqa: S101
        replaced, self._call = self._call, opened
        if replaced:
            replaced.stop()
        if self.closed:
            opened.stop()
        self._opened_at = time.monotonic()
        return opened

    def _take(self, item: client.RecordedEvent, head: int) -> bool:
        """Note what has come. Tells whether it says that all is caught up."""
        if item.is_caught_up:
            self._reached = max(self._reached, head)
            if head and not self._stream:
                if head > (self._after or 0):
                    self._after = head
                    self._put(Checkpoint(head))
            elif self._told != self._reached:
                self._told = self._reached
                self._put(CaughtUp(self._reached))
            return True
        if item.is_checkpoint:
            if item.commit_position > (self._after or 0):
                self._after = self._reached = item.commit_position
                self._put(Checkpoint(item.commit_position))
            return False
        event = recorded(item)
        place = event.revision if self._stream else event.position
        if self._after is not None and place <= self._after:
            return False
        self._after, self._reached = place, max(self._reached, event.position)
        self._put(event if self._matches(event) else Checkpoint(event.position))
        return False

    def _put(self, delivery: Delivery) -> None:
        with self._changed:
            while (len(self._fetched) >= _FETCHED or self._bytes > _FETCHED_BYTES) and not self.closed:
                self._changed.wait()
            if isinstance(delivery, Checkpoint) and self._fetched and isinstance(self._fetched[-1], Checkpoint):
                self._fetched[-1] = delivery
            else:
                self._fetched.append(delivery)
                self._bytes += _size(delivery)
            self._changed.notify_all()


def _size(delivery: Delivery) -> int:
    return len(delivery.data) + len(delivery.metadata) if isinstance(delivery, RecordedEvent) else 0

"""Following a log through the agent: a connection of its own for each subscription, made again after its last event."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain

from shared.errors import Unavailable
from shared.eventstore import wire
from shared.eventstore.agent.language import Delivery, Kind, options_frame, read_events
from shared.eventstore.port import Filter, RecordedEvent

_READ_BYTES = 1 << 18
_PAUSE = 0.05


class AgentSubscription:
    """See `shared.eventstore.port.Subscription`. One thread iterates; any thread may close.

    `connect` raises `OSError` while there is no agent, and `Unavailable` once there will be none.
    """

    def __init__(
        self,
        connect: Callable[[], socket.socket],
        patience: float,
        after: int | None,
        stream: str | None,
        filter: Filter | None,
    ) -> None:
        self._connect = connect
        self._patience = patience
        self._after = after
        self._stream = stream
        self._filter = filter
        self._closed = threading.Event()
        self._connection: socket.socket | None = None

    def __iter__(self) -> Iterator[Delivery]:
        for delivery in chain.from_iterable(self.batches()):
            if self._closed.is_set():
                return
            yield delivery

    def batches(self, limit: int = 500) -> Iterator[list[Delivery]]:
        """See `Subscription.batches`."""
        lost_at: float | None = None
        while not self._closed.is_set():
            try:
                for batch in self._one_connection(limit):
                    lost_at = None
                    yield batch
            except OSError as error:
                lost_at = lost_at or time.monotonic()
                if time.monotonic() - lost_at > self._patience:
                    raise Unavailable("The store agent does not come back: look at its log.") from error
                self._closed.wait(_PAUSE)

    def close(self) -> None:
        """End the iteration, from any thread."""
        self._closed.set()
        with suppress(OSError):
            if connection := self._connection:
                connection.shutdown(socket.SHUT_RDWR)

    def _one_connection(self, limit: int) -> Iterator[list[Delivery]]:
        """What comes over one connection. Raises `OSError` when it is lost, and what the store raised."""
        self._connection = connection = self._connect()
        frames = wire.Frames()
        try:
            options = {"after": self._after, "stream": self._stream, "filter": self._filter, "limit": limit}
            connection.sendall(options_frame(Kind.SUBSCRIBE, 0, **options))
            while not self._closed.is_set():
                data = connection.recv(_READ_BYTES)
                if not data:
                    raise ConnectionResetError
                for kind, _, body in frames.feed(data):
                    if kind == wire.Kind.FAILED:
                        raise wire.read_error(body)
                    batch = read_events(body)
                    self._note(batch)
                    if not self._closed.is_set():
                        yield batch
                        time.sleep(0)  # under eventlet, who always finds something to read never lets others run
        finally:
            connection.close()

    def _note(self, batch: list[Delivery]) -> None:
        """Where to go on after this. A stream is followed by its revisions, which only events have."""
        if not self._stream:
            self._after = batch[-1][0]
            return
        for item in reversed(batch):
            if isinstance(item, RecordedEvent):
                self._after = item.revision
                return

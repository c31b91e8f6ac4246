"""The connection to a cluster: every call has a deadline, and is tried again until then if that may help.

All that is asked may be asked again: reads, and appends, whose event ids make a repeat harmless. A connection that is
lost, or leads to a node that is no longer the leader, is made anew by one thread for all; a caller waits for that no
longer than its own deadline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Any, TypeVar

from kurrentdbclient import exceptions as client
from kurrentdbclient.streams import ReadResponse, StreamsService

from shared.errors import Unavailable
from shared.eventstore.appending import CLOSED
from shared.eventstore.kurrent.address import Address, Client
from shared.eventstore.kurrent.appending import Appending
from shared.eventstore.kurrent.events import recorded
from shared.eventstore.kurrent.refusals import is_no_position, meaning
from shared.eventstore.port import RecordedEvent
from shared.measures import RETRIES

T = TypeVar("T")

_ATTEMPTS_IN_PATIENCE = 3  # a node that hangs gets only a part of a caller's time
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0

Ask = Callable[[Client, float], T]
"""What is asked of the client, within so many seconds."""


class Connection:
    """The client, and what keeps it going. Raises `Unavailable` if there is no cluster within `patience` seconds."""

    def __init__(self, address: Address, patience: float, one_thread: bool = False) -> None:
        self.address = address
        self.patience = patience
        self.call_seconds = patience / _ATTEMPTS_IN_PATIENCE
        self.closed = False
        self._lock = Lock()
        self._renewing: Event | None = None
        self._appending: Appending | None = None
        deadline = time.monotonic() + patience
        while True:
            try:
                self._client = Client(address.uri, one_thread=one_thread)
                break
            except Exception as error:
                refusal = meaning(error)
                if not refusal.passing or time.monotonic() > deadline:
                    raise refusal.error from None
                time.sleep(_LONGEST_PAUSE)
        spec = self._client.connection_spec
        self.credentials = self._client.construct_call_credentials(spec.username, spec.password)

    def call(self, ask: Ask[T]) -> T:
        """What `ask` returns, tried again until the deadline. Raises what it refuses, or `Unavailable`.

        `WrongCurrentVersionError` and `NotFoundError`, which only the caller can explain, are raised as they are; so is
        the refusal of a position at which nothing stands.
        """
        deadline = time.monotonic() + self.patience
        pause = _FIRST_PAUSE
        while True:
            used = self.client
            connection = used.connection_id
            left = deadline - time.monotonic()
            try:
                return ask(used, max(min(left, self.call_seconds), 0.001))
            except Exception as error:
                self.bear(error, connection, deadline - time.monotonic() - pause)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def flow(self, asked: Callable[[RecordedEvent | None], dict[str, Any]]) -> Iterator[RecordedEvent]:
        """The events of a reading, taken up again after the last one when its call breaks or its time is over.

        `asked` gives what to ask for after that event, or at first; that it may come once more is seen to.
        """
        last: RecordedEvent | None = None
        begun, pause = time.monotonic(), _FIRST_PAUSE
        while True:
            used = self.client
            connection = used.connection_id
            answer = None
            try:
                answer = used.streams.read(**asked(last), timeout=self.call_seconds, credentials=self.credentials)
                for found in answer:
                    event = recorded(found)
                    if last and event.position == last.position:
                        continue
                    last = event
                    yield event
                    begun, pause = time.monotonic(), _FIRST_PAUSE
                return
            except Exception as error:
                self.bear(error, connection, begun + self.patience - time.monotonic() - pause)
            finally:
                if isinstance(answer, ReadResponse):
                    answer.stop()
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def bear(self, error: Exception, connection: object, left: float) -> None:
        """Return if what failed with `error` may be tried again, within `left` seconds; else raise what it means."""
        if isinstance(error, client.WrongCurrentVersionError | client.NotFoundError) or is_no_position(error):
            raise error
        if self.closed:
            raise Unavailable(CLOSED) from None
        refusal = meaning(error)
        if not refusal.passing or left <= 0:
            raise refusal.error from None
        RETRIES.labels("event_store").inc()
        self.mend(error, connection, left)

    @property
    def client(self) -> Client:
        """The client as it is now, for a call that lasts. Raises `Unavailable` once closed."""
        if self.closed:
            raise Unavailable(CLOSED)
        return self._client

    @property
    def streams(self) -> StreamsService:
        """Its streams."""
        return self.client.streams

    def appending(self, used: Client) -> Appending:
        """The call for appends on the client's connection; made when the first comes, and again when it has ended."""
        with self._lock:
            made = self._appending
            if made is None or made.ended or made.connection_id != used.connection_id:
                if made:
                    made.end()  # of a connection that is no more
                made = self._appending = Appending(used, self.credentials, self.call_seconds)
            return made

    def mend(self, error: Exception, connection: object, patience: float) -> None:
        """After `error` on `connection`: have it made anew if that may help, and wait for that, within `patience`."""
        target: str | None = None
        if isinstance(error, client.NodeIsNotLeaderError):
            if not self.address.follows_leader:
                raise Unavailable(
                    f"{self.address} is not the leader of its cluster: name all of its nodes, or use +discover."
                ) from None
            target = f"{error.host}:{error.port}" if error.host and error.port else None
        elif isinstance(error, client.DeadlineExceededError | client.ExceptionThrownByHandlerError):
            return  # slow, not broken: what is dead is found out by keep-alive
        with self._lock:
            if self._client.connection_id != connection:
                return  # somebody was faster
            renewed = self._renewing
            if renewed is None:
                renewed = self._renewing = Event()
                Thread(target=self._renew, args=(target, renewed), name="event store connection", daemon=True).start()
        renewed.wait(patience)

    def _renew(self, target: str | None, renewed: Event) -> None:
        try:
            with suppress(Exception):  # whoever waits tries again, and finds out
                self._client.reconnect(target, connection_id=self._client.connection_id)
        finally:
            with self._lock:
                self._renewing = None
            renewed.set()
            if self.closed:
                self._client.close()

    def close(self) -> None:
        """Hang up. Calls under way raise `Unavailable`."""
        self.closed = True
        self._client.close()

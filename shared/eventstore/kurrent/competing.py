"""A group of readers on a cluster: a persistent subscription to `$all`, by types.

For making and deleting a group, and for replaying, a server asks for a login of `$ops` or `$admins`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from kurrentdbclient import exceptions as client
from kurrentdbclient.common import AbstractPersistentSubscription
from kurrentdbclient.persistent import PersistentSubscriptionsService

from shared.errors import Invalid, NotFound, Unavailable
from shared.eventstore.appending import CLOSED
from shared.eventstore.competing import Turn
from shared.eventstore.kurrent.connection import Connection
from shared.eventstore.kurrent.events import recorded
from shared.eventstore.kurrent.refusals import meaning
from shared.eventstore.port import RecordedEvent

_SECONDS = 30.0  # that a reader may take for an event, before another gets it
_ATTEMPTS = 20
_AT_ONCE = 20  # events that a reader has before it: more, and the others have nothing to do
_ANSWER_SECONDS = 0.05  # that answers are collected for
_CALL_SECONDS = 600.0  # after which a reader's call is made anew, whoever forgot it
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0


class ClusterGroup:
    """See `shared.eventstore.competing.Group`. It is made if it is not there, to begin with position `start`."""

    def __init__(self, connection: Connection, name: str, types: Sequence[str], start: int) -> None:
        if not types:
            raise Invalid("Name at least one type of event that the group is to read.")
        self.name = name
        self._connection = connection
        self._settings: dict[str, Any] = {
            "commit_position": start or None,
            "filter_include": [f"^{re.escape(type)}$" for type in types],
            "consumer_strategy": "RoundRobin",
            "message_timeout": _SECONDS,
            "max_retry_count": _ATTEMPTS,
            "max_subscriber_count": 0,  # as many as come
        }
        self._of_all(self._make)

    def consumer(self) -> ClusterConsumer:
        """See `Group.consumer`."""
        return ClusterConsumer(self._connection, self.name)

    def parked(self) -> list[RecordedEvent]:
        """See `Group.parked`."""
        where = f"$persistentsubscription-$all::{self.name}-parked"

        def ask(client: Any, timeout: float) -> list[RecordedEvent]:
            found = client.streams.read(
                stream_name=where, resolve_links=True, timeout=timeout, credentials=self._connection.credentials
            )
            return [recorded(event) for event in found if event.stream_name != where]  # what it links to may be gone

        try:
            return self._connection.call(ask)
        except client.NotFoundError:
            return []

    def replay_parked(self) -> None:
        """See `Group.replay_parked`. Raises `NotFound` if somebody deleted the group."""
        self._of_all(lambda service, **options: service.replay_parked(self.name, **options))

    def delete(self) -> None:
        """See `Group.delete`. Deleting twice is allowed."""
        with suppress(NotFound):
            self._of_all(lambda service, **options: service.delete(self.name, **options))

    def _make(self, service: PersistentSubscriptionsService, **options: Any) -> None:
        with suppress(client.AlreadyExistsError):
            service.create(self.name, **self._settings, **options)

    def _of_all(self, do: Callable[..., None]) -> None:
        credentials = self._connection.credentials
        try:
            self._connection.call(
                lambda used, timeout: do(used.persistent_subscriptions, timeout=timeout, credentials=credentials)
            )
        except client.NotFoundError:
            raise _no_group(self.name) from None


class ClusterConsumer:
    """See `shared.eventstore.competing.Consumer`. Raises `NotFound` once somebody has deleted the group."""

    def __init__(self, connection: Connection, group: str) -> None:
        self._connection = connection
        self._group = group
        self._closed = Event()
        self._call: AbstractPersistentSubscription | None = None
        self._turns = self._taken()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Turn:
        return next(self._turns)

    def _taken(self) -> Iterator[Turn]:
        pause, trouble_since = _FIRST_PAUSE, None
        while not self._closed.is_set():
            connection = self._connection.client.connection_id
            try:
                for event in self._open():
                    pause, trouble_since = _FIRST_PAUSE, None
                    yield Turn(recorded(event), event.ack_id, event.retry_count or 0)
            except client.NotFoundError:
                raise _no_group(self._group) from None
            except Exception as error:
                if self._closed.is_set():
                    return
                if self._connection.closed:
                    raise Unavailable(CLOSED) from None
                refusal = meaning(error)
                now = time.monotonic()
                trouble_since = trouble_since or now
                left = trouble_since + self._connection.patience - now
                if not refusal.passing or left < 0:
                    raise refusal.error from None
                if call := self._call:  # its thread must end, too, but waits for answers that nobody takes any more
                    Thread(target=call.stop, daemon=True).start()
                self._connection.mend(error, connection, left)
            self._closed.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _open(self) -> AbstractPersistentSubscription:
        self._call = self._connection.client.persistent_subscriptions.read(
            self._group,
            event_buffer_size=_AT_ONCE,
            max_ack_delay=_ANSWER_SECONDS,
            stopping_grace=_ANSWER_SECONDS,
            timeout=_CALL_SECONDS,
            credentials=self._connection.credentials,
        )
        if self._closed.is_set():
            self._hang_up()
        return self._call

    def done(self, turn: Turn) -> None:
        """See `Consumer.done`."""
        self._answer(lambda call: call.ack(turn.id))

    def again(self, turn: Turn) -> None:
        """See `Consumer.again`."""
        self._answer(lambda call: call.nack(turn.id, "retry"))

    def park(self, turn: Turn) -> None:
        """See `Consumer.park`."""
        self._answer(lambda call: call.nack(turn.id, "park"))

    def _answer(self, give: Callable[[AbstractPersistentSubscription], None]) -> None:
        """An answer that does not arrive is no harm: then the turn comes again."""
        with suppress(client.ProgrammingError):  # stopped meanwhile
            if call := self._call:
                give(call)

    def close(self) -> None:
        """See `Consumer.close`. Answers that were given are sent."""
        self._closed.set()
        self._hang_up()

    def _hang_up(self) -> None:
        if call := self._call:
            call.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _no_group(name: str) -> NotFound:
    return NotFound(f"The event store has no group of readers named {name}.")

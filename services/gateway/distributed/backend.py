"""The other half of a service process: carries its calls out, without eventlet.

nameko's process patches sockets, threads and locks for eventlet, in which neither a store's client nor SQLite may be
used: what blocks there stops every call at once. So each such process has one of these beside it, started and looked
after by `services.gateway.distributed.relay`. It ends when its socket closes: it never outlives the other half.
"""

from __future__ import annotations

import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import structlog

from services.gateway.contexts import CONTEXTS
from services.gateway.distributed.frames import READ_BYTES, Frames
from services.gateway.distributed.replies import Replies
from services.gateway.identities import origin_of
from services.gateway.installation import Installation
from services.gateway.telling import telling
from services.gateway.tokens import open_tokens
from shared.errors import ForgetMeNotError
from shared.handling import Then
from shared.logging import configure_logging
from shared.measures import RETRIES, turned, turning
from shared.messages import Receipt
from shared.rpc import HEALTH, Call, Carries, Connected
from shared.settings import load_settings
from shared.tracing import start_tracing
from shared.wire import receipt_fields

LAST_ANSWERS_SECONDS = 30.0

log = structlog.get_logger()


def main() -> int:
    """Carry the calls of a service out until the socket that was handed over, by its number, is closed."""
    service, number = sys.argv[1:]
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    start_tracing(settings, service)
    for stopping in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stopping, signal.SIG_IGN)  # service managers tell all; the other half tells us when it is done
    connection = socket.socket(fileno=int(number))
    connection.setblocking(True)  # eventlet made it otherwise, for both ends
    try:
        with Installation(settings) as installation, telling(installation.folder, service, installation.store.head):
            serve(connection, CarriesOut(installation), settings.threads)
    except ForgetMeNotError:
        log.exception("the backend cannot work here")
        return 1
    return 0


class CarriesOut:
    """Carries the calls of every context out on an installation."""

    def __init__(self, installation: Installation) -> None:
        identified = partial(origin_of, open_tokens(installation.folder))
        self._store = installation.store
        self._connected = Connected(installation.bus_for_people(), identified, CONTEXTS, *installation.log_queries)

    def carry(self, call: Call) -> dict[str, Any]:
        """See `Carries.carry`."""
        if call.message == HEALTH:
            return {"position": self._store.head()}
        return self._connected.carry(call)

    def begin(self, call: Call, then: Then) -> bool:
        """See `Connected.begin`."""
        return self._connected.begin(call, then)

    def close(self) -> None:
        """The installation belongs to whoever opened it."""


class Begins(Carries, Protocol):
    """Carries out some calls without waiting."""

    def begin(self, call: Call, then: Then) -> bool:
        """See `Connected.begin`."""
        ...


def serve(connection: socket.socket, carrier: Begins, threads: int) -> None:
    """Answer the calls that come in until the other side closes, `threads` at once of those that take waiting."""
    begun: set[int] = set()
    frames = Frames()
    with (
        Replies(connection) as replies,
        ThreadPoolExecutor(threads, thread_name_prefix="call") as pool,
        turning("calls"),
    ):

        def answer(number: int, call: Call) -> None:
            try:
                replies.put(number, carrier.carry(call))
            except Exception as error:
                if not isinstance(error, ForgetMeNotError):
                    log.exception("a call failed", message=call.message)
                replies.put(number, error)

        def end(number: int, call: Call, carried: Receipt | BaseException | None) -> None:
            try:
                if carried is None:
                    pool.submit(answer, number, call)
                elif isinstance(carried, BaseException):
                    if not isinstance(carried, ForgetMeNotError):
                        log.error("a call failed", message=call.message, exc_info=carried)
                    replies.put(number, carried)
                else:
                    replies.put(number, receipt_fields(carried))
            except RuntimeError:  # the pool has ended: whoever asked asks the next backend
                log.warning("an answer came too late", message=call.message)
            finally:
                begun.discard(number)

        def begins(number: int, call: Call) -> bool:
            begun.add(number)
            with suppress(Exception):  # carried out, it fails again: for itself alone, and is told and logged
                if carrier.begin(call, partial(end, number, call)):
                    return True
            begun.discard(number)
            return False

        while data := _receive(connection):
            turned("calls")
            for number, content in frames.feed(data):
                if content is None:  # nothing but that the other half still turns
                    continue
                again, *fields = content
                if again:
                    RETRIES.labels("call").inc()
                call = Call(*fields)
                if not begins(number, call):
                    pool.submit(answer, number, call)
        until = time.monotonic() + LAST_ANSWERS_SECONDS
        while begun and time.monotonic() < until:
            time.sleep(0.01)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(READ_BYTES)
    except ConnectionError:
        return b""


if __name__ == "__main__":
    sys.exit(main())

"""Calls to services over the broker, from asyncio: with a deadline, a bounded number under way, and sealed.

It speaks nameko's own RPC protocol, so that a service cannot tell who calls. A call that cannot be answered fails at
once or in time, never later: with no room it is refused, without a service it comes back, and one whose caller has
given up is dropped by the broker before it is carried out.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection, AbstractExchange, AbstractIncomingMessage, DeliveryMode

from shared.errors import ForgetMeNotError, Unavailable
from shared.measures import RETRIES
from shared.rpc import HEALTH, Crossing, arrived, call_span
from shared.tracing import Kind, traceparent
from shared.transport import CONTENT_ENCODING, CONTENT_TYPE, Sealing

EXCHANGE = "nameko-rpc"
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
CONNECT_SECONDS = 10.0

log = structlog.get_logger()

_CROSSING = f"{Crossing.__module__}.{Crossing.__name__}"


class Calling:
    """A connection to the broker that is made anew as often as it breaks. Used from one event loop."""

    def __init__(self, url: str, sealing: Sealing, *, in_flight: int = 128, seconds: float = 10.0) -> None:
        self._url = url
        self._sealing = sealing
        self._most = in_flight
        self._seconds = seconds
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._exchange: AbstractExchange | None = None
        self._reply_to = ""
        self._keeping: asyncio.Task[None] | None = None
        self._looking = 0  # of them, those that ask whether a service is there
        self.refused = 0  # calls for which there was no room

    @property
    def connected(self) -> bool:
        """Whether the broker can be reached now."""
        return self._exchange is not None

    @property
    def under_way(self) -> int:
        """How many calls wait for their answers, beside those that ask whether a service is there."""
        return len(self._waiting) - self._looking

    def start(self) -> None:
        """Connect, and stay so until `close`. Does not wait."""
        self._keeping = asyncio.get_running_loop().create_task(self._keep_connected())

    async def close(self) -> None:
        """Let go of the broker. What is under way fails."""
        if self._keeping:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping

    async def call(
        self,
        service: str,
        method: str,
        arguments: dict[str, Any],
        headers: dict[str, Any] | None = None,
        *,
        seconds: float | None = None,
    ) -> Any:
        """What `service.method(**arguments)` returns. Raises what it raises, and `Unavailable`.

        `headers` are nameko's context data, which the broker sees in the clear.
        """
        if method == HEALTH:  # asked every few seconds: nobody wants traces of it
            return await self._call(service, method, arguments, headers or {}, seconds)
        with call_span(service, method, Kind.CLIENT):
            trace = {"traceparent": found} if (found := traceparent()) else {}
            return await self._call(service, method, arguments, {**(headers or {}), **trace}, seconds)

    async def _call(
        self, service: str, method: str, arguments: dict[str, Any], headers: dict[str, Any], seconds: float | None
    ) -> Any:
        exchange = self._exchange
        if exchange is None:
            raise Unavailable("The broker is out of reach: try again in a moment.")
        # Whether a service is there must be known above all when there is much to do: that has room of its own.
        if method != HEALTH and self.under_way >= self._most:
            self.refused += 1
            raise Unavailable("Too much is asked at once: try again in a moment.", under_way=self._most)
        seconds = self._seconds if seconds is None else seconds
        number = str(uuid4())
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answered
        self._looking += method == HEALTH
        message = aio_pika.Message(
            self._sealing.seal({"args": [], "kwargs": arguments}),
            headers={f"nameko.{name}": value for name, value in headers.items()},
            content_type=CONTENT_TYPE,
            content_encoding=CONTENT_ENCODING,
            # Nothing is kept that nobody waits for: not over a restart of the broker, and not past the deadline.
            delivery_mode=DeliveryMode.NOT_PERSISTENT,
            expiration=seconds,
            correlation_id=number,
            reply_to=self._reply_to,
        )
        try:
            async with asyncio.timeout(seconds):
                await exchange.publish(message, f"{service}.{method}", mandatory=True)
                answer = await answered
        except TimeoutError:
            raise Unavailable(
                f"{service} did not answer within {seconds:g} seconds. Whether it was carried out is not known: send "
                "it again under the same id."
            ) from None
        except aio_pika.exceptions.PublishError:
            raise Unavailable(f"No process of the service {service} runs: try again in a moment.") from None
        except (aio_pika.exceptions.AMQPError, ConnectionError, RuntimeError) as error:
            raise Unavailable("The broker went away: send it again under the same id.") from error
        finally:
            self._waiting.pop(number, None)
            self._looking -= method == HEALTH
        return _opened(answer)

    async def is_served(self, service: str, *, seconds: float = 5.0) -> bool:
        """Whether a process of `service` answers, and reaches the log."""
        try:
            await self.call(service, HEALTH, {}, seconds=seconds)
        except ForgetMeNotError:
            return False
        return True

    async def _keep_connected(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                connection = await aio_pika.connect(self._url, timeout=CONNECT_SECONDS)
                async with connection:
                    gone = await self._open(connection)
                    pause = FIRST_PAUSE_SECONDS
                    await gone.wait()
            except (aio_pika.exceptions.AMQPError, OSError, TimeoutError, RuntimeError) as error:
                log.warning("the broker is out of reach", error=type(error).__name__, pause_seconds=pause)
                RETRIES.labels("broker").inc()
            finally:
                self._exchange = None
                self._fail_all()
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _open(self, connection: AbstractConnection) -> asyncio.Event:
        """Be ready to call, on a new connection. The event tells that it has ended."""
        gone = asyncio.Event()
        # Only with confirms is a call that finds no service told from one that waits for an answer.
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        connection.close_callbacks.add(lambda *_: gone.set())
        channel.close_callbacks.add(lambda *_: gone.set())
        exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        self._reply_to = str(uuid4())
        queue = await channel.declare_queue(f"rpc.reply-forgetmenot-{self._reply_to}", exclusive=True, auto_delete=True)
        await queue.bind(exchange, self._reply_to)
        await queue.consume(self._answered, no_ack=True, exclusive=True)
        self._exchange = exchange
        return gone

    async def _answered(self, message: AbstractIncomingMessage) -> None:
        waiting = self._waiting.get(message.correlation_id or "")
        if waiting is None or waiting.done():
            return  # it has given up
        try:
            waiting.set_result(self._sealing.open(message.body))
        except ForgetMeNotError as error:
            waiting.set_exception(error)

    def _fail_all(self) -> None:
        for waiting in list(self._waiting.values()):
            if not waiting.done():
                waiting.set_exception(Unavailable("The broker went away: send it again under the same id."))


def _opened(answer: dict[str, Any]) -> Any:
    error = answer.get("error")
    if not error:
        return answer["result"]
    if error.get("exc_path") == _CROSSING:
        raise arrived(*error["exc_args"])
    # nameko's own: no such method, a malformed call. Its text may quote what was sent.
    raise Unavailable("The service is of another version than its caller.", error=error.get("exc_type"))

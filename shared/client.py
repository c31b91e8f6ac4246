"""A client for other programs: commands and queries as the classes that they are, over the broker.

    async with Client(url, sealing, token) as centre:
        receipt = await centre.send(OpenCase(kind="missing_person", ...), reason="A call at night")
        page = await centre.ask(ListCases(limit=20), wait_for=receipt.position)

`BlockingClient` is the same without asyncio. What is out of reach for a moment is sent again, under the same id, until
the deadline: a command takes effect once. Refusals are raised as what they are (`NotAvailable`, `Forbidden`, ...).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from uuid import UUID, uuid4

from shared.calling import Calling
from shared.errors import Unavailable
from shared.messages import Command, Query, Receipt
from shared.rpc import method_name
from shared.transport import Sealing
from shared.wire import answer_adapter

A = TypeVar("A")
T = TypeVar("T")

SECONDS = 30.0
_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)


class Client:
    """Speaks to the services as whoever `token` says. Used in one event loop; safe for many calls at once."""

    def __init__(
        self, url: str, sealing: Sealing, token: str, *, in_flight: int = 64, seconds: float = SECONDS
    ) -> None:
        self._calling = Calling(url, sealing, in_flight=in_flight, seconds=seconds)
        self._token = token
        self._seconds = seconds

    async def send(
        self,
        command: Command,
        *,
        command_id: UUID | None = None,
        expected: int | None = None,
        reason: str | None = None,
        on_behalf_of: str | None = None,
        correlation_id: UUID | None = None,
        seconds: float | None = None,
    ) -> Receipt:
        """Have a command carried out. Raises what the service raises, and `Unavailable` once `seconds` are over.

        `on_behalf_of` is a pseudonym: the broker sees it, and the correlation id, in the clear.
        """
        arguments: dict[str, Any] = {
            "fields": command.model_dump(mode="json", exclude=set(command.STAMPS), by_alias=True, exclude_unset=True),
            "command_id": str(command_id or uuid4()),
            "reason": reason,
        }
        if expected is not None:
            arguments["expected"] = expected
        answer = await self._call(type(command), arguments, _headers(on_behalf_of, correlation_id), seconds)
        return Receipt(**{**answer, "events": tuple(answer["events"])})

    async def ask(
        self,
        query: Query[A],
        *,
        wait_for: int = 0,
        reason: str | None = None,
        on_behalf_of: str | None = None,
        correlation_id: UUID | None = None,
        seconds: float | None = None,
    ) -> A:
        """The answer of a query that reflects at least position `wait_for`. Raises as `send` does."""
        fields = query.model_dump(mode="json", by_alias=True, exclude_unset=True)
        arguments = {"fields": fields, "wait_for": wait_for, "reason": reason}
        answer = await self._call(type(query), arguments, _headers(on_behalf_of, correlation_id), seconds)
        return cast(A, answer_adapter(type(query)).validate_python(answer["answer"]))

    async def _call(
        self,
        kind: type[Command] | type[Query[Any]],
        arguments: dict[str, Any],
        headers: dict[str, str],
        seconds: float | None,
    ) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + (self._seconds if seconds is None else seconds)
        arguments["token"] = self._token
        attempt = 0
        while True:
            left = give_up - loop.time()
            try:
                if left <= 0:
                    raise Unavailable("There was no answer in time: send it again under the same id.")
                found: dict[str, Any] = await self._calling.call(
                    kind.context, method_name(kind), arguments, headers, seconds=left
                )
                return found
            except Unavailable:
                pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
                if loop.time() + pause >= give_up:
                    raise
                attempt += 1
                await asyncio.sleep(pause)

    async def __aenter__(self) -> Self:
        self._calling.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._calling.close()


def _headers(on_behalf_of: str | None, correlation_id: UUID | None) -> dict[str, str]:
    """nameko's context data, which the broker sees."""
    named = {"on_behalf_of": on_behalf_of, "correlation_id": correlation_id and str(correlation_id)}
    return {name: value for name, value in named.items() if value}


class BlockingClient:
    """`Client` for programs without asyncio. Safe to use from many threads."""

    def __init__(
        self, url: str, sealing: Sealing, token: str, *, in_flight: int = 64, seconds: float = SECONDS
    ) -> None:
        self._client = Client(url, sealing, token, in_flight=in_flight, seconds=seconds)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="client", daemon=True)

    def send(
        self,
        command: Command,
        *,
        command_id: UUID | None = None,
        expected: int | None = None,
        reason: str | None = None,
        on_behalf_of: str | None = None,
        correlation_id: UUID | None = None,
        seconds: float | None = None,
    ) -> Receipt:
        """See `Client.send`."""
        return self._run(
            self._client.send(
                command,
                command_id=command_id,
                expected=expected,
                reason=reason,
                on_behalf_of=on_behalf_of,
                correlation_id=correlation_id,
                seconds=seconds,
            )
        )

    def ask(
        self,
        query: Query[A],
        *,
        wait_for: int = 0,
        reason: str | None = None,
        on_behalf_of: str | None = None,
        correlation_id: UUID | None = None,
        seconds: float | None = None,
    ) -> A:
        """See `Client.ask`."""
        return self._run(
            self._client.ask(
                query,
                wait_for=wait_for,
                reason=reason,
                on_behalf_of=on_behalf_of,
                correlation_id=correlation_id,
                seconds=seconds,
            )
        )

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._client.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._client.__aexit__(kind, error, trace))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

"""How a declared route reaches what carries its message out: in this process, or over a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol
from uuid import UUID

from services.gateway.http.threads import Threads
from shared.bus import Bus
from shared.errors import Unavailable
from shared.messages import Command, Origin, Query, Receipt
from shared.wire import body_of, read_command, read_query

ANSWER_SECONDS = 30.0


class Carrier(Protocol):
    """Takes what a request said, unchecked but for who asks; `token` is what they showed."""

    async def send(
        self,
        kind: type[Command],
        fields: Mapping[str, Any],
        origin: Origin,
        *,
        command_id: UUID,
        expected: int | None,
        token: str,
    ) -> Receipt:
        """Have a command carried out. Raises what `Bus.send` raises, and `Invalid`."""
        ...

    async def ask(
        self, kind: type[Query[Any]], fields: Mapping[str, Any], origin: Origin, *, wait_for: int, token: str
    ) -> tuple[bytes, int]:
        """Have a query answered: the answer in its media type, and its position.

        Raises what `Bus.ask` raises, and `Invalid`.
        """
        ...

    async def start(self) -> None:
        """Get ready, in the event loop that it is used from."""
        ...

    async def close(self) -> None:
        """Let go, once nothing is asked any more."""
        ...


class InThreads:
    """Carries messages out in this process: in the loop's own thread what never waits, all else in others."""

    def __init__(self, bus: Bus, for_commands: Threads, for_queries: Threads) -> None:
        self._bus = bus
        self._for_commands = for_commands
        self._for_queries = for_queries

    async def send(
        self,
        kind: type[Command],
        fields: Mapping[str, Any],
        origin: Origin,
        *,
        command_id: UUID,
        expected: int | None,
        token: str,
    ) -> Receipt:
        """See `Carrier.send`."""
        command = read_command(kind, fields)
        waiting = _Waiting()
        if self._bus.begin(command, origin, waiting.tell, command_id=command_id, expected=expected):
            receipt = await waiting.answer()
            if receipt is not None:
                return receipt
        return await self._for_commands.run(
            lambda: self._bus.send(command, origin, command_id=command_id, expected=expected)
        )

    async def ask(
        self, kind: type[Query[Any]], fields: Mapping[str, Any], origin: Origin, *, wait_for: int, token: str
    ) -> tuple[bytes, int]:
        """See `Carrier.ask`."""
        query = read_query(kind, fields)

        def ask() -> tuple[bytes, int]:
            answered = self._bus.ask(query, origin, wait_for=wait_for)
            return body_of(kind, answered.answer), answered.position

        return await self._for_queries.run(ask)

    async def start(self) -> None:
        """See `Carrier.start`."""

    async def close(self) -> None:
        """See `Carrier.close`. The threads belong to whoever made them."""


class _Waiting:
    """A request that waits in the loop for what another thread has to tell."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[Receipt | None] = self._loop.create_future()

    def tell(self, answer: Receipt | BaseException | None) -> None:
        """Tell it, from any thread."""
        with suppress(RuntimeError):  # the loop has ended, and whoever asked has gone
            self._loop.call_soon_threadsafe(self._settle, answer)

    def _settle(self, answer: Receipt | BaseException | None) -> None:
        if self._future.done():  # whoever asked has gone
            return
        if isinstance(answer, BaseException):
            self._future.set_exception(answer)
        else:
            self._future.set_result(answer)

    async def answer(self) -> Receipt | None:
        """What it is told. Raises `Unavailable` after a while."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._future
        except TimeoutError:
            raise Unavailable(
                "The log does not answer. Whether it was carried out is not known: send it again."
            ) from None

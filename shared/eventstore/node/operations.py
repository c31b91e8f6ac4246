"""`Operations`: scavenging."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import structlog
from google.protobuf.message import Message

from shared.errors import ForgetMeNotError
from shared.eventstore.node import protocol, refusals
from shared.eventstore.node.access import Access
from shared.eventstore.node.calls import Call, Code, Refused
from shared.eventstore.node.working import Workers
from shared.eventstore.scavenging import Scavenged
from shared.eventstore.sqlite import EmbeddedLog

_log = structlog.get_logger(__name__)


class Operations:
    """Answers `Operations`: one scavenge at a time."""

    def __init__(self, log: EmbeddedLog, workers: Workers, access: Access) -> None:
        self._events = log
        self._workers = workers
        self._access = access
        self._id = ""
        self._stopping = False
        self._scavenge: asyncio.Task[None] | None = None

    async def start_scavenge(self, request: Any, call: Call) -> Message:
        """Begin to erase what is deleted. If it is going on, the answer says so."""
        self._access.check_operator(call.user)
        if self._scavenge and not self._scavenge.done():
            return _answer(self._id, protocol.SCAVENGE_IN_PROGRESS)
        self._id, self._stopping = str(uuid4()), False
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._scavenge = asyncio.create_task(self._run(started))
        await started  # raises if there is nothing that may be erased
        return _answer(self._id, protocol.SCAVENGE_STARTED)

    async def stop_scavenge(self, request: Any, call: Call) -> Message:
        """Stop it after the events that are being erased now."""
        self._access.check_operator(call.user)
        asked = request.options.scavenge_id
        if not self._scavenge or asked != self._id:
            trailers = {"exception": "scavenge-not-found", "scavenge-id": refusals.trailer_text(asked)}
            raise Refused(Code.NOT_FOUND, "Scavenge id was invalid.", trailers)
        self._stopping = True
        await self._scavenge
        return _answer(self._id, protocol.SCAVENGE_STOPPED)

    async def close(self) -> None:
        """Stop what is going on."""
        self._stopping = True
        if self._scavenge:
            await self._scavenge

    async def _run(self, started: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()

        def has_started() -> None:
            if not started.done():
                started.set_result(None)

        def stopped() -> bool:
            loop.call_soon_threadsafe(has_started)
            return self._stopping

        try:
            found: Scavenged = await self._workers.run(self._events.scavenge, stopped)
            _log.info("node.scavenged", events=found.events, complete=found.complete)
        except ForgetMeNotError as error:
            if started.done():
                _log.error("node.scavenge_failed", error=str(error))
            else:
                started.set_exception(error)
        has_started()


def _answer(id: str, result: int) -> Message:
    message: Message = protocol.ScavengeResp(scavenge_id=id, scavenge_result=result)
    return message

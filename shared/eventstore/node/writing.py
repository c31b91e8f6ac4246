"""Appending to the log from the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from threading import get_ident

from shared.errors import ForgetMeNotError
from shared.eventstore.appending import Append, Item, Outcome, check
from shared.eventstore.port import AppendResult, Expected, NewEvent
from shared.eventstore.sqlite import EmbeddedLog

_SHORT_SECONDS = 0.002  # a commit that the loop can wait for; handing it to a thread takes a tenth of that, twice
_LOOK_AGAIN_SECONDS = 1.0
_MANY = 32  # events whose commit takes longer than to hand it to a thread


class Writing:
    """Appends to `log`, and deletes. What the log raises is raised.

    Appends that come in one turn of the loop are handed in together, after it. On a quick disk the loop itself commits
    them, which is quicker than any thread would; on a slow one the log's own thread does, and the loop goes on. So it
    does with many events while others are calling too: the loop takes in theirs, and the next commit has them all.
    """

    def __init__(self, log: EmbeddedLog) -> None:
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._thread = get_ident()
        self._turn: list[_Awaited] = []
        self._slow_until = 0.0
        self._usual = 0.0  # seconds of a commit

    async def append(
        self, stream: str, items: Sequence[Item], expected: Expected, *, others: bool = False
    ) -> AppendResult:
        """See `EventStore.append`. `others`: more callers are about to append."""
        check(stream, items, expected)
        append = _Awaited(stream, items, expected, self)
        if (others and len(items) >= _MANY) or time.monotonic() < self._slow_until:
            self._log.queue(append)
        else:
            if not self._turn:
                self._loop.call_soon(self._hand_in)
            self._turn.append(append)
        return await append.answer

    async def append_jointly(
        self, writes: Sequence[tuple[str, NewEvent]], expects: dict[str, Expected]
    ) -> tuple[AppendResult, ...]:
        """See `EmbeddedLog.submit_jointly`."""
        return await asyncio.wrap_future(self._log.submit_jointly(writes, expects))

    async def delete(self, stream: str, expected: Expected, for_ever: bool) -> AppendResult:
        """See `EmbeddedLog.submit_delete`."""
        (result,) = await asyncio.wrap_future(self._log.submit_delete(stream, expected, for_ever=for_ever))
        return result

    def _hand_in(self) -> None:
        appends, self._turn = self._turn, []
        began = time.monotonic()
        try:
            self._log.hand_in(*appends)
        except ForgetMeNotError as error:  # closed
            for append in appends:
                if append.outcome is None:
                    append.resolve(error)
        ended = time.monotonic()
        self._usual = 0.9 * self._usual + 0.1 * (ended - began)  # now and then one takes long: the log tidies up
        if self._usual > _SHORT_SECONDS:
            self._usual = 0.0
            self._slow_until = ended + _LOOK_AGAIN_SECONDS

    def settle(self, append: _Awaited) -> None:
        """Give the answer to who awaits it, on the loop, whichever thread has it."""
        if get_ident() == self._thread:
            append.settle()
        else:
            self._loop.call_soon_threadsafe(append.settle)


class _Awaited(Append):
    """An append that a coroutine awaits."""

    __slots__ = ("_writing", "answer")

    def __init__(self, stream: str, items: Sequence[Item], expected: Expected, writing: Writing) -> None:
        super().__init__(stream, items, expected)
        self._writing = writing
        self.answer: asyncio.Future[AppendResult] = asyncio.get_running_loop().create_future()

    def resolve(self, outcome: Outcome) -> None:
        """Hand over the answer. Called once."""
        self.outcome = outcome
        self._writing.settle(self)

    def settle(self) -> None:
        """Wake who awaits it, unless they have gone."""
        if self.answer.done():
            return
        if isinstance(self.outcome, AppendResult):
            self.answer.set_result(self.outcome)
        elif isinstance(self.outcome, ForgetMeNotError):
            self.answer.set_exception(self.outcome.with_traceback(None))

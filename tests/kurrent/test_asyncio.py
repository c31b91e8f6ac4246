"""The asyncio form: the loop goes on while a store is waited for, and what is cancelled ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from shared.errors import Unavailable
from shared.eventstore.asynchronous import AsyncSubscription, open_async
from shared.eventstore.port import NewEvent, RecordedEvent, StreamState
from tests.kurrent.cable import cable
from tests.node.running import running


def event() -> NewEvent:
    return NewEvent(uuid4(), "tests.Happened", b"{}")


def in_time(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 60))


async def some(subscription: AsyncSubscription, count: int) -> list[object]:
    """The ids of the next events."""
    found: list[object] = []
    async with subscription:
        async for item in subscription:
            if isinstance(item, RecordedEvent):
                found.append(item.id)
                if len(found) == count:
                    break
    return found


def test_many_tasks_append_and_one_follows_them_across_a_cut(tmp_path: Path) -> None:
    async def work(address: str, cut: Any) -> None:
        async with await open_async(address) as store:
            following = asyncio.create_task(some(await store.subscribe(), 200))

            async def call(number: int) -> list[object]:
                given = [event() for _ in range(10)]
                for revision, one in enumerate(given):
                    expected = revision - 1 if revision else StreamState.NO_STREAM
                    assert (await store.append(f"s-{number}", [one], expected)).revision == revision
                return [one.id for one in given]

            calls = asyncio.gather(*(call(number) for number in range(20)))
            cut()
            written = [id for ids in await calls for id in ids]
            assert sorted(map(str, await following)) == sorted(map(str, written))
            assert [e.revision async for e in store.read_stream("s-3")] == list(range(10))

    with running(tmp_path / "log") as node, cable(node.port) as line:
        in_time(work(f"esdb://127.0.0.1:{line.port}?tls=false", line.cut))


def test_the_loop_goes_on_while_a_server_is_silent(tmp_path: Path) -> None:
    async def work(address: str, line: Any) -> None:
        async with await open_async(address, patience=2) as store:
            line.silent = True
            waiting = asyncio.create_task(store.append("a", [event()]))
            turns = 0
            while not waiting.done():
                await asyncio.sleep(0.01)
                turns += 1
            assert turns > 10
            with pytest.raises(Unavailable):
                await waiting
            line.silent = False
            line.cut()
            await store.append("a", [event()])

    with running(tmp_path / "log") as node, cable(node.port) as line:
        in_time(work(f"esdb://127.0.0.1:{line.port}?tls=false&keepAliveInterval=1000&keepAliveTimeout=1000", line))


def test_a_reader_that_is_cancelled_leaves_no_thread_behind(tmp_path: Path) -> None:
    async def work() -> None:
        async with await open_async(str(tmp_path / "log")) as store:
            following = asyncio.create_task(some(await store.subscribe(), 1))
            await asyncio.sleep(0.1)
            following.cancel()
            with pytest.raises(asyncio.CancelledError):
                await following

    in_time(work())
    for thread in threading.enumerate():
        if thread.name.startswith("event store subscription"):
            thread.join(30)
            assert not thread.is_alive()


def test_a_store_that_is_closed_says_so(tmp_path: Path) -> None:
    async def work() -> None:
        store = await open_async(str(tmp_path / "log"))
        subscription = await store.subscribe()
        await store.close()
        with pytest.raises(Unavailable):
            await store.head()
        with pytest.raises(Unavailable):
            async for _ in subscription:
                pass
        subscription.close()

    in_time(work())

"""Calls from asyncio: with a deadline, with a bound, and over the broker's restarts."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from shared.calling import Calling
from shared.errors import NotFound, Unavailable
from shared.transport import Sealing, open_sealing
from tests.distributed.conftest import Cases
from tests.distributed.test_nameko import DAY, a_case

pytestmark = pytest.mark.xdist_group("broker")


@asynccontextmanager
async def calling(cases: Cases, sealing: Sealing | None = None, **more: Any) -> AsyncIterator[Calling]:
    """A connection to the broker of `cases`."""
    calling = Calling(cases.broker.url, sealing or open_sealing(cases.settings), **more)
    calling.start()
    try:
        async with asyncio.timeout(60):
            while not calling.connected:
                await asyncio.sleep(0.01)
        yield calling
    finally:
        await calling.close()


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        await work()

    asyncio.run(within())


def test_many_calls_at_once_are_answered_each_with_its_own(cases: Cases) -> None:
    async def work() -> None:
        async with calling(cases, seconds=60) as to:
            people = [str(uuid4()) for _ in range(20)]
            receipts = await asyncio.gather(
                *(
                    to.call("cases", "open_case", {"fields": a_case(person=who), "token": cases.token()})
                    for who in people
                )
            )
            for who, receipt in zip(people, receipts, strict=True):
                arguments = {"fields": {"person": who}, "token": cases.token(), "wait_for": receipt["position"]}
                (found,) = (await to.call("cases", "list_cases", arguments))["answer"]["cases"]
                assert (found["person"], found["case"]) == (who, receipt["ids"]["case"])
            assert to.under_way == 0

    run(work)


def test_errors_arrive_as_themselves(cases: Cases) -> None:
    async def work() -> None:
        async with calling(cases) as to:
            fields = {"case": str(uuid4()), "worker": "w-2", "occurred": DAY}
            with pytest.raises(NotFound):
                await to.call("cases", "assign_case", {"fields": fields, "token": cases.token()})

    run(work)


def test_a_service_that_does_not_run_is_told_at_once(cases: Cases) -> None:
    async def work() -> None:
        async with calling(cases, seconds=60) as to:
            with pytest.raises(Unavailable, match="No process of the service kitchens"):
                await to.call("kitchens", "cook", {})

    run(work)


def test_what_is_not_answered_in_time_fails_and_what_finds_no_room_fails_at_once(cases: Cases) -> None:
    async def work() -> None:
        async with calling(cases, seconds=1, in_flight=3) as to:
            os.kill(cases.process.pid, signal.SIGSTOP)
            before = cases.installation.store.head()
            try:

                async def open_one() -> Any:
                    return await to.call("cases", "open_case", {"fields": a_case(), "token": cases.token()})

                three = [asyncio.ensure_future(open_one()) for _ in range(3)]
                await asyncio.sleep(0.1)
                with pytest.raises(Unavailable, match="Too much"):
                    await open_one()
                for one in three:
                    with pytest.raises(Unavailable, match="did not answer within 1 seconds"):
                        await one
                assert (to.refused, to.under_way) == (1, 0)
                await asyncio.sleep(0.5)
            finally:
                os.kill(cases.process.pid, signal.SIGCONT)
            # What nobody waits for any more is not carried out, but for what the service had taken before.
            assert await to.call("cases", "health", {}, seconds=60)
            assert cases.installation.store.head() - before <= 3

    run(work)


def test_whether_a_service_is_there_is_known_when_there_is_no_room_for_anything_else(cases: Cases) -> None:
    async def work() -> None:
        async with calling(cases, in_flight=0) as to:
            with pytest.raises(Unavailable, match="Too much"):
                await to.call("cases", "open_case", {"fields": a_case(), "token": cases.token()})
            assert await to.is_served("cases", seconds=60)
            assert (to.refused, to.under_way) == (1, 0)

    run(work)


def test_a_caller_with_another_key_learns_nothing_and_changes_nothing(cases: Cases) -> None:
    async def work() -> None:
        who = str(uuid4())
        async with calling(cases, Sealing([os.urandom(32)]), seconds=1) as to:
            with pytest.raises(Unavailable):
                await to.call("cases", "open_case", {"fields": a_case(person=who), "token": cases.token()})
        assert who.encode() not in b"".join(raw.data for raw in cases.installation.store.read_all())

    run(work)


@pytest.mark.long
def test_calls_go_on_after_the_broker_was_restarted(cases: Cases) -> None:
    async def work() -> None:
        async with calling(cases, seconds=30) as to:
            assert await to.is_served("cases")
            await asyncio.to_thread(cases.broker.restart)
            async with asyncio.timeout(90):
                while not (to.connected and await to.is_served("cases", seconds=2)):
                    if cases.process.poll() is not None:
                        cases.start()
                    await asyncio.sleep(0.1)
            receipt = await to.call("cases", "open_case", {"fields": a_case(), "token": cases.token()})
            assert receipt["events"] == ["cases.CaseOpened"]

    run(work)

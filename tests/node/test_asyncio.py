"""The Python client's asyncio half against the node: another way of reading, pipelining and cancelling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from kurrentdbclient import AsyncKurrentDBClient, CaughtUp, NewEvents, StreamState
from kurrentdbclient.exceptions import NotFoundError, StreamIsDeletedError, WrongCurrentVersionError

from tests.node.conftest import an_event, some
from tests.node.running import RunningNode

ANY = StreamState.ANY
Work = Callable[[AsyncKurrentDBClient], Coroutine[Any, Any, None]]


@pytest.fixture
def connected_run(node: RunningNode) -> Callable[[Work], None]:
    """Does some work with a client of its own."""

    async def with_client(work: Work) -> None:
        async with AsyncKurrentDBClient(node.address) as client:
            await asyncio.wait_for(work(client), 30)

    return lambda work: asyncio.run(with_client(work))


def test_appends_reads_and_refusals(connected_run: Callable[[Work], None], stream: str) -> None:
    async def work(client: AsyncKurrentDBClient) -> None:
        await client.append_to_stream(stream, current_version=StreamState.NO_STREAM, events=some(3))
        assert [event.stream_position for event in await client.get_stream(stream)] == [0, 1, 2]
        with pytest.raises(WrongCurrentVersionError):
            await client.append_to_stream(stream, current_version=7, events=an_event())
        with pytest.raises(NotFoundError):
            await client.get_stream(f"{stream}-none")
        await client.multi_append_to_stream([NewEvents(f"{stream}-b", events=some(1), current_version=ANY)])
        await client.tombstone_stream(stream, current_version=2)
        with pytest.raises(StreamIsDeletedError):
            await client.get_stream(stream)

    connected_run(work)


def test_many_callers_at_once_on_one_connection(connected_run: Callable[[Work], None], stream: str) -> None:
    async def work(client: AsyncKurrentDBClient) -> None:
        appends = [client.append_to_stream(stream, current_version=ANY, events=some(2)) for _ in range(100)]
        positions = await asyncio.gather(*appends)
        assert len(set(positions)) == 100
        assert len(await client.get_stream(stream)) == 200

    connected_run(work)


def test_subscriptions_of_both_kinds(connected_run: Callable[[Work], None], stream: str) -> None:
    async def work(client: AsyncKurrentDBClient) -> None:
        await client.append_to_stream(stream, current_version=ANY, events=some(2))
        async with await client.subscribe_to_stream(stream, include_caught_up=True) as subscription:
            found = [await anext(subscription) for _ in range(3)]
            assert isinstance(found[2], CaughtUp)
            await client.append_to_stream(stream, current_version=1, events=an_event())
            assert (await anext(subscription)).stream_position == 2
        await client.create_subscription_to_stream("group", stream)
        async with await client.read_subscription_to_stream("group", stream) as consumer:
            for expected in range(3):
                event = await anext(consumer)
                assert event.stream_position == expected
                await consumer.ack(event)

    connected_run(work)

"""Reads, filters and catch-up subscriptions through the real client.

Sources: `Streams.Read.cs` and `Enumerator.*.cs` in the server's repository (reads are inclusive, subscriptions
exclusive; what is told when), and its docs, "Server-side filtering" and "Catch-up subscriptions".
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from kurrentdbclient import CaughtUp, Checkpoint, FellBehind, KurrentDBClient, NewEvent, RecordedEvent, StreamState
from kurrentdbclient.exceptions import CancelledByClientError, KurrentDBClientError, NotFoundError, StreamIsDeletedError

from shared.eventstore.node import live
from tests.node.conftest import an_event, some
from tests.node.running import RunningNode, connected, running

ANY = StreamState.ANY


@pytest.fixture
def five(client: KurrentDBClient, stream: str) -> str:
    """A stream of five events."""
    client.append_to_stream(stream, current_version=ANY, events=some(5))
    return stream


def places(events: Any) -> list[int]:
    return [event.stream_position for event in events]


def test_a_stream_is_read_both_ways_from_a_revision_inclusive(client: KurrentDBClient, five: str) -> None:
    assert places(client.get_stream(five)) == [0, 1, 2, 3, 4]
    assert places(client.get_stream(five, stream_position=2)) == [2, 3, 4]
    assert places(client.get_stream(five, stream_position=2, limit=2)) == [2, 3]
    assert places(client.get_stream(five, backwards=True)) == [4, 3, 2, 1, 0]
    assert places(client.get_stream(five, stream_position=2, backwards=True)) == [2, 1, 0]
    assert places(client.get_stream(five, stream_position=99, backwards=True, limit=1)) == [4]
    assert places(client.get_stream(five, stream_position=99)) == []


def test_a_stream_that_is_not_there_is_not_found(client: KurrentDBClient, stream: str) -> None:
    with pytest.raises(NotFoundError):
        client.get_stream(stream)


def test_the_log_is_read_both_ways_from_a_position_inclusive(client: KurrentDBClient, five: str) -> None:
    events = client.get_stream(five)
    third = events[2].commit_position
    assert [event.id for event in client.read_all(commit_position=third, limit=2)] == [events[2].id, events[3].id]
    back = client.read_all(commit_position=third, backwards=True, limit=2)
    assert [event.id for event in back] == [events[2].id, events[1].id]
    assert client.get_commit_position() == events[4].commit_position


def test_reads_longer_than_a_page_are_whole(client: KurrentDBClient, stream: str) -> None:
    for _ in range(3):
        client.append_to_stream(stream, current_version=ANY, events=some(500))
    assert places(client.read_stream(stream)) == list(range(1500))
    assert places(client.read_stream(stream, backwards=True)) == list(reversed(range(1500)))
    assert places(client.read_stream(stream, limit=501)) == list(range(501))
    mine = [event for event in client.read_all() if event.stream_name == stream]
    assert places(mine) == list(range(1500))


# Filters


@pytest.fixture
def mixed(client: KurrentDBClient, stream: str) -> str:
    """Streams a and b of this name, with events of types One, Two and Twenty in turn."""
    for number in range(6):
        event = an_event(number, type=("One", "Two", "Twenty")[number % 3])
        client.append_event(f"{stream}-{'ab'[number % 2]}", current_version=ANY, event=event)
    return stream


def types(client: KurrentDBClient, stream: str, **filter: Any) -> list[str]:
    start = client.get_stream(f"{stream}-a")[0].commit_position
    return [
        event.type for event in client.read_all(commit_position=start, **filter) if event.stream_name.startswith(stream)
    ]


def test_the_log_is_filtered_by_type(client: KurrentDBClient, mixed: str) -> None:
    assert types(client, mixed, filter_include=["Two"]) == ["Two", "Two"]
    assert types(client, mixed, filter_include=["Tw.*"]) == ["Two", "Twenty"] * 2
    assert types(client, mixed, filter_include=["Tw"], filter_by_prefix=True) == ["Two", "Twenty"] * 2
    assert types(client, mixed, filter_exclude=["One", "Twenty"]) == ["Two", "Two"]


def test_the_log_is_filtered_by_stream(client: KurrentDBClient, mixed: str) -> None:
    found = client.read_all(filter_include=[f"{mixed}-a"], filter_by_stream_name=True)
    assert [event.type for event in found] == ["One", "Twenty", "Two"]
    found = client.read_all(
        filter_include=[f"{mixed}-", "x"], filter_by_stream_name=True, filter_by_prefix=True, limit=4
    )
    assert len(list(found)) == 4


def test_a_filtered_read_backwards_finds_the_last(client: KurrentDBClient, mixed: str) -> None:
    found = client.read_all(filter_include=[f"{mixed}-b"], filter_by_stream_name=True, backwards=True, limit=1)
    assert [event.type for event in found] == ["Twenty"]


@pytest.mark.parametrize("expression", ["(", "[z-a]", "(?P<n>", "x" * 5000, "**"])
def test_a_filter_that_is_no_regular_expression_is_refused(client: KurrentDBClient, expression: str) -> None:
    with pytest.raises(KurrentDBClientError, match="regular expression"):
        list(client.read_all(filter_include=[expression]))


# Subscriptions


def take(subscription: Iterator[RecordedEvent], count: int) -> list[RecordedEvent]:
    return list(islice(subscription, count))


def test_a_subscription_begins_after_a_revision_and_stays(client: KurrentDBClient, five: str) -> None:
    with client.subscribe_to_stream(five, stream_position=2) as subscription:
        assert places(take(subscription, 2)) == [3, 4]
        client.append_to_stream(five, current_version=4, events=some(2))
        assert places(take(subscription, 2)) == [5, 6]


def test_a_subscription_from_the_end_gets_only_what_is_new(client: KurrentDBClient, five: str) -> None:
    with (
        client.subscribe_to_stream(five, from_end=True, include_caught_up=True) as of_stream,
        client.subscribe_to_all(from_end=True, include_caught_up=True) as of_all,
    ):
        assert isinstance(next(of_stream), CaughtUp)
        assert isinstance(next(of_all), CaughtUp)
        client.append_to_stream(five, current_version=4, events=some(1))
        assert places([next(of_stream), next(of_all)]) == [5, 5]


def test_a_stream_can_be_subscribed_to_before_it_is_there(client: KurrentDBClient, stream: str) -> None:
    with client.subscribe_to_stream(stream) as subscription:
        client.append_to_stream(stream, current_version=ANY, events=some(1))
        assert places([next(subscription)]) == [0]


def test_a_subscription_to_the_log_begins_after_a_position(client: KurrentDBClient, five: str) -> None:
    events = client.get_stream(five)
    with client.subscribe_to_all(commit_position=events[1].commit_position) as subscription:
        assert [event.id for event in take(subscription, 3)] == [event.id for event in events[2:]]
        client.append_to_stream(five, current_version=4, events=some(1))
        assert places([next(subscription)]) == [5]


def test_a_subscription_says_when_it_has_caught_up_and_where(client: KurrentDBClient, five: str) -> None:
    with client.subscribe_to_stream(five, include_caught_up=True) as subscription:
        caught_up = take(subscription, 6)[-1]
        assert isinstance(caught_up, CaughtUp)
        assert caught_up.stream_position == 4
        assert caught_up.recorded_at is not None
    head = client.get_commit_position(filter_exclude=[])
    with client.subscribe_to_all(commit_position=head - 1, include_caught_up=True, filter_exclude=[]) as subscription:
        caught_up = take(subscription, 2)[-1]
        assert isinstance(caught_up, CaughtUp)
        assert caught_up.commit_position == head


def test_a_filtered_subscription_tells_its_checkpoints(client: KurrentDBClient, stream: str) -> None:
    """One each `window x multiplier` events looked at, matching or not (`AllSubscriptionFiltered`)."""
    start = client.get_commit_position(filter_exclude=[])
    client.append_to_stream(stream, current_version=ANY, events=some(12))
    wanted = {"filter_include": ["Rare"], "include_checkpoints": True, "window_size": 2}
    with client.subscribe_to_all(
        commit_position=start, checkpoint_interval_multiplier=2, include_caught_up=True, **wanted
    ) as subscription:
        found = take(subscription, 4)
        assert [type(item) for item in found] == [Checkpoint, Checkpoint, Checkpoint, CaughtUp]
        assert [item.commit_position for item in found] == [start + 4, start + 8, start + 12, start + 12]
        client.append_to_stream(stream, current_version=ANY, events=[*some(3), an_event(type="Rare")])
        rare, checkpoint = take(subscription, 2)
        assert (rare.type, type(checkpoint), checkpoint.commit_position) == ("Rare", Checkpoint, start + 16)


def test_links_are_resolved_in_subscriptions(client: KurrentDBClient, five: str) -> None:
    link = NewEvent("$>", f"3@{five}".encode(), content_type="application/octet-stream")
    client.append_to_stream(f"{five}-links", current_version=ANY, events=[link])
    with client.subscribe_to_stream(f"{five}-links", resolve_links=True) as subscription:
        assert places([next(subscription)]) == [3]
        client.append_to_stream(
            f"{five}-links", current_version=0, events=[NewEvent("$>", f"4@{five}".encode()), an_event()]
        )
        assert places(take(subscription, 2)) == [4, 2]


def test_a_subscription_ends_with_the_tombstone_of_its_stream(client: KurrentDBClient, five: str) -> None:
    with client.subscribe_to_stream(five, include_caught_up=True) as subscription:
        take(subscription, 6)
        client.tombstone_stream(five, current_version=4)
        assert next(subscription).type == "$streamDeleted"
        with pytest.raises(StreamIsDeletedError):
            next(subscription)
    with pytest.raises(StreamIsDeletedError), client.subscribe_to_stream(five) as subscription:
        next(subscription)


def test_a_slow_reader_is_told_that_it_fell_behind_and_misses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CAPACITY", 20)
    with running(tmp_path / "log") as node, connected(node) as client:
        options = {"include_caught_up": True, "include_fell_behind": True}
        with client.subscribe_to_stream("slow", **options) as subscription:
            assert isinstance(next(subscription), CaughtUp)
            large = [an_event(number, data=b'"%s"' % (b"x" * 20_000)) for number in range(40)]
            for _ in range(15):
                client.append_to_stream("slow", current_version=ANY, events=[copy(event) for event in large])
            seen, kinds = [], set()
            while len(seen) < 600:
                item = next(subscription)
                kinds.add(type(item))
                if isinstance(item, RecordedEvent) and type(item) is RecordedEvent:
                    seen.append(item.stream_position)
            assert seen == list(range(600))
            assert FellBehind in kinds


def copy(event: NewEvent) -> NewEvent:
    return NewEvent(event.type, event.data)


def test_readers_that_leave_take_their_subscription_with_them(node: RunningNode, stream: str) -> None:
    before = node.node.live.taps
    with connected(node) as client:
        client.append_to_stream(stream, current_version=ANY, events=some(1))
        subscriptions = [client.subscribe_to_stream(stream) for _ in range(20)]
        for subscription in subscriptions:
            next(subscription)
        assert node.node.live.taps == before + 20
    gone = threading.Event()
    while node.node.live.taps > before:
        gone.wait(0.05)


def test_a_client_that_stops_a_subscription_hears_the_end(client: KurrentDBClient, five: str) -> None:
    subscription = client.subscribe_to_stream(five)
    next(subscription)
    threading.Timer(0.1, subscription.stop).start()
    with pytest.raises((StopIteration, CancelledByClientError)):
        while True:
            next(subscription)

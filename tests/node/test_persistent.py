"""Persistent subscriptions through the real client.

Sources: `PersistentSubscription.cs`, `PersistentSubscriptionMessageParker.cs` and `PersistentSubscriptions.*.cs` in the
server's repository (retries, time-outs, parking, what is refused how), and its docs, "Persistent subscriptions".
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from kurrentdbclient import KurrentDBClient, NewEvent, RecordedEvent, StreamState
from kurrentdbclient.exceptions import (
    AlreadyExistsError,
    CancelledError,
    GrpcError,
    KurrentDBClientError,
    MaximumSubscriptionsReachedError,
    NotFoundError,
)
from kurrentdbclient.persistent import PersistentSubscription

from tests.node.conftest import an_event, some
from tests.node.running import connected, running

ANY = StreamState.ANY
GROUP = "bookkeeping"


@pytest.fixture
def five(client: KurrentDBClient, stream: str) -> str:
    client.append_to_stream(stream, current_version=ANY, events=some(5))
    return stream


def create(client: KurrentDBClient, stream: str, **settings: Any) -> None:
    client.create_subscription_to_stream(GROUP, stream, **settings)


@contextmanager
def reading(client: KurrentDBClient, stream: str, **options: Any) -> Iterator[PersistentSubscription]:
    """A consumer that hands in its acks at once."""
    subscription = client.read_subscription_to_stream(GROUP, stream, max_ack_delay=0.01, stopping_grace=0.3, **options)
    with subscription:
        yield subscription  # type: ignore[misc]


def places(events: list[RecordedEvent]) -> list[int]:
    return [event.stream_position for event in events]


def take(subscription: Iterator[RecordedEvent], count: int) -> list[RecordedEvent]:
    return list(islice(subscription, count))


def info(client: KurrentDBClient, stream: str) -> Any:
    return client.get_subscription_info(GROUP, stream)


def until(condition: Any) -> None:
    """Wait for what comes by itself, and soon."""
    for _ in range(400):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("It did not come to be.")


def test_a_group_gets_what_is_there_and_what_comes(client: KurrentDBClient, five: str) -> None:
    create(client, five)
    with reading(client, five) as consumer:
        assert places(take(consumer, 5)) == [0, 1, 2, 3, 4]
        client.append_to_stream(five, current_version=4, events=some(1))
        (event,) = take(consumer, 1)
        assert (event.stream_position, event.retry_count) == (5, 0)


@pytest.mark.parametrize(
    ("start", "first"), [({}, 0), ({"stream_position": 3}, 3), ({"from_end": True}, 5)], ids=["start", "at", "end"]
)
def test_a_group_starts_where_it_is_told(client: KurrentDBClient, five: str, start: dict[str, Any], first: int) -> None:
    create(client, five, **start)
    client.append_to_stream(five, current_version=4, events=some(1))
    with reading(client, five) as consumer:
        assert places(take(consumer, 1)) == [first]


def test_a_group_begins_at_the_end_of_a_stream_that_is_not_there_yet(client: KurrentDBClient, stream: str) -> None:
    create(client, stream, from_end=True)
    client.append_to_stream(stream, current_version=ANY, events=some(1))
    with reading(client, stream) as consumer:
        assert places(take(consumer, 1)) == [0]


def test_a_group_to_the_log_gets_what_its_filter_admits(client: KurrentDBClient, stream: str) -> None:
    client.create_subscription_to_all(
        f"{GROUP}-{stream}", from_end=True, filter_include=[f"{stream}-b"], filter_by_stream_name=True
    )
    for name in "aba":
        client.append_event(f"{stream}-{name}", current_version=ANY, event=an_event())
    client.append_event(f"{stream}-b", current_version=ANY, event=an_event())
    with client.read_subscription_to_all(f"{GROUP}-{stream}") as consumer:
        assert [(event.stream_name, event.stream_position) for event in take(consumer, 2)] == [
            (f"{stream}-b", 0),
            (f"{stream}-b", 1),
        ]
    client.delete_subscription(f"{GROUP}-{stream}")


def test_links_are_resolved_and_acked_by_the_link(client: KurrentDBClient, five: str) -> None:
    links = f"{five}-links"
    gone = NewEvent("$>", f"9@{five}".encode())
    client.append_to_stream(links, current_version=ANY, events=[NewEvent("$>", f"2@{five}".encode()), gone, an_event()])
    create(client, links, resolve_links=True)
    with reading(client, links) as consumer:
        first, third = take(consumer, 2)  # nobody gets a link to what is gone
        assert (first.stream_name, first.stream_position, third.stream_position) == (five, 2, 2)
        consumer.ack(first)
        consumer.ack(third)
        until(lambda: info(client, links).outstanding_messages_count == 0)


def test_what_is_acked_is_not_delivered_again(client: KurrentDBClient, five: str) -> None:
    create(client, five, min_checkpoint_count=1, checkpoint_after=0.1)
    with reading(client, five) as consumer:
        for event in take(consumer, 3):
            consumer.ack(event)
    with reading(client, five) as consumer:
        assert sorted(places(take(consumer, 2))) == [3, 4]


def test_what_a_lost_consumer_had_goes_to_the_next(client: KurrentDBClient, five: str) -> None:
    create(client, five)
    with reading(client, five) as consumer:
        assert places(take(consumer, 5)) == [0, 1, 2, 3, 4]
    with reading(client, five) as consumer:
        again = take(consumer, 5)
        assert places(again) == [0, 1, 2, 3, 4]
        assert {event.retry_count for event in again} == {1}


def test_a_nack_to_retry_delivers_again_and_counts(client: KurrentDBClient, five: str) -> None:
    create(client, five)
    with reading(client, five) as consumer:
        first, *_ = take(consumer, 5)
        for count in (1, 2, 3):
            consumer.nack(first, "retry")
            (first,) = take(consumer, 1)
            assert (first.stream_position, first.retry_count) == (0, count)


def test_a_group_on_the_log_begins_with_the_first_event_of_all(tmp_path: Path) -> None:
    with running(tmp_path / "log") as node, connected(node) as client:
        client.append_to_stream("a", current_version=ANY, events=some(3))
        client.create_subscription_to_all(GROUP)
        with client.read_subscription_to_all(GROUP) as consumer:
            assert places(take(consumer, 3)) == [0, 1, 2]


def test_after_as_many_retries_as_allowed_an_event_is_parked(client: KurrentDBClient, five: str) -> None:
    create(client, five, max_retry_count=1)
    with reading(client, five) as consumer:
        first, *_ = take(consumer, 5)
        consumer.nack(first, "retry")
        (first,) = take(consumer, 1)
        consumer.nack(first, "retry")
        until(lambda: info(client, five).parked_message_count == 1)
    (parked,) = client.get_stream(f"$persistentsubscription-{five}::{GROUP}-parked", resolve_links=True)
    assert (parked.stream_name, parked.stream_position) == (five, 0)
    assert b"Reached retry count of 1" in parked.link.metadata  # type: ignore[union-attr]


def test_what_nobody_confirms_in_time_is_delivered_again(client: KurrentDBClient, five: str) -> None:
    create(client, five, message_timeout=0.3, max_retry_count=5)
    with reading(client, five, event_buffer_size=1) as consumer:
        first, again = take(consumer, 2)
        assert (first.stream_position, again.stream_position, again.retry_count) == (0, 0, 1)


def test_a_parked_event_waits_until_it_is_replayed(client: KurrentDBClient, five: str) -> None:
    create(client, five)
    with reading(client, five) as consumer:
        events = take(consumer, 5)
        for event in events[:3]:
            consumer.nack(event, "park")
        until(lambda: info(client, five).parked_message_count == 3)
        client.replay_parked_events(GROUP, five)
        replayed = take(consumer, 3)
        assert places(replayed) == [0, 1, 2]
        assert info(client, five).parked_message_count == 0
        for event in replayed:
            consumer.ack(event)
        until(lambda: info(client, five).outstanding_messages_count == 2)


def test_a_replay_stops_where_it_is_told(client: KurrentDBClient, five: str) -> None:
    from kurrentdbclient.protos.v1 import persistent_pb2, shared_pb2

    create(client, five)
    with reading(client, five) as consumer:
        for event in take(consumer, 3):
            consumer.nack(event, "park")
        until(lambda: info(client, five).parked_message_count == 3)
        options = persistent_pb2.ReplayParkedReq.Options(
            group_name=GROUP, stop_at=2, stream_identifier=shared_pb2.StreamIdentifier(stream_name=five.encode())
        )
        client.persistent_subscriptions._stub.ReplayParked(persistent_pb2.ReplayParkedReq(options=options))
        until(lambda: info(client, five).parked_message_count == 1)


def test_a_skipped_event_is_done_with(client: KurrentDBClient, five: str) -> None:
    create(client, five)
    with reading(client, five) as consumer:
        for event in take(consumer, 5):
            consumer.nack(event, "skip")
        until(lambda: info(client, five).outstanding_messages_count == 0)
    assert info(client, five).parked_message_count == 0


def test_a_nack_to_stop_drops_the_consumer_and_keeps_the_event(client: KurrentDBClient, five: str) -> None:
    create(client, five)
    with pytest.raises(CancelledError), reading(client, five) as consumer:
        first, *_ = take(consumer, 5)
        consumer.nack(first, "stop")
        next(consumer)
    with reading(client, five) as consumer:
        assert sorted(places(take(consumer, 5))) == [0, 1, 2, 3, 4]


def test_no_more_is_sent_than_the_consumer_has_room_for(client: KurrentDBClient, five: str) -> None:
    create(client, five)
    with reading(client, five, event_buffer_size=2) as consumer:
        first, _ = take(consumer, 2)
        assert info(client, five).outstanding_messages_count == 2
        consumer.ack(first)
        assert places(take(consumer, 1)) == [2]


def test_round_robin_gives_to_each_in_turn(client: KurrentDBClient, stream: str) -> None:
    create(client, stream, consumer_strategy="RoundRobin")
    with reading(client, stream) as first, reading(client, stream) as second:
        client.append_to_stream(stream, current_version=ANY, events=some(6))
        assert sorted(places(take(first, 3)) + places(take(second, 3))) == [0, 1, 2, 3, 4, 5]


def test_dispatch_to_single_gives_to_one_until_it_is_full(client: KurrentDBClient, stream: str) -> None:
    create(client, stream, consumer_strategy="DispatchToSingle")
    with reading(client, stream, event_buffer_size=4) as first, reading(client, stream, event_buffer_size=4) as second:
        client.append_to_stream(stream, current_version=ANY, events=some(6))
        assert places(take(first, 4)) == [0, 1, 2, 3]
        assert places(take(second, 2)) == [4, 5]


@pytest.mark.parametrize("strategy", ["Pinned", "PinnedByCorrelation"])
def test_pinned_gives_what_belongs_together_to_the_same(client: KurrentDBClient, stream: str, strategy: Any) -> None:
    links, sources = f"{stream}-links", [f"{stream}-{number}" for number in range(12)]
    for source in sources:
        event = an_event(metadata=b'{"$correlationId": "%s"}' % source.encode())
        client.append_to_stream(source, current_version=ANY, events=[event, an_event(metadata=event.metadata)])
    every = [NewEvent("$>", f"{revision}@{source}".encode()) for revision in (0, 1) for source in sources]
    create(client, links, consumer_strategy=strategy, resolve_links=True)
    with reading(client, links) as first, reading(client, links) as second:
        client.append_to_stream(links, current_version=ANY, events=every)
        until(lambda: info(client, links).outstanding_messages_count == 24)
        counts = [connection.in_flight_messages for connection in info(client, links).connections]
        got = [
            {event.stream_name for event in take(one, count)}
            for one, count in zip((first, second), counts, strict=True)
        ]
        assert got[0].isdisjoint(got[1])
        assert got[0] | got[1] == set(sources)


def test_a_group_takes_no_more_consumers_than_allowed(client: KurrentDBClient, five: str) -> None:
    create(client, five, max_subscriber_count=1)
    with reading(client, five), pytest.raises(MaximumSubscriptionsReachedError), reading(client, five):
        pass


def test_a_group_is_created_once_and_can_be_listed_and_deleted(client: KurrentDBClient, five: str) -> None:
    create(client, five)
    with pytest.raises(AlreadyExistsError):
        create(client, five)
    assert [found.group_name for found in client.list_subscriptions_to_stream(five)] == [GROUP]
    assert five in [found.event_source for found in client.list_subscriptions()]
    client.delete_subscription(GROUP, five)
    with pytest.raises(NotFoundError):
        client.get_subscription_info(GROUP, five)
    with pytest.raises(NotFoundError):
        client.delete_subscription(GROUP, five)
    assert client.list_subscriptions_to_stream(five) == []
    with pytest.raises(NotFoundError), reading(client, five):
        pass


def test_a_deleted_group_drops_its_consumers_and_what_it_parked(client: KurrentDBClient, five: str) -> None:
    create(client, five)
    with pytest.raises(CancelledError), reading(client, five) as consumer:
        first, *_ = take(consumer, 5)
        consumer.nack(first, "park")
        until(lambda: info(client, five).parked_message_count == 1)
        client.delete_subscription(GROUP, five)
        next(consumer)
    create(client, five)
    assert info(client, five).parked_message_count == 0


def test_info_says_how_a_group_is_set_and_doing(client: KurrentDBClient, five: str) -> None:
    create(client, five, stream_position=1, message_timeout=7.5, max_retry_count=3, max_subscriber_count=9)
    with reading(client, five, event_buffer_size=3) as consumer:
        take(consumer, 3)
        found = info(client, five)
    assert (found.event_source, found.group_name, found.status) == (five, GROUP, "Live")
    assert (found.start_from, found.message_timeout, found.max_retry_count) == ("1", 7.5, 3)
    assert (found.max_subscriber_count, found.consumer_strategy) == (9, "DispatchToSingle")
    assert (found.last_known_event_position, found.outstanding_messages_count, found.total_items) == ("4", 3, 3)
    (connection,) = found.connections
    assert (connection.available_slots, connection.in_flight_messages, connection.total_items) == (0, 3, 3)
    assert connection.connection_name


def test_info_says_how_much_was_delivered_since_somebody_last_asked(client: KurrentDBClient, five: str) -> None:
    """As `GetStatistics` in `PersistentSubscriptionStats.cs`: for the group, and for each connection."""
    create(client, five)
    with reading(client, five) as consumer:
        take(consumer, 5)
        first = info(client, five)
        assert (first.count_since_last_measurement, first.total_items) == (5, 5)
        assert first.average_per_second > 0
        assert first.connections[0].count_since_last_measurement == 5
        assert first.connections[0].average_items_per_second >= first.average_per_second
        client.append_to_stream(five, current_version=ANY, events=some(2))
        take(consumer, 2)
        second = info(client, five)
        assert (second.count_since_last_measurement, second.total_items) == (2, 7)
        assert second.connections[0].count_since_last_measurement == 2
        third = info(client, five)
        assert (third.count_since_last_measurement, third.average_per_second, third.total_items) == (0, 0, 7)


def test_extra_statistics_say_how_long_a_consumer_takes(client: KurrentDBClient, five: str) -> None:
    """As `RequestStatistics.cs`: for acks and nacks alike, and only where they were asked for."""
    create(client, five, extra_statistics=True)
    with reading(client, five) as consumer:
        events = take(consumer, 5)
        assert info(client, five).connections[0].observed_measurements == []
        time.sleep(0.05)
        consumer.nack(events[0], "skip")
        for event in events[1:4]:
            consumer.ack(event)
        until(lambda: info(client, five).outstanding_messages_count == 1)
        (connection,) = info(client, five).connections
        found = {measured.key: measured.value for measured in connection.observed_measurements}
    assert list(found)[:4] == ["Mean", "Median", "Fastest", "Quintile 1"]
    assert list(found)[-1] == "Highest"
    assert 50 <= found["Fastest"] <= found["Median"] <= found["Highest"]


def test_without_them_nothing_is_measured(client: KurrentDBClient, five: str) -> None:
    create(client, five)
    with reading(client, five) as consumer:
        consumer.ack(take(consumer, 1)[0])
        until(lambda: info(client, five).outstanding_messages_count == 4)
        assert info(client, five).connections[0].observed_measurements == []


def test_an_update_changes_settings_drops_consumers_and_keeps_the_place(client: KurrentDBClient, five: str) -> None:
    create(client, five)
    with pytest.raises(CancelledError), reading(client, five) as consumer:
        for event in take(consumer, 2):
            consumer.ack(event)
        until(lambda: info(client, five).outstanding_messages_count == 3)
        client.update_subscription_to_stream(GROUP, five, max_retry_count=42, consumer_strategy="RoundRobin")
        while True:
            next(consumer)
    found = info(client, five)
    assert (found.max_retry_count, found.consumer_strategy) == (42, "RoundRobin")
    with reading(client, five) as consumer:
        assert places(take(consumer, 1)) == [2]


@pytest.mark.parametrize(
    "settings",
    [{"max_retry_count": -1}, {"read_batch_size": 0}, {"history_buffer_size": 10}, {"consumer_strategy": "Favourite"}],
)
def test_settings_that_make_no_sense_are_refused(client: KurrentDBClient, five: str, settings: dict[str, Any]) -> None:
    with pytest.raises((KurrentDBClientError, KeyError, ValueError)):
        create(client, five, **settings)
    with pytest.raises(NotFoundError):
        info(client, five)


def test_places_and_what_is_parked_survive_a_restart(tmp_path: Path) -> None:
    with running(tmp_path / "log") as node, connected(node) as client:
        client.append_to_stream("a", current_version=ANY, events=some(5))
        create(client, "a", max_retry_count=4)
        with reading(client, "a") as consumer:
            first, second, third, *_ = take(consumer, 5)
            consumer.ack(first)
            consumer.nack(second, "park")
            consumer.ack(third)
            until(
                lambda: (
                    info(client, "a").outstanding_messages_count == 2 and info(client, "a").parked_message_count == 1
                )
            )
    with running(tmp_path / "log") as node, connected(node) as client:
        found = info(client, "a")
        assert (found.max_retry_count, found.parked_message_count, found.last_checkpointed_event_position) == (
            4,
            1,
            "2",
        )
        with reading(client, "a") as consumer:
            assert places(take(consumer, 2)) == [3, 4]
            client.replay_parked_events(GROUP, "a")
            assert places(take(consumer, 1)) == [1]


def test_the_subsystem_can_be_restarted(tmp_path: Path) -> None:
    from kurrentdbclient.protos.v1 import shared_pb2

    with running(tmp_path / "log") as node, connected(node) as client:
        client.append_to_stream("a", current_version=ANY, events=some(2))
        create(client, "a")
        with pytest.raises(CancelledError), reading(client, "a") as consumer:
            (first, _) = take(consumer, 2)
            consumer.ack(first)
            until(lambda: info(client, "a").outstanding_messages_count == 1)
            client.persistent_subscriptions._stub.RestartSubsystem(shared_pb2.Empty())
            next(consumer)
        with reading(client, "a") as consumer:
            assert places(take(consumer, 1)) == [1]


def test_one_node_of_a_folder_has_the_subscriptions(tmp_path: Path) -> None:
    with running(tmp_path / "log") as first, running(tmp_path / "log") as second:
        with connected(first) as client:
            client.append_to_stream("a", current_version=ANY, events=some(1))
            create(client, "a")
        with connected(second) as client, pytest.raises(GrpcError, match="Another node"):
            create(client, "b")

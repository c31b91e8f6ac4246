"""What a client hears of a persistent subscription that it asks about."""

from __future__ import annotations

from typing import Any

from kurrentdbclient.protos.v1 import persistent_pb2

from shared.eventstore.node.persistent.consumer import Consumer
from shared.eventstore.node.persistent.group import Group

SubscriptionInfo = persistent_pb2.SubscriptionInfo


def info(group: Group, last: int | None, parked: int) -> persistent_pb2.SubscriptionInfo:
    """How a group is set and doing; rates are those since the last call. `last` is the end of what it subscribes to."""
    of_stream = group.stream is not None
    rate = group.delivered.rate()
    settings = group.settings
    return SubscriptionInfo(
        event_source=group.source,
        group_name=group.name,
        status="Live",
        connections=[_connection(consumer) for consumer in group.consumers],
        average_per_second=rate.per_second,
        total_items=group.delivered.total,
        count_since_last_measurement=rate.latest,
        last_checkpointed_event_position=_place(of_stream, group.checkpoint),
        last_known_event_position=_place(of_stream, last),
        read_buffer_count=group.buffered,
        live_buffer_count=0,  # there is one buffer for both
        retry_buffer_count=group.retrying,
        total_in_flight_messages=group.in_flight,
        outstanding_messages_count=group.in_flight,
        parked_message_count=parked,
        resolve_link_tos=settings.resolve_links,
        start_from=_place(of_stream, settings.start),
        message_timeout_milliseconds=settings.message_timeout_ms,
        extra_statistics=settings.extra_statistics,
        max_retry_count=settings.max_retry_count,
        live_buffer_size=settings.live_buffer_size,
        buffer_size=settings.history_buffer_size,
        read_batch_size=settings.read_batch_size,
        check_point_after_milliseconds=settings.checkpoint_after_ms,
        min_check_point_count=settings.min_checkpoint_count,
        max_check_point_count=settings.max_checkpoint_count,
        named_consumer_strategy=settings.strategy,
        max_subscriber_count=settings.max_subscriber_count,
    )


def _connection(consumer: Consumer) -> Any:
    rate = consumer.delivered.rate()
    measured = consumer.times.measurements() if consumer.times else {}
    # `from` is a word of Python's, so it cannot be written as an argument.
    of_peer: Any = {"from": consumer.peer}
    return SubscriptionInfo.ConnectionInfo(
        **of_peer,
        username=consumer.username,
        average_items_per_second=rate.per_second,
        total_items=consumer.delivered.total,
        count_since_last_measurement=rate.latest,
        observed_measurements=[SubscriptionInfo.Measurement(key=key, value=value) for key, value in measured.items()],
        available_slots=max(0, consumer.free),
        in_flight_messages=len(consumer.in_flight),
        connection_name=consumer.name,
    )


def _place(of_stream: bool, at: int | None) -> str:
    """A place in a stream, or in the log, as the protocol's text."""
    if at is None:
        return ""
    return str(at) if of_stream else f"C:{at}/P:{at}"

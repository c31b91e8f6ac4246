"""Appends through the real client, by the server's rules.

Sources: `IndexWriter.CheckCommit` (what an append may expect, idempotency), `Streams.Append.cs` and
`Streams.BatchAppend.cs` (what is answered how) in the server's repository.
"""

from __future__ import annotations

from uuid import uuid4

import pytest
from kurrentdbclient import KurrentDBClient, NewEvent, NewEvents, NewRecord, StreamState, StreamStateCheck
from kurrentdbclient.exceptions import (
    ConsistencyChecksFailedError,
    GrpcError,
    KurrentDBClientError,
    MaximumAppendSizeExceededError,
    MultiAppendToSameStreamError,
    RecordMaxSizeExceededError,
    StreamTombstonedError,
    WrongCurrentVersionError,
)

from tests.node.conftest import an_event, some

ANY, NO_STREAM, EXISTS = StreamState.ANY, StreamState.NO_STREAM, StreamState.EXISTS


def append(client: KurrentDBClient, stream: str, events: list[NewEvent], expected: int | StreamState = ANY) -> int:
    """Append by BatchAppend, which is what the client does with a list."""
    return client.append_to_stream(stream, current_version=expected, events=events)


def test_what_is_appended_is_read_back_as_it_was(client: KurrentDBClient, stream: str) -> None:
    given = NewEvent(type="Opened", data=b"\x00\xff", metadata=b"\x01", content_type="application/octet-stream")
    position = append(client, stream, [given, an_event(1)])
    first, second = client.get_stream(stream)
    assert (first.id, first.type, first.data, first.metadata) == (given.id, "Opened", b"\x00\xff", b"\x01")
    assert (first.content_type, second.content_type) == ("application/octet-stream", "application/json")
    assert (first.stream_name, first.stream_position, second.stream_position) == (stream, 0, 1)
    assert second.commit_position == position
    assert first.recorded_at is not None


@pytest.mark.parametrize("expected", [ANY, NO_STREAM])
def test_a_new_stream_takes_any_and_no_stream(client: KurrentDBClient, stream: str, expected: StreamState) -> None:
    append(client, stream, some(2), expected)
    assert client.get_current_version(stream) == 1


def test_an_existing_stream_takes_any_exists_and_its_revision(client: KurrentDBClient, stream: str) -> None:
    append(client, stream, some(1))
    append(client, stream, some(1), ANY)
    append(client, stream, some(1), EXISTS)
    append(client, stream, some(1), 2)
    assert client.get_current_version(stream) == 3


@pytest.mark.parametrize("several", [True, False], ids=["batch append", "append"])
@pytest.mark.parametrize("expected", [NO_STREAM, 0, 5])
def test_a_wrong_expectation_is_told_with_what_is_there(
    client: KurrentDBClient, stream: str, expected: int | StreamState, several: bool
) -> None:
    append(client, stream, some(2))
    with pytest.raises(WrongCurrentVersionError) as refusal:
        if several:
            append(client, stream, some(1), expected)
        else:
            client.append_event(stream, current_version=expected, event=an_event())
    assert refusal.value.actual_version == 1
    assert client.get_current_version(stream) == 1


@pytest.mark.parametrize("several", [True, False], ids=["batch append", "append"])
@pytest.mark.parametrize("expected", [EXISTS, 0])
def test_a_stream_that_is_not_there_is_told_as_such(
    client: KurrentDBClient, stream: str, expected: int | StreamState, several: bool
) -> None:
    with pytest.raises(WrongCurrentVersionError) as refusal:
        if several:
            append(client, stream, some(1), expected)
        else:
            client.append_event(stream, current_version=expected, event=an_event())
    assert refusal.value.actual_version is NO_STREAM


@pytest.mark.parametrize("expected", [ANY, NO_STREAM, EXISTS, 1])
def test_a_repeat_is_a_success_that_writes_nothing(
    client: KurrentDBClient, stream: str, expected: int | StreamState
) -> None:
    events = some(3)
    if expected in (EXISTS, 1):
        append(client, stream, some(2))
    first = append(client, stream, events, expected)
    append(client, stream, some(1))
    assert append(client, stream, events, expected) == first
    assert len(client.get_stream(stream)) == (6 if expected in (EXISTS, 1) else 4)


def test_the_same_event_goes_into_another_stream(client: KurrentDBClient, stream: str) -> None:
    events = some(1)
    append(client, stream, events)
    append(client, f"{stream}-b", events)
    assert len(client.get_stream(f"{stream}-b")) == 1


def test_known_and_new_events_together_are_no_repeat(client: KurrentDBClient, stream: str) -> None:
    events = some(2)
    append(client, stream, events, NO_STREAM)
    with pytest.raises(WrongCurrentVersionError):
        append(client, stream, [*events, an_event(2)], NO_STREAM)


def test_appends_of_more_than_the_limit_are_refused(client: KurrentDBClient, stream: str) -> None:
    """`MaxAppendSize`, 1 MiB unless configured; INVALID_ARGUMENT for Append (`RpcExceptions.MaxAppendSizeExceeded`)."""
    large = an_event(data=b'"%s"' % (b"x" * (1 << 20)))
    with pytest.raises(MaximumAppendSizeExceededError, match="1048576"):
        append(client, stream, [large])
    with pytest.raises(KurrentDBClientError, match="Maximum Append Size of 1048576 Exceeded"):
        client.append_event(stream, current_version=ANY, event=large)
    many = [an_event(data=b'"%s"' % (b"x" * 100_000)) for _ in range(11)]
    with pytest.raises(MaximumAppendSizeExceededError):
        append(client, stream, many)
    assert client.get_current_version(stream) is NO_STREAM


def test_a_type_that_only_deleting_writes_is_refused(client: KurrentDBClient, stream: str) -> None:
    with pytest.raises(KurrentDBClientError, match="deleting"):
        append(client, stream, [an_event(type="$streamDeleted")])


def test_names_in_any_script_come_back_as_they_were(client: KurrentDBClient, stream: str) -> None:
    name = f"{stream}-žmogus-人"
    append(client, name, [an_event(type="Rastas")])
    assert client.get_stream(name)[0].stream_name == name


# Several streams at once (`streams.proto` and `errors.proto` of the protocol's second version)


def together(stream: str, *groups: tuple[str, int | StreamState, int]) -> list[NewEvents]:
    return [
        NewEvents(f"{stream}-{name}", events=new(count), current_version=expected) for name, expected, count in groups
    ]


def new(count: int) -> list[NewEvent]:
    return [an_event(number, metadata=b'{"by": "test"}') for number in range(count)]


def test_several_streams_are_appended_to_at_once(client: KurrentDBClient, stream: str) -> None:
    position = client.multi_append_to_stream(together(stream, ("a", NO_STREAM, 2), ("b", ANY, 1)))
    a, b = client.get_stream(f"{stream}-a"), client.get_stream(f"{stream}-b")
    assert [event.commit_position for event in (*a, *b)] == [position - 2, position - 1, position]
    assert b[0].metadata == b'{"by": "test"}'


def test_if_one_stream_is_elsewhere_none_is_appended_to(client: KurrentDBClient, stream: str) -> None:
    append(client, f"{stream}-b", some(1))
    with pytest.raises(WrongCurrentVersionError) as refusal:
        client.multi_append_to_stream(together(stream, ("a", NO_STREAM, 1), ("b", NO_STREAM, 1)))
    assert (refusal.value.stream_name, refusal.value.actual_version) == (f"{stream}-b", 0)
    assert client.get_current_version(f"{stream}-a") is NO_STREAM


def test_a_repeated_joint_append_is_a_success_that_writes_nothing(client: KurrentDBClient, stream: str) -> None:
    events = together(stream, ("a", NO_STREAM, 2), ("b", NO_STREAM, 1))
    assert client.multi_append_to_stream(events) == client.multi_append_to_stream(events)
    assert client.get_current_version(f"{stream}-a") == 1


def test_a_stream_comes_once_in_a_session(client: KurrentDBClient, stream: str) -> None:
    with pytest.raises(MultiAppendToSameStreamError) as refusal:
        client.multi_append_to_stream(together(stream, ("a", ANY, 1), ("a", ANY, 1)))
    assert refusal.value.stream_name == f"{stream}-a"


def test_a_stream_with_a_tombstone_stops_a_session(client: KurrentDBClient, stream: str) -> None:
    client.tombstone_stream(f"{stream}-b", current_version=ANY)
    with pytest.raises(StreamTombstonedError):
        client.multi_append_to_stream(together(stream, ("a", ANY, 1), ("b", ANY, 1)))
    assert client.get_current_version(f"{stream}-a") is NO_STREAM


def test_a_record_over_the_limit_is_told_with_its_size(client: KurrentDBClient, stream: str) -> None:
    large = NewEvents(stream, events=[an_event(data=b"x" * (1 << 20))], current_version=ANY)
    with pytest.raises(RecordMaxSizeExceededError) as refusal:
        client.multi_append_to_stream(large)
    assert refusal.value.max_size == 1 << 20


def record(stream: str, number: int) -> NewRecord:
    return NewRecord(stream_name=stream, type="Moved", data=b"%d" % number)


def test_records_keep_their_order_over_streams(client: KurrentDBClient, stream: str) -> None:
    a, b = f"{stream}-a", f"{stream}-b"
    result = client.append_records([record(a, 1), record(b, 2), record(a, 3)])
    events = sorted([*client.get_stream(a), *client.get_stream(b)], key=lambda event: event.commit_position)
    assert [event.data for event in events] == [b"1", b"2", b"3"]
    assert {place.stream_name: place.stream_position for place in result.stream_positions} == {a: 1, b: 0}


def test_records_go_in_only_if_every_check_holds(client: KurrentDBClient, stream: str) -> None:
    append(client, f"{stream}-other", some(3))
    checks = [
        StreamStateCheck(f"{stream}-other", expected_state=2),
        StreamStateCheck(f"{stream}-none", expected_state=EXISTS),
    ]
    with pytest.raises(ConsistencyChecksFailedError) as refusal:
        client.append_records([record(stream, 1)], checks)
    (failure,) = refusal.value.failures
    assert failure.check_index == 1
    assert failure.stream_state_failure is not None
    assert failure.stream_state_failure.stream_name == f"{stream}-none"
    assert client.get_current_version(stream) is NO_STREAM
    client.append_records([record(stream, 1)], checks[:1])
    assert client.get_current_version(stream) == 0


def test_projections_are_declared_unsupported(client: KurrentDBClient) -> None:
    with pytest.raises(GrpcError, match="Projections are not supported"):
        client.create_projection(name=str(uuid4()), query="fromAll()")

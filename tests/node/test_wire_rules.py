"""Rules that the clients hide, on the wire itself. Each names the file of the server's repository that it is from."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from kurrentdbclient import KurrentDBClient, NewEvent, StreamState
from kurrentdbclient.protos.google.rpc import code_pb2
from kurrentdbclient.protos.v1 import shared_pb2, streams_pb2

from tests.node.conftest import an_event, some
from tests.node.running import RunningNode

ANY = StreamState.ANY
STREAMS = "/event_store.client.streams.Streams/"
AppendReq, AppendResp = streams_pb2.AppendReq, streams_pb2.AppendResp
BatchAppendReq, BatchAppendResp = streams_pb2.BatchAppendReq, streams_pb2.BatchAppendResp


@pytest.fixture
def channel(node: RunningNode) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{node.port}") as opened:
        yield opened


def proposal(**changes: Any) -> dict[str, Any]:
    properties = {"type": "Deposited", "content-type": "application/json"}
    return {"id": {"string": str(uuid4())}, "metadata": properties, "data": b"{}", **changes}


class Pipeline:
    """One BatchAppend call that stays open."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        method = channel.stream_stream(
            STREAMS + "BatchAppend", BatchAppendReq.SerializeToString, BatchAppendResp.FromString
        )
        self.answers = method(iter(self._requests.get, None), timeout=30)

    def send(self, correlation: str, stream: str | None, count: int, *, final: bool = True, **options: Any) -> None:
        """Some events; `stream` None: more of what has been begun."""
        made: dict[str, Any] = {"correlation_id": {"string": correlation}, "is_final": final}
        if stream is not None:
            made["options"] = {"stream_identifier": {"stream_name": stream.encode()}, **(options or {"any": {}})}
        self.put(BatchAppendReq(proposed_messages=[proposal() for _ in range(count)], **made))

    def put(self, request: Any) -> None:
        """Send a request as it is."""
        self._requests.put(request)

    def end(self) -> None:
        self._requests.put(None)


@pytest.fixture
def pipeline(channel: grpc.Channel) -> Iterator[Pipeline]:
    opened = Pipeline(channel)
    yield opened
    opened.end()


def ids(count: int) -> list[str]:
    return [str(uuid4()) for _ in range(count)]


# Append: what went wrong with the version is in the answer


def append(channel: grpc.Channel, stream: str, **expected: Any) -> Any:
    method = channel.stream_unary(STREAMS + "Append", AppendReq.SerializeToString, AppendResp.FromString)
    options = {"stream_identifier": {"stream_name": stream.encode()}, **expected}
    return method(iter([AppendReq(options=options), AppendReq(proposed_message=proposal())]), timeout=30)


def test_append_says_in_its_answer_that_the_version_was_wrong(channel: grpc.Channel, stream: str) -> None:
    """`Streams.Append.cs`: the call succeeds, and its answer is `WrongExpectedVersion`."""
    assert append(channel, stream, no_stream={}).success.current_revision == 0
    wrong = append(channel, stream, revision=7).wrong_expected_version
    assert (wrong.expected_revision, wrong.current_revision) == (7, 0)
    missing = append(channel, f"{stream}-b", stream_exists={}).wrong_expected_version
    assert missing.WhichOneof("expected_revision_option") == "expected_stream_exists"
    assert missing.WhichOneof("current_revision_option") == "current_no_stream"


# BatchAppend: many on one call


def test_batches_on_one_call_are_answered_by_their_correlation_ids(pipeline: Pipeline, stream: str) -> None:
    """`Streams.BatchAppend.cs`: each is answered when it is written, while the call stays open for more."""
    sent = ids(20)
    for number, correlation in enumerate(sent):
        pipeline.send(correlation, f"{stream}-{number % 4}", 3)
    found = {answer.correlation_id.string: answer for answer in (next(pipeline.answers) for _ in sent)}
    assert found.keys() == set(sent)
    assert all(answer.WhichOneof("result") == "success" for answer in found.values())
    assert found[sent[0]].stream_identifier.stream_name.decode() == f"{stream}-0"
    ends = [found[correlation].success.current_revision for correlation in sent[::4]]
    assert ends == [2, 5, 8, 11, 14]  # of one stream, in the order in which they were sent
    pipeline.send(sent[0], stream, 1)
    assert next(pipeline.answers).success.current_revision == 0


def test_large_batches_of_several_callers_at_once_are_each_written_whole(channel: grpc.Channel, stream: str) -> None:
    """`Streams.BatchAppend.cs`: the batches of one call to one stream are written in the order in which they came."""
    pipelines = [Pipeline(channel) for _ in range(3)]
    for _ in range(8):
        for number, pipeline in enumerate(pipelines):
            pipeline.send(str(uuid4()), f"{stream}-{number}", 50)
    for pipeline in pipelines:
        assert [next(pipeline.answers).success.current_revision for _ in range(8)] == list(range(49, 400, 50))
        pipeline.end()


def test_a_batch_may_come_in_parts_among_others(pipeline: Pipeline, client: KurrentDBClient, stream: str) -> None:
    """`streams.proto`, `BatchAppendReq.is_final`: the options come with the first part, and it is appended whole."""
    first, second = ids(2)
    pipeline.send(first, stream, 2, final=False)
    pipeline.send(second, f"{stream}-b", 1)
    assert next(pipeline.answers).correlation_id.string == second
    assert client.get_current_version(stream) is StreamState.NO_STREAM
    pipeline.send(first, None, 2)
    assert next(pipeline.answers).success.current_revision == 3


@pytest.mark.parametrize(
    "id",
    [
        {"string": "8f14e45f-ceea-467f-a0e6-9d8c3b7a1c55"},
        {"string": "8F14E45FCEEA467FA0E69D8C3B7A1C55"},
        {"structured": {"most_significant_bits": -1, "least_significant_bits": 5}},
    ],
)
def test_ids_of_either_form_are_kept(pipeline: Pipeline, client: KurrentDBClient, stream: str, id: Any) -> None:
    """`shared.proto`, `UUID`: two numbers or text, which `Uuid.FromDto` and .NET's `Guid.Parse` read."""
    options = {"stream_identifier": {"stream_name": stream.encode()}, "any": {}}
    (correlation,) = ids(1)
    events = [proposal(), proposal(id=id), proposal()]
    pipeline.put(
        BatchAppendReq(correlation_id={"string": correlation}, options=options, proposed_messages=events, is_final=True)
    )
    assert next(pipeline.answers).success.current_revision == 2
    kept = client.get_stream(stream)[1].id
    assert kept == (UUID(id["string"]) if "string" in id else UUID(int=((1 << 64) - 1) << 64 | 5))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": {"string": "8f14e45f-ceea-467f-a0e6-9d8c3b7a1c5"}},
        {"id": {"string": "8f14e45f ceea 467f a0e6 9d8c3b7a1c55"}},
        {"metadata": {"type": "Deposited"}},
        {"metadata": {"content-type": "application/json"}},
        {"metadata": {"type": "$streamDeleted", "content-type": "application/json"}},
    ],
)
def test_an_event_that_is_none_refuses_its_batch_alone(pipeline: Pipeline, stream: str, changes: Any) -> None:
    """`Streams.BatchAppend.cs`: what cannot be read of a request is the answer to it; the call goes on."""
    options = {"stream_identifier": {"stream_name": stream.encode()}, "any": {}}
    wrong, right = ids(2)
    events = [proposal(), proposal(**changes)]
    pipeline.put(
        BatchAppendReq(correlation_id={"string": wrong}, options=options, proposed_messages=events, is_final=True)
    )
    refused = next(pipeline.answers)
    assert refused.correlation_id.string == wrong
    assert refused.error.code == code_pb2.INVALID_ARGUMENT
    pipeline.send(right, stream, 1, no_stream={})
    assert next(pipeline.answers).success.current_revision == 0


def test_batch_append_answers_a_wrong_version_with_a_status_and_goes_on(pipeline: Pipeline, stream: str) -> None:
    """`Streams.BatchAppend.cs`: a `google.rpc.Status` with the versions as its details; the call does not end."""
    wrong, right = ids(2)
    pipeline.send(wrong, stream, 1, stream_position=4)
    pipeline.send(right, stream, 1, no_stream={})
    answers = {answer.correlation_id.string: answer for answer in (next(pipeline.answers), next(pipeline.answers))}
    assert answers[wrong].WhichOneof("result") == "error"
    details = shared_pb2.WrongExpectedVersion()
    assert answers[wrong].error.details.Unpack(details)
    assert details.expected_stream_position == 4
    assert details.WhichOneof("current_stream_revision_option") == "current_no_stream"
    assert answers[right].success.current_revision == 0


def test_a_batch_whose_deadline_has_passed_is_not_written(
    pipeline: Pipeline, client: KurrentDBClient, stream: str
) -> None:
    """`Streams.BatchAppend.cs`: `DEADLINE_EXCEEDED` with `Timeout` as its details, by either form of the deadline."""
    late, later, in_time = ids(3)
    pipeline.send(late, stream, 1, any={}, deadline={"seconds": 0})
    pipeline.send(later, stream, 1, any={}, deadline_21_10_0={"seconds": 1_000_000_000})
    for _ in range(2):
        answer = next(pipeline.answers)
        assert answer.error.code == code_pb2.DEADLINE_EXCEEDED
        assert answer.error.details.Is(shared_pb2.Timeout.DESCRIPTOR)
    assert client.get_current_version(stream) is StreamState.NO_STREAM
    pipeline.send(in_time, stream, 1, any={}, deadline={"seconds": 60})
    assert next(pipeline.answers).success.current_revision == 0


def test_a_batch_over_the_limit_is_refused_and_the_rest_of_it_passed_over(pipeline: Pipeline, stream: str) -> None:
    """`Streams.BatchAppend.cs`: `MaximumAppendSizeExceeded`, once, however many parts follow."""
    large, small = ids(2)
    made = {"stream_identifier": {"stream_name": stream.encode()}, "any": {}}
    part = BatchAppendReq(
        correlation_id={"string": large}, options=made, proposed_messages=[proposal(data=bytes((1 << 20) + 1))]
    )
    pipeline.put(part)
    pipeline.send(large, None, 1)
    pipeline.send(small, stream, 1)
    refused, written = next(pipeline.answers), next(pipeline.answers)
    assert refused.correlation_id.string == large
    assert refused.error.details.Is(shared_pb2.MaximumAppendSizeExceeded.DESCRIPTOR)
    assert (written.correlation_id.string, written.success.current_revision) == (small, 0)


# Reading


def read(channel: grpc.Channel, **options: Any) -> list[Any]:
    method = channel.unary_stream(
        STREAMS + "Read", streams_pb2.ReadReq.SerializeToString, streams_pb2.ReadResp.FromString
    )
    request = streams_pb2.ReadReq(options={"uuid_option": {"string": {}}, "no_filter": {}, **options})
    return [answer.event for answer in method(request, timeout=30) if answer.WhichOneof("content") == "event"]


def test_a_link_to_a_deleted_event_comes_as_the_link_alone(
    channel: grpc.Channel, client: KurrentDBClient, stream: str
) -> None:
    """`Streams.Read.cs`: `link` is there, `event` is not; without links to be resolved the link is the `event`."""
    links = f"{stream}-links"
    client.append_to_stream(stream, current_version=ANY, events=some(2))
    pointing = [
        NewEvent("$>", b"%d@%s" % (at, stream.encode()), content_type="application/octet-stream") for at in (0, 1)
    ]
    client.append_to_stream(links, current_version=ANY, events=pointing)
    client.set_stream_metadata(stream, metadata={"$tb": 1})
    of = {"stream": {"stream_identifier": {"stream_name": links.encode()}, "start": {}}, "count": 10}
    gone, there = read(channel, **of, resolve_links=True)
    assert (gone.HasField("event"), gone.link.metadata["type"]) == (False, "$>")
    assert (there.event.stream_revision, there.link.stream_revision) == (1, 1)
    plain, _ = read(channel, **of)
    assert (plain.event.metadata["type"], plain.HasField("link")) == ("$>", False)


def test_a_position_is_a_place_and_reading_may_start_anywhere(
    channel: grpc.Channel, client: KurrentDBClient, stream: str
) -> None:
    """`Position.cs`: commit and prepare position; they only grow, and a read begins with the event that is there."""
    first = client.append_event(stream, current_version=ANY, event=an_event())
    second = client.append_event(stream, current_version=ANY, event=an_event())
    assert second > first
    at = {"position": {"commit_position": second, "prepare_position": second}}
    (event,) = read(channel, all=at, count=1)
    assert (event.event.commit_position, event.event.prepare_position, event.commit_position) == (second,) * 3
    beyond = {"position": {"commit_position": second + 10**6, "prepare_position": second + 10**6}}
    assert read(channel, all=beyond, count=1) == []
    assert len(read(channel, all=beyond, count=1, read_direction="Backwards")) == 1

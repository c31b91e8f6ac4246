"""Whatever comes over the wire, the node answers with a status of the protocol's, never with a fault of its own."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any, NamedTuple

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kurrentdbclient.protos.v1 import persistent_pb2, shared_pb2, streams_pb2
from kurrentdbclient.protos.v2.streams import streams_pb2 as streams_v2_pb2
from structlog.testing import capture_logs

from shared.eventstore.node import protocol
from tests.node.running import RunningNode, running

STREAMS = "/event_store.client.streams.Streams/"
SECOND = "/kurrentdb.protocol.v2.streams.StreamsService/"
GROUPS = "/event_store.client.persistent_subscriptions.PersistentSubscriptions/"
OPERATIONS = "/event_store.client.operations.Operations/"
USERS = "/event_store.client.users.Users/"

# Each method, the message that it takes, and whether it takes and gives streams.
METHODS: list[tuple[str, Any, bool, bool]] = [
    (STREAMS + "Read", streams_pb2.ReadReq, False, True),
    (STREAMS + "Append", streams_pb2.AppendReq, True, False),
    (STREAMS + "BatchAppend", streams_pb2.BatchAppendReq, True, True),
    (STREAMS + "Delete", streams_pb2.DeleteReq, False, False),
    (STREAMS + "Tombstone", streams_pb2.TombstoneReq, False, False),
    (SECOND + "AppendSession", streams_v2_pb2.AppendRequest, True, False),
    (SECOND + "AppendRecords", streams_v2_pb2.AppendRecordsRequest, False, False),
    (GROUPS + "Create", persistent_pb2.CreateReq, False, False),
    (GROUPS + "Update", persistent_pb2.UpdateReq, False, False),
    (GROUPS + "Delete", persistent_pb2.DeleteReq, False, False),
    (GROUPS + "GetInfo", persistent_pb2.GetInfoReq, False, False),
    (GROUPS + "List", persistent_pb2.ListReq, False, False),
    (GROUPS + "ReplayParked", persistent_pb2.ReplayParkedReq, False, False),
    (GROUPS + "Read", persistent_pb2.ReadReq, True, True),
    (OPERATIONS + "StopScavenge", protocol.StopScavengeReq, False, False),
    (USERS + "Create", protocol.UserReq, False, False),
    (USERS + "Details", protocol.LoginReq, False, True),
    ("/event_store.client.gossip.Gossip/Read", shared_pb2.Empty, False, False),
]

# Few names, so that requests meet each other's streams and groups.
NAMES = ["a", "b", "a", "b", "$$a", "$>", "^a", "RoundRobin", "$a", "$all", "$metadata", "", "(", "no\0name", "ž"]


def likely(strategy: st.SearchStrategy[Any], unlikely: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The first, or once in a while the other: seldom enough that most requests are good enough to get somewhere.

    Which number stands for the other is not 0 nor the last, for those are drawn more often than others.
    """
    return st.integers(0, 24).flatmap(lambda drawn: unlikely if drawn == 17 else strategy)


TEXTS = st.sampled_from(NAMES)
IDS = likely(st.uuids().map(str), st.sampled_from(["6ba7b810-9dad-11d1-80b4-00c04fd430c8", "no id"]))
NUMBERS = st.sampled_from([0, 1, 2, 3, 100, 2**31 - 1])
LARGE = NUMBERS | st.sampled_from([2**63 - 1, 2**63, 2**64 - 1])
SIGNED = NUMBERS | st.sampled_from([-1, -2, -4, -(2**31)])


def values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    """Values of a field, likely and unlikely ones."""
    kinds = FieldDescriptor
    match field.type:
        case kinds.TYPE_MESSAGE:
            return messages(field.message_type, depth - 1)
        case kinds.TYPE_STRING:
            return IDS if field.name in ("string", "record_id") else TEXTS
        case kinds.TYPE_BYTES:
            return likely(
                TEXTS.map(str.encode), st.binary(max_size=12) | st.sampled_from([b"0@a", b'{"$tb": 3}', b"\xff@"])
            )
        case kinds.TYPE_BOOL:
            return st.booleans()
        case kinds.TYPE_UINT64:
            return LARGE
        case kinds.TYPE_DOUBLE | kinds.TYPE_FLOAT:
            return st.floats()
        case kinds.TYPE_UINT32:
            return NUMBERS
        case kinds.TYPE_ENUM:
            return st.integers(0, 6)
        case _:
            return SIGNED


# Settings that only make sense together.
USUAL = {
    "history_buffer_size": 500,
    "read_batch_size": 20,
    "live_buffer_size": 500,
    "max_retry_count": 2,
    "consumer_strategy": "RoundRobin",
    "buffer_size": 3,
    "group_name": "group",
    "format": 1,
}


PROPERTIES = st.fixed_dictionaries(
    {"type": TEXTS, "content-type": st.sampled_from(["application/json", "x"])}, optional={"more": TEXTS}
)


@st.composite
def messages(draw: st.DrawFn, kind: Descriptor, depth: int = 6, first: str | None = None) -> dict[str, Any]:
    """What a message of `kind` may be made of. `first`: which of its first choice."""
    made: dict[str, Any] = {}
    if depth <= 0:
        return made
    chosen = [
        field for field in kind.fields if not field.containing_oneof and draw(likely(st.just(True), st.just(False)))
    ]
    for choice in kind.oneofs:
        if first and first in kind.fields_by_name:
            chosen.append(kind.fields_by_name[first])
        elif draw(likely(st.just(True), st.just(False))):
            chosen.append(draw(st.sampled_from(list(choice.fields))))
        first = None
    for field in chosen:
        if field.message_type and field.message_type.GetOptions().map_entry:
            value = field.message_type.fields_by_name["value"]
            properties = PROPERTIES if value.type == FieldDescriptor.TYPE_STRING else st.just({})
            made[field.name] = draw(likely(properties, st.just({})))
        elif field.is_repeated:
            made[field.name] = draw(st.lists(values(field, depth), min_size=1, max_size=3))
        else:
            usual = st.just(USUAL[field.name]) if field.name in USUAL else values(field, depth)
            made[field.name] = draw(likely(usual, values(field, depth)))
    return made


def built(kind: Any, made: dict[str, Any]) -> bytes:
    message: Message = kind(**made)
    data: bytes = message.SerializeToString()
    return data


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, list[bytes], bool, bool]:
    """A call: its path, its messages, and whether it takes and gives streams."""
    path, kind, takes_stream, gives_stream = draw(st.sampled_from(METHODS))

    def sent(first: str | None) -> st.SearchStrategy[bytes]:
        whole = messages(kind.DESCRIPTOR, first=first).map(lambda made: built(kind, made))
        broken = st.builds(
            lambda data, at, junk: data[:at] + junk + data[at:], whole, st.integers(0, 60), st.binary(max_size=6)
        )
        return likely(whole, broken)

    begin = draw(likely(st.just("options"), st.none()))
    after = {STREAMS + "Append": "proposed_message"}.get(path)
    more = draw(st.lists(sent(after), max_size=3)) if takes_stream else []
    return path, [draw(sent(begin)), *more], takes_stream, gives_stream


class Fuzzed(NamedTuple):
    """A node, and what it and its event loop said meanwhile: also of faults that no caller hears of."""

    node: RunningNode
    said: list[Any]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    with capture_logs() as said, running(tmp_path_factory.mktemp("fuzz") / "log") as node:
        node.on_loop_fault(lambda what: said.append({"event": what, "log_level": "error"}))
        yield Fuzzed(node, said)


@pytest.fixture(scope="module")
def channel(fuzzed: Fuzzed) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{fuzzed.node.port}") as opened:
        yield opened


def call(channel: grpc.Channel, path: str, sent: list[bytes], takes_stream: bool, gives_stream: bool) -> None:
    timeout = 2.0 if not gives_stream else 0.15  # whoever subscribes would wait for ever
    match takes_stream, gives_stream:
        case False, False:
            channel.unary_unary(path)(sent[0], timeout=timeout)
        case True, False:
            channel.stream_unary(path)(iter(sent), timeout=timeout)
        case False, True:
            list(channel.unary_stream(path)(sent[0], timeout=timeout))
        case True, True:
            list(channel.stream_stream(path)(iter(sent), timeout=timeout))


def check(channel: grpc.Channel, request: tuple[str, list[bytes], bool, bool]) -> None:
    try:
        call(channel, *request)
    except grpc.RpcError as error:
        assert error.code() not in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL), error.details()


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=300, deadline=None, suppress_health_check=QUIET)
@given(request=requests())
def test_no_request_makes_the_node_fail(channel: grpc.Channel, request: tuple[str, list[bytes], bool, bool]) -> None:
    check(channel, request)


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(max_examples=20_000, deadline=None, suppress_health_check=QUIET)
@given(request=requests())
def test_no_request_of_very_many_makes_the_node_fail(
    channel: grpc.Channel, request: tuple[str, list[bytes], bool, bool]
) -> None:
    check(channel, request)


def test_after_all_that_nothing_went_wrong_unheard_and_the_log_is_sound(fuzzed: Fuzzed) -> None:
    gc.collect()  # a task that failed and that nobody asked says so when it goes
    assert [entry for entry in fuzzed.said if entry["log_level"] in ("error", "critical")] == []
    assert fuzzed.node.node.log.verify().sound

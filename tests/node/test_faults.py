"""Bad input and faults: the node answers each with a status, goes on, and its memory stays bounded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from kurrentdbclient import KurrentDBClient, StreamState
from kurrentdbclient.exceptions import KurrentDBClientError
from kurrentdbclient.protos.v1 import persistent_pb2, shared_pb2, streams_pb2

from shared.eventstore.node.calls import MAX_MESSAGE_BYTES
from tests.eventstore.conftest import disk  # noqa: F401 - a fixture
from tests.node.conftest import an_event, some
from tests.node.process import NodeProcess
from tests.node.running import RunningNode

ANY = StreamState.ANY
STREAMS = "/event_store.client.streams.Streams/"
GROUPS = "/event_store.client.persistent_subscriptions.PersistentSubscriptions/"


@pytest.fixture
def channel(node: RunningNode) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{node.port}") as opened:
        yield opened


def status(call: Callable[[], Any]) -> grpc.StatusCode:
    """How a call ends."""
    try:
        call()
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


INVALID = grpc.StatusCode.INVALID_ARGUMENT


def test_what_is_no_message_is_refused(channel: grpc.Channel) -> None:
    garbage = b"\x0a\xff\xff\xff\xff\x0f garbage"
    assert status(lambda: channel.unary_unary(STREAMS + "Delete")(garbage)) == INVALID
    assert status(lambda: list(channel.unary_stream(STREAMS + "Read")(garbage))) == INVALID
    assert status(lambda: channel.stream_unary(STREAMS + "Append")(iter([garbage]))) == INVALID
    assert status(lambda: list(channel.stream_stream(STREAMS + "BatchAppend")(iter([garbage])))) == INVALID
    assert status(lambda: list(channel.stream_stream(GROUPS + "Read")(iter([garbage])))) == INVALID


def test_empty_messages_are_refused(channel: grpc.Channel) -> None:
    for path in (STREAMS + "Delete", STREAMS + "Tombstone", GROUPS + "Create", GROUPS + "Update", GROUPS + "GetInfo"):
        assert status(lambda path=path: channel.unary_unary(path)(b"")) == INVALID, path
    assert status(lambda: list(channel.unary_stream(STREAMS + "Read")(b""))) == INVALID
    assert status(lambda: channel.stream_unary(STREAMS + "Append")(iter([b""]))) == INVALID
    assert status(lambda: channel.stream_unary(STREAMS + "Append")(iter([]))) == INVALID
    assert status(lambda: list(channel.stream_stream(GROUPS + "Read")(iter([])))) == INVALID


def test_messages_over_the_limit_are_refused(channel: grpc.Channel) -> None:
    large = bytes(MAX_MESSAGE_BYTES + 1)
    assert status(lambda: channel.unary_unary(STREAMS + "Delete")(large)) == grpc.StatusCode.RESOURCE_EXHAUSTED
    part = streams_pb2.AppendReq(proposed_message={"data": bytes(4 << 20)}).SerializeToString()
    many = [streams_pb2.AppendReq(options={"any": {}, "stream_identifier": {"stream_name": b"a"}}).SerializeToString()]
    assert status(lambda: channel.stream_unary(STREAMS + "Append")(iter(many + [part] * 5))) == INVALID


@pytest.mark.parametrize("path", ["/a.B/C", "/event_store.client.streams.Streams/Reed", "/", ""])
def test_methods_that_do_not_exist_are_unimplemented(channel: grpc.Channel, path: str) -> None:
    assert status(lambda: channel.unary_unary(path)(b"")) == grpc.StatusCode.UNIMPLEMENTED


def test_names_that_no_stream_can_have_are_refused(client: KurrentDBClient) -> None:
    for name in ("$all", "a" * 600, "a\0b"):
        with pytest.raises(KurrentDBClientError):
            client.append_to_stream(name, current_version=ANY, events=some(1))
        with pytest.raises(KurrentDBClientError):
            client.delete_stream(name, current_version=ANY)
    assert len(client.get_stream_metadata("$all")) == 2


def test_combinations_that_make_no_sense_are_refused(channel: grpc.Channel) -> None:
    options = streams_pb2.ReadReq.Options
    stream = options.StreamOptions(stream_identifier={"stream_name": b"a"}, start={})
    backwards = options(stream=stream, read_direction=options.Backwards, subscription={}, no_filter={})
    filtered = options(stream=stream, count=1, filter={"event_type": {"prefix": ["a"]}, "max": 1})
    unfiltered = options(all={"start": {}}, count=1, filter={"max": 1, "event_type": {}})
    nameless = options(stream={"start": {}}, count=1, no_filter={})
    for wrong in (backwards, filtered, unfiltered, nameless):
        request = streams_pb2.ReadReq(options=wrong).SerializeToString()
        assert status(lambda request=request: list(channel.unary_stream(STREAMS + "Read")(request))) == INVALID


def test_acks_of_what_nobody_has_are_passed_over(client: KurrentDBClient, channel: grpc.Channel, stream: str) -> None:
    client.append_to_stream(stream, current_version=ANY, events=some(1))
    client.create_subscription_to_stream("group", stream)
    options = persistent_pb2.ReadReq.Options(
        stream_identifier={"stream_name": stream.encode()}, group_name="group", buffer_size=5
    )
    strange = shared_pb2.UUID(string="6ba7b810-9dad-11d1-80b4-00c04fd430c8")
    requests = [
        persistent_pb2.ReadReq(options=options),
        persistent_pb2.ReadReq(ack={"ids": [strange]}),
        persistent_pb2.ReadReq(nack={"ids": [strange], "action": 4711}),
    ]
    answers = channel.stream_stream(GROUPS + "Read")(request.SerializeToString() for request in requests)
    assert persistent_pb2.ReadResp.FromString(next(answers)).HasField("subscription_confirmation")


def test_a_client_killed_in_the_middle_leaves_nothing_behind(
    node: RunningNode, client: KurrentDBClient, stream: str
) -> None:
    client.append_to_stream(stream, current_version=ANY, events=some(5))
    client.create_subscription_to_stream("group", stream)
    before = node.node.live.taps
    program = f"""
from kurrentdbclient import KurrentDBClient
client = KurrentDBClient({node.address!r})
followed = client.subscribe_to_all()
consumer = client.read_subscription_to_stream("group", {stream!r})
next(followed), next(consumer)
print("reading", flush=True)
import time
time.sleep(60)
"""
    victim = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert victim.stdout
    assert victim.stdout.readline() == "reading\n"
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    for _ in range(500):
        connections = client.get_subscription_info("group", stream).connections
        if not connections and node.node.live.taps <= before + 1:  # the group itself goes on reading
            break
        time.sleep(0.02)
    else:
        pytest.fail("The dead client is still subscribed.")
    with client.read_subscription_to_stream("group", stream) as consumer:
        assert next(consumer).stream_position == 0


def test_a_reader_that_does_not_read_costs_bounded_memory(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path / "log")
    with KurrentDBClient(node.address) as client, KurrentDBClient(node.address) as lazy:
        client.append_to_stream("first", current_version=ANY, events=some(1))
        subscriptions = [lazy.subscribe_to_all() for _ in range(4)]
        for subscription in subscriptions:
            next(subscription)
        for round_ in range(60):
            large = [an_event(data=b'"%s"' % (b"x" * 100_000)) for _ in range(10)]
            client.append_to_stream("large", current_version=ANY, events=large)
            if round_ == 9:
                warm = node.memory()
        grown = node.memory() - warm
        for subscription in subscriptions:
            assert sum(1 for _ in zip(range(600), subscription, strict=False)) == 600  # and nobody misses anything
    node.stop()
    assert grown < 100 << 20, f"{grown >> 20} MB more, for 50 MB appended that each of four did not read"


def test_a_thousand_subscriptions_at_once_all_get_the_event(
    node: RunningNode, client: KurrentDBClient, stream: str
) -> None:
    """Over one connection, half to the stream and half to the log, filtered."""
    options = streams_pb2.ReadReq.Options
    of_stream = options(stream={"stream_identifier": {"stream_name": stream.encode()}, "end": {}}, no_filter={})
    prefix = {"stream_identifier": {"prefix": [stream]}, "max": 32, "checkpointIntervalMultiplier": 100}
    of_all = options(all={"end": {}}, filter=prefix)
    with grpc.insecure_channel(f"127.0.0.1:{node.port}") as channel:
        read = channel.unary_stream(STREAMS + "Read", response_deserializer=streams_pb2.ReadResp.FromString)
        calls = []
        for number in range(1000):
            chosen = of_stream if number % 2 else of_all
            chosen.subscription.SetInParent()
            calls.append(read(streams_pb2.ReadReq(options=chosen).SerializeToString()))
        for call in calls:
            assert [next(call).WhichOneof("content") for _ in range(2)] == ["confirmation", "caught_up"]
        client.append_to_stream(stream, current_version=ANY, events=some(2))
        for call in calls:
            assert [next(call).event.event.stream_revision for _ in range(2)] == [0, 1]
            call.cancel()


def test_a_full_disk_is_said_so_and_the_node_goes_on_once_there_is_space(tmp_path: Path, disk: Path) -> None:  # noqa: F811
    full = tmp_path / "full"
    node = NodeProcess(tmp_path / "log", env={"LD_PRELOAD": str(disk), "FMN_FULL": str(full)})
    with KurrentDBClient(node.address) as client:
        client.append_event("a", current_version=ANY, event=an_event())
        full.touch()
        with pytest.raises(KurrentDBClientError, match="disk is full"):
            client.append_event("a", current_version=ANY, event=an_event())
        with pytest.raises(KurrentDBClientError, match="disk is full"):
            client.append_to_stream("a", current_version=ANY, events=some(2))
        assert len(client.get_stream("a")) == 1
        full.unlink()
        client.append_event("a", current_version=0, event=an_event())
        assert len(client.get_stream("a")) == 2
    node.stop()


def test_a_port_that_is_taken_is_named(node: RunningNode, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.node.process", str(tmp_path / "log"), str(node.port)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False, env=os.environ
    )
    assert f"cannot listen on 127.0.0.1:{node.port}" in done.stderr

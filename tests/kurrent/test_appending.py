"""Appends share one call, and what happens to it happens to none of them for good."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import grpc
import pytest
from kurrentdbclient import StreamState as ClientState
from kurrentdbclient.exceptions import DeadlineExceededError

from shared.errors import EventTooLarge, StoreFull, WrongExpectedRevision
from shared.eventstore.kurrent.events import proposed
from shared.eventstore.kurrent.store import ClusterLog, open_cluster
from shared.eventstore.port import NewEvent, StreamState
from shared.measures import RETRIES
from tests.node.running import RunningNode, running

BATCH_APPEND = "/event_store.client.streams.Streams/BatchAppend"


def event(data: bytes = b"{}") -> NewEvent:
    return NewEvent(uuid4(), "tests.Happened", data)


class Relay(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A server before a node that keeps the answers of the first calls for appends to itself, and counts these."""

    def __init__(self, port: int, silent: int) -> None:
        self.calls = 0
        self._silent = silent
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}")

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        upstream = self._channel.stream_stream(details.method)
        self.calls += details.method == BATCH_APPEND
        deaf = details.method == BATCH_APPEND and self.calls <= self._silent

        def answer(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            for data in upstream(requests, metadata=context.invocation_metadata()):
                if not deaf:
                    yield data

        return grpc.stream_stream_rpc_method_handler(answer)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RunningNode]:
    with running(tmp_path / "log") as started:
        yield started


@pytest.fixture
def silent() -> int:
    """How many calls for appends are never answered."""
    return 0


@pytest.fixture
def relay(node: RunningNode, silent: int) -> Iterator[tuple[Relay, str]]:
    handler = Relay(node.port, silent)
    server = grpc.server(ThreadPoolExecutor(32), handlers=(handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield handler, f"esdb://127.0.0.1:{port}?tls=false"
    finally:
        server.stop(None).wait()


@pytest.fixture
def store(node: RunningNode) -> Iterator[ClusterLog]:
    with open_cluster(f"esdb://127.0.0.1:{node.port}?tls=false") as opened:
        yield opened


def tried_again() -> float:
    """How often this process has asked an event store once more."""
    (counted,) = RETRIES.collect()
    return next(one.value for one in counted.samples if one.labels == {"of": "event_store"})


def append_in_many_threads(store: ClusterLog) -> dict[str, list[NewEvent]]:
    """Eight streams of ten events each, one after the other in each."""
    given = {f"s-{number}": [event() for _ in range(10)] for number in range(8)}

    def append(stream: str) -> None:
        for revision, one in enumerate(given[stream]):
            assert store.append(stream, [one], revision - 1 if revision else StreamState.NO_STREAM).revision == revision

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(append, given))
    return given


def ids(store: ClusterLog, stream: str) -> list[object]:
    return [one.id for one in store.read_stream(stream)]


def test_the_appends_of_all_threads_go_over_one_call(relay: tuple[Relay, str]) -> None:
    with open_cluster(relay[1]) as store:
        given = append_in_many_threads(store)
        assert {stream: [one.id for one in events] for stream, events in given.items()} == {
            stream: ids(store, stream) for stream in given
        }
    assert relay[0].calls == 1


@pytest.mark.parametrize("silent", [1])
def test_what_a_call_does_not_answer_is_asked_on_another_and_written_once(relay: tuple[Relay, str]) -> None:
    before = tried_again()
    with open_cluster(relay[1], patience=6) as store:
        given = append_in_many_threads(store)
        assert {stream: [one.id for one in events] for stream, events in given.items()} == {
            stream: ids(store, stream) for stream in given
        }
    assert relay[0].calls > 1
    assert tried_again() > before


def test_a_refusal_is_the_answer_to_its_own_append_alone(store: ClusterLog) -> None:
    def append(number: int) -> int | None:
        try:
            return store.append("a" if number % 2 else f"b-{number}", [event()], StreamState.NO_STREAM).revision
        except WrongExpectedRevision as refusal:
            assert refusal.facts["actual"] == 0
            return None

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(append, range(40)))
    assert answers[::2] == [0] * 20
    assert sorted(answers[1::2], key=str) == [0, *[None] * 19]


def test_a_disk_that_is_full_is_said_to_be(store: ClusterLog, node: RunningNode) -> None:
    store.append("a", [event()])
    node.node.log._role.refuse(StoreFull("The disk is full. Nothing was appended."))
    with pytest.raises(StoreFull):
        store.append("a", [event()])


def test_what_no_server_takes_is_not_sent(relay: tuple[Relay, str]) -> None:
    with open_cluster(relay[1]) as store:
        store.append("a", [event()])
        with pytest.raises(EventTooLarge):  # as much as the log takes; with ids and types it is more
            store.append("a", [event(b"x" * ((1 << 20) - 2)) for _ in range(16)])
        assert store.append("a", [event()]).revision == 1
    assert relay[0].calls == 1


def test_who_has_hardly_any_time_left_ends_nobody_elses_call(relay: tuple[Relay, str]) -> None:
    with open_cluster(relay[1]) as store:
        store.append("a", [event()])
        connection = store._connection
        with pytest.raises(DeadlineExceededError):
            connection.appending(connection.client).append("b", ClientState.ANY, proposed([event()]), 0.00001)
        assert store.append("a", [event()]).revision == 1
    assert relay[0].calls == 1

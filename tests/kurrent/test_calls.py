"""Calls: within their deadline, and repeated without harm."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.errors import EventTooLarge, Invalid, StreamDeleted, Unavailable
from shared.eventstore.kurrent.store import ClusterLog, open_cluster
from shared.eventstore.port import NewEvent, StreamState
from tests.kurrent.cable import Cable, cable
from tests.node.running import RunningNode, running


def event(data: bytes = b"{}") -> NewEvent:
    return NewEvent(uuid4(), "tests.Happened", data)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RunningNode]:
    with running(tmp_path / "log") as started:
        yield started


@pytest.fixture
def line(node: RunningNode) -> Iterator[Cable]:
    with cable(node.port) as laid:
        yield laid


def address(line: Cable) -> str:
    return f"esdb://127.0.0.1:{line.port}?tls=false&keepAliveInterval=1000&keepAliveTimeout=1000"


@pytest.fixture
def store(line: Cable) -> Iterator[ClusterLog]:
    with open_cluster(address(line)) as opened:
        yield opened


def test_a_call_after_a_cut_succeeds(store: ClusterLog, line: Cable) -> None:
    store.append("a", [event()])
    line.cut()
    assert store.append("a", [event()]).revision == 1
    line.cut()
    assert [e.revision for e in store.read_stream("a")] == [0, 1]
    line.cut()
    assert store.revision("a") == 1


def test_appends_that_are_cut_off_again_and_again_are_written_once_and_in_order(store: ClusterLog, line: Cable) -> None:
    done = threading.Event()

    def cut() -> None:
        while not done.wait(0.15):
            line.cut()

    cutting = threading.Thread(target=cut)
    cutting.start()
    try:
        given = [event() for _ in range(20)]
        for revision, one in enumerate(given):
            expected = revision - 1 if revision else StreamState.NO_STREAM
            assert store.append("a", [one], expected).revision == revision
            time.sleep(0.01)
    finally:
        done.set()
        cutting.join()
    assert [e.id for e in store.read_stream("a")] == [one.id for one in given]


def test_reading_goes_on_where_a_cut_fell_into_it(store: ClusterLog, line: Cable) -> None:
    for _ in range(4):
        store.append("a", [event() for _ in range(250)])
    seen = []
    for number, one in enumerate(store.read_all()):
        if number in (0, 200, 700):
            line.cut()
        seen.append(one.revision)
    assert seen == list(range(1000))


def test_a_server_that_falls_silent_is_unavailable_within_the_patience(line: Cable, node: RunningNode) -> None:
    with open_cluster(address(line), patience=2) as store:
        line.silent = True
        with pytest.raises(Unavailable):
            store.append("a", [event()])
        with pytest.raises(Unavailable):
            list(store.read_all())
        line.silent = False
        line.cut()
        assert store.append("a", [event()]).written


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with running(tmp_path / "gone") as gone:
        port = gone.port
    with pytest.raises(Unavailable):
        open_cluster(f"esdb://127.0.0.1:{port}?tls=false", patience=0.5)


def test_an_append_that_is_too_large_for_the_server_is_said_to_be(store: ClusterLog) -> None:
    with pytest.raises(EventTooLarge):
        store.append("a", [event(b"x" * 600_000), event(b"x" * 600_000)])
    assert store.head() == 0


def test_a_stream_that_somebody_deleted_is_said_to_be_deleted(store: ClusterLog, node: RunningNode) -> None:
    store.append("a", [event()])
    node.node.log.submit_delete("a", for_ever=True).result()
    with pytest.raises(StreamDeleted):
        store.append("a", [event()])
    assert list(store.read_stream("a")) == []


def test_what_nobody_appended_twice_is_told_as_written_even_where_the_process_is_new(line: Cable) -> None:
    given = event()
    with open_cluster(address(line)) as first:
        assert first.append("a", [given]).written
    with open_cluster(address(line)) as second:
        assert not second.append("a", [given]).written
        assert second.append("a", [event()]).written


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(Invalid):
        open_cluster("127.0.0.1:2113")

"""Groups of readers on the node: each event is somebody's turn, and nothing is lost whatever happens to a reader."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from shared.errors import Invalid, NotFound, Unavailable
from shared.eventstore.competing import Consumer, Group, Turn
from shared.eventstore.kurrent.store import ClusterLog, open_cluster
from shared.eventstore.port import NewEvent
from tests.kurrent.cable import Cable, cable
from tests.node.process import NodeProcess
from tests.node.running import running

TYPE = "tests.Happened"


def event(type: str = TYPE) -> NewEvent:
    return NewEvent(uuid4(), type, b"{}")


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Cable]:
    with running(tmp_path / "log") as node, cable(node.port) as laid:
        yield laid


@pytest.fixture
def store(line: Cable) -> Iterator[ClusterLog]:
    with open_cluster(f"esdb://127.0.0.1:{line.port}?tls=false") as opened:
        yield opened


@pytest.fixture
def group(store: ClusterLog) -> Group:
    return store.group("bookkeeping", [TYPE])


def take(consumer: Consumer, count: int) -> list[Turn]:
    return list(islice(consumer, count))


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Reader:
    """One who reads in a thread, and does with each turn what it is told to."""

    def __init__(self, group: Group, deal: Callable[[Consumer, Turn], None]) -> None:
        self.seen: list[UUID] = []
        self._consumer = group.consumer()
        self._deal = deal
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with suppress(Unavailable):
            for turn in self._consumer:
                self.seen.append(turn.event.id)
                self._deal(self._consumer, turn)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()
        self._thread.join(30)
        assert not self._thread.is_alive()


def done(consumer: Consumer, turn: Turn) -> None:
    consumer.done(turn)


def test_readers_share_what_is_there_and_what_comes_and_each_has_its_part(store: ClusterLog, group: Group) -> None:
    given = [event() for _ in range(40)]
    store.append("a", given[:20])
    with Reader(group, done) as one, Reader(group, done) as two:
        store.append("a", [event("tests.Other"), *given[20:]])
        until(lambda: len(one.seen) + len(two.seen) >= 40)
    assert sorted(one.seen + two.seen) == sorted(e.id for e in given)
    assert one.seen and two.seen


def test_types_that_begin_alike_are_told_apart(store: ClusterLog, group: Group) -> None:
    wanted = event()
    store.append("a", [event(TYPE + "Again"), event("of." + TYPE), wanted])
    with group.consumer() as consumer:
        assert [turn.event.id for turn in take(consumer, 1)] == [wanted.id]


def test_what_is_given_back_comes_again_and_says_how_often(store: ClusterLog, group: Group) -> None:
    store.append("a", [event()])
    with group.consumer() as consumer:
        attempts = []
        for turn in consumer:
            attempts.append(turn.attempt)
            if turn.attempt == 2:
                consumer.done(turn)
                break
            consumer.again(turn)
    assert attempts == [0, 1, 2]


def test_what_is_parked_waits_to_be_looked_at_and_comes_again_when_it_is_replayed(
    store: ClusterLog, group: Group
) -> None:
    given = [event() for _ in range(4)]
    store.append("a", given)
    refuses = threading.Event()
    refuses.set()

    def deal(consumer: Consumer, turn: Turn) -> None:
        if refuses.is_set() and turn.event.revision % 2:
            consumer.park(turn)
        else:
            consumer.done(turn)

    with Reader(group, deal) as reader:
        until(lambda: len(group.parked()) == 2)
        assert [e.id for e in group.parked()] == [given[1].id, given[3].id]
        refuses.clear()
        group.replay_parked()
        until(lambda: len(reader.seen) == 6)
        assert reader.seen[4:] == [given[1].id, given[3].id]
        assert group.parked() == []


def test_what_was_replayed_may_be_parked_again(store: ClusterLog, group: Group) -> None:
    given = event()
    store.append("a", [given])
    with Reader(group, lambda consumer, turn: consumer.park(turn)) as reader:
        for times in 1, 2, 3:
            until(lambda: len(reader.seen) == times and len(group.parked()) == 1)  # noqa: B023
            group.replay_parked()


def test_a_reader_that_goes_leaves_its_turns_to_the_others(store: ClusterLog, group: Group) -> None:
    given = [event() for _ in range(5)]
    store.append("a", given)
    with group.consumer() as first:
        turns = take(first, 3)
        first.done(turns[0])
    with Reader(group, done) as second:
        until(lambda: len(second.seen) == 4)
    assert sorted(second.seen) == sorted(e.id for e in given[1:])


def test_readers_go_on_when_the_line_is_cut(store: ClusterLog, line: Cable, group: Group) -> None:
    given = [event() for _ in range(5)]
    with Reader(group, done) as reader:
        for one in given:
            store.append("a", [one])
            until(lambda: one.id in reader.seen)  # noqa: B023
            line.cut()
    assert set(reader.seen) == {one.id for one in given}


def test_the_place_of_a_group_and_what_it_parked_outlive_the_server(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path / "node")
    try:
        given = [event() for _ in range(30)]
        with open_cluster(node.address) as store:
            store.append("a", given[:20])
            group = store.group("bookkeeping", [TYPE])
            with group.consumer() as consumer:
                for turn in take(consumer, 20):
                    (consumer.park if turn.event.revision == 7 else consumer.done)(turn)
            until(lambda: len(group.parked()) == 1)
            node.kill()
            node.restart()
            store.append("a", given[20:])
            assert [e.id for e in group.parked()] == [given[7].id]
            with Reader(store.group("bookkeeping", [TYPE]), done) as reader:
                until(lambda: {e.id for e in given[20:]} <= set(reader.seen))
    finally:
        node.stop()


def test_a_group_may_begin_in_the_middle(store: ClusterLog) -> None:
    store.append("a", [event(), event()])
    wanted = event()
    position = store.append("a", [wanted]).position
    with store.group("later", [TYPE], start=position).consumer() as consumer:
        assert [turn.event.id for turn in take(consumer, 1)] == [wanted.id]


def test_a_group_that_was_deleted_is_said_to_be_gone(store: ClusterLog, group: Group) -> None:
    group.delete()
    group.delete()
    assert group.parked() == []
    with pytest.raises(NotFound):
        group.replay_parked()
    with pytest.raises(NotFound), group.consumer() as consumer:
        take(consumer, 1)


def test_a_group_of_nothing_is_refused(store: ClusterLog) -> None:
    with pytest.raises(Invalid):
        store.group("idle", [])


def test_readers_of_a_store_that_is_closed_are_told(store: ClusterLog, group: Group) -> None:
    consumer = group.consumer()
    store.close()
    with pytest.raises(Unavailable):
        take(consumer, 1)

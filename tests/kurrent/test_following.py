"""Subscriptions: nothing stops them unnoticed, and nothing is skipped or doubled when they go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from shared.errors import Unavailable
from shared.eventstore.kurrent.store import ClusterLog, open_cluster
from shared.eventstore.port import CaughtUp, Checkpoint, Filter, NewEvent, RecordedEvent
from shared.feed import Feed
from tests.kurrent.cable import Cable, cable
from tests.node.running import RunningNode, running

PATIENCE = 30.0


def event(type: str = "tests.Happened") -> NewEvent:
    return NewEvent(uuid4(), type, b"{}")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RunningNode]:
    with running(tmp_path / "log") as started:
        yield started


@pytest.fixture
def line(node: RunningNode) -> Iterator[Cable]:
    with cable(node.port) as laid:
        yield laid


@pytest.fixture
def store(line: Cable) -> Iterator[ClusterLog]:
    with open_cluster(address(line)) as opened:
        yield opened


def address(line: Cable) -> str:
    return f"esdb://127.0.0.1:{line.port}?tls=false&keepAliveInterval=1000&keepAliveTimeout=1000"


class Following:
    """What a feed has brought so far."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.seen: list[RecordedEvent | CaughtUp | Checkpoint] = []

    @property
    def ids(self) -> list[object]:
        return [item.id for item in self.seen if isinstance(item, RecordedEvent)]

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, self.seen[-5:]
            self.seen += self._feed.next(0.05) or []

    def until_caught_up(self) -> None:
        self.until(lambda: bool(self.seen) and isinstance(self.seen[-1], CaughtUp))


@pytest.mark.parametrize("filter", [None, Filter(types=("tests.Happened",))])
@pytest.mark.parametrize("stream", [None, "a"])
def test_it_goes_on_after_its_last_event_when_the_line_is_cut(
    store: ClusterLog, line: Cable, stream: str | None, filter: Filter | None
) -> None:
    with Feed(store.subscribe(stream=stream, filter=filter)) as feed:
        following, given = Following(feed), []
        for _ in range(5):
            given.append(event())
            store.append("a", [given[-1]])
            following.until(lambda: len(following.ids) == len(given))
            line.cut()
    assert following.ids == [one.id for one in given]


def test_it_goes_on_when_the_node_comes_back(tmp_path: Path) -> None:
    before, after = event(), event()
    with ExitStack() as first:
        node = first.enter_context(running(tmp_path / "log"))
        with cable(node.port) as line, open_cluster(address(line)) as store, Feed(store.subscribe()) as feed:
            following = Following(feed)
            store.append("a", [before])
            following.until(lambda: following.ids == [before.id])
            first.close()
            line.cut()
            with running(tmp_path / "log") as again:
                line.goes_to = again.port
                store.append("a", [after])
                following.until(lambda: following.ids == [before.id, after.id])


def test_a_silence_that_keep_alive_finds_is_not_the_end_of_it(
    store: ClusterLog, line: Cable, node: RunningNode
) -> None:
    with Feed(store.subscribe()) as feed, open_cluster(node.address) as other:
        following = Following(feed)
        following.until_caught_up()
        line.silent = True
        given = event()
        other.append("a", [given])
        time.sleep(1.5)
        line.silent = False
        following.until(lambda: following.ids == [given.id])


def test_a_call_whose_time_is_over_is_made_again_and_nobody_notices(store: ClusterLog) -> None:
    subscription = store.subscribe()
    subscription._call_seconds = 1.2
    given = [event() for _ in range(4)]
    with Feed(subscription) as feed:
        following = Following(feed)
        following.until_caught_up()
        for one in given:
            time.sleep(0.7)
            store.append("a", [one])
        following.until(lambda: len(following.ids) == 4)
    assert following.ids == [one.id for one in given]
    assert sum(isinstance(item, CaughtUp) for item in following.seen) <= 4


def test_a_server_that_stays_away_is_unavailable_to_the_reader(tmp_path: Path) -> None:
    with ExitStack() as gone:
        node = gone.enter_context(running(tmp_path / "log"))
        with open_cluster(node.address, patience=0.5) as store, Feed(store.subscribe()) as feed:
            Following(feed).until_caught_up()
            gone.close()
            with pytest.raises(Unavailable):
                Following(feed).until(lambda: False)


def test_a_reader_of_few_hears_at_once_how_far_it_has_come(store: ClusterLog) -> None:
    store.append("a", [event("tests.Wanted"), *[event() for _ in range(40)]])
    with Feed(store.subscribe(filter=Filter(types=("tests.Wanted",)))) as feed:
        following = Following(feed)
        following.until_caught_up()
        assert following.seen[-1] == CaughtUp(store.head())
        position = store.append("a", [event()]).position
        following.until(lambda: following.seen[-1] == Checkpoint(position))
        assert len(following.ids) == 1


def test_types_that_begin_alike_are_told_apart(store: ClusterLog) -> None:
    store.append("a", [event("tests.Opened"), event("tests.OpenedAgain"), event("tests.Opened")])
    wanted = Filter(types=("tests.Opened",))
    with Feed(store.subscribe(filter=wanted)) as feed:
        following = Following(feed)
        following.until_caught_up()
    assert following.ids == [e.id for e in store.read_all(filter=wanted)]
    assert len(following.ids) == 2


def test_a_slow_reader_is_waited_for_and_misses_nothing(store: ClusterLog) -> None:
    for _ in range(6):
        store.append("a", [event() for _ in range(500)])
    subscription = store.subscribe()
    seen = 0
    for batch in subscription.batches(100):
        time.sleep(0.002)
        seen += sum(isinstance(item, RecordedEvent) for item in batch)
        assert len(subscription._fetched) <= 1000
        if seen == 3000:
            break
    subscription.close()

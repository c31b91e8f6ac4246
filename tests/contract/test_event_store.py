"""The contract of the event store port. Nothing here knows which implementation it runs on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from uuid import uuid4

import pytest

from shared.errors import EventTooLarge, Invalid, Unavailable, WrongExpectedRevision
from shared.eventstore.port import (
    AppendResult,
    CaughtUp,
    Checkpoint,
    EventStore,
    Expected,
    Filter,
    NewEvent,
    RecordedEvent,
    StreamState,
    Subscription,
)

ANY, NO_STREAM, EXISTS = StreamState.ANY, StreamState.NO_STREAM, StreamState.EXISTS


def event(type: str = "tests.Happened", data: bytes = b"{}", metadata: bytes = b"{}", is_json: bool = True) -> NewEvent:
    return NewEvent(uuid4(), type, data, metadata, is_json)


def events(count: int) -> list[NewEvent]:
    return [event() for _ in range(count)]


def stream_ids(store: EventStore, stream: str) -> list[object]:
    return [recorded.id for recorded in store.read_stream(stream)]


def in_threads(count: int, work: Callable[[int], object]) -> None:
    """Run `work(0)` to `work(count - 1)` at the same time; a failure of one fails the test."""
    failures: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


class TestAppending:
    def test_streams_count_from_0_and_the_log_grows(self, store: EventStore) -> None:
        results = [store.append("a", events(1)), store.append("b", events(2)), store.append("a", events(1))]
        assert [(r.stream, r.revision, r.written) for r in results] == [("a", 0, True), ("b", 1, True), ("a", 1, True)]
        assert 0 < results[0].position < results[1].position < results[2].position
        assert [e.position for e in store.read_all()][0::2] == [results[0].position, results[1].position]

    def test_what_was_appended_is_read_back_byte_for_byte(self, store: EventStore) -> None:
        given = [
            event("cases.Žinutė", '{"tekstas": "ąžuolas 🌳"}'.encode(), b'{"actor": "a-1"}'),
            event("tests.Binary", bytes(range(256)), b"\x00\xff", is_json=False),
            event("tests.Empty", b"", b""),
            event("tests.Large", b"x" * 900_000),
        ]
        store.append("šeima-ü", given)
        recorded = list(store.read_stream("šeima-ü"))
        assert [NewEvent(e.id, e.type, e.data, e.metadata, e.is_json) for e in recorded] == given
        assert [e.stream for e in recorded] == ["šeima-ü"] * 4
        assert all(e.is_json is True or e.is_json is False for e in recorded)
        assert [e.position for e in recorded] == sorted(e.position for e in recorded)
        assert list(store.read_all()) == recorded

    def test_it_is_read_as_soon_as_it_is_acknowledged(self, store: EventStore) -> None:
        for revision in range(20):
            result = store.append("a", events(1))
            assert store.revision("a") == revision
            assert store.head() == result.position
            assert next(store.read_all(backwards=True)).position == result.position

    def test_the_store_notes_its_own_time(self, store: EventStore) -> None:
        store.append("a", events(2))
        first, second = store.read_stream("a")
        assert first.created.tzinfo is not None
        assert first.created.year >= 2024
        assert first.created_us <= second.created_us

    def test_the_same_id_in_another_stream_is_another_event(self, store: EventStore) -> None:
        given = events(1)
        assert store.append("a", given).written
        assert store.append("b", given).written

    def test_an_append_of_many_events_is_one(self, store: EventStore) -> None:
        given = events(1500)
        result = store.append("a", given)
        assert result.revision == 1499
        assert stream_ids(store, "a") == [e.id for e in given]

    @pytest.mark.parametrize(
        ("stream", "given", "expected"),
        [
            ("a", [], ANY),
            ("", [event()], ANY),
            ("$all", [event()], ANY),
            ("a", [event(type="")], ANY),
            ("a\0b", [event()], ANY),
            ("lone surrogate \ud800", [event()], ANY),
            ("x" * 600, [event()], ANY),
            ("a", [event()] * 1 + [event()], -1),
            ("a", [NewEvent("no uuid", "t", b"{}")], ANY),  # type: ignore[arg-type]
            ("a", [NewEvent(uuid4(), "t", "text")], ANY),  # type: ignore[arg-type]
        ],
    )
    def test_nonsense_is_refused_and_writes_nothing(
        self, store: EventStore, stream: str, given: list[NewEvent], expected: Expected
    ) -> None:
        with pytest.raises(Invalid):
            store.append(stream, given, expected)
        assert store.head() == 0

    def test_an_id_twice_in_one_append_is_refused(self, store: EventStore) -> None:
        twice = event()
        with pytest.raises(Invalid):
            store.append("a", [twice, event(), twice])
        assert store.head() == 0

    def test_an_event_over_the_limit_is_refused_and_its_companions_with_it(self, store: EventStore) -> None:
        with pytest.raises(EventTooLarge):
            store.append("a", [event(), event(data=b"x" * (2 << 20))])
        assert store.revision("a") is None


class TestExpecting:
    @pytest.mark.parametrize("expected", [ANY, NO_STREAM])
    def test_a_stream_is_begun(self, store: EventStore, expected: Expected) -> None:
        assert store.append("a", events(1), expected).written

    @pytest.mark.parametrize("expected", [ANY, EXISTS, 2])
    def test_a_stream_is_continued(self, store: EventStore, expected: Expected) -> None:
        store.append("a", events(3))
        assert store.append("a", events(1), expected).revision == 3

    @pytest.mark.parametrize("expected", [EXISTS, 0, 5])
    def test_a_stream_that_is_not_there_is_a_conflict(self, store: EventStore, expected: Expected) -> None:
        with pytest.raises(WrongExpectedRevision) as caught:
            store.append("a", events(1), expected)
        assert caught.value.facts["actual"] is None
        assert store.head() == 0

    @pytest.mark.parametrize("expected", [NO_STREAM, 0, 1, 3, 99])
    def test_a_stale_or_premature_revision_is_a_conflict_and_names_the_real_one(
        self, store: EventStore, expected: Expected
    ) -> None:
        head = store.append("a", events(3)).position
        with pytest.raises(WrongExpectedRevision) as caught:
            store.append("a", events(2), expected)
        assert caught.value.facts["stream"] == "a"
        assert caught.value.facts["actual"] == 2
        assert store.head() == head

    def test_of_many_with_the_same_expectation_one_wins(self, store: EventStore) -> None:
        store.append("a", events(1))
        outcomes: list[object] = []

        def attempt(number: int) -> None:
            try:
                outcomes.append(store.append("a", events(2), 0).revision)
            except WrongExpectedRevision as conflict:
                outcomes.append(conflict.facts["actual"])

        in_threads(12, attempt)
        assert outcomes == [2] * 12
        assert store.revision("a") == 2


class TestRepeating:
    @pytest.mark.parametrize("expected", [ANY, NO_STREAM])
    @pytest.mark.parametrize("count", [1, 3])
    def test_the_first_append_of_a_stream(self, store: EventStore, expected: Expected, count: int) -> None:
        given = events(count)
        first = store.append("a", given, expected)
        head = store.append("a", events(2)).position
        assert store.append("a", given, expected) == first._replace(written=False)
        assert store.head() == head

    @pytest.mark.parametrize("expected", [ANY, EXISTS, 1])
    @pytest.mark.parametrize("later", [0, 4])
    def test_a_later_append(self, store: EventStore, expected: Expected, later: int) -> None:
        store.append("a", events(2))
        given = events(2)
        first = store.append("a", given, expected)
        if later:
            store.append("a", events(later))
        assert store.append("a", given, expected) == first._replace(written=False)
        assert store.revision("a") == 3 + later

    @pytest.mark.parametrize("expected", [ANY, EXISTS, NO_STREAM])
    def test_some_events_that_are_there_and_some_that_are_not_is_a_conflict(
        self, store: EventStore, expected: Expected
    ) -> None:
        given = events(2)
        store.append("a", given)
        with pytest.raises(WrongExpectedRevision):
            store.append("a", [*given, event()], expected)
        assert store.revision("a") == 1

    def test_ids_that_stand_elsewhere_than_expected_is_a_conflict(self, store: EventStore) -> None:
        store.append("a", events(2))
        given = events(1)
        store.append("a", given)
        with pytest.raises(WrongExpectedRevision):
            store.append("a", given, 0)

    def test_many_at_once_write_it_once(self, store: EventStore) -> None:
        given = events(3)
        results: list[AppendResult] = []
        in_threads(8, lambda number: results.append(store.append("a", given)))
        assert sorted(result.written for result in results) == [False] * 7 + [True]
        assert {result.position for result in results} == {store.head()}
        assert store.revision("a") == 2


class TestReading:
    def test_a_stream_that_does_not_exist_is_empty(self, store: EventStore) -> None:
        assert list(store.read_stream("a")) == []
        assert list(store.read_stream("a", backwards=True)) == []
        assert store.revision("a") is None

    def test_an_empty_log_is_empty(self, store: EventStore) -> None:
        assert store.head() == 0
        assert list(store.read_all()) == list(store.read_all(backwards=True)) == []

    def test_a_stream_both_ways_from_anywhere(self, store: EventStore) -> None:
        for _ in range(4):
            store.append("other", events(1))
            store.append("a", events(3))

        def revisions(start: int | None = None, backwards: bool = False, limit: int | None = None) -> list[int]:
            found = list(store.read_stream("a", start=start, backwards=backwards, limit=limit))
            assert all(recorded.stream == "a" for recorded in found)
            return [recorded.revision for recorded in found]

        assert revisions() == list(range(12))
        assert revisions(start=0, limit=0) == []
        assert revisions(start=5) == [5, 6, 7, 8, 9, 10, 11]
        assert revisions(start=5, limit=2) == [5, 6]
        assert revisions(start=12) == revisions(start=99) == []
        assert revisions(backwards=True) == list(range(11, -1, -1))
        assert revisions(start=5, backwards=True, limit=2) == [5, 4]
        assert revisions(start=0, backwards=True) == [0]
        assert revisions(start=99, backwards=True, limit=1) == [11]

    def test_the_log_both_ways_from_anywhere(self, store: EventStore) -> None:
        for number in range(10):
            store.append(f"s-{number % 3}", events(1))

        def positions(start: int | None = None, backwards: bool = False, limit: int | None = None) -> list[int]:
            return [e.position for e in store.read_all(start=start, backwards=backwards, limit=limit)]

        everything = positions()
        assert len(everything) == 10
        assert everything == sorted(everything)
        assert positions(start=0) == everything
        assert positions(start=everything[4], limit=3) == everything[4:7]
        assert positions(start=everything[-1] + 1) == []
        assert positions(start=everything[4] + 1) == everything[5:]
        assert positions(start=everything[4] - 1)[-6:] == everything[4:]
        assert positions(start=everything[4] + 1, backwards=True)[-5:] == everything[4::-1]
        assert positions(start=everything[4] - 1, backwards=True) == everything[3::-1]
        assert positions(backwards=True) == everything[::-1]
        assert positions(start=everything[4], backwards=True, limit=2) == [everything[4], everything[3]]
        assert positions(limit=0) == []

    def test_more_than_any_page_holds(self, store: EventStore) -> None:
        for _ in range(3):
            store.append("a", events(1001))
        assert [e.revision for e in store.read_stream("a")] == list(range(3003))
        assert [e.revision for e in store.read_all(backwards=True)] == list(range(3002, -1, -1))
        assert len(list(store.read_all(limit=2500))) == 2500

    def test_a_filter_admits_streams_by_prefix_and_types_by_name(self, store: EventStore) -> None:
        store.append("case-1", [event("cases.Opened"), event("cases.Closed")])
        store.append("case-2", [event("cases.Opened")])
        store.append("person-1", [event("cases.Opened"), event("cases.OpenedAgain")])

        def found(filter: Filter, limit: int | None = None, backwards: bool = False) -> list[tuple[str, str]]:
            return [(e.stream, e.type) for e in store.read_all(filter=filter, limit=limit, backwards=backwards)]

        opened = ("cases.Opened",)
        assert len(found(Filter())) == 5
        assert found(Filter(types=opened)) == [(s, "cases.Opened") for s in ("case-1", "case-2", "person-1")]
        assert found(Filter(("case-",), opened)) == [(s, "cases.Opened") for s in ("case-1", "case-2")]
        assert found(Filter(("case-2", "person-"))) == [
            ("case-2", "cases.Opened"),
            ("person-1", "cases.Opened"),
            ("person-1", "cases.OpenedAgain"),
        ]
        assert found(Filter(types=opened), limit=1, backwards=True) == [("person-1", "cases.Opened")]
        assert found(Filter(("nobody-",))) == []

    def test_a_filter_leaves_out_system_streams_unless_asked(self, store: EventStore) -> None:
        store.append("$settings", [event("$changed")])
        store.append("a", events(1))
        assert [e.stream for e in store.read_all(filter=Filter())] == ["a"]
        assert [e.stream for e in store.read_all(filter=Filter(system=True))] == ["$settings", "a"]
        assert [e.stream for e in store.read_all()] == ["$settings", "a"]

    def test_streams_whose_names_begin_alike_are_apart(self, store: EventStore) -> None:
        store.append("a", events(1))
        store.append("a-1", events(2))
        store.append("A", events(3))
        assert [store.revision(name) for name in ("a", "a-1", "A", "a-")] == [0, 1, 2, None]


class TestManyAtOnce:
    def test_all_that_is_acknowledged_is_there_once_and_in_order(self, store: EventStore) -> None:
        acknowledged: dict[str, list[tuple[int | None, object]]] = {}

        def appender(number: int) -> None:
            mine = acknowledged.setdefault(f"s-{number}", [])
            for _ in range(15):
                given = events(2)
                result = store.append(f"s-{number}", given)
                mine += [(None, given[0].id), (result.position, given[1].id)]
                store.append("shared", events(1))

        in_threads(16, appender)
        log = list(store.read_all())
        assert [e.position for e in log] == sorted({e.position for e in log})
        assert len(log) == 16 * 45
        for stream, told in acknowledged.items():
            recorded = list(store.read_stream(stream))
            assert [e.id for e in recorded] == [id for _, id in told]
            assert [e.position for e in recorded][1::2] == [position for position, _ in told][1::2]
        assert [e.revision for e in store.read_stream("shared")] == list(range(240))


def until_caught_up(subscription: Subscription) -> list[RecordedEvent | CaughtUp | Checkpoint]:
    seen: list[RecordedEvent | CaughtUp | Checkpoint] = []
    for item in subscription:
        seen.append(item)
        if isinstance(item, CaughtUp):
            return seen
    raise AssertionError("the subscription ended")


class Following:
    """A thread that takes from a subscription, until it has `count` events or the subscription ends."""

    def __init__(self, subscription: Subscription, count: int, batch: int | None = None) -> None:
        self.subscription = subscription
        self.seen: list[RecordedEvent | CaughtUp | Checkpoint] = []
        self.error: BaseException | None = None
        self._count = count
        self._batch = batch
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        try:
            if self._batch is None:
                for item in self.subscription:
                    self.seen.append(item)
                    if len(self.events) >= self._count:
                        return
            else:
                for batch in self.subscription.batches(self._batch):
                    assert 0 < len(batch) <= self._batch
                    self.seen += batch
                    if len(self.events) >= self._count:
                        return
        except BaseException as error:
            self.error = error

    @property
    def events(self) -> list[RecordedEvent]:
        return [item for item in self.seen if isinstance(item, RecordedEvent)]

    def finish(self) -> list[RecordedEvent]:
        self._thread.join(60)
        assert not self._thread.is_alive()
        self.subscription.close()
        return self.events


class TestSubscribing:
    def test_it_catches_up_says_so_and_goes_on_live(self, store: EventStore) -> None:
        store.append("a", events(3))
        following = Following(store.subscribe(), 5)
        while not any(isinstance(item, CaughtUp) for item in following.seen):
            time.sleep(0.001)
        store.append("b", events(1))
        store.append("a", events(1))
        assert following.finish() == list(store.read_all())
        caught_up = [i for i, item in enumerate(following.seen) if isinstance(item, CaughtUp)]
        assert caught_up
        assert following.seen[caught_up[0]] == CaughtUp(following.seen[caught_up[0] - 1][0])

    def test_an_empty_log_is_caught_up_with_at_once(self, store: EventStore) -> None:
        with_nothing = store.subscribe()
        assert until_caught_up(with_nothing) == [CaughtUp(0)]
        with_nothing.close()

    def test_it_resumes_after_a_position(self, store: EventStore) -> None:
        store.append("a", events(10))
        everything = list(store.read_all())
        resumed = store.subscribe(after=everything[6].position)
        assert until_caught_up(resumed) == [*everything[7:], CaughtUp(everything[-1].position)]
        resumed.close()

    @pytest.mark.parametrize("filter", [None, Filter(types=("tests.Happened",))])
    def test_it_resumes_after_a_position_at_which_nothing_stands(
        self, store: EventStore, filter: Filter | None
    ) -> None:
        store.append("a", events(10))
        everything = list(store.read_all())
        resumed = store.subscribe(after=everything[6].position - 1, filter=filter)
        seen = [item for item in until_caught_up(resumed) if isinstance(item, RecordedEvent)]
        assert seen == everything[6:]
        resumed.close()

    def test_it_resumes_after_the_head(self, store: EventStore) -> None:
        store.append("a", events(2))
        following = Following(store.subscribe(after=store.head()), 1)
        store.append("a", events(1))
        assert [e.revision for e in following.finish()] == [2]

    def test_one_stream_is_followed_by_its_revisions(self, store: EventStore) -> None:
        store.append("a", events(3))
        store.append("b", events(3))
        following = Following(store.subscribe(stream="a", after=0), 3)
        store.append("b", events(1))
        store.append("a", events(1))
        assert [(e.stream, e.revision) for e in following.finish()] == [("a", 1), ("a", 2), ("a", 3)]

    def test_a_stream_may_be_followed_before_it_exists(self, store: EventStore) -> None:
        following = Following(store.subscribe(stream="a"), 2)
        store.append("b", events(1))
        store.append("a", events(2))
        assert [(e.stream, e.revision) for e in following.finish()] == [("a", 0), ("a", 1)]

    def test_a_filtered_one_reports_how_far_it_has_come(self, store: EventStore) -> None:
        store.append("case-1", events(2))
        last = store.append("person-1", events(3)).position
        subscription = store.subscribe(filter=Filter(("case-",)))
        seen = until_caught_up(subscription)
        subscription.close()
        assert [item.revision for item in seen if isinstance(item, RecordedEvent)] == [0, 1]
        checkpoints = [item.position for item in seen if isinstance(item, Checkpoint)]
        assert checkpoints[-1] == last
        assert [item[0] for item in seen] == sorted(item[0] for item in seen)

    def test_a_filtered_one_goes_on_live(self, store: EventStore) -> None:
        following = Following(store.subscribe(filter=Filter(types=("tests.Wanted",))), 2)
        for type in ("tests.Wanted", "tests.Other", "tests.Wanted"):
            store.append("a", [event(type)])
        assert [e.revision for e in following.finish()] == [0, 2]

    def test_it_comes_in_batches(self, store: EventStore) -> None:
        store.append("a", events(25))
        following = Following(store.subscribe(), 30, batch=10)
        store.append("a", events(5))
        assert [e.revision for e in following.finish()] == list(range(30))

    def test_nothing_is_skipped_or_doubled_while_many_append(self, store: EventStore) -> None:
        following = [Following(store.subscribe(), 400) for _ in range(3)]

        def appender(number: int) -> None:
            for _ in range(50):
                store.append(f"s-{number}", events(1))

        in_threads(8, appender)
        everything = list(store.read_all())
        assert all(earlier.position < later.position for earlier, later in pairwise(everything))
        for follower in following:
            assert follower.finish() == everything

    @pytest.mark.parametrize("stream", [None, "a"])
    def test_closing_it_from_another_thread_ends_it(self, store: EventStore, stream: str | None) -> None:
        store.append("a", events(1))
        following = Following(store.subscribe(stream=stream), 2)
        while not any(isinstance(item, CaughtUp) for item in following.seen):
            time.sleep(0.001)
        following.subscription.close()
        assert len(following.finish()) == 1
        assert following.error is None

    def test_closing_the_store_is_an_error_to_its_subscribers(self, store: EventStore) -> None:
        following = Following(store.subscribe(), 1)
        while not following.seen:
            time.sleep(0.001)
        store.close()
        following.finish()
        assert isinstance(following.error, Unavailable)


def test_a_closed_store_is_unavailable(store: EventStore) -> None:
    store.append("a", events(1))
    store.close()
    with pytest.raises(Unavailable):
        store.append("a", events(1))
    with pytest.raises(Unavailable):
        list(store.read_stream("a"))
    with pytest.raises(Unavailable):
        list(store.read_all())
    with pytest.raises(Unavailable):
        store.head()
    store.close()

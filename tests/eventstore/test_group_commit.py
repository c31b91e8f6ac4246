"""Appends that come together are committed together, and each gets its own answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from uuid import uuid4

import pytest

from shared.errors import Invalid, Unavailable, WrongExpectedRevision
from shared.eventstore.attached import MOST_UNANSWERED
from shared.eventstore.owner import Owner
from shared.eventstore.port import AppendResult, NewEvent, StreamState
from shared.eventstore.sqlite import EmbeddedLog, open_store


def event() -> NewEvent:
    return NewEvent(uuid4(), "tests.Happened", b"{}")


@pytest.fixture(params=["owner", "attached"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmbeddedLog]:
    """The log from inside and from outside the owner."""
    with open_store(tmp_path) as owner, open_store(tmp_path) as attached:
        yield owner if request.param == "owner" else attached


def test_many_submitted_at_once_are_written_in_their_order(store: EmbeddedLog) -> None:
    futures = [store.submit(f"s-{number % 7}", [event()]) for number in range(3000)]
    results = [future.result(30) for future in futures]
    assert [result.position for result in results] == list(range(1, 3001))
    assert store.head() == 3000


def test_each_of_a_group_gets_its_own_answer(store: EmbeddedLog) -> None:
    repeated = [event(), event()]
    store.append("a", repeated)
    given = [
        store.submit("a", [event()], 1),
        store.submit("a", [event()], 1),
        store.submit("a", repeated),
        store.submit("b", repeated, StreamState.NO_STREAM),
        store.submit("b", repeated, StreamState.NO_STREAM),
        store.submit("c", [event()], StreamState.EXISTS),
        store.submit("a", [event()], 2),
    ]
    fits, stale, repeat, begins, begins_again, missing, follows = given
    assert fits.result(30).revision == 2
    assert isinstance(stale.exception(30), WrongExpectedRevision)
    assert (repeat.result(30).revision, repeat.result().written) == (1, False)
    assert (begins.result(30).position, begins.result().written) == (5, True)
    assert begins_again.result(30) == begins.result()._replace(written=False)
    assert isinstance(missing.exception(30), WrongExpectedRevision)
    assert follows.result(30).revision == 3


def test_who_does_not_wait_is_told_once_what_waiting_would_have_given(store: EmbeddedLog) -> None:
    told: SimpleQueue[object] = SimpleQueue()
    store.append_then("a", [event()], StreamState.NO_STREAM, told.put)
    assert told.get(timeout=30) == AppendResult("a", 0, 1, True)
    store.append_then("a", [event()], 7, told.put)
    assert isinstance(told.get(timeout=30), WrongExpectedRevision)
    with pytest.raises(Invalid):
        store.append_then("a", [], StreamState.ANY, told.put)
    store.close()
    with pytest.raises(Unavailable):
        store.append_then("a", [event()], StreamState.ANY, told.put)
    assert told.empty()


def test_who_fails_when_told_spoils_no_answer_of_others(store: EmbeddedLog) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    for _ in range(3):
        store.append_then("a", [event()], StreamState.ANY, fail)
        assert store.submit("b", [event()]).result(30).written
    assert store.revision("a") == 2


def test_where_the_owner_does_not_answer_nothing_is_sent_that_might_wait(tmp_path: Path) -> None:
    answered: SimpleQueue[object] = SimpleQueue()
    paused, go_on = Event(), Event()
    with open_store(tmp_path) as owner, open_store(tmp_path) as attached:
        assert isinstance(owner._role, Owner)

        def pause(_: object) -> None:
            paused.set()
            go_on.wait(30)

        holding = Thread(target=owner._role.exclusively, args=(pause,))
        holding.start()
        paused.wait(30)
        for number in range(MOST_UNANSWERED):
            attached.append_then(f"s-{number}", [event()], StreamState.ANY, answered.put)
        with pytest.raises(Unavailable, match="Nothing was appended"):
            attached.append_then("more", [event()], StreamState.ANY, answered.put)
        go_on.set()
        holding.join()
        assert all(isinstance(answered.get(timeout=30), AppendResult) for _ in range(MOST_UNANSWERED))
        attached.append_then("more", [event()], StreamState.NO_STREAM, answered.put)
        assert isinstance(answered.get(timeout=30), AppendResult)


def test_an_id_that_is_in_the_stream_is_not_written_to_it_again_unless_the_revision_fits(store: EmbeddedLog) -> None:
    """EventStoreDB's rule: who names the right revision has seen the stream, and is believed."""
    first, second = event(), event()
    store.append("a", [first])
    store.append("a", [second])
    for given, expected in (([event(), first], StreamState.ANY), ([second, event()], StreamState.EXISTS), ([first], 0)):
        with pytest.raises(WrongExpectedRevision):
            store.append("a", given, expected)
    assert store.revision("a") == 1
    assert store.append("a", [first], 1).revision == 2


def test_what_is_submitted_is_checked_at_once(store: EmbeddedLog) -> None:
    with pytest.raises(Invalid):
        store.submit("", [event()])


def test_what_was_submitted_before_closing_is_written_or_refused(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    futures = [store.submit("a", [event()]) for _ in range(500)]
    store.close()
    outcomes = [future.exception(30) for future in futures]
    assert all(outcome is None or isinstance(outcome, Unavailable) for outcome in outcomes)
    with open_store(tmp_path) as again:
        assert again.head() == outcomes.count(None)

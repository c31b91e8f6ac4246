"""The durable tree, following a real store."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import NotFound, StoreCorrupt, Unavailable
from shared.eventstore.port import EventStore, NewEvent, RecordedEvent
from shared.eventstore.sqlite import open_store
from shared.merkle import LogDiverged, MerkleLog
from shared.merkle import log as merkle_log
from shared.merkle.leaf import event_leaf_hash
from shared.merkle.tree import EMPTY_ROOT, Frontier, verify_consistency, verify_inclusion


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    with open_store(tmp_path / "log") as store:
        yield store


def add(store: EventStore, stream: str, count: int = 1) -> None:
    store.append(stream, [NewEvent(uuid4(), "cases.Noted", json.dumps({"n": n}).encode()) for n in range(count)])


def expected_root(events: Sequence[RecordedEvent]) -> bytes:
    frontier = Frontier()
    frontier.extend(event_leaf_hash(event) for event in events)
    return frontier.root()


def test_an_empty_log_has_the_empty_tree(store: EventStore, tree: MerkleLog) -> None:
    assert tree.catch_up(store) == 0
    assert tree.root() == EMPTY_ROOT


def test_the_tree_covers_every_event_in_commit_order(store: EventStore, tree: MerkleLog) -> None:
    add(store, "case-1", 3)
    add(store, "grant-1")
    tree.catch_up(store)
    add(store, "case-1", 2)
    assert tree.catch_up(store) == 6
    assert tree.root() == expected_root(list(store.read_all()))
    assert tree.root(4) == expected_root(list(store.read_all(limit=4)))


def test_system_streams_are_not_covered(tree: MerkleLog, written: Any, history: list[RecordedEvent]) -> None:
    system = history[4]._replace(position=history[4].position + 1, stream="$$case-1")
    assert tree.catch_up(written([*history[:5], system, *history[5:]])) == len(history)
    assert tree.root() == expected_root(history)


def test_catching_up_in_many_transactions_gives_the_same_tree(
    tmp_path: Path, store: EventStore, tree: MerkleLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "case-1", 100)
    tree.catch_up(store)
    monkeypatch.setattr(merkle_log, "BATCH", 7)
    with MerkleLog(tmp_path / "slowly.db") as slowly:
        seen: list[int] = []
        assert slowly.catch_up(store, progress=seen.append) == 100
        assert seen == [*range(7, 100, 7), 100]
        assert slowly.root() == tree.root()


def test_a_deleted_tree_is_built_again_with_the_same_root(tmp_path: Path, store: EventStore) -> None:
    add(store, "case-1", 21)
    path = tmp_path / "m.db"
    with MerkleLog(path) as tree:
        tree.catch_up(store)
        root = tree.root()
    path.unlink()
    with MerkleLog(path) as tree:
        assert tree.size == 0
        tree.catch_up(store)
        assert tree.root() == root


def test_the_tree_is_the_same_after_a_move_to_a_store_with_other_positions_and_clock(
    tree: MerkleLog, tmp_path: Path, written: Any, history: list[RecordedEvent]
) -> None:
    tree.catch_up(written(history))
    with MerkleLog(tmp_path / "moved.db") as moved:
        moved.catch_up(written([event._replace(position=n, created_us=n) for n, event in enumerate(history, 1)]))
        assert moved.root() == tree.root()


@settings(max_examples=40, deadline=None)
@given(batches=st.lists(st.integers(0, 30), min_size=1, max_size=5))
def test_every_proof_of_a_stored_tree_verifies_at_every_size(batches: list[int], written: Any) -> None:
    total = sum(batches)
    events = [RecordedEvent(n + 1, "case-1", n, uuid4().bytes, "t", b"{}", b"{}", True, 0) for n in range(total)]
    roots = [expected_root(events[:size]) for size in range(total + 1)]
    with tempfile.TemporaryDirectory() as folder, MerkleLog(Path(folder) / "merkle.db") as tree:
        until = 0
        for count in batches:
            until += count
            tree.catch_up(written(events[:until]))
        for size in range(1, total + 1, 5):
            assert tree.root(size) == roots[size]
            for index in range(0, size, 7):
                verify_inclusion(event_leaf_hash(events[index]), index, size, tree.inclusion(index, size), roots[size])
            for first in range(1, size + 1, 4):
                verify_consistency(first, size, roots[first], roots[size], tree.consistency(first, size))


def test_an_event_is_found_by_its_position(tree: MerkleLog, written: Any, history: list[RecordedEvent]) -> None:
    tree.catch_up(written(history))
    for index, event in enumerate(history):
        assert tree.index_of(event.position) == index
        leaf = tree.leaf(index)
        assert (leaf.id, leaf.stream, leaf.revision) == (event.id, event.stream, event.revision)
    for position in (0, 2, 1000):
        with pytest.raises(NotFound):
            tree.index_of(position)


@pytest.mark.parametrize("ask", [
    lambda tree: tree.root(14), lambda tree: tree.inclusion(0, 14), lambda tree: tree.consistency(1, 14),
    lambda tree: tree.leaf(13),
])  # fmt: skip
def test_what_the_tree_does_not_have_yet_is_not_found(
    tree: MerkleLog, written: Any, history: list[RecordedEvent], ask: Callable[[MerkleLog], object]
) -> None:
    tree.catch_up(written(history))
    with pytest.raises(NotFound):
        ask(tree)


def test_a_log_that_was_cut_short_is_refused(tree: MerkleLog, written: Any, history: list[RecordedEvent]) -> None:
    tree.catch_up(written(history))
    with pytest.raises(LogDiverged, match=r"event 12 \(case-2, revision 2\) is gone"):
        tree.catch_up(written(history[:-1]))
    assert tree.size == len(history)


def test_a_log_whose_last_covered_event_changed_is_refused(
    tree: MerkleLog, written: Any, history: list[RecordedEvent]
) -> None:
    tree.catch_up(written(history[:5]))
    with pytest.raises(LogDiverged, match=r"event 4 \(case-1, revision 2\)"):
        tree.catch_up(written([*history[:4], history[4]._replace(data=b"{}"), *history[5:]]))
    with pytest.raises(LogDiverged, match=r"event 4 \(case-1, revision 2\)"):
        tree.catch_up(written([*history[:4], *history[5:]]))
    assert tree.size == 5


def test_a_log_that_was_moved_to_other_positions_needs_its_tree_built_again(
    tree: MerkleLog, written: Any, history: list[RecordedEvent]
) -> None:
    tree.catch_up(written(history))
    with pytest.raises(LogDiverged):
        tree.catch_up(written([event._replace(position=event.position + 1) for event in history]))


def test_two_processes_that_catch_up_at_once_build_one_tree(tmp_path: Path, store: EventStore) -> None:
    add(store, "case-1", 500)
    with MerkleLog(tmp_path / "m.db") as one, MerkleLog(tmp_path / "m.db") as other:
        threads = [Thread(target=tree.catch_up, args=(store,)) for tree in (one, other, one)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert one.size == other.size == 500
        assert one.root() == other.root() == expected_root(list(store.read_all()))


def test_a_batch_that_fails_leaves_the_tree_as_it_was(
    tree: MerkleLog, written: Any, history: list[RecordedEvent]
) -> None:
    tree.catch_up(written(history[:3]))
    root = tree.root()
    with pytest.raises(RuntimeError):
        tree.catch_up(_Breaking(history))  # type: ignore[arg-type]
    assert (tree.size, tree.root()) == (3, root)
    tree.catch_up(written(history))
    assert tree.root() == expected_root(history)


class _Breaking:
    """A store that breaks off in the middle of a read."""

    def __init__(self, events: list[RecordedEvent]) -> None:
        self._events = events

    def read_all(self, **_: object) -> Iterator[RecordedEvent]:
        yield from self._events[2:6]
        raise RuntimeError("the connection is gone")


def test_a_file_that_is_not_a_tree_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "merkle.db"
    path.write_bytes(b"this is not a database, and long enough to tell" * 40)
    with pytest.raises(StoreCorrupt, match="delete the file"):
        MerkleLog(path)


def test_a_tree_of_a_later_format_is_refused(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "merkle.db")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreCorrupt, match="format 99"):
        MerkleLog(tmp_path / "merkle.db")


def test_a_tree_that_lacks_a_node_is_refused(tmp_path: Path, written: Any, history: list[RecordedEvent]) -> None:
    path = tmp_path / "m.db"
    with MerkleLog(path) as tree:
        tree.catch_up(written(history))
    for number, asked in ((0, "lacks the node at level 1, index 0"), (9, "nodes for 13 leaves")):
        database = sqlite3.connect(path)
        database.execute("DELETE FROM node WHERE number = ?", (number,))
        database.commit()
        database.close()
        with pytest.raises(StoreCorrupt, match=asked), MerkleLog(path) as tree:
            tree.root(2)


def test_a_closed_tree_says_so(tmp_path: Path) -> None:
    tree = MerkleLog(tmp_path / "m.db")
    tree.close()
    with pytest.raises(Unavailable):
        tree.root()


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        MerkleLog(tmp_path / "missing" / "merkle.db")

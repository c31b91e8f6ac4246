"""The tree of a log, kept in its own file (`merkle.db`) beside it.

It covers every event of every stream, in commit order, except the store's own system streams (`$...`).
Leaf `i` is the `i`-th of these; `index_of` turns a position into an index.
The file is derived: delete it, and `catch_up` builds the same tree again. While it exists it is also
evidence, because it remembers what each leaf was; `shared.merkle.verify` uses it to name what changed.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple, Self
from uuid import UUID

from shared.errors import NotFound, StoreCorrupt, StoreFull, Unavailable
from shared.eventstore.port import EventStore, Filter, RecordedEvent
from shared.merkle import tree
from shared.merkle.errors import LogDiverged
from shared.merkle.leaf import event_leaf_hash, event_leaf_hashes

COVERED = Filter()  # what the tree covers: everything but system streams
BATCH = 10_000  # events a transaction

_FORMAT = 1
_SCHEMA = """
CREATE TABLE leaf (
    number INTEGER PRIMARY KEY, hash BLOB NOT NULL CHECK (length(hash) = 32),
    position INTEGER NOT NULL, id BLOB NOT NULL, stream TEXT NOT NULL, revision INTEGER NOT NULL
);
-- Complete subtrees above the leaves, in the order in which they became complete.
CREATE TABLE node (number INTEGER PRIMARY KEY, hash BLOB NOT NULL CHECK (length(hash) = 32));
"""


class Leaf(NamedTuple):
    """What the tree remembers of an event."""

    number: int  # from 0, in commit order
    hash: bytes
    position: int  # in the store that the tree follows; not part of the hash
    id_bytes: bytes
    stream: str
    revision: int

    @property
    def id(self) -> UUID:
        """The event's id."""
        return UUID(bytes=self.id_bytes)


class MerkleLog:
    """A durable Merkle tree over an event log. Methods may be called from any thread and several processes.

    Every method raises `StoreCorrupt` if the file is damaged, `StoreFull` and `Unavailable` as a store does.
    """

    def __init__(self, path: Path) -> None:
        """Open the tree at `path`; create it if it is not there."""
        self._path = path
        self._lock = RLock()
        with self._translated_errors():
            # Autocommit: transactions are opened by hand, where they are.
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._count("SELECT coalesce(max(number) + 1, 0) FROM leaf")

    def catch_up(self, store: EventStore, progress: Callable[[int], None] | None = None) -> int:
        """Add the events that `store` has and the tree has not. Returns the size, and tells it to `progress`.

        Raises `LogDiverged` if the store no longer holds the last event that the tree covers, unaltered:
        then the log was cut short, replaced or changed. (`verify_log` looks at all the others too.)
        """
        while True:
            with self._translated_errors(), self._transaction():
                size = self.size
                if size == 0:
                    reading = store.read_all(limit=BATCH, filter=COVERED)
                else:
                    edge = self.leaf(size - 1)
                    reading = store.read_all(start=edge.position, limit=1 + BATCH, filter=COVERED)
                    _require_edge(edge, next(reading, None))
                events = list(reading)
                self._extend(size, events)
                size += len(events)
            if progress:
                progress(size)
            if len(events) < BATCH:
                return size

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` leaves (None: over all). Raises `NotFound` if there are fewer."""
        return tree.root(self._node, self._within(size))

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The proof that leaf `index` is in the tree of `size` leaves. Raises `NotFound`, `Invalid`."""
        return tree.inclusion_proof(self._node, index, self._within(size))

    def consistency(self, first: int, second: int | None = None) -> list[bytes]:
        """The proof that the tree of `second` leaves begins with that of `first`. Raises `NotFound`, `Invalid`."""
        return tree.consistency_proof(self._node, first, self._within(second))

    def leaf(self, index: int) -> Leaf:
        """What leaf `index` stands for. Raises `NotFound`."""
        for row in self._rows("SELECT number, hash, position, id, stream, revision FROM leaf WHERE number = ?", index):
            return Leaf(*row)
        raise NotFound(f"The tree has no leaf {index}; it has {self.size}.")

    def leaf_hashes(self, start: int, limit: int) -> list[bytes]:
        """The hashes of up to `limit` leaves from index `start` on."""
        rows = self._rows("SELECT hash FROM leaf WHERE number >= ? ORDER BY number LIMIT ?", start, limit)
        return [found for (found,) in rows]

    def index_of(self, position: int) -> int:
        """The index of the event at `position` of the store. Raises `NotFound` if the tree does not cover it."""
        # Positions grow with the index, so twenty look-ups find one in a million without an index of its own.
        size = self.size
        index = bisect_left(range(size), position, key=lambda number: self.leaf(number).position)
        if index == size or self.leaf(index).position != position:
            raise NotFound(f"The tree covers no event at position {position}: it may not have caught up yet.")
        return index

    def find(self, stream: str, id_bytes: bytes, after: int) -> int | None:
        """The index, beyond `after`, at which the tree knows the event of that id and stream. Reads the whole table."""
        query = "SELECT min(number) FROM leaf WHERE number > ? AND id = ? AND stream = ?"
        ((found,),) = self._rows(query, after, id_bytes, stream)
        return None if found is None else int(found)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self) -> None:
        with self._translated_errors():
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")  # derived: a lost tail is built again
            with self._transaction():
                ((version,),) = self._rows("PRAGMA user_version")
                if version == 0:
                    for statement in _SCHEMA.split(";"):  # executescript would commit the transaction
                        self._database.execute(statement)
                    self._database.execute(f"PRAGMA user_version = {_FORMAT}")
                elif version != _FORMAT:
                    raise StoreCorrupt(f"{self._path.name} has format {version}, known is {_FORMAT}: {_REBUILD}")
            size, nodes = self.size, self._count("SELECT coalesce(max(number) + 1, 0) FROM node")
        if nodes != size - size.bit_count():
            raise StoreCorrupt(f"{self._path.name} has {nodes} nodes for {size} leaves: {_REBUILD}")

    def _extend(self, size: int, events: Sequence[RecordedEvent]) -> None:
        frontier = tree.Frontier(size, [self._node(*place) for place in tree.complete_subtrees(size)])
        hashes = event_leaf_hashes(events)
        completed = frontier.extend(hashes)
        self._database.executemany(
            "INSERT INTO leaf VALUES (?, ?, ?, ?, ?, ?)",
            [
                (size + offset, leaf, event.position, event.id_bytes, event.stream, event.revision)
                for offset, (event, leaf) in enumerate(zip(events, hashes, strict=True))
            ],
        )
        first = size - size.bit_count()  # how many inner nodes `size` leaves have completed
        self._database.executemany("INSERT INTO node VALUES (?, ?)", enumerate(completed, first))

    def _node(self, level: int, index: int) -> bytes:
        if level == 0:
            rows = self._rows("SELECT hash FROM leaf WHERE number = ?", index)
        else:
            # A subtree becomes complete with its last leaf, after the smaller ones that end with the same leaf.
            last = (index + 1 << level) - 1
            rows = self._rows("SELECT hash FROM node WHERE number = ?", last - last.bit_count() + level - 1)
        for (found,) in rows:
            return bytes(found)
        raise StoreCorrupt(f"{self._path.name} lacks the node at level {level}, index {index}: {_REBUILD}")

    def _within(self, size: int | None) -> int:
        there = self.size
        if size is None:
            return there
        if not 0 <= size <= there:
            raise NotFound(f"The tree has {there} leaves, not {size}: it may not have caught up yet.")
        return size

    def _count(self, query: str) -> int:
        ((count,),) = self._rows(query)
        return int(count)

    def _rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self._translated_errors():
            return self._database.execute(query, parameters).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # a full disk ends it by itself
                self._database.execute("ROLLBACK")
            raise

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.ProgrammingError as error:
                raise Unavailable(f"{self._path.name} is closed.") from error
            except sqlite3.DatabaseError as error:
                match error.sqlite_errorcode & 0xFF:
                    case sqlite3.SQLITE_FULL:
                        raise StoreFull(f"No room for {self._path.name}: free some disk and try again.") from error
                    case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY:
                        raise Unavailable(f"{self._path.name} cannot be used now: {error}.") from error
                    case _:
                        raise StoreCorrupt(f"{self._path.name} is damaged ({error}): {_REBUILD}") from error


_REBUILD = "delete the file, and it is built again from the log."


def _require_edge(edge: Leaf, event: RecordedEvent | None) -> None:
    """The log still holds the last event that the tree covers."""
    named = f"event {edge.number} ({edge.stream}, revision {edge.revision})"
    facts = {"index": edge.number, "stream": edge.stream, "revision": edge.revision}
    if event is None:
        raise LogDiverged(f"The log is shorter than its tree: {named} is gone. Verify the log.", **facts)
    if event.position != edge.position or event_leaf_hash(event) != edge.hash:
        raise LogDiverged(f"The log is not what it was: {named} is gone or altered. Verify the log.", **facts)

"""Where each stream stands, and EventStoreDB's rules for appending to it.

The rules: an append goes in if the stream is where the append expects it, and if, where it names no exact
revision, none of its event ids is in the stream. If all its ids are there, at the expected place, it is a
repeat and gets the first answer again. Anything else is a conflict. An exact revision that fits is
believed: who names it has seen the stream.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.errors import WrongExpectedRevision
from shared.eventstore import retention
from shared.eventstore.appending import NO_STREAM, Append, Item, Outcome
from shared.eventstore.port import AppendResult, Expected, StreamState

_REMEMBERED_STREAMS = 50_000
_REMEMBERED_IDS = 200_000  # about 20 MB; the ids of a longer stream are held as long as it is in use


DELETED = -2  # instead of the revision of a stream that is deleted, in whichever way


class Standing(NamedTuple):
    """Where a stream stands: its last revision, and whether it is deleted, softly or for ever."""

    revision: int
    deleted: bool
    tombstoned: bool


class Streams:
    """The streams of a log as its writer sees them. Not for several threads at a time."""

    def __init__(self, connection: sqlite3.Connection, keeps_everything: bool) -> None:
        self._connection = connection
        self.keeps_everything = keeps_everything
        self._revisions: dict[str, int] = {}
        self._ids: dict[str, set[bytes]] = {}
        self._ids_held = 0

    def revision(self, stream: str, believed: Expected | None = None) -> int:
        """The last revision of `stream`, or `NO_STREAM`, or `DELETED`.

        If it is `believed` to be new, and nothing is known of it, that is not looked up in a log that keeps everything.
        """
        revision = self._revisions.get(stream)
        if revision is None:
            if not self.keeps_everything or stream[:1] == "$":
                standing = self.look(stream)
                return DELETED if standing.deleted or standing.tombstoned else standing.revision
            if believed is StreamState.NO_STREAM:
                return NO_STREAM
            query = "SELECT max(revision) FROM events WHERE stream = ?"
            (found,) = self._connection.execute(query, (stream,)).fetchone()
            revision = NO_STREAM if found is None else found
        return revision

    def look(self, stream: str) -> Standing:
        """Where `stream` stands, as committed."""
        query = "SELECT revision, type, data FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1"
        last = self._connection.execute(query, (stream,)).fetchone()
        if last and last[1] == retention.TOMBSTONE:
            return Standing(last[0], False, True)
        metadata = self._connection.execute(query, (retention.metadata_stream(stream),)).fetchone()
        deleted = bool(metadata) and retention.parse(metadata[2]).deleted
        return Standing(last[0] if last else NO_STREAM, deleted, False)

    def is_news(self, append: Append, revision: int) -> bool:
        """Whether the append fits the stream, which is at `revision`, and its events are not there yet.

        If so they are taken for written; `forget` if that fails.
        """
        stream, expected = append.stream, append.expected
        ids = self._ids.get(stream)
        if expected is StreamState.NO_STREAM or not isinstance(expected, StreamState):
            if revision != (NO_STREAM if expected is StreamState.NO_STREAM else expected):
                return False
        elif revision == NO_STREAM:
            if expected is StreamState.EXISTS:
                return False
            ids = self._ids[stream] = set()
        else:
            ids = ids or self._load_ids(stream)
            if not ids.isdisjoint([item[0] for item in append.items]):
                return False
        if ids is not None:
            ids.update([item[0] for item in append.items])
            self._ids_held += len(append.items)
        return True

    def is_news_for(self, stream: str, expected: Expected, items: Sequence[Item], standing: Standing) -> bool:
        """As `is_news`, for what is decided alone: nothing is taken for written."""
        if standing.deleted and expected is StreamState.NO_STREAM:
            return not isinstance(self.answer_again(Append(stream, items, expected), standing.revision), AppendResult)
        if expected is StreamState.EXISTS and standing.revision == NO_STREAM:
            return False
        if expected is StreamState.ANY or expected is StreamState.EXISTS:
            return self._load_ids(stream).isdisjoint([item[0] for item in items])
        return standing.revision == (NO_STREAM if expected is StreamState.NO_STREAM else expected)

    def answer_again(self, append: Append, revision: int) -> Outcome:
        """The first answer to a repeated append, or the conflict that it is."""
        stream, expected = append.stream, append.expected
        anywhere = expected is StreamState.ANY or expected is StreamState.EXISTS
        given = [item[0] for item in append.items]
        query = "SELECT id, revision, position FROM events WHERE stream = ?"
        if anywhere:
            query += f" AND id IN ({', '.join('?' * len(given))})"
            found = self._connection.execute(query, (stream, *given)).fetchall()
        else:
            first = 0 if isinstance(expected, StreamState) else expected + 1
            query += " AND revision >= ? ORDER BY revision LIMIT ?"
            found = self._connection.execute(query, (stream, first, len(given))).fetchall()
        places = {id: (at, position) for id, at, position in found}
        if list(places) == given or (anywhere and places.keys() == set(given)):
            return AppendResult(stream, *places[given[-1]], False)
        named = expected.value if isinstance(expected, StreamState) else expected
        return WrongExpectedRevision(stream, named, None if revision == NO_STREAM else revision)

    def moved(self, revisions: dict[str, int]) -> None:
        """The streams are committed up to `revisions`."""
        if len(self._revisions) > _REMEMBERED_STREAMS:
            self._revisions.clear()
        if self._ids_held > _REMEMBERED_IDS:
            self._ids.clear()
            self._ids_held = 0
        self._revisions.update(revisions)

    def look_again(self, streams: Iterable[str]) -> None:
        """What was believed of these streams, and of those whose metadata they are, may be wrong now."""
        for stream in streams:
            for name in (stream, stream.removeprefix("$$")):
                self._revisions.pop(name, None)
                self._ids_held -= len(self._ids.pop(name, ()))

    def forget(self) -> None:
        """An append failed: look again what is there."""
        self._revisions.clear()
        self._ids.clear()
        self._ids_held = 0

    def _load_ids(self, stream: str) -> set[bytes]:
        query = "SELECT id FROM events WHERE stream = ?"
        ids = self._ids[stream] = {id for (id,) in self._connection.execute(query, (stream,))}
        self._ids_held += len(ids)
        return ids

"""Where each stream stands, and EventStoreDB's rules for appending to it.

The rules: an append goes in if the stream is where the append expects it, and if, where it names no exact
revision, none of its event ids is in the stream. If all its ids are there, at the expected place, it is a
repeat and gets the first answer again. Anything else is a conflict. An exact revision that fits is
believed: who names it has seen the stream.
"""

from __future__ import annotations

import sqlite3

from shared.errors import WrongExpectedRevision
from shared.eventstore.appending import NO_STREAM, Append, Outcome
from shared.eventstore.port import AppendResult, StreamState

_REMEMBERED_STREAMS = 50_000
_REMEMBERED_IDS = 200_000  # about 20 MB; the ids of a longer stream are held as long as it is in use


class Streams:
    """The streams of a log as its writer sees them. Not for several threads at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._revisions: dict[str, int] = {}
        self._ids: dict[str, set[bytes]] = {}
        self._ids_held = 0

    def revision(self, stream: str) -> int:
        """The last revision of `stream`, or `NO_STREAM`."""
        revision = self._revisions.get(stream)
        if revision is None:
            query = "SELECT max(revision) FROM events WHERE stream = ?"
            (found,) = self._connection.execute(query, (stream,)).fetchone()
            revision = NO_STREAM if found is None else found
        return revision

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

"""Scavenging: erasing what is deleted or truncated from a log that allows it.

An erased event leaves a row without type, data and metadata, so that positions and revisions go on without gaps, a
repeat of it is still known for one, and every promise of the log can still be checked. Readers do not see such rows.
The space is used again by later events. The last event of the log is not erased: the mark remembers it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from shared.errors import DomainError
from shared.eventstore import log, retention

_BATCH = 200

Exclusively = Callable[[Callable[[sqlite3.Connection], None]], None]


class Scavenged(NamedTuple):
    """How many events were erased, and whether all that was to be erased is."""

    events: int
    complete: bool


def scavenge(folder: Path, exclusively: Exclusively, stopped: Callable[[], bool]) -> Scavenged:
    """Erase, between the commits of others, a few events at a time."""
    with closing(log.open_reader(folder)) as connection:
        if log.keeps_everything(connection):
            raise DomainError("This log keeps everything: there is nothing to scavenge.", rule="log-keeps-everything")
        erased = 0
        for batch in _batches(_to_erase(connection)):
            if stopped():
                return Scavenged(erased, False)
            exclusively(lambda writer, positions=batch: _erase(writer, positions))  # type: ignore[misc]
            erased += len(batch)
    return Scavenged(erased, True)


def _batches(positions: Iterator[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    for position in positions:
        batch.append(position)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _to_erase(connection: sqlite3.Connection) -> Iterator[int]:
    """The positions of events that nobody can read in their stream any more."""
    execute = connection.execute
    (head,) = execute("SELECT coalesce(max(position), 0) FROM events").fetchone()
    tombstoned = [stream for (stream,) in execute("SELECT stream FROM events WHERE type = ?", (retention.TOMBSTONE,))]
    for stream in tombstoned:
        (last,) = execute("SELECT max(revision) FROM events WHERE stream = ?", (stream,)).fetchone()
        yield from _before(connection, stream, last, head)
        yield from _before(connection, retention.metadata_stream(stream), 1 << 62, head)
    streams = execute("SELECT DISTINCT stream FROM events WHERE stream >= '$$' AND stream < '$%'").fetchall()
    last_event = "SELECT revision, data FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1"
    now = time.time_ns() // 1000
    for (metadata_stream,) in streams:
        last, data = execute(last_event, (metadata_stream,)).fetchone()
        yield from _before(connection, metadata_stream, last, head)
        stream = metadata_stream[2:]
        found = execute(last_event, (stream,)).fetchone()
        if found and stream not in tombstoned:
            metadata = retention.parse(data)
            yield from _before(connection, stream, metadata.first_visible(found[0]), head)
            oldest = metadata.oldest_visible(now)
            if oldest:
                query = (
                    "SELECT position FROM events WHERE stream = ? AND created_us < ? AND type <> '' AND position < ?"
                )
                yield from [position for (position,) in execute(query, (stream, oldest, head))]


def _before(connection: sqlite3.Connection, stream: str, revision: int, head: int) -> list[int]:
    query = "SELECT position FROM events WHERE stream = ? AND revision < ? AND type <> '' AND position < ?"
    return [position for (position,) in connection.execute(query, (stream, revision, head))]


def _erase(writer: sqlite3.Connection, positions: list[int]) -> None:
    writer.execute("PRAGMA secure_delete = ON")
    writer.execute("BEGIN IMMEDIATE")
    try:
        for position in positions:
            query = "SELECT stream, revision, id, created_us FROM events WHERE position = ?"
            stream, revision, id, created_us = writer.execute(query, (position,)).fetchone()
            check = log.checksum(position, stream, revision, id, "", b"", b"", 0, created_us)
            writer.execute(
                "UPDATE events SET type = '', data = x'', metadata = x'', is_json = 0, checksum = ? WHERE position = ?",
                (check, position),
            )
        writer.execute("COMMIT")
    except BaseException:
        if writer.in_transaction:
            writer.execute("ROLLBACK")
        raise
    finally:
        writer.execute("PRAGMA secure_delete = OFF")

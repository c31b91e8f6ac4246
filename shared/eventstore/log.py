"""The log's file: what is in it, how it is opened, and the checksum that every row carries.

`events` alone is the log. Its index can be rebuilt from it, and a row is what a reader gets, plus the
checksum. There is no index of event ids: ids are random, and in a long stream every event of an append
would touch a page of its own. Whoever changes the schema, the checksum or their meaning raises `FORMAT` and writes the
step that upgrades an older file: logs outlive programs.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Sequence
from contextlib import suppress
from os import SEEK_END
from pathlib import Path
from typing import Literal
from urllib.parse import quote
from zlib import crc32

from shared.errors import StoreCorrupt, Unavailable
from shared.eventstore.appending import Item
from shared.eventstore.port import RecordedEvent

APPLICATION_ID = 0x464D4E31  # "FMN1": `file` and the like can tell what this is
FORMAT = 1  # a log that keeps everything
FORMAT_WITH_DELETION = 2  # the same, but streams may be deleted, and events be emptied: their type is then ""
NEWEST = FORMAT_WITH_DELETION

LOG = "log.db"
_WAL_PAGES = 1000  # between checkpoints, 4 MB; SQLite's own default
COLUMNS = "position, stream, revision, id, type, data, metadata, is_json, created_us, checksum"

EVENTS = """CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    data BLOB NOT NULL,
    metadata BLOB NOT NULL,
    is_json INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    checksum INTEGER NOT NULL
)"""
BY_REVISION = "CREATE UNIQUE INDEX events_by_revision ON events (stream, revision)"
SCHEMA = {"events": EVENTS, "events_by_revision": BY_REVISION}

# What can go wrong with a sound file. Every other error of a query as plain as ours means damage.
_CIRCUMSTANCES = (
    *("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL", "SQLITE_NOMEM"),
    *("SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_READONLY"),
)

Synchronous = Literal["FULL", "NORMAL"]
Row = tuple[int, str, int, bytes, str, bytes, bytes, int, int, int]

_frame = struct.Struct("<qqqIB").pack


def checksum(
    position: int,
    stream: str,
    revision: int,
    id_bytes: bytes,
    type: str,
    data: bytes,
    metadata: bytes,
    is_json: int,
    created_us: int,
) -> int:
    """CRC-32 over every column of a row.

    Null bytes, which no name contains, and a length keep the columns apart, so that no byte can wander
    from one to the next unseen.
    """
    frame = _frame(position, revision, created_us, len(metadata), is_json)
    return crc32(b"".join((frame, id_bytes, f"{stream}\0{type}\0".encode(), metadata, data)))


def rows_of(items: Sequence[Item], stream: str, revision: int, position: int, created_us: int) -> list[Row]:
    """The rows of events that come after `revision` of their stream, and after `position`.

    `checksum` is written out here once more, and below: this is where writers and readers spend their time.
    """
    rows: list[Row] = []
    keep, join = rows.append, b"".join
    names, named = b"", None
    for id_bytes, type, data, metadata, is_json in items:
        position += 1
        revision += 1
        if type != named:
            names, named = f"{stream}\0{type}\0".encode(), type
        frame = _frame(position, revision, created_us, len(metadata), is_json)
        check = crc32(join((frame, id_bytes, names, metadata, data)))
        keep((position, stream, revision, id_bytes, type, data, metadata, is_json, created_us, check))
    return rows


def sound_events(rows: list[Row]) -> list[RecordedEvent]:
    """The events in `rows`, up to the first whose checksum does not match: fewer than rows mean damage there."""
    events: list[RecordedEvent] = []
    keep, join, new = events.append, b"".join, tuple.__new__
    with suppress(*_CHECK_FAILED):
        for position, stream, revision, id_bytes, type, data, metadata, is_json, created_us, check in rows:
            frame = _frame(position, revision, created_us, len(metadata), is_json)
            if crc32(join((frame, id_bytes, f"{stream}\0{type}\0".encode(), metadata, data))) != check:
                break
            event = (position, stream, revision, id_bytes, type, data, metadata, is_json == 1, created_us)
            keep(new(RecordedEvent, event))
    return events


# What the check of a column of the wrong type raises, which a damaged file can hold.
_CHECK_FAILED = (TypeError, AttributeError, ValueError, struct.error)


def path_of(folder: Path) -> Path:
    """The log's file in its folder."""
    return folder / LOG


def open_writer(folder: Path, synchronous: Synchronous = "FULL", format: int = FORMAT) -> sqlite3.Connection:
    """The one connection that writes. Creates the file, in `format`, if there is none; refuses an unknown format.

    Any thread may use it, one at a time.
    """
    connection = sqlite3.connect(
        path_of(folder), timeout=30, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        _create_if_empty(connection, format)
        check_format(connection)
        if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":  # a copy by VACUUM INTO is not
            raise Unavailable(f"{LOG} cannot be put into write-ahead mode. Is it on a network drive?")
        # Writes nothing, yet fails for a file that can only be read, be it by its permissions or a damaged header.
        connection.execute("INSERT INTO events SELECT * FROM events WHERE false")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        connection.execute("PRAGMA cache_size = -65536")
        _make_room(folder)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise unusable(folder, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _make_room(folder: Path) -> None:
    """Let the write-ahead log have its full size from the start.

    A flush of a file that grows has to flush its length too, which makes an append half as slow again.
    SQLite takes the zeros for the end of the log, and reuses the file after each checkpoint.
    """
    path = folder / f"{LOG}-wal"
    with suppress(OSError), path.open("r+b", buffering=0) as file:  # a disk that is full says so when it matters
        missing = _WAL_PAGES * 4120 - file.seek(0, SEEK_END)
        file.write(bytes(max(0, missing)))


def open_reader(folder: Path) -> sqlite3.Connection:
    """A connection that can only read. Any thread may use it, one at a time."""
    uri = f"file:{quote(str(path_of(folder).absolute()))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA cache_size = -8192")
        check_format(connection)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise unusable(folder, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _create_if_empty(connection: sqlite3.Connection, format: int) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] or _number(connection, "application_id"):
        return
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    for statement in SCHEMA.values():
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {format}")
    connection.execute("COMMIT")


def format_of(connection: sqlite3.Connection) -> int:
    """The file's format."""
    return _number(connection, "user_version")


def keeps_everything(connection: sqlite3.Connection) -> bool:
    """Whether the file is a log from which nothing is ever deleted."""
    return format_of(connection) < FORMAT_WITH_DELETION


def check_format(connection: sqlite3.Connection) -> None:
    """Refuse a file that is not a log, or one of a format that this program does not know."""
    if _number(connection, "application_id") != APPLICATION_ID:
        raise StoreCorrupt(f"{LOG} is not an event log, or its header is damaged. Restore it from a backup.")
    version = _number(connection, "user_version")
    if version > NEWEST:
        raise Unavailable(
            f"{LOG} has format {version}; this program knows formats up to {NEWEST}. "
            "Use the newer program that wrote it.",
            format=version,
        )
    if version < FORMAT:
        raise StoreCorrupt(f"{LOG} claims format {version}, which never existed. Restore it from a backup.")
    if dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")) != SCHEMA:
        raise StoreCorrupt(f"The schema in {LOG} is damaged. Restore it from a backup.")


def unusable(folder: Path, error: sqlite3.Error) -> Unavailable:
    """What a database error means to the caller. The message names no event and quotes no data."""
    name = getattr(error, "sqlite_errorname", None) or ""
    if not name.startswith(_CIRCUMSTANCES) or name == "SQLITE_IOERR_CORRUPTFS":
        why = _cut_short(folder) or str(error)
        return StoreCorrupt(f"{LOG} is damaged ({why}). Restore it from a backup.", sqlite=name)
    return Unavailable(f"{LOG} in {folder} cannot be used ({error}). Look at the disk.", sqlite=name)


def _cut_short(folder: Path) -> str | None:
    """Where a file ends that is shorter than its header says (https://www.sqlite.org/fileformat2.html, 1.3)."""
    try:
        with (folder / LOG).open("rb") as file:
            header, size = file.read(100), file.seek(0, SEEK_END)
    except OSError:
        return None
    if len(header) < 100:
        return f"it ends at byte {size:,}, within its header"
    page, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
    whole = (page if page > 1 else 65536) * pages
    return f"it ends at byte {size:,} of {whole:,}" if size < whole else None


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])

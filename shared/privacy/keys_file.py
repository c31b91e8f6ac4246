"""The SQLite file of the key store: its tables, its transactions, and how it leaves nothing behind."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from shared.errors import Invalid, StoreCorrupt, StoreFull, Unavailable

FORMAT = 1

# Wrapped bytes have a table of their own, whose rows never change their size and are never deleted: SQLite then
# overwrites them where they stand, and never moves one to another page, where a copy could be left behind.
_SCHEMA = """
CREATE TABLE keys (
    n INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    subject TEXT NOT NULL, keep TEXT NOT NULL, record TEXT NOT NULL,
    created TEXT NOT NULL,
    destroyed TEXT, certificate TEXT
) STRICT;
CREATE UNIQUE INDEX live ON keys (subject, keep, record) WHERE destroyed IS NULL;
CREATE INDEX of_subject ON keys (subject);
CREATE TABLE wrapped (n INTEGER PRIMARY KEY, master TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE TABLE forgotten (subject TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
CREATE TABLE closed (subject TEXT, keep TEXT, record TEXT, PRIMARY KEY (subject, keep, record)) WITHOUT ROWID, STRICT;
CREATE TABLE erasures (certificate TEXT PRIMARY KEY, erasure BLOB NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE state (generation INTEGER NOT NULL, ledger_head TEXT NOT NULL, master TEXT NOT NULL) STRICT;
"""


class KeysFile:
    """One connection to the file, or to a database in memory. Its user takes care that one thread is in it."""

    def __init__(self, path: Path | None, patience: float) -> None:
        self._patience = patience
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._db = sqlite3.connect(path or ":memory:", timeout=patience, isolation_level=None, check_same_thread=False)

    def prepare(self, master: Callable[[], str]) -> None:
        """Set the file up, and make the tables if it is new; `master` names the key that wraps the first ones."""
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY"):
            self.run(f"PRAGMA {pragma}")
        with self.writing():
            version = self.one("PRAGMA user_version")[0]
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self.run(statement)
                self.run("INSERT INTO state VALUES (0, '', ?)", (master(),))
                self.run(f"PRAGMA user_version = {FORMAT}")
            elif version != FORMAT:
                raise Unavailable(f"The key store has format {version}; this program reads {FORMAT}.", format=version)
        # Before anything is built upon it: pages, indexes, and that each column holds what it should.
        if self.one("PRAGMA quick_check(1)")[0] != "ok":
            raise StoreCorrupt("The key store is damaged: restore it from its backup.")

    def run(self, statement: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        """Execute a statement."""
        return self._db.execute(statement, tuple(values))

    def run_many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Execute a statement for each of the rows."""
        self._db.executemany(statement, rows)

    def one(self, statement: str, *values: Any) -> Any:
        """The first row, or None."""
        return self._db.execute(statement, values).fetchone()

    def state(self, column: Literal["generation", "ledger_head", "master"]) -> Any:
        """A column of the one row that `state` has."""
        row = self.one(f"SELECT {column} FROM state")  # noqa: S608 - one of three words
        if row is None:
            raise StoreCorrupt("The key store is damaged: restore it from its backup.")
        return row[0]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction, alone among all processes: on disk when it ends, undone if it fails."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self.run("ROLLBACK")
            raise

    def purge(self) -> None:
        """Write the write-ahead log back and cut it to nothing: it still holds what was overwritten."""
        patience = time.monotonic() + self._patience
        # SQLite waits for readers, but not for the checkpoint of another process.
        while self.one("PRAGMA wal_checkpoint(TRUNCATE)")[0]:
            if time.monotonic() > patience:
                raise Unavailable("A reader keeps the last copy of destroyed keys on disk: ask again.")
            time.sleep(0.005)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


@contextmanager
def translated() -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except UnicodeEncodeError:
        raise Invalid("A name holds a character that is none.") from None
    except (sqlite3.Error, UnicodeDecodeError) as error:
        match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF:
            case sqlite3.SQLITE_FULL:
                raise StoreFull("The disk of the key store is full: nothing was changed.") from None
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN:
                raise Unavailable("The key store is busy or out of reach: try again.") from error
        raise StoreCorrupt("The key store is damaged: restore it from its backup.") from error

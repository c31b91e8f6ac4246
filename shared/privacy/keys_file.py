"""The SQLite file of the key store: its tables, its transactions, and how it leaves nothing behind."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
);
CREATE UNIQUE INDEX live ON keys (subject, keep, record) WHERE destroyed IS NULL;
CREATE INDEX of_subject ON keys (subject);
CREATE TABLE wrapped (n INTEGER PRIMARY KEY, master TEXT NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE forgotten (subject TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE closed (subject TEXT, keep TEXT, record TEXT, PRIMARY KEY (subject, keep, record)) WITHOUT ROWID;
CREATE TABLE erasures (certificate TEXT PRIMARY KEY, erasure BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE state (generation INTEGER NOT NULL, ledger_head TEXT NOT NULL, master TEXT NOT NULL);
"""


class KeysFile:
    """One connection to the file, or to a database in memory. Its user takes care that one thread is in it."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._db = sqlite3.connect(path or ":memory:", timeout=30, isolation_level=None, check_same_thread=False)

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

    def run(self, statement: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        """Execute a statement."""
        return self._db.execute(statement, tuple(values))

    def run_many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Execute a statement for each of the rows."""
        self._db.executemany(statement, rows)

    def one(self, statement: str, *values: Any) -> Any:
        """The first row, or None."""
        return self._db.execute(statement, values).fetchone()

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
        busy, _, _ = self.one("PRAGMA wal_checkpoint(TRUNCATE)")
        if busy:
            raise Unavailable("Keys were destroyed, but a reader keeps their last copy on disk: ask again.")

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
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            raise StoreFull("The disk of the key store is full: nothing was changed.") from None
        raise Unavailable("The key store is busy or out of reach: try again.") from error
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt("The key store is damaged: restore it from its backup.") from error

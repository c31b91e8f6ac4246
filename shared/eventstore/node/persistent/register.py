"""Where persistent subscriptions are kept: their settings and places in `subscriptions.db`, in the log's folder.

What is parked is in the log: links in the stream that the server uses too. One node at a time has the register.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from shared.errors import StoreCorrupt, StoreFull, Unavailable
from shared.eventstore.node.persistent.settings import Settings, restored

REGISTER = "subscriptions.db"
_LOCK = "subscriptions.lock"
_FORMAT = 1
_SCHEMA = """CREATE TABLE IF NOT EXISTS groups (
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    checkpoint INTEGER,
    PRIMARY KEY (source, name)
) WITHOUT ROWID"""


class Entry(NamedTuple):
    """A subscription as the register has it. `source` is a stream, or $all."""

    source: str
    name: str
    settings: Settings
    checkpoint: int | None


class Register:
    """The open register of `folder`. Raises `Unavailable` if another node has it. Any thread may use it."""

    def __init__(self, folder: Path) -> None:
        self._lock_file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock_file)
            raise Unavailable("Another node on this folder serves its persistent subscriptions.") from None
        self._lock = Lock()
        try:
            self._connection = sqlite3.connect(folder / REGISTER, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version > _FORMAT:
                raise Unavailable(f"{REGISTER} has format {version}; this program knows formats up to {_FORMAT}.")
            self._connection.execute(_SCHEMA)
            self._connection.execute(f"PRAGMA user_version = {_FORMAT}")
        except sqlite3.DatabaseError as error:
            os.close(self._lock_file)
            raise StoreCorrupt(f"{REGISTER} cannot be used: {error}. Restore or remove it.") from error

    def entries(self) -> list[Entry]:
        """All subscriptions."""
        with self._lock:
            rows = self._connection.execute("SELECT source, name, settings, checkpoint FROM groups").fetchall()
        return [Entry(source, name, restored(settings), checkpoint) for source, name, settings, checkpoint in rows]

    def put(self, source: str, name: str, settings: Settings) -> None:
        """Add a subscription, or change its settings; its place stays."""
        self._write(
            "INSERT INTO groups (source, name, settings) VALUES (?, ?, ?) "
            "ON CONFLICT (source, name) DO UPDATE SET settings = excluded.settings",
            (source, name, settings.stored()),
        )

    def save(self, source: str, name: str, checkpoint: int) -> None:
        """Note how far a subscription has come."""
        self._write("UPDATE groups SET checkpoint = ? WHERE source = ? AND name = ?", (checkpoint, source, name))

    def remove(self, source: str, name: str) -> None:
        """Forget a subscription."""
        self._write("DELETE FROM groups WHERE source = ? AND name = ?", (source, name))

    def close(self) -> None:
        """Let go."""
        with self._lock:
            self._connection.close()
            os.close(self._lock_file)

    def _write(self, statement: str, values: tuple[str | int, ...]) -> None:
        try:
            with self._lock:
                self._connection.execute(statement, values)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
                raise StoreFull("The disk is full. The subscription was not saved.") from error
            raise Unavailable(f"The subscription could not be saved: {error}.") from error

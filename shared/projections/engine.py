"""Where read models are kept: SQLite beside the embedded log, or any database that SQLAlchemy knows by URL."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import StaticPool

_POOL = 16
_BURST = 64  # more readers than that at once wait their turn

_WRITE_LOCK = 0x464D4E  # any number that nobody else uses in that database

_PRAGMAS = (
    "journal_mode = WAL",
    # A power cut may take the last transactions, never half of one: rows go together with their checkpoint,
    # and what is missing is read from the log again. The log itself is what is flushed before it is acknowledged.
    "synchronous = NORMAL",
    "secure_delete = ON",
    "foreign_keys = OFF",
    "busy_timeout = 30000",
    # 64 MB of write-ahead log between checkpoints: a rebuild touches the same pages again and again.
    "wal_autocheckpoint = 16000",
    "cache_size = -32768",
    "temp_store = MEMORY",
)

_CIRCUMSTANCES = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")
_POSTGRES_CIRCUMSTANCES = ("08", "40", "53", "55", "57", "58")  # SQLSTATE classes: connection, deadlock, resources, ...


def read_model_engine(url_or_path: str | Path) -> Engine:
    """An engine for read models and policies: a SQLite file by its path, or a database by its URL.

    A file is created for its owner's eyes alone, and so is its folder.
    """
    text = str(url_or_path)
    url = make_url(text if "://" in text else f"sqlite:///{text}")
    if url.get_backend_name() != "sqlite":
        # A server has so many connections for all processes together.
        return create_engine(url, pool_size=4, max_overflow=_POOL - 4, pool_pre_ping=True, pool_use_lifo=True)
    assert url.database, "read models need a file"  # noqa: S101
    _create_for_owner(Path(url.database))
    engine = create_engine(url, pool_size=_POOL, max_overflow=_BURST - _POOL, pool_use_lifo=True)
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)
    return engine


def engine_in_memory() -> Engine:
    """An engine whose one database is gone when it is disposed of. Not for several threads at once."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _begins_by_itself)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def writing(engine: Engine, *, sort_in_files: bool = False) -> Iterator[Connection]:
    """A transaction that takes the write lock at once, so that what it reads first is still true when it writes.

    PostgreSQL has no such lock for a database, so there it is one of its advisory locks: one writer at a time, too.
    `sort_in_files` is for a large index, which would otherwise take as much memory: SQLite then sorts it in a file
    without a name.
    """
    with (
        engine.connect().execution_options(takes_write_lock=True) as connection,
        _sorting_in_files(connection) if sort_in_files else nullcontext(),
        connection.begin(),
    ):
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")
        yield connection


@contextmanager
def _sorting_in_files(connection: Connection) -> Iterator[None]:
    driver = connection.connection.dbapi_connection  # SQLite changes this before a transaction alone
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    driver.execute("PRAGMA temp_store = FILE")
    try:
        yield
    finally:
        driver.execute("PRAGMA temp_store = MEMORY")


def purge(engine: Engine) -> bool:
    """Empty SQLite's write-ahead log, where deleted rows outlive their deletion. Tells whether nothing is left.

    PostgreSQL frees deleted rows in its own time (autovacuum).
    """
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        return not connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]


def is_circumstance(error: BaseException) -> bool:
    """Whether the database could not be used just now (locked, full, gone), as opposed to refusing a statement."""
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return str(getattr(error.orig, "sqlite_errorname", "")).startswith(_CIRCUMSTANCES)
    state = getattr(error.orig, "sqlstate", None)
    return str(state).startswith(_POSTGRES_CIRCUMSTANCES) if state else isinstance(error, OperationalError)


def _create_for_owner(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its write-ahead log the rights of the file that it belongs to.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _begins_by_itself(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # `begin` below begins; the driver would begin late, and not before DDL


def _prepare_connection(connection: Any, record: object) -> None:
    _begins_by_itself(connection, record)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    takes_lock = connection.get_execution_options().get("takes_write_lock")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if takes_lock else "BEGIN")

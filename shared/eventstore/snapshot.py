"""A copy of a log while it is written to: what was committed at one moment, in a folder of its own."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from shared.errors import Conflict, StoreFull, Unavailable
from shared.eventstore import log
from shared.eventstore.mark import MARK
from shared.privacy.durable import sync_folder


def snapshot(folder: Path, target: Path) -> None:
    """Copy the log in `folder` to `target`, a folder that does not exist yet. On disk when this returns.

    Neither readers nor the writer wait for it. Raises `Conflict` if there is something at `target`, `StoreFull`,
    `Unavailable`, and `StoreCorrupt` for a log that cannot be read.
    """
    try:
        target.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise Conflict(f"There is something in {target} already: name a folder that does not exist yet.") from None
    except OSError as error:
        raise Unavailable(f"The folder {target} cannot be made ({error.strerror}).") from None
    # The mark first: it must never be ahead of its log.
    if (folder / MARK).exists():
        (target / MARK).write_bytes((folder / MARK).read_bytes())
    with closing(log.open_reader(folder)) as source:
        copy_database(source, log.path_of(target))
    for path in target.iterdir():
        path.chmod(0o600)
    sync_folder(target)


def copy_database(source: sqlite3.Connection, target: Path) -> None:
    """Copy an SQLite database that may be in use: one transaction's view of it, in one file, on disk."""
    target.touch(mode=0o600)
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # a file that is whole by itself
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
                raise StoreFull(f"No room for {target}: free some disk and try again.") from None
            raise Unavailable(f"{target.name} cannot be copied now ({error}).") from error
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

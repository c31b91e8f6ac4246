"""The file says what it is, and a program that does not know its format leaves it alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from uuid import uuid4

import pytest

from shared.errors import StoreCorrupt, Unavailable
from shared.eventstore import log
from shared.eventstore.port import NewEvent
from shared.eventstore.sqlite import open_store


def change(folder: Path, statement: str) -> None:
    """Change the closed log in `folder`."""
    connection = sqlite3.connect(log.path_of(folder), isolation_level=None)
    connection.execute(statement)
    connection.close()


def test_a_log_describes_itself(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.append("a", [NewEvent(uuid4(), "t", b"{}")])
        description = store.describe()
    assert (description.format, description.head, description.role) == (log.FORMAT, 1, "owner")
    assert description.bytes > 0
    assert description.refusal is None


def test_a_newer_format_is_refused_with_a_word_on_what_to_do(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    change(tmp_path, f"PRAGMA user_version = {log.NEWEST + 1}")
    with pytest.raises(Unavailable, match=f"has format {log.NEWEST + 1}.*newer program") as refusal:
        open_store(tmp_path)
    assert refusal.value.facts["format"] == log.NEWEST + 1
    assert not isinstance(refusal.value, StoreCorrupt)


def test_another_database_is_not_taken_for_a_log(tmp_path: Path) -> None:
    tmp_path.mkdir(exist_ok=True)
    change(tmp_path, "CREATE TABLE addresses (name TEXT)")
    with pytest.raises(StoreCorrupt, match="not an event log"):
        open_store(tmp_path)


def test_what_is_no_database_is_not_taken_for_a_log(tmp_path: Path) -> None:
    log.path_of(tmp_path).write_bytes(b"minutes of the meeting of 25 May" * 100)
    with pytest.raises(StoreCorrupt):
        open_store(tmp_path)


def test_a_refused_folder_can_be_opened_by_the_next(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    change(tmp_path, f"PRAGMA user_version = {log.NEWEST + 1}")
    with pytest.raises(Unavailable):
        open_store(tmp_path)
    change(tmp_path, f"PRAGMA user_version = {log.FORMAT}")
    with open_store(tmp_path) as store:
        assert store.describe().role == "owner"


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="cannot be used"):
        open_store(tmp_path / "file" / "log")

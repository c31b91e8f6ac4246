"""Vaults to test: the same code over a key store in memory and over one in files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.privacy.keys import SqliteKeyStore
from shared.privacy.master import LocalMasterKeys, new_master_key
from shared.privacy.personal import Place, Retention
from shared.privacy.port import KeyName
from shared.privacy.vault import AesGcmVault, open_vault

NOW = datetime(2026, 5, 25, 10, 0, tzinfo=UTC)


def key_name(subject: str = "person-1", record: str = "case-1", keep: str = Retention.CASE_FILE) -> KeyName:
    """What a key is for."""
    return KeyName(subject, keep, record)


def place(subject: str = "person-1", stream: str = "case-1", field: str = "text", event: str = "e-1") -> Place:
    """Where a value stands."""
    return Place(stream, event, "cases.NoteAdded", field, subject)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installation's folder."""
    return tmp_path / "data"


@pytest.fixture(params=["memory", "files"])
def vault(request: pytest.FixtureRequest, folder: Path) -> Iterator[AesGcmVault]:
    """A vault, once over each kind of key store."""
    vault = AesGcmVault.in_memory() if request.param == "memory" else open_vault(folder)
    yield vault
    assert isinstance(vault.keys, SqliteKeyStore)
    vault.keys.close()


@pytest.fixture
def masters() -> LocalMasterKeys:
    """One master key."""
    text = new_master_key()
    return LocalMasterKeys(lambda: text)

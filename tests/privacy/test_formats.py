"""What was written by the first version opens for ever: these samples must never be changed."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from shared.privacy.documents import DocumentId, Documents
from shared.privacy.keys import SqliteKeyStore
from shared.privacy.ledger import Ledger
from shared.privacy.master import LocalMasterKeys
from shared.privacy.personal import Place
from shared.privacy.port import Destroyed, Erasure, KeyName
from shared.privacy.vault import AesGcmVault

NAME = KeyName("person-1", "case_file", "case-1")
PLACE = Place("case-1", "e-1", "cases.NoteAdded", "text", "person-1")
KEY_ID = bytes(range(16))
MASTER = base64.b64encode(bytes(range(100, 132))).decode()
ERASURE = Erasure(
    "c-1",
    "2026-05-25T10:00:00+00:00",
    destroyed=(Destroyed(KEY_ID.hex(), NAME),),
    kept=(NAME._replace(record="case-2"),),
    subject="person-1",
    closed=(NAME._replace(record="case-3"),),
)

TOKEN = "AQABAgMEBQYHCAkKCwwNDg-RjezWGQSDmFcHmNBXwIYIQzXgFGY2y-F2JK6I4AMcmcaXpwj6cIlagwQd50m60zEE2aeyE-e85HGP"
FINGERPRINT = "fba370beab4c9ee661397c6e81173f1f6b3d2f24dafe22ab0473ac73ccaee8f2"
DOCUMENT = base64.b64decode(
    "Rk1OZG9jAAEAAQIDBAUGBwgJCgsMDQ4P1Kyw+vVSY7x1hSXNTeGOBaO0aB7gdAwwAx0fAuzYBcL0FcmqVHdcFTgWQq2TnFX+BElTboH6xw=="
)
MASTER_ID = "bc5fd0957a10d8c1"
WRAPPED = (
    "41bbc626e8cf145493d94f49a15fb8b51314d0e67bbbeeaef40103cf2cdcc2ed9420388f9a998303e168a9a5db7b65ff9c96"
    "ac22fcd2c3ecc6726093"
)
LEDGER = (
    "d641d1787a32239f011204d21c06259ad13cb90819de0db7eaf99b8eea1f9020 "
    '{"certificate":"c-1","at":"2026-05-25T10:00:00+00:00","subject":"person-1","destroyed":[["0001020304'
    '05060708090a0b0c0d0e0f","person-1","case_file","case-1"]],"kept":[["person-1","case_file","case-2"]]'
    ',"closed":[["person-1","case_file","case-3"]]}'
    "\n"
)


@pytest.fixture
def vault() -> AesGcmVault:
    """A vault over a key store that holds the key of then."""
    keys = SqliteKeyStore(None, LocalMasterKeys(lambda: MASTER))
    keys._file.run("INSERT INTO keys VALUES (1, ?, ?, ?, ?, '2026-05-25', NULL, NULL)", (KEY_ID, *NAME))
    keys._file.run("INSERT INTO wrapped VALUES (1, ?, ?)", (MASTER_ID, bytes.fromhex(WRAPPED)))
    return AesGcmVault(keys)


def test_a_token_of_version_1_opens(vault: AesGcmVault) -> None:
    assert vault.open(TOKEN, PLACE) == {"name": "Rūta"}


def test_a_fingerprint_of_version_1_is_still_the_same(vault: AesGcmVault) -> None:
    assert vault.fingerprint(b"content", [NAME]) == FINGERPRINT


def test_a_document_of_version_1_opens(vault: AesGcmVault, tmp_path: Path) -> None:
    document = DocumentId(hashlib.sha256(DOCUMENT).hexdigest())
    (tmp_path / document[:2]).mkdir()
    (tmp_path / document[:2] / document).write_bytes(DOCUMENT)
    assert b"".join(Documents(tmp_path, vault).get(document)) == b"consent"


def test_a_key_wrapped_by_version_1_unwraps(vault: AesGcmVault) -> None:
    assert vault.keys.by_name(NAME).material == bytes(range(32))


def test_a_ledger_of_version_1_is_read_and_written_the_same(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.append(ERASURE)
    assert ledger.path.read_text() == LEDGER
    assert ledger.entries()[0].erasure == ERASURE

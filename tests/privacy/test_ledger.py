"""The erasure ledger knows what no backup knows, and shows if it was altered."""

from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import Forgotten, Tampered, Unavailable
from shared.privacy.keys import SqliteKeyStore
from shared.privacy.ledger import Ledger
from shared.privacy.personal import FORGOTTEN
from shared.privacy.port import Destroyed, Erasure
from shared.privacy.vault import AesGcmVault, open_keys
from tests.privacy.conftest import NOW, key_name, place


def erasure(number: int) -> Erasure:
    """One of several erasures."""
    name = key_name(f"person-{number}")
    return Erasure(f"c-{number}", NOW.isoformat(), (Destroyed(f"{number:032x}", name),), subject=name.subject)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger of three entries."""
    ledger = Ledger(tmp_path / "apart" / "erasures.ledger")
    for number in range(3):
        ledger.append(erasure(number))
    return ledger


def test_what_was_written_is_read_in_order(ledger: Ledger) -> None:
    assert [entry.erasure for entry in ledger.entries()] == [erasure(number) for number in range(3)]


def test_everything_about_an_erasure_is_kept(ledger: Ledger) -> None:
    written = Erasure(
        "c-9",
        NOW.isoformat(),
        destroyed=(Destroyed("ab" * 16, key_name(record="r-1")),),
        kept=(key_name(record="r-2"),),
        subject="person-1",
        closed=(key_name(record="r-3"),),
    )
    digest = ledger.append(written)
    assert ledger.entry_of("c-9") == (digest, written)


def test_a_ledger_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert Ledger(tmp_path / "none").entries() == []


def test_every_single_bit_that_changes_shows(ledger: Ledger) -> None:
    content, whole = ledger.path.read_bytes(), ledger.entries()
    for bit in range(len(content) * 8):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        ledger.path.write_bytes(changed)
        try:
            entries = ledger.entries()
        except Tampered:
            continue
        # Only the last line's end can go: that reads as a line that was never finished, and the key store misses it.
        assert entries == whole[:-1]
        assert bit // 8 == len(content) - 1


def test_an_entry_dropped_repeated_or_moved_shows(ledger: Ledger) -> None:
    one, two, three = ledger.path.read_bytes().splitlines(keepends=True)
    for lines in ([one, three], [two, three], [one, one, two, three], [two, one, three], [one, three, two]):
        ledger.path.write_bytes(b"".join(lines))
        with pytest.raises(Tampered):
            ledger.entries()


def test_nothing_is_written_upon_a_broken_chain(ledger: Ledger) -> None:
    ledger.path.write_bytes(ledger.path.read_bytes()[1:])
    with pytest.raises(Tampered):
        ledger.append(erasure(3))


def test_half_a_line_is_no_entry_and_the_next_one_takes_its_place(ledger: Ledger) -> None:
    content = ledger.path.read_bytes()
    ledger.path.write_bytes(content + content[: len(content) // 6])
    assert len(ledger.entries()) == 3
    ledger.append(erasure(3))
    assert [entry.erasure for entry in ledger.entries()] == [erasure(number) for number in range(4)]


def test_many_may_write_at_once(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: Ledger(ledger.path).append(erasure(number)), range(3, 33)))
    assert {entry.erasure.certificate for entry in ledger.entries()} == {f"c-{number}" for number in range(33)}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary() | st.text('0af {}[]":,\n', max_size=200).map(str.encode))
def test_a_file_of_anything_else_is_refused_as_tampered(tmp_path: Path, content: bytes) -> None:
    ledger = Ledger(tmp_path / "ledger")
    ledger.path.write_bytes(content)
    if b"\n" in content:
        with pytest.raises(Tampered):
            ledger.entries()
    else:
        assert ledger.entries() == []


def test_a_restored_log_learns_which_certificates_it_lacks(ledger: Ledger) -> None:
    assert ledger.unknown_to({"c-0", "c-2", "c-7"}) == [erasure(1)]


def test_a_ledger_that_cannot_be_written_destroys_nothing(folder: Path) -> None:
    with closing(open_keys(folder)) as keys:
        vault = AesGcmVault(keys)
        vault.prepare([key_name()])
        token = vault.seal("text", key_name(), place())
        (folder / "erasures.ledger").mkdir()
        with pytest.raises(Unavailable):
            keys.forget("person-1", destroy=[key_name()], keep=[], certificate="c-1", at=NOW)
        assert vault.open(token, place()) == "text"
        vault.prepare([key_name(record="case-2")])


class Installation:
    """A folder with a token of each of two people, one of whom was forgotten after the backup was taken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.backup = folder.with_name("backup")
        with closing(open_keys(folder)) as keys:
            vault = AesGcmVault(keys)
            vault.prepare([key_name(), key_name("person-2")])
            self.hers = vault.seal("hers", key_name(), place())
            self.his = vault.seal("his", key_name("person-2"), place("person-2"))
        shutil.copytree(folder / "keys", self.backup)
        with closing(open_keys(folder)) as keys:
            keys.create([key_name(record="late")])
            self.late = AesGcmVault(keys).seal("late", key_name(record="late"), place())
            keys.forget("person-1", destroy=[key_name(), key_name(record="late")], keep=[], certificate="c-1", at=NOW)

    def restore_the_keys(self) -> None:
        """An operator puts the older key store back."""
        shutil.rmtree(self.folder / "keys")
        shutil.copytree(self.backup, self.folder / "keys")


@pytest.fixture
def installation(folder: Path) -> Installation:
    """See the class."""
    return Installation(folder)


def test_an_older_key_store_forgets_again_before_it_answers(installation: Installation) -> None:
    installation.restore_the_keys()
    with closing(open_keys(installation.folder)) as keys:
        vault = AesGcmVault(keys)
        assert vault.open(installation.hers, place()) is FORGOTTEN
        assert vault.open(installation.his, place("person-2")) == "his"
        assert [erasure.certificate for erasure in keys.redone] == ["c-1"]
        with pytest.raises(Forgotten):
            vault.prepare([key_name(record="new")])


def test_a_key_made_after_the_backup_reads_as_forgotten_too(installation: Installation) -> None:
    installation.restore_the_keys()
    with closing(open_keys(installation.folder)) as keys:
        assert AesGcmVault(keys).open(installation.late, place()) is FORGOTTEN


def test_what_an_older_key_store_brought_back_is_purged_from_its_file(installation: Installation) -> None:
    with closing(sqlite3.connect(f"file:{installation.backup / 'keys.db'}?immutable=1", uri=True)) as backup:
        query = "SELECT bytes FROM keys JOIN wrapped USING (n) WHERE subject = ?"
        (hers,), (his,) = (backup.execute(query, (subject,)).fetchone() for subject in ("person-1", "person-2"))
    installation.restore_the_keys()
    with closing(open_keys(installation.folder)):
        restored = b"".join(path.read_bytes() for path in (installation.folder / "keys").iterdir())
    assert hers not in restored
    assert his in restored


def test_an_ordinary_start_has_nothing_to_do_again(installation: Installation) -> None:
    with closing(open_keys(installation.folder)) as keys:
        before = keys.generation()
        assert keys.redone == []
    with closing(open_keys(installation.folder)) as keys:
        assert keys.generation() == before


@pytest.mark.parametrize("left", [0, 1])
def test_a_ledger_that_was_cut_stops_the_start(installation: Installation, left: int) -> None:
    with closing(open_keys(installation.folder)) as keys:
        keys.shred([key_name("person-2")], certificate="c-2", at=NOW)
    path = installation.folder / "erasures.ledger"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:left]))
    with pytest.raises(Tampered):
        open_keys(installation.folder)


def test_a_lost_ledger_stops_the_start(installation: Installation) -> None:
    (installation.folder / "erasures.ledger").unlink()
    with pytest.raises(Tampered):
        open_keys(installation.folder)


def test_a_key_store_begun_anew_still_refuses_the_forgotten(installation: Installation) -> None:
    shutil.rmtree(installation.folder / "keys")
    with closing(open_keys(installation.folder)) as keys, pytest.raises(Forgotten):
        keys.create([key_name()])


def decided(keys: SqliteKeyStore) -> Erasure:
    """A process wrote an erasure to the ledger and died: one key is to go, the other is held."""
    keys.create([key_name(), key_name(record="held")])
    gone = Destroyed(keys.by_name(key_name()).id.hex(), key_name())
    erasure = Erasure("c-1", NOW.isoformat(), (gone,), kept=(key_name(record="held"),), subject="person-1")
    assert keys.ledger is not None
    keys.ledger.append(erasure)
    return erasure


def test_what_the_ledger_says_is_done_even_if_a_repeat_asks_otherwise(folder: Path) -> None:
    with closing(open_keys(folder)) as keys:
        erasure = decided(keys)
        answer = keys.forget(
            "person-1", destroy=[key_name(), key_name(record="held")], keep=[], certificate="c-1", at=NOW
        )
        assert answer == erasure
        assert [fact.destroyed is None for fact in keys.keys_of("person-1")] == [False, True]
        assert keys.ledger is not None and len(keys.ledger.entries()) == 1


def test_any_other_erasure_first_finishes_what_was_cut_short(folder: Path) -> None:
    with closing(open_keys(folder)) as keys:
        decided(keys)
        keys.shred([key_name("person-2")], certificate="c-2", at=NOW)
        with pytest.raises(Forgotten):
            keys.by_name(key_name())


def test_a_key_made_between_the_death_and_the_next_start_goes_too(folder: Path) -> None:
    with closing(open_keys(folder)) as keys:
        vault = AesGcmVault(keys)
        decided(keys)
        vault.prepare([key_name(record="meanwhile")])
        token = vault.seal("meanwhile", key_name(record="meanwhile"), place())
    with closing(open_keys(folder)) as keys:
        assert AesGcmVault(keys).open(token, place()) is FORGOTTEN
        assert [fact.name.record for fact in keys.keys_of("person-1") if fact.destroyed is None] == ["held"]

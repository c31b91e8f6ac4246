"""Where keys live: what their files hold, what a rotation moves, and what damage does."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import ForgetMeNotError, Forgotten, StoreCorrupt, StoreFull, Tampered, Unavailable
from shared.privacy.keys import SqliteKeyStore
from shared.privacy.master import LocalMasterKeys, add_master_key, master_keys_from_file, retire_master_keys
from shared.privacy.personal import FORGOTTEN
from shared.privacy.port import KeyName
from shared.privacy.vault import AesGcmVault, open_keys
from tests.privacy.conftest import NOW, key_name, place


@pytest.fixture
def keys(folder: Path) -> Iterator[SqliteKeyStore]:
    """An installation's key store."""
    with closing(open_keys(folder)) as keys:
        yield keys


def wrapped(folder: Path) -> dict[str, bytes]:
    """The wrapped bytes of every live key, by key id."""
    with closing(sqlite3.connect(folder / "keys" / "keys.db")) as db:
        rows = db.execute("SELECT id, bytes FROM keys JOIN wrapped USING (n) WHERE destroyed IS NULL")
        return {row[0].hex(): row[1] for row in rows}


def on_disk(folder: Path) -> bytes:
    """All that an installation has written, the write-ahead log included."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def people(number: int) -> list[KeyName]:
    """Three keys each, so that they fill many pages."""
    return [key_name(f"person-{n}", f"record-{r}") for n in range(number) for r in range(3)]


def test_a_data_key_is_on_disk_in_no_form_but_wrapped(folder: Path, keys: SqliteKeyStore) -> None:
    keys.create([key_name()])
    material = keys.by_name(key_name()).material
    assert material is not None
    assert material not in on_disk(folder)
    assert next(iter(wrapped(folder).values())) in on_disk(folder)


def test_after_a_destruction_its_wrapped_bytes_are_in_no_file(folder: Path, keys: SqliteKeyStore) -> None:
    names = people(300)
    for start in range(0, len(names), 7):
        keys.create(names[start : start + 7])
    before = wrapped(folder)
    destroyed: set[str] = set()
    for number in range(0, 300, 2):
        facts = keys.keys_of(f"person-{number}")
        keys.forget(
            f"person-{number}", destroy=[fact.name for fact in facts], keep=[], certificate=f"c-{number}", at=NOW
        )
        destroyed |= {fact.id for fact in facts}
        if number % 100 == 98:
            disk = on_disk(folder)
            assert not [key_id for key_id in destroyed if before[key_id] in disk]
    # Half the nonce or of the tag would be found too: no part of a page kept an old copy.
    assert not [key_id for key_id in destroyed if before[key_id][:12] in disk or before[key_id][-16:] in disk]
    assert all(before[key_id] in disk for key_id in before.keys() - destroyed)


def test_after_a_rotation_no_file_holds_what_an_older_master_unwraps(folder: Path, keys: SqliteKeyStore) -> None:
    names = people(200)
    keys.create(names)
    before, materials = wrapped(folder), [keys.by_name(name).material for name in names]
    add_master_key(folder / "master.key")
    assert keys.rewrap(batch=7) == len(names)
    disk = on_disk(folder)
    assert not [key_id for key_id, old in before.items() if old in disk]
    assert [keys.by_name(name).material for name in names] == materials


def test_a_rotation_that_was_broken_off_goes_on_where_it_stopped(folder: Path, keys: SqliteKeyStore) -> None:
    keys.create(people(10))
    add_master_key(folder / "master.key")

    class PowerCut(Exception):
        pass

    class Masters(LocalMasterKeys):
        left = 12

        def wrap(self, master: str, material: bytes, bound: bytes) -> bytes:
            if material:
                self.left -= 1
                if not self.left:
                    raise PowerCut
            return super().wrap(master, material, bound)

    path = folder / "keys" / "keys.db"
    cut = SqliteKeyStore(path, Masters((folder / "master.key").read_text))
    with closing(cut), pytest.raises(PowerCut):
        cut.rewrap(batch=5)
    assert len(keys.masters_in_use()) == 2
    assert keys.rewrap(batch=5) == 20
    assert len(keys.masters_in_use()) == 1


def test_values_stay_readable_through_a_rotation_in_a_process_that_knows_nothing_of_it(
    folder: Path, keys: SqliteKeyStore
) -> None:
    with closing(open_keys(folder)) as elsewhere:
        vault = AesGcmVault(elsewhere)
        vault.prepare([key_name()])
        token = vault.seal("text", key_name(), place())
        add_master_key(folder / "master.key")
        keys.rewrap()
        assert retire_master_keys(folder / "master.key", keys.masters_in_use()) != []
        fresh = AesGcmVault(elsewhere)
        assert fresh.open(token, place()) == "text"
        fresh.prepare([key_name("person-2")])
    assert keys.masters_in_use() == {master_keys_from_file(folder / "master.key").newest()}


def test_a_retired_master_makes_older_backups_of_the_keys_useless(folder: Path, keys: SqliteKeyStore) -> None:
    keys.create([key_name()])
    keys.close()
    backup = (folder / "keys" / "keys.db").read_bytes()
    with closing(open_keys(folder)) as rotated:
        add_master_key(folder / "master.key")
        rotated.rewrap()
        retire_master_keys(folder / "master.key", rotated.masters_in_use())
    (folder / "keys" / "keys.db").write_bytes(backup)
    with pytest.raises(Unavailable):
        open_keys(folder)


def test_a_lost_master_key_is_not_silently_replaced(folder: Path, keys: SqliteKeyStore) -> None:
    keys.close()
    (folder / "master.key").unlink()
    with pytest.raises(Unavailable):
        open_keys(folder)
    assert not (folder / "master.key").exists()


def test_a_wrapped_key_moved_to_another_name_does_not_unwrap(folder: Path, keys: SqliteKeyStore) -> None:
    keys.create([key_name("person-1"), key_name("person-2")])
    with closing(sqlite3.connect(folder / "keys" / "keys.db")) as db:
        db.execute("UPDATE wrapped SET bytes = (SELECT bytes FROM wrapped WHERE n = 1) WHERE n = 2")
        db.commit()
    with pytest.raises(Tampered):
        keys.by_name(key_name("person-2"))


def test_a_destroyed_key_marked_as_living_again_is_still_gone(folder: Path, keys: SqliteKeyStore) -> None:
    keys.create([key_name()])
    key_id = keys.by_name(key_name()).id
    keys.shred([key_name()], certificate="c-1", at=NOW)
    with closing(sqlite3.connect(folder / "keys" / "keys.db")) as db:
        db.execute("UPDATE keys SET destroyed = NULL")
        db.commit()
    with pytest.raises(Tampered):
        keys.by_id(key_id)


def test_a_destruction_that_cannot_purge_the_disk_says_so_and_is_finished_by_a_repeat(folder: Path) -> None:
    open_keys(folder).close()
    path = folder / "keys" / "keys.db"
    with closing(SqliteKeyStore(path, master_keys_from_file(folder / "master.key"), patience=0.05)) as keys:
        keys.create([key_name()])
        old = next(iter(wrapped(folder).values()))
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM keys").fetchall()
            with pytest.raises(Unavailable):
                keys.shred([key_name()], certificate="c-1", at=NOW)
            assert old in on_disk(folder)
        keys.shred([key_name()], certificate="c-1", at=NOW)
        assert old not in on_disk(folder)


_OTHER_PROCESS = """
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from shared.privacy.vault import open_vault
from tests.privacy.conftest import key_name, place

vault = open_vault(Path(sys.argv[1]))
for token in sys.stdin:
    print(repr(vault.open(token.strip(), place())), flush=True)
"""


def test_a_process_that_has_a_key_in_its_cache_does_not_open_after_another_destroyed_it(
    folder: Path, keys: SqliteKeyStore
) -> None:
    vault = AesGcmVault(keys)
    vault.prepare([key_name()])
    token = vault.seal("text", key_name(), place())
    with subprocess.Popen(
        [sys.executable, "-c", _OTHER_PROCESS, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None and other.stdout is not None

        def opens() -> str:
            assert other.stdin is not None and other.stdout is not None
            print(token, file=other.stdin, flush=True)
            return other.stdout.readline().strip()

        assert [opens(), opens()] == ["'text'", "'text'"]
        keys.shred([key_name()], certificate="c-1", at=NOW)
        assert opens() == repr(FORGOTTEN)
        other.stdin.close()


def test_many_processes_may_start_at_once(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from shared.privacy.vault import open_vault\n"
        "from tests.privacy.conftest import key_name\n"
        "vault = open_vault(Path(sys.argv[1])); vault.prepare([key_name()])\n"
        "print(vault.fingerprint(b'x', [key_name()]))"
    )
    starting = [
        subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    answers = [process.communicate()[0] for process in starting]
    assert len(set(answers)) == 1 and answers[0]


def test_another_format_is_refused(folder: Path, keys: SqliteKeyStore) -> None:
    keys._file.run("PRAGMA user_version = 99")
    with pytest.raises(Unavailable, match="format 99"):
        open_keys(folder)


def test_a_file_that_is_no_key_store_is_refused(folder: Path, keys: SqliteKeyStore) -> None:
    keys.close()
    (folder / "keys" / "keys.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(StoreCorrupt):
        open_keys(folder)


@settings(max_examples=60, deadline=None)
@given(damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=20))
def test_damage_anywhere_in_the_key_store_gives_our_errors_and_never_another_key(
    damage: list[tuple[float, int]],
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "keys" / "keys.db"
        with closing(open_keys(Path(folder))) as whole:
            vault = AesGcmVault(whole)
            vault.prepare([key_name(), key_name("person-2")])
            token = vault.seal("text", key_name(), place())
        content = bytearray(path.read_bytes())
        for where, value in damage:
            content[int(where * len(content))] = value
        path.write_bytes(content)
        with contextlib.suppress(ForgetMeNotError), closing(open_keys(Path(folder))) as damaged:
            vault = AesGcmVault(damaged)
            assert vault.open(token, place()) in ("text", FORGOTTEN)
            vault.prepare([key_name("person-3")])
            damaged.shred([key_name()], certificate="c-1", at=NOW)
            damaged.keys_of("person-1")


def test_facts_about_keys_hold_no_key(keys: SqliteKeyStore) -> None:
    keys.create([key_name()])
    material = keys.by_name(key_name()).material
    assert material is not None
    assert material.hex() not in json.dumps(keys.keys_of("person-1"))


def test_threads_that_ask_at_once_each_get_their_keys_or_their_own_refusal(keys: SqliteKeyStore) -> None:
    gone = KeyName("gone", "legal", "r-1")
    keys.forget("gone", destroy=[], keep=[], certificate="c-gone", at=NOW)
    shared = key_name("somebody", "record-0")
    wanted = [[shared, name] if number % 4 else [name, gone] for number, name in enumerate(people(60))]

    def make(names: list[KeyName]) -> bool:
        try:
            keys.create(names)
        except Forgotten:
            return False
        return all(keys.by_name(name).material for name in names)

    with ThreadPoolExecutor(16) as threads:
        made = list(threads.map(make, wanted))
    assert made == [number % 4 != 0 for number in range(len(wanted))]
    there = {facts.name for subject in keys.subjects() for facts in keys.keys_of(subject)}
    assert there == {name for names in wanted if gone not in names for name in names}


def test_keys_that_could_not_be_made_are_refused_to_everybody_who_asked_and_made_later(
    keys: SqliteKeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = people(10)

    def full(self: object, wanted: object, master: str) -> None:
        raise StoreFull("The disk of the key store is full: nothing was changed.")

    def refused(name: KeyName) -> bool:
        try:
            keys.create([name])
        except StoreFull:
            return True
        return False

    with monkeypatch.context() as patched, ThreadPoolExecutor(16) as threads:
        patched.setattr(SqliteKeyStore, "_make", full)
        assert all(threads.map(refused, names))
    assert not keys.subjects()
    keys.create(names)
    assert len(keys.subjects()) == 10

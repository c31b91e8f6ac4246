"""The embedded key store: every data key, wrapped by a master key, in one SQLite file of its own.

Each key is 256 random bits for one subject, retention class and record. Destroying one overwrites its wrapped
bytes in place and empties the write-ahead log, so that they are in none of the store's files any more; the row
stays and says when and under which certificate.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.errors import Conflict, Forgotten, Invalid, NotFound, StoreCorrupt, Tampered
from shared.privacy.generation import Generation
from shared.privacy.keys_file import KeysFile, translated
from shared.privacy.ledger import Entry, Ledger, decode, encode
from shared.privacy.port import Destroyed, Erasure, KeyFacts, KeyName, MasterKeys, StoredKey

KEY_BYTES = 32
ID_BYTES = 16
PROBE = b"forgetmenot probe"  # what a master key is tried with at the start

_KEY = "SELECT id, subject, keep, record, destroyed, master, bytes FROM keys LEFT JOIN wrapped USING (n) "


@dataclass(slots=True)
class _Wanted:
    """Keys that a thread asks for, and what became of it."""

    names: list[KeyName]
    settled: bool = False
    refusal: Exception | None = None


class SqliteKeyStore:
    """Data keys in a SQLite file, or in memory without a path. Threads and processes share it.

    Opening it first does again what the ledger records and the store does not know: a deed that was cut short,
    or one that an older backup undid. `redone` lists those, whose read models must be purged again. It waits
    `patience` seconds for other processes before it raises `Unavailable`.
    """

    def __init__(
        self,
        path: Path | None,
        masters: MasterKeys,
        ledger: Ledger | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: float = 30.0,
    ) -> None:
        self._masters = masters
        self.ledger = ledger
        self._clock = clock
        self._lock = threading.RLock()
        self._wanted: deque[_Wanted] = deque()
        self._file = KeysFile(path, patience)
        self._generation = Generation(path and path.with_name("generation"))
        try:
            with translated():
                with self._generation.alone():
                    self._file.prepare(masters.newest)
                self._require_masters()
                self._generation.settle(self._file.state("generation"))
                self.redone = self._catch_up()
                self._file.purge()
        except BaseException:
            self.close()
            raise

    def create(self, names: Iterable[KeyName]) -> None:
        """Make the keys that are not there yet, all in one commit. Raises `Forgotten`, and then makes none.

        Threads that ask at once share the commit of whoever comes first.
        """
        mine = _Wanted(sorted(set(names)))
        self._wanted.append(mine)
        with self._lock:
            if not mine.settled:
                together = list(self._wanted)
                self._settle(together)
                for _ in together:
                    self._wanted.popleft()
        if mine.refusal:
            raise copy(mine.refusal)

    def _settle(self, together: Sequence[_Wanted]) -> None:
        try:
            with translated(), self._file.writing():
                master = self._file.state("master")
                for one in together:
                    self._make(one, master)
        except Exception as error:
            for one in together:
                one.refusal = one.refusal or error
        for one in together:
            one.settled = True

    def _make(self, wanted: _Wanted, master: str) -> None:
        try:
            for name in wanted.names:
                self._refuse_forgotten(name)
        except Forgotten as refusal:
            wanted.refusal = refusal
            return
        for name in wanted.names:
            if self._live(name) is None:
                self._insert(name, master)

    def by_name(self, name: KeyName) -> StoredKey:
        """The live key of that name. Raises `Forgotten`, or `NotFound` if it was never made."""
        with self._lock, translated():
            row = self._file.one(_KEY + "WHERE subject = ? AND keep = ? AND record = ? AND destroyed IS NULL", *name)
            # Second, so that a destruction in between is told as one.
            self._refuse_forgotten(name)
        if row is None:
            raise NotFound("There is no key of this name yet: prepare it before sealing.")
        return self._unwrapped(row)

    def by_id(self, key_id: bytes) -> StoredKey:
        """The key with that id, without its material if it has been destroyed. Raises `NotFound`."""
        with self._lock, translated():
            row = self._file.one(_KEY + "WHERE id = ?", key_id)
        if row is None:
            raise NotFound("The key store does not know this key.")
        return self._unwrapped(row)

    def keys_of(self, subject: str) -> list[KeyFacts]:
        """Every key that a subject has or had, oldest first."""
        with self._lock, translated():
            rows = self._file.run(
                "SELECT id, keep, record, created, destroyed, certificate FROM keys WHERE subject = ? ORDER BY n",
                (subject,),
            ).fetchall()
        return [KeyFacts(row[0].hex(), KeyName(subject, row[1], row[2]), *row[3:]) for row in rows]

    def subjects(self) -> list[str]:
        """Everybody who has a key that lives."""
        with self._lock, translated():
            rows = self._file.run("SELECT DISTINCT subject FROM keys WHERE destroyed IS NULL ORDER BY subject")
            return [row[0] for row in rows]

    def is_forgotten(self, subject: str) -> bool:
        """Whether a whole person was forgotten; some of their keys may still be kept."""
        with self._lock, translated():
            return self._file.one("SELECT 1 FROM forgotten WHERE subject = ?", subject) is not None

    def erasure_of(self, certificate: str) -> Erasure | None:
        """What was destroyed under a certificate; None if nothing was."""
        with self._lock, translated():
            known = self._file.one("SELECT erasure FROM erasures WHERE certificate = ?", certificate)
        return None if known is None else decode(known[0])

    def ledger_hash(self, certificate: str) -> str | None:
        """The hash of the erasure ledger's entry under a certificate; None if there is none, or no ledger."""
        entry = self.ledger and self.ledger.entry_of(certificate)
        return entry.hash if entry else None

    def forget(
        self, subject: str, *, destroy: Iterable[KeyName], keep: Iterable[KeyName], certificate: str, at: datetime
    ) -> Erasure:
        """Forget a person: destroy these keys, keep those, and never make another. See the port."""
        doomed, held = frozenset(destroy), frozenset(keep)
        if doomed & held or any(name.subject != subject for name in doomed | held):
            raise Invalid("A key is either destroyed or kept, and belongs to the subject that is forgotten.")

        def decide() -> Erasure:
            rows = self._file.run(
                "SELECT subject, keep, record FROM keys WHERE subject = ? AND destroyed IS NULL", (subject,)
            )
            live = {KeyName(*row) for row in rows}
            if live - doomed - held:
                raise Conflict("New records of this person were made since the dry run: run it again.")
            return Erasure(
                certificate, at.isoformat(), self._destroyed(doomed), kept=tuple(sorted(live & held)), subject=subject
            )

        return self._erase(certificate, decide, doomed, subject)

    def shred(self, names: Iterable[KeyName], *, certificate: str, at: datetime, closed: bool = True) -> Erasure:
        """Destroy these keys alone; unless `closed=False` (retention) the names never get a key again."""
        doomed = frozenset(names)

        def decide() -> Erasure:
            return Erasure(
                certificate, at.isoformat(), self._destroyed(doomed), closed=tuple(sorted(doomed)) if closed else ()
            )

        return self._erase(certificate, decide, doomed, None)

    def rewrap(self, batch: int = 500) -> int:
        """Wrap every key with the newest master key; answers how many were moved.

        The log is not touched. It goes batch by batch, other processes work on, and after a break it is simply
        run again. At the end no file of the store holds bytes that an older master unwraps.
        """
        master = self._masters.newest()
        with self._lock, translated(), self._file.writing():
            self._file.run("UPDATE state SET master = ?", (master,))
        moved, last = 0, 0
        while rows := self._rewrap_after(last, master, batch):
            moved, last = moved + len(rows), rows[-1]
        with self._lock, translated():
            self._file.purge()
        return moved

    def masters_in_use(self) -> set[str]:
        """The ids of the master keys that a key is wrapped with, or that the next one will be."""
        with self._lock, translated():
            rows = self._file.run(
                "SELECT DISTINCT master FROM wrapped JOIN keys USING (n) WHERE destroyed IS NULL "
                "UNION SELECT master FROM state"
            )
            return {row[0] for row in rows}

    def generation(self) -> int:
        """Changes with each destruction in any process; odd while one is under way."""
        return self._generation.read()

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._file.close()
            self._generation.close()

    def _erase(
        self, certificate: str, decide: Callable[[], Erasure], names: frozenset[KeyName], subject: str | None
    ) -> Erasure:
        with self._lock, translated():
            with self._generation.changing(), self._file.writing():
                # What stands in the ledger is decided: finish it before deciding anything new.
                self._redo(self._unknown_erasures())
                known = self._file.one("SELECT erasure FROM erasures WHERE certificate = ?", certificate)
                if known is None:
                    erasure = decide()
                    head = self.ledger.append(erasure) if self.ledger else ""
                    self._redo([Entry(head, erasure)])
                else:
                    erasure = decode(known[0])
                    if erasure.subject != subject or any(key.name not in names for key in erasure.destroyed):
                        raise Conflict("This certificate was issued for another erasure.", certificate=certificate)
            self._file.purge()
            return erasure

    def _rewrap_after(self, last: int, master: str, batch: int) -> list[int]:
        with self._lock, translated(), self._file.writing():
            rows = self._file.run(
                "SELECT n, id, subject, keep, record, master, bytes FROM keys JOIN wrapped USING (n) "
                "WHERE n > ? AND destroyed IS NULL AND master != ? ORDER BY n LIMIT ?",
                (last, master, batch),
            ).fetchall()
            for n, key_id, *name, older, wrapped in rows:
                bound = _bound(key_id, KeyName(*name))
                fresh = self._masters.wrap(master, self._masters.unwrap(older, wrapped, bound), bound)
                self._file.run("UPDATE wrapped SET master = ?, bytes = ? WHERE n = ?", (master, fresh, n))
            return [row[0] for row in rows]

    def _destroyed(self, names: Iterable[KeyName]) -> tuple[Destroyed, ...]:
        live = ((self._live(name), name) for name in sorted(names))
        return tuple(Destroyed(key_id.hex(), name) for key_id, name in live if key_id is not None)

    def _catch_up(self) -> list[Erasure]:
        if not self._unknown_erasures():
            return []
        with self._generation.changing(), self._file.writing():
            entries = self._unknown_erasures()
            self._redo(entries)
        return [entry.erasure for entry in entries]

    def _unknown_erasures(self) -> list[Entry]:
        """The ledger's entries of which this store knows less. Raises `Tampered` if the ledger knows less."""
        if self.ledger is None:
            return []
        # In this order: another process writes its entry before it tells the store.
        head = self._file.state("ledger_head")
        entries = self.ledger.entries()
        if head and all(entry.hash != head for entry in entries):
            raise Tampered("The erasure ledger lacks an entry that the key store has seen: restore its own copy.")
        return [entry for entry in entries if self._knows_less(entry.erasure)]

    def _redo(self, entries: list[Entry]) -> None:
        for head, erasure in entries:
            self._apply(erasure)
            self._file.run("UPDATE state SET ledger_head = ?", (head,))

    def _apply(self, erasure: Erasure) -> None:
        if erasure.subject is not None:
            self._file.run("INSERT OR IGNORE INTO forgotten VALUES (?)", (erasure.subject,))
        self._file.run_many("INSERT OR IGNORE INTO closed VALUES (?, ?, ?)", erasure.closed)
        for key_id, name in [*erasure.destroyed, *self._overlooked(erasure)]:
            # A key that an older backup does not know is written as destroyed: its tokens then read as forgotten.
            self._file.run(
                "INSERT OR IGNORE INTO keys (id, subject, keep, record, created, destroyed, certificate) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (bytes.fromhex(key_id), *name, erasure.at, erasure.at, erasure.certificate),
            )
            self._file.run(
                "UPDATE wrapped SET bytes = zeroblob(length(bytes)) WHERE n = (SELECT n FROM keys WHERE id = ?)",
                (bytes.fromhex(key_id),),
            )
            self._file.run(
                "UPDATE keys SET destroyed = ?, certificate = ? WHERE id = ? AND destroyed IS NULL",
                (erasure.at, erasure.certificate, bytes.fromhex(key_id)),
            )
        self._file.run("INSERT OR IGNORE INTO erasures VALUES (?, ?)", (erasure.certificate, encode(erasure)))
        self._file.run("UPDATE state SET generation = ?", (self._generation.read() + 1,))

    def _knows_less(self, erasure: Erasure) -> bool:
        if self._file.one("SELECT 1 FROM erasures WHERE certificate = ?", erasure.certificate) is None:
            return True
        alive = "SELECT 1 FROM keys WHERE id = ? AND destroyed IS NULL"
        return bool(self._overlooked(erasure)) or any(
            self._file.one(alive, bytes.fromhex(key.id)) is not None for key in erasure.destroyed
        )

    def _overlooked(self, erasure: Erasure) -> list[Destroyed]:
        """Live keys of a forgotten subject that were not kept: made after a crash left the deed undone."""
        rows = self._file.run(
            "SELECT id, subject, keep, record FROM keys WHERE subject = ? AND destroyed IS NULL", (erasure.subject,)
        )
        live = [Destroyed(row[0].hex(), KeyName(*row[1:])) for row in rows.fetchall()]
        return [key for key in live if key.name not in erasure.kept and key not in erasure.destroyed]

    def _insert(self, name: KeyName, master: str) -> None:
        key_id = os.urandom(ID_BYTES)
        wrapped = self._masters.wrap(master, os.urandom(KEY_BYTES), _bound(key_id, name))
        row = self._file.run(
            "INSERT INTO keys (id, subject, keep, record, created) VALUES (?, ?, ?, ?, ?)",
            (key_id, *name, self._clock().isoformat()),
        )
        self._file.run("INSERT INTO wrapped VALUES (?, ?, ?)", (row.lastrowid, master, wrapped))

    def _live(self, name: KeyName) -> bytes | None:
        row = self._file.one(
            "SELECT id FROM keys WHERE subject = ? AND keep = ? AND record = ? AND destroyed IS NULL", *name
        )
        return None if row is None else bytes(row[0])

    def _refuse_forgotten(self, name: KeyName) -> None:
        if self._file.one("SELECT 1 FROM forgotten WHERE subject = ?", name.subject):
            raise Forgotten("This person has been forgotten: nothing new can be recorded under their id.")
        if self._file.one("SELECT 1 FROM closed WHERE subject = ? AND keep = ? AND record = ?", *name):
            raise Forgotten("This record has been shredded: nothing new can be recorded in it.")

    def _unwrapped(self, row: Any) -> StoredKey:
        key_id, subject, keep, record, destroyed, master, wrapped = row
        name = KeyName(subject, keep, record)
        if destroyed is not None:
            return StoredKey(key_id, name, None)
        if not isinstance(wrapped, bytes):
            raise StoreCorrupt("The key store has lost a key: restore it from its backup.")
        return StoredKey(key_id, name, self._masters.unwrap(master, wrapped, _bound(key_id, name)))

    def _require_masters(self) -> None:
        for master in sorted(self.masters_in_use()):
            self._masters.unwrap(master, self._masters.wrap(master, bytes(KEY_BYTES), PROBE), PROBE)


def _bound(key_id: bytes, name: KeyName) -> bytes:
    """What a wrapped key is bound to, so that it cannot be moved to another name. A storage format: never change it."""
    return b"forgetmenot key 1 " + key_id + "".join(f"{len(part)}:{part}" for part in name).encode()

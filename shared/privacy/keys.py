"""The embedded key store: every data key, wrapped by a master key, in one SQLite file of its own.

Each key is 256 random bits for one subject, retention class and record. Destroying one overwrites its wrapped
bytes in place and empties the write-ahead log, so that they are in none of the store's files any more; the row
stays and says when and under which certificate.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.errors import Conflict, Forgotten, Invalid, NotFound, StoreCorrupt, StoreFull, Unavailable
from shared.privacy.generation import Generation
from shared.privacy.ledger import decode, encode
from shared.privacy.port import Destroyed, Erasure, KeyFacts, KeyName, MasterKeys, StoredKey

FORMAT = 1
KEY_BYTES = 32
ID_BYTES = 16

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
_KEY = "SELECT id, subject, keep, record, destroyed, master, bytes FROM keys LEFT JOIN wrapped USING (n) "


class SqliteKeyStore:
    """Data keys in a SQLite file, or in memory without a path. Threads and processes share it.

    `record` writes an erasure to the ledger and answers the entry's hash; it is called before a key is destroyed.
    """

    def __init__(
        self,
        path: Path | None,
        masters: MasterKeys,
        record: Callable[[Erasure], str] = lambda erasure: "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._masters = masters
        self._record = record
        self._clock = clock
        self._lock = threading.RLock()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._generation = Generation(path and path.with_name("generation"))
        with _translated():
            self._db = sqlite3.connect(
                path or ":memory:", timeout=30, isolation_level=None, check_same_thread=False, cached_statements=64
            )
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY"):
                self._db.execute(f"PRAGMA {pragma}")
            self._create_schema()
            self._require_masters()
            self._generation.settle(self._one("SELECT generation FROM state")[0])
            self._purge()

    def create(self, names: Iterable[KeyName]) -> None:
        """Make the keys that are not there yet, all in one commit. Raises `Forgotten`, and then makes none."""
        with self._lock, _translated(), self._writing():
            master = self._one("SELECT master FROM state")[0]
            for name in sorted(set(names)):
                self._refuse_forgotten(name)
                if self._live(name) is None:
                    self._insert(name, master)

    def by_name(self, name: KeyName) -> StoredKey:
        """The live key of that name. Raises `Forgotten`, or `NotFound` if it was never made."""
        with self._lock, _translated():
            self._refuse_forgotten(name)
            row = self._one(_KEY + "WHERE subject = ? AND keep = ? AND record = ? AND destroyed IS NULL", *name)
        if row is None:
            raise NotFound("There is no key of this name yet: prepare it before sealing.")
        return self._unwrapped(row)

    def by_id(self, key_id: bytes) -> StoredKey:
        """The key with that id, without its material if it has been destroyed. Raises `NotFound`."""
        with self._lock, _translated():
            row = self._one(_KEY + "WHERE id = ?", key_id)
        if row is None:
            raise NotFound("The key store does not know this key.")
        return self._unwrapped(row)

    def keys_of(self, subject: str) -> list[KeyFacts]:
        """Every key that a subject has or had, oldest first."""
        with self._lock, _translated():
            rows = self._db.execute(
                "SELECT id, keep, record, created, destroyed, certificate FROM keys WHERE subject = ? ORDER BY n",
                (subject,),
            ).fetchall()
        return [KeyFacts(row[0].hex(), KeyName(subject, row[1], row[2]), *row[3:]) for row in rows]

    def forget(
        self, subject: str, *, destroy: Iterable[KeyName], keep: Iterable[KeyName], certificate: str, at: datetime
    ) -> Erasure:
        """Forget a person: destroy these keys, keep those, and never make another. See the port."""
        doomed, held = frozenset(destroy), frozenset(keep)
        if doomed & held or any(name.subject != subject for name in doomed | held):
            raise Invalid("A key is either destroyed or kept, and belongs to the subject that is forgotten.")

        def decide() -> Erasure:
            rows = self._db.execute(
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

    def redo(self, erasures: Iterable[Erasure], head: str) -> list[Erasure]:
        """Apply the ledger's erasures again; answers those of which this store knew less."""
        with self._lock, _translated():
            with self._writing():
                news = [erasure for erasure in erasures if self._knows_less(erasure)]
                self._db.execute("UPDATE state SET ledger_head = ?", (head,))
                if not news:
                    return []
            with self._generation.changing(self.generation()), self._writing():
                for erasure in news:
                    self._apply(erasure)
            self._purge()
            return news

    def rewrap(self, batch: int = 500) -> int:
        """Wrap every key with the newest master key; answers how many were moved.

        The log is not touched. It goes batch by batch, other processes work on, and after a break it is simply
        run again. At the end no file of the store holds bytes that an older master unwraps.
        """
        moved = 0
        master = self._masters.newest()
        with self._lock, _translated():
            with self._writing():
                self._db.execute("UPDATE state SET master = ?", (master,))
            while True:
                with self._writing():
                    rows = self._db.execute(
                        "SELECT n, id, subject, keep, record, master, bytes FROM keys JOIN wrapped USING (n) "
                        "WHERE destroyed IS NULL AND master != ? LIMIT ?",
                        (master, batch),
                    ).fetchall()
                    for n, key_id, *name, older, wrapped in rows:
                        bound = _bound(key_id, KeyName(*name))
                        fresh = self._masters.wrap(master, self._masters.unwrap(older, wrapped, bound), bound)
                        self._db.execute("UPDATE wrapped SET master = ?, bytes = ? WHERE n = ?", (master, fresh, n))
                moved += len(rows)
                if not rows:
                    self._purge()
                    return moved

    def masters_in_use(self) -> set[str]:
        """The ids of the master keys that a key is wrapped with, or that the next one will be."""
        with self._lock, _translated():
            rows = self._db.execute(
                "SELECT DISTINCT master FROM wrapped JOIN keys USING (n) WHERE destroyed IS NULL "
                "UNION SELECT master FROM state"
            )
            return {row[0] for row in rows}

    def ledger_head(self) -> str:
        """The hash of the last ledger entry that this store has seen; empty before the first."""
        with self._lock, _translated():
            return str(self._one("SELECT ledger_head FROM state")[0])

    def generation(self) -> int:
        """Changes with each destruction in any process; odd while one is under way."""
        return self._generation.read()

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._db.close()
            self._generation.close()

    def _erase(
        self, certificate: str, decide: Callable[[], Erasure], names: frozenset[KeyName], subject: str | None
    ) -> Erasure:
        with self._lock, _translated():
            with self._generation.changing(), self._writing():
                known = self._one("SELECT erasure FROM erasures WHERE certificate = ?", certificate)
                if known is None:
                    erasure = decide()
                    head = self._record(erasure)
                    self._apply(erasure)
                    self._db.execute("UPDATE state SET ledger_head = ?", (head,))
                else:
                    erasure = decode(known[0])
                    if erasure.subject != subject or any(key.name not in names for key in erasure.destroyed):
                        raise Conflict("This certificate was issued for another erasure.", certificate=certificate)
            self._purge()
            return erasure

    def _destroyed(self, names: Iterable[KeyName]) -> tuple[Destroyed, ...]:
        live = ((self._live(name), name) for name in sorted(names))
        return tuple(Destroyed(key_id.hex(), name) for key_id, name in live if key_id is not None)

    def _apply(self, erasure: Erasure) -> None:
        if erasure.subject is not None:
            self._db.execute("INSERT OR IGNORE INTO forgotten VALUES (?)", (erasure.subject,))
        self._db.executemany("INSERT OR IGNORE INTO closed VALUES (?, ?, ?)", erasure.closed)
        for key_id, name in [*erasure.destroyed, *self._overlooked(erasure)]:
            # A key that an older backup does not know is written as destroyed: its tokens then read as forgotten.
            self._db.execute(
                "INSERT OR IGNORE INTO keys (id, subject, keep, record, created, destroyed, certificate) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (bytes.fromhex(key_id), *name, erasure.at, erasure.at, erasure.certificate),
            )
            self._db.execute(
                "UPDATE wrapped SET bytes = zeroblob(length(bytes)) WHERE n = (SELECT n FROM keys WHERE id = ?)",
                (bytes.fromhex(key_id),),
            )
            self._db.execute(
                "UPDATE keys SET destroyed = ?, certificate = ? WHERE id = ? AND destroyed IS NULL",
                (erasure.at, erasure.certificate, bytes.fromhex(key_id)),
            )
        self._db.execute("INSERT OR IGNORE INTO erasures VALUES (?, ?)", (erasure.certificate, encode(erasure)))
        self._db.execute("UPDATE state SET generation = ?", (self._generation.read() + 1,))

    def _knows_less(self, erasure: Erasure) -> bool:
        if self._one("SELECT 1 FROM erasures WHERE certificate = ?", erasure.certificate) is None:
            return True
        alive = "SELECT 1 FROM keys WHERE id = ? AND destroyed IS NULL"
        return bool(self._overlooked(erasure)) or any(
            self._one(alive, bytes.fromhex(key.id)) is not None for key in erasure.destroyed
        )

    def _overlooked(self, erasure: Erasure) -> list[Destroyed]:
        """Live keys of a forgotten subject that were not kept: made after a crash left the deed undone."""
        rows = self._db.execute(
            "SELECT id, subject, keep, record FROM keys WHERE subject = ? AND destroyed IS NULL", (erasure.subject,)
        )
        live = [Destroyed(row[0].hex(), KeyName(*row[1:])) for row in rows.fetchall()]
        return [key for key in live if key.name not in erasure.kept and key not in erasure.destroyed]

    def _insert(self, name: KeyName, master: str) -> None:
        key_id = os.urandom(ID_BYTES)
        wrapped = self._masters.wrap(master, os.urandom(KEY_BYTES), _bound(key_id, name))
        row = self._db.execute(
            "INSERT INTO keys (id, subject, keep, record, created) VALUES (?, ?, ?, ?, ?)",
            (key_id, *name, self._clock().isoformat()),
        )
        self._db.execute("INSERT INTO wrapped VALUES (?, ?, ?)", (row.lastrowid, master, wrapped))

    def _live(self, name: KeyName) -> bytes | None:
        row = self._one(
            "SELECT id FROM keys WHERE subject = ? AND keep = ? AND record = ? AND destroyed IS NULL", *name
        )
        return None if row is None else bytes(row[0])

    def _refuse_forgotten(self, name: KeyName) -> None:
        if self._one("SELECT 1 FROM forgotten WHERE subject = ?", name.subject):
            raise Forgotten("This person has been forgotten: nothing new can be recorded under their id.")
        if self._one("SELECT 1 FROM closed WHERE subject = ? AND keep = ? AND record = ?", *name):
            raise Forgotten("This record has been shredded: nothing new can be recorded in it.")

    def _unwrapped(self, row: Any) -> StoredKey:
        key_id, subject, keep, record, destroyed, master, wrapped = row
        name = KeyName(subject, keep, record)
        if destroyed is not None:
            return StoredKey(key_id, name, None)
        if not isinstance(wrapped, bytes):
            raise StoreCorrupt("The key store has lost a key: restore it from its backup.")
        return StoredKey(key_id, name, self._masters.unwrap(master, wrapped, _bound(key_id, name)))

    def _one(self, statement: str, *values: Any) -> Any:
        return self._db.execute(statement, values).fetchone()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _purge(self) -> None:
        """Write the log of pages back and cut it to nothing: it still holds what was overwritten."""
        busy, _, _ = self._one("PRAGMA wal_checkpoint(TRUNCATE)")
        if busy:
            raise Unavailable("Keys were destroyed, but a reader keeps their last copy on disk: ask again.")

    def _create_schema(self) -> None:
        with self._writing():
            version = self._one("PRAGMA user_version")[0]
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.execute("INSERT INTO state VALUES (0, '', ?)", (self._masters.newest(),))
                self._db.execute(f"PRAGMA user_version = {FORMAT}")
            elif version != FORMAT:
                raise Unavailable(f"The key store has format {version}; this program reads {FORMAT}.", format=version)

    def _require_masters(self) -> None:
        for master in sorted(self.masters_in_use()):
            self._masters.unwrap(master, self._masters.wrap(master, b"", b""), b"")


def _bound(key_id: bytes, name: KeyName) -> bytes:
    """What a wrapped key is bound to, so that it cannot be moved to another name. A storage format: never change it."""
    return b"forgetmenot key 1 " + key_id + "".join(f"{len(part)}:{part}" for part in name).encode()


@contextmanager
def _translated() -> Iterator[None]:
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

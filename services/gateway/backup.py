"""Backups of an installation that runs, and putting one back with proof that it is what was backed up.

A backup is two folders, for two places: one with the log, the access log and the documents, of which nobody can read
anything personal, and one with the keys. Neither holds the master key or the erasure ledger: those have copies of
their own, and the newest ledger is what makes a restore forget again whom the backup still knows.

The order of copying is what makes a running installation's backup whole: what refers to something is copied before
what it refers to (a checkpoint before its log, an event before its document and its key). What comes in between is
then there too much, never too little.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from services.audit.proofs import CHECKPOINTS, KEY
from services.gateway.event_log import EMBEDDED, EventLog, note_restored
from services.gateway.installation import PROOFS, Installation, master_keys_given, usable
from services.gateway.tokens import KEY_FILE as TOKEN_KEY
from services.protection.restoring import certificates, require_ledger
from shared.errors import Conflict, Invalid, NotFound, Tampered, Unavailable
from shared.eventstore import mark
from shared.eventstore.copying import copy
from shared.eventstore.port import EventStore, Filter
from shared.eventstore.snapshot import copy_database, snapshot
from shared.eventstore.sqlite import open_store
from shared.eventstore.verification import verify
from shared.merkle.leaf import event_leaf_hashes
from shared.merkle.tree import Frontier
from shared.privacy.durable import sync_folder
from shared.privacy.ledger import Ledger
from shared.privacy.vault import MASTER_KEY, open_keys
from shared.settings import Settings
from shared.transport import KEY_FILE as TRANSPORT_KEY

MANIFEST = "backup.json"
FORMAT = 1
ACCESS, SPOOL, DOCUMENTS, KEYS, LEDGER = "access", "access.spool", "documents", "keys", "erasures.ledger"
SECRETS = (TOKEN_KEY, TRANSPORT_KEY, f"{PROOFS}/{KEY}")
UNPROVEN = "restoring"  # in the data folder, while what is put back is not proven

Progress = Callable[[int], None]


class Measured(BaseModel):
    """What a log comes to: two logs of which this is the same are the same."""

    model_config = ConfigDict(frozen=True)

    events: int
    first: int  # positions
    last: int
    positions: str  # a hash of all of them
    root: str  # of the Merkle tree


class Manifest(BaseModel):
    """What a backup holds; written when all of it is on disk."""

    model_config = ConfigDict(frozen=True)

    format: int
    made_at: datetime
    log: Measured
    access: Measured
    documents: int


class Restored(NamedTuple):
    """What a restore came to."""

    manifest: Manifest
    known: int  # erasures in the ledger
    redone: int  # of them, how many the backup's keys did not know of
    certified: int  # events recorded again for what the log did not know of
    swept: int  # documents of the forgotten that were in the backup


def measure(store: EventStore, progress: Progress = lambda done: None) -> Measured:
    """Read all of a log, and tell what it comes to."""
    frontier, positions = Frontier(), hashlib.sha256()
    first = last = 0
    events = store.read_all(filter=Filter())
    while page := list(islice(events, 1000)):
        frontier.extend(event_leaf_hashes(page))
        positions.update(b"".join(b"%d\n" % event.position for event in page))
        first, last = first or page[0].position, page[-1].position
        progress(frontier.size)
    return Measured(
        events=frontier.size, first=first, last=last, positions=positions.hexdigest(), root=frontier.root().hex()
    )


def back_up(settings: Settings, target: Path, keys: Path, progress: Progress = lambda done: None) -> Manifest:
    """Back an installation up, while it runs or not: the log to `target`, the keys to `keys`, which must be new.

    What it answers was measured on the copy. Raises `Invalid` if the two are one, `Conflict` if there is anything in
    either, and what the stores raise.
    """
    folder = settings.data_dir
    one, other = target.absolute(), keys.absolute()
    if one == other or one in other.parents or other in one.parents:
        raise Invalid("The log and its keys must not be in the same backup: name two folders, neither in the other.")
    with EventLog(settings, must_exist=True) as log:
        for new in (target, keys):
            _make(new)
        _copy_if_there(folder / PROOFS / CHECKPOINTS, target / PROOFS / CHECKPOINTS)
        if settings.eventstore_uri:
            with open_store(target / EMBEDDED) as copied:
                copy(log.store, copied)
        else:
            snapshot(folder / EMBEDDED, target / EMBEDDED)
        with open_store(folder / ACCESS):  # made if need be, and held while it is copied
            snapshot(folder / ACCESS, target / ACCESS)
        _copy_if_there(folder / SPOOL, target / SPOOL)
        documents = _copy_documents(folder / DOCUMENTS, target / DOCUMENTS)
        (keys / KEYS).mkdir(mode=0o700)
        uri = f"{(folder / KEYS / 'keys.db').absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=30)) as source:
            copy_database(source, keys / KEYS / "keys.db")
        for name in SECRETS:
            _copy_if_there(folder / name, keys / name)
    manifest = Manifest(
        format=FORMAT,
        made_at=datetime.now(UTC),
        log=_proven(target / EMBEDDED, progress),
        access=_proven(target / ACCESS),
        documents=documents,
    )
    for new in (keys, target):
        _write(new / MANIFEST, manifest.model_dump_json(indent=2).encode() + b"\n")
    return manifest


def restore(
    settings: Settings, source: Path, keys: Path, *, nobody_forgotten: bool, progress: Progress = lambda done: None
) -> Restored:
    """Put a backup in the place of a data folder that has no log yet, and forget again whom the ledger names.

    The master key and the newest erasure ledger must be where the settings say. `nobody_forgotten` goes on without a
    ledger. Raises `Tampered` if what was put back is not what was backed up: then nothing is left of it.
    """
    manifest = _manifest(source)
    if _manifest(keys).made_at < manifest.made_at:
        raise Invalid("The backup of the keys is older than that of the log: some of it could not be read.")
    folder = usable(settings.data_dir)
    unproven = folder / UNPROVEN
    parts = {path.name for path in (*source.iterdir(), *keys.iterdir()) if path.is_dir()}
    if settings.eventstore_uri:
        parts.discard(EMBEDDED)  # that one goes to the event store
    if not unproven.exists() and (there := sorted(name for name in parts if (folder / name).exists())):
        raise Conflict(f"There is an installation in {folder} already ({', '.join(there)}): move it away first.")
    ledger = Ledger(settings.erasure_ledger or folder / LEDGER)
    if not ledger.path.exists() and not nobody_forgotten:
        raise NotFound(
            f"There is no erasure ledger at {ledger.path}: put its newest copy there, or whoever was forgotten since "
            "the backup comes back. Where nobody ever was, say --nobody-forgotten."
        )
    entries = ledger.entries()
    shutil.rmtree(unproven, ignore_errors=True)
    try:
        shutil.copytree(source, unproven, ignore=shutil.ignore_patterns(MANIFEST, "owner.*"))
        shutil.copytree(keys, unproven, ignore=shutil.ignore_patterns(MANIFEST), dirs_exist_ok=True)
        _require_same(manifest.log, _proven(unproven / EMBEDDED, progress), "log")
        _require_same(manifest.access, _proven(unproven / ACCESS), "access log")
        if (found := _copy_documents(unproven / DOCUMENTS, None)) < manifest.documents:
            raise Tampered(f"The backup has {found} documents of {manifest.documents}: use another one.")
        redone = _forget_again(settings, unproven, ledger)
        if settings.eventstore_uri:
            _carry(settings, unproven / EMBEDDED, manifest.log)
            shutil.rmtree(unproven / EMBEDDED)
    except BaseException:
        shutil.rmtree(unproven, ignore_errors=True)
        raise
    note_restored(folder)
    for path in sorted(unproven.iterdir(), key=lambda path: path.name == EMBEDDED):  # the log last
        with suppress(FileNotFoundError, NotADirectoryError):
            shutil.rmtree(folder / path.name)
        path.replace(folder / path.name)
    unproven.rmdir()
    sync_folder(folder)
    with Installation(settings) as installation:
        installation.proofs.checkpoint()  # raises if this is not the log that the checkpoints are of
        return Restored(
            manifest,
            known=len(entries),
            redone=redone,
            certified=sum(1 for _ in installation.store.read_all(filter=Filter())) - manifest.log.events,
            swept=installation.documents.sweep(),
        )


def _carry(settings: Settings, folder: Path, expected: Measured) -> None:
    """To the event store that the settings name, which must be empty. It gives the events positions of its own."""
    with EventLog(settings) as log, open_store(folder) as source:
        copy(source, log.store)
        found = measure(log.store)
    if (found.events, found.root) != (expected.events, expected.root):
        raise Tampered("What the event store holds now is not what was backed up: empty it, and restore again.")


def _require_same(expected: Measured, found: Measured, what: str) -> None:
    differing = [name for name in Measured.model_fields if getattr(expected, name) != getattr(found, name)]
    if differing:
        raise Tampered(f"The {what} of the backup is not what was backed up ({', '.join(differing)}): use another one.")


def _forget_again(settings: Settings, folder: Path, ledger: Ledger) -> int:
    """Destroy every key that the ledger says was destroyed; answers how many erasures that took.

    Raises `Tampered` if the ledger is older than the log or the keys.
    """
    with open_store(folder / EMBEDDED) as store:
        require_ledger(list(certificates(store)), ledger)
    with closing(
        open_keys(
            folder,
            masters=master_keys_given(settings),
            master_key_file=settings.master_key_file or settings.data_dir / MASTER_KEY,
            ledger=ledger.path,
        )
    ) as keys:
        for entry in ledger.entries():
            for destroyed in entry.erasure.destroyed:
                with suppress(NotFound):  # made after the backup
                    if keys.by_id(bytes.fromhex(destroyed.id)).material is not None:
                        raise Tampered("A key that was destroyed can be used: this backup is not put back.")
        return len(keys.redone)


def _proven(folder: Path, progress: Progress = lambda done: None) -> Measured:
    """What a copied log comes to. Raises `Tampered` if it is damaged."""
    report = verify(folder, mark.read(folder))
    if not report.sound:
        raise Tampered(f"The copied {folder.name} is damaged ({report.damages[0].detail}): use another backup.")
    with open_store(folder) as store:
        return measure(store, progress)


def _copy_documents(source: Path, target: Path | None) -> int:
    """Copy documents, each held against its name, which is its hash; without a target they are only looked at."""
    count = 0
    for path in _documents(source):
        try:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != path.name:
                    raise Tampered(f"The document {path.name} is damaged: restore it from an older backup.")
            if target:
                into = target / path.parent.name
                into.mkdir(mode=0o700, parents=True, exist_ok=True)
                shutil.copyfile(path, into / path.name)
        except FileNotFoundError:  # forgotten meanwhile
            continue
        count += 1
    return count


def _documents(folder: Path) -> Iterator[Path]:
    return (path for path in folder.glob("??/*") if len(path.name) == hashlib.sha256().digest_size * 2)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise Conflict(f"There is something in {folder} already: name a folder that is new.")
    except OSError as error:
        raise Unavailable(f"The folder {folder} cannot be used ({error.strerror}).") from None


def _copy_if_there(source: Path, target: Path) -> None:
    with suppress(FileNotFoundError):
        content = source.read_bytes()
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(target, content)


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _manifest(folder: Path) -> Manifest:
    try:
        told: dict[str, Any] = orjson.loads((folder / MANIFEST).read_bytes())
        manifest = Manifest.model_validate(told)
    except FileNotFoundError:
        raise NotFound(f"There is no backup in {folder}, or one that was cut short: {MANIFEST} is missing.") from None
    except (OSError, ValueError, ValidationError):
        raise Invalid(f"{MANIFEST} in {folder} cannot be read.") from None
    if manifest.format != FORMAT:
        raise Unavailable(f"The backup in {folder} has format {manifest.format}; this program reads {FORMAT}.")
    return manifest

"""The erasure ledger: what has been destroyed, so that no backup brings it back.

An append-only file that must lie apart from the backups of the log and of the key store, since its purpose is
to know more than they do. One line an entry: the SHA-256 of the entry before and this entry's JSON, a space, the
JSON. An altered, dropped or reordered entry breaks the chain; a ledger cut at its end, or exchanged, is found
because the key store remembers the last hash that it has seen (and whoever holds a certificate can too).

An entry is on disk before its keys are destroyed, so an entry without the deed is completed at the next start.
It names people by their ids only, which stand for nobody once they are forgotten.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson

from shared.errors import StoreFull, Tampered, Unavailable
from shared.privacy.durable import sync_folder
from shared.privacy.port import Destroyed, Erasure, KeyName

_START = "0" * 64


class Entry(NamedTuple):
    """One line of the ledger. `hash` covers it and all before it."""

    hash: str
    erasure: Erasure


class Ledger:
    """The ledger in one file, made when the first entry is written. Safe to use from any thread and process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, erasure: Erasure) -> str:
        """Write an entry; it is on disk when this returns its hash."""
        try:
            with self._locked() as descriptor:
                return self._append(descriptor, erasure)
        except OSError as error:
            raise StoreFull(
                f"The erasure ledger cannot be written ({error.strerror}): nothing was destroyed."
            ) from None

    def entries(self) -> list[Entry]:
        """All entries, oldest first. Raises `Tampered` if the chain is broken.

        A last line without its end is what a crash left of an append: its keys were not touched, so it is no entry.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Unavailable(f"The erasure ledger cannot be read ({error.strerror}).") from None
        return list(_read(content))

    def entry_of(self, certificate: str) -> Entry | None:
        """The first entry under a certificate. A certificate that quotes its hash pins the ledger up to there."""
        return next((entry for entry in self.entries() if entry.erasure.certificate == certificate), None)

    def unknown_to(self, certificates: Collection[str]) -> list[Erasure]:
        """The erasures of whose certificate a restored log knows nothing; it must record them again."""
        return [entry.erasure for entry in self.entries() if entry.erasure.certificate not in certificates]

    @contextmanager
    def _locked(self) -> Iterator[int]:
        new = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
            if new:
                sync_folder(self.path.parent)
        finally:
            os.close(descriptor)

    def _append(self, descriptor: int, erasure: Erasure) -> str:
        # Erasures are rare, so the chain is read and checked each time: nothing is built upon a broken one.
        content = self.path.read_bytes()
        entries = list(_read(content))
        body = encode(erasure)
        digest = _hash(entries[-1].hash if entries else _START, body)
        whole = content.rfind(b"\n") + 1
        os.ftruncate(descriptor, whole)
        line = digest.encode() + b" " + body + b"\n"
        try:
            if os.pwrite(descriptor, line, whole) != len(line):
                raise OSError(errno.ENOSPC, "only a part was written")
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, whole)
            raise
        return digest


def encode(erasure: Erasure) -> bytes:
    """An erasure as JSON, as the ledger and the key store keep it."""
    return orjson.dumps(
        {
            "certificate": erasure.certificate,
            "at": erasure.at,
            "subject": erasure.subject,
            "destroyed": [[key.id, *key.name] for key in erasure.destroyed],
            "kept": [list(name) for name in erasure.kept],
            "closed": [list(name) for name in erasure.closed],
        }
    )


def decode(body: bytes | str) -> Erasure:
    """An erasure from its JSON. Raises `Tampered` if it is not one."""
    try:
        match orjson.loads(body):
            case {
                "certificate": str(certificate),
                "at": str(at),
                "subject": str() | None as subject,
                "destroyed": list(destroyed),
                "kept": list(kept),
                "closed": list(closed),
            }:
                return Erasure(
                    certificate=certificate,
                    at=at,
                    destroyed=tuple(_destroyed(*key) for key in destroyed),
                    kept=tuple(_name(*name) for name in kept),
                    subject=subject,
                    closed=tuple(_name(*name) for name in closed),
                )
    except (TypeError, ValueError):
        pass
    raise Tampered("An entry of the erasure ledger is not one.")


def _destroyed(key_id: str, *name: str) -> Destroyed:
    bytes.fromhex(key_id)
    return Destroyed(key_id, _name(*name))


def _name(subject: str, keep: str, record: str) -> KeyName:
    if not (isinstance(subject, str) and isinstance(keep, str) and isinstance(record, str)):
        raise TypeError
    return KeyName(subject, keep, record)


def _read(content: bytes) -> Iterator[Entry]:
    before = _START
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        digest, _, body = line.partition(b" ")
        before = _hash(before, body)
        if digest != before.encode():
            raise Tampered(
                f"Entry {number} of the erasure ledger was altered, dropped or moved: restore its own copy.",
                entry=number,
            )
        yield Entry(before, decode(body))


def _hash(before: str, body: bytes) -> str:
    return hashlib.sha256(bytes.fromhex(before) + body).hexdigest()

"""Checkpoints: the log's size and root, signed (c2sp.org/tlog-checkpoint), and the file that gathers them.

    origin              the log's name, which is also its key's
    size                the number of leaves, decimal
    root                base64
    (an empty line)
    — origin base64(key hash || signature)

`checkpoints.txt` is one such note after the other and only ever grows. Its worth lies in copies held
elsewhere: whoever holds one can tell, later, whether the log still begins with what was signed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.errors import Invalid, StoreFull, Unavailable
from shared.merkle.errors import InvalidProof, LogDiverged
from shared.merkle.log import MerkleLog
from shared.merkle.note import SigningKey, VerifierKey, decoded, encoded, open_note, require_name, sync_folder
from shared.merkle.tree import HASH_SIZE, verify_consistency

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_NOTE = re.compile("(?:[^\n]+\n)+\n(?:— [^\n]+\n)+".encode())


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log said of itself: its name, its size and the root over that many leaves."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The lines that are signed."""
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the lines that `text` writes. Extension lines, which nobody can audit, are refused.

        Raises `InvalidProof`.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise InvalidProof("A checkpoint has three lines: origin, size and root.")
        origin, size, root = lines[:3]
        require_name(origin)
        if not _SIZE.fullmatch(size):
            raise InvalidProof("The size of a checkpoint is a decimal number without leading zeroes.")
        checkpoint = cls(origin, int(size), decoded(root))
        if len(checkpoint.root) != HASH_SIZE:
            raise InvalidProof(f"The root of a checkpoint has {HASH_SIZE} bytes.")
        return checkpoint


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """The checkpoint in `note`, once its signature is found good and it is of the log that `key` names.

    Raises `InvalidProof`.
    """
    checkpoint = Checkpoint.parse(open_note(note, key))
    if checkpoint.origin != key.name:
        raise InvalidProof(f"The checkpoint is of another log, {checkpoint.origin!r}, not of {key.name!r}.")
    return checkpoint


def split_checkpoints(content: bytes) -> list[str]:
    """The notes of a checkpoint file, in its order; not yet verified. Raises `InvalidProof`."""
    notes, end = _split(content)
    if end != len(content):
        raise InvalidProof(f"The checkpoint file is cut short or damaged after its {len(notes)} good checkpoints.")
    return notes


class CheckpointFile:
    """The append-only file of a log's checkpoints, and the one place that signs them."""

    def __init__(self, path: Path, key: SigningKey) -> None:
        """The file at `path` comes into being with the first checkpoint."""
        self._path = path
        self._key = key

    def issue(self, log: MerkleLog) -> str:
        """Sign the tree as it stands, append the note and return it, once it is on disk.

        If nothing was added since the last checkpoint, that one is returned. Raises `LogDiverged`, and signs
        nothing, if the tree does not begin with what was signed last: a log signs one history only. Raises
        `Invalid` for an empty log, `InvalidProof` for a damaged file, `StoreFull` and `Unavailable` by the disk.
        """
        with self._locked() as file:
            notes, end = self._repaired(file)
            size = log.size
            if size == 0:
                raise Invalid("The log is empty: there is nothing to sign yet.")
            checkpoint = Checkpoint(self._key.verifier.name, size, log.root(size))
            if notes:
                last = open_checkpoint(notes[-1], self._key.verifier)
                _require_extension(log, last, checkpoint)
                if last == checkpoint:
                    return notes[-1]
            note = self._key.sign(checkpoint.text())
            _write(file, note.encode(), end)
            os.fsync(file)
            return note

    def notes(self) -> list[str]:
        """All checkpoints, in order, their signatures checked. Raises `InvalidProof`."""
        if not self._path.exists():
            return []
        notes = split_checkpoints(self._path.read_bytes())
        for note in notes:
            open_checkpoint(note, self._key.verifier)
        return notes

    def _repaired(self, file: int) -> tuple[list[str], int]:
        """The notes and where they end, once what a power cut left of a last one, never handed out, is cut off."""
        content = os.pread(file, os.fstat(file).st_size, 0)
        notes, end = _split(content)
        if end != len(content):
            signature = len(f"— {self._key.verifier.name} ".encode()) + 92  # its newline is what is missing
            torn = rf"[^\n]*(\n[0-9]*(\n[A-Za-z0-9+/]{{0,43}}=?(\n(\n[^\n]{{0,{signature}}})?)?)?)?"
            if not re.compile(torn.encode()).fullmatch(content, end):
                raise InvalidProof(f"{self._path.name} is damaged after its {len(notes)} good checkpoints: restore it.")
            os.ftruncate(file, end)
        return notes, end

    @contextmanager
    def _locked(self) -> Iterator[int]:
        try:
            new = not self._path.exists()
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                if new:
                    sync_folder(self._path.parent)
                fcntl.flock(file, fcntl.LOCK_EX)  # two processes must not sign side by side
                yield file
            finally:
                os.close(file)
        except OSError as error:
            kind = StoreFull if error.errno == errno.ENOSPC else Unavailable
            raise kind(f"{self._path.name} cannot be written now: {error.strerror}. Nothing was signed.") from error


def _split(content: bytes) -> tuple[list[str], int]:
    notes, end = [], 0
    while match := _NOTE.match(content, end):
        notes.append(match[0].decode(errors="replace"))  # no signature fits a replaced character
        end = match.end()
    return notes, end


def _require_extension(log: MerkleLog, last: Checkpoint, new: Checkpoint) -> None:
    if new.size < last.size:
        raise LogDiverged(
            f"The log has {new.size} events, but {last.size} were signed: it was rolled back. Nothing was signed."
        )
    proof = log.consistency(last.size, new.size)
    try:
        verify_consistency(last.size, new.size, last.root, new.root, proof)
    except InvalidProof as error:
        raise LogDiverged(
            f"The log does not begin with the {last.size} events that were signed: it is a fork. Nothing was signed."
        ) from error


def _write(file: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written

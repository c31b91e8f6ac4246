"""The high-water mark: how far the log has come, kept in a file of its own.

SQLite recovers from a damaged write-ahead log by dropping what follows the damage, without a word, and a
file put back from last week looks healthy too. The mark tells: it names the last committed position and
its row's checksum, so a log that ends before it, or has another event there, has lost something.

It is written after every commit and before the answer, without a flush of its own. That gives:
after a crash of the process it is exact; after a power cut it may lag by what the kernel had not yet
written back (half a minute on Linux), and a loss within that span is not noticed by the mark. It is never
ahead of what is on disk, so it raises no false alarm. It is flushed when the log is opened and closed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from shared.errors import StoreCorrupt

MARK = "log.mark"
_SIZE = 41


class Reached(NamedTuple):
    """The last event known to be in the log, by position and checksum.

    `suspect`: damage was found; the next one to open the log must look at all of it.
    """

    position: int
    checksum: int
    suspect: bool = False


def read(folder: Path) -> Reached | None:
    """What the mark in `folder` says; None if there is none: a new log, or a restored one that an operator accepts.

    Raises `StoreCorrupt` if it cannot be read.
    """
    try:
        return _parse((folder / MARK).read_bytes())
    except FileNotFoundError:
        return None


def _parse(raw: bytes) -> Reached | None:
    if not raw:
        return None
    body, _, check = raw.rstrip(b"\n").rpartition(b" ")
    with suppress(ValueError):
        if len(raw) == _SIZE and int(check, 16) == crc32(body):
            position, checksum, suspect = body.split()
            return Reached(int(position), int(checksum, 16), suspect == b"!")
    raise StoreCorrupt(f"{MARK} is damaged. Verify the log, then remove {MARK} to accept the log as it is.")


class Mark:
    """The open mark file of a log's owner."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / MARK
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def read(self) -> Reached | None:
        """What the mark says; see `read`."""
        return _parse(os.pread(self._file, _SIZE + 1, 0))

    def write(self, position: int, checksum: int, suspect: bool = False) -> None:
        """Note that the log has reached `position`. One write of one disk block, not flushed."""
        body = b"%020d %08x %s" % (position, checksum, b"!" if suspect else b"-")
        os.pwrite(self._file, b"%s %08x\n" % (body, crc32(body)), 0)

    def suspect(self) -> None:
        """Note, for whoever opens the log next, that damage was found."""
        try:
            reached = self.read() or Reached(0, 0)
        except StoreCorrupt:
            return  # it will be found as damaged as it is
        self.write(reached.position, reached.checksum, suspect=True)
        self.flush()

    def flush(self) -> None:
        """Put the mark on disk now."""
        os.fsync(self._file)

    def close(self) -> None:
        """Flush and let go."""
        self.flush()
        os.close(self._file)

"""The high-water mark: how far the log has come, kept in a file of its own.

SQLite recovers from a damaged write-ahead log by dropping what follows the damage, without a word, and a
file put back from last week looks healthy too. The mark tells: it names the last committed position and
its row's checksum, so a log that ends before it, or has another event there, has lost something.

It is written after every commit and before the answer, without a flush of its own. That gives:
after a crash of the process it is exact; after a power cut it may lag by what the kernel had not yet
written back (half a minute on Linux), and a loss within that span is not noticed by the mark. It is never
ahead of what is on disk, so it raises no false alarm. It is flushed when the log is opened and closed.
A power cut in the middle of writing it back is no danger either: it lies within one sector.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from mmap import mmap
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


class Mark:
    """The open mark file of a log's owner.

    It is written through a memory map, which costs an append next to nothing: a write to the file would
    have the next flush of the log take the mark's inode along.
    """

    def __init__(self, folder: Path) -> None:
        file = os.open(folder / MARK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._found = os.pread(file, _SIZE + 1, 0)
            if len(self._found) != _SIZE:
                os.truncate(file, _SIZE)
            self._map = mmap(file, _SIZE)
        finally:
            os.close(file)

    def read(self) -> Reached | None:
        """What the mark said when it was opened; see `read`."""
        return _parse(self._found)

    def write(self, position: int, checksum: int, suspect: bool = False) -> None:
        """Note that the log has reached `position`. Not flushed."""
        body = b"%020d %08x %s" % (position, checksum, b"!" if suspect else b"-")
        self._map[:] = b"%s %08x\n" % (body, crc32(body))

    def suspect(self) -> None:
        """Note, for whoever opens the log next, that damage was found."""
        with suppress(StoreCorrupt):  # a damaged mark stays as it is, and will be found
            reached = _parse(self._map[:]) or Reached(0, 0)
            self.write(reached.position, reached.checksum, suspect=True)
            self._map.flush()

    def flush(self) -> None:
        """Put the mark on disk now."""
        self._map.flush()

    def close(self) -> None:
        """Flush and let go."""
        self.flush()
        self._map.close()


def read(folder: Path) -> Reached | None:
    """What the mark in `folder` says; None if there is none: a new log, or a restored one that an operator accepts.

    Raises `StoreCorrupt` if it cannot be read.
    """
    for _ in range(20):  # the owner may be just writing it
        with suppress(StoreCorrupt):
            return _read_once(folder)
        time.sleep(0.001)
    return _read_once(folder)


def _read_once(folder: Path) -> Reached | None:
    try:
        return _parse((folder / MARK).read_bytes())
    except FileNotFoundError:
        return None


def _parse(raw: bytes) -> Reached | None:
    if not raw.strip(b"\0"):
        return None
    body, _, check = raw.rstrip(b"\n").rpartition(b" ")
    with suppress(ValueError):
        if len(raw) == _SIZE and int(check, 16) == crc32(body):
            position, checksum, suspect = body.split()
            return Reached(int(position), int(checksum, 16), suspect == b"!")
    raise StoreCorrupt(f"{MARK} is damaged. Verify the log, then remove {MARK} to accept the log as it is.")

"""How many destructions there have been: one number that all processes share, read at the cost of a memory access.

Eight bytes in a small file, mapped into each process. Odd while keys are being destroyed, even when settled. A
process that dies in between leaves it odd, and then nobody caches a key until the next destruction or start
settles it: slow, but never a key kept that another process destroyed. It is right on one machine (the mapping
is not shared over a network file system); several machines need a key store that is a server.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BYTES = 8


class Generation:
    """The shared number. Without a path it is this process's own."""

    def __init__(self, path: Path | None) -> None:
        self._descriptor: int | None = None
        if path is not None:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with self.alone():
                if os.fstat(self._descriptor).st_size < BYTES:
                    os.ftruncate(self._descriptor, BYTES)
        # An anonymous map where there is no file. One aligned machine word is read and written whole.
        self._memory = mmap.mmap(-1 if self._descriptor is None else self._descriptor, BYTES)
        self._number = memoryview(self._memory).cast("Q")

    def read(self) -> int:
        """The number now."""
        return self._number[0]

    @contextmanager
    def changing(self, at_least: int = 0) -> Iterator[None]:
        """Odd inside, even and larger afterwards. One process at a time."""
        with self.alone():
            self._number[0] = max(self._number[0], at_least) | 1
            try:
                yield
            finally:
                self._number[0] += 1

    def settle(self, at_least: int) -> None:
        """Make good what a process left that died inside `changing`, or a file that was lost."""
        with self.alone():
            if self._number[0] & 1 or self._number[0] < at_least:
                self._number[0] = max(self._number[0] + 1, at_least) & ~1

    def close(self) -> None:
        """Let go of the file."""
        self._number.release()
        self._memory.close()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time. It does not nest."""
        if self._descriptor is None:
            yield
            return
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

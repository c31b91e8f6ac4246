"""Where records of disclosures wait while the access log cannot take them: a file on this machine.

Its space is reserved beforehand, for a full disk is what it is there for, and it is never smaller. Threads and
processes share it. An entry's id makes its repeat in the log harmless, so what is taken may be taken again.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import orjson

from shared.errors import StoreFull
from shared.eventstore.port import NewEvent
from shared.privacy.durable import sync_folder

RESERVED = 64 * 1024
"""Bytes: some two hundred looks at a safety sheet."""

Entries = Sequence[tuple[str, NewEvent]]


class Spool:
    """The entries that wait, each with its stream. See the module."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting = path.exists()  # that this process knows of
        with suppress(OSError), self._alone() as descriptor:
            self._reserve(descriptor)

    def add(self, entries: Entries) -> None:
        """Keep them, on disk when this returns. Raises `StoreFull`."""
        # Each line begins with an end of line: what a crash cut short before it stays a line of its own.
        lines = b"".join(b"\n" + _line(stream, event) + b"\n" for stream, event in entries)
        self._waiting = True
        try:
            with self._alone() as descriptor:
                if os.pwrite(descriptor, lines, len(_content(descriptor))) != len(lines):
                    raise OSError(errno.ENOSPC, "only a part was written")
                os.fsync(descriptor)
        except OSError as error:
            raise StoreFull(f"Who asks can be put on record nowhere ({error.strerror}): nothing is shown.") from None

    @contextmanager
    def take(self) -> Iterator[Entries]:
        """What waits; gone from the spool when the caller leaves without an error. Raises `OSError`."""
        if not self._waiting:
            yield ()
            return
        with self._alone() as descriptor:
            content = _content(descriptor)
            yield tuple(filter(None, map(_entry, content.split(b"\n"))))
            os.pwrite(descriptor, bytes(len(content)), 0)
            os.ftruncate(descriptor, RESERVED)
            os.fsync(descriptor)
            self._waiting = False

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """The file, made if need be, and nobody else in it: no thread and no process."""
        new = not self._path.exists()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if new:
                sync_folder(self._path.parent)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    @staticmethod
    def _reserve(descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        if size < RESERVED:
            os.pwrite(descriptor, bytes(RESERVED - size), size)
            os.fsync(descriptor)


def _content(descriptor: int) -> bytes:
    """All that was written, without the reserved space behind it."""
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).rstrip(b"\0")


def _line(stream: str, event: NewEvent) -> bytes:
    data = orjson.loads(event.data) | {"spooled": True}
    return orjson.dumps({"stream": stream, "id": str(event.id), "type": event.type, "data": data})


def _entry(line: bytes) -> tuple[str, NewEvent] | None:
    """None for what a crash cut short: the answer that it was for was never given."""
    try:
        found = orjson.loads(line)
        return found["stream"], NewEvent(UUID(found["id"]), found["type"], orjson.dumps(found["data"]))
    except (ValueError, KeyError, TypeError):
        return None

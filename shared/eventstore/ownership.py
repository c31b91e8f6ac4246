"""Who owns a log: one process at a time, by a lock that the operating system drops when it dies.

Two processes that both write to one SQLite file starve each other, so only the owner writes. The others
reach it through a socket in the log's folder.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from weakref import WeakSet

from shared.errors import Unavailable

LOCK = "owner.lock"
SOCKET = "owner.sock"
_LONGEST_ADDRESS = 100  # the kernel's limit is 104 to 108 bytes, by system
_FIRST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1


class Claim:
    """The lock on a folder's log, held until `release` or the end of the process."""

    def __init__(self, file: int) -> None:
        self._file = file
        _held.add(self)

    def release(self) -> None:
        """Give the log up."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


# A fork shares its parent's lock, and would keep it after the parent's death.
_held: WeakSet[Claim] = WeakSet()


def _let_go() -> None:
    for held in list(_held):
        held.release()


os.register_at_fork(after_in_child=_let_go)


def claim(folder: Path) -> Claim | None:
    """Become the owner of the log in `folder`, or None if somebody is."""
    file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    os.truncate(file, 0)
    os.pwrite(file, b"%d\n" % os.getpid(), 0)
    return Claim(file)


def owner_pid(folder: Path) -> int | None:
    """The process that owns the log, as far as its lock file tells."""
    with suppress(OSError, ValueError):
        return int((folder / LOCK).read_text())
    return None


def claim_or_connect(
    folder: Path, patience: float, pause: Callable[[float], object] = time.sleep
) -> Claim | socket.socket:
    """The lock if the log has no owner, otherwise a connection to the owner.

    A new owner needs a moment before it listens, hence the pauses between attempts. Raises `Unavailable`
    after `patience` seconds.
    """
    deadline = time.monotonic() + patience
    wait = _FIRST_PAUSE
    while True:
        if claimed := claim(folder):
            return claimed
        with suppress(OSError):
            return connect(folder)
        if time.monotonic() >= deadline:
            raise Unavailable(
                f"Process {owner_pid(folder)} owns the log but does not answer. Look at it, or stop it.",
                owner=owner_pid(folder),
            )
        pause(wait)
        wait = min(2 * wait, _LONGEST_PAUSE)


def connect(folder: Path) -> socket.socket:
    """A connection to the owner. Raises `OSError` if nobody listens."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_address(folder / SOCKET) as address:
            connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def listen(folder: Path) -> socket.socket:
    """The socket on which the owner is reached. Only for who holds the claim; only this user can connect."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        (folder / SOCKET).unlink(missing_ok=True)  # what a killed owner left
        with short_address(folder / SOCKET) as address:
            listener.bind(address)
        (folder / SOCKET).chmod(0o600)  # the folder, 0700, has kept others out until here
        listener.listen(128)
    except BaseException:
        listener.close()
        raise
    return listener


@contextmanager
def short_address(path: Path) -> Iterator[str]:
    """The path of a socket, by a detour that is short enough for the kernel if its own is not."""
    path = path.absolute()
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
        return
    with TemporaryDirectory(prefix="fmn-", dir="/tmp") as detour:
        link = Path(detour, "log")
        link.symlink_to(path.parent)
        yield str(link / path.name)

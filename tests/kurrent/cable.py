"""A cable between client and server that can be cut, go silent, or be plugged in elsewhere."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Cable:
    """Carries bytes from a port of its own to `port`, both ways."""

    def __init__(self, port: int) -> None:
        self.goes_to = port
        self.silent = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where to connect."""
        return int(self._listener.getsockname()[1])

    def cut(self) -> None:
        """Break all connections."""
        with self._lock:
            ends, self._ends = self._ends, set()
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Cut, and take no more connections."""
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.goes_to), timeout=5)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._ends |= {near, far}
            threading.Thread(target=self._carry, args=(near, far), daemon=True).start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        other = {near: far, far: near}
        with suppress(OSError, ValueError):
            while True:
                readable, _, _ = select.select(list(other), [], [], 0.05)
                for end in readable:
                    if self.silent:
                        threading.Event().wait(0.05)  # what is sent stays where it is, as in a network that is gone
                        continue
                    data = end.recv(1 << 16)
                    if not data:
                        raise OSError
                    other[end].sendall(data)
        for end in other:
            end.close()


@contextmanager
def cable(port: int) -> Iterator[Cable]:
    """A cable to `port`."""
    laid = Cable(port)
    try:
        yield laid
    finally:
        laid.close()

"""The live end of the log: where it is now, and how a reader sleeps until it moves."""

from __future__ import annotations

from threading import Condition

from shared.errors import ForgetMeNotError


class Tail:
    """The head's position, and those who wait for it to move."""

    def __init__(self, head: int = 0) -> None:
        self.head = head
        self._moved = Condition()
        self._waiting = 0
        self._failure: ForgetMeNotError | None = None

    def advance(self, head: int) -> None:
        """The log now reaches `head`; wake all who wait. Cheap when nobody does."""
        with self._moved:
            self._failure = None
            if head > self.head:
                self.head = head
                if self._waiting:
                    self._moved.notify_all()

    def fail(self, failure: ForgetMeNotError) -> None:
        """Nobody can tell when the log moves: those who wait get `failure`, until it advances again."""
        with self._moved:
            self._failure = failure
            self._moved.notify_all()

    def stir(self) -> None:
        """Wake all who wait, so that they look whether they should still do so."""
        with self._moved:
            self._moved.notify_all()

    def wait(self, head: int, waiter: Waiter) -> None:
        """Sleep until the log is past `head` or `waiter` is closed. Raises the failure, if there is one."""
        with self._moved:
            self._waiting += 1
            try:
                while self.head <= head and not waiter.closed:
                    if self._failure:
                        raise self._failure
                    self._moved.wait()
            finally:
                self._waiting -= 1


class Waiter:
    """One who waits at the tail; `closed` ends that."""

    closed = False

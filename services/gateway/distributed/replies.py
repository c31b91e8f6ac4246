"""Answers on their way back to a service: sent by a thread of its own, those that wait together in one go."""

from __future__ import annotations

import socket
import threading
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

import structlog

from services.gateway.distributed.frames import frame, outcome

MOST_BYTES = 1 << 18  # sent in one go

log = structlog.get_logger()


class Replies:
    """Takes answers from any thread and never has it wait: the one that commits has answers for everybody."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._waiting: SimpleQueue[bytes] = SimpleQueue()
        self._thread = threading.Thread(target=self._send, name="replies", daemon=True)

    def put(self, number: int, carried: dict[str, Any] | BaseException) -> None:
        """Answer a call with what it gave, or with the error as it may cross."""
        self._waiting.put(frame(number, outcome(carried)))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Once everything is sent."""
        self._waiting.put(b"")
        self._thread.join()

    def _send(self) -> None:
        last = False
        while not last:
            reply = self._waiting.get()
            data = bytearray()
            while reply:
                data += reply
                if len(data) >= MOST_BYTES:
                    break
                try:
                    reply = self._waiting.get_nowait()
                except Empty:
                    break
            last = not reply
            try:
                self._connection.sendall(data)
            except OSError:
                log.warning("an answer found nobody to take it")

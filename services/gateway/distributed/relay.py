"""A nameko process's way to its backend: starts it, looks after it, and passes calls on.

Safe in a process that eventlet has patched: all that happens here is reading and writing one socket. A backend that
dies is started again, and what it had not answered is asked again, for a command under its id takes effect once.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from itertools import count
from typing import Any
from uuid import uuid4

import structlog

from services.gateway.distributed.frames import READ_BYTES, Frames, frame, opened
from shared.errors import Unavailable
from shared.logging import configure_logging
from shared.rpc import Call
from shared.settings import load_settings

MOST_ATTEMPTS = 2  # a call that ends its backend twice is not asked a third time
LONGEST_PAUSE_SECONDS = 15.0
STEADY_SECONDS = 30.0
CALL_SECONDS = 60.0
BEAT_SECONDS = 5.0

# nameko's libraries warn of their own age on import.
BACKEND = (sys.executable, "-W", "ignore", "-m", "services.gateway.distributed.backend")

log = structlog.get_logger()


class Relay:
    """Carries calls to a backend process: `command`, with the number of its socket as one more argument."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self._numbers = count(1)
        self._waiting: dict[int, _Asked] = {}
        self._sending = threading.Lock()
        self._connection: socket.socket | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="backend", daemon=True)
        self._thread.start()
        threading.Thread(target=self._beat, name="beat", daemon=True).start()

    def carry(self, call: Call) -> dict[str, Any]:
        """See `Carries.carry`. Raises `Unavailable` as well if the backend does not answer."""
        if call.command_id is None:
            call = call._replace(command_id=str(uuid4()))  # asked again, it must be the same command
        number = next(self._numbers)
        asked = self._waiting[number] = _Asked(number, call)
        try:
            self._send(asked)
            if not asked.answered.wait(CALL_SECONDS):
                raise Unavailable("The service does not answer: whether it was carried out is not known. Ask again.")
        finally:
            self._waiting.pop(number, None)
        if asked.answer is None:
            raise Unavailable("The service failed twice while it carried this out: look at its log.")
        return opened(asked.answer)

    def close(self) -> None:
        """End the backend, once it has answered what it is at."""
        self._closing.set()
        if connection := self._connection:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
        self._thread.join()

    def _send(self, asked: _Asked) -> None:
        with self._sending:
            if self._connection is None:
                return  # it is being started, and will be asked then
            again = asked.attempts > 0  # which the backend counts: this process tells nobody how it works
            asked.attempts += 1
            with suppress(OSError):  # whoever reads from it notices, and asks again
                self._connection.sendall(frame(asked.number, [again, *asked.call]))

    def _keep(self) -> None:
        pause = 0.1
        while not self._closing.is_set():
            began = time.monotonic()
            code = self._run_once()
            if self._closing.is_set():
                return
            pause = 0.1 if time.monotonic() - began > STEADY_SECONDS else min(pause * 2, LONGEST_PAUSE_SECONDS)
            log.error("the backend ended; it is started again", exit_code=code, pause_seconds=pause)
            self._closing.wait(pause)

    def _beat(self) -> None:
        """Let the backend know, which tells whoever asks, that this half of the process still turns."""
        while not self._closing.wait(BEAT_SECONDS):
            with self._sending, suppress(OSError):
                if self._connection:
                    self._connection.sendall(frame(0, None))

    def _run_once(self) -> int:
        ours, theirs = socket.socketpair()
        process = subprocess.Popen(  # noqa: S603  (the command is our own)
            (*self._command, str(theirs.fileno())), pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
        theirs.close()
        log.info("the backend started", pid=process.pid)
        self._ask_again(ours)
        frames = Frames()
        while data := _receive(ours):
            for number, answer in frames.feed(data):
                if asked := self._waiting.get(number):
                    asked.settle(answer)
        with self._sending:
            self._connection = None
            ours.close()
        return process.wait()

    def _ask_again(self, connection: socket.socket) -> None:
        with self._sending:
            self._connection = connection
        for asked in list(self._waiting.values()):
            if asked.attempts >= MOST_ATTEMPTS:
                asked.settle(None)
            else:
                self._send(asked)


class _Asked:
    """A call that waits for its answer."""

    def __init__(self, number: int, call: Call) -> None:
        self.number = number
        self.call = call
        self.attempts = 0
        self.answer: dict[str, Any] | None = None
        self.answered = threading.Event()

    def settle(self, answer: dict[str, Any] | None) -> None:
        """Hand over the answer; None: there is none to be had."""
        self.answer = answer
        self.answered.set()


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(READ_BYTES)
    except ConnectionError:
        return b""


def connect(service: str) -> Relay:
    """Named in nameko's configuration: the way of a service to its backend.

    Its process logs as all of ours do: what a library says may be personal.
    """
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    return Relay((*BACKEND, service))

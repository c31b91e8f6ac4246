"""Runs the parts of an installation on one machine: in order, restarted when they die, stopped together.

What each of them says comes out on one stream: a line of JSON says which process it is from, any other line begins
with it.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import orjson
import structlog

from services.gateway.distributed.programs import Program

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
STATUS_FILE = "processes.json"

log = structlog.get_logger()


class Running(NamedTuple):
    """How one process stands."""

    name: str
    state: str  # "starting", "running", "waiting to be started again", "stopped"
    pid: int | None
    since: str
    restarts: int


class Supervisor:
    """Keeps programs running. `inherited` are files that each of them holds open as long as it runs."""

    def __init__(self, folder: Path, *, plain: bool, inherited: tuple[int, ...] = ()) -> None:
        self._folder = folder
        self._plain = plain
        self._inherited = inherited
        self._kept: list[_Kept] = []
        self._stopping = threading.Event()
        self._writing = threading.Lock()
        self._width = 0

    def start(self, programs: Sequence[Program]) -> None:
        """Start them, one after the other is ready. Raises `Unavailable` if one does not become ready."""
        for program in programs:
            self.begin([program])
            kept = self._kept[-1]
            program.wait_until_ready(kept.process)

    def begin(self, programs: Iterable[Program]) -> None:
        """Start them all at once, and do not wait."""
        for program in programs:
            self._width = max(self._width, len(program.name))
            self._kept.append(_Kept(program, self))
        self.note()

    def run_once(self, program: Program) -> int:
        """Run a program to its end, beside the others; its exit code."""
        process = program.start(subprocess.PIPE, self._inherited)
        try:
            self.copy_output(program.name, process)
            return process.wait()
        finally:
            program.stop(process)

    def stop(self) -> None:
        """Stop all of them: those that were started last together, then what they stand on, in turn."""
        self._stopping.set()
        ours = [kept for kept in self._kept if kept.program.name not in FOUNDATION]
        for kept in ours:
            kept.ask_to_stop()
        for kept in ours:
            kept.join()
        for kept in reversed([kept for kept in self._kept if kept.program.name in FOUNDATION]):
            kept.ask_to_stop()
            kept.join()
        (self._folder / STATUS_FILE).unlink(missing_ok=True)

    @property
    def stopping(self) -> threading.Event:
        """Set once it stops."""
        return self._stopping

    def note(self) -> None:
        """Write down how each process stands, for `forgetmenot status`."""
        with self._writing:
            fresh = self._folder / f".{STATUS_FILE}"
            fresh.write_bytes(orjson.dumps([kept.running()._asdict() for kept in self._kept]))
            fresh.replace(self._folder / STATUS_FILE)

    def spawn(self, program: Program) -> subprocess.Popen[bytes]:
        """A process of a program, its output to be read."""
        return program.start(subprocess.PIPE, self._inherited)

    def copy_output(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Pass on what a process says, until it has no more to say."""
        assert process.stdout is not None  # noqa: S101
        field = b'{"process":"%s",' % name.encode()
        head = b"" if self._plain else f"{name:<{self._width}} | ".encode()
        for line in process.stdout:
            told = field + line[1:] if line.startswith(b'{"') else head + line
            with self._writing:
                sys.stderr.buffer.write(told)
                sys.stderr.buffer.flush()
        process.stdout.close()


FOUNDATION = ("rabbitmq-names", "rabbitmq", "postgres", "log")
"""What the others stand on: it starts before them and stops after them."""


class _Kept:
    """A program that is kept running, by a thread of its own."""

    def __init__(self, program: Program, supervisor: Supervisor) -> None:
        self.program = program
        self.restarts = 0
        self._supervisor = supervisor
        self._state = "starting"
        self._since = datetime.now(UTC)
        self.process = supervisor.spawn(program)
        self._thread = threading.Thread(target=self._keep, name=f"keep {program.name}", daemon=True)
        self._thread.start()

    def running(self) -> Running:
        """How it stands."""
        alive = self.process.poll() is None
        state = "running" if alive else self._state
        return Running(
            self.program.name, state, self.process.pid if alive else None, self._since.isoformat(), self.restarts
        )

    def ask_to_stop(self) -> None:
        """Have it stop."""
        self.program.ask_to_stop(self.process)

    def join(self) -> None:
        """Until it has stopped."""
        self._thread.join()

    def _keep(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            self._supervisor.copy_output(self.program.name, self.process)
            code = self.process.wait()
            if self._supervisor.stopping.is_set():
                return
            pause = FIRST_PAUSE_SECONDS if time.monotonic() - began > STEADY_SECONDS else pause
            log.error(
                "a process ended; it is started again", part=self.program.name, exit_code=code, pause_seconds=pause
            )
            self._state = "waiting to be started again"
            self._supervisor.note()
            if self._supervisor.stopping.wait(pause):
                return
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            self.process = self._supervisor.spawn(self.program)
            self.restarts += 1
            self._since = datetime.now(UTC)
            if self._supervisor.stopping.is_set():
                self.ask_to_stop()
            self._supervisor.note()

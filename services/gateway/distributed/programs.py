"""A program that runs beside ours: how it is started, when it is ready, and how it is asked to stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from services.gateway.distributed import keeper
from shared.errors import Unavailable

PATIENCE_SECONDS = 90.0
STOP_SECONDS = 15.0


def always() -> bool:
    """Ready as soon as it runs."""
    return True


@dataclass(frozen=True)
class Program:
    """A command with its environment, run as `user` (None: as we are). It never outlives whoever started it."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    folder: Path | None = None
    ready: Callable[[], bool] = always
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = STOP_SECONDS

    def start(
        self, output: int | IO[Any] = subprocess.DEVNULL, inherited: tuple[int, ...] = ()
    ) -> subprocess.Popen[bytes]:
        """Start it, in a session of its own; both its outputs go to `output`. It keeps the files `inherited` open."""
        order = {
            "command": self.command,
            "user": self.user,
            "signal": int(self.stop_signal),
            "patience": self.stop_seconds,
        }
        return subprocess.Popen(  # noqa: S603  (commands are ours, not a caller's)
            (sys.executable, "-I", keeper.__file__, json.dumps(order)),
            env={**os.environ, **self.environment},
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=inherited,
            start_new_session=True,
        )

    def ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Have it stop; whoever waits for it sees when it has."""
        if process.stdin and not process.stdin.closed:
            process.stdin.close()

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        """Have it stop, and wait until it has; its exit code."""
        self.ask_to_stop(process)
        return process.wait()

    def wait_until_ready(self, process: subprocess.Popen[bytes], patience: float = PATIENCE_SECONDS) -> None:
        """Return once it is ready. Raises `Unavailable` if it ends, or takes longer than `patience` seconds."""
        give_up = time.monotonic() + patience
        while not self.ready():
            if process.poll() is not None:
                raise Unavailable(f"{self.name} ended with exit code {process.returncode} before it was ready.")
            if time.monotonic() > give_up:
                raise Unavailable(f"{self.name} was not ready within {patience:g} seconds.")
            time.sleep(0.05)


def listens(port: int) -> bool:
    """Whether somebody takes connections at this port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

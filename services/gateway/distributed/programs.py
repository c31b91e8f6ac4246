"""A program that runs beside ours: how it is started, when it is ready, and how it is asked to stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from shared.errors import Unavailable

PATIENCE_SECONDS = 60.0


def always() -> bool:
    """Ready as soon as it runs."""
    return True


@dataclass(frozen=True)
class Program:
    """A command with its environment. It runs as `user` (None: as we do), in a session of its own.

    `ends_with_input` says that it stops when its standard input closes: it never outlives whoever started it.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    folder: Path | None = None
    ready: Callable[[], bool] = always
    stop_signal: signal.Signals = signal.SIGTERM
    ends_with_input: bool = False

    def start(self, output: int | IO[Any] = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start it; both its outputs go to `output`. A Ctrl-C is not for it: we tell it ourselves."""
        return subprocess.Popen(  # noqa: S603  (commands are ours, not a caller's)
            self.command,
            env={**os.environ, **self.environment},
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            cwd=self.folder,
            stdin=subprocess.PIPE if self.ends_with_input else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def stop(self, process: subprocess.Popen[bytes], patience: float = PATIENCE_SECONDS) -> int:
        """Ask it to stop, and make it stop if it does not; its exit code."""
        if process.poll() is None:
            if process.stdin:
                process.stdin.close()
            if not self.ends_with_input:
                process.send_signal(self.stop_signal)
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
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

"""Keeps the worker process alive: starts it, starts it again with a growing pause, and ends it by closing its input."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import structlog

from shared.settings import Settings

log = structlog.get_logger()
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
PATIENCE_SECONDS = 20.0


class Worker:
    """The worker process of an installation."""

    def __init__(self, settings: Settings) -> None:
        self._environment = os.environ | {"DATA_DIR": str(settings.data_dir.absolute())}
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_alive, name="supervisor")

    @property
    def alive(self) -> bool:
        """Whether it runs now."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, and keep it alive until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """End it, by its own way out; by force if it does not take it in time."""
        self._stopping.set()
        if self._process and self._process.stdin:
            self._process.stdin.close()
        self._thread.join(PATIENCE_SECONDS)
        if self.alive and self._process:
            log.warning("the worker did not stop by itself", pid=self._process.pid)
            self._process.kill()
            self._thread.join()

    def _keep_alive(self) -> None:
        pause = 0.5
        while not self._stopping.is_set():
            code, lived = self._run_once()
            if self._stopping.is_set():
                return
            pause = 0.5 if lived > STEADY_SECONDS else min(pause * 2, LONGEST_PAUSE_SECONDS)
            log.error("the worker ended; it is started again", exit_code=code, pause_seconds=pause)
            self._stopping.wait(pause)

    def _run_once(self) -> tuple[int, float]:
        started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "services.gateway.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=self._environment,
            start_new_session=True,  # a Ctrl-C is for whoever started it, who then tells it
        )
        log.info("the worker started", pid=self._process.pid)
        return self._process.wait(), time.monotonic() - started

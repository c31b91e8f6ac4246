"""The second process of an embedded installation: read models, policies with their deadlines, and proofs.

`python -m services.gateway.worker` is started by `forgetmenot serve`, and stops when its standard input closes: it
never outlives whoever started it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable

import structlog

from services.gateway.installation import Installation
from shared.logging import configure_logging
from shared.settings import load_settings

log = structlog.get_logger()
CHECKPOINT_EVERY_SECONDS = 3600


def run() -> None:
    """Run until standard input closes."""
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    for reaching_all in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C and service managers; we are told by our input
        signal.signal(reaching_all, signal.SIG_IGN)
    stop = threading.Event()
    with Installation(settings) as installation:
        parts: dict[str, Callable[[threading.Event], None]] = {
            "read models": installation.projector().run,
            "policies": installation.policy_runner().run,
            "proofs": lambda stopping: installation.proofs.follow(stopping, CHECKPOINT_EVERY_SECONDS),
        }
        failed = threading.Event()

        def keep(name: str, part: Callable[[threading.Event], None]) -> None:
            try:
                part(stop)
            except Exception:
                log.exception("a part of the worker failed", part=name)
                failed.set()
                os.close(0)

        threads = [threading.Thread(target=keep, args=part, name=part[0]) for part in parts.items()]
        for thread in threads:
            thread.start()
        _wait_for_end_of_input()
        stop.set()
        for thread in threads:
            thread.join()
    if failed.is_set():
        sys.exit(1)


def _wait_for_end_of_input() -> None:
    try:
        while os.read(0, 1024):
            pass
    except OSError:
        pass


if __name__ == "__main__":
    run()

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
from services.gateway.telling import telling
from shared.errors import ForgetMeNotError
from shared.logging import configure_logging
from shared.merkle import LogDiverged
from shared.settings import load_settings
from shared.tracing import start_tracing

log = structlog.get_logger()
CHECKPOINT_EVERY_SECONDS = 3600

Part = Callable[[threading.Event], None]


def main() -> int:
    """Run until standard input closes; the exit code is 1 if a part failed."""
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    start_tracing(settings, "worker")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # service managers send it to all; we are told by our input
    stop = threading.Event()
    threading.Thread(target=_stop_at_end_of_input, args=(stop,), name="input", daemon=True).start()
    try:
        with Installation(settings) as installation, telling(installation.folder, "worker", installation.store.head):
            return run(installation, stop)
    except ForgetMeNotError:
        log.exception("the worker cannot work here")
        return 1


def run(installation: Installation, stop: threading.Event) -> int:
    """Run every part until `stop` is set, or one fails and takes the others with it."""
    installation.documents.sweep()  # what a break left, between the keys and the files
    parts: dict[str, Part] = {
        "read models": installation.projector().run,
        "policies": installation.policy_runner().run,
        "proofs": lambda stopping: prove(installation, stopping),
    }
    failed = threading.Event()

    def keep(name: str, part: Part) -> None:
        try:
            part(stop)
        except Exception:
            log.exception("a part of the worker failed", part=name)
            failed.set()
            stop.set()

    threads = [threading.Thread(target=keep, args=part, name=part[0]) for part in parts.items()]
    for thread in threads:
        thread.start()
    keep("retention", lambda _: installation.start_retention())
    for thread in threads:
        thread.join()
    return int(failed.is_set())


def prove(installation: Installation, stop: threading.Event) -> None:
    """Keep the tree near the log's head. A log that is not the one that was signed is for an operator to look at."""
    try:
        installation.proofs.follow(stop, CHECKPOINT_EVERY_SECONDS)
    except LogDiverged:
        log.exception("nothing more is signed: see forgetmenot audit verify")


def _stop_at_end_of_input(stop: threading.Event) -> None:
    try:
        while os.read(0, 1024):
            pass
    except OSError:
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())

"""What the parts do that are not services: `python -m services.gateway.distributed.parts projector`. See `table`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence

import structlog

from services.gateway.distributed.claims import run_claimed
from services.gateway.distributed.table import ALL
from services.gateway.installation import Installation
from services.gateway.serve import load_history
from services.gateway.telling import telling
from services.gateway.worker import prove
from shared.errors import ForgetMeNotError
from shared.logging import configure_logging
from shared.projections.projector import Projector
from shared.reacting.runner import PolicyRunner
from shared.settings import load_settings
from shared.tracing import start_tracing

log = structlog.get_logger()


def run_log(installation: Installation, stop: threading.Event) -> None:
    """Hold the log and the access log for everybody, and keep the proofs."""
    _ = installation.access_log
    prove(installation, stop)
    stop.wait()  # nothing more is signed where the log is not the one that was signed; the others still need it


def run_projector(installation: Installation, stop: threading.Event) -> None:
    """Fill those read models that no other process fills."""
    projections = {projection.name: projection for projection in installation.projections}

    def work(names: Sequence[str], until: threading.Event) -> None:
        Projector(installation.store, installation.engine, [projections[name] for name in names]).run(until)

    run_claimed(installation.engine, "read model", projections, work, stop)


def run_policies(installation: Installation, stop: threading.Event) -> None:
    """Let those policies react that no other process runs, and their deadlines fire."""
    installation.documents.sweep()
    policies = {policy.name: policy for policy in installation.policies()}

    def work(names: Sequence[str], until: threading.Event) -> None:
        chosen = [policies[name] for name in names]
        PolicyRunner(installation.store, installation.engine, chosen, installation.send).run(until)

    installation.start_retention()
    run_claimed(installation.engine, "policy", policies, work, stop)


PARTS: dict[str, Callable[[Installation, threading.Event], None]] = {
    "log": run_log,
    "projector": run_projector,
    "policies": run_policies,
    "history": lambda installation, _: load_history(installation),
}


def main(part: str) -> int:
    """Run a part until it is told to stop; the exit code is 1 if it failed."""
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    if part in ALL:  # what is loaded was asked for by nobody
        start_tracing(settings, part)
    stop = threading.Event()
    for stopping in (signal.SIGTERM, signal.SIGINT):
        if part in ALL:  # a load that is told to stop is cut short, and goes on at the next start
            signal.signal(stopping, lambda *_: stop.set())
    log.info("a part started", part=part, pid=os.getpid())
    try:
        with Installation(settings) as installation, telling(installation.folder, part, installation.store.head):
            PARTS[part](installation, stop)
    except ForgetMeNotError:
        log.exception("a part cannot work here", part=part)
        return 1
    except Exception:
        log.exception("a part failed", part=part)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

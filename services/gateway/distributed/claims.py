"""Who runs what: a claim on each name, held by one process at a time and gone with it.

A claim is a session's advisory lock in PostgreSQL, so the database drops it when its holder dies, whatever it died of.
Several processes may ask for the same names: each gets what is free, and what another held once that one is gone.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from shared.projections.engine import is_circumstance

LOOK_EVERY_SECONDS = 0.5
LONGEST_PAUSE = 15.0

Work = Callable[[Sequence[str], threading.Event], None]
"""Works on these names until the event is set."""

log = structlog.get_logger()


class Claims:
    """The claims of this process on `names`, held through one connection."""

    def __init__(self, connection: Connection, kind: str, names: Iterable[str]) -> None:
        self.held: frozenset[str] = frozenset()
        self._connection = connection
        self._numbers = {name: _number(f"{kind}/{name}") for name in names}

    def take(self) -> bool:
        """Take what is free. True if that was anything new. Raises what the database raises once it is gone."""
        taken = set(self.held)
        for name in self._numbers.keys() - self.held:
            asked = self._connection.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": self._numbers[name]})
            if asked.scalar():
                taken.add(name)
        if taken == self.held:
            self._connection.execute(text("SELECT 1"))  # whether it is there at all
            return False
        self.held = frozenset(taken)
        return True


def run_claimed(engine: Engine, kind: str, names: Iterable[str], work: Work, stop: threading.Event) -> None:
    """Work on those of `names` that nobody else works on, until `stop`. Raises what the work raises.

    Each time that something more becomes free the work is stopped and begun again with it. Where the database is
    SQLite there is one machine and one process: it works on all.
    """
    wanted = sorted(names)
    if engine.dialect.name != "postgresql":
        work(wanted, stop)
        return
    pause = 0.1
    while not stop.is_set():
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                try:
                    _work_on_claims(Claims(connection, kind, wanted), kind, work, stop)
                finally:
                    connection.invalidate()  # back in the pool it would hold on to them
            pause = 0.1
        except DBAPIError as error:
            if not is_circumstance(error):
                raise
            log.warning("claims are lost until the database is back", kind=kind, error=type(error).__name__)
            stop.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def _work_on_claims(claims: Claims, kind: str, work: Work, stop: threading.Event) -> None:
    running: _Running | None = None
    try:
        while not stop.is_set():
            if claims.take():
                if running:
                    running.end()
                log.info("claimed", kind=kind, names=sorted(claims.held))
                running = _Running(work, sorted(claims.held))
            if running:
                running.check()
            stop.wait(LOOK_EVERY_SECONDS)
    finally:
        if running:
            running.end()


class _Running:
    """The work on some names, in a thread of its own."""

    def __init__(self, work: Work, names: Sequence[str]) -> None:
        self._stop = threading.Event()
        self._failure: BaseException | None = None

        def run() -> None:
            try:
                work(names, self._stop)
            except BaseException as error:  # raised again in the thread that looks after it
                self._failure = error

        self._thread = threading.Thread(target=run, name="claimed work")
        self._thread.start()

    def check(self) -> None:
        """Raises what the work raised, if it did."""
        if self._failure:
            raise self._failure

    def end(self) -> None:
        """Have it stop, and wait until it has."""
        self._stop.set()
        self._thread.join()


def _number(name: str) -> int:
    """PostgreSQL's locks are numbers of 64 bits."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)

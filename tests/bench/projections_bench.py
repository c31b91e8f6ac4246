"""Read models: rebuilt from the log, and how soon an event is visible: `python -m tests.bench.projections_bench`.

The read model is the portfolio of projects, funders and grants, with its eight kinds of events; the log is the embedded
one. A rebuild reads the log, checks and decodes every event, and commits rows with their checkpoint, all on disk.
Memory is the peak of a process that does nothing else, and what that peak grew by during the rebuild.

Visible: from the moment that a durable append is acknowledged until a query that waits for its position has answered,
with the projector in a thread of this process.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter, process_time
from typing import Any
from uuid import UUID, uuid5

import orjson

from services.projects.funder import FunderKind, FunderRegistered
from services.projects.grant.award import GrantAmended, GrantAwarded
from services.projects.project.life import ProjectApproved, ProjectCompleted, ProjectProposed, ProjectStarted
from services.projects.projections.portfolio import Portfolio
from services.projects.projections.questions import ListFunders
from services.projects.register import ProjectNumbered
from shared.codec import encode
from shared.eventstore.port import EventStore, NewEvent
from shared.eventstore.sqlite import open_store
from shared.messages import Event, Origin, Role
from shared.metadata import Metadata
from shared.money import Money
from shared.privacy.vault import AesGcmVault
from shared.projections.engine import read_model_engine
from shared.projections.projector import Projector
from shared.projections.read_models import ReadModels

SIZES = (100_000, 1_000_000)
RUNS = 3
ASKS = 500
NAMES = UUID(int=2008)
MANAGER = Origin("w-1", frozenset({Role.PROJECT_MANAGER, Role.SUPERVISOR}))


def portfolio(seed: int = 1) -> Iterator[tuple[str, Event]]:
    """Projects that run side by side, each from proposal to completion, with their streams; without end."""
    chance = random.Random(seed)
    under_way: list[Iterator[tuple[str, Event]]] = []
    number = 0
    while True:
        while len(under_way) < 50:
            under_way.append(_project(number))
            number += 1
        chosen = chance.choice(under_way)
        try:
            yield next(chosen)
        except StopIteration:
            under_way.remove(chosen)


def _project(number: int) -> Iterator[tuple[str, Event]]:
    project, grant, funder = (str(uuid5(NAMES, f"{what}{number}")) for what in ("project", "grant", "funder"))
    year, day = 1996 + number % 30, date(1996 + number % 30, 1 + number % 12, 1 + number % 28)
    occurred = day.isoformat()
    award = Money(amount=Decimal(5_000 + number % 900))
    if number % 20:
        funder = str(uuid5(NAMES, f"funder{number - number % 20}"))
    else:
        kind = list(FunderKind)[number // 20 % len(FunderKind)]
        name = f"Fund {number}"
        registered = FunderRegistered(funder=funder, kind=kind, name=name, country="LT", occurred=occurred)
        yield f"funder-{funder}", registered
    of_project = f"project-{project}"
    yield of_project, ProjectProposed(project=project, title=f"Project {number}", objectives=("x",), occurred=occurred)
    yield of_project, ProjectApproved(project=project, occurred=occurred)
    yield (
        f"grant-{grant}",
        GrantAwarded(
            grant=grant,
            project=project,
            funder=funder,
            amount=award,
            eligible_from=day,
            eligible_until=day.replace(year=year + 1),
            lines=(),
            occurred=day,
        ),
    )
    yield of_project, ProjectStarted(project=project, year=year, occurred=occurred)
    yield f"project-register-{year}", ProjectNumbered(year=year, project=project, number=number)
    amended = Money(amount=award.amount + 100)
    yield (
        f"grant-{grant}",
        GrantAmended(
            grant=grant,
            amendment=str(uuid5(NAMES, f"amendment{number}")),
            amount=amended,
            by=Decimal(100),
            effective=day,
            occurred=day,
        ),
    )
    yield of_project, ProjectCompleted(project=project, occurred=occurred)


def fill(store: EventStore, events: int) -> None:
    """Append that many, as command handling would store them."""
    vault = AesGcmVault.in_memory()
    source = enumerate(islice(portfolio(), events))
    pending: dict[str, list[NewEvent]] = {}
    for number, (stream, event) in source:
        event_id = uuid5(NAMES, str(number))
        metadata = Metadata(
            version=1,
            command="projects.Bench",
            command_id=event_id,
            correlation_id=event_id,
            causation_id=None,
            actor="w-17",
            roles=(Role.PROJECT_MANAGER,),
            recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
            fingerprint="0" * 64,
        )
        pending.setdefault(stream, []).append(
            encode(event, vault, stream=stream, event_id=event_id, metadata=metadata.to_json())
        )
        if len(pending) == 200:
            _append(store, pending)
    _append(store, pending)


def _append(store: EventStore, pending: dict[str, list[NewEvent]]) -> None:
    for stream, events in pending.items():
        store.append(stream, events)
    pending.clear()


def rebuild(folder: Path) -> dict[str, Any]:
    """One rebuild, measured from inside a process of its own."""
    with open_store(folder / "log") as store:
        engine = read_model_engine(folder / "read.db")
        projector = Projector(store, engine, [Portfolio()])
        projector.prepare()
        before = getrusage(RUSAGE_SELF).ru_maxrss
        began, worked = perf_counter(), process_time()
        projector.rebuild("portfolio")
        seconds, work = perf_counter() - began, process_time() - worked
        peak = getrusage(RUSAGE_SELF).ru_maxrss
        return {"seconds": seconds, "work": work, "head": store.head(), "peak": peak, "grown": peak - before}


def rebuilds(size: int) -> dict[str, Any]:
    """The medians of some rebuilds from a log of that size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with open_store(folder / "log", synchronous="NORMAL") as store:
            fill(store, size)
        found = []
        for _ in range(RUNS):
            command = [sys.executable, "-m", "tests.bench.projections_bench", "--rebuild", str(folder)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            found.append(orjson.loads(done.stdout.splitlines()[-1]))
        seconds = statistics.median(one["seconds"] for one in found)
        return {
            "what": f"rebuild from {size:,} events",
            "events/s": round(size / seconds),
            "us/event": round(seconds / size * 1e6, 2),
            "of it processor": round(statistics.median(one["work"] for one in found) / size * 1e6, 2),
            "peak MB": round(max(one["peak"] for one in found) / 1024),
            "grown MB": round(max(one["grown"] for one in found) / 1024),
        }


def visible() -> list[dict[str, Any]]:
    """How soon an event is visible, and what a query costs."""
    with tempfile.TemporaryDirectory() as name, open_store(Path(name) / "log") as store:
        engine = read_model_engine(Path(name) / "read.db")
        model = Portfolio()
        projector, models = Projector(store, engine, [model]), ReadModels(engine, [model], AesGcmVault.in_memory())
        fill(store, 2_000)
        projector.catch_up()
        stop = threading.Event()
        thread = threading.Thread(target=projector.run, args=(stop,))
        thread.start()
        query = ListFunders(limit=10)
        waits, asks = [], []
        vault = AesGcmVault.in_memory()
        for number in range(ASKS):
            funder = str(uuid5(NAMES, f"new{number}"))
            event = FunderRegistered(
                funder=funder, kind=FunderKind.EMBASSY, name="New", country="LT", occurred="2026-01-01"
            )
            new = encode(event, vault, stream=f"funder-{funder}", event_id=uuid5(NAMES, funder), metadata=_METADATA)
            position = store.append(f"funder-{funder}", [new]).position
            began = perf_counter()
            models.ask(query, MANAGER, wait_for=position)
            waits.append(perf_counter() - began)
            began = perf_counter()
            models.ask(query, MANAGER)
            asks.append(perf_counter() - began)
        stop.set()
        thread.join()
        engine.dispose()
        return [_spread("append -> visible in a query", waits), _spread("a query (10 rows)", asks)]


def _spread(what: str, seconds: list[float]) -> dict[str, Any]:
    ordered = sorted(seconds)
    return {
        "what": what,
        "p50 ms": round(statistics.median(ordered) * 1e3, 2),
        "p99 ms": round(ordered[int(len(ordered) * 0.99)] * 1e3, 2),
    }


_METADATA = Metadata(
    version=1,
    command="projects.RegisterFunder",
    command_id=NAMES,
    correlation_id=NAMES,
    causation_id=None,
    actor="w-17",
    roles=(Role.PROJECT_MANAGER,),
    recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
    fingerprint="0" * 64,
).to_json()


def run() -> list[dict[str, Any]]:
    """All figures."""
    return [*map(rebuilds, SIZES), *visible()]


if __name__ == "__main__":
    if "--rebuild" in sys.argv:
        print(orjson.dumps(rebuild(Path(sys.argv[-1]))).decode())
    else:
        for row in run():
            print(row)

"""Read models: rebuilt from the log, and how soon an event is visible: `python -m tests.bench.projections_bench`.

A rebuild is `forgetmenot projections rebuild` on an installation that is served: a process attached to the log reads
it, checks and decodes every event that the read model takes in, and commits rows with their checkpoint, all on disk,
until the new generation is live. The log is in the mix of a real installation (`installation_log`); each read model
takes in a part of it, `audit_trail` all. Last comes the worst case, the portfolio over a log of nothing but its own
events. Medians; `flat` is the time per event from the larger log over that from the smaller one. Memory is the peak of
the process, with all of the program loaded.

Visible: from the moment that a durable append is acknowledged until a query that waits for its position has answered,
with the projector in a thread of this process.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter, process_time
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import orjson

from services.gateway.contexts import CONTEXTS
from services.projects.funder import FunderKind, FunderRegistered
from services.projects.projections.portfolio import Portfolio
from services.projects.projections.questions import ListFunders
from shared.codec import encode
from shared.eventstore.port import NewEvent, StreamState
from shared.eventstore.sqlite import EmbeddedLog, open_store
from shared.messages import Origin, Role
from shared.privacy.vault import AesGcmVault
from shared.projections.declaration import Anything
from shared.projections.engine import read_model_engine
from shared.projections.projector import Projector
from shared.projections.read_models import ReadModels
from tests.bench import installation_log, portfolio_log

SIZES = (100_000, 1_000_000)
RUNS = 3
MODELS = ("portfolio", "referrals", "case_files", "activity", "audit_trail")
BATCH = 1_000  # events an append
ASKS = 500
NAMES = UUID(int=25)
MANAGER = Origin("w-1", frozenset({Role.PROJECT_MANAGER, Role.SUPERVISOR}))
PROJECTIONS = {projection.name: projection for context in CONTEXTS for projection in context.projections}


class Log(NamedTuple):
    """A log to rebuild from."""

    store: EmbeddedLog
    folder: Path
    types: Counter[str]

    def handled(self, model: str) -> int:
        """How many of its events a read model takes in."""
        handlers = PROJECTIONS[model].handlers()
        if Anything.type_name in handlers:
            return self.types.total()
        return sum(count for name, count in self.types.items() if name in handlers)


def fill(store: EmbeddedLog, source: Iterator[tuple[str, NewEvent]], events: int) -> Counter[str]:
    """Append that many; tells how many of each type."""
    types: Counter[str] = Counter()
    chosen = islice(source, events)
    while batch := list(islice(chosen, BATCH)):
        store.submit_jointly(batch, dict.fromkeys((stream for stream, _ in batch), StreamState.ANY)).result()
        types.update(event.type for _, event in batch)
    return types


def rebuild(log: Path, model: str) -> dict[str, Any]:
    """One rebuild, measured from inside a process of its own."""
    with tempfile.TemporaryDirectory() as folder, open_store(log) as store:
        engine = read_model_engine(Path(folder) / "read.db")
        projector = Projector(store, engine, [PROJECTIONS[model]])
        projector.prepare()
        began, worked = perf_counter(), process_time()
        projector.rebuild(model)
        found = {"seconds": perf_counter() - began, "work": process_time() - worked, "peak": _peak()}
        engine.dispose()
        return found


def _peak() -> int:
    """The most memory that this process has had, in KiB."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return getrusage(RUSAGE_SELF).ru_maxrss
    # Linux counts what the process was before it became this program in `ru_maxrss`.
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def rebuilds() -> list[dict[str, Any]]:
    """A row for each read model and the worst case."""
    measured: dict[tuple[str, str, int], list[dict[str, Any]]] = defaultdict(list)
    rows = [("mix", model) for model in MODELS] + [("own", "portfolio")]
    with ExitStack() as opened:
        root = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        logs: dict[tuple[str, int], Log] = {}
        for size in SIZES:
            for kind, source in (("mix", installation_log.events()), ("own", portfolio_log.events())):
                folder = root / f"{kind}-{size}"
                store = opened.enter_context(open_store(folder, synchronous="NORMAL"))
                logs[kind, size] = Log(store, folder, fill(store, source, size))
        for _ in range(RUNS):
            for kind, model in rows:
                for size in SIZES:
                    command = [sys.executable, "-m", __spec__.name, "--rebuild", str(logs[kind, size].folder), model]
                    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
                    measured[kind, model, size].append(orjson.loads(done.stdout.splitlines()[-1]))
        return [
            _row(kind, model, {size: (logs[kind, size].handled(model), measured[kind, model, size]) for size in SIZES})
            for kind, model in rows
        ]


def _row(kind: str, model: str, found: dict[int, tuple[int, list[dict[str, Any]]]]) -> dict[str, Any]:
    row: dict[str, Any] = {"what": model if kind == "mix" else f"{model}, of its own events alone"}
    cost: dict[str, list[float]] = defaultdict(list)
    for size, (taken_in, runs) in found.items():
        handled = taken_in or 1  # of a small log it may be nothing
        seconds, work = (statistics.median(run[of] for run in runs) for of in ("seconds", "work"))
        for of, value in (("seconds", seconds), ("work", work)):
            cost[of].append(value / size)
        row |= {
            f"of {size:,} events takes in": taken_in,
            f"events/s of {size:,}": round(size / seconds),
            f"taken in/s of {size:,}": round(taken_in / seconds),
            f"us/taken in of {size:,}": round(seconds / handled * 1e6, 1),
            f"of it processor of {size:,}": round(work / handled * 1e6, 1),
            f"peak MB of {size:,}": round(max(run["peak"] for run in runs) / 1024),
        }
    row["flat (1.0)"] = round(cost["seconds"][-1] / cost["seconds"][0], 2)
    row["flat by processor time"] = round(cost["work"][-1] / cost["work"][0], 2)
    return row


def visible() -> list[dict[str, Any]]:
    """How soon an event is visible, and what a query costs."""
    with tempfile.TemporaryDirectory() as name, open_store(Path(name) / "log") as store:
        engine = read_model_engine(Path(name) / "read.db")
        model = Portfolio()
        projector, models = Projector(store, engine, [model]), ReadModels(engine, [model], AesGcmVault.in_memory())
        fill(store, portfolio_log.events(), 2_000)
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
            stream, event_id = f"funder-{funder}", uuid5(NAMES, funder)
            new = encode(event, vault, stream=stream, event_id=event_id, metadata=portfolio_log.metadata(event_id))
            position = store.append(stream, [new]).position
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


def run() -> list[dict[str, Any]]:
    """All figures."""
    return [*rebuilds(), *visible()]


if __name__ == "__main__":
    if "--rebuild" in sys.argv:
        print(orjson.dumps(rebuild(Path(sys.argv[-2]), sys.argv[-1])).decode())
    else:
        for row in run():
            print(row)

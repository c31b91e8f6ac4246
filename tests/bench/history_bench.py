"""Loading a history through commands: events/s, and what they cost as the log grows.

Every command is durable before the next is sent: one caller, so that no two share a flush to disk. Beside it the
same number of appends of one such event each, which is what the disk and the log allow. FORGETMENOT_BENCH_LARGE=1
adds 10^6 events.
"""

from __future__ import annotations

import os
import resource
import statistics
import tempfile
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from uuid import uuid4

from services.gateway.installation import Installation
from services.history.generated import generated
from services.history.loading import load
from shared.eventstore.port import NewEvent
from shared.eventstore.sqlite import open_store
from shared.settings import Settings

SIZES = (10_000, 100_000, *((1_000_000,) if os.environ.get("FORGETMENOT_BENCH_LARGE") else ()))
BARE = 2_000


class Pace:
    """What each tenth of a history costs: in CPU, which neighbours on the machine do not change much."""

    def __init__(self, size: int) -> None:
        self.tenth = size // 10
        self.rates: list[float] = []
        self._events = 0
        self._since = process_time()

    def __call__(self, events: int) -> None:
        self._events += events
        if self._events >= self.tenth:
            now = process_time()
            self.rates.append(self._events / (now - self._since))
            self._events, self._since = 0, now


def measure(size: int) -> dict[str, Any]:
    """One size, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, Installation(Settings(data_dir=Path(folder))) as installation:
        pace = Pace(size)
        start, cpu = perf_counter(), process_time()
        loaded = load(generated(size, 1), installation.bus(), installation.settle(), pace)
        took, cpu = perf_counter() - start, process_time() - cpu
        head = installation.store.head()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "events": head,
        "commands": loaded.commands,
        "commands/s": round(loaded.commands / took),
        "events/s": round(head / took),
        "ms of CPU a command": round(cpu * 1000 / loaded.commands, 3),
        "events a CPU second, last tenth : first tenth": round(pace.rates[-1] / pace.rates[0], 2),
        "slowest tenth : median": round(min(pace.rates) / statistics.median(pace.rates), 2),
        "bare appends/s": round(bare_appends()),
        "memory, MB (highest so far)": memory,
    }


def bare_appends() -> float:
    """Appends/s of single small events, each durable before the next."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
        start = perf_counter()
        for number in range(BARE):
            store.append(f"bare-{number}", [NewEvent(uuid4(), "bench.Appended", b'{"of":"bench"}' * 20, b"{}")])
        return BARE / (perf_counter() - start)


def run() -> list[dict[str, Any]]:
    """A row for each size."""
    return [measure(size) for size in SIZES]


if __name__ == "__main__":
    for measured in run():
        print(measured)

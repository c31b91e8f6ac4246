"""Loading an aggregate of 10, 1,000 and 10,000 events, with and without the cache of folded states.

A case grows by notes, each sealed. Then it is loaded as a command would load it: from its first event on (no cache),
and with the cache, which leaves only the look for a tail. The floor beside them is reading the same events without
decoding or folding any.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from services import cases
from services.cases.case import case
from services.cases.case.intake import CaseOpened, Channel
from services.cases.case.notes import NoteAdded
from services.cases.case.record import CaseKind
from shared.context import Registry
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.privacy.vault import AesGcmVault
from shared.remembering import StateCache
from tests.recording import stored

SIZES = (10, 1_000, 10_000)
ASKED = {10: 400, 1_000: 40, 10_000: 8}
CHUNK = 1_000
CASE, PERSON = str(UUID(int=1)), str(UUID(int=2))
STREAM = f"case-{CASE}"
DAY = "2008-10-02"


def facts(size: int) -> Iterator[CaseOpened | NoteAdded]:
    """An opened case, and notes up to `size` events."""
    yield CaseOpened(case=CASE, kind=CaseKind.TRAFFICKING, channel=Channel.WALK_IN, person=PERSON, occurred=DAY)
    for number in range(size - 1):
        note = str(UUID(int=(1 << 100) + number))
        yield NoteAdded(case=CASE, note=note, about=PERSON, text="Slept well.", occurred=DAY)


def measure(size: int) -> dict[str, Any]:
    """One size: record, then load."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
        vault = AesGcmVault.in_memory()
        recorded = (("w-1", STREAM, fact) for fact in facts(size))
        while chunk := list(islice(recorded, CHUNK)):
            store.append(STREAM, [one for _, one in stored(chunk, vault)])
        registry = Registry([cases.context])
        without = CommandHandler(store, registry, vault, cache=StateCache(0))
        cached = CommandHandler(store, registry, vault)
        assert cached.load(case, STREAM).revision == without.load(case, STREAM).revision == size - 1
        row: dict[str, Any] = {"events": size}
        row["no cache: p50, ms"], row["no cache: p99, ms"] = timed(lambda: without.load(case, STREAM), ASKED[size])
        row["cache: p50, ms"], row["cache: p99, ms"] = timed(lambda: cached.load(case, STREAM), 400)
        row["read alone (floor): p50, ms"], _ = timed(lambda: list(store.read_stream(STREAM)), ASKED[size])
        row["no cache, events/s"] = round(size / row["no cache: p50, ms"] * 1000)
        return row


def timed(load: Callable[[], object], times: int) -> tuple[float, float]:
    """Median and 99th percentile, in milliseconds."""

    def once() -> float:
        start = perf_counter()
        load()
        return (perf_counter() - start) * 1000

    taken = sorted(once() for _ in range(times))
    return round(statistics.median(taken), 3), round(taken[int(len(taken) * 0.99)], 3)


def run() -> list[dict[str, Any]]:
    """A row for each size."""
    return [measure(size) for size in SIZES]

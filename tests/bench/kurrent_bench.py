"""The cluster's adapter and the store agent beside the bare client, on one node; a second, median of turns.

Ratios are to the bare client, with the same deadlines and the same expectations. `seen` is how long after an append its
event is there for a subscriber. The hub's gap is how long eventlet's loop stood still in a patched process that appends
with 16 callers, reads the log and follows it, all through the agent; an idle hub's is what the machine itself takes.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter
from typing import Any
from uuid import uuid4

import kurrentdbclient as bare
import orjson

from shared.eventstore.agent.client import open_agent
from shared.eventstore.copying import copy
from shared.eventstore.kurrent.store import open_cluster
from shared.eventstore.port import EventStore, NewEvent, RecordedEvent, StreamState
from shared.eventstore.sqlite import open_store
from tests.eventstore.processes import ROOT
from tests.node.process import NodeProcess

RUNS = 5
CALLERS = (1, 8, 64)
APPENDS = 512  # in all, over all callers
READ_EVENTS = 5000
SEEN = 100
OTHERS = 200  # appends a second by all others together, while it is measured how soon one is seen
COPIED = 5000
TIMEOUT = 30.0
TYPE = "cases.ContactNoted"
DATA = b'{"v":1,"case":"6f1d","note":"%s"}' % (b"x" * 170)
METADATA = b'{"actor":"w-17","roles":["caseworker"],"command":"0a0b0c0d0e0f"}'


Arrivals = SimpleQueue[tuple[str, float]]
"""The stream of each event that a subscriber got, and when."""


class Bare:
    """The client as it is."""

    def __init__(self, address: str) -> None:
        self._client = bare.KurrentDBClient(address)

    def append(self, stream: str, revision: int) -> None:
        """One event, at the revision that is expected."""
        expected = revision - 1 if revision else bare.StreamState.NO_STREAM
        event = bare.NewEvent(TYPE, DATA, METADATA)
        self._client.append_to_stream(stream, current_version=expected, events=event, timeout=TIMEOUT)

    def read_stream(self, limit: int) -> int:
        """How many events were read."""
        return sum(1 for _ in self._client.read_stream("read", limit=limit, timeout=TIMEOUT))

    def read_all(self, limit: int) -> int:
        """The same, of the log."""
        return sum(1 for _ in self._client.read_all(limit=limit, timeout=TIMEOUT))

    def follow(self, seen: Arrivals) -> Callable[[], None]:
        """Note the time of each event that comes; gives what ends that."""
        subscription = self._client.subscribe_to_all(from_end=True)

        def run() -> None:
            for event in subscription:
                seen.put((event.stream_name, perf_counter()))

        threading.Thread(target=run, daemon=True).start()
        return subscription.stop

    def close(self) -> None:
        self._client.close()


class Ours:
    """A store of ours."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        store.head()

    def append(self, stream: str, revision: int) -> None:
        expected = revision - 1 if revision else StreamState.NO_STREAM
        self._store.append(stream, [NewEvent(uuid4(), TYPE, DATA, METADATA)], expected)

    def read_stream(self, limit: int) -> int:
        return sum(1 for _ in self._store.read_stream("read", limit=limit))

    def read_all(self, limit: int) -> int:
        return sum(1 for _ in self._store.read_all(limit=limit))

    def follow(self, seen: Arrivals) -> Callable[[], None]:
        subscription = self._store.subscribe(after=self._store.head())

        def run() -> None:
            for item in subscription:
                if isinstance(item, RecordedEvent):
                    seen.put((item.stream, perf_counter()))

        threading.Thread(target=run, daemon=True).start()
        return subscription.close

    def close(self) -> None:
        self._store.close()


Contender = Bare | Ours


def at_once(callers: int, work: Callable[[], None]) -> float:
    """How many seconds as many threads take that each do `work`."""
    start = threading.Barrier(callers + 1)
    failures: list[BaseException] = []

    def call() -> None:
        start.wait()
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    start.wait()
    began = perf_counter()
    for thread in threads:
        thread.join()
    assert not failures, failures
    return perf_counter() - began


def appends(callers: int, contender: Contender) -> float:
    """Appends a second."""
    each = APPENDS // callers

    def work() -> None:
        stream = f"case-{uuid4()}"
        for revision in range(each):
            contender.append(stream, revision)

    return callers * each / at_once(callers, work)


def reads(callers: int, method: str, contender: Contender) -> float:
    """Events a second."""
    each = READ_EVENTS // callers

    def work() -> None:
        assert getattr(contender, method)(each) == each

    return callers * each / at_once(callers, work)


def seen_after(callers: int, contender: Contender) -> float:
    """Milliseconds from the beginning of an append until a subscriber has it, while `callers - 1` others append too.

    Not as fast as they can: then a subscriber in the same process falls behind for ever, whoever it is.
    """
    arrived: Arrivals = SimpleQueue()
    stop = threading.Event()
    stream = f"seen-{uuid4()}"

    def others() -> None:
        own, revision = f"case-{uuid4()}", 0
        while not stop.is_set():
            contender.append(own, revision)
            revision += 1
            stop.wait((callers - 1) / OTHERS)

    def arrival() -> float:
        while True:
            name, at = arrived.get(timeout=TIMEOUT)
            if name == stream:
                return at

    end = contender.follow(arrived)
    contender.append(stream, 0)
    arrival()
    threads = [threading.Thread(target=others) for _ in range(callers - 1)]
    for thread in threads:
        thread.start()
    times = []
    try:
        for revision in range(1, SEEN + 1):
            began = perf_counter()
            contender.append(stream, revision)
            times.append(arrival() - began)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        end()
    return statistics.median(times) * 1000


def in_turns(contenders: dict[str, Contender], measure: Callable[[Contender], float]) -> dict[str, float]:
    """The median of each."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(RUNS):
        for name, contender in contenders.items():
            found[name].append(measure(contender))
    return {name: statistics.median(values) for name, values in found.items()}


def run() -> list[dict[str, Any]]:
    """The rows."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        node = NodeProcess(Path(folder) / "node")
        opened.callback(node.stop)
        with open_cluster(node.address) as store:
            for _ in range(READ_EVENTS // 500):
                store.append("read", [NewEvent(uuid4(), TYPE, DATA, METADATA) for _ in range(500)])
        contenders: dict[str, Contender] = {
            "bare": Bare(node.address),
            "adapter": Ours(open_cluster(node.address)),
            "agent": Ours(open_agent(node.address)),
        }
        for contender in contenders.values():
            opened.callback(contender.close)
        measures: dict[str, Callable[[Contender], float]] = {
            **{f"appends, {callers} callers": partial(appends, callers) for callers in CALLERS},
            **{f"read a stream, {callers} callers": partial(reads, callers, "read_stream") for callers in CALLERS},
            **{f"read $all, {callers} callers": partial(reads, callers, "read_all") for callers in CALLERS},
        }
        for name, measure in measures.items():
            found = in_turns(contenders, measure)
            rows.append(_row(name, found, 1))
        for callers in CALLERS:
            found = in_turns(contenders, partial(seen_after, callers))
            rows.append(_row(f"seen after, {callers} callers, ms", found, -1))
        rows += _copies(Path(folder))
        rows.append(_hub(node.address))
    return rows


def _row(name: str, found: dict[str, float], better: int) -> dict[str, Any]:
    ratios = {f"{name}/bare": round((found[name] / found["bare"]) ** better, 2) for name in ("adapter", "agent")}
    digits = 0 if better == 1 else 2
    return {"": name, **{name: round(value, digits) for name, value in found.items()}, **ratios}


def _copies(folder: Path) -> Iterator[dict[str, Any]]:
    with ExitStack() as opened:
        node = NodeProcess(folder / "copied")
        opened.callback(node.stop)
        source, target = (opened.enter_context(open_store(folder / name)) for name in ("from", "to"))
        cluster = opened.enter_context(open_cluster(node.address))
        for number in range(COPIED):
            source.submit(f"case-{number % 50}", [NewEvent(uuid4(), TYPE, DATA, METADATA)])
        assert source.append("case-0", [NewEvent(uuid4(), TYPE, DATA, METADATA)]).written
        for name, of, to in (
            ("copy a file to a node, events", source, cluster),
            ("copy a node to a file, events", cluster, target),
        ):
            began = perf_counter()
            copied = copy(of, to)
            yield {"": name, "adapter": round(copied.carried / (perf_counter() - began))}


def _hub(address: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.hub", address]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=120).stdout
    facts = orjson.loads(told.splitlines()[-1])
    load = (
        f"{facts['appends']} appends, {facts['read']} read, {facts['seen']} seen a second; its own work in the longest"
    )
    load += f" {facts['busy_ms']} ms; 99 of 100 gaps {facts['p99_ms']} ms"
    idle = f"the longest of an idle hub {facts['idle_ms']} ms"
    return {"": "the hub's longest gap, ms", "agent": facts["longest_ms"], "agent/bare": f"{load}; {idle}"}

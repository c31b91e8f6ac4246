"""The embedded event log beside its peers: `python -m tests.bench.eventstore_bench`.

Every append of every peer is durable: SQLite in write-ahead mode with synchronous=FULL, checked for each.

- library: the SQLite recorder of the `eventsourcing` package, same bytes, one stream a caller as here
- bare loop: the same callers, a queue and one writer thread that inserts the same rows into the same table
- raw SQLite: no callers at all, one thread that commits as many rows at a time as there are callers

Reads are compared as stored, and decoded: there each side makes its own events of the same fact, the library without
looking at the values, we with their types checked.

What is compared runs in turns, on fresh files; the figures are medians, per second.
"""

from __future__ import annotations

import queue
import shutil
import sqlite3
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import orjson
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import (
    DatetimeAsISO,
    DecimalAsStr,
    JSONTranscoder,
    Mapper,
    Notification,
    StoredEvent,
    UUIDAsHex,
)
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from services.cases.case.support import SupportGiven
from shared.codec import decode
from shared.eventstore import log
from shared.eventstore.port import NewEvent
from shared.eventstore.sqlite import open_store
from tests.eventstore.processes import own, serving

RUNS = 5
TYPE = "cases.ContactNoted"
DATA = b'{"v":1,"case":"6f1d","note":"%s"}' % (b"x" * 170)
METADATA = b'{"version":1,"actor":"w-17","roles":["caseworker"],"command":"0a0b0c0d0e0f"}'
STATE = DATA + METADATA

# callers, events an append, appends of each caller
LOADS = {
    "1 caller": (1, 1, 1000),
    "8 callers": (8, 1, 500),
    "64 callers": (64, 1, 125),
    "1 caller, batches of 100": (1, 100, 100),
}
READ_EVENTS = 50_000
STREAM_EVENTS = 20

Load = tuple[int, int, int]
Append = Callable[[int, int], object]  # a caller's number, the number of its append


def callers_at_work(append: Append, load: Load) -> float:
    """Events a second, from the moment that all callers start to the end of the last."""
    callers, batch, appends = load
    start = threading.Barrier(callers + 1)
    done: list[int] = []

    def call(number: int) -> None:
        start.wait()
        for turn in range(appends):
            append(number, turn)
        done.append(number)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    start.wait()
    began = perf_counter()
    for thread in threads:
        thread.join()
    seconds = perf_counter() - began
    if len(done) < callers:
        raise RuntimeError(f"{callers - len(done)} of {callers} callers failed")
    return callers * batch * appends / seconds


def new_events(batch: int) -> list[NewEvent]:
    """Events as a caller would make them, ids and all."""
    return [NewEvent(uuid4(), TYPE, DATA, METADATA) for _ in range(batch)]


def prepared(load: Load) -> list[list[list[NewEvent]]]:
    """What each caller will append in each turn: making ids is no store's work, so it is done before."""
    callers, batch, appends = load
    return [[new_events(batch) for _ in range(appends)] for _ in range(callers)]


def embedded(folder: Path, load: Load) -> float:
    """This project's log, in the owner."""
    given = prepared(load)
    with open_store(folder) as store:
        return callers_at_work(lambda number, turn: store.append(f"case-{number}", given[number][turn]), load)


def attached(folder: Path, load: Load) -> float:
    """This project's log, from another process than the owner's."""
    given = prepared(load)
    with serving() as process:
        own(process, folder)
        with open_store(folder) as store:
            assert store.describe().role == "attached"
            return callers_at_work(lambda number, turn: store.append(f"case-{number}", given[number][turn]), load)


@contextmanager
def recorder(folder: Path) -> Any:
    """The library's recorder, its durability made sure of."""
    datastore = SQLiteDatastore(str(folder / "library.db"), pool_timeout=60, lock_timeout=60)
    with datastore.get_connection(commit=False) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous")  # the library leaves it at SQLite's default
        assert cursor.fetchone()[0] == 2, "this SQLite was built for less than FULL; the comparison would not be fair"
    opened = SQLiteApplicationRecorder(datastore)
    opened.create_table()
    try:
        yield opened
    finally:
        datastore.close()


def library(folder: Path, load: Load) -> float:
    """The eventsourcing package's SQLite recorder."""
    callers, batch, appends = load
    given = [
        [[StoredEvent(id, turn * batch + i, TYPE, STATE) for i in range(batch)] for turn in range(appends)]
        for id in [uuid4() for _ in range(callers)]
    ]
    with recorder(folder) as opened:
        return callers_at_work(lambda number, turn: opened.insert_events(given[number][turn]), load)


INSERT = f"INSERT INTO events ({log.COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def bare_loop(folder: Path, load: Load) -> float:
    """A queue, a writer thread, and no questions asked."""
    connection = log.open_writer(folder)
    waiting: queue.SimpleQueue[tuple[int, list[NewEvent], threading.Lock] | None] = queue.SimpleQueue()
    given = prepared(load)
    revisions = [count() for _ in given]
    positions = count(1)

    def write() -> None:
        while item := waiting.get():
            taken = [item]
            while not waiting.empty() and (more := waiting.get()):
                taken.append(more)
            rows = [
                (next(positions), f"case-{n}", next(revisions[n]), event.id.bytes, *event[1:], 0, 0)
                for n, events, _ in taken
                for event in events
            ]
            connection.execute("BEGIN")
            connection.executemany(INSERT, rows)
            connection.execute("COMMIT")
            for _, _, done in taken:
                done.release()

    def append(number: int, turn: int) -> None:
        done = threading.Lock()
        done.acquire()
        waiting.put((number, given[number][turn], done))
        done.acquire()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return callers_at_work(append, load)
    finally:
        waiting.put(None)
        writer.join()
        connection.close()


def raw_sqlite(folder: Path, load: Load) -> float:
    """The limit of the file: ready-made rows, one thread."""
    callers, batch, appends = load
    connection = log.open_writer(folder)
    together = callers * batch
    numbers = range(1, together * appends + 1)
    rows = [(n, "case-0", n, n.to_bytes(16, "big"), TYPE, DATA, METADATA, 1, 0, 0) for n in numbers]
    began = perf_counter()
    for start in range(0, len(rows), together):
        connection.execute("BEGIN")
        connection.executemany(INSERT, rows[start : start + together])
        connection.execute("COMMIT")
    seconds = perf_counter() - began
    connection.close()
    return len(rows) / seconds


PEERS = {
    "embedded log": embedded,
    "attached": attached,
    "library": library,
    "bare loop": bare_loop,
    "raw SQLite": raw_sqlite,
}


def in_turns(works: dict[str, Callable[[Path], float]], runs: int) -> dict[str, float]:
    """Each work `runs` times, in turns, in a fresh folder each; the medians."""
    figures: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            folder = Path(tempfile.mkdtemp(prefix="fmn-bench-"))
            try:
                figures[name].append(work(folder))
            finally:
                shutil.rmtree(folder)
    return {name: statistics.median(values) for name, values in figures.items()}


def appends() -> list[dict[str, Any]]:
    """Durable appends, a row for each load."""
    return [
        row_of(f"appends, {name}", in_turns({peer: partial(work, load=load) for peer, work in PEERS.items()}, RUNS))
        for name, load in LOADS.items()
    ]


def row_of(what: str, figures: dict[str, float]) -> dict[str, Any]:
    """A row of the table: figures a second, and the log's ratios to its peers."""
    row: dict[str, Any] = {"events/s": what}
    row |= {name: round(figure) for name, figure in figures.items()}
    for peer in ("library", "bare loop"):
        if peer in figures:
            row[f"x {peer}"] = round(figures["embedded log"] / figures[peer], 2)
    return row


class LibrarySupportGiven(Aggregate.Event):
    """What the library stores of the same fact."""

    case: str
    support: str
    person: str
    recipient: str
    kind: str
    minutes: int
    staff: str
    occurred: str


def support_given() -> dict[str, Any]:
    """A fact that is nobody's name."""
    ids = {name: str(uuid4()) for name in ("case", "support", "person")}
    return ids | {"recipient": "victim", "kind": "legal", "minutes": 45, "staff": "w-3", "occurred": "2007-03-04"}


def reads() -> list[dict[str, Any]]:
    """Reads of the same facts: as they are stored, and decoded into events; the whole log, and streams one by one."""
    folder = Path(tempfile.mkdtemp(prefix="fmn-bench-"))
    ids = [uuid4() for _ in range(READ_EVENTS // STREAM_EVENTS)]
    transcoder = JSONTranscoder()
    for transcoding in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO()):
        transcoder.register(transcoding)
    mapper: Mapper[UUID] = Mapper(transcoder)
    try:
        with open_store(folder, synchronous="NORMAL") as store, recorder(folder) as opened:
            for stream in ids:
                facts = [support_given() for _ in range(STREAM_EVENTS)]
                ours = [SupportGiven(**fact).model_dump_json(exclude_none=True).encode() for fact in facts]
                store.append(f"case-{stream}", [NewEvent(uuid4(), TYPE, data, METADATA) for data in ours])
                opened.insert_events(
                    [
                        mapper.to_stored_event(
                            LibrarySupportGiven(
                                originator_id=stream,
                                originator_version=version,
                                timestamp=LibrarySupportGiven.create_timestamp(),
                                **fact,
                            )
                        )
                        for version, fact in enumerate(facts)
                    ]
                )
            connection = log.open_reader(folder)
            some = ids[:: len(ids) // 500]
            whole = f"SELECT {log.COLUMNS} FROM events ORDER BY position"
            works: dict[str, dict[str, Callable[[], int]]] = {
                "reads as stored, the whole log": {
                    "embedded log": lambda: all_of(store.read_all()),
                    "library": lambda: all_of(notifications(opened)),
                    "raw SQLite": lambda: all_of(connection.execute(whole)),
                },
                f"reads as stored, streams of {STREAM_EVENTS}": {
                    "embedded log": lambda: sum(all_of(store.read_stream(f"case-{id}")) for id in some),
                    "library": lambda: sum(len(opened.select_events(id)) for id in some),
                    "raw SQLite": lambda: raw_streams(connection, some),
                },
                "decoded reads, the whole log": {
                    "embedded log": lambda: all_of(decode(raw, SupportGiven) for raw in store.read_all()),
                    "library": lambda: all_of(map(mapper.to_domain_event, notifications(opened))),
                },
                f"decoded reads, streams of {STREAM_EVENTS}": {
                    "embedded log": lambda: sum(
                        all_of(decode(raw, SupportGiven) for raw in store.read_stream(f"case-{id}")) for id in some
                    ),
                    "library": lambda: sum(
                        all_of(map(mapper.to_domain_event, opened.select_events(id))) for id in some
                    ),
                },
            }
            rows = [
                row_of(what, in_turns({peer: partial(timed, work) for peer, work in peers.items()}, RUNS))
                for what, peers in works.items()
            ]
            connection.close()
    finally:
        shutil.rmtree(folder)
    return rows


def timed(work: Callable[[], int], folder: Path) -> float:
    """How many a second; the folder is not needed."""
    began = perf_counter()
    return work() / (perf_counter() - began)


def notifications(opened: SQLiteApplicationRecorder) -> Iterator[Notification]:
    """All of the library's, read in large pages; its own reader asks for 10 at a time, which is slower."""
    start = 1
    while page := opened.select_notifications(start, 1000):
        yield from page
        start = page[-1].id + 1


def all_of(events: Iterable[object]) -> int:
    """Take each event; how many there were."""
    number = 0
    for _ in events:
        number += 1
    return number


def raw_streams(connection: sqlite3.Connection, ids: list[UUID]) -> int:
    """Fetch the rows of each stream."""
    query = f"SELECT {log.COLUMNS} FROM events WHERE stream = ? ORDER BY revision"
    return sum(len(connection.execute(query, (f"case-{id}",)).fetchall()) for id in ids)


def run() -> list[dict[str, Any]]:
    """The rows of the table."""
    return [*appends(), *reads()]


def main() -> None:
    """Measure and show."""
    from tests.bench.__main__ import console, table_of

    rows = run()
    console.print(table_of("The embedded event log, durable, a second", rows))
    sys.stdout.write(orjson.dumps(rows).decode() + "\n")
    sys.exit(any(row.get("x library", 9) <= 1 or row.get("x bare loop", 9) < 0.7 for row in rows))


if __name__ == "__main__":
    main()

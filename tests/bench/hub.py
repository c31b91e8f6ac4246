"""In a process patched by eventlet: how long its loop stands still while it uses a store through the agent."""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402
from time import perf_counter, process_time  # noqa: E402
from uuid import uuid4  # noqa: E402

import orjson  # noqa: E402

from shared.eventstore.agent.client import open_agent  # noqa: E402
from shared.eventstore.port import NewEvent, StreamState  # noqa: E402

SECONDS = 5.0
CALLERS = 16
DATA = b'{"v":1,"case":"6f1d","note":"%s"}' % (b"x" * 170)


def main(address: str) -> None:
    """Append, read and follow at once; print rates and gaps."""
    store = open_agent(address)
    store.head()
    counts = {"appends": 0, "read": 0, "seen": 0}
    gaps: list[float] = []
    turns: list[float] = []

    def watch(until: float) -> None:
        while (began := perf_counter()) < until:
            worked = process_time()
            eventlet.sleep(0.001)
            gaps.append(perf_counter() - began - 0.001)
            turns.append(process_time() - worked)

    watch(perf_counter() + SECONDS / 2)
    idle = max(gaps)  # what the machine takes from a process that does nothing
    gaps.clear()
    turns.clear()
    stop = perf_counter() + SECONDS

    def append() -> None:
        stream, revision = f"case-{uuid4()}", 0
        while perf_counter() < stop:
            expected = revision - 1 if revision else StreamState.NO_STREAM
            store.append(stream, [NewEvent(uuid4(), "cases.ContactNoted", DATA)], expected)
            revision += 1
            counts["appends"] += 1

    def read() -> None:
        while perf_counter() < stop:
            counts["read"] += sum(1 for _ in store.read_all(limit=2000))

    def follow() -> None:
        for batch in store.subscribe(after=store.head()).batches():
            counts["seen"] += len(batch)

    following = eventlet.spawn(follow)
    for thread in [*(eventlet.spawn(work) for work in (*[append] * CALLERS, read)), eventlet.spawn(watch, stop)]:
        thread.wait()
    following.kill()
    gaps.sort()
    told = {name: round(count / SECONDS) for name, count in counts.items()}
    told |= {"p99_ms": round(gaps[len(gaps) * 99 // 100] * 1000, 1), "longest_ms": round(gaps[-1] * 1000, 1)}
    told["busy_ms"] = round(max(turns) * 1000, 1)
    told["idle_ms"] = round(idle * 1000, 1)
    print(orjson.dumps(told).decode())
    store.close()


if __name__ == "__main__":
    main(sys.argv[1])

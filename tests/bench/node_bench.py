"""The node through the real client over loopback, beside bare grpcio; a second.

- limit: an echo on grpcio's own asyncio server, messages of the same sizes, that commits one durable row for each
  append and does nothing else
- rows: the same with a row for each event, as the node has it; in batches of 100, which are one append
- bare echo: the same without a row

Most of what a call takes is the client's own work, the same on all sides; the microseconds are the server's processor
time for each append or event read, where the machine tells (Linux). What is compared runs in turns; medians.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple
from uuid import uuid4

import grpc
import grpc.aio
import orjson
from kurrentdbclient import AsyncKurrentDBClient, KurrentDBClient, NewEvent, StreamState
from kurrentdbclient.protos.v1 import shared_pb2, streams_pb2

RUNS = 5
CALLERS = (1, 8, 64)
SINGLE, BATCHES = 320, 64  # appends in all, over all callers
BATCH = 100
READ_EVENTS = 5000
SEEN = 150
DATA = b'{"v":1,"case":"6f1d","note":"%s"}' % (b"x" * 170)
METADATA = b'{"actor":"w-17","roles":["caseworker"],"command":"0a0b0c0d0e0f"}'


def an_event() -> NewEvent:
    return NewEvent("cases.ContactNoted", DATA, METADATA)


# What is measured


def appends(address: str, callers: int, batch: int) -> float:
    """Appends a second, by as many threads."""
    total = SINGLE if batch == 1 else BATCHES
    each = max(1, total // callers)
    given = [[[an_event() for _ in range(batch)] for _ in range(each)] for _ in range(callers)]
    with KurrentDBClient(address) as client:
        start = threading.Barrier(callers + 1)

        def call(number: int) -> None:
            stream = f"case-{uuid4()}"
            client.get_current_version("warm")
            start.wait()
            for events in given[number]:
                if batch == 1:
                    client.append_event(stream, current_version=StreamState.ANY, event=events[0])
                else:
                    client.append_to_stream(stream, current_version=StreamState.ANY, events=events)

        threads = [threading.Thread(target=call, args=(number,)) for number in range(callers)]
        for thread in threads:
            thread.start()
        start.wait()
        began = perf_counter()
        for thread in threads:
            thread.join()
        return callers * each * batch / (perf_counter() - began)


def appends_asyncio(address: str, callers: int, batch: int) -> float:
    """Appends a second, by as many tasks of one event loop."""
    total = SINGLE if batch == 1 else BATCHES
    each = max(1, total // callers)
    given = [[[an_event() for _ in range(batch)] for _ in range(each)] for _ in range(callers)]

    async def call(client: AsyncKurrentDBClient, number: int) -> None:
        stream = f"case-{uuid4()}"
        for events in given[number]:
            given_one_by_one = events[0] if batch == 1 else events  # the client has another call for each
            await client.append_to_stream(stream, current_version=StreamState.ANY, events=given_one_by_one)

    async def measure() -> float:
        async with AsyncKurrentDBClient(address) as client:
            await client.get_current_version("warm")
            began = perf_counter()
            await asyncio.gather(*(call(client, number) for number in range(callers)))
            return callers * each * batch / (perf_counter() - began)

    return asyncio.run(measure())


def reads_of_a_stream(address: str) -> float:
    """Events a second."""
    with KurrentDBClient(address) as client:
        client.get_stream("read", limit=10)
        began = perf_counter()
        return sum(1 for _ in client.read_stream("read")) / (perf_counter() - began)


def reads_of_all(address: str) -> float:
    """Events a second."""
    with KurrentDBClient(address) as client:
        client.get_stream("read", limit=10)
        began = perf_counter()
        return sum(1 for _ in client.read_all(limit=READ_EVENTS)) / (perf_counter() - began)


def seen(address: str) -> float:
    """How many times a second an event is appended and seen by a subscriber before the next is appended."""
    stream = f"seen-{uuid4()}"
    with (
        KurrentDBClient(address) as client,
        KurrentDBClient(address) as reader,
        reader.subscribe_to_stream(stream) as subscription,
    ):
        client.append_event(stream, current_version=StreamState.ANY, event=an_event())
        next(subscription)
        began = perf_counter()
        for _ in range(SEEN):
            client.append_event(stream, current_version=StreamState.ANY, event=an_event())
            next(subscription)
        return SEEN / (perf_counter() - began)


# Who is measured


class Server(NamedTuple):
    """A server in a process of its own."""

    address: str
    pid: int

    def processor_seconds(self) -> float:
        """How much processor time it has used so far; 0 where the machine does not tell."""
        with suppress(OSError):
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0


@contextmanager
def serving(*arguments: str) -> Iterator[Server]:
    """A server in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="fmn-bench-") as folder:
        command = [sys.executable, "-m", "tests.bench.node_bench", *arguments, folder]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            yield Server(f"kdb://127.0.0.1:{int(process.stdout.readline())}?Tls=false", process.pid)
        finally:
            process.communicate(timeout=30)


def serve_node(folder: Path) -> None:
    """The node, with a stream to be read."""
    from shared.eventstore.node.node import NodeSettings  # the echo's process does without
    from shared.eventstore.node.serving import Serving
    from shared.eventstore.port import NewEvent as LogEvent

    serving = Serving(NodeSettings(folder / "log", port=0))
    for _ in range(READ_EVENTS // 500):
        serving.node.log.append("read", [LogEvent(uuid4(), "cases.ContactNoted", DATA, METADATA) for _ in range(500)])
    print(serving.port, flush=True)
    sys.stdin.read()
    serving.stop()


async def told_to_end(port: int) -> None:
    """Say where, and wait until whoever started this process ends its input."""
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)


class Echo(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio is untyped
    """Answers made once; and a row, if there is a database, for each append or each event of it."""

    def __init__(self, folder: Path | None, row_an_event: bool = False) -> None:
        self._row_an_event = row_an_event
        self._database = None
        if folder:
            self._database = sqlite3.connect(folder / "rows.db", isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute("CREATE TABLE rows (number INTEGER PRIMARY KEY, data BLOB)")
        self._following: list[asyncio.Queue[bytes]] = []
        success, position = streams_pb2.AppendResp.Success, streams_pb2.AppendResp.Position
        at = {"commit_position": 10_000, "prepare_position": 10_000}
        answer = streams_pb2.AppendResp(success=success(current_revision=1000, position=position(**at)))
        self._appended = answer.SerializeToString()
        several = streams_pb2.BatchAppendResp(
            correlation_id={"string": str(uuid4())},
            success={"current_revision": 1000, "position": at},
            stream_identifier={"stream_name": f"case-{uuid4()}".encode()},
        )
        self._appended_several = several.SerializeToString()
        recorded = {
            "id": shared_pb2.UUID(string=str(uuid4())),
            "stream_identifier": {"stream_name": b"read"},
            "stream_revision": 1000,
            **at,
            "metadata": {
                "type": "cases.ContactNoted",
                "created": "17640000000000000",
                "content-type": "application/json",
            },
            "custom_metadata": METADATA,
            "data": DATA,
        }
        event = streams_pb2.ReadResp.ReadEvent(event=recorded, commit_position=10_000)
        self._event = streams_pb2.ReadResp(event=event).SerializeToString()
        confirmation = {"subscription_id": str(uuid4())}
        self._confirmed = streams_pb2.ReadResp(confirmation=confirmation).SerializeToString()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        match details.method.rpartition("/")[2]:
            case "Append":
                return grpc.stream_unary_rpc_method_handler(self._append)
            case "BatchAppend":
                return grpc.stream_stream_rpc_method_handler(self._batch_append)
            case _:
                return grpc.unary_stream_rpc_method_handler(self._read)

    def _commit(self, data: bytes) -> None:
        if self._database:
            parts = [data]
            if self._row_an_event and len(data) > BATCH * len(DATA):
                step = -(-len(data) // BATCH)
                parts = [data[at : at + step] for at in range(0, len(data), step)]
            places = ", ".join(["(?)"] * len(parts))
            self._database.execute(f"INSERT INTO rows (data) VALUES {places}", parts)
        for queue in self._following:
            queue.put_nowait(self._event)

    async def _append(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        self._commit(b"".join([request async for request in requests]))
        return self._appended

    async def _batch_append(self, requests: AsyncIterator[bytes], context: Any) -> None:
        async for request in requests:
            self._commit(request)
            await context.write(self._appended_several)

    async def _read(self, request: bytes, context: Any) -> None:
        options = streams_pb2.ReadReq.FromString(request).options
        if options.WhichOneof("count_option") == "count":
            for _ in range(min(options.count, READ_EVENTS)):
                await context.write(self._event)
            return
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._following.append(queue)
        try:
            await context.write(self._confirmed)
            while True:
                await context.write(await queue.get())
        finally:
            self._following.remove(queue)


async def serve_echo(echo: Echo) -> None:
    """Bare grpcio."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((echo,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await told_to_end(port)
    await server.stop(None)


# The table


def points() -> dict[str, tuple[Callable[[str], float], int]]:
    """What is measured, by name, and how many appends or reads that is."""
    found: dict[str, tuple[Callable[[str], float], int]] = {}
    for batch, (kind, work) in itertools.product((1, BATCH), (("threads", appends), ("asyncio", appends_asyncio))):
        for callers in CALLERS:
            how = f"batches of {BATCH}" if batch > 1 else "one by one"
            name = f"appends, {how}, {callers} {kind if callers > 1 else kind.rstrip('s')}"
            found[name] = partial(work, callers=callers, batch=batch), SINGLE if batch == 1 else BATCHES
    found["reads of a stream"] = reads_of_a_stream, READ_EVENTS
    found["reads of $all"] = reads_of_all, READ_EVENTS
    found["append and see it, in turns"] = seen, SEEN
    return found


def in_turn(names: list[str], turn: int) -> list[str]:
    """Another one first each time: whoever comes after one that wrote finds the disk still busy with that."""
    first = turn % len(names)
    return names[first:] + names[:first]


def run() -> list[dict[str, Any]]:
    """The rows of the table."""
    rows: list[dict[str, Any]] = []
    with serving("node") as node, serving("echo") as limit, serving("rows") as rows_, serving("bare") as bare:
        all_servers = {"node": node, "limit": limit, "rows": rows_, "bare echo": bare}
        for what, (work, count) in points().items():
            servers = {name: server for name, server in all_servers.items() if name != "rows" or "batches" in what}
            figures: dict[str, list[float]] = {name: [] for name in servers}
            spent = {name: -server.processor_seconds() for name, server in servers.items()}
            for turn in range(RUNS):
                for name in in_turn(list(servers), turn):
                    figures[name].append(work(servers[name].address))
            for name, server in servers.items():
                spent[name] += server.processor_seconds()
            medians = {name: statistics.median(values) for name, values in figures.items()}
            row: dict[str, Any] = {"a second": what}
            row |= {name: round(value) for name, value in medians.items()}
            for name in ("limit", "rows"):
                if name in medians:
                    row[f"node / {name}"] = round(medians["node"] / medians[name], 2)
            for name in ("node", "limit", "rows"):
                if spent.get(name):
                    row[f"{name} us"] = round(spent[name] / (RUNS * count) * 1e6)
            rows.append(row)
    return rows


def main() -> None:
    """Serve, if told so; else measure and show."""
    if len(sys.argv) > 2:
        kind, folder = sys.argv[1], Path(sys.argv[2])
        with suppress(KeyboardInterrupt):
            if kind == "node":
                serve_node(folder)
            else:
                asyncio.run(serve_echo(Echo(None if kind == "bare" else folder, kind == "rows")))
        return
    from tests.bench.__main__ import console, table_of

    rows = run()
    console.print(table_of("The node through the real client, a second", rows))
    sys.stdout.write(orjson.dumps(rows).decode() + "\n")


if __name__ == "__main__":
    main()

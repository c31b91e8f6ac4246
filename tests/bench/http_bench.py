"""One durable command over HTTP, beside a bare FastAPI endpoint with the same bearer check and one durable row.

`python -m tests.bench.http_bench`. One uvicorn worker each, the same client in a process of its own, SQLite with
synchronous=FULL on both sides, our access log written to a file. The command registers a funder: its whole way, from
the token through validation, roles, fold, decision and event to the receipt. "personal" registers one with a sealed
name, so that a data key is committed before the event; it has no bare peer, and is there to be seen. The bare endpoint
is written in both of FastAPI's ways, `async def` (commits on the loop) and `def` (commits in a thread pool, under a
lock), and the faster one counts. Short runs take turns, so that a busy machine slows all of them alike; medians.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import orjson
import uvicorn
from fastapi import Depends, FastAPI, Header
from pydantic import BaseModel

ROUNDS = 15
SECONDS = 0.4
CONNECTIONS = (1, 32)
SERVERS = ("ours", "bare async def", "bare def")

FUNDER = {"kind": "foreign_organisation", "name": "Emmaüs Europe", "country": "FR", "occurred": "2004-05"}
DONOR = {"kind": "private", "name": "a private donor", "donor": "a name"}


def run() -> list[dict[str, Any]]:
    """A row for each number of connections: requests a second and the ratio."""
    rates: dict[tuple[str, int], list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        ports = {name: stack.enter_context(_serving(name, Path(folder))) for name in SERVERS}
        token = _token(Path(folder))
        ours = _request(token, "/funders", FUNDER)
        personal = _request(token, "/funders", FUNDER | DONOR)
        bare = _request(token, "/rows", FUNDER)
        runs = [("ours", ports["ours"], ours), ("personal", ports["ours"], personal)]
        runs += [(name, ports[name], bare) for name in SERVERS[1:]]
        for turn in range(ROUNDS + 1):
            for connections in CONNECTIONS:
                for name, port, request in runs:
                    rate = _measure(port, request, connections)
                    if turn:  # the first turn warms up
                        rates.setdefault((name, connections), []).append(rate)
    return [_row(connections, {name: rates[name, connections] for name, _, _ in runs}) for connections in CONNECTIONS]


def _row(connections: int, rates: dict[str, list[float]]) -> dict[str, Any]:
    medians = {name: statistics.median(found) for name, found in rates.items()}
    bare = max(medians[name] for name in SERVERS[1:])
    return {
        "connections": connections,
        **{f"{name} /s": round(rate) for name, rate in medians.items()},
        "ratio": round(medians["ours"] / bare, 2),
        "aim": 0.6,
    }


def _request(token: str, path: str, fields: dict[str, Any]) -> bytes:
    body = orjson.dumps(fields)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _token(folder: Path) -> str:
    from services.gateway.tokens import open_tokens
    from shared.messages import Role

    return open_tokens(folder).issue("a-1", [Role.ACCOUNTANT, Role.PROJECT_MANAGER])


# The client: sends the same bytes on each connection as soon as the last answer is in.


class _Connection(asyncio.Protocol):
    def __init__(self, request: bytes) -> None:
        self.answers = 0
        self.refused: bytes | None = None
        self._request = request
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(rest) < length:
            return
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            self.refused = rest
            self._transport.close()
            return
        self.answers += 1
        self._buffer = b""
        self._transport.write(self._request)

    def close(self) -> None:
        self._transport.close()


async def _drive(port: int, request: bytes, connections: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    opened = []
    began = time.perf_counter()
    for _ in range(connections):
        _, connection = await loop.create_connection(lambda: _Connection(request), "127.0.0.1", port)
        opened.append(connection)
    await asyncio.sleep(seconds)
    answers = sum(connection.answers for connection in opened)
    took = time.perf_counter() - began
    for connection in opened:
        if connection.refused is not None:
            raise RuntimeError(f"the server refused: {connection.refused.decode()}")
        connection.close()
    return answers / took


def _measure(port: int, request: bytes, connections: int) -> float:
    if sys.platform == "linux":
        import uvloop

        return uvloop.run(_drive(port, request, connections, SECONDS))
    return asyncio.run(_drive(port, request, connections, SECONDS))


# The servers, each in a process of its own.


@contextmanager
def _serving(name: str, folder: Path) -> Iterator[int]:
    log = (folder / f"{name.replace(' ', '-')}.log").open("wb")
    command = [sys.executable, "-m", "tests.bench.http_bench", "serve", name, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError((folder / log.name).read_text())
        yield int(line)
    finally:
        process.terminate()
        process.wait()
        log.close()


def _serve(name: str, folder: Path) -> None:
    app = _ours(folder) if name == "ours" else _bare(folder, name)
    config = uvicorn.Config(app, host="127.0.0.1", port=0, access_log=False, log_config=None)
    server = uvicorn.Server(config)

    async def serve() -> None:
        running = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        await running

    if sys.platform == "linux":
        import uvloop

        uvloop.run(serve())
    else:
        asyncio.run(serve())


def _ours(folder: Path) -> FastAPI:
    from services.gateway.http import create_app
    from services.gateway.tokens import open_tokens
    from services.projects.funder import funder
    from shared.bus import Answered, DirectBus
    from shared.context import Context, Registry
    from shared.eventstore.sqlite import open_store
    from shared.handling import CommandHandler
    from shared.logging import configure_logging
    from shared.privacy.vault import open_vault
    from shared.settings import Settings

    configure_logging("json")
    context = Context("projects", "Projects", deciders=(funder,))
    handler = CommandHandler(open_store(folder / "log"), Registry([context]), open_vault(folder / "vault"))
    bus = DirectBus(handler, lambda *_: Answered(None, 0))
    return create_app(bus, [context], open_tokens(folder), readiness=dict, settings=Settings())


class Row(BaseModel):
    """What the bare endpoint takes."""

    kind: str
    name: str
    country: str
    occurred: str


def _bare(folder: Path, name: str) -> FastAPI:
    from services.gateway.tokens import open_tokens

    app = FastAPI()
    tokens = open_tokens(folder)
    database = sqlite3.connect(folder / f"{name.replace(' ', '-')}.db", check_same_thread=False, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, actor TEXT, data TEXT)")
    lock = threading.Lock()

    def insert(actor: str, row: Row) -> dict[str, int | None]:
        with lock:
            done = database.execute("INSERT INTO rows (actor, data) VALUES (?, ?)", (actor, row.model_dump_json()))
        return {"id": done.lastrowid}

    async def actor_now(authorization: Annotated[str, Header()]) -> str:
        return tokens.identify(authorization.removeprefix("Bearer ")).actor

    if name == "bare async def":

        @app.post("/rows", status_code=201)
        async def add(row: Row, actor: str = Depends(actor_now)) -> dict[str, int | None]:
            return insert(actor, row)
    else:

        @app.post("/rows", status_code=201)
        def add_in_a_thread(row: Row, actor: str = Depends(actor_now)) -> dict[str, int | None]:
            return insert(actor, row)

    return app


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        _serve(sys.argv[2], Path(sys.argv[3]))
    else:
        for found in run():
            print(found)

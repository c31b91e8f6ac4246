"""Commands and queries over nameko RPC and over the gateway, beside echoes that make the same append through the agent.

Same broker, same log, same callers, same sealing, for one and for two processes of each service; they take turns of a
second or so. What is divided is medians. A bare echo, which appends nothing, stands beside them. The echo gateway
checks the same token and passes the call on, no more. `BENCH_CALLS` and `BENCH_ROUNDS` make it shorter, or longer.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx

from services.gateway.distributed.private_servers import rabbitmq
from services.gateway.distributed.programs import free_port
from services.gateway.installation import Installation
from services.gateway.tokens import open_tokens
from shared.calling import Calling
from shared.eventstore.agent.provider import CONFIGURED
from shared.messages import Role
from shared.settings import Settings
from shared.transport import open_sealing
from tests.bench.http_bench import _measure, _request
from tests.servers.running import running

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CALLS = int(os.environ.get("BENCH_CALLS", "200"))
CALLS_EACH = 20  # of 200 calls, 64 at once, the first and the last tell more than those between
IN_FLIGHT = (1, 16, 64)
PROCESSES = (1, 2)
PATIENCE_SECONDS = 180
CONFIG = Path(__file__).parents[2] / "deploy" / "nameko.yaml"
AIM = 0.8

Make = Callable[[Calling], Awaitable[Any]]
Run = Callable[[int], Awaitable[float]]


def run() -> list[dict[str, Any]]:
    """One row for each number of processes and of calls in flight."""
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        broker = stack.enter_context(running(rabbitmq))
        settings = Settings(data_dir=folder, amqp_url=broker.url)  # type: ignore[arg-type]
        installation = stack.enter_context(Installation(settings))
        installation.projector().catch_up()
        open_sealing(settings)
        token = open_tokens(folder).issue("w-1", [Role.CASEWORKER, Role.SUPERVISOR])
        processes = _Processes(folder, broker.url)
        stack.callback(processes.stop)
        echo = folder / "echo.yaml"
        echo.write_text(f"{CONFIG.read_text()}\n{CONFIGURED}: {folder / 'log'}\n")
        gateways = {"gateway": free_port(), "echo gateway": free_port()}
        processes.start("-m", "services.gateway.distributed.gateway", "gateway", PORT=str(gateways["gateway"]))
        processes.start("-m", "tests.bench.rpc_echo_gateway", str(gateways["echo gateway"]))
        for count in PROCESSES:
            processes.nameko(CONFIG, "services.cases.service")
            processes.nameko(echo, "tests.bench.rpc_echo:EchoService")
            rows += asyncio.run(_measured(count, settings, broker.url, token, gateways))
    return rows


class _Processes:
    """What was started, quietly, with the installation's environment."""

    def __init__(self, folder: Path, url: str) -> None:
        self._environment = {**os.environ, "DATA_DIR": str(folder), "AMQP_URL": url, "LOG_LEVEL": "ERROR"}
        self._environment |= {"LOG_FORMAT": "json", "CALL_SECONDS": "60"}
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str, **environment: str) -> None:
        """A Python process."""
        quiet = subprocess.DEVNULL
        command = [sys.executable, "-W", "ignore", *arguments]
        given = {**self._environment, **environment}
        self._started.append(subprocess.Popen(command, env=given, stdin=quiet, stdout=quiet, stderr=quiet))

    def nameko(self, config: Path, service: str) -> None:
        """One more process of a service, by nameko's own command."""
        self.start(str(Path(sys.executable).with_name("nameko")), "run", "--config", str(config), service)

    def stop(self) -> None:
        """End all of it."""
        for process in self._started:
            process.terminate()
        for process in self._started:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _measured(
    count: int, settings: Settings, url: str, token: str, gateways: dict[str, int]
) -> list[dict[str, Any]]:
    calling = Calling(url, open_sealing(settings), in_flight=max(IN_FLIGHT), seconds=60)
    calling.start()
    makes: dict[str, Make] = {
        "command": lambda to: to.call("cases", "open_case", {"fields": _a_case(), "token": token}),
        "query": lambda to: to.call("cases", "list_cases", {"fields": {"limit": 1}, "token": token}),
        "echo": lambda to: to.call("echo", "append", {"fields": _a_case(), "id": str(uuid4())}),
        "bare echo": lambda to: to.call("echo", "echo", {"fields": _a_case()}),
    }
    requests = {
        name: _request(token, path, _a_case())
        for name, path in {"gateway": "/cases", "echo gateway": "/append"}.items()
    }
    await _until_served(calling, makes, count)
    for name, port in gateways.items():
        await _until_answered(port, {"gateway": "/cases", "echo gateway": "/append"}[name], token)
    runs: dict[str, Run] = {
        **{name: lambda n, make=make: _rate(calling, make, n) for name, make in makes.items()},
        **{
            name: lambda n, port=port, name=name: asyncio.to_thread(_measure, port, requests[name], n)
            for name, port in gateways.items()
        },
    }
    rows = []
    for in_flight in IN_FLIGHT:
        rates: dict[str, list[float]] = {name: [] for name in runs}
        for turn in range(ROUNDS + 1):
            for name, measure in runs.items():
                rate = await measure(in_flight)
                if turn:  # the first turn warms up
                    rates[name].append(rate)
        medians = {name: statistics.median(found) for name, found in rates.items()}
        row: dict[str, Any] = {"processes, in flight": f"{count}, {in_flight}"}
        row |= {f"{name} /s": round(found) for name, found in medians.items()}
        row["command : echo"] = round(medians["command"] / medians["echo"], 2)
        row["gateway : echo gateway"] = round(medians["gateway"] / medians["echo gateway"], 2)
        row["query : bare echo"] = round(medians["query"] / medians["bare echo"], 2)
        row["aim"] = AIM
        rows.append(row)
    await calling.close()
    return rows


async def _until_served(calling: Calling, makes: dict[str, Make], count: int) -> None:
    """Until every process answers: calls go to each in turn, so several good ones in a row mean that all are there."""
    for make in makes.values():
        good = 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while good < 4 * count:
                try:
                    await make(calling)
                    good += 1
                except Exception:  # not up yet: in the end the time is over
                    good = 0
                    await asyncio.sleep(0.2)


async def _until_answered(port: int, path: str, token: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        while True:
            try:
                answer = await client.post(path, json=_a_case(), headers={"Authorization": f"Bearer {token}"})
                if answer.is_success:
                    return
            except httpx.TransportError:  # not up yet
                pass
            await asyncio.sleep(0.2)


async def _rate(calling: Calling, make: Make, in_flight: int) -> float:
    calls = max(CALLS, CALLS_EACH * in_flight)
    left = iter(range(calls))

    async def caller() -> None:
        for _ in left:
            await make(calling)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(in_flight)))
    return calls / (time.perf_counter() - began)


def _a_case() -> dict[str, str]:
    return {"kind": "family_support", "channel": "telephone", "person": str(uuid4()), "occurred": "2008-10-02"}


if __name__ == "__main__":
    for found in run():
        print(found)

"""Commands and queries over nameko RPC, beside a bare nameko echo and one that makes the same append.

Same broker, same log, same caller, same sealing; they take turns of a second or two. What is divided is medians.
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

from services.gateway.distributed.private_servers import rabbitmq
from services.gateway.installation import Installation
from services.gateway.tokens import open_tokens
from shared.calling import Calling
from shared.messages import Role
from shared.rpc import CONNECT
from shared.settings import Settings
from shared.transport import open_sealing
from tests.servers.running import running

ROUNDS = 3
CALLS = 200
IN_FLIGHT = (1, 16, 64)
CONFIG = Path(__file__).parents[2] / "deploy" / "nameko.yaml"

Make = Callable[[Calling], Awaitable[Any]]


def run() -> list[dict[str, Any]]:
    """One row for each number of calls in flight."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        broker = stack.enter_context(running(rabbitmq))
        settings = Settings(data_dir=folder, amqp_url=broker.url)  # type: ignore[arg-type]
        installation = stack.enter_context(Installation(settings))
        installation.projector().catch_up()
        open_sealing(settings)
        environment = {**os.environ, "DATA_DIR": str(folder), "AMQP_URL": broker.url, "LOG_LEVEL": "ERROR"}
        echo = folder / "echo.yaml"
        echo.write_text(CONFIG.read_text().replace("services.gateway.distributed.relay", "tests.bench.rpc_echo"))
        assert CONNECT in echo.read_text()
        for config, service in ((CONFIG, "services.cases.service"), (echo, "tests.bench.rpc_echo:EchoService")):
            command = [str(Path(sys.executable).with_name("nameko")), "run", "--config", str(config), service]
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        token = open_tokens(folder).issue("w-1", [Role.CASEWORKER])
        return asyncio.run(_measure(settings, broker.url, token))


async def _measure(settings: Settings, url: str, token: str) -> list[dict[str, Any]]:
    calling = Calling(url, open_sealing(settings), in_flight=max(IN_FLIGHT), seconds=60)
    calling.start()
    makes: dict[str, Make] = {
        "command": lambda to: to.call("cases", "open_case", {"fields": _a_case(), "token": token}),
        "query": lambda to: to.call("cases", "list_cases", {"fields": {"limit": 1}, "token": token}),
        "echo with append": lambda to: to.call("echo", "append", {"fields": _a_case()}),
        "bare echo": lambda to: to.call("echo", "echo", {"fields": _a_case()}),
    }
    await _until_served(calling, makes)
    rows = []
    for in_flight in IN_FLIGHT:
        rates: dict[str, list[float]] = {name: [] for name in makes}
        for _ in range(ROUNDS):
            for name, make in makes.items():
                rates[name].append(await _rate(calling, make, in_flight))
        medians = {name: statistics.median(found) for name, found in rates.items()}
        row: dict[str, Any] = {"in flight": in_flight}
        row |= {f"{name} /s": round(found) for name, found in medians.items()}
        row["command : echo with append"] = round(medians["command"] / medians["echo with append"], 2)
        row["query : bare echo"] = round(medians["query"] / medians["bare echo"], 2)
        rows.append(row)
    await calling.close()
    return rows


async def _until_served(calling: Calling, makes: dict[str, Make]) -> None:
    for make in makes.values():
        async with asyncio.timeout(120):
            while True:
                try:
                    await make(calling)
                    break
                except Exception:  # not up yet: in the end the time is over
                    await asyncio.sleep(0.2)


async def _rate(calling: Calling, make: Make, in_flight: int) -> float:
    left = iter(range(CALLS))

    async def caller() -> None:
        for _ in left:
            await make(calling)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(in_flight)))
    return CALLS / (time.perf_counter() - began)


def _a_case() -> dict[str, str]:
    return {"kind": "family_support", "channel": "telephone", "person": str(uuid4()), "occurred": "2008-10-02"}


if __name__ == "__main__":
    for found in run():
        print(found)

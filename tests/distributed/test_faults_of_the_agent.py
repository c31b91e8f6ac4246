"""A nameko service that keeps its events through the store agent, on a node: nothing acknowledged is lost or doubled.

Each of the four is killed at a random moment, under load; `FORGETMENOT_ROUNDS` says how many times. At the end it is
told how many of the calls under way each strike met before, and after, their append.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.calling import Calling
from shared.errors import Unavailable
from shared.eventstore.agent.provider import CONFIGURED
from shared.eventstore.kurrent.store import open_cluster
from shared.settings import Settings
from shared.transport import open_sealing
from tests.distributed.conftest import CONFIG, NAMEKO, PATIENCE_SECONDS
from tests.distributed.under_load import Sent, phases
from tests.node.process import NodeProcess
from tests.servers.fixtures import broker as broker
from tests.servers.running import Server

ROUNDS = int(os.environ.get("FORGETMENOT_ROUNDS", "24"))
WRITERS = 4
STRIKES = ("agent", "node", "service", "broker")

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600), pytest.mark.xdist_group("broker")]


class Keeping:
    """The service under nameko's own command, started again whenever it ends, and what it stands on."""

    def __init__(self, folder: Path, broker: Server) -> None:
        self.broker = broker
        self.node = NodeProcess(folder / "log")
        self.settings = Settings(data_dir=folder, amqp_url=broker.url)
        open_sealing(self.settings)
        config = folder / "echo.yaml"
        config.write_text(f"{Path(CONFIG).read_text()}\n{CONFIGURED}: {self.node.address}\n")
        self._command = [NAMEKO, "run", "--config", str(config), "tests.bench.rpc_echo:EchoService"]
        self._environment = {**os.environ, "DATA_DIR": str(folder), "AMQP_URL": broker.url}
        self._output = folder / "output.txt"
        self._stop = threading.Event()
        self._started = self._start()
        self._keeping = threading.Thread(target=self._keep)
        self._keeping.start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._output.open("ab") as output:
            return subprocess.Popen(self._command, env=self._environment, stdout=output, stderr=output)

    def _keep(self) -> None:
        while not self._stop.wait(0.2):
            if self._started.poll() is not None:
                self._started = self._start()

    def strike(self, what: str) -> None:
        """Kill it, as a power cut does; whoever looks after it starts it again."""
        match what:
            case "agent":
                service = self._started.pid
                for agent in Path(f"/proc/{service}/task/{service}/children").read_text().split():
                    os.kill(int(agent), 9)
            case "node":
                self.node.kill()
                self.node.restart()
            case "service":
                self._started.kill()
            case "broker":
                self.broker.kill()
                self.broker.start()

    def close(self) -> None:
        """End all of it."""
        self._stop.set()
        self._keeping.join()
        self._started.terminate()
        self._started.wait()
        self.node.stop()


@pytest.fixture
def keeping(tmp_path: Path, broker: Server) -> Iterator[Keeping]:
    started = Keeping(tmp_path, broker)
    yield started
    started.close()


async def write(calling: Calling, enough: asyncio.Event, acknowledged: list[Sent]) -> None:
    """Send events under ids of their own, each as often as it takes."""
    while not enough.is_set():
        key, began = str(uuid4()), time.time()
        while True:
            try:
                await calling.call("echo", "append", {"fields": {"said": "this"}, "id": key})
                break
            except Unavailable:
                await asyncio.sleep(0.1)
        acknowledged.append(Sent(key, began, time.time()))


async def under_load(keeping: Keeping) -> tuple[list[tuple[str, float]], list[Sent]]:
    """Strike while others write; what was struck when, and all that was acknowledged."""
    chance = random.Random(25)
    calling = Calling(keeping.settings.amqp_url.get_secret_value(), open_sealing(keeping.settings), seconds=10)
    calling.start()
    enough = asyncio.Event()
    strikes: list[tuple[str, float]] = []
    acknowledged: list[list[Sent]] = [[] for _ in range(WRITERS)]
    writers = [asyncio.create_task(write(calling, enough, mine)) for mine in acknowledged]

    async def each_goes_on() -> None:
        before = [len(mine) for mine in acknowledged]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not all(len(mine) > had for mine, had in zip(acknowledged, before, strict=True)):
                assert not any(writer.done() for writer in writers), "a writer was refused"
                await asyncio.sleep(0.05)

    await each_goes_on()
    for round_ in range(ROUNDS):
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        strikes.append((what := STRIKES[round_ % len(STRIKES)], time.time()))
        await asyncio.to_thread(keeping.strike, what)
        await each_goes_on()
    enough.set()
    await asyncio.gather(*writers)
    await calling.close()
    return strikes, [sent for mine in acknowledged for sent in mine]


def test_whatever_is_killed_every_acknowledged_event_is_in_the_log_once(keeping: Keeping) -> None:
    strikes, acknowledged = asyncio.run(under_load(keeping))
    with open_cluster(keeping.node.address) as store:
        came = [event for event in store.read_all() if event.type == "echo.Came"]
    recorded = {str(event.id): event.created.timestamp() for event in came}
    assert len(recorded) == len(came), "an event is there twice"
    assert recorded.keys() == {sent.key for sent in acknowledged}
    assert len(acknowledged) > ROUNDS
    told = {what: dict(counted) for what, counted in phases(strikes, acknowledged, recorded).items()}
    print(f"\n{len(acknowledged)} acknowledged; struck, and the calls under way: {told}")

"""One service on a private broker, run by nameko's own command; its read models are filled by this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from nameko.standalone.rpc import ClusterRpcProxy

from services.gateway.distributed.nameko_config import nameko_config
from services.gateway.installation import Installation
from services.gateway.tokens import open_tokens
from shared import transport
from shared.messages import Role
from shared.settings import Settings
from tests.servers.collector import Collector, collecting
from tests.servers.fixtures import broker as broker
from tests.servers.running import Server

NAMEKO = str(Path(sys.executable).with_name("nameko"))
CONFIG = str(Path(__file__).parents[2] / "deploy" / "nameko.yaml")
PATIENCE_SECONDS = 90.0


class Cases:
    """The cases service as a process, and a log to look into."""

    def __init__(self, folder: Path, broker: Server, collector: Collector) -> None:
        self.broker = broker
        self.collector = collector
        self.settings = Settings(data_dir=folder, amqp_url=broker.url)
        self.environment = {**os.environ, "DATA_DIR": str(folder), "AMQP_URL": broker.url, "LOG_FORMAT": "json"}
        self.environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        self.installation = Installation(self.settings)
        self.tokens = open_tokens(folder)
        self.output = folder / "output.txt"
        self._stop = threading.Event()
        self._filling = threading.Thread(target=self.installation.projector().run, args=(self._stop,))
        self._filling.start()
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Run it; it is not ready yet."""
        with self.output.open("ab") as output:
            command = [NAMEKO, "run", "--config", CONFIG, "services.cases.service"]
            self.process = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output)
        return self.process

    def wait_until_ready(self) -> None:
        """It answers."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not self.answers():
            assert time.monotonic() < give_up and self.process.poll() is None, self.output.read_text()[-3000:]
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether it does, within some seconds."""
        try:
            with self.called(timeout=5) as rpc:
                return bool(rpc.cases.health())
        except Exception:  # nameko's own, of many kinds
            return False

    def token(self, *roles: Role, actor: str = "w-1") -> str:
        """Of a caseworker, if nothing is said."""
        return self.tokens.issue(actor, roles or [Role.CASEWORKER])

    @contextmanager
    def called(self, timeout: float = 60, **data: Any) -> Iterator[Any]:
        """nameko's own client, with this context data."""
        with ClusterRpcProxy(nameko_config(self.settings), timeout=timeout, context_data=data) as rpc:
            yield rpc

    @contextmanager
    def kept_running(self) -> Iterator[None]:
        """Start it again whenever it ends: nameko may end with its broker, and a supervisor is there for that."""
        stop = threading.Event()

        def keep() -> None:
            while not stop.wait(0.2):
                if self.process.poll() is not None:
                    self.start()

        keeping = threading.Thread(target=keep)
        keeping.start()
        try:
            yield
        finally:
            stop.set()
            keeping.join()

    def backends(self) -> list[int]:
        """The processes beside it that carry its calls out."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in found]

    def kill(self) -> None:
        """As a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """End everything."""
        if self.process.poll() is None:
            self.kill()
        self._stop.set()
        self._filling.join()
        self.installation.close()


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory, broker: Server) -> Iterator[Cases]:
    """The service, ready."""
    folder = tmp_path_factory.mktemp("cases")
    with pytest.MonkeyPatch.context() as patched, collecting() as collector:
        # nameko's serializer looks at the environment of its process: here that is ours.
        patched.setenv("DATA_DIR", str(folder))
        transport.of_environment.cache_clear()
        cases = Cases(folder, broker, collector)
        try:
            cases.wait_until_ready()
            yield cases
        finally:
            cases.close()
    transport.of_environment.cache_clear()


def eventually(holds: Callable[[], Any], otherwise: str) -> Any:
    """Wait until it does, and give what it gave."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not (found := holds()):
        assert time.monotonic() < give_up, otherwise
        time.sleep(0.05)
    return found

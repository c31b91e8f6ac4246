"""The real thing from outside: `forgetmenot serve` as a process group of its own, asked over HTTP."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson

from services.gateway.event_log import EventLog
from services.gateway.tokens import open_tokens
from shared.eventstore.port import EventStore
from shared.messages import Role
from shared.settings import Settings
from tests.acceptance.store import ON_A_NODE, store_beside

T = TypeVar("T")

DISTRIBUTED = os.environ.get("FORGETMENOT_TOPOLOGY") == "distributed"
"""Whether the servers of these tests run every part as a process of its own, behind a broker."""

COMMAND = str(Path(sys.executable).with_name("forgetmenot"))
PATIENCE_SECONDS = 300.0 if DISTRIBUTED else 90.0  # a dozen processes start, and stop


class Refused(AssertionError):
    """An answer other than was expected, with the problem document."""


class Server:
    """One `serve`, and everything that it writes. Restarting keeps the folder, the port and the captured output."""

    def __init__(self, folder: Path, *options: str, on_a_node: bool = ON_A_NODE, **environment: str) -> None:
        self.data = folder / "data"
        self.output = folder / "output.txt"
        self.port = free_port()
        self._options = options
        self.store = store_beside(self.data, free_port(), on_a_node=on_a_node)
        given = self.store.environment | environment
        if DISTRIBUTED:
            self._options = (*options, "--distributed")
            # Not in pytest's own folders: the user that PostgreSQL runs as may not pass through them.
            self._servers = Path(tempfile.mkdtemp(prefix="forgetmenot-", dir="/tmp"))
            given |= {"SERVERS_DIR": str(self._servers)}
        self._environment = clean_environment(self.data, PORT=str(self.port), LOG_FORMAT="json", **given)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, in the background."""
        self.store.start()
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [COMMAND, "serve", *self._options],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Everything behind the API is there."""
        self.eventually(self._is_ready, "it did not become ready")

    def is_up(self) -> bool:
        """True, or what it said before it ended."""
        assert self.process is not None and self.process.poll() is None, self.said()[-5000:]
        return True

    def _is_ready(self) -> bool:
        try:
            return self.is_up() and httpx.get(f"{self.url}/health/ready", timeout=30).status_code == 200
        except httpx.TransportError:
            return False

    def interrupt(self) -> int:
        """Ctrl-C; its exit code."""
        return self._end(signal.SIGINT)

    def kill(self) -> None:
        """As a power cut does, to the server alone: the worker is told by the end of its input."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        assert self.process is not None
        os.kill(self.process.pid, how)
        code = self.process.wait(PATIENCE_SECONDS)
        self.store.stop()
        return code

    def close(self) -> None:
        """End it, however it stands."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.store.stop()
        if DISTRIBUTED:
            shutil.rmtree(self._servers, ignore_errors=True)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        """All that it wrote to standard output and standard error."""
        return self.output.read_text(encoding="utf-8")

    def lines(self, event: str) -> list[dict[str, Any]]:
        """The lines of its log about `event`."""
        found = [orjson.loads(line) for line in self.said().splitlines() if line.startswith('{"')]
        return [line for line in found if line.get("event") == event]

    def workers(self) -> list[int]:
        """The processes of read models and policies that were ever started, the last one last."""
        if DISTRIBUTED:
            return [line["pid"] for line in self.lines("a part started") if line["part"] == "projector"]
        return [line["pid"] for line in self.lines("the worker started")]

    def log_owner(self) -> int:
        """The process that owns the log."""
        if DISTRIBUTED:
            return int([line["pid"] for line in self.lines("a part started") if line["part"] == "log"][-1])
        assert self.process is not None
        return self.process.pid

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Another `forgetmenot` command on the same folder."""
        with self.store.running():
            return command(*arguments, environment={**self._environment, **environment})

    @contextmanager
    def event_log(self) -> Iterator[EventStore]:
        """Its log, by the way that its own processes take: in the data folder, or on the node beside it."""
        settings = Settings(data_dir=self.data, eventstore_uri=self.store.environment.get("EVENTSTORE_URI"))
        with self.store.running(), EventLog(settings, must_exist=True) as log:
            yield log.store

    @staticmethod
    def eventually(holds: Callable[[], T], otherwise: str) -> T:
        """Wait until `holds()` is true, and give what it answered."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := holds()):
            assert time.monotonic() < deadline, otherwise
            time.sleep(0.05)
        return found


class Api:
    """Speaks to a server as somebody in a role."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.client = httpx.Client(base_url=server.url, timeout=60)
        self._tokens: dict[tuple[str, str], str] = {}

    def token(self, role: str, actor: str) -> str:
        """From the key that `forgetmenot token` uses (a test of its own runs the command)."""
        if (role, actor) not in self._tokens:
            self._tokens[role, actor] = open_tokens(self.server.data).issue(actor, [Role(role)])
        return self._tokens[role, actor]

    def request(
        self, method: str, path: str, role: str, *, actor: str = "", headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Any request, with a token. Who is not named is called by their role."""
        bearer = {"Authorization": f"Bearer {self.token(role, actor or f'{role}-1'.replace('_', '-'))}"}
        return self.client.request(method, path, headers=bearer | (headers or {}), **more)

    def send(self, role: str, path: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A command that is accepted; its receipt."""
        return accepted(self.request("POST", path, role, json=body, **more))

    def ask(self, role: str, path: str, *, wait_for: int = 0, **more: Any) -> Any:
        """A question that is answered; asked again while the answer is not there yet, as the API says to."""
        parameters = {**more.pop("params", {}), **({"wait_for": wait_for} if wait_for else {})}

        def answered() -> httpx.Response | None:
            answer = self.request("GET", path, role, params=parameters, **more)
            return None if answer.status_code == 503 else answer

        return accepted(Server.eventually(answered, f"{path} is not answered"))

    def head(self) -> int:
        """The position that the log has reached: whoever waits for it sees everything that was recorded so far."""
        answer = self.request("GET", "/policies/parked", "supervisor")
        return int(answer.headers["x-position"])

    def close(self) -> None:
        """Let go of connections."""
        self.client.close()


def accepted(response: httpx.Response) -> Any:
    """The answer of a request that was carried out. Raises `Refused`."""
    if response.status_code not in (200, 201):
        raise Refused(f"{response.request.method} {response.request.url.path}: {response.status_code} {response.text}")
    return response.json()


def command(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `forgetmenot` to its end."""
    return subprocess.run(
        [COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )


def clean_environment(data: Path, **settings: str) -> dict[str, str]:
    """This process's environment with these settings and no others of ours."""
    ours = {"DATA_DIR", "BIND_HOST", "PORT", "LOG_FORMAT", "LOG_LEVEL", "MAX_BODY", "THREADS", "EVENTSTORE_URI"}
    ours |= {"MASTER_KEY", "MASTER_KEY_FILE", "ERASURE_LEDGER"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return kept | {"DATA_DIR": str(data), **settings}


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

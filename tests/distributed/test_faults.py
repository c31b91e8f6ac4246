"""Everything is killed, cut, paused and poisoned, under load, again and again: nothing acknowledged is lost or doubled.

Writers send commands under ids of their own, and send again what was not acknowledged, as a client is told to.
Meanwhile something is struck at a random moment: services, their backends, projector, policies, the log's owner or the
node in its place, the gateway, the broker and its connections, the database. `FORGETMENOT_ROUNDS` says how many times;
at the end it is told how many of the commands under way each strike met before, and after, their append.

    FORGETMENOT_ROUNDS=100 pytest tests/distributed/test_faults.py -s

A service of this system reaches its log through its backend, the process beside it that eventlet has not patched. A
service that uses `shared.eventstore.agent` instead is struck in test_faults_of_the_agent.py.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from services.gateway.distributed.private_servers import RABBITMQ_PLACES
from shared.eventstore.port import NewEvent
from tests.acceptance import serving
from tests.acceptance.serving import Server
from tests.distributed.under_load import POISON, Load, phases, require_once, wait
from tests.servers.fixtures import broker as broker
from tests.servers.fixtures import database as database

ROUNDS = int(os.environ.get("FORGETMENOT_ROUNDS", "24"))
SOAK_SECONDS = float(os.environ.get("FORGETMENOT_SOAK_SECONDS", "300"))
WRITERS = 4
CALL_SECONDS = 5
PAUSE_SECONDS = 6.0  # longer than a call may take
SLOW_SECONDS = 6.0
SERVERS = ("rabbitmq", "postgres")
KILLED = ("cases", "cases backend", "projector", "policies", "log", "gateway", "rehabilitation", *SERVERS)
STRIKES = (
    *KILLED,
    *("rabbitmq connections", "rabbitmq full", "cases pause", "postgres pause", "postgres slow", "poison"),
)
"""What is struck, and how: killed, if nothing is said. RabbitMQ is full when it takes in nothing more; while a service
pauses its queue fills, and what is in it is answered to nobody; a slow database gets a tenth of the time."""

pytestmark = [pytest.mark.long, pytest.mark.timeout(7200), pytest.mark.xdist_group("faults")]


@pytest.fixture
def on_a_node() -> bool:
    """Whether the log is on a node, or in the data folder."""
    return False


@pytest.fixture
def server(
    tmp_path: Path, broker: object, database: object, on_a_node: bool, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """A distributed installation, ready. Fewer calls fit in it than the writers make: some are turned away."""
    del broker, database  # that they can be started at all: the server starts its own
    monkeypatch.setattr(serving, "DISTRIBUTED", True)
    monkeypatch.setattr(serving, "PATIENCE_SECONDS", 300.0)
    started = Server(tmp_path, on_a_node=on_a_node, IN_FLIGHT=str(WRITERS - 1), CALL_SECONDS=str(CALL_SECONDS))
    try:
        started.start()
        started.wait_until_ready()
        yield started
    finally:
        started.close()


def below(pid: int) -> list[int]:
    """The processes under a process, nearest first."""
    found: list[int] = []
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        found += [child, *below(child)]
    return found


def noted(server: Server) -> dict[str, dict[str, object]]:
    """What the supervisor says of its processes, by name."""
    return {one["name"]: one for one in orjson.loads((server.data / "processes.json").read_bytes())}


def strike(server: Server, what: str) -> bool:
    """Do it; False if it could not be done just now."""
    name, _, how = what.partition(" ")
    if what == "poison":
        return poison(server)
    if what == "node":
        return server.store.kill()
    try:
        pid = noted(server)[name]["pid"]
        processes = below(int(str(pid))) if pid else []
        struck = processes if name in SERVERS else processes[1:] if how == "backend" else processes[:1]
        match how:
            case "connections":
                return bool(processes) and control(processes[0], "close_all_connections", "a test cuts them")
            case "full":
                return bool(processes) and fill(processes[0])
            case "pause":
                pause(struck, PAUSE_SECONDS)
            case "slow":
                until = time.monotonic() + SLOW_SECONDS
                while time.monotonic() < until:
                    pause(struck, 0.09)
                    time.sleep(0.01)
            case _:
                for one in struck:
                    os.kill(one, signal.SIGKILL)
    except (OSError, KeyError):
        return False
    return bool(struck)


def pause(processes: list[int], seconds: float) -> None:
    """Have them do nothing for so long."""
    for one in processes:
        os.kill(one, signal.SIGSTOP)
    time.sleep(seconds)
    for one in processes:
        os.kill(one, signal.SIGCONT)


def fill(rabbitmq: int) -> bool:
    """Have RabbitMQ take in nothing for a while, as when its memory is full."""
    filled = control(rabbitmq, "set_vm_memory_high_watermark", "absolute", "1MB")
    time.sleep(PAUSE_SECONDS)
    while not control(rabbitmq, "set_vm_memory_high_watermark", "0.4"):
        os.kill(rabbitmq, 0)  # raises once it is gone, and with it what it was told
    return filled


def control(rabbitmq: int, *order: str) -> bool:
    """Have rabbitmqctl order it something; False if that could not be done."""
    place = next((one for one in RABBITMQ_PLACES if os.access(f"{one}/rabbitmqctl", os.X_OK)), None)
    if place is None:
        return False
    raw = Path(f"/proc/{rabbitmq}/environ").read_bytes().decode().split("\0")
    environment = dict(line.split("=", 1) for line in raw if "=" in line)
    command = [f"{place}/rabbitmqctl", "-q", *order]
    try:
        return subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def poison(server: Server) -> bool:
    """An event that nobody can read: read models stop at it, alone, and go on without it once they are told to."""
    with server.event_log() as store:
        store.append(f"{POISON}-{uuid4()}", [NewEvent(uuid4(), "cases.CaseOpened", b'{"case": 7}', b'{"version":1}')])

    def stopped() -> list[str]:
        told = server.run("projections", "status", "--json")
        rows = orjson.loads(told.stdout) if told.returncode == 0 else []
        return [row["name"] for row in rows if row["state"] == "stopped"]

    server.eventually(stopped, "no read model stopped at what it cannot read")
    while names := stopped():
        for name in names:
            server.run("projections", "park", name)
        time.sleep(1)  # others may be on their way to it
    return True


@pytest.mark.parametrize("on_a_node", [False, True], ids=["own log", "node"])
def test_nothing_acknowledged_is_lost_and_nothing_happens_twice_whatever_is_struck(
    server: Server, on_a_node: bool
) -> None:
    kinds = ("node", *STRIKES) if on_a_node else STRIKES
    chance = random.Random(25)
    strikes: list[tuple[str, float]] = []
    recovered: dict[str, list[float]] = {}
    load = Load(server, WRITERS)
    for round_ in range(ROUNDS):
        time.sleep(chance.uniform(0.2, 1.5))
        what = kinds[round_ % len(kinds)]
        when, before = time.time(), load.acknowledged()
        if not strike(server, what):
            continue
        strikes.append((what, when))
        if chance.random() < 0.7 or what in ("poison", "rabbitmq"):
            # Mostly it has come back before the next one goes; otherwise two are gone at once.
            seconds = wait(server, lambda before=before: load.goes_on(before), f"nothing went on after {what}")
            recovered.setdefault(what, []).append(seconds)
    acknowledged = load.finish()
    shown = load.settle()
    assert server.interrupt() == 0
    recorded = require_once(server, acknowledged, shown)
    told = {what: dict(counted) for what, counted in phases(strikes, acknowledged, recorded).items()}
    print(f"\n{len(acknowledged)} acknowledged; struck, and the commands under way: {told}\nanswers: {load.answers()}")
    print(f"seconds until every writer was acknowledged again: {recovered}")
    assert len(strikes) >= ROUNDS // 2 and len(acknowledged) > ROUNDS
    assert any("Too much" in answer for answer in load.answers()), "no call was ever turned away"


def test_a_soak_loses_nothing_and_grows_no_process(server: Server) -> None:
    load = Load(server, WRITERS)
    until = time.monotonic() + SOAK_SECONDS
    quiet = threading.Event()
    sizes: list[dict[str, int]] = []
    while time.monotonic() < until:
        quiet.wait(min(10.0, SOAK_SECONDS / 10))
        sizes.append(resident(server))
    acknowledged = load.finish()
    shown = load.settle()
    restarted = {name: one["restarts"] for name, one in noted(server).items() if one["restarts"]}
    assert server.interrupt() == 0
    require_once(server, acknowledged, shown)
    settled, last = sizes[len(sizes) // 3], sizes[-1]  # caches have filled by then
    grown = {name: round(last[name] / settled[name], 2) for name in settled if name in last}
    print(f"\n{len(acknowledged)} acknowledged in {SOAK_SECONDS:g} s; answers: {load.answers()}")
    print(f"resident MiB at the end, and how that compares with a third of the way: {last} {grown}")
    assert not restarted
    assert max(grown.values()) < 1.5


def resident(server: Server) -> dict[str, int]:
    """How much memory each of our parts holds, with what is under it, in MiB."""
    found = {}
    for name, one in noted(server).items():
        if name.split("-")[0] in SERVERS or not one["pid"]:
            continue
        pages = 0
        for pid in below(int(str(one["pid"]))):
            try:
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                continue
        found[name] = pages * os.sysconf("SC_PAGE_SIZE") // 2**20
    return found

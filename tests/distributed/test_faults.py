"""Everything is killed, under load, again and again: what was acknowledged is in the log and in the read model, once.

Writers send commands under ids of their own, and send again what was not acknowledged, as a client is told to.
Meanwhile processes are killed at random: services, their backends, projector, policies, the log's owner, the gateway,
the broker, the database. `FORGETMENOT_ROUNDS` says how many times.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

import httpx
import orjson
import pytest

from shared.eventstore.sqlite import open_store
from tests.acceptance import serving
from tests.acceptance.serving import Api, Server
from tests.servers.fixtures import broker as broker
from tests.servers.fixtures import database as database

ROUNDS = int(os.environ.get("FORGETMENOT_ROUNDS", "16"))
WRITERS = 4
VICTIMS = (
    *("cases", "cases backend", "projector", "policies", "log", "gateway"),
    *("rabbitmq", "postgres", "rehabilitation"),
)
DAY = "2008-10-02"

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600), pytest.mark.xdist_group("faults")]


class Writer(threading.Thread):
    """Opens cases until it is told to stop, each under an id of its own, as often as it takes."""

    def __init__(self, server: Server, token: str, person: str, stop: threading.Event) -> None:
        super().__init__()
        self._server = server
        self._headers = {"Authorization": f"Bearer {token}"}
        self._person = person
        self._enough = stop
        self.acknowledged: list[str] = []
        self.answers: Counter[str] = Counter()

    def run(self) -> None:
        with httpx.Client(base_url=self._server.url, timeout=30) as client:
            while not self._enough.is_set():
                self._open_one(client)

    def _open_one(self, client: httpx.Client) -> None:
        key = str(uuid4())
        body = {"kind": "family_support", "channel": "telephone", "person": self._person, "occurred": DAY}
        while True:
            try:
                answer = client.post("/cases", json=body, headers={**self._headers, "Idempotency-Key": key})
                self.answers[str(answer.status_code)] += 1
                if answer.status_code == 201:
                    assert answer.json()["command_id"] == key
                    self.acknowledged.append(key)
                    return
                assert answer.status_code == 503, answer.text
            except httpx.TransportError as error:
                self.answers[type(error).__name__] += 1
            time.sleep(0.1)


def below(pid: int) -> list[int]:
    """The processes under a process, nearest first."""
    found: list[int] = []
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        found += [child, *below(child)]
    return found


def strike(server: Server, victim: str) -> bool:
    """Kill it, with all that is under it; False if it does not run just now."""
    name, _, backend = victim.partition(" ")
    noted = {one["name"]: one["pid"] for one in orjson.loads((server.data / "processes.json").read_bytes())}
    try:
        processes = below(noted[name]) if noted.get(name) else []
    except OSError:
        return False
    struck = processes[1:] if backend else processes[:1] if name not in ("rabbitmq", "postgres") else processes
    for pid in struck:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
    return bool(struck)


def test_nothing_acknowledged_is_lost_and_nothing_happens_twice_whatever_is_killed(
    tmp_path: Path, broker: object, database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    del broker, database  # that they can be started at all: the server below starts its own
    monkeypatch.setattr(serving, "DISTRIBUTED", True)
    monkeypatch.setattr(serving, "PATIENCE_SECONDS", 300.0)
    server = Server(tmp_path)
    chance = random.Random(25)
    hit: Counter[str] = Counter()
    recovered: dict[str, list[float]] = {}
    try:
        server.start()
        server.wait_until_ready()
        api = Api(server)
        person, stop = str(uuid4()), threading.Event()
        writers = [Writer(server, api.token("caseworker", "w-1"), person, stop) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        for round_ in range(ROUNDS):
            time.sleep(chance.uniform(0.2, 1.5))
            victim = VICTIMS[round_ % len(VICTIMS)]
            if not strike(server, victim):
                continue
            hit[victim] += 1
            began, before = time.monotonic(), [len(writer.acknowledged) for writer in writers]
            if round_ % 2:
                # Every other time it has come back before the next one goes.
                server.eventually(
                    lambda before=before: all(
                        len(writer.acknowledged) > seen for writer, seen in zip(writers, before, strict=True)
                    ),
                    f"nothing was acknowledged after {victim} was killed",
                )
                recovered.setdefault(victim, []).append(round(time.monotonic() - began, 1))
        stop.set()
        for writer in writers:
            writer.join()
        server.wait_until_ready()
        acknowledged = [key for writer in writers for key in writer.acknowledged]
        position, listed, after = api.head(), [], None
        while True:
            parameters = {"person": person, "limit": 500, **({"after": after} if after else {})}
            page = server.eventually(
                lambda parameters=parameters: _page(api, parameters, position), "the read model did not catch up"
            )
            listed += [case["case"] for case in page["cases"]]
            if (after := page["next"]) is None:
                break
        api.close()
        assert server.interrupt() == 0
        with open_store(server.data / "log") as store:
            opened = [raw for raw in store.read_all() if raw.type == "cases.CaseOpened"]
            assert store.verify().sound
        answers = sum((writer.answers for writer in writers), Counter[str]())
        print(f"\nkilled: {dict(hit)}\nanswers: {dict(answers)}\nseconds to the next acknowledgement: {recovered}")
        commands = Counter(orjson.loads(raw.metadata)["command_id"] for raw in opened)
        assert len(acknowledged) > ROUNDS and sum(hit.values()) >= ROUNDS // 2
        assert set(commands.values()) == {1}, "a command took effect twice"
        assert set(acknowledged) == set(commands), "what was acknowledged is not what is in the log"
        assert sorted(listed) == sorted(raw.stream.removeprefix("case-") for raw in opened)
    finally:
        server.close()


def _page(api: Api, parameters: dict[str, object], position: int) -> dict[str, object] | None:
    answer = api.request("GET", "/cases", "caseworker", params={**parameters, "wait_for": position})
    return answer.json() if answer.status_code == 200 else None

"""An installation under load: writers that send again what was not acknowledged, and the count at the end.

Whatever happened to it meanwhile, every acknowledged command must be in the log once, and once in every read model that
shows it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import orjson

from shared.eventstore.sqlite import open_store
from tests.acceptance.serving import Api, Server

DAY = "2008-10-02"
POISON = "poison"  # a stream's name: what is in it is not counted


class Sent(NamedTuple):
    """A command, from its first attempt to its acknowledgement."""

    key: str
    began: float  # seconds since the epoch
    ended: float


class Writer(threading.Thread):
    """Opens cases until it is told to stop, each under an id of its own, as often as it takes."""

    def __init__(self, url: str, token: str, person: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)  # where a test fails, nobody tells it to stop
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._person = person
        self._enough = stop
        self.acknowledged: list[Sent] = []
        self.answers: Counter[str] = Counter()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Until it is enough."""
        try:
            with httpx.Client(base_url=self._url, timeout=30) as client:
                while not self._enough.is_set():
                    self._open_one(client)
        except BaseException as failure:  # told by whoever counts
            self.failure = failure

    def _open_one(self, client: httpx.Client) -> None:
        key, began = str(uuid4()), time.time()
        body = {"kind": "family_support", "channel": "telephone", "person": self._person, "occurred": DAY}
        while True:
            try:
                answer = client.post("/cases", json=body, headers={**self._headers, "Idempotency-Key": key})
                self.answers[_named(answer)] += 1
                if answer.status_code == 201:
                    assert answer.json()["command_id"] == key
                    self.acknowledged.append(Sent(key, began, time.time()))
                    return
                assert answer.status_code == 503, answer.text
                assert "retry-after" in answer.headers, answer.text
            except httpx.TransportError as error:
                self.answers[type(error).__name__] += 1
            time.sleep(0.1)


def _named(answer: httpx.Response) -> str:
    if answer.status_code == 503:
        return f"503 {answer.json()['detail'].split(',')[0].split(':')[0][:40]}"
    return str(answer.status_code)


class Load:
    """Some writers, until `finish`."""

    def __init__(self, server: Server, writers: int) -> None:
        self.server = server
        self.api = Api(server)
        self.person = str(uuid4())
        self._stop = threading.Event()
        token = self.api.token("supervisor", "s-1")
        self.writers = [Writer(server.url, token, self.person, self._stop) for _ in range(writers)]
        for writer in self.writers:
            writer.start()

    def acknowledged(self) -> list[int]:
        """How many commands of each writer are."""
        return [len(writer.acknowledged) for writer in self.writers]

    def goes_on(self, since: list[int]) -> bool:
        """Whether every writer had something acknowledged since."""
        self._require_no_failure()
        return all(now > before for now, before in zip(self.acknowledged(), since, strict=True))

    def each_is_served_since(self, when: float) -> bool:
        """Whether every writer had a command acknowledged that it began since then."""
        self._require_no_failure()
        return all(writer.acknowledged and writer.acknowledged[-1].began > when for writer in self.writers)

    def is_shown(self) -> bool:
        """Whether the read model of cases shows all that is acknowledged by now."""
        try:
            position = self.api.request("GET", "/policies/parked", "supervisor").headers.get("x-position")
            seen = {"limit": 1, "wait_for": position}
            return position is not None and self.api.request("GET", "/cases", "supervisor", params=seen).is_success
        except httpx.TransportError:
            return False

    def _require_no_failure(self) -> None:
        for writer in self.writers:
            if writer.failure:
                raise writer.failure

    def finish(self) -> list[Sent]:
        """Stop, once each writer's last command is acknowledged; all that is."""
        self._stop.set()
        for writer in self.writers:
            writer.join()
            if writer.failure:
                raise writer.failure
        return [sent for writer in self.writers for sent in writer.acknowledged]

    def answers(self) -> dict[str, int]:
        """What the writers were answered, and how often."""
        return dict(sum((writer.answers for writer in self.writers), Counter[str]()))

    def settle(self) -> dict[str, list[str]]:
        """What the read models show at the end: the cases by id, and the trail's record of each by stream."""
        self.server.wait_until_ready()
        position = self.api.head()
        listed = self._pages("/cases", "supervisor", position, {"person": self.person}, "cases")
        trail = self._pages("/audit/trail", "auditor", position, {"type": "cases.CaseOpened"}, "entries")
        self.api.close()
        return {
            "cases": sorted(case["case"] for case in listed),
            "trail": sorted(entry["stream"].removeprefix("case-") for entry in trail if POISON not in entry["stream"]),
        }

    def _pages(self, path: str, role: str, position: int, asked: dict[str, Any], name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after: Any = None
        while True:
            parameters = {**asked, "limit": 500, "wait_for": position, **({} if after is None else {"after": after})}
            page = self.server.eventually(lambda parameters=parameters: self._page(path, role, parameters), path)
            found += page[name]
            if (after := page["next"]) is None:
                return found

    def _page(self, path: str, role: str, parameters: dict[str, Any]) -> Any:
        answer = self.api.request("GET", path, role, params=parameters)
        return answer.json() if answer.status_code == 200 else None


def require_once(server: Server, acknowledged: list[Sent], shown: dict[str, list[str]]) -> dict[str, float]:
    """Hold what was acknowledged against the log, which must be sound, and the log against the read models.

    The server must be stopped. Answers when each command was recorded, by its id.
    """
    with server.event_log() as store:
        opened = [raw for raw in store.read_all() if raw.type == "cases.CaseOpened" and POISON not in raw.stream]
    with open_store(server.data / "log") as store:
        assert store.verify().sound
    commands = Counter(orjson.loads(raw.metadata)["command_id"] for raw in opened)
    assert set(commands.values()) <= {1}, "a command took effect twice"
    assert {sent.key for sent in acknowledged} == set(commands), "what was acknowledged is not what is in the log"
    streams = sorted(raw.stream.removeprefix("case-") for raw in opened)
    for name, rows in shown.items():
        assert rows == streams, f"{name} does not show each of them once"
    return {orjson.loads(raw.metadata)["command_id"]: raw.created.timestamp() for raw in opened}


def phases(
    strikes: list[tuple[str, float]], acknowledged: list[Sent], recorded: dict[str, float]
) -> dict[str, Counter[str]]:
    """For each kind of strike, what the commands that were under way when it came had behind them."""
    found: dict[str, Counter[str]] = {}
    for what, when in strikes:
        under_way = [sent for sent in acknowledged if sent.began <= when < sent.ended]
        counted = found.setdefault(what, Counter())
        counted.update("after its append" if recorded[sent.key] < when else "before its append" for sent in under_way)
        counted["rounds"] += 1
    return found


def wait(server: Server, holds: Callable[[], Any], otherwise: str) -> float:
    """How many seconds it took until it held."""
    began = time.monotonic()
    server.eventually(holds, otherwise)
    return round(time.monotonic() - began, 1)

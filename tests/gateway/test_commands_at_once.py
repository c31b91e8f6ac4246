"""A command that takes nothing but what is at hand is carried out in the server's loop, and holds up nobody there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway.http import carriers, create_app
from shared.settings import Settings
from tests.gateway.conftest import serving
from tests.gateway.visits import World, a_visit, context


class Watched:
    """The bus of a world. A log that is slow keeps the answers of what was begun until it is not."""

    def __init__(self, bus: Any) -> None:
        self.ask = bus.ask
        self._bus = bus
        self.sent = 0
        self.slow = False
        self.kept: list[Any] = []

    def send(self, *given: Any, **named: Any) -> Any:
        self.sent += 1
        return self._bus.send(*given, **named)

    def begin(self, command: Any, origin: Any, then: Any, **named: Any) -> bool:
        def tell(answer: Any) -> None:
            self.kept.append((then, answer)) if self.slow else then(answer)

        return self._bus.begin(command, origin, tell, **named)  # type: ignore[no-any-return]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


@pytest.fixture
def bus(world: World) -> Watched:
    return Watched(world.bus)


@pytest.fixture
def api(world: World, bus: Watched) -> Iterator[httpx.Client]:
    app = create_app(
        bus,
        [context],
        world.tokens,
        readiness=lambda: world.not_ready,
        settings=Settings(threads=8),  # type: ignore[arg-type]
    )
    with serving(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        client.headers["Authorization"] = f"Bearer {world.tokens.issue('w-1', ['caseworker'])}"  # type: ignore[list-item]
        yield client


def test_it_takes_no_thread(api: httpx.Client, bus: Watched) -> None:
    place = api.post("/visits", json=a_visit()).headers["Location"]
    before = bus.sent
    answer = api.post(f"{place}/guests/3")
    assert (answer.status_code, answer.json()["events"], answer.headers["ETag"]) == (200, ["visits.Recounted"], '"1"')
    assert bus.sent == before


def test_where_nothing_came_of_it_a_thread_takes_it(api: httpx.Client, bus: Watched) -> None:
    place = api.post("/visits", json=a_visit()).headers["Location"]
    before = bus.sent
    assert api.post(f"{place}/closure", headers={"X-Reason": "because"}).status_code == 200
    assert bus.sent == before + 1


def test_a_log_that_does_not_answer_holds_up_no_other_request(
    api: httpx.Client, bus: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carriers, "ANSWER_SECONDS", 1.0)
    place = api.post("/visits", json=a_visit()).headers["Location"]
    bus.slow = True
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(api.post(f"{place}/guests/3")))
    asking.start()
    while not bus.kept:
        assert asking.is_alive()
        assert api.get("/health/live").status_code == 200
    asking.join()
    (answer,) = answers
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "send it again" in answer.json()["detail"]
    for then, told in bus.kept:  # late: nobody waits for it any more
        then(told)
    bus.slow = False
    assert api.post(f"{place}/guests/4").headers["ETag"] == '"2"'

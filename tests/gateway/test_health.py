"""Whether the process lives, and whether it is ready."""

from __future__ import annotations

import httpx

from tests.gateway.visits import World


def test_a_process_that_answers_lives(api: httpx.Client) -> None:
    assert api.get("/health/live").json() == {"status": "live"}


def test_what_is_complete_is_ready(api: httpx.Client) -> None:
    answer = api.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def test_what_is_missing_is_told(api: httpx.Client, world: World) -> None:
    world.not_ready["read models"] = "case_list is rebuilt: 40 %"
    try:
        answer = api.get("/health/ready")
    finally:
        world.not_ready.clear()
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "waiting_for": {"read models": "case_list is rebuilt: 40 %"}}


def test_every_answer_carries_the_headers_that_keep_browsers_careful(api: httpx.Client) -> None:
    for path in ("/health/live", "/docs", "/visits", "/nowhere"):
        headers = api.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Correlation-ID"]

"""What Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from services.gateway.contexts import CONTEXTS
from services.gateway.http import create_app
from services.gateway.http.metrics import Lag, Metrics, Standing
from services.gateway.installation import Installation
from services.gateway.standing import standing_of
from services.gateway.tokens import open_tokens
from shared.eventstore.port import NewEvent
from shared.settings import Settings
from tests.gateway.conftest import serving


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with Installation(Settings(data_dir=tmp_path)) as installation:
        yield installation


def test_requests_are_counted_by_route_and_never_by_what_was_asked_for(installation: Installation) -> None:
    metrics = Metrics(lambda: Standing(0, [], []))
    tokens = open_tokens(installation.folder)
    app = create_app(
        installation.bus(), CONTEXTS, tokens, readiness=dict, settings=installation.settings, metrics=metrics
    )
    case = "b3a3f6de-52ab-4a42-9f62-0a4c1c7f5d10"
    with serving(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get(f"/cases/{case}").status_code == 401
        assert client.get("/nothing/of/ours").status_code == 404
        page = client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'forgetmenot_request_seconds_count{method="GET",route="/cases/{case}",status="401"} 1.0' in page.text
    assert 'route="none",status="404"' in page.text
    assert case not in page.text and "nothing/of/ours" not in page.text


def test_read_models_and_policies_say_how_far_they_are_behind(installation: Installation) -> None:
    installation.projector().catch_up()
    installation.policy_runner().catch_up()
    installation.store.append("note-1", [NewEvent(uuid4(), "notes.Noted", b"{}")])
    found = standing_of(installation)()
    assert found.head == 1
    assert {lag.events for lag in found.read_models} == {1} and {lag.events for lag in found.policies} == {1}
    assert all(0 < lag.seconds < 60 for lag in found.read_models)
    page = Metrics(lambda: found).page().decode()
    assert 'forgetmenot_read_model_lag_events{name="case_files"} 1.0' in page
    installation.projector().catch_up()
    assert {(lag.events, lag.seconds) for lag in standing_of(installation)().read_models} == {(0, 0.0)}


def test_what_stopped_and_what_was_parked_is_seen() -> None:
    standing = Standing(7, [Lag("rooms", 3, 2.5, stopped=True, parked=2)], [Lag("mails", 0, 0.0)], 5, 9)
    page = Metrics(lambda: standing).page().decode()
    assert 'forgetmenot_read_model_stopped{name="rooms"} 1.0' in page
    assert 'forgetmenot_read_model_parked{name="rooms"} 2.0' in page
    assert 'forgetmenot_policy_lag_events{name="mails"} 0.0' in page
    assert "forgetmenot_calls_under_way 5.0" in page and "forgetmenot_calls_refused 9.0" in page


def test_a_page_is_there_even_if_the_read_models_cannot_be_asked() -> None:
    def out_of_reach() -> Standing:
        raise ConnectionError

    metrics = Metrics(out_of_reach)
    metrics.page()
    page = metrics.page().decode()
    assert "forgetmenot_scrape_failures_total" in page and "forgetmenot_scrape_failures_total 0.0" not in page
    assert "forgetmenot_log_head" not in page

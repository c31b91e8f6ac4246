"""HTTP in front of a service behind the broker: one trace over all of it, and no queue that grows."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest

from services.gateway.contexts import CONTEXTS
from services.gateway.distributed.carrying import OverBroker
from services.gateway.http import create_app
from shared.calling import Calling
from shared.settings import Settings
from shared.tracing import start_tracing, stop_tracing
from shared.transport import open_sealing
from tests.distributed.conftest import Cases, eventually
from tests.distributed.test_nameko import a_case
from tests.gateway.conftest import serving

pytestmark = pytest.mark.xdist_group("broker")

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@contextmanager
def gateway(cases: Cases, *, in_flight: int, seconds: float) -> Iterator[httpx.Client]:
    """The API in this process, its services behind the broker."""
    calling = Calling(cases.broker.url, open_sealing(cases.settings), in_flight=in_flight, seconds=seconds)
    app = create_app(
        cases.installation.bus(),
        CONTEXTS,
        cases.tokens,
        readiness=dict,
        settings=Settings(),
        carrier=OverBroker(calling),
    )
    with serving(app) as port:
        eventually(lambda: calling.connected, "the broker was not reached")
        headers = {"Authorization": f"Bearer {cases.token()}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
            yield client


def test_one_trace_goes_from_http_through_the_broker_and_the_append_to_the_read_models(cases: Cases) -> None:
    start_tracing(Settings(otel_exporter_otlp_endpoint=cases.collector.url), "test")  # of gateway and projector
    try:
        with gateway(cases, in_flight=8, seconds=60) as client:
            traceparent = f"00-{TRACE}-00f067aa0ba902b7-01"
            opened = client.post("/cases", json=a_case(), headers={"traceparent": traceparent})
            assert opened.status_code == 201
            seen = {"wait_for": str(opened.json()["position"])}
            assert client.get(f"/cases/{opened.json()['ids']['case']}", params=seen).status_code == 200
    finally:
        stop_tracing()
    wanted = {"POST /cases", "cases/open_case", "cases.OpenCase", "append", "project cases.CaseOpened"}
    eventually(lambda: wanted <= {span.name for span in cases.collector.trace(TRACE)}, "the trace is not whole")
    spans = cases.collector.trace(TRACE)
    by_id = {span.id: span for span in spans}
    up, way = next(span for span in spans if span.name == "project cases.CaseOpened"), []
    while up:
        way.append((up.service, up.name))
        up = by_id.get(up.parent)
    assert way == [
        ("forgetmenot-test", "project cases.CaseOpened"),
        ("forgetmenot-cases", "cases.OpenCase"),
        ("forgetmenot-cases", "cases/open_case"),
        ("forgetmenot-test", "cases/open_case"),
        ("forgetmenot-test", "POST /cases"),
    ]


def test_what_finds_no_room_is_refused_at_once_with_when_to_come_back(cases: Cases) -> None:
    with gateway(cases, in_flight=2, seconds=3) as client:
        os.kill(cases.process.pid, signal.SIGSTOP)
        try:

            def ask(_: int) -> tuple[httpx.Response, float]:
                began = time.monotonic()
                return client.get("/cases", params={"person": str(uuid4())}), time.monotonic() - began

            with ThreadPoolExecutor(12) as pool:
                answers = list(pool.map(ask, range(12)))
        finally:
            os.kill(cases.process.pid, signal.SIGCONT)
        assert {answer.status_code for answer, _ in answers} == {503}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer, _ in answers)
        assert sum("Too much" in answer.json()["detail"] for answer, _ in answers) == 10
        assert sum("did not answer within" in answer.json()["detail"] for answer, _ in answers) == 2
        eventually(lambda: client.get("/cases").status_code == 200, "it did not answer again")

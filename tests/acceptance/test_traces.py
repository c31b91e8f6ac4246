"""One trace for all that a request set going, from HTTP to the read models and policies, over every process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.eventstore.sqlite import open_store
from shared.metadata import Metadata
from tests.acceptance.serving import DISTRIBUTED, Api, Server
from tests.servers.collector import Collector, Told, collecting

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Takes what the server tells."""
    with collecting() as collector:
        yield collector


@pytest.fixture
def traced(tmp_path: Path, collector: Collector) -> Iterator[Server]:
    """A server that traces, and sends what it has every moment."""
    server = Server(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="100")
    server.start()
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.close()


def test_a_request_its_append_its_read_models_and_what_policies_made_of_it_are_one_trace(
    traced: Server, collector: Collector
) -> None:
    api = Api(traced)
    person, marker = str(uuid4()), "Marker-Ona-of-Alytus"
    opened = api.send(
        "caseworker",
        "/cases",
        {
            "kind": "missing_person",
            "channel": "telephone",
            "person": person,
            "occurred": "2008-10-02",
            "account": marker,
        },
        headers={"traceparent": TRACEPARENT},
    )

    awaited = {"project cases.CaseOpened", "append", "cases.OpenCase", "POST /cases"}
    traced.eventually(
        lambda: awaited <= {span.name for span in collector.trace(TRACE)},  # each process tells in its own time
        "not everything that happened was told",
    )
    spans = collector.trace(TRACE)
    by_id = {span.id: span for span in spans}

    def only(name: str) -> Told:
        (found,) = [span for span in spans if span.name == name]
        return found

    projected = only("project cases.CaseOpened")
    assert "case_files" in projected.attributes["forgetmenot.read_models"] and not projected.failed
    assert projected.service == ("forgetmenot-projector" if DISTRIBUTED else "forgetmenot-worker")
    ways = ["cases.OpenCase", "cases/open_case", "cases/open_case", "POST /cases"]
    assert _up(projected, by_id) == (ways if DISTRIBUTED else [ways[0], ways[-1]])
    assert only("append").parent == projected.parent
    assert only("append").attributes["forgetmenot.position"] == opened["position"]
    request = only("POST /cases")
    assert (request.parent, request.attributes["http.response.status_code"]) == (CALLER, 201)
    told = b"".join(collector.raw)
    assert b"cases.OpenCase" in told
    for secret in (person, opened["ids"]["case"], marker, "caseworker-1"):
        assert secret.encode() not in told, "a trace names somebody"
    api.close()


def test_who_is_refused_is_seen_by_code_and_not_as_a_failure_of_ours(traced: Server, collector: Collector) -> None:
    api = Api(traced)
    answer = api.request("POST", "/cases", "auditor", json={}, headers={"traceparent": TRACEPARENT})
    assert answer.status_code == 403
    traced.eventually(lambda: collector.trace(TRACE), "nothing was told")
    (request,) = [span for span in collector.trace(TRACE) if span.name == "POST /cases"]
    assert request.attributes["http.response.status_code"] == 403 and not request.failed
    assert not any("/health" in span.name for span in collector.spans)
    api.close()


def test_without_a_collector_nothing_of_a_trace_is_stored(empty_server: Server) -> None:
    empty_server.start()
    empty_server.wait_until_ready()
    api = Api(empty_server)
    body = {"kind": "family_support", "channel": "telephone", "person": str(uuid4()), "occurred": "2008-10-02"}
    api.send("caseworker", "/cases", body, headers={"traceparent": TRACEPARENT})
    api.close()
    empty_server.interrupt()
    with open_store(empty_server.data / "log") as log:
        stored = [raw.metadata for raw in log.read_all() if raw.type == "cases.CaseOpened"]
    assert stored and all(b"traceparent" not in metadata for metadata in stored)
    assert Metadata.from_json(stored[0]).traceparent is None


def _up(span: Told, by_id: dict[str, Told]) -> list[str]:
    names = []
    while above := by_id.get(span.parent):
        names.append(above.name)
        span = above
    return names

"""Spans: what belongs together, what crosses, and what they must never hold."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.errors import DomainError, Unavailable
from shared.settings import Settings
from shared.tracing import (
    Kind,
    continued,
    is_tracing,
    mark,
    span,
    start_tracing,
    stop_tracing,
    traceparent,
    traceparent_in,
)

CAME_WITH = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What was made, when it ended."""
    exporter = InMemorySpanExporter()
    start_tracing(Settings(), "test", exporter)
    try:
        yield exporter
    finally:
        stop_tracing()


def test_without_anybody_who_takes_traces_there_are_none() -> None:
    start_tracing(Settings(otel_exporter_otlp_endpoint=None), "test")
    assert not is_tracing()
    with continued(CAME_WITH), span("cases.OpenCase") as step:
        step.note(position=1)
        assert traceparent() is None


def test_what_is_opened_inside_belongs_to_it_over_threads_too(spans: InMemorySpanExporter) -> None:
    with span("outer"), ThreadPoolExecutor(1) as pool:

        def work() -> None:
            with span("inner", Kind.CLIENT, events=("cases.CaseOpened",)):
                pass

        pool.submit(copy_context().run, work).result()
    inner, outer = spans.get_finished_spans()
    assert inner.parent and outer.context and inner.parent.span_id == outer.context.span_id
    assert inner.attributes == {"forgetmenot.events": ("cases.CaseOpened",)}


def test_a_trace_is_taken_up_where_it_came_in_and_begins_anew_where_it_did_not(spans: InMemorySpanExporter) -> None:
    for came in (CAME_WITH, None, "00-nonsense"):
        with continued(came), span("request"):
            carried = traceparent()
            assert carried is not None
            assert (carried[:35] == CAME_WITH[:35]) is (came == CAME_WITH)
    mark("project cases.CaseOpened", Kind.CONSUMER, CAME_WITH, time.time_ns() - 5_000_000, time.time_ns())
    last = spans.get_finished_spans()[-1]
    assert last.context and f"{last.context.trace_id:032x}" in CAME_WITH
    assert last.parent and f"{last.parent.span_id:016x}" in CAME_WITH
    assert last.end_time and last.start_time and last.end_time - last.start_time >= 5_000_000


def test_one_that_the_sender_does_not_keep_is_not_carried_on(spans: InMemorySpanExporter) -> None:
    with continued(CAME_WITH.removesuffix("01") + "00"), span("request"):
        assert traceparent() is None
    assert spans.get_finished_spans() == ()


def test_an_error_is_told_by_its_code_and_never_by_its_text(spans: InMemorySpanExporter) -> None:
    errors = (DomainError("Ona of Alytus", rule="x"), Unavailable("Ona of Alytus"), ValueError("Ona of Alytus"))
    for error in errors:
        with pytest.raises(type(error)), span("step"):
            raise error
    told = spans.get_finished_spans()
    assert [one.attributes and one.attributes["error.type"] for one in told] == ["rule", "unavailable", "ValueError"]
    assert [one.status.is_ok for one in told] == [True, False, False]
    assert not any("Ona" in one.to_json() for one in told) and not any(one.events for one in told)


def test_an_event_says_in_which_trace_it_was_recorded() -> None:
    assert traceparent_in(b'{"traceparent":"%s"}' % CAME_WITH.encode()) == CAME_WITH
    assert traceparent_in(b'{"actor":"w-1"}') is None
    assert traceparent_in(b'{"traceparent":7}') is None

"""What a policy does belongs to the trace of the event that it reacts to, however much later that is."""

from __future__ import annotations

from pathlib import Path

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.settings import Settings
from shared.tracing import span, start_tracing, stop_tracing, traceparent_in
from tests.policies.test_policies import RoomIsCleaned, Shelter


def test_a_reaction_and_what_it_records_are_in_the_trace_of_its_cause(tmp_path: Path) -> None:
    house = Shelter(tmp_path)
    exporter = InMemorySpanExporter()
    start_tracing(Settings(), "test", exporter)
    try:
        with span("request"):
            stay = house.stay_that_ended()
        house.runner(RoomIsCleaned()).catch_up()
    finally:
        stop_tracing()
    spans = {one.name: one.get_span_context() for one in exporter.get_finished_spans()}
    parents = {one.name: one.parent for one in exporter.get_finished_spans()}
    asked, reacted = spans["request"], spans["react room_is_cleaned"]
    assert parents["react room_is_cleaned"] is not None
    assert parents["react room_is_cleaned"].span_id == asked.span_id
    recorded = traceparent_in(next(house.store.read_stream(f"stay-cleaning-{stay}")).metadata)
    assert recorded and recorded.startswith(f"00-{asked.trace_id:032x}-{reacted.span_id:016x}-")
    house.store.close()
    house.engine.dispose()


def test_an_event_that_was_recorded_without_a_trace_begins_one_with_its_reaction(tmp_path: Path) -> None:
    house = Shelter(tmp_path)
    stay = house.stay_that_ended()
    exporter = InMemorySpanExporter()
    start_tracing(Settings(), "test", exporter)
    try:
        house.runner(RoomIsCleaned()).catch_up()
    finally:
        stop_tracing()
    (reacted,) = [one for one in exporter.get_finished_spans() if one.name == "react room_is_cleaned"]
    assert reacted.parent is None
    assert b"traceparent" not in next(house.store.read_stream(f"stay-{stay}")).metadata
    house.store.close()
    house.engine.dispose()

"""The activity report and the audit trail: how fast they are built, and how long a question takes.

A year's report, and one over all 25 years with every distinct person in them, from read models of 10^5 and 10^6
events; and a page of the trail by actor, from the middle of the log. Medians.
"""

from __future__ import annotations

import random
import statistics
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

import orjson

from services.analytics.activity import Activity
from services.analytics.report import ReportActivity
from services.audit.trail import AuditTrail, ReadTrail
from shared.eventstore.port import NewEvent
from shared.eventstore.sqlite import open_store
from shared.messages import Origin, Role
from shared.privacy.vault import AesGcmVault
from shared.projections.engine import read_model_engine
from shared.projections.projector import Projector
from shared.projections.read_models import ReadModels

SIZES = (100_000, 1_000_000)
KINDS = ("crisis", "psychological", "legal", "medical", "social", "vocational", "material")
CASES = ("missing_person", "trafficking", "family_support")
RECORDED = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
REPEATS = 7


def events(size: int) -> Iterator[tuple[str, NewEvent]]:
    """Services of `size // 50` persons over 25 years, with a case every fifty events and a project every thousand."""
    dice = random.Random(2008)
    for number in range(size):
        day = f"{dice.randrange(2000, 2025)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}"
        person = str(UUID(int=dice.randrange(size // 50)))
        name = str(UUID(int=(1 << 100) + number))
        if number % 1000 == 0:
            stream, kind = f"project-{name}", "projects.ProjectStarted"
            data: dict[str, Any] = {"project": name, "year": int(day[:4]), "occurred": day}
        elif number % 50 == 1:
            stream, kind = f"case-{name}", "cases.CaseOpened"
            data = {
                "case": name, "kind": dice.choice(CASES), "channel": "partner" if number % 3 else "police",
                "person": person, "occurred": day,
            }  # fmt: skip
        else:
            stream, kind = f"programme-{person}", "rehabilitation.ServiceDelivered"
            ground = "family_member" if number % 4 == 0 else "trafficking_victim"
            data = {
                "programme": person, "service": name, "beneficiary": person, "ground": ground,
                "kind": dice.choice(KINDS), "minutes": 50, "staff": "w-1", "occurred": day,
            }  # fmt: skip
        metadata = {
            "version": 1, "command": "rehabilitation.DeliverService", "command_id": name, "$correlationId": name,
            "actor": f"w-{number % 40}", "roles": ["caseworker"], "recorded_at": RECORDED, "fingerprint": name,
            "synthetic": True,
        }  # fmt: skip
        event_id = UUID(int=dice.getrandbits(128))
        yield stream, NewEvent(event_id, kind, orjson.dumps(data), orjson.dumps(metadata))


def measure(size: int) -> dict[str, Any]:
    """One size: build both read models, then ask."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "log") as store:
        # The log's owner writes a batch a stream; what is measured here does not mind the order between streams.
        by_stream: dict[str, list[NewEvent]] = {}
        for stream, event in events(size):
            by_stream.setdefault(stream, []).append(event)
        for stream, batch in by_stream.items():
            store.append(stream, batch)
        by_stream.clear()
        engine = read_model_engine(Path(folder) / "read-models.db")
        row: dict[str, Any] = {"events": size}
        for projection in (Activity(), AuditTrail()):
            start = perf_counter()
            Projector(store, engine, [projection]).catch_up()
            row[f"{projection.name} built, events/s"] = round(size / (perf_counter() - start))
        models = ReadModels(engine, [Activity(), AuditTrail()], AesGcmVault.in_memory())
        reader = Origin("a-1", frozenset({Role.AUDITOR}))

        def ask(query: Any) -> Callable[[], object]:
            return lambda: models.ask(query, reader)

        row["report of a year, ms"] = _milliseconds(ask(_report(2008, 2008)))
        row["report of 25 years, ms"] = _milliseconds(ask(_report(2000, 2024)))
        row["trail page by actor, ms"] = _milliseconds(ask(ReadTrail(actor="w-7", after=size // 2)))
        row["trail page by time and type, ms"] = _milliseconds(
            ask(ReadTrail(type="projects.ProjectStarted", until=datetime(2030, 1, 1, tzinfo=UTC)))
        )
        engine.dispose()
        return row


def _report(first: int, last: int) -> ReportActivity:
    return ReportActivity.model_validate({"from": f"{first}-01-01", "to": f"{last}-12-31"})


def _milliseconds(work: Callable[[], object]) -> float:
    def once() -> float:
        start = perf_counter()
        work()
        return (perf_counter() - start) * 1000

    return round(statistics.median(once() for _ in range(REPEATS)), 1)


def run() -> list[dict[str, Any]]:
    """A row for each size."""
    return [measure(size) for size in SIZES]


if __name__ == "__main__":
    for measured in run():
        print(orjson.dumps(measured).decode())

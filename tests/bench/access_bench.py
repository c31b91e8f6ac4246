"""What it costs that every reading of personal data is on record: a case file asked for with it, and without.

The access log is on disk, synchronous: the answer waits for it. Answers under way at once share a commit. Then records
alone, of answers about one person and about twenty. What is compared runs in turns; medians.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from services.audit.access import AccessLog
from services.cases.projections.case_files import CaseFiles, GetCase
from shared.eventstore.sqlite import open_store
from shared.messages import Origin, Role
from shared.privacy.personal import Place
from shared.projections.engine import read_model_engine
from shared.projections.projector import Projector
from shared.projections.read_models import ReadModels
from tests.bench.encryption_bench import Centre

ROUNDS = 5
ANSWERS = 500
CALLERS = (1, 16, 64)
NOTES = 10
PEOPLE = (1, 20)
ASKING = Origin("s-1", frozenset({Role.CASEWORKER, Role.SUPERVISOR}))


def run(rounds: int = ROUNDS, answers: int = ANSWERS) -> list[dict[str, Any]]:
    """The rows."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as opened:
        folder = Path(name)
        centre = Centre(folder / "centre", opened, sealed=True)
        person = str(uuid4())
        case = centre.case(person)
        for _ in range(NOTES):
            centre.write(case, person)
        engine = read_model_engine(folder / "read-models.db")
        opened.callback(engine.dispose)
        projections = [CaseFiles()]
        Projector(centre.store, engine, projections).catch_up()
        log = AccessLog(
            lambda: opened.enter_context(open_store(folder / "access")), centre.vault, folder / "access.spool"
        )
        recorded = ReadModels(engine, projections, centre.vault, disclosures=log)
        silent = ReadModels(engine, projections, centre.vault)
        rows = [
            row
            for callers in CALLERS
            for row in _answers({"on record": recorded, "not": silent}, GetCase(case=case), callers, rounds, answers)
        ]
        return [*rows, *_records(log, rounds, answers)]


def _answers(
    by: dict[str, ReadModels], query: GetCase, callers: int, rounds: int, answers: int
) -> Iterable[dict[str, Any]]:
    rates: dict[str, list[float]] = {name: [] for name in by}
    for _ in range(rounds):
        for name, models in by.items():
            rates[name].append(_rate(callers, answers, lambda models=models: models.ask(query, ASKING)))
    found = {name: statistics.median(each) for name, each in rates.items()}
    yield {
        "what": f"case files, {callers} at once",
        "on record": round(found["on record"]),
        "not on record": round(found["not"]),
        "unit": "answers/s",
        "more for each, us": round(1e6 * (1 / found["on record"] - 1 / found["not"])),
    }


def _records(log: AccessLog, rounds: int, answers: int) -> Iterable[dict[str, Any]]:
    for people in PEOPLE:
        revealed = [
            Place("case-1", str(uuid4()), "cases.NoteAdded", field, str(uuid4()))
            for _ in range(people)
            for field in ("text", "account", "grounds")
        ]
        query = GetCase(case=str(uuid4()))
        for callers in CALLERS:
            record = partial(log.record, ASKING, query, revealed)
            rate = statistics.median(_rate(callers, answers, record) for _ in range(rounds))
            what = f"records alone, {people} {'person' if people == 1 else 'people'}, {callers} at once"
            yield {"what": what, "on record": round(rate), "unit": "answers/s"}


def _rate(callers: int, times: int, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    if callers == 1:
        for _ in range(times):
            work()
    else:
        with ThreadPoolExecutor(callers) as threads:
            list(threads.map(lambda _: work(), range(times)))
    return times / (time.perf_counter() - start)


if __name__ == "__main__":
    for row in run():
        print(" · ".join(str(value) for value in row.values()))

"""Person search and the case list: how long a question takes, and how that grows with the number of persons.

10^5 persons with a case each, names spread as names are: few are very common. Searches are for two words (what one
usually knows), for one very common word, and deep in its pages; the case list by worker, and deep in its pages. They
are asked by a supervisor, who knows of every case, and by one of 40 workers, who knows of their own.
Beside them, the floor: a search that finds nobody, through the same door. With FORGETMENOT_BENCH_LARGE set, 10^6
persons too.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from services.cases.case.intake import CaseAssigned, CaseOpened, Channel
from services.cases.case.record import CaseKind
from services.cases.person.names import NameAdded, PersonName
from services.cases.projections.case_files import CaseFiles, ListCases
from services.cases.projections.circles import Circles
from services.cases.projections.person_search import PersonSearch, SearchPersons
from services.cases.projections.safety_sheet import GetSafetySheet, SafetySheets
from services.gateway.need_to_know import may_see
from services.gateway.team_sight import Teams
from shared.codec import encode, key_names
from shared.eventstore.sqlite import open_store
from shared.messages import Origin, Role
from shared.metadata import Metadata
from shared.privacy.vault import open_vault
from shared.projections.engine import read_model_engine
from shared.projections.projector import Projector
from shared.projections.read_models import ReadModels

SIZES = (10_000, 100_000, *((1_000_000,) if os.environ.get("FORGETMENOT_BENCH_LARGE") else ()))
ASKED = 400
CHUNK = 999  # whole persons: a name, a case, whose it is
GIVEN = (
    "Jonas", "Rūta", "Ona", "Petras", "Viktorija", "Tomas", "Eglė", "Darius", "Jurgita", "Šarūnas", "Žydrė", "Čiurlė",
    "Aleksandr", "Julija", "Sergej", "Kristina", "Marie", "Agnieszka", "Živilė", "Mindaugas", "Jadvyga", "Irena",
)  # fmt: skip
STARTS = ("Ka", "Pe", "Žu", "Jan", "Stan", "But", "Vai", "Gri", "Bal", "Šim", "Nor", "Da", "Mo", "Ra", "Le", "Čer")
MIDDLES = (
    "zlau",
    "trau",
    "kau",
    "kau",
    "ke",
    "ri",
    "čiū",
    "ga",
    "lčiū",
    "ku",
    "ma",
    "vid",
    "ru",
    "si",
    "pa",
    "ne",
    "bra",
)
ENDS = ("skas", "skaitė", "skienė", "tis", "tytė", "tienė", "nas", "naitė", "nienė", "vičius", "vičiūtė", "vičienė")
SUPERVISOR = Origin("s-1", frozenset({Role.SUPERVISOR}))
WORKER = Origin("w-7", frozenset({Role.CASEWORKER}))


def names(dice: random.Random) -> Iterator[PersonName]:
    """As many as are asked for: common ones often, rare ones rarely, and no end of family names."""
    while True:
        given = GIVEN[min(int(dice.expovariate(0.25)), len(GIVEN) - 1)]
        middle = "".join(dice.choice(MIDDLES) for _ in range(1 if dice.random() < 0.3 else 2))
        yield PersonName(given=given, family=dice.choice(STARTS) + middle + dice.choice(ENDS))


def facts(size: int) -> Iterator[NameAdded | CaseOpened | CaseAssigned]:
    """A name and a case for each of `size` persons."""
    dice = random.Random(2008)
    numbers = count(1)
    for name in names(dice):
        number = next(numbers)
        if number > size:
            return
        person, case = str(UUID(int=number)), str(UUID(int=(1 << 100) + number))
        yield NameAdded(person=person, name=str(UUID(int=(2 << 100) + number)), value=name)
        kind = dice.choice(list(CaseKind))
        yield CaseOpened(case=case, kind=kind, channel=Channel.WALK_IN, person=person, occurred="2008-10-02")
        yield CaseAssigned(case=case, worker=f"w-{dice.randrange(40)}", occurred="2008-10-02")


def measure(size: int) -> dict[str, Any]:
    """One size: record, build the read models, then ask."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "log") as store:
        vault = open_vault(Path(folder))
        ids = count(1)
        recorded = facts(size)
        while chunk := list(islice(recorded, CHUNK)):
            first = chunk[0]
            assert isinstance(first, NameAdded)
            stream = f"person-{first.person}"
            vault.prepare(key_names(chunk, stream))
            stored = []
            for event in chunk:
                event_id = UUID(int=next(ids))
                metadata = Metadata(
                    version=1, command="bench.Record", command_id=event_id, correlation_id=event_id, causation_id=None,
                    actor="w-1", roles=(Role.POLICY,), recorded_at=datetime(2026, 1, 1, tzinfo=UTC), fingerprint="",
                )  # fmt: skip
                stored.append(encode(event, vault, stream=stream, event_id=event_id, metadata=metadata.to_json()))
            store.append(stream, stored)
        engine = read_model_engine(Path(folder) / "read-models.db")
        row: dict[str, Any] = {"persons": size}
        projections = (PersonSearch(vault), CaseFiles(), SafetySheets(), Circles())
        for projection in projections:
            start = perf_counter()
            Projector(store, engine, [projection]).catch_up()
            row[f"{projection.name} built, persons/s"] = round(size / (perf_counter() - start))
        models = ReadModels(engine, projections, vault, may_see=may_see, sights=Teams())
        dice = random.Random(25)
        known = [name for name, _ in zip(names(random.Random(2008)), range(10_000), strict=False)]

        def ask(query: Any, asker: Origin = SUPERVISOR) -> Any:
            return models.ask(query, asker).answer

        def two_words(asker: Origin = SUPERVISOR) -> Any:
            name = dice.choice(known)
            return ask(SearchPersons(name=f"{name.given} {name.family}"), asker)

        def deep() -> Any:
            return ask(SearchPersons(name="Jonas", after=dice.randrange(3 * size // 4, 3 * size)))

        def deep_cases() -> Any:
            return ask(ListCases(worker="w-7", after=dice.randrange(3 * size // 4, 3 * size)))

        def sheet() -> Any:
            return ask(GetSafetySheet(case=str(UUID(int=(1 << 100) + dice.randrange(1, size)))))

        for title, question in (
            ("two words", two_words),
            ("one common word", lambda: ask(SearchPersons(name="jonas"))),
            ("one common word, deep", deep),
            ("case list of a worker", lambda: ask(ListCases(worker=f"w-{dice.randrange(40)}"))),
            ("case list of a worker, deep", deep_cases),
            ("a worker's own cases", lambda: ask(ListCases(), WORKER)),
            ("a worker's two words", lambda: two_words(WORKER)),
            ("a worker's one common word", lambda: ask(SearchPersons(name="jonas"), WORKER)),
            ("safety sheet", sheet),
            ("nobody found (floor)", lambda: ask(SearchPersons(name="Xyzzy"))),
        ):
            row[f"{title}: p50, ms"], row[f"{title}: p99, ms"] = _milliseconds(question)
        pages = engine.connect().exec_driver_sql("SELECT sum(pgsize) FROM dbstat WHERE name LIKE '%name_tokens%'")
        row["index, bytes a person"] = round((pages.scalar() or 0) / size)
        engine.dispose()
        return row


def _milliseconds(question: Callable[[], Any]) -> tuple[float, float]:
    question()  # the first time, SQLAlchemy builds the statement

    def once() -> float:
        start = perf_counter()
        question()
        return (perf_counter() - start) * 1000

    taken = sorted(once() for _ in range(ASKED))
    return round(statistics.median(taken), 2), round(taken[int(len(taken) * 0.99)], 2)


def run() -> list[dict[str, Any]]:
    """A row for each size."""
    return [measure(size) for size in SIZES]


if __name__ == "__main__":
    for measured in run():
        print(measured)

"""Person search and the case list: how long a page takes, and how that grows with the number of persons.

25,000 persons: half of them with a case of their own, nearly all of the others a relative of one who has, the rest of
no case. Names are spread as names are: few are very common. Who asks is a supervisor, who knows of every case; one of
40 workers, who knows of more the larger the centre; and one who has 50 cases whatever its size. Beside them, the floor:
a search that finds nobody, through the same door.

All of that comes from a log, through the projector; records are as in an installation, each in a stream of its own.
Then there are 10^5 persons, and with FORGETMENOT_BENCH_LARGE set 10^6: what queries read is copied in the database, to
ids, positions and cases of its own, for the same workers. The rows are as many, as long and as spread as the projector
would make them; only what is sealed in a copy is the first one's, and opens as that.

Milliseconds as a caller waits, and those of the processor alone: on a machine that does other work as well, the latter
are what a question costs.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, update

from services.cases.case.intake import CaseAssigned, CaseOpened, Channel
from services.cases.case.record import CaseKind
from services.cases.person.names import NameAdded, PersonName
from services.cases.projections.case_files import CaseFiles, ListCases
from services.cases.projections.circles import Circles
from services.cases.projections.person_search import PersonSearch, SearchPersons
from services.cases.relationship import RelationshipKind, RelationshipRecorded
from services.gateway.need_to_know import may_see
from services.gateway.team_sight import Teams
from shared.eventstore.sqlite import EmbeddedLog, open_store
from shared.messages import Event, Origin, Query, Role
from shared.privacy.personal import Place
from shared.privacy.port import Vault
from shared.privacy.vault import open_vault
from shared.projections.declaration import Projection
from shared.projections.engine import read_model_engine, writing
from shared.projections.generations import generations, standings, stored_tables
from shared.projections.projector import Projector
from shared.projections.read_models import ReadModels
from tests.recording import stored

RECORDED, COPIED_TO, LARGE = 25_000, 100_000, 1_000_000  # persons
ASKED = 400
AT_A_TIME = 5_000  # events that are handed to the log together
WORKERS = 40
FEW = 50  # cases of the worker who has that many, whatever the size
COPIED = {"searched_persons", "name_tokens", "cases", "circle_cases", "circle_members", "circle_ties"}
OTHERS = "Kazimiera"  # a name that many bear, none of whom the workers who ask know of
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
WITH_FEW = Origin("w-few", frozenset({Role.CASEWORKER}))


def names(dice: random.Random) -> Iterator[PersonName]:
    """As many as are asked for: common ones often, rare ones rarely, and family names from some thousands."""
    while True:
        given = GIVEN[min(int(dice.expovariate(0.25)), len(GIVEN) - 1)]
        middle = "".join(dice.choice(MIDDLES) for _ in range(1 if dice.random() < 0.3 else 2))
        yield PersonName(given=given, family=dice.choice(STARTS) + middle + dice.choice(ENDS))


def facts(size: int) -> Iterator[tuple[str, str, Event]]:
    """Who recorded it, in which stream, and what: the facts of `size` persons."""
    dice = random.Random(2008)
    about = ""
    for number, name in zip(range(size), names(dice), strict=False):
        person, case, tie = (str(UUID(int=(kind << 100) + number)) for kind in (1, 2, 3))
        worker = WITH_FEW.actor if number % max(2, size // FEW) == 0 else f"w-{dice.randrange(WORKERS)}"
        has_case, has_none = number % 2 == 0, number % 20 == 1
        if has_case and worker not in {WORKER.actor, WITH_FEW.actor} and dice.random() < 0.1:
            name = name.model_copy(update={"given": OTHERS})
        yield worker, f"person-{person}", NameAdded(person=person, name=str(UUID(int=(4 << 100) + number)), value=name)
        if has_case:
            about, kind = person, dice.choice(list(CaseKind))
            opened = CaseOpened(case=case, kind=kind, channel=Channel.WALK_IN, person=person, occurred="2008-10-02")
            yield worker, f"case-{case}", opened
            yield worker, f"case-{case}", CaseAssigned(case=case, worker=worker, occurred="2008-10-02")
        elif not has_none:
            sibling = RelationshipKind.SIBLING
            related = RelationshipRecorded(
                relationship=tie, person=about, relative=person, kind=sibling, inverse=sibling
            )
            yield worker, f"relationship-{tie}", related


def record(size: int, store: EmbeddedLog, vault: Vault) -> None:
    """Store the facts, many a commit."""
    recorded = facts(size)
    while chunk := list(islice(recorded, AT_A_TIME)):
        recording = [store.submit(stream, [one]) for stream, one in stored(chunk, vault)]
        for one in recording:
            one.result()


def measure(size: int, *copied: int) -> list[dict[str, Any]]:
    """One size: record, build the read models, then ask; and ask again once it is copied to each larger size."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "log") as store:
        vault = open_vault(Path(folder))
        start = thread_time()
        record(size, store, vault)
        row: dict[str, Any] = {"persons": size, "events": store.head(), "us to record a person": _each(start, size)}
        engine = read_model_engine(Path(folder) / "read-models.db")
        projections = (PersonSearch(vault), CaseFiles(), Circles())
        for projection in projections:
            start = thread_time()
            Projector(store, engine, [projection]).catch_up()
            row[f"us to build {projection.name}, a person"] = _each(start, size)
        models = ReadModels(engine, projections, vault, may_see=may_see, sights=Teams())
        rows = [row | _asked(models) | {"index, bytes a person": _index_bytes(engine, size)}]
        copies = 0
        models = ReadModels(engine, projections, OfTheFirst(vault), may_see=may_see, sights=Teams())
        for larger in copied:
            _copy(engine, projections, store.head(), copies + 1, larger // size - 1)
            copies = larger // size - 1
            rows.append({"persons": larger} | _asked(models) | {"index, bytes a person": _index_bytes(engine, larger)})
        engine.dispose()
        return rows


def _each(start: float, size: int) -> int:
    return round((thread_time() - start) / size * 1e6)


def _asked(models: ReadModels) -> dict[str, str]:
    """What each question costs."""
    dice = random.Random(25)
    known = [name for name, _ in zip(names(random.Random(2008)), range(10_000), strict=False)]
    last = models.ask(ListCases(), SUPERVISOR).position // 50  # of what is found, the last of many pages is before this

    def ask(query: Query[Any], asker: Origin) -> None:
        models.ask(query, asker)

    def two_words(asker: Origin) -> None:
        name = dice.choice(known)
        ask(SearchPersons(name=f"{name.given} {name.family}"), asker)

    def family_name(asker: Origin) -> None:
        ask(SearchPersons(name=dice.choice(known).family or ""), asker)

    row: dict[str, str] = {}
    for who, asker in (("supervisor", SUPERVISOR), ("worker", WORKER), (f"worker of {FEW} cases", WITH_FEW)):
        questions: dict[str, Callable[[], None]] = {
            "two words": partial(two_words, asker),
            "a family name": partial(family_name, asker),
            "a common word": partial(ask, SearchPersons(name="jonas"), asker),
            "a common word, last page": partial(ask, SearchPersons(name="jonas", after=last), asker),
            "a common word of others": partial(ask, SearchPersons(name=OTHERS), asker),
            "nobody found (floor)": partial(ask, SearchPersons(name="Xyzzy"), asker),
            "case list": partial(ask, ListCases(), asker),
            "case list, last page": partial(ask, ListCases(after=last), asker),
            "case list, of one kind": partial(ask, ListCases(kind=CaseKind.TRAFFICKING), asker),
            "case list, of w-7": partial(ask, ListCases(worker="w-7"), asker),
            "case list, reviews missed (none)": partial(ask, ListCases(review_missed=True), asker),
        }
        for title, question in questions.items():
            row[f"{who}: {title}"] = _milliseconds(question)
    return row


def _milliseconds(question: Callable[[], None]) -> str:
    """p50 and p99 as a caller waits, and those of processor time."""
    question()  # the first time, SQLAlchemy builds the statement
    waited, worked = [], []
    for _ in range(ASKED):
        start, worked_before = perf_counter(), thread_time()
        question()
        waited.append((perf_counter() - start) * 1000)
        worked.append((thread_time() - worked_before) * 1000)
    (p50, p99), (cpu50, cpu99) = (
        (round(statistics.median(each), 1), round(sorted(each)[int(len(each) * 0.99)], 1)) for each in (waited, worked)
    )
    return f"{p50} / {p99} (cpu {cpu50} / {cpu99})"


def _index_bytes(engine: Engine, size: int) -> int:
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("SELECT sum(pgsize) FROM dbstat WHERE name LIKE '%name_tokens%'")
        return round((pages.scalar() or 0) / size)


def _copy(engine: Engine, projections: Iterable[Projection], head: int, first: int, last: int) -> None:
    """Make these copies of what is asked for, in the order of its key. Who has few cases gets no more."""
    with writing(engine, sort_in_files=True) as connection:
        live = {one.name: one.generation for one in standings(connection)}
        for projection in projections:
            for name, stored in stored_tables(projection, live[projection.name]).items():
                if name not in COPIED:
                    continue
                names = [column.name for column in stored.columns]
                key = ", ".join(str(names.index(column.name) + 1) for column in stored.primary_key.columns)
                once = f'(SELECT * FROM "{stored.name}" WHERE position <= {head})'
                if "position" not in names:
                    once = f"(SELECT * FROM \"{stored.name}\" WHERE thing LIKE '000000%')"
                connection.exec_driver_sql(
                    f"WITH RECURSIVE copies(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM copies WHERE n < {last}) "
                    f'INSERT INTO "{stored.name}" SELECT {", ".join(_copied(one, head) for one in names)} '
                    f"FROM {once}, copies ORDER BY {key}"
                )
        connection.execute(update(generations).values(position=head * (last + 1)))


def _copied(column: str, head: int) -> str:
    """What a column of a copied row holds, as SQL says it. Ids begin with the number of the copy."""
    match column:
        case "person" | "case" | "thing":
            return f"CASE \"{column}\" WHEN '' THEN '' ELSE printf('%06x', n) || substr(\"{column}\", 7) END"
        case "names":
            return "replace(names, person, printf('%06x', n) || substr(person, 7))"
        case "position":
            return f"position + n * {head}"
        case "member" | "worker" | "responsible" | "by" | "audience":
            return f"replace(\"{column}\", '{WITH_FEW.actor}', 'w-0')"
        case _:
            return f'"{column}"'


class OfTheFirst:
    """The vault, with what is sealed in a copy opened as that of the first one."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vault, name)

    def open(self, token: str, place: Place) -> Any:
        stream, subject = (f"{name[:-36]}000000{name[-30:]}" for name in (place.stream, place.subject))
        return self._vault.open(token, place._replace(stream=stream, subject=subject))


def run() -> list[dict[str, Any]]:
    """A row for each size."""
    larger = (LARGE,) if os.environ.get("FORGETMENOT_BENCH_LARGE") else ()
    return measure(RECORDED, COPIED_TO, *larger)


if __name__ == "__main__":
    for measured in run():
        print(measured)

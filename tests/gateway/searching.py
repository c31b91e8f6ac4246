"""People, their cases and who works on them, recorded quickly; and how much work a question makes for the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event, select

from services.cases.projections.case_files import CaseFiles
from services.cases.projections.circles import Circles
from services.cases.projections.person_search import PersonSearch
from services.gateway.need_to_know import may_see
from services.gateway.team_sight import Teams
from shared.eventstore.sqlite import open_store
from shared.messages import Origin, Query, Role
from shared.privacy.vault import AesGcmVault
from shared.projections.engine import read_model_engine
from shared.projections.generations import standings, stored_tables
from shared.projections.projector import Projector
from shared.projections.read_models import ReadModels
from tests.recording import Fact, stored

AT = datetime(2026, 1, 1, tzinfo=UTC)


def who(actor: str, role: Role = Role.CASEWORKER) -> Origin:
    """Somebody who asks."""
    return Origin(actor, frozenset({role}))


class Searching:
    """The read models that a search and the case list need, over a real log."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(folder / "log")
        self.vault = AesGcmVault.in_memory()
        self.engine = read_model_engine(folder / "read-models.db")
        projections = (PersonSearch(self.vault), Circles(), CaseFiles())
        self.projector = Projector(self.store, self.engine, projections)
        self.models = ReadModels(self.engine, projections, self.vault, may_see=may_see, sights=Teams())
        self.steps = 0
        event.listen(self.engine, "checkout", self._count)

    def happened(self, facts: Iterable[Fact]) -> None:
        """Record all of it, and have it taken in."""
        recording = [self.store.submit(stream, [one]) for stream, one in stored(facts, self.vault)]
        for one in recording:
            one.result()
        self.projector.catch_up()

    def ask(self, query: Query[Any], asker: Origin) -> Any:
        """The answer to somebody."""
        return self.models.ask(query, asker).answer

    def work(self, asking: Callable[[], Any]) -> int:
        """How many steps of SQLite's virtual machine a question takes: what grows with the rows that are read."""
        self.steps = 0
        asking()
        return self.steps

    def rows(self, projection: type[PersonSearch]) -> dict[str, list[tuple[Any, ...]]]:
        """What the live generation of a read model holds, in order."""
        with self.engine.connect() as connection:
            (live,) = [one for one in standings(connection, [projection.name]) if one.live]
            tables = stored_tables(projection(self.vault), live.generation)
            return {name: sorted(map(tuple, connection.execute(select(one)))) for name, one in tables.items()}

    def close(self) -> None:
        """Let go of the files."""
        self.store.close()
        self.engine.dispose()

    def _count(self, connection: Any, *_: object) -> None:
        connection.set_progress_handler(self._step, 1)

    def _step(self) -> int:
        self.steps += 1
        return 0

"""Bed tasks: for whom a bed is looked for, and since when. Why, only those see who may know."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Column, Index, Integer, RowMapping, String, Text, select

from services.rehabilitation.placement.record import HOUSE, CentreId, PersonId, TaskId, TaskKind, Why
from services.rehabilitation.placement.stays import BedNotAvailable
from services.rehabilitation.placement.tasks import AnotherBedNeeded, BedTaskSettled, Settlement
from services.rehabilitation.projections.centres import may_know
from shared.codec import Recorded
from shared.messages import Query
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class BedTask(_Shown):
    """A task to find somebody a bed."""

    task: TaskId
    centre: CentreId
    kind: TaskKind
    person: PersonId
    since: date
    asked: int = Field(description="How often a bed was asked for")
    why: Why | Redacted | None = Field(description="Null to those who may not know")
    settled: Settlement | None


class BedTaskPage(_Shown):
    """Tasks to find a bed, the oldest first."""

    tasks: tuple[BedTask, ...]
    next: Next


class ListBedTasks(Query[BedTaskPage], context="rehabilitation", route="GET /bed-tasks", roles=HOUSE):
    """Tasks to find somebody a bed: the open ones, unless asked otherwise."""

    centre: Annotated[CentreId | None, Field(description="Only of this centre")] = None
    settled: Annotated[bool, Field(description="Those that are settled instead")] = False
    after: After = None
    limit: Limit = 50


class BedTasks(Projection):
    """Tasks to find somebody a bed."""

    name = "bed_tasks"

    tasks = table(
        "bed_tasks",
        Column("task", String, primary_key=True),
        Column("position", BigInteger),
        Column("centre", String),
        Column("kind", String),
        Column("person", String),
        Column("since", String),
        Column("asked", Integer),
        Column("why", Text),
        Column("settled", String),
        Index("bed_tasks_open", "settled", "position"),
    )

    @on(BedNotAvailable)
    def not_available(self, e: Recorded[BedNotAvailable], rows: Rows) -> None:
        """Somebody could not have a bed: once more, if they could not before."""
        if rows.get(self.tasks, (e.event.task,)):
            rows.add(self.tasks, (e.event.task,), asked=1)
            rows.change(self.tasks, (e.event.task,), why=e.sealed("why"))
        else:
            self._task(e, e.event.kind, rows)

    @on(AnotherBedNeeded)
    def another_needed(self, e: Recorded[AnotherBedNeeded], rows: Rows) -> None:
        """Somebody cannot stay in theirs."""
        self._task(e, TaskKind.CANNOT_STAY, rows)

    def _task(self, e: Recorded[BedNotAvailable] | Recorded[AnotherBedNeeded], kind: TaskKind, rows: Rows) -> None:
        rows.put(
            self.tasks,
            task=e.event.task,
            position=e.position,
            centre=e.event.centre,
            kind=kind,
            person=e.event.person,
            since=e.event.occurred.isoformat(),
            asked=1,
            why=e.sealed("why"),
        )

    @on(BedTaskSettled)
    def settled(self, e: Recorded[BedTaskSettled], rows: Rows) -> None:
        """Found, or no longer needed."""
        rows.change(self.tasks, (e.event.task,), settled=e.event.how)

    @answers(ListBedTasks)
    def list_tasks(self, query: ListBedTasks, asking: Asking) -> BedTaskPage:
        """The oldest first: they wait the longest."""
        tasks = asking.live(self.tasks)
        is_settled = tasks.c.settled.is_not(None) if query.settled else tasks.c.settled.is_(None)
        statement = select(tasks).where(is_settled, tasks.c.position > (query.after or 0))
        if query.centre is not None:
            statement = statement.where(tasks.c.centre == query.centre)
        found = asking.rows(statement.order_by(tasks.c.position).limit(query.limit + 1))
        knows = may_know(asking)
        shown, more = page(found, query.limit, lambda row: _task(row, asking.reveal(row["why"]) if knows else None))
        return BedTaskPage(tasks=shown, next=more)


def _task(row: RowMapping, why: Why | Redacted | None) -> BedTask:
    return BedTask(**{name: row[name] for name in BedTask.model_fields if name != "why"}, why=why)

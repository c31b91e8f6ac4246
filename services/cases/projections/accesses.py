"""Break-glass on record: who opened which case, until when, and whether somebody has looked at it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Column, Index, RowMapping, String, Text, select

from services.cases.break_glass import (
    AccessEnded,
    AccessId,
    AccessReviewed,
    AccessReviewMissed,
    GlassBroken,
)
from services.cases.vocabulary import CaseId, Staff
from shared.codec import Recorded
from shared.messages import Query, Role
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page


class Look(StrEnum):
    """Whether somebody has looked at it."""

    DUE = "due"
    MISSED = "missed"
    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"


class AccessEntry(BaseModel):
    """One access by break-glass."""

    model_config = ConfigDict(frozen=True)

    access: AccessId
    case: CaseId
    worker: Staff
    grounds: str | Redacted
    since: datetime
    until: datetime = Field(description="When it ends, or ended")
    look: Look


class AccessPage(BaseModel):
    """Accesses, the newest first."""

    accesses: tuple[AccessEntry, ...]
    next: Next


class ListAccesses(
    Query[AccessPage],
    context="cases",
    route="GET /break-glass",
    roles=[Role.SUPERVISOR, Role.DATA_PROTECTION_OFFICER, Role.AUDITOR],
):
    """Who opened a case that was not theirs, for what reason, until when. An auditor sees all of it but the reason."""

    case: Annotated[CaseId | None, Field(description="Only of this case")] = None
    worker: Annotated[Staff | None, Field(description="Only of this member of staff", examples=["w-7"])] = None
    look: Annotated[Look | None, Field(description="Only those that stand so", examples=["due"])] = None
    after: After = None
    limit: Limit = 50


class Accesses(Projection):
    """Every access by break-glass as it stands."""

    name = "accesses"

    accesses = table(
        "accesses",
        Column("access", String, primary_key=True),
        Column("position", BigInteger),
        Column("case", String),
        Column("worker", String),
        Column("grounds", Text),
        Column("since", String),
        Column("until", String),
        Column("look", String),
        Index("accesses_newest", "position"),
        Index("accesses_of_case", "case", "position"),
        Index("accesses_of_worker", "worker", "position"),
        Index("accesses_by_look", "look", "position"),
    )

    @on(GlassBroken)
    def broken(self, e: Recorded[GlassBroken], rows: Rows) -> None:
        """Somebody opened a case."""
        broken = e.event
        rows.put(
            self.accesses,
            access=broken.access,
            position=e.position,
            case=broken.case,
            worker=broken.worker,
            grounds=e.sealed("grounds"),
            since=broken.since.isoformat(),
            until=broken.until.isoformat(),
            look=Look.DUE,
        )

    @on(AccessEnded)
    def ended(self, e: Recorded[AccessEnded], rows: Rows) -> None:
        """It ended before its time."""
        rows.change(self.accesses, (e.event.access,), until=e.event.at.isoformat())

    @on(AccessReviewed)
    def reviewed(self, e: Recorded[AccessReviewed], rows: Rows) -> None:
        """Somebody looked."""
        rows.change(self.accesses, (e.event.access,), look=Look.JUSTIFIED if e.event.justified else Look.NOT_JUSTIFIED)

    @on(AccessReviewMissed)
    def missed(self, e: Recorded[AccessReviewMissed], rows: Rows) -> None:
        """Nobody looked in time."""
        rows.change(self.accesses, (e.event.access,), look=Look.MISSED)

    @answers(ListAccesses)
    def list_accesses(self, query: ListAccesses, asking: Asking) -> AccessPage:
        """Filtered, and paged by the position at which each began."""
        accesses = asking.live(self.accesses)
        statement = select(accesses).order_by(accesses.c.position.desc()).limit(query.limit + 1)
        for column in ("case", "worker", "look"):
            if (wanted := getattr(query, column)) is not None:
                statement = statement.where(accesses.c[column] == wanted)
        if query.after is not None:
            statement = statement.where(accesses.c.position < query.after)
        entries, more = page(asking.rows(statement), query.limit, lambda row: _entry(row, asking))
        return AccessPage(accesses=entries, next=more)


def _entry(row: RowMapping, asking: Asking) -> AccessEntry:
    return AccessEntry(
        **{**{name: row[name] for name in AccessEntry.model_fields}, "grounds": asking.reveal(row["grounds"])}
    )

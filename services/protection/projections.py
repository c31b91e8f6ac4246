"""Read models: erasures with where they stand, and the holds in force."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Boolean, Column, Integer, String, Text, select

from services.protection.erasure import (
    EntryShredded,
    ErasureApproved,
    ErasureFailed,
    ErasureId,
    ErasureRefused,
    ErasureRequested,
    PersonForgotten,
)
from services.protection.hold import HoldLifted, HoldPlaced
from shared.codec import Recorded
from shared.messages import Id, Query, Role
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table

READERS = [Role.DATA_PROTECTION_OFFICER, Role.SUPERVISOR, Role.AUDITOR]


class ErasureRow(BaseModel):
    """One erasure."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    erasure: ErasureId
    subject: Id
    record: str | None
    ground: str | None = Field(description="None: the log that held the request was put back from an older backup")
    stage: str
    asked_by: str | None
    requested_at: datetime | None
    certificate_position: int | None = Field(description="Where the certificate stands in the log, once it is done")
    restored: bool = Field(description="Certified anew, after an older backup of the log was put back")
    why_failed: str | None


class ErasureList(BaseModel):
    """Erasures, the newest first."""

    model_config = ConfigDict(frozen=True)

    erasures: tuple[ErasureRow, ...]
    next: str | None


class ListErasures(Query[ErasureList], context="protection", route="GET /protection/erasures", roles=READERS):
    """Erasures that were asked for, and where they stand."""

    stage: str | None = Field(None, examples=["requested"])
    after: str | None = Field(None, description="`next` of the page before")
    limit: int = Field(50, ge=1, le=500)


class HoldRow(BaseModel):
    """One hold."""

    model_config = ConfigDict(frozen=True)

    hold: Id
    record: str
    ground: str
    until: str | None
    placed_by: str


class HoldList(BaseModel):
    """The holds that were placed and not lifted."""

    model_config = ConfigDict(frozen=True)

    holds: tuple[HoldRow, ...]


class ListHolds(Query[HoldList], context="protection", route="GET /protection/holds", roles=[*READERS, Role.LAWYER]):
    """The legal holds that were placed and not lifted."""


class Erasures(Projection):
    """Erasures and holds."""

    name = "erasures"
    version = 3
    erasures = table(
        "erasures",
        Column("erasure", String, primary_key=True),
        Column("subject", String, nullable=False),
        Column("record", String),
        Column("ground", String),
        Column("stage", String, nullable=False),
        Column("awaited", Text),
        Column("asked_by", String),
        Column("requested_at", String),
        Column("requested_position", Integer, nullable=False, index=True),
        Column("certificate_position", Integer),
        Column("restored", Boolean, nullable=False),
        Column("why_failed", String),
    )
    holds = table(
        "holds",
        Column("hold", String, primary_key=True),
        Column("record", String, nullable=False),
        Column("ground", String, nullable=False),
        Column("until", String),
        Column("placed_by", String, nullable=False),
    )

    @on(ErasureRequested)
    def requested(self, e: Recorded[ErasureRequested], rows: Rows) -> None:
        """A new row."""
        event = e.event
        rows.put(
            self.erasures,
            erasure=event.erasure,
            subject=event.subject,
            record=event.record,
            ground=event.ground,
            stage="requested",
            asked_by=event.asked_by,
            requested_at=e.recorded_at.isoformat(),
            requested_position=e.position,
            restored=False,
        )

    @on(ErasureApproved)
    def approved(self, e: Recorded[ErasureApproved], rows: Rows) -> None:
        """The keys are about to go."""
        awaited = " ".join(e.event.subjects)
        rows.change(self.erasures, (e.event.erasure,), stage="approved", awaited=awaited, why_failed=None)

    @on(ErasureRefused)
    def refused(self, e: Recorded[ErasureRefused], rows: Rows) -> None:
        """Nothing goes."""
        rows.change(self.erasures, (e.event.erasure,), stage="refused")

    @on(PersonForgotten, EntryShredded)
    def done(self, e: Recorded[PersonForgotten] | Recorded[EntryShredded], rows: Rows) -> None:
        """The certificate is there. The request may be missing, in a log that was put back."""
        event = e.event
        known = rows.get(self.erasures, (event.erasure,))
        if known is None:
            rows.put(
                self.erasures,
                erasure=event.erasure,
                subject=event.subject,
                stage="done",
                requested_position=e.position,
                certificate_position=e.position,
                restored=event.restored,
            )
            return
        awaited = [subject for subject in (known["awaited"] or "").split() if subject != event.subject]
        rows.change(
            self.erasures,
            (event.erasure,),
            stage=known["stage"] if awaited else "done",
            awaited=" ".join(awaited),
            certificate_position=e.position,
            restored=event.restored or known["restored"],
        )

    @on(ErasureFailed)
    def failed(self, e: Recorded[ErasureFailed], rows: Rows) -> None:
        """It has to be looked at again."""
        rows.change(self.erasures, (e.event.erasure,), stage="requested", why_failed=e.event.why)

    @on(HoldPlaced)
    def held(self, e: Recorded[HoldPlaced], rows: Rows) -> None:
        """A hold is in force."""
        event = e.event
        until = event.until.isoformat() if event.until else None
        rows.put(
            self.holds,
            hold=event.hold,
            record=event.record,
            ground=event.ground,
            until=until,
            placed_by=event.placed_by,
        )

    @on(HoldLifted)
    def lifted(self, e: Recorded[HoldLifted], rows: Rows) -> None:
        """It is not any more."""
        rows.drop(self.holds, (e.event.hold,))

    @answers(ListErasures)
    def list_erasures(self, query: ListErasures, asking: Asking) -> ErasureList:
        """Newest first, by position."""
        found = asking.live(self.erasures)
        wanted = select(found).order_by(found.c.requested_position.desc()).limit(query.limit + 1)
        if query.stage:
            wanted = wanted.where(found.c.stage == query.stage)
        if query.after:
            wanted = wanted.where(found.c.requested_position < int(query.after))
        rows = asking.rows(wanted)
        page = rows[: query.limit]
        following = str(page[-1]["requested_position"]) if len(rows) > query.limit else None
        return ErasureList(erasures=tuple(ErasureRow.model_validate(dict(row)) for row in page), next=following)

    @answers(ListHolds)
    def list_holds(self, query: ListHolds, asking: Asking) -> HoldList:
        """All of them: there are few."""
        return HoldList(holds=tuple(HoldRow(**row) for row in asking.rows(select(asking.live(self.holds)))))

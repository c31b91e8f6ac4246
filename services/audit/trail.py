"""The audit trail: a row for every event of the log, who recorded it, when, from which command, and never what it says.

Nothing here is personal: actors are pseudonyms, and of a reason the row says only that there is one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Column, Index, Integer, RowMapping, SmallInteger, String, select

from services.audit.moment import EPOCH, Moment, microseconds, position_of, recorded_by
from shared.codec import Recorded
from shared.messages import Query, Role
from shared.projections.declaration import Anything, Asking, Projection, Rows, answers, on, table

READERS = [Role.AUDITOR, Role.SUPERVISOR, Role.DATA_PROTECTION_OFFICER]
"""Who reads the trail. An administrator runs the system and is not among them: which records exist, and who worked on
them when, tells of cases."""


class TrailEntry(BaseModel):
    """One event as the trail shows it. `late_seconds`: how long after its time a deadline fired."""

    model_config = ConfigDict(frozen=True)

    position: int
    stream: str
    revision: int
    event_id: UUID
    type: str
    recorded_at: datetime
    actor: str | None
    roles: tuple[str, ...]
    on_behalf_of: str | None
    command: str | None
    command_id: str | None
    correlation_id: str | None
    causation_id: str | None
    synthetic: bool
    late_seconds: int | None
    has_reason: bool


class TrailPage(BaseModel):
    """Entries in the order of the log. `next` is the cursor of the next page; null on the last."""

    model_config = ConfigDict(frozen=True)

    entries: tuple[TrailEntry, ...]
    next: int | None


class ReadTrail(Query[TrailPage], context="audit", route="GET /audit/trail", roles=READERS):
    """Read the audit trail: who recorded what, when, in which role, for whom, from which command."""

    stream: Annotated[str | None, Field(max_length=250, examples=["case-4b1f6f0e-6c0d-4c6c-9d53-1f5e2a9d8c77"])] = None
    actor: Annotated[str | None, Field(max_length=100, examples=["w-17"])] = None
    type: Annotated[str | None, Field(max_length=200, description="An event type", examples=["cases.CaseOpened"])] = (
        None
    )
    command: Annotated[
        str | None,
        Field(max_length=200, description="A command's name, or one command's id", examples=["cases.OpenCase"]),
    ] = None
    correlation: UUID | None = Field(default=None, description="All that one request led to")
    since: AwareDatetime | None = Field(
        default=None, description="Recorded then or later", examples=["2008-10-01T00:00:00+03:00"]
    )
    until: AwareDatetime | None = Field(
        default=None, description="Recorded before", examples=["2008-11-01T00:00:00+02:00"]
    )
    as_of: Moment | None = None
    after: int = Field(default=0, ge=0, description="Where to go on: the 'next' of the page before")
    limit: int = Field(default=100, ge=1, le=1000, description="At most so many entries")


class AuditTrail(Projection):
    """Every event of the log, by position."""

    name = "audit_trail"

    trail = table(
        "audit_trail",
        Column("position", BigInteger, primary_key=True),
        Column("stream", String),
        Column("revision", Integer),
        Column("event_id", String),
        Column("type", String),
        Column("recorded_us", BigInteger),
        Column("actor", String),
        Column("roles", String),  # with spaces between
        Column("on_behalf_of", String),
        Column("command", String),
        Column("command_id", String),
        Column("correlation_id", String),
        Column("causation_id", String),
        Column("synthetic", SmallInteger),
        Column("late_seconds", Integer),
        Column("has_reason", SmallInteger),
        Index("trail_by_stream", "stream", "position"),
        Index("trail_by_actor", "actor", "position"),
        Index("trail_by_type", "type", "position"),
        Index("trail_by_command", "command", "position"),
        Index("trail_by_command_id", "command_id", "position"),
        Index("trail_by_correlation", "correlation_id", "position"),
        Index("trail_by_time", "recorded_us", "position"),
    )

    @on(Anything)
    def recorded(self, e: Recorded[Anything], rows: Rows) -> None:
        """One row an event. Metadata is read as it is: what another program wrote has an entry too."""
        raw = e.raw
        said: dict[str, Any] = orjson.loads(raw.metadata) if raw.metadata else {}
        stamp = said.get("recorded_at")
        rows.put(
            self.trail,
            position=raw.position,
            stream=raw.stream,
            revision=raw.revision,
            event_id=raw.id_bytes.hex(),
            type=raw.type,
            recorded_us=microseconds(datetime.fromisoformat(stamp)) if stamp else raw.created_us,
            actor=said.get("actor"),
            roles=" ".join(said.get("roles", ())),
            on_behalf_of=said.get("on_behalf_of"),
            command=said.get("command"),
            command_id=said.get("command_id"),
            correlation_id=said.get("$correlationId"),
            causation_id=said.get("$causationId"),
            synthetic=int(said.get("synthetic", False)),
            late_seconds=said.get("late_seconds"),
            has_reason=int("reason" in said),
        )

    @answers(ReadTrail)
    def read(self, query: ReadTrail, asking: Asking) -> TrailPage:
        """One page."""
        live = asking.live(self.trail)
        wanted = select(live).where(live.c.position > query.after).order_by(live.c.position)
        for column, value in (
            (live.c.stream, query.stream),
            (live.c.actor, query.actor),
            (live.c.type, query.type),
            (live.c.correlation_id, str(query.correlation) if query.correlation else None),
            (live.c.command_id if _is_id(query.command) else live.c.command, query.command),
        ):
            if value is not None:
                wanted = wanted.where(column == value)
        if query.since is not None:
            wanted = wanted.where(live.c.recorded_us >= microseconds(query.since))
        if query.until is not None:
            wanted = wanted.where(live.c.recorded_us < microseconds(query.until))
        if query.as_of is not None:
            position = position_of(query.as_of)
            by_then = (
                live.c.position <= position if position is not None else live.c.recorded_us <= recorded_by(query.as_of)
            )
            wanted = wanted.where(by_then)
        found = asking.rows(wanted.limit(query.limit + 1))
        return TrailPage(
            entries=tuple(_entry(row) for row in found[: query.limit]),
            next=found[query.limit - 1]["position"] if len(found) > query.limit else None,
        )


def _is_id(command: str | None) -> bool:
    return command is not None and "." not in command


def _entry(row: RowMapping) -> TrailEntry:
    at = EPOCH + timedelta(microseconds=row["recorded_us"])
    return TrailEntry.model_validate({**row, "recorded_at": at, "roles": row["roles"].split()})

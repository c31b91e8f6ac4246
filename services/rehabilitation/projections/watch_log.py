"""The watch log: incidents with their severity, and calls to 112 with how long an answer took, and help."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Column, Index, RowMapping, String, Text, select

from services.rehabilitation.projections.instants import instant_of, text_of
from services.rehabilitation.roster import Post, ShiftId
from services.rehabilitation.watch.incidents import (
    EmergencyCallAnswered,
    EmergencyCalled,
    HelpArrived,
    IncidentRecorded,
)
from services.rehabilitation.watch.record import ON_DUTY, CallId, IncidentId, IncidentKind, Severity
from shared.codec import Recorded
from shared.dates import HERE
from shared.messages import Id, Query
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class IncidentShown(_Shown):
    """An incident."""

    incident: IncidentId
    post: Post
    kind: IncidentKind
    severity: Severity
    about: Id = Field(description="Whom it is about; an id of its own if nobody in particular")
    account: str | Redacted | None
    shift: ShiftId | None
    occurred: datetime


class IncidentPage(_Shown):
    """Incidents, in the order in which they were recorded, the newest first."""

    incidents: tuple[IncidentShown, ...]
    next: Next


class CallShown(_Shown):
    """A call to 112."""

    call: CallId
    post: Post
    incident: IncidentId | None
    called: datetime
    answered_after: int | None = Field(description="Seconds until somebody answered")
    arrived_after: int | None = Field(description="Seconds until help was there")


class CallPage(_Shown):
    """Calls to 112, the newest first."""

    calls: tuple[CallShown, ...]
    next: Next


class ListIncidents(Query[IncidentPage], context="rehabilitation", route="GET /incidents", roles=ON_DUTY):
    """Incidents: by post, kind and severity."""

    post: Annotated[Post | None, Field(description="Only at this post", examples=["shelter"])] = None
    kind: Annotated[IncidentKind | None, Field(description="Only of this kind", examples=["not_started"])] = None
    severity: Annotated[Severity | None, Field(description="Only of this severity", examples=["high"])] = None
    after: After = None
    limit: Limit = 50


class ListEmergencyCalls(Query[CallPage], context="rehabilitation", route="GET /emergency-calls", roles=ON_DUTY):
    """Calls to 112, with their times."""

    post: Annotated[Post | None, Field(description="Only from this post", examples=["shelter"])] = None
    after: After = None
    limit: Limit = 50


class WatchLog(Projection):
    """Incidents, and calls to 112."""

    name = "watch_log"

    incidents = table(
        "incidents",
        Column("incident", String, primary_key=True),
        Column("position", BigInteger),
        Column("post", String),
        Column("kind", String),
        Column("severity", String),
        Column("about", String),
        Column("account", Text),
        Column("shift", String),
        Column("occurred", String),
        Index("incidents_newest", "position"),
        Index("incidents_by_post", "post", "position"),
    )
    calls = table(
        "emergency_calls",
        Column("call", String, primary_key=True),
        Column("position", BigInteger),
        Column("post", String),
        Column("incident", String),
        Column("called", String),
        Column("answered", String),
        Column("arrived", String),
        Index("emergency_calls_newest", "position"),
    )

    @on(IncidentRecorded)
    def happened(self, e: Recorded[IncidentRecorded], rows: Rows) -> None:
        """An incident."""
        incident = e.event
        rows.put(
            self.incidents,
            incident=incident.incident,
            position=e.position,
            post=incident.post,
            kind=incident.kind,
            severity=incident.severity,
            about=incident.about,
            account=e.sealed("account"),
            shift=incident.shift,
            occurred=text_of(incident.occurred),
        )

    @on(EmergencyCalled)
    def called(self, e: Recorded[EmergencyCalled], rows: Rows) -> None:
        """A call."""
        call = e.event
        rows.put(
            self.calls,
            call=call.call,
            position=e.position,
            post=call.post,
            incident=call.incident,
            called=text_of(call.occurred),
        )

    @on(EmergencyCallAnswered)
    def answered(self, e: Recorded[EmergencyCallAnswered], rows: Rows) -> None:
        """Answered."""
        rows.change(self.calls, (e.event.call,), answered=text_of(e.event.occurred))

    @on(HelpArrived)
    def arrived(self, e: Recorded[HelpArrived], rows: Rows) -> None:
        """Help is there."""
        rows.change(self.calls, (e.event.call,), arrived=text_of(e.event.occurred))

    @answers(ListIncidents)
    def list_incidents(self, query: ListIncidents, asking: Asking) -> IncidentPage:
        """Filtered, and paged by position."""
        incidents = asking.live(self.incidents)
        statement = select(incidents).order_by(incidents.c.position.desc()).limit(query.limit + 1)
        for column in ("post", "kind", "severity"):
            if (wanted := getattr(query, column)) is not None:
                statement = statement.where(incidents.c[column] == wanted)
        if query.after is not None:
            statement = statement.where(incidents.c.position < query.after)
        shown, more = page(asking.rows(statement), query.limit, lambda row: _incident(row, asking))
        return IncidentPage(incidents=shown, next=more)

    @answers(ListEmergencyCalls)
    def list_calls(self, query: ListEmergencyCalls, asking: Asking) -> CallPage:
        """Filtered, and paged by position."""
        calls = asking.live(self.calls)
        statement = select(calls).order_by(calls.c.position.desc()).limit(query.limit + 1)
        if query.post is not None:
            statement = statement.where(calls.c.post == query.post)
        if query.after is not None:
            statement = statement.where(calls.c.position < query.after)
        shown, more = page(asking.rows(statement), query.limit, _call)
        return CallPage(calls=shown, next=more)


def _incident(row: RowMapping, asking: Asking) -> IncidentShown:
    told = {name: row[name] for name in IncidentShown.model_fields if name not in {"account", "occurred"}}
    occurred = instant_of(row["occurred"]).astimezone(HERE)
    return IncidentShown(**told, account=asking.reveal(row["account"]), occurred=occurred)


def _call(row: RowMapping) -> CallShown:
    called = instant_of(row["called"])

    def after(column: str) -> int | None:
        return int((instant_of(row[column]) - called).total_seconds()) if row[column] else None

    return CallShown(
        call=row["call"],
        post=row["post"],
        incident=row["incident"],
        called=called.astimezone(HERE),
        answered_after=after("answered"),
        arrived_after=after("arrived"),
    )

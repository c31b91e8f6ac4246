"""Reports that funders are owed: which are due when, which are late, which are accepted."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlalchemy import Boolean, Column, Index, String, select, tuple_

from services.projects.grant.award import GrantAwarded
from services.projects.grant.reporting import (
    ReportAccepted,
    ReportOverdue,
    ReportRequired,
    ReportReturned,
    ReportSubmitted,
)
from services.projects.grant.state import ReportStatus
from services.projects.terms import READS_BOOKS, Day
from shared.codec import Recorded
from shared.errors import Invalid
from shared.messages import Query
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table
from shared.projections.paging import Limit


class ReportLine(BaseModel):
    """A report that a funder is owed."""

    grant: str
    report: str
    first_day: date
    last_day: date
    due: date
    status: ReportStatus
    overdue: bool = Field(description="Was not submitted by its last day; stays on record when it comes late")
    submitted: date | None
    accepted: date | None


class ReportPage(BaseModel):
    """Reports by their last day."""

    reports: tuple[ReportLine, ...]
    next: str | None = Field(description="Give it as `after` for the next page; null on the last one")
    position: int


class ListFunderReports(Query[ReportPage], context="projects", route="GET /funder-reports", roles=READS_BOOKS):
    """Reports to funders by deadline: due, submitted, accepted, overdue."""

    status: ReportStatus | None = Field(None, description="Of this status", examples=["due"])
    overdue: bool | None = Field(None, description="Only those that are, or only those that are not", examples=[True])
    due_until: Day | None = Field(None, description="Due up to this day", examples=["2009-01-31"])
    after: Annotated[str | None, Field(max_length=200)] = Field(
        None, description="Go on after this: the `next` of the page before"
    )
    limit: Limit = 50


class FunderReports(Projection):
    """Reports by deadline."""

    name = "funder_reports"
    reports = table(
        "funder_reports",
        Column("grant", String, primary_key=True),
        Column("report", String, primary_key=True),
        Column("first_day", String),
        Column("last_day", String),
        Column("due", String),
        Column("status", String),
        Column("overdue", Boolean),
        Column("submitted", String),
        Column("accepted", String),
        Index("funder_reports_by_due", "due", "grant", "report"),
    )

    @on(GrantAwarded)
    def awarded(self, e: Recorded[GrantAwarded], rows: Rows) -> None:
        """The award's reports."""
        for owed in e.event.reports:
            self._owe(rows, e.event.grant, owed)

    @on(ReportRequired)
    def required(self, e: Recorded[ReportRequired], rows: Rows) -> None:
        """One more."""
        self._owe(rows, e.event.grant, e.event)

    def _owe(self, rows: Rows, grant: str, owed: Any) -> None:
        rows.put(
            self.reports,
            grant=grant,
            report=owed.report,
            first_day=owed.first_day.isoformat(),
            last_day=owed.last_day.isoformat(),
            due=owed.due.isoformat(),
            status=ReportStatus.DUE,
            overdue=False,
        )

    @on(ReportSubmitted)
    def submitted(self, e: Recorded[ReportSubmitted], rows: Rows) -> None:
        """With the funder."""
        key = (e.event.grant, e.event.report)
        rows.change(self.reports, key, status=ReportStatus.SUBMITTED, submitted=e.event.occurred.isoformat())

    @on(ReportReturned)
    def returned(self, e: Recorded[ReportReturned], rows: Rows) -> None:
        """Back from the funder, with a new last day."""
        key, due = (e.event.grant, e.event.report), e.event.due.isoformat()
        rows.change(self.reports, key, status=ReportStatus.DUE, due=due, overdue=False, submitted=None)

    @on(ReportAccepted)
    def accepted(self, e: Recorded[ReportAccepted], rows: Rows) -> None:
        """Done."""
        key = (e.event.grant, e.event.report)
        rows.change(self.reports, key, status=ReportStatus.ACCEPTED, accepted=e.event.occurred.isoformat())

    @on(ReportOverdue)
    def overdue(self, e: Recorded[ReportOverdue], rows: Rows) -> None:
        """Its last day has passed."""
        rows.change(self.reports, (e.event.grant, e.event.report), overdue=True)

    @answers(ListFunderReports)
    def list_reports(self, query: ListFunderReports, asking: Asking) -> ReportPage:
        """A page of reports."""
        reports = asking.live(self.reports)
        order = (reports.c.due, reports.c.grant, reports.c.report)
        wanted = select(reports).order_by(*order).limit(query.limit + 1)
        if query.status:
            wanted = wanted.where(reports.c.status == query.status)
        if query.overdue is not None:
            wanted = wanted.where(reports.c.overdue == query.overdue)
        if query.due_until:
            wanted = wanted.where(reports.c.due <= query.due_until.isoformat())
        if query.after:
            after = query.after.split("/")
            if len(after) != len(order):
                raise Invalid("`after` is the `next` of the page before; this is not one.")
            wanted = wanted.where(tuple_(*order) > tuple_(*after))
        found = asking.rows(wanted)
        shown = tuple(ReportLine.model_validate(row) for row in found[: query.limit])
        further = (
            "/".join((str(shown[-1].due), shown[-1].grant, shown[-1].report)) if len(found) > query.limit else None
        )
        return ReportPage(reports=shown, next=further, position=asking.position)

"""A report to a funder: what was spent in its period and before, by earmark, and what the project has reached.

It is made from the same entries as the statement, with what it needs to know of the project and the funder beside them.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, Field
from sqlalchemy import Column, Index, String, and_, case, func, select

from services.projects.funder import FunderCorrected, FunderRegistered
from services.projects.grant.award import GrantAwarded
from services.projects.grant.reporting import (
    ReportAccepted,
    ReportRequired,
    ReportReturned,
    ReportSubmitted,
)
from services.projects.grant.state import ReportStatus
from services.projects.project.life import ProjectCorrected, ProjectProposed
from services.projects.project.work import IndicatorDefined, Precision, ResultRecorded, ResultRetracted
from services.projects.projections.amounts import amount_of
from services.projects.projections.entries import GrantEntries
from services.projects.projections.statement import GrantStatement
from services.projects.terms import READS_BOOKS, Category, GrantId, ReportName
from shared.codec import Recorded
from shared.dates import latest
from shared.errors import NotFound
from shared.messages import Query
from shared.money import Currency
from shared.projections.declaration import Asking, Rows, answers, on, table


class DonorReportLine(BaseModel):
    """One earmark, to the end of the period."""

    line: str
    category: Category
    awarded: Decimal
    spent_before: Decimal = Field(description="Before the period")
    spent_in_period: Decimal
    committed: Decimal
    left: Decimal


class DonorReportIndicator(BaseModel):
    """What was aimed for, and reached by the end of the period."""

    indicator: str
    text: str
    unit: str
    target: Decimal
    reached: Decimal
    precision: Precision = Field(description="Approximate if any of what it adds up is")


class DonorReportAnswer(BaseModel):
    """What a funder is told of one period."""

    grant: str
    report: str
    status: ReportStatus
    preliminary: bool = Field(description="It has not been submitted: entries may still change its figures")
    first_day: date
    last_day: date
    due: date
    funder: str | None = Field(description="The funder's name")
    project: str | None = Field(description="The project's title")
    programme: str | None
    currency: Currency
    lines: tuple[DonorReportLine, ...]
    spent_in_period: Decimal
    received_in_period: Decimal
    received: Decimal = Field(description="To the end of the period")
    indicators: tuple[DonorReportIndicator, ...]
    position: int


class ShowDonorReport(
    Query[DonorReportAnswer], context="projects", route="GET /grants/{grant}/reports/{report}", roles=READS_BOOKS
):
    """A report to the funder: money by earmark in the period, and results."""

    grant: GrantId
    report: ReportName


class GrantBooks(GrantStatement):
    """A grant's statement, its entries, and its reports to the funder."""

    name = "grant_books"
    reports = table(
        "donor_reports",
        Column("grant", String, primary_key=True),
        Column("report", String, primary_key=True),
        Column("first_day", String),
        Column("last_day", String),
        Column("due", String),
        Column("status", String),
    )
    funders = table("donor_report_funders", Column("funder", String, primary_key=True), Column("name", String))
    projects = table(
        "donor_report_projects",
        Column("project", String, primary_key=True),
        Column("title", String),
        Column("programme", String),
    )
    indicators = table(
        "donor_report_indicators",
        Column("project", String, primary_key=True),
        Column("indicator", String, primary_key=True),
        Column("text", String),
        Column("unit", String),
        Column("target", String),
    )
    results = table(
        "donor_report_results",
        Column("result", String, primary_key=True),
        Column("project", String),
        Column("indicator", String),
        Column("by_day", String),  # the last day that it may have been reached on
        Column("value", String),
        Column("precision", String),
        Index("donor_report_results_by_project", "project"),
    )

    @on(GrantAwarded)
    def grant_awarded(self, e: Recorded[GrantAwarded], rows: Rows) -> None:
        """A new grant, with its earmarks and the reports that it asks for."""
        GrantEntries.grant_awarded(self, e, rows)
        for owed in e.event.reports:
            self._owe(rows, e.event.grant, owed.report, owed.first_day, owed.last_day, owed.due)

    @on(ReportRequired)
    def report_required(self, e: Recorded[ReportRequired], rows: Rows) -> None:
        """One more report."""
        of = e.event
        self._owe(rows, of.grant, of.report, of.first_day, of.last_day, of.due)

    def _owe(self, rows: Rows, grant: str, report: str, first_day: date, last_day: date, due: date) -> None:
        rows.put(
            self.reports,
            grant=grant,
            report=report,
            first_day=first_day.isoformat(),
            last_day=last_day.isoformat(),
            due=due.isoformat(),
            status=ReportStatus.DUE,
        )

    @on(ReportSubmitted)
    def report_submitted(self, e: Recorded[ReportSubmitted], rows: Rows) -> None:
        """With the funder."""
        rows.change(self.reports, (e.event.grant, e.event.report), status=ReportStatus.SUBMITTED)

    @on(ReportReturned)
    def report_returned(self, e: Recorded[ReportReturned], rows: Rows) -> None:
        """Back from the funder."""
        due = e.event.due.isoformat()
        rows.change(self.reports, (e.event.grant, e.event.report), status=ReportStatus.DUE, due=due)

    @on(ReportAccepted)
    def report_accepted(self, e: Recorded[ReportAccepted], rows: Rows) -> None:
        """Final."""
        rows.change(self.reports, (e.event.grant, e.event.report), status=ReportStatus.ACCEPTED)

    @on(FunderRegistered, FunderCorrected)
    def funder(self, e: Recorded[FunderRegistered | FunderCorrected], rows: Rows) -> None:
        """Whom the report is for."""
        rows.put(self.funders, funder=e.event.funder, name=e.event.name)

    @on(ProjectProposed, ProjectCorrected)
    def project(self, e: Recorded[ProjectProposed | ProjectCorrected], rows: Rows) -> None:
        """What the report is about."""
        rows.put(self.projects, project=e.event.project, title=e.event.title, programme=e.event.programme)

    @on(IndicatorDefined)
    def indicator(self, e: Recorded[IndicatorDefined], rows: Rows) -> None:
        """An aim."""
        of = e.event
        rows.put(
            self.indicators,
            project=of.project,
            indicator=of.indicator,
            text=of.text,
            unit=of.unit,
            target=str(of.target),
        )

    @on(ResultRecorded)
    def result(self, e: Recorded[ResultRecorded], rows: Rows) -> None:
        """Something reached; a day known only in part counts when it is over."""
        of = e.event
        rows.put(
            self.results,
            result=of.result,
            project=of.project,
            indicator=of.indicator,
            by_day=latest(of.occurred).isoformat(),
            value=str(of.value),
            precision=of.precision,
        )

    @on(ResultRetracted)
    def result_retracted(self, e: Recorded[ResultRetracted], rows: Rows) -> None:
        """Recorded in error."""
        rows.drop(self.results, (e.event.result,))

    @answers(ShowDonorReport)
    def show_report(self, query: ShowDonorReport, asking: Asking) -> DonorReportAnswer:
        """Adds up the entries of the period, and those before it."""
        reports, grants = asking.live(self.reports), asking.live(self.grants)
        funders, projects = asking.live(self.funders), asking.live(self.projects)
        found = asking.rows(
            select(
                reports,
                grants.c.currency,
                grants.c.project.label("of_project"),
                funders.c.name,
                projects.c.title,
                projects.c.programme,
            )
            .select_from(
                reports.join(grants, grants.c.grant == reports.c.grant)
                .outerjoin(funders, funders.c.funder == grants.c.funder)
                .outerjoin(projects, projects.c.project == grants.c.project)
            )
            .where(reports.c.grant == query.grant, reports.c.report == query.report)
        )
        if not found:
            raise NotFound("There is no such report: RequireReport records that the funder asks for one.")
        about = found[0]
        lines, spent, received, received_before = self._money(
            query.grant, about["first_day"], about["last_day"], asking
        )
        return DonorReportAnswer(
            grant=query.grant,
            report=query.report,
            status=about["status"],
            preliminary=about["status"] == ReportStatus.DUE,
            first_day=about["first_day"],
            last_day=about["last_day"],
            due=about["due"],
            funder=about["name"],
            project=about["title"],
            programme=about["programme"],
            currency=about["currency"],
            lines=lines,
            spent_in_period=spent,
            received_in_period=received,
            received=received_before + received,
            indicators=self._reached(about["of_project"], about["last_day"], asking),
            position=asking.position,
        )

    def _money(
        self, grant: str, first_day: str, last_day: str, asking: Asking
    ) -> tuple[tuple[DonorReportLine, ...], Decimal, Decimal, Decimal]:
        entries, lines = asking.live(self.entries), asking.live(self.lines)
        before = entries.c.occurred < first_day
        sums = {
            row["line"]: row
            for row in asking.rows(
                select(
                    entries.c.line,
                    func.sum(entries.c.awarded).label("awarded"),
                    func.sum(entries.c.committed).label("committed"),
                    func.sum(case((before, entries.c.spent), else_=0)).label("spent_before"),
                    func.sum(case((before, 0), else_=entries.c.spent)).label("spent"),
                    func.sum(case((before, entries.c.received), else_=0)).label("received_before"),
                    func.sum(case((before, 0), else_=entries.c.received)).label("received"),
                )
                .where(entries.c.grant == grant, entries.c.occurred <= last_day)
                .group_by(entries.c.line)
            )
        }
        shown = []
        for line in asking.rows(select(lines).where(lines.c.grant == grant).order_by(lines.c.place)):
            row = sums.get(line["line"])
            amounts = {
                name: amount_of(row[name] if row else 0) for name in ("awarded", "committed", "spent_before", "spent")
            }
            shown.append(
                DonorReportLine(
                    line=line["line"],
                    category=line["category"],
                    awarded=amounts["awarded"],
                    spent_before=amounts["spent_before"],
                    spent_in_period=amounts["spent"],
                    committed=amounts["committed"],
                    left=amounts["awarded"] - amounts["committed"] - amounts["spent_before"] - amounts["spent"],
                )
            )
        whole = {
            name: sum((amount_of(row[name]) for row in sums.values()), Decimal("0.00"))
            for name in ("spent", "received", "received_before")
        }
        return tuple(shown), whole["spent"], whole["received"], whole["received_before"]

    def _reached(self, project: str, last_day: str, asking: Asking) -> tuple[DonorReportIndicator, ...]:
        indicators, results = asking.live(self.indicators), asking.live(self.results)
        counting = and_(
            results.c.project == indicators.c.project,
            results.c.indicator == indicators.c.indicator,
            results.c.by_day <= last_day,
        )
        reached: dict[str, DonorReportIndicator] = {}
        for row in asking.rows(
            select(indicators, results.c.value, results.c.precision)
            .select_from(indicators.outerjoin(results, counting))
            .where(indicators.c.project == project)
            .order_by(indicators.c.indicator)
        ):
            before = reached.get(row["indicator"]) or DonorReportIndicator(
                **{name: row[name] for name in ("indicator", "text", "unit", "target")},
                reached=Decimal(0),
                precision=Precision.EXACT,
            )
            about = Precision.APPROXIMATE in {before.precision, row["precision"]}
            reached[row["indicator"]] = before.model_copy(
                update={
                    "reached": before.reached + Decimal(row["value"] or 0),
                    "precision": Precision.APPROXIMATE if about else Precision.EXACT,
                }
            )
        return tuple(reached.values())

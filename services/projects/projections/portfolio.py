"""The portfolio: how many projects there were, in which years, paid for by whom, and how far by each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Index, Integer, String, case, func, select

from services.projects.funder import FunderCorrected, FunderRegistered
from services.projects.grant.award import GrantAmended, GrantAwarded
from services.projects.project.life import (
    ProjectApproved,
    ProjectCancelled,
    ProjectCompleted,
    ProjectCorrected,
    ProjectProposed,
    ProjectRejected,
    ProjectStartCorrected,
    ProjectStarted,
)
from services.projects.project.state import Status
from services.projects.projections.amounts import amount_of, cents
from services.projects.projections.questions import (
    FunderAnswer,
    FunderEntry,
    FunderLine,
    FunderPage,
    KindLine,
    ListFunders,
    ListProjects,
    PortfolioAnswer,
    ProjectLine,
    ProjectPage,
    ShareLine,
    SharesAnswer,
    ShowFunder,
    ShowFunderShares,
    ShowPortfolio,
)
from services.projects.register import NumberWithdrawn, ProjectNumbered
from shared.codec import Recorded
from shared.errors import NotFound
from shared.money import litas_to_euro
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table
from shared.projections.paging import page


class Portfolio(Projection):
    """Projects, funders and awards."""

    name = "portfolio"
    projects = table(
        "portfolio_projects",
        Column("project", String, primary_key=True),
        Column("position", BigInteger),
        Column("title", String),
        Column("programme", String),
        Column("status", String),
        Column("started", String),
        Column("year", Integer),
        Column("number", Integer),
        Column("invented", Boolean),
        Index("portfolio_projects_by_year", "year"),
        Index("portfolio_projects_in_order", "position"),
    )
    funders = table(
        "portfolio_funders",
        Column("funder", String, primary_key=True),
        Column("position", BigInteger),
        Column("kind", String),
        Column("name", String),
        Column("country", String),
        Column("donor", String),
    )
    grants = table(
        "portfolio_grants",
        Column("grant", String, primary_key=True),
        Column("project", String),
        Column("funder", String),
        Column("currency", String),
        Index("portfolio_grants_by_project", "project"),
    )
    awards = table(
        "portfolio_awards",
        Column("grant", String, primary_key=True),
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        Column("year", Integer),
        Column("cents", BigInteger),
    )

    @on(FunderRegistered)
    def registered(self, e: Recorded[FunderRegistered], rows: Rows) -> None:
        """A new funder."""
        of = e.event
        rows.put(
            self.funders,
            funder=of.funder,
            position=e.position,
            kind=of.kind,
            name=of.name,
            country=of.country,
            donor=e.sealed("donor"),
        )

    @on(FunderCorrected)
    def corrected(self, e: Recorded[FunderCorrected], rows: Rows) -> None:
        """A funder as it is known now."""
        of = e.event
        rows.change(self.funders, (of.funder,), kind=of.kind, name=of.name, country=of.country)

    @on(ProjectProposed)
    def proposed(self, e: Recorded[ProjectProposed], rows: Rows) -> None:
        """A new project."""
        rows.put(
            self.projects,
            project=e.event.project,
            position=e.position,
            title=e.event.title,
            programme=e.event.programme,
            status=Status.PROPOSED,
            invented=e.synthetic,
        )

    @on(ProjectCorrected)
    def project_corrected(self, e: Recorded[ProjectCorrected], rows: Rows) -> None:
        """A project as it is known now."""
        rows.change(self.projects, (e.event.project,), title=e.event.title, programme=e.event.programme)

    @on(ProjectApproved)
    def approved(self, e: Recorded[ProjectApproved], rows: Rows) -> None:
        """A step."""
        rows.change(self.projects, (e.event.project,), status=Status.APPROVED)

    @on(ProjectRejected)
    def rejected(self, e: Recorded[ProjectRejected], rows: Rows) -> None:
        """A step."""
        rows.change(self.projects, (e.event.project,), status=Status.REJECTED)

    @on(ProjectStarted)
    def started(self, e: Recorded[ProjectStarted], rows: Rows) -> None:
        """From here on it counts."""
        rows.change(
            self.projects, (e.event.project,), status=Status.RUNNING, started=e.event.occurred, year=e.event.year
        )

    @on(ProjectStartCorrected)
    def start_corrected(self, e: Recorded[ProjectStartCorrected], rows: Rows) -> None:
        """It counts in another year."""
        rows.change(self.projects, (e.event.project,), started=e.event.occurred, year=e.event.year)

    @on(ProjectCompleted)
    def completed(self, e: Recorded[ProjectCompleted], rows: Rows) -> None:
        """A step."""
        rows.change(self.projects, (e.event.project,), status=Status.COMPLETED)

    @on(ProjectCancelled)
    def cancelled(self, e: Recorded[ProjectCancelled], rows: Rows) -> None:
        """A step."""
        rows.change(self.projects, (e.event.project,), status=Status.CANCELLED)

    @on(ProjectNumbered)
    def numbered(self, e: Recorded[ProjectNumbered], rows: Rows) -> None:
        """The register has given it a number."""
        rows.change(self.projects, (e.event.project,), number=e.event.number)

    @on(NumberWithdrawn)
    def number_withdrawn(self, e: Recorded[NumberWithdrawn], rows: Rows) -> None:
        """It has no number until the right year's register gives one."""
        rows.change(self.projects, (e.event.project,), number=None)

    @on(GrantAwarded)
    def awarded(self, e: Recorded[GrantAwarded], rows: Rows) -> None:
        """Money for a project."""
        of = e.event
        rows.put(self.grants, grant=of.grant, project=of.project, funder=of.funder, currency=of.amount.currency)
        rows.put(self.awards, grant=of.grant, position=e.position, year=of.occurred.year, cents=cents(of.amount.amount))

    @on(GrantAmended)
    def amended(self, e: Recorded[GrantAmended], rows: Rows) -> None:
        """More money, or less."""
        of = e.event
        rows.put(self.awards, grant=of.grant, position=e.position, year=of.occurred.year, cents=cents(of.by))

    @answers(ShowPortfolio)
    def show(self, query: ShowPortfolio, asking: Asking) -> PortfolioAnswer:
        """Counts what has started."""
        projects, funders = asking.live(self.projects), asking.live(self.funders)
        grants, awards = asking.live(self.grants), asking.live(self.awards)
        year = projects.c.year
        by_year = {
            row["year"]: (row["projects"], row["invented"])
            for row in asking.rows(
                select(
                    year,
                    func.count().label("projects"),
                    func.sum(case((projects.c.invented, 1), else_=0)).label("invented"),
                )
                .where(year.is_not(None), year <= (query.last_year or 9999))
                .group_by(year)
                .order_by(year)
            )
        }
        in_span = {key: counts for key, counts in by_year.items() if key >= (query.first_year or 0)}
        of_span = _in_span(projects.c.year, query.first_year, query.last_year)
        funded = grants.join(projects, projects.c.project == grants.c.project).join(
            funders, funders.c.funder == grants.c.funder
        )
        counted = func.count(projects.c.project.distinct()).label("projects")
        kinds = asking.rows(
            select(funders.c.kind, counted).select_from(funded).where(*of_span).group_by(funders.c.kind)
        )
        single = asking.rows(
            select(funders, counted).select_from(funded).where(*of_span).group_by(*funders.c).order_by(funders.c.name)
        )
        money = asking.rows(
            select(funders.c.funder, funders.c.kind, grants.c.currency, func.sum(awards.c.cents).label("cents"))
            .select_from(funded.join(awards, awards.c.grant == grants.c.grant))
            .where(*of_span)
            .group_by(funders.c.funder, funders.c.kind, grants.c.currency)
        )
        with_funder = asking.rows(select(counted).select_from(funded).where(*of_span))[0]["projects"]
        total_in_span = sum(count for count, _ in in_span.values())
        return PortfolioAnswer(
            projects_total=sum(count for count, _ in by_year.values()),
            projects_in_span=total_in_span,
            invented=sum(invented for _, invented in in_span.values()),
            by_year={str(key): count for key, (count, _) in in_span.items()},
            by_funder_kind=tuple(
                KindLine(
                    kind=row["kind"],
                    projects=row["projects"],
                    awarded=_amounts((m["currency"], m["cents"]) for m in money if m["kind"] == row["kind"]),
                )
                for row in sorted(kinds, key=lambda row: (-row["projects"], row["kind"]))
            ),
            by_funder=tuple(
                FunderLine(
                    **{column: row[column] for column in ("funder", "name", "kind", "country", "projects")},
                    awarded=_amounts((m["currency"], m["cents"]) for m in money if m["funder"] == row["funder"]),
                )
                for row in single
            ),
            without_funder=total_in_span - with_funder,
            position=asking.position,
        )

    @answers(ShowFunderShares)
    def shares(self, query: ShowFunderShares, asking: Asking) -> SharesAnswer:
        """Adds up awards by the year they count from."""
        funders, grants, awards = asking.live(self.funders), asking.live(self.grants), asking.live(self.awards)
        given = asking.rows(
            select(funders, grants.c.currency, func.sum(awards.c.cents).label("cents"))
            .select_from(
                awards.join(grants, grants.c.grant == awards.c.grant).join(funders, funders.c.funder == grants.c.funder)
            )
            .where(*_in_span(awards.c.year, query.first_year, query.last_year))
            .group_by(*funders.c, grants.c.currency)
        )
        by_funder: dict[str, dict[str, Decimal]] = defaultdict(dict)
        known = {}
        for row in given:
            known[row["funder"]] = row
            by_funder[row["funder"]][row["currency"]] = amount_of(row["cents"])
        euros = {funder: _euros(amounts) for funder, amounts in by_funder.items()}
        whole = sum(euros.values(), Decimal(0))
        lines = (
            ShareLine(
                funder=funder,
                name=known[funder]["name"],
                kind=known[funder]["kind"],
                euros=euros[funder],
                share=(euros[funder] * 100 / whole).quantize(Decimal("0.1"), ROUND_HALF_UP) if whole else Decimal(0),
                not_converted={key: amount for key, amount in amounts.items() if key not in {"EUR", "LTL"}},
            )
            for funder, amounts in by_funder.items()
        )
        return SharesAnswer(
            euros=whole,
            shares=tuple(sorted(lines, key=lambda line: (-line.euros, line.name))),
            position=asking.position,
        )

    @answers(ListProjects)
    def list_projects(self, query: ListProjects, asking: Asking) -> ProjectPage:
        """A page of projects."""
        projects = asking.live(self.projects)
        wanted = select(projects).order_by(projects.c.position).limit(query.limit + 1)
        if query.after is not None:
            wanted = wanted.where(projects.c.position > query.after)
        for column in ("year", "status", "programme"):
            if (value := getattr(query, column)) is not None:
                wanted = wanted.where(projects.c[column] == value)
        found, further = page(asking.rows(wanted), query.limit, ProjectLine.model_validate)
        return ProjectPage(projects=found, next=further, position=asking.position)

    @answers(ShowFunder)
    def show_funder(self, query: ShowFunder, asking: Asking) -> FunderAnswer:
        """One funder."""
        funders = asking.live(self.funders)
        found = asking.rows(select(funders).where(funders.c.funder == query.funder))
        if not found:
            raise NotFound("There is no such funder.")
        shown = {**found[0], "donor": asking.reveal(found[0]["donor"]), "position": asking.position}
        return FunderAnswer.model_validate(shown)

    @answers(ListFunders)
    def list_funders(self, query: ListFunders, asking: Asking) -> FunderPage:
        """A page of funders."""
        funders = asking.live(self.funders)
        wanted = select(funders).order_by(funders.c.position).limit(query.limit + 1)
        if query.after is not None:
            wanted = wanted.where(funders.c.position > query.after)
        if query.kind:
            wanted = wanted.where(funders.c.kind == query.kind)
        found, further = page(asking.rows(wanted), query.limit, FunderEntry.model_validate)
        return FunderPage(funders=found, next=further, position=asking.position)


def _in_span(year: Column[int], first: int | None, last: int | None) -> tuple[ColumnElement[bool], ...]:
    return (year.is_not(None), year >= (first or 0), year <= (last or 9999))


def _amounts(given: Iterable[tuple[str, int]]) -> dict[str, Decimal]:
    totals: dict[str, int] = defaultdict(int)
    for currency, added in given:
        totals[currency] += added
    return {currency: amount_of(total) for currency, total in sorted(totals.items())}


def _euros(amounts: dict[str, Decimal]) -> Decimal:
    return amounts.get("EUR", Decimal(0)) + litas_to_euro(amounts.get("LTL", Decimal(0)))

"""Projects, funders and money, as the report tells of them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, case, func, select

from services.analytics.counting.inquiry import Inquiry
from services.analytics.dating import marks
from services.analytics.money import Finances
from services.analytics.report import FUNDER_KINDS
from services.analytics.reported import EarmarkReported, FunderReported, ProgrammeReported
from shared.money import CENT, litas_to_euro

NOTHING = Decimal("0.00")
TENTH = Decimal("0.1")


def projects_by_year(model: Finances, inquiry: Inquiry) -> dict[str, int]:
    """All projects up to the end of the period, each in the year it started."""
    live = inquiry.live(model.projects).c
    year = (live.day // 1_00_00).label("year")
    found = inquiry.rows(
        select(year, func.count().label("number"), *marks(live))
        .where(live.day <= inquiry.last)
        .group_by(year)
        .order_by(year)
    )
    for figure in ("projects_total", "projects_by_year"):
        inquiry.note(figure, found)
    return {str(row["year"]): row["number"] for row in found}


def projects_by_funder_kind(model: Finances, inquiry: Inquiry) -> dict[str, int]:
    """Under a kind a project counts once, however many grants that kind gave."""
    projects, grants, funders = map(inquiry.live, (model.projects, model.grants, model.funders))
    found = inquiry.rows(
        select(funders.c.kind, func.count(projects.c.project.distinct()).label("number"), *marks(grants.c))
        .select_from(projects)
        .join(grants, grants.c.project == projects.c.project)
        .join(funders, funders.c.funder == grants.c.funder)
        .where(projects.c.day <= inquiry.last, grants.c.day <= inquiry.last)
        .group_by(funders.c.kind)
    )
    inquiry.note("projects_by_funder_kind", found)
    return dict.fromkeys(FUNDER_KINDS, 0) | {row["kind"]: row["number"] for row in found}


def funders(model: Finances, inquiry: Inquiry) -> tuple[FunderReported, ...]:
    """Who gave how much, up to the end of the period and in it; the largest first."""
    entries, grants, known, projects = map(inquiry.live, (model.entries, model.grants, model.funders, model.projects))
    in_period = case((entries.c.day >= inquiry.first, entries.c.awarded), else_=0)
    found = inquiry.rows(
        select(
            grants.c.funder,
            grants.c.currency,
            func.sum(entries.c.awarded).label("awarded"),
            func.sum(in_period).label("in_period"),
            func.max(entries.c.synthetic).label("synthetic"),
        )
        .select_from(entries)
        .join(grants, grants.c.award == entries.c.award)
        .where(entries.c.day <= inquiry.last, entries.c.awarded.is_not(None))
        .group_by(grants.c.funder, grants.c.currency)
    )
    counted = inquiry.rows(
        select(grants.c.funder, func.count(projects.c.project.distinct()).label("number"))
        .select_from(projects)
        .join(grants, grants.c.project == projects.c.project)
        .where(projects.c.day <= inquiry.last, grants.c.day <= inquiry.last)
        .group_by(grants.c.funder)
    )
    started = {row["funder"]: row["number"] for row in counted}
    names = {row["funder"]: row for row in inquiry.rows(select(known))}
    awards: dict[str, list[RowMapping]] = defaultdict(list)
    for row in found:
        if row["funder"] in names:
            awards[row["funder"]].append(row)
    whole, in_all = (
        sum((_euros(row, which) or NOTHING for rows in awards.values() for row in rows), NOTHING)
        for which in ("awarded", "in_period")
    )
    reported = [_funder(names[of], rows, started.get(of, 0), whole, in_all) for of, rows in awards.items()]
    if any(funder.synthetic for funder in reported):
        inquiry.synthetic.append("funders")
    return tuple(sorted(reported, key=lambda funder: (-funder.awarded, funder.name, funder.funder)))


def _funder(
    known: RowMapping, awards: list[RowMapping], projects: int, whole: Decimal, in_all: Decimal
) -> FunderReported:
    awarded, in_period = (
        sum((_euros(row, which) or NOTHING for row in awards), NOTHING) for which in ("awarded", "in_period")
    )
    return FunderReported(
        funder=known["funder"],
        name=known["name"],
        kind=known["kind"],
        country=known["country"],
        projects=projects,
        awarded=awarded,
        share=_share(awarded, whole),
        awarded_in_period=in_period,
        share_in_period=_share(in_period, in_all),
        not_converted={row["currency"]: _amount(row["awarded"]) for row in awards if _euros(row, "awarded") is None},
        synthetic=bool(known["synthetic"]) or any(row["synthetic"] for row in awards),
    )


def spent_by_category(model: Finances, inquiry: Inquiry) -> dict[str, Decimal]:
    """What was charged to grants in the period, less what was reversed; in euro, the most first."""
    entries, lines, grants = map(inquiry.live, (model.entries, model.lines, model.grants))
    found = inquiry.rows(
        select(
            lines.c.category,
            grants.c.currency,
            func.sum(entries.c.spent).label("spent"),
            func.max(entries.c.synthetic).label("synthetic"),
        )
        .select_from(entries)
        .join(lines, (lines.c.award == entries.c.award) & (lines.c.line == entries.c.line))
        .join(grants, grants.c.award == entries.c.award)
        .where(inquiry.within(entries.c.day), entries.c.spent.is_not(None))
        .group_by(lines.c.category, grants.c.currency)
    )
    if any(row["synthetic"] for row in found):
        inquiry.synthetic.append("spent_by_category")
    spent: dict[str, Decimal] = defaultdict(lambda: NOTHING)
    for row in found:
        if euros := _euros(row, "spent"):
            spent[row["category"]] += euros
    return dict(sorted(spent.items(), key=lambda of: (-of[1], of[0])))


def programmes(model: Finances, inquiry: Inquiry) -> tuple[ProgrammeReported, ...]:
    """Grants of projects with a programme, whose time and the period's have a day in common."""
    grants, titles, known = map(inquiry.live, (model.grants, model.titles, model.funders))
    found = inquiry.rows(
        select(grants, titles.c.title, titles.c.programme, known.c.name)
        .join(titles, titles.c.project == grants.c.project)
        .join(known, known.c.funder == grants.c.funder)
        .where(titles.c.programme.is_not(None), grants.c.first_day <= inquiry.last, grants.c.last_day >= inquiry.first)
        .order_by(titles.c.programme, grants.c.first_day, grants.c.award)
    )
    reported = tuple(_programme(model, row, inquiry) for row in found)
    if any(programme.synthetic for programme in reported):
        inquiry.synthetic.append("programmes")
    return reported


def _programme(model: Finances, grant: RowMapping, inquiry: Inquiry) -> ProgrammeReported:
    entries, lines = inquiry.live(model.entries).c, inquiry.live(model.lines).c
    sums = {
        figure: func.coalesce(func.sum(entries[figure]), 0).label(figure)
        for figure in ("awarded", "committed", "spent")
    }
    found = inquiry.rows(
        select(lines.category, *sums.values(), func.max(entries.synthetic).label("synthetic"))
        .join_from(inquiry.live(model.lines), inquiry.live(model.entries), _same_line(lines, entries))
        .where(lines.award == grant["award"], entries.day <= inquiry.last)
        .group_by(lines.category)
        .order_by(func.min(lines.place))
    )
    return ProgrammeReported(
        programme=grant["programme"],
        project=grant["title"],
        funder=grant["name"],
        currency=grant["currency"],
        first_day=_day(grant["first_day"]),
        last_day=_day(grant["last_day"]),
        earmarks=tuple(_earmark(row) for row in found),
        synthetic=bool(grant["synthetic"]) or any(row["synthetic"] for row in found),
    )


def _same_line(lines: Any, entries: Any) -> Any:
    return (lines.award == entries.award) & (lines.line == entries.line)


def _earmark(row: RowMapping) -> EarmarkReported:
    return EarmarkReported(
        category=row["category"],
        awarded=_amount(row["awarded"]),
        committed=_amount(row["committed"]),
        spent=_amount(row["spent"]),
        left=_amount(row["awarded"] - row["committed"] - row["spent"]),
    )


def _amount(cents: int) -> Decimal:
    return Decimal(int(cents)) * CENT


def _euros(row: RowMapping, figure: str) -> Decimal | None:
    """An amount in euro; None in a currency that has no fixed rate."""
    amount = _amount(row[figure] or 0)
    match row["currency"]:
        case "EUR":
            return amount
        case "LTL":
            return litas_to_euro(amount)
        case _:
            return None


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return (part * 100 / whole).quantize(TENTH) if whole else Decimal("0.0")


def _day(number: int) -> date:
    return date(number // 1_00_00, number // 1_00 % 1_00, number % 1_00)

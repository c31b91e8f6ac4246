"""A grant's statement by earmark: awarded, committed, spent, left, each figure opening to its entries.

It can be asked for any day (`on`: what was true then) and as of any time (`as_of`: what was known then), or both.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, RowMapping, Table, func, select

from services.projects.projections.amounts import amount_of
from services.projects.projections.entries import LINES_AN_EVENT, GrantEntries
from services.projects.projections.questions import (
    FIGURES,
    Entry,
    EntryPage,
    Figure,
    GrantLine,
    GrantPage,
    ListGrantEntries,
    ListGrantRefusals,
    ListGrants,
    RefusalLine,
    RefusalPage,
    ShowStatement,
    StatementAnswer,
    StatementLine,
)
from shared.errors import NotFound
from shared.money import Money, Rate
from shared.projections.declaration import Asking, answers
from shared.projections.paging import page


class GrantStatement(GrantEntries):
    """What a grant's books add up to, and the entries behind each figure."""

    @answers(ShowStatement)
    def show(self, query: ShowStatement, asking: Asking) -> StatementAnswer:
        """Adds up the entries that count."""
        grants, lines, entries = asking.live(self.grants), asking.live(self.lines), asking.live(self.entries)
        found = asking.rows(select(grants).where(grants.c.grant == query.grant))
        if not found:
            raise NotFound("There is no such grant.")
        grant = found[0]
        summed = asking.rows(
            select(entries.c.line, *(func.sum(entries.c[figure]).label(figure) for figure in FIGURES))
            .where(*_counting(entries, query))
            .group_by(entries.c.line)
        )
        sums = {row["line"]: {figure: amount_of(row[figure]) for figure in FIGURES} for row in summed}
        shown = tuple(
            _line(query.grant, row, sums.get(row["line"], {}))
            for row in asking.rows(select(lines).where(lines.c.grant == query.grant).order_by(lines.c.place))
        )
        totals = {figure: sum((of[figure] for of in sums.values()), Decimal("0.00")) for figure in FIGURES}
        return StatementAnswer(
            grant=query.grant,
            project=grant["project"],
            funder=grant["funder"],
            currency=grant["currency"],
            on=query.on,
            as_of=query.as_of,
            lines=shown,
            left=totals["awarded"] - totals["committed"] - totals["spent"],
            **totals,
            closed_on=grant["closed_on"],
            position=asking.position,
        )

    @answers(ListGrantEntries)
    def list_entries(self, query: ListGrantEntries, asking: Asking) -> EntryPage:
        """A page of a grant's entries."""
        entries = asking.live(self.entries)
        wanted = (
            select(entries, entries.c.serial.label("position"))
            .where(*_counting(entries, query))
            .order_by(entries.c.serial)
            .limit(query.limit + 1)
        )
        if query.line:
            wanted = wanted.where(entries.c.line == query.line)
        if query.figure:
            wanted = wanted.where(entries.c[query.figure] != 0)
        if query.after is not None:
            wanted = wanted.where(entries.c.serial > query.after)
        found, further = page(asking.rows(wanted), query.limit, _entry)
        return EntryPage(entries=found, next=further, position=asking.position)

    @answers(ListGrantRefusals)
    def list_refusals(self, query: ListGrantRefusals, asking: Asking) -> RefusalPage:
        """A page of what a grant did not give."""
        refusals = asking.live(self.refusals)
        wanted = select(refusals).where(refusals.c.grant == query.grant).order_by(refusals.c.position)
        if query.after is not None:
            wanted = wanted.where(refusals.c.position > query.after)
        found, further = page(asking.rows(wanted.limit(query.limit + 1)), query.limit, _refusal)
        return RefusalPage(refusals=found, next=further, position=asking.position)

    @answers(ListGrants)
    def list_grants(self, query: ListGrants, asking: Asking) -> GrantPage:
        """A page of grants."""
        grants = asking.live(self.grants)
        wanted = select(grants).order_by(grants.c.position).limit(query.limit + 1)
        if query.after is not None:
            wanted = wanted.where(grants.c.position > query.after)
        if query.project:
            wanted = wanted.where(grants.c.project == query.project)
        if query.funder:
            wanted = wanted.where(grants.c.funder == query.funder)
        found, further = page(asking.rows(wanted), query.limit, GrantLine.model_validate)
        return GrantPage(grants=found, next=further, position=asking.position)


def _counting(entries: Table, query: ShowStatement | ListGrantEntries) -> list[ColumnElement[bool]]:
    counting = [entries.c.grant == query.grant]
    if query.on:
        counting.append(entries.c.occurred <= query.on.isoformat())
    if query.as_of:
        counting.append(entries.c.recorded_at <= query.as_of.astimezone(UTC).isoformat())
    return counting


def _line(grant: str, row: RowMapping, sums: dict[Figure, Decimal]) -> StatementLine:
    awarded, committed, spent = (sums.get(figure, Decimal("0.00")) for figure in FIGURES[:3])
    return StatementLine(
        line=row["line"],
        category=row["category"],
        first_day=row["first_day"],
        last_day=row["last_day"],
        awarded=awarded,
        committed=committed,
        spent=spent,
        left=awarded - committed - spent,
        entries=f"/grants/{grant}/entries?line={row['line']}",
    )


def _entry(row: RowMapping) -> Entry:
    shown = {name: row[name] for name in ("kind", "line", "occurred", "expense", "share", "reference", "entry")}
    original = None
    if row["original_currency"]:
        original = Money(amount=amount_of(row["original_amount"]), currency=row["original_currency"])
    return Entry(
        **shown,
        **{figure: amount_of(row[figure]) for figure in FIGURES},
        recorded_at=datetime.fromisoformat(row["recorded_at"]),
        original=original,
        rate=Rate.model_validate_json(row["rate"]) if row["rate"] else None,
        position=row["serial"] // LINES_AN_EVENT,
    )


def _refusal(row: RowMapping) -> RefusalLine:
    return RefusalLine.model_validate(
        {
            **row,
            "amount": Money(amount=amount_of(row["amount"]), currency=row["currency"]),
            "left": None if row["left"] is None else amount_of(row["left"]),
        }
    )

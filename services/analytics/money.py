"""The part of the activity's read model that is about money: projects, funders, grants and what became of them.

Every change of a grant's books is a row with its day, so that the report can tell of any period, and how grants stood
at its end. Amounts are whole cents of the grant's own currency.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, String

from services.analytics.dating import dated, day_columns, number_of
from services.analytics.views.money import (
    ChargeReversed,
    CostCharged,
    FunderCorrected,
    FunderRegistered,
    FundsReserved,
    GrantAmended,
    GrantAwarded,
    Line,
    ProjectCorrected,
    ProjectProposed,
    ProjectStartCorrected,
    ProjectStarted,
    ReservationReleased,
)
from shared.codec import Recorded
from shared.projections.declaration import Projection, Rows, on, table

LINES_AN_EVENT = 512  # more than one event may have; serial = position * this + the entry's place in the event


class Finances(Projection):
    """Who pays, for what, and where the money went."""

    projects = table("activity_projects", Column("project", String, primary_key=True), *day_columns())
    titles = table(
        "activity_titles",
        Column("project", String, primary_key=True),
        Column("title", String),
        Column("programme", String),
    )
    funders = table(
        "activity_funders",
        Column("funder", String, primary_key=True),
        Column("kind", String),
        Column("name", String),
        Column("country", String),
        Column("synthetic", Integer),
    )
    grants = table(
        "activity_grants",
        Column("award", String, primary_key=True),
        Column("project", String),
        Column("funder", String),
        Column("currency", String),
        Column("first_day", Integer),
        Column("last_day", Integer),
        *day_columns(),
    )
    lines = table(
        "activity_lines",
        Column("award", String, primary_key=True),
        Column("line", String, primary_key=True),
        Column("place", BigInteger),
        Column("category", String),
    )
    entries = table(
        "activity_entries",
        Column("award", String, primary_key=True),
        Column("serial", BigInteger, primary_key=True, autoincrement=False),
        Column("line", String),
        Column("day", Integer),
        Column("awarded", BigInteger),
        Column("committed", BigInteger),
        Column("spent", BigInteger),
        Column("synthetic", Integer),
        Index("activity_entries_by_day", "day"),
    )

    @on(ProjectStarted, ProjectStartCorrected)
    def started(self, e: Recorded[ProjectStarted | ProjectStartCorrected], rows: Rows) -> None:
        """A project counts. Its year decides where its date is vaguer than that."""
        day, _, vague = dated(e.event.occurred)
        if day // 1_00_00 != e.event.year:
            day = number_of(date(e.event.year, 1, 1))
        rows.put(self.projects, project=e.event.project, day=day, vague=vague, synthetic=int(e.synthetic))

    @on(ProjectProposed, ProjectCorrected)
    def proposed(self, e: Recorded[ProjectProposed | ProjectCorrected], rows: Rows) -> None:
        """What a project is called."""
        rows.put(self.titles, project=e.event.project, title=e.event.title, programme=e.event.programme)

    @on(FunderRegistered, FunderCorrected)
    def funder_known(self, e: Recorded[FunderRegistered | FunderCorrected], rows: Rows) -> None:
        """Who a funder is."""
        it = e.event
        rows.put(
            self.funders,
            funder=it.funder,
            kind=it.kind,
            name=it.name,
            country=it.country,
            synthetic=int(e.synthetic),
        )

    @on(GrantAwarded)
    def awarded(self, e: Recorded[GrantAwarded], rows: Rows) -> None:
        """Who pays for a project."""
        it = e.event
        day, _, vague = dated(it.occurred)
        rows.put(
            self.grants,
            award=it.grant,
            project=it.project,
            funder=it.funder,
            currency=it.amount.currency,
            first_day=number_of(it.eligible_from),
            last_day=number_of(it.eligible_until),
            day=day,
            vague=vague,
            synthetic=int(e.synthetic),
        )
        for place, line in enumerate(it.lines):
            self._open(rows, e, it.grant, line, place, day)

    @on(GrantAmended)
    def amended(self, e: Recorded[GrantAmended], rows: Rows) -> None:
        """More, less, or longer."""
        it = e.event
        day = number_of(it.effective)
        if it.eligible_until:
            rows.change(self.grants, (it.grant,), last_day=number_of(it.eligible_until))
        for place, change in enumerate(it.changes):
            self._enter(rows, e, it.grant, change.line, day, place, awarded=change.by)
        for place, line in enumerate(it.new_lines, len(it.changes)):
            self._open(rows, e, it.grant, line, place, day)

    @on(FundsReserved)
    def reserved(self, e: Recorded[FundsReserved], rows: Rows) -> None:
        """Money is promised."""
        it = e.event
        self._enter(rows, e, it.grant, it.line, number_of(it.occurred), committed=it.amount.amount)

    @on(ReservationReleased)
    def released(self, e: Recorded[ReservationReleased], rows: Rows) -> None:
        """Money is free again."""
        it = e.event
        self._enter(rows, e, it.grant, it.line, number_of(it.occurred), committed=-it.amount.amount)

    @on(CostCharged)
    def charged(self, e: Recorded[CostCharged], rows: Rows) -> None:
        """Money is spent; what was promised for it is so no more, from the later of the two days on."""
        it = e.event
        spent = number_of(it.occurred)
        self._enter(rows, e, it.grant, it.line, spent, spent=it.amount.amount)
        if it.reservation:
            free = max(spent, number_of(it.reserved_on)) if it.reserved_on else spent
            self._enter(rows, e, it.grant, it.line, free, 1, committed=-it.amount.amount)

    @on(ChargeReversed)
    def reversed(self, e: Recorded[ChargeReversed], rows: Rows) -> None:
        """Money spent is back."""
        it = e.event
        self._enter(rows, e, it.grant, it.line, number_of(it.occurred), spent=-it.amount.amount)

    def _open(self, rows: Rows, e: Recorded[Any], grant: str, line: Line, place: int, day: int) -> None:
        serial = e.position * LINES_AN_EVENT + place
        rows.put(self.lines, award=grant, line=line.line, place=serial, category=line.category)
        self._enter(rows, e, grant, line.line, day, place, awarded=line.amount.amount)

    def _enter(
        self, rows: Rows, e: Recorded[Any], grant: str, line: str, day: int, place: int = 0, **amounts: Decimal
    ) -> None:
        rows.put(
            self.entries,
            award=grant,
            serial=e.position * LINES_AN_EVENT + place,
            line=line,
            day=day,
            synthetic=int(e.synthetic),
            **{name: int(amount * 100) for name, amount in amounts.items()},
        )

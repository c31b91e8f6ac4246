"""A grant's books: its lines, and every entry that changes a figure, with its day and the time it was recorded.

An entry is a row that never changes. What a figure was on a day, or was known to be at a time, is a sum over entries.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, String

from services.projects.grant.award import (
    EarmarkedLine,
    GrantAmended,
    GrantAwarded,
    InstalmentReceived,
    InstalmentReversed,
)
from services.projects.grant.reporting import GrantClosed
from services.projects.grant.requests import BudgetRefused, ChargeRefused
from services.projects.grant.spending import (
    ChargeReversed,
    CostCharged,
    FundsReserved,
    ReservationReleased,
)
from services.projects.grant.state import Conversion, Share
from services.projects.projections.amounts import cents
from services.projects.projections.questions import (
    FIGURES,
    EntryKind,
)
from shared.codec import Recorded
from shared.projections.declaration import Projection, Rows, on, table

LINES_AN_EVENT = 512  # more than one event may have; serial = position * this + line's place in the event


class GrantEntries(Projection):
    """Grants, their lines, and every entry in their books. What is asked of them is in the classes built on it."""

    grants = table(
        "statement_grants",
        Column("grant", String, primary_key=True),
        Column("position", BigInteger),
        Column("project", String, index=True),
        Column("funder", String, index=True),
        Column("currency", String),
        Column("eligible_from", String),
        Column("eligible_until", String),
        Column("closed_on", String),
        Index("statement_grants_in_order", "position"),
    )
    lines = table(
        "statement_lines",
        Column("grant", String, primary_key=True),
        Column("line", String, primary_key=True),
        Column("place", BigInteger),
        Column("category", String),
        Column("first_day", String),
        Column("last_day", String),
    )
    entries = table(
        "statement_entries",
        Column("grant", String, primary_key=True),
        Column("serial", BigInteger, primary_key=True, autoincrement=False),
        Column("kind", String),
        Column("line", String),
        Column("occurred", String),
        Column("recorded_at", String),
        *(Column(figure, BigInteger) for figure in FIGURES),
        Column("original_amount", BigInteger),
        Column("original_currency", String),
        Column("rate", String),
        Column("expense", String),
        Column("share", Integer),
        Column("reference", String),
        Column("entry", String),
    )

    refusals = table(
        "statement_refusals",
        Column("grant", String, primary_key=True),
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        Column("asked_by", String),
        Column("record", String),
        Column("share", Integer),
        Column("line", String),
        Column("amount", BigInteger),
        Column("currency", String),
        Column("rule", String),
        Column("left", BigInteger),
        Column("occurred", String),
    )

    @on(ChargeRefused, BudgetRefused)
    def refused(self, e: Recorded[ChargeRefused | BudgetRefused], rows: Rows) -> None:
        """Nothing in the books changes; somebody will want to know."""
        of = e.event
        if isinstance(of, ChargeRefused):
            asked = {"asked_by": "expense", "record": of.share.expense, "share": of.share.share, "line": of.line}
        else:
            asked = {"asked_by": "campaign", "record": of.campaign}
        rows.put(
            self.refusals,
            grant=of.grant,
            position=e.position,
            **asked,
            amount=cents(of.amount.amount),
            currency=of.amount.currency,
            rule=of.rule,
            left=cents(of.left.amount) if of.left else None,
            occurred=of.occurred.isoformat(),
        )

    @on(GrantAwarded)
    def grant_awarded(self, e: Recorded[GrantAwarded], rows: Rows) -> None:
        """A new grant, with its earmarks."""
        of = e.event
        rows.put(
            self.grants,
            grant=of.grant,
            position=e.position,
            project=of.project,
            funder=of.funder,
            currency=of.amount.currency,
            eligible_from=of.eligible_from.isoformat(),
            eligible_until=of.eligible_until.isoformat(),
        )
        for place, line in enumerate(of.lines):
            self._open(rows, e, line, place, EntryKind.AWARD, line.first_day or of.eligible_from)

    @on(GrantAmended)
    def grant_amended(self, e: Recorded[GrantAmended], rows: Rows) -> None:
        """Earmarks raised, lowered, added; the period extended."""
        of = e.event
        if of.eligible_until:
            rows.change(self.grants, (of.grant,), eligible_until=of.eligible_until.isoformat())
            for name in of.extended:
                rows.change(self.lines, (of.grant, name), last_day=of.eligible_until.isoformat())
        for place, change in enumerate(of.changes):
            self._enter(
                rows, e, EntryKind.AMENDMENT, change.line, of.effective, place, awarded=change.by, entry=of.amendment
            )
        for place, line in enumerate(of.new_lines, len(of.changes)):
            first = max(of.effective, line.first_day or of.effective)
            self._open(rows, e, line, place, EntryKind.AMENDMENT, first, entry=of.amendment)

    @on(InstalmentReceived)
    def instalment_received(self, e: Recorded[InstalmentReceived], rows: Rows) -> None:
        """Money came in."""
        of = e.event
        received = of.amount.amount
        self._enter(rows, e, EntryKind.INSTALMENT, None, of.occurred, received=received, entry=of.instalment)

    @on(InstalmentReversed)
    def instalment_reversed(self, e: Recorded[InstalmentReversed], rows: Rows) -> None:
        """Money did not come in, or went back."""
        of = e.event
        back = -of.amount.amount
        self._enter(rows, e, EntryKind.INSTALMENT_REVERSAL, None, of.occurred, received=back, entry=of.instalment)

    @on(FundsReserved)
    def funds_reserved(self, e: Recorded[FundsReserved], rows: Rows) -> None:
        """Money is promised."""
        of = e.event
        self._enter(
            rows,
            e,
            EntryKind.RESERVATION,
            of.line,
            of.occurred,
            committed=of.amount.amount,
            conversion=of.conversion,
            share=of.share,
            entry=of.reservation,
        )

    @on(ReservationReleased)
    def reservation_released(self, e: Recorded[ReservationReleased], rows: Rows) -> None:
        """Money is free again."""
        of = e.event
        freed = -of.amount.amount
        self._enter(
            rows, e, EntryKind.RELEASE, of.line, of.occurred, committed=freed, share=of.share, entry=of.reservation
        )

    @on(CostCharged)
    def cost_charged(self, e: Recorded[CostCharged], rows: Rows) -> None:
        """Money is spent; what was reserved for it is not reserved any more, from the later of the two days on."""
        of = e.event
        amount = of.amount.amount
        early = of.reservation is not None and of.reserved_on is not None and of.reserved_on > of.occurred
        self._enter(
            rows,
            e,
            EntryKind.CHARGE,
            of.line,
            of.occurred,
            spent=amount,
            committed=-amount if of.reservation and not early else Decimal(0),
            conversion=of.conversion,
            share=of.share,
            reference=of.reference,
            entry=of.charge,
        )
        if early and of.reserved_on:
            self._enter(rows, e, EntryKind.RELEASE, of.line, of.reserved_on, 1, committed=-amount, entry=of.reservation)

    @on(ChargeReversed)
    def charge_reversed(self, e: Recorded[ChargeReversed], rows: Rows) -> None:
        """Money spent is back."""
        of = e.event
        back = -of.amount.amount
        self._enter(rows, e, EntryKind.REVERSAL, of.line, of.occurred, spent=back, share=of.share, entry=of.charge)

    @on(GrantClosed)
    def grant_closed(self, e: Recorded[GrantClosed], rows: Rows) -> None:
        """The rest went back."""
        of = e.event
        rows.change(self.grants, (of.grant,), closed_on=of.occurred.isoformat())
        self._enter(rows, e, EntryKind.RETURN, None, of.occurred, returned=of.returned.amount)

    def _open(
        self,
        rows: Rows,
        e: Recorded[GrantAwarded] | Recorded[GrantAmended],
        line: EarmarkedLine,
        place: int,
        kind: EntryKind,
        day: date,
        entry: str | None = None,
    ) -> None:
        rows.put(
            self.lines,
            grant=e.event.grant,
            line=line.line,
            place=_serial(e, place),
            category=line.category,
            first_day=str(line.first_day),
            last_day=str(line.last_day),
        )
        self._enter(rows, e, kind, line.line, day, place, awarded=line.amount.amount, entry=entry)

    def _enter(
        self,
        rows: Rows,
        e: Recorded[Any],
        kind: EntryKind,
        line: str | None,
        day: date,
        place: int = 0,
        *,
        conversion: Conversion | None = None,
        share: Share | None = None,
        reference: str | None = None,
        entry: str | None = None,
        **figures: Decimal,
    ) -> None:
        amounts = {name: cents(figures.get(name, Decimal(0))) for name in FIGURES}
        rows.put(
            self.entries,
            grant=e.event.grant,
            serial=_serial(e, place),
            kind=kind,
            line=line,
            occurred=day.isoformat(),
            recorded_at=e.recorded_at.isoformat(),
            **amounts,
            original_amount=cents(conversion.original.amount) if conversion else None,
            original_currency=conversion.original.currency if conversion else None,
            rate=conversion.rate.model_dump_json() if conversion else None,
            expense=share.expense if share else None,
            share=share.share if share else None,
            reference=reference,
            entry=entry,
        )


def _serial(e: Recorded[Any], place: int) -> int:
    return e.position * LINES_AN_EVENT + place

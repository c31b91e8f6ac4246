"""A grant, a project and an expense such as the centre had, for the tests to start from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from services.projects.expense import DocumentKind, ExpenseRecorded, Part, RecordExpense, SplitShare
from services.projects.grant.award import (
    AmendGrant,
    AwardGrant,
    EarmarkedLine,
    GrantAwarded,
    InstalmentReceived,
    LineChange,
    ReportOwed,
)
from services.projects.grant.reporting import PeriodClosed, ReportAccepted, ReportSubmitted
from services.projects.grant.spending import ChargeGrant, CostCharged, FundsReserved, ReserveFunds
from services.projects.grant.state import Share
from shared.money import Currency, Money

GRANT = "c3a91f7d-20b8-4e6c-a1d4-7f5e9b0c6d28"
OTHER_GRANT = "d4b0208e-31c9-4f7d-b2e5-806fac1d7e39"
PROJECT = "5d0c8a3e-7b62-4f4e-9d0a-2c1be6f0a917"
FUNDER = "0b7e1c52-94f0-4c1b-8a55-1f9a6c2d7e10"
CAMPAIGN = "5f0c3a52-6f43-4c56-9c5b-0a6a1d6b2c11"
PARTNER = "a7d2c0f1-53be-4f08-9c6a-0e1b7d4f2a85"
CHARGE = "f4a0c9d2-8e35-4b17-8a6d-1c2b3e4f5a60"
RESERVATION = "2b1d6c7e-1f7a-4a53-9d0f-5a3a8f1e6b90"
REVERSAL = "93d7f0c4-2b5e-4a86-9f1d-7c8e0a2b4d65"
INSTALMENT = "6e2f2a34-6a39-4b9e-a0d5-0e8f3f0f7c11"
AMENDMENT = "4b8d2e6f-90a1-4c3d-8e5f-6a7b8c9d0e1f"


def money(amount: str, currency: Currency = "EUR") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def line(name: str, amount: str, **more: Any) -> EarmarkedLine:
    """Named like its category, unless `category` says otherwise."""
    more.setdefault("category", name)
    return EarmarkedLine(line=name, amount=money(amount), **more)


def in_2008(earmark: EarmarkedLine) -> EarmarkedLine:
    return earmark.model_copy(update={"first_day": date(2008, 1, 1), "last_day": date(2008, 12, 31)})


REPORT = ReportOwed(report="interim", first_day=date(2008, 1, 1), last_day=date(2008, 3, 31), due=date(2008, 4, 30))
LINES = (line("food", "1000.00"), line("salaries", "2500.00"), line("events", "500.00"))

GIRL_POWER: dict[str, Any] = {
    "grant": GRANT,
    "project": PROJECT,
    "funder": FUNDER,
    "amount": money("4000.00"),
    "eligible_from": date(2008, 1, 1),
    "eligible_until": date(2008, 12, 31),
    "reports": (REPORT,),
    "occurred": date(2007, 12, 10),
}

award = AwardGrant(**GIRL_POWER, lines=LINES)
awarded = GrantAwarded(**GIRL_POWER, lines=tuple(map(in_2008, LINES)))
submitted = ReportSubmitted(grant=GRANT, report="interim", occurred=date(2008, 4, 10))
accepted = ReportAccepted(grant=GRANT, report="interim", occurred=date(2008, 5, 10))
january_closed = PeriodClosed(grant=GRANT, first_day=date(2008, 1, 1), last_day=date(2008, 1, 31))


def charge(amount: str, day: date, currency: Currency = "EUR", **more: Any) -> ChargeGrant:
    cost = {"charge": CHARGE, "line": "food", "amount": money(amount, currency), "reference": "SF-118", **more}
    return ChargeGrant(grant=GRANT, occurred=day, **cost)


def charged(amount: str, day: date, **more: Any) -> CostCharged:
    cost = {"charge": CHARGE, "line": "food", "amount": money(amount), "reference": "SF-118", **more}
    return CostCharged(grant=GRANT, occurred=day, **cost)


def reserve(amount: str, day: date, **more: Any) -> ReserveFunds:
    cost = {"reservation": RESERVATION, "line": "food", "amount": money(amount), **more}
    return ReserveFunds(grant=GRANT, occurred=day, **cost)


def reserved(amount: str, day: date, **more: Any) -> FundsReserved:
    cost = {"reservation": RESERVATION, "line": "food", "amount": money(amount), **more}
    return FundsReserved(grant=GRANT, occurred=day, **cost)


def received(amount: str, day: date) -> InstalmentReceived:
    return InstalmentReceived(grant=GRANT, instalment=INSTALMENT, amount=money(amount), occurred=day)


def amend(effective: date, *changes: tuple[str, str], **more: Any) -> AmendGrant:
    more.setdefault("occurred", date(2008, 6, 20))
    return AmendGrant(
        grant=GRANT,
        amendment=AMENDMENT,
        changes=tuple(LineChange(line=name, by=Decimal(by)) for name, by in changes),
        effective=effective,
        **more,
    )


INVOICE: dict[str, Any] = {
    "kind": DocumentKind.INVOICE,
    "supplier": "LT302512345",
    "number": "SF-2008/118",
    "amount": money("100.00"),
    "occurred": date(2008, 3, 12),
}
on_food = Part(grant=GRANT, line="food", weight=60)
on_own_funds = Part(weight=40)

record = RecordExpense(**INVOICE, split=(on_food, on_own_funds))
EXPENSE = record.expense
FOOD_SHARE = SplitShare(share=0, grant=GRANT, line="food", amount=money("60.00"))
OWN_SHARE = SplitShare(share=1, amount=money("40.00"))
recorded = ExpenseRecorded(**INVOICE, expense=EXPENSE, shares=(FOOD_SHARE, OWN_SHARE))
SHARE = Share(expense=EXPENSE, share=0)

"""What a grant's spending rests on: invoices and payrolls in litas, split between the grant and own funds."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal

from services.history.steps import Steps, Story
from services.projects.expense import DocumentKind, Part, RecordExpense, StatedTimeSheet
from services.projects.terms import Category
from shared.messages import Role
from shared.money import CENT, LITAS_PER_EURO, Money

OWN_CODE = "LT000000001"  # no organisation has it
SUPPLIERS = {category: f"LT9000{number:05}" for number, category in enumerate(Category)}
OWN_SHARE = {Category.FOOD: 25, Category.UTILITIES: 40}
"""Of an invoice, in per cent of what the grant bears: the shelter eats and is heated beyond one programme."""


def document(
    story: Story, plan: str, grant: str, category: Category, number: int, amount: Decimal, on: date, by: str
) -> Steps:
    """One document over what the grant bears of it (`amount`, in euro) and what own funds do."""
    # Rounded down, so that it comes to just the amount again, whichever way the grant has to round.
    borne = (amount * LITAS_PER_EURO).quantize(CENT, ROUND_DOWN)
    own = (borne * OWN_SHARE.get(category, 0) / 100).quantize(CENT)
    parts = [Part(grant=grant, line=category.value, weight=int(borne / CENT))]
    if own:
        parts.append(Part(weight=int(own / CENT)))
    payroll = category is Category.SALARIES
    month = on.replace(day=1) - timedelta(days=1)
    sheets = [StatedTimeSheet(staff="w-1", project=story.id("project", plan), month=f"{month:%Y-%m}", minutes=9_600)]
    command = RecordExpense(
        kind=DocumentKind.PAYROLL if payroll else DocumentKind.INVOICE,
        supplier=OWN_CODE if payroll else SUPPLIERS[category],
        number=f"{story.name}/{plan}/{category.value}-{number}"[-40:].lstrip("/-"),
        amount=Money(amount=borne + own, currency="LTL"),
        time_sheets=tuple(sheets) if payroll else (),
        split=tuple(parts),
        occurred=on,
    )
    yield story.step(command, Role.ACCOUNTANT, by=by)

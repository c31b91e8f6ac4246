"""Documents and who bears them: by grant, by own funds, and what somebody has to look at."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, Column, Index, Integer, String, select

from services.projects.expense import (
    DocumentKind,
    ExpenseRecorded,
    ExpenseReversed,
    ShareFellToOwnFunds,
    ShareGivenBack,
    ShareStatus,
    ShareStillCharged,
    ShareTaken,
)
from services.projects.projections.amounts import amount_of, cents
from services.projects.terms import READS_BOOKS, ExpenseId
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Query
from shared.money import Currency, Money
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page

TO_LOOK_AT = (ShareStatus.FELL_TO_OWN_FUNDS, ShareStatus.STILL_CHARGED)


class ExpenseLine(BaseModel):
    """A document in a list."""

    expense: str
    kind: DocumentKind
    supplier: str
    number: str
    amount: Money
    occurred: date
    reversed_on: date | None


class ExpensePage(BaseModel):
    """Documents in the order they were recorded."""

    expenses: tuple[ExpenseLine, ...]
    next: Next
    position: int


class ListExpenses(Query[ExpensePage], context="projects", route="GET /expenses", roles=READS_BOOKS):
    """List documents; with `flagged`, those that somebody has to look at."""

    flagged: bool = Field(
        False,
        description="Only those with a share that fell to own funds, or is still charged",
        examples=[True],
    )
    kind: DocumentKind | None = Field(None, description="Of this kind", examples=["invoice"])
    after: After = None
    limit: Limit = 50


class ShareLine(BaseModel):
    """A share of a document, and who bears it."""

    share: int
    grant: str | None
    line: str | None
    amount: Decimal
    currency: Currency
    status: ShareStatus
    rule: str | None = Field(description="The rule by which the grant does not bear it, or did not take it back")


class ExpenseAnswer(ExpenseLine):
    """A document with its shares, those of earlier times that it was recorded among them."""

    supplier_name: str | Redacted | None
    description: str | Redacted | None
    document: str | None
    minutes: int = Field(description="On the time sheets behind a payroll")
    shares: tuple[ShareLine, ...]
    flagged: bool
    position: int


class ShowExpense(Query[ExpenseAnswer], context="projects", route="GET /expenses/{expense}", roles=READS_BOOKS):
    """A document, its split, and who bears each share."""

    expense: ExpenseId


class Expenses(Projection):
    """Documents and their shares."""

    name = "expenses"
    expenses = table(
        "expenses",
        Column("expense", String, primary_key=True),
        Column("position", BigInteger),
        Column("kind", String),
        Column("supplier", String),
        Column("supplier_name", String),
        Column("number", String),
        Column("cents", BigInteger),
        Column("currency", String),
        Column("description", String),
        Column("document", String),
        Column("minutes", Integer),
        Column("occurred", String),
        Column("reversed_on", String),
        Index("expenses_in_order", "position"),
    )
    shares = table(
        "expense_shares",
        Column("expense", String, primary_key=True),
        Column("share", Integer, primary_key=True, autoincrement=False),
        Column("grant", String),
        Column("line", String),
        Column("cents", BigInteger),
        Column("currency", String),
        Column("status", String),
        Column("rule", String),
        Index("expense_shares_by_status", "status"),
    )

    @on(ExpenseRecorded)
    def recorded(self, e: Recorded[ExpenseRecorded], rows: Rows) -> None:
        """A document, perhaps recorded anew."""
        of = e.event
        rows.put(
            self.expenses,
            expense=of.expense,
            position=e.position,
            kind=of.kind,
            supplier=of.supplier,
            supplier_name=e.sealed("supplier_name"),
            number=of.number,
            cents=cents(of.amount.amount),
            currency=of.amount.currency,
            description=e.sealed("description"),
            document=of.document,
            minutes=sum(sheet.minutes for sheet in of.time_sheets),
            occurred=of.occurred.isoformat(),
        )
        for part in of.shares:
            rows.put(
                self.shares,
                expense=of.expense,
                share=part.share,
                grant=part.grant,
                line=part.line,
                cents=cents(part.amount.amount),
                currency=part.amount.currency,
                status=ShareStatus.ASKED if part.grant else ShareStatus.OWN_FUNDS,
            )

    @on(ShareTaken)
    def taken(self, e: Recorded[ShareTaken], rows: Rows) -> None:
        """The grant bears it."""
        rows.change(self.shares, (e.event.expense, e.event.share), status=ShareStatus.TAKEN, rule=None)

    @on(ShareFellToOwnFunds)
    def fell(self, e: Recorded[ShareFellToOwnFunds], rows: Rows) -> None:
        """The grant does not bear it."""
        key = (e.event.expense, e.event.share)
        rows.change(self.shares, key, status=ShareStatus.FELL_TO_OWN_FUNDS, rule=e.event.rule)

    @on(ShareGivenBack)
    def given_back(self, e: Recorded[ShareGivenBack], rows: Rows) -> None:
        """Reversed, on the grant too."""
        rows.change(self.shares, (e.event.expense, e.event.share), status=ShareStatus.GIVEN_BACK, rule=None)

    @on(ShareStillCharged)
    def still_charged(self, e: Recorded[ShareStillCharged], rows: Rows) -> None:
        """Reversed, but not on the grant."""
        key = (e.event.expense, e.event.share)
        rows.change(self.shares, key, status=ShareStatus.STILL_CHARGED, rule=e.event.rule)

    @on(ExpenseReversed)
    def reversed(self, e: Recorded[ExpenseReversed], rows: Rows) -> None:
        """Taken back."""
        rows.change(self.expenses, (e.event.expense,), reversed_on=e.event.occurred.isoformat())
        for share in e.event.borne:
            rows.change(self.shares, (e.event.expense, share), status=ShareStatus.GIVEN_BACK, rule=None)

    @answers(ListExpenses)
    def list_expenses(self, query: ListExpenses, asking: Asking) -> ExpensePage:
        """A page of documents."""
        expenses, shares = asking.live(self.expenses), asking.live(self.shares)
        wanted = select(expenses).order_by(expenses.c.position).limit(query.limit + 1)
        if query.flagged:
            flagged = select(shares.c.expense).where(shares.c.status.in_(TO_LOOK_AT))
            wanted = wanted.where(expenses.c.expense.in_(flagged))
        if query.kind:
            wanted = wanted.where(expenses.c.kind == query.kind)
        if query.after is not None:
            wanted = wanted.where(expenses.c.position > query.after)
        found, further = page(asking.rows(wanted), query.limit, lambda row: ExpenseLine(**_of_document(row)))
        return ExpensePage(expenses=found, next=further, position=asking.position)

    @answers(ShowExpense)
    def show(self, query: ShowExpense, asking: Asking) -> ExpenseAnswer:
        """One document."""
        expenses, shares = asking.live(self.expenses), asking.live(self.shares)
        found = asking.rows(select(expenses).where(expenses.c.expense == query.expense))
        if not found:
            raise NotFound("There is no such expense.")
        row = found[0]
        parts = asking.rows(select(shares).where(shares.c.expense == query.expense).order_by(shares.c.share))
        return ExpenseAnswer(
            **_of_document(row),
            supplier_name=asking.reveal(row["supplier_name"]),
            description=asking.reveal(row["description"]),
            document=row["document"],
            minutes=row["minutes"],
            shares=tuple(ShareLine.model_validate({**part, "amount": amount_of(part["cents"])}) for part in parts),
            flagged=any(part["status"] in TO_LOOK_AT for part in parts),
            position=asking.position,
        )


def _of_document(row: Any) -> dict[str, Any]:
    shown = {name: row[name] for name in ("expense", "kind", "supplier", "number", "occurred", "reversed_on")}
    return {**shown, "amount": Money(amount=amount_of(row["cents"]), currency=row["currency"])}

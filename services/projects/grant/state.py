"""A grant as its rules see it: lines with what is left of each on every day, open reservations, charges, locks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from services.projects.grant.headroom import Entries, Headroom
from services.projects.terms import Category, ExpenseId, GrantId
from shared.dates import must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Command, Event, Id
from shared.money import Currency, Money, Rate

NOTHING = Decimal(0)


class GrantCommand(Command, context="projects"):
    """To one grant."""

    grant: GrantId


class GrantEvent(Event, context="projects"):
    """Of one grant."""

    grant: Id


class Period(NamedTuple):
    """From one day to another, both included."""

    first: date
    last: date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


class Conversion(BaseModel):
    """What an amount was before it was converted, at which rate, of which day, by whom."""

    model_config = ConfigDict(frozen=True)

    original: Money
    rate: Rate


class Share(BaseModel):
    """Which expense, and which share of its split, counted from 0."""

    model_config = ConfigDict(frozen=True)

    expense: ExpenseId
    share: int = Field(ge=0, description="Counted from 0", examples=[0])

    @property
    def entry(self) -> str:
        """The id of the reservation and of the charge that answer it."""
        return str(uuid5(UUID(self.expense), str(self.share)))


@dataclass(frozen=True, slots=True)
class Line:
    """An earmark: for one kind of cost, of its period only."""

    category: Category
    period: Period
    headroom: Headroom


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money that is promised and not yet spent. `amount` is what no charge has used."""

    line: str
    amount: Decimal
    day: date
    share: Share | None = None
    conversion: Conversion | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """Money spent. A reversed one is remembered, so that it cannot be reversed again."""

    line: str
    amount: Decimal
    day: date
    share: Share | None = None
    reversed: bool = False


class ReportStatus(StrEnum):
    """Where a report to the funder stands. Submitted and accepted ones lock their period."""

    DUE = "due"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Report:
    """A report that the funder is owed."""

    period: Period
    due: date
    status: ReportStatus = ReportStatus.DUE
    overdue: bool = False


NEVER = Period(date.min, date.min)


@dataclass(frozen=True, slots=True)
class Grant:
    """A funder's award to a project. Amounts are in its own currency."""

    currency: Currency | None = None  # None: not awarded
    closed: bool = False
    amount: Decimal = NOTHING
    eligible: Period = NEVER
    lines: Mapping[str, Line] = field(default_factory=lambda: MappingProxyType({}))
    reservations: Entries[Reservation] = field(default_factory=Entries)
    charges: Entries[Charge] = field(default_factory=Entries)
    reserved: Decimal = NOTHING
    spent: Decimal = NOTHING
    instalments: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    reports: Mapping[str, Report] = field(default_factory=lambda: MappingProxyType({}))
    books_closed: tuple[Period, ...] = ()
    last_entry: date = date.min

    @property
    def received(self) -> Decimal:
        """What the funder has paid so far."""
        return sum(self.instalments.values(), NOTHING)

    def money(self, amount: Decimal) -> Money:
        """`amount` in the grant's currency."""
        return Money(amount=amount, currency=self.currency or "EUR")

    def lock_on(self, day: date) -> Period | None:
        """The locked period that `day` falls in: its books are closed, or it has been reported."""
        reported = (report.period for report in self.reports.values() if report.status is not ReportStatus.DUE)
        return next((period for period in (*self.books_closed, *reported) if day in period), None)

    def moved(self, line: str, *moves: tuple[date, Decimal]) -> Grant:
        """With what is left of `line` changed from each day on."""
        found = self.lines[line]
        headroom = found.headroom
        for day, by in moves:
            headroom = headroom.changed(day, by)
        lines = MappingProxyType({**self.lines, line: replace(found, headroom=headroom)})
        return replace(self, lines=lines, last_entry=max(self.last_entry, *(day for day, _ in moves)))


def must_be_open(grant: Grant) -> None:
    """Raises `NotFound` for a grant that was never awarded, `DomainError` for a closed one."""
    must_exist(grant.currency is not None, "grant")
    if grant.closed:
        raise DomainError(
            "A closed grant takes no entries; this one is closed; record the cost on another grant or on own funds.",
            rule="grant-is-open",
        )


def must_be_unlocked(grant: Grant, day: date, command: Command) -> None:
    """Raises `DomainError` if `day` has not come, or falls in a period that is closed or reported."""
    must_have_happened(str(day), command.now)
    if lock := grant.lock_on(day):
        raise DomainError(
            f"A closed or reported period takes no entries; {lock} is locked; "
            f"correct it with an entry on a day outside it.",
            rule="period-is-open",
        )


def line_of(grant: Grant, name: str) -> Line:
    """The line. Raises `DomainError` if the grant has none of that name."""
    if line := grant.lines.get(name):
        return line
    raise DomainError(
        f"A cost goes on an earmarked line; there is no line '{name}'; there are: {', '.join(grant.lines)}.",
        rule="line-exists",
    )


def must_fit(grant: Grant, name: str, amount: Decimal, day: date, covered_from: date | None = None) -> None:
    """Raises `DomainError` if `amount` from `day` on takes line `name` below nothing on that day or any later one.

    From `covered_from` on a reservation holds the money already, so that only the days before it are looked at.
    """
    if covered_from and day >= covered_from:
        return
    least = grant.lines[name].headroom.least_from(day, covered_from or date.max)
    if amount > least:
        raise DomainError(
            f"Reserved and charged stay within the earmark on every day; from {day} on line '{name}' has at least "
            f"{grant.money(least)} left, {grant.money(amount)} is asked; up to {grant.money(least)} would be accepted.",
            rule="within-the-earmark",
            left=str(least),
        )

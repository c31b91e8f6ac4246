"""What a funder gives: the award with its earmarked lines, amendments, instalments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import assert_never

from pydantic import BaseModel, ConfigDict, Field

from services.projects.grant.headroom import Headroom
from services.projects.grant.state import (
    NOTHING,
    Grant,
    GrantCommand,
    GrantEvent,
    Line,
    Period,
    Report,
    line_of,
    must_be_open,
)
from services.projects.terms import (
    KEEPS_BOOKS,
    Category,
    Day,
    FunderId,
    LineName,
    ProjectId,
    ReportName,
    SignedAmount,
)
from shared.dates import must_have_happened
from shared.errors import Conflict, DomainError
from shared.messages import Id, new_id
from shared.money import Money


class EarmarkedLine(BaseModel):
    """Part of an award, for one kind of cost; for part of the eligible period only, if it says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: LineName
    category: Category = Field(description="What it is for", examples=["food"])
    amount: Money = Field(description="The earmark", examples=[{"amount": "4000.00", "currency": "EUR"}])
    first_day: Day | None = Field(None, description="From this day; else from the award's first")
    last_day: Day | None = Field(None, description="To this day; else to the award's last")


class ReportOwed(BaseModel):
    """A report that the award asks for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    report: ReportName
    first_day: Day = Field(description="First day reported on", examples=["2008-01-01"])
    last_day: Day = Field(description="Last day reported on", examples=["2008-06-30"])
    due: Day = Field(description="Last day to submit it", examples=["2008-07-31"])


class LineChange(BaseModel):
    """An earmark raised, or lowered with a minus."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: LineName
    by: SignedAmount = Field(description="How much more; with a minus, less")


class AwardGrant(GrantCommand, route="POST /grants", roles=KEEPS_BOOKS):
    """Record a funder's award to a project, with its earmarked lines."""

    grant: Id = new_id()
    project: ProjectId
    funder: FunderId
    amount: Money = Field(description="The whole award", examples=[{"amount": "4000.00", "currency": "EUR"}])
    eligible_from: Day = Field(description="Costs count from this day", examples=["2008-01-01"])
    eligible_until: Day = Field(description="Costs count to this day", examples=["2008-12-31"])
    lines: tuple[EarmarkedLine, ...] = Field(min_length=1, max_length=100, description="They add up to the award")
    reports: tuple[ReportOwed, ...] = Field((), max_length=50, description="Reports that the funder asks for")
    occurred: Day = Field(description="When it was awarded", examples=["2007-12-10"])


class AmendGrant(GrantCommand, route="POST /grants/{grant}/amendments", roles=KEEPS_BOOKS):
    """Change an award: raise or lower earmarks, move money between lines, add lines, extend the period."""

    amendment: Id = new_id()
    changes: tuple[LineChange, ...] = Field(
        (),
        max_length=100,
        description="Earmarks raised or lowered",
        examples=[[{"line": "food", "by": "-120.00"}, {"line": "salaries", "by": "120.00"}]],
    )
    new_lines: tuple[EarmarkedLine, ...] = Field((), max_length=100, description="Lines that come with it")
    eligible_until: Day | None = Field(None, description="The new last day, later than now", examples=["2009-03-31"])
    effective: Day = Field(description="Changes count from this day", examples=["2008-07-01"])
    occurred: Day = Field(description="When it was agreed", examples=["2008-06-20"])


class ReceiveInstalment(GrantCommand, route="POST /grants/{grant}/instalments", roles=KEEPS_BOOKS):
    """Record money that the funder has paid."""

    instalment: Id = new_id()
    amount: Money = Field(description="What came in", examples=[{"amount": "2000.00", "currency": "EUR"}])
    occurred: Day = Field(description="The day it came in", examples=["2008-01-15"])


class ReverseInstalment(
    GrantCommand, route="POST /grants/{grant}/instalments/{instalment}/reversal", roles=KEEPS_BOOKS
):
    """Take back an instalment that was recorded in error or called back by the funder."""

    instalment: Id = Field(description="The instalment", examples=["6e2f2a34-6a39-4b9e-a0d5-0e8f3f0f7c11"])
    occurred: Day = Field(description="The day it was taken back", examples=["2008-01-17"])


class GrantAwarded(GrantEvent):
    """A funder has awarded money to a project."""

    project: Id
    funder: Id
    amount: Money
    eligible_from: Day
    eligible_until: Day
    lines: tuple[EarmarkedLine, ...]
    reports: tuple[ReportOwed, ...] = ()
    occurred: Day


class GrantAmended(GrantEvent):
    """An award has changed. `amount` is the whole award after it, `by` what it grew or shrank.

    With a later end of the period, the lines of `extended` run on to it: those that ran to the end of the award.
    """

    amendment: Id
    changes: tuple[LineChange, ...] = ()
    new_lines: tuple[EarmarkedLine, ...] = ()
    eligible_until: Day | None = None
    extended: tuple[str, ...] = ()
    amount: Money
    by: Decimal
    effective: Day
    occurred: Day


class InstalmentReceived(GrantEvent):
    """The funder has paid."""

    instalment: Id
    amount: Money
    occurred: Day


class InstalmentReversed(GrantEvent):
    """A payment of the funder did not come after all, or went back."""

    instalment: Id
    amount: Money
    occurred: Day


AwardCommands = AwardGrant | AmendGrant | ReceiveInstalment | ReverseInstalment
AwardEvents = GrantAwarded | GrantAmended | InstalmentReceived | InstalmentReversed


def decide(command: AwardCommands, grant: Grant) -> Sequence[AwardEvents]:
    """The rules of giving."""
    match command:
        case AwardGrant():
            return [_award(command, grant)]
        case AmendGrant():
            return [_amend(command, grant)]
        case ReceiveInstalment(instalment=instalment, amount=amount, occurred=occurred):
            must_be_open(grant)
            _same_currency(amount, grant)
            must_have_happened(str(occurred), command.now)
            if grant.received + amount.amount > grant.amount:
                raise DomainError(
                    f"Instalments stay within the award of {grant.money(grant.amount)}; "
                    f"{grant.money(grant.received)} has come in; up to {grant.money(grant.amount - grant.received)} "
                    "would be accepted, or amend the award first.",
                    rule="instalments-within-the-award",
                )
            return [InstalmentReceived(grant=command.grant, instalment=instalment, amount=amount, occurred=occurred)]
        case ReverseInstalment(instalment=instalment, occurred=occurred):
            must_be_open(grant)
            if instalment not in grant.instalments:
                raise DomainError(
                    "Only an instalment that has come in can be taken back; this one has not, or no longer stands.",
                    rule="instalment-stands",
                )
            must_have_happened(str(occurred), command.now)
            amount = grant.money(grant.instalments[instalment])
            return [InstalmentReversed(grant=command.grant, instalment=instalment, amount=amount, occurred=occurred)]
        case _:
            assert_never(command)


def _award(command: AwardGrant, grant: Grant) -> GrantAwarded:
    if grant.currency:
        raise Conflict("This grant is awarded already: amend it, or award another under a new id.")
    must_have_happened(str(command.occurred), command.now)
    eligible = Period(command.eligible_from, command.eligible_until)
    _in_order(eligible)
    lines = tuple(_dated(line, eligible) for line in command.lines)
    names = [line.line for line in lines]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise DomainError(
            f"Each line has a name of its own; these repeat: {', '.join(repeated)}; rename them.",
            rule="line-names-differ",
        )
    total = sum((line.amount.amount for line in lines), NOTHING)
    if {line.amount.currency for line in lines} != {command.amount.currency} or total != command.amount.amount:
        raise DomainError(
            f"The lines add up to the award, in its currency; the award is {command.amount}, "
            f"the lines add up to {total:.2f}; give lines of {command.amount} together.",
            rule="lines-add-up-to-the-award",
        )
    for report in command.reports:
        _in_order(Period(report.first_day, report.last_day))
    if len({report.report for report in command.reports}) < len(command.reports):
        raise DomainError("Each report has a name of its own; some repeat; rename them.", rule="report-names-differ")
    return GrantAwarded(
        grant=command.grant,
        project=command.project,
        funder=command.funder,
        amount=command.amount,
        eligible_from=command.eligible_from,
        eligible_until=command.eligible_until,
        lines=lines,
        reports=command.reports,
        occurred=command.occurred,
    )


def _amend(command: AmendGrant, grant: Grant) -> GrantAmended:
    must_be_open(grant)
    must_have_happened(str(command.occurred), command.now)
    if command.eligible_until and command.eligible_until <= grant.eligible.last:
        raise DomainError(
            f"An amendment only extends the period; it ends on {grant.eligible.last}; give a later day. "
            "A shorter one would strand costs that are already on it: close the grant instead.",
            rule="period-only-grows",
        )
    eligible = Period(grant.eligible.first, command.eligible_until or grant.eligible.last)
    _only_open_days(command.effective, grant)
    changed = [change.line for change in command.changes]
    new_lines = tuple(_dated(line, eligible) for line in command.new_lines)
    names = [*grant.lines, *(line.line for line in new_lines)]
    if len(set(names)) < len(names) or len(set(changed)) < len(changed):
        raise DomainError(
            f"Each line has a name of its own and changes once in an amendment; there are: {', '.join(grant.lines)}.",
            rule="line-names-differ",
        )
    for change in command.changes:
        left = line_of(grant, change.line).headroom.least_from(command.effective)
        if left + change.by < 0:
            raise DomainError(
                f"An earmark is not lowered below what is reserved and charged on any day; from {command.effective} "
                f"on line '{change.line}' has at least {grant.money(left)} left; it can be lowered by up to that.",
                rule="within-the-earmark",
                left=str(left),
            )
    for line in new_lines:
        _same_currency(line.amount, grant)
    by = sum((change.by for change in command.changes), NOTHING)
    by += sum((line.amount.amount for line in new_lines), NOTHING)
    if not command.changes and not new_lines and not command.eligible_until:
        raise DomainError("An amendment changes something; this one names no change.", rule="amendment-changes")
    return GrantAmended(
        grant=command.grant,
        amendment=command.amendment,
        changes=command.changes,
        new_lines=new_lines,
        eligible_until=command.eligible_until,
        extended=tuple(
            name
            for name, line in grant.lines.items()
            if command.eligible_until and line.period.last == grant.eligible.last
        ),
        amount=grant.money(grant.amount + by),
        by=by,
        effective=command.effective,
        occurred=command.occurred,
    )


def _only_open_days(effective: date, grant: Grant) -> None:
    # Unlike an entry, a change may count from a day that is still to come.
    if effective not in grant.eligible:
        raise DomainError(
            f"An amendment counts from a day of the eligible period, {grant.eligible}; {effective} is not in it.",
            rule="in-the-eligible-period",
        )
    if lock := grant.lock_on(effective):
        raise DomainError(
            f"A closed or reported period takes no entries; {lock} is locked; let it count from a day outside it.",
            rule="period-is-open",
        )


def _in_order(period: Period) -> None:
    if period.first > period.last:
        raise DomainError(
            f"A period's first day is not after its last; {period} is given; swap them.", rule="days-in-order"
        )


def _dated(line: EarmarkedLine, eligible: Period) -> EarmarkedLine:
    period = Period(line.first_day or eligible.first, line.last_day or eligible.last)
    _in_order(period)
    if period.first not in eligible or period.last not in eligible:
        raise DomainError(
            f"A line's period lies within the award's, {eligible}; line '{line.line}' has {period}.",
            rule="in-the-eligible-period",
        )
    return line.model_copy(update={"first_day": period.first, "last_day": period.last})


def _same_currency(amount: Money, grant: Grant) -> None:
    if amount.currency != grant.currency:
        raise DomainError(
            f"This grant is in {grant.currency}; {amount} is given; give an amount in {grant.currency}.",
            rule="currency-of-the-grant",
        )


def evolve(grant: Grant, event: AwardEvents) -> Grant:
    """A grant after it was given, or given otherwise."""
    match event:
        case GrantAwarded(amount=amount, lines=lines, reports=reports):
            return replace(
                grant,
                currency=amount.currency,
                amount=amount.amount,
                eligible=Period(event.eligible_from, event.eligible_until),
                lines=MappingProxyType({line.line: _opened(line) for line in lines}),
                reports=MappingProxyType(
                    {owed.report: Report(Period(owed.first_day, owed.last_day), owed.due) for owed in reports}
                ),
            )
        case GrantAmended(changes=changes, new_lines=new_lines, effective=effective, eligible_until=until):
            last = until or grant.eligible.last
            standing = dict(grant.lines)
            for name in event.extended:
                standing[name] = replace(standing[name], period=standing[name].period._replace(last=last))
            for change in changes:
                line = standing[change.line]
                standing[change.line] = replace(line, headroom=line.headroom.changed(effective, change.by))
            standing |= {line.line: _opened(line, effective) for line in new_lines}
            return replace(
                grant,
                amount=event.amount.amount,
                eligible=grant.eligible._replace(last=last),
                lines=MappingProxyType(standing),
            )
        case InstalmentReceived(instalment=instalment, amount=amount, occurred=occurred):
            return replace(
                grant,
                instalments=MappingProxyType({**grant.instalments, instalment: amount.amount}),
                last_entry=max(grant.last_entry, occurred),
            )
        case InstalmentReversed(instalment=instalment, occurred=occurred):
            kept = {key: amount for key, amount in grant.instalments.items() if key != instalment}
            return replace(grant, instalments=MappingProxyType(kept), last_entry=max(grant.last_entry, occurred))
        case _:
            assert_never(event)


def _opened(line: EarmarkedLine, effective: date = date.min) -> Line:
    first, last = line.first_day or date.min, line.last_day or date.max
    return Line(line.category, Period(first, last), Headroom().changed(max(first, effective), line.amount.amount))

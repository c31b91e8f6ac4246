"""What a funder is told, and what is final: reports due, submitted and accepted, books closed, the grant closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import assert_never

from pydantic import Field

from services.projects.grant.state import (
    NOTHING,
    Grant,
    GrantCommand,
    GrantEvent,
    Period,
    Report,
    ReportStatus,
    must_be_open,
)
from services.projects.terms import KEEPS_BOOKS, Day, ReportName
from shared.dates import must_have_happened
from shared.errors import DomainError
from shared.messages import Role
from shared.money import Money


class RequireReport(GrantCommand, route="POST /grants/{grant}/reports", roles=KEEPS_BOOKS):
    """Record that the funder asks for a report."""

    report: ReportName
    first_day: Day = Field(description="First day reported on", examples=["2008-07-01"])
    last_day: Day = Field(description="Last day reported on", examples=["2008-12-31"])
    due: Day = Field(description="Last day to submit it", examples=["2009-01-31"])


class SubmitReport(GrantCommand, route="POST /grants/{grant}/reports/{report}/submission", roles=KEEPS_BOOKS):
    """Record that a report went to the funder. Its period takes no entries any more."""

    report: ReportName
    occurred: Day = Field(description="When it was submitted", examples=["2009-01-20"])


class ReturnReport(GrantCommand, route="POST /grants/{grant}/reports/{report}/return", roles=KEEPS_BOOKS):
    """Record that the funder wants a report changed. Its period is open again until it is submitted anew."""

    report: ReportName
    due: Day = Field(description="Last day to submit it anew", examples=["2009-02-28"])
    occurred: Day = Field(description="When it came back", examples=["2009-02-02"])


class AcceptReport(GrantCommand, route="POST /grants/{grant}/reports/{report}/acceptance", roles=KEEPS_BOOKS):
    """Record that the funder has accepted a report."""

    report: ReportName
    occurred: Day = Field(description="When it was accepted", examples=["2009-02-15"])


class RecordReportOverdue(GrantCommand):
    """Asked by the deadline: the report's last day has passed."""

    report: ReportName


class ClosePeriod(GrantCommand, route="POST /grants/{grant}/closed-periods", roles=[Role.ACCOUNTANT]):
    """Close the books of a period. What is wrong in it is corrected with an entry in an open one."""

    first_day: Day = Field(description="First day", examples=["2008-01-01"])
    last_day: Day = Field(description="Last day", examples=["2008-03-31"])


class CloseGrant(GrantCommand, route="POST /grants/{grant}/closure", roles=KEEPS_BOOKS):
    """Close a grant, with what was not spent returned to the funder."""

    returned: Money = Field(
        description="Received less spent; nothing if no more came in than was spent",
        examples=[{"amount": "12.40", "currency": "EUR"}],
    )
    occurred: Day = Field(description="When it was closed", examples=["2009-03-01"])


class ReportRequired(GrantEvent):
    """The funder asks for a report."""

    report: str
    first_day: Day
    last_day: Day
    due: Day


class ReportSubmitted(GrantEvent):
    """A report went to the funder."""

    report: str
    occurred: Day


class ReportReturned(GrantEvent):
    """The funder wants a report changed."""

    report: str
    due: Day
    occurred: Day


class ReportAccepted(GrantEvent):
    """The funder has accepted a report."""

    report: str
    occurred: Day


class ReportOverdue(GrantEvent):
    """A report was not submitted by its last day."""

    report: str
    due: Day


class PeriodClosed(GrantEvent):
    """The books of a period are closed."""

    first_day: Day
    last_day: Day


class GrantClosed(GrantEvent):
    """A grant is closed, and what was not spent went back."""

    returned: Money
    occurred: Day


ReportingCommands = (
    RequireReport | SubmitReport | ReturnReport | AcceptReport | RecordReportOverdue | ClosePeriod | CloseGrant
)
ReportingEvents = (
    ReportRequired | ReportSubmitted | ReportReturned | ReportAccepted | ReportOverdue | PeriodClosed | GrantClosed
)


def decide(command: ReportingCommands, grant: Grant) -> Sequence[ReportingEvents]:
    """The rules of reporting and closing."""
    must_be_open(grant)
    match command:
        case RequireReport(grant=of, report=report, first_day=first_day, last_day=last_day, due=due):
            asked = Report(_in_order(first_day, last_day), due)
            if known := grant.reports.get(report):
                if (known.period, known.due) == (asked.period, asked.due):
                    return []
                raise DomainError(
                    f"Each report has a name of its own; '{report}' is there, due on {known.due}; choose another name.",
                    rule="report-names-differ",
                )
            return [ReportRequired(grant=of, report=report, first_day=first_day, last_day=last_day, due=due)]
        case SubmitReport(grant=of, report=report, occurred=occurred):
            owed = _report(grant, report, {ReportStatus.DUE})
            must_have_happened(str(occurred), command.now)
            if occurred <= owed.period.last:
                raise DomainError(
                    f"A report is submitted after its period has ended; it ends on {owed.period.last}; "
                    "give a later day.",
                    rule="period-has-ended",
                )
            return [ReportSubmitted(grant=of, report=report, occurred=occurred)]
        case ReturnReport(grant=of, report=report, due=due, occurred=occurred):
            _report(grant, report, {ReportStatus.SUBMITTED})
            must_have_happened(str(occurred), command.now)
            if due < occurred:
                raise DomainError(
                    f"A report that came back is due after that; it came back on {occurred}; give that day or later.",
                    rule="days-in-order",
                )
            return [ReportReturned(grant=of, report=report, due=due, occurred=occurred)]
        case AcceptReport(grant=of, report=report, occurred=occurred):
            _report(grant, report, {ReportStatus.SUBMITTED})
            must_have_happened(str(occurred), command.now)
            return [ReportAccepted(grant=of, report=report, occurred=occurred)]
        case RecordReportOverdue(grant=of, report=report):
            late = grant.reports.get(report)
            if not late or late.status is not ReportStatus.DUE or late.overdue:
                return []
            return [ReportOverdue(grant=of, report=report, due=late.due)]
        case ClosePeriod(grant=of, first_day=first_day, last_day=last_day):
            period = _in_order(first_day, last_day)
            must_have_happened(str(last_day), command.now)
            if period in grant.books_closed:
                return []
            return [PeriodClosed(grant=of, first_day=first_day, last_day=last_day)]
        case CloseGrant():
            return [_close(command, grant)]
        case _:
            assert_never(command)


def _close(command: CloseGrant, grant: Grant) -> GrantClosed:
    must_have_happened(str(command.occurred), command.now)
    if command.occurred < grant.last_entry:
        raise DomainError(
            f"A grant is closed after its last entry; that is of {grant.last_entry}; give that day or a later one.",
            rule="not-before-the-entry",
        )
    if grant.reserved:
        raise DomainError(
            f"A grant is closed with nothing reserved; {grant.money(grant.reserved)} is; charge it or give it back.",
            rule="nothing-reserved",
        )
    if owed := [name for name, report in grant.reports.items() if report.status is not ReportStatus.ACCEPTED]:
        raise DomainError(
            f"A grant is closed when all its reports are accepted; these are not: {', '.join(owed)}.",
            rule="reports-accepted",
        )
    rest = grant.money(max(grant.received - grant.spent, NOTHING))
    if command.returned != rest:
        raise DomainError(
            f"What was received and not spent goes back; {grant.money(grant.received)} came in, "
            f"{grant.money(grant.spent)} is spent; return {rest}.",
            rule="rest-is-returned",
        )
    return GrantClosed(grant=command.grant, returned=command.returned, occurred=command.occurred)


def _report(grant: Grant, name: str, statuses: set[ReportStatus]) -> Report:
    found = grant.reports.get(name)
    if found and found.status in statuses:
        return found
    there = f"it is {found.status}" if found else f"there are: {', '.join(grant.reports) or 'none'}"
    raise DomainError(f"This needs a report that is {' or '.join(sorted(statuses))}; {there}.", rule="report-in-order")


def _in_order(first_day: Day, last_day: Day) -> Period:
    if first_day > last_day:
        raise DomainError(
            f"A period's first day is not after its last; {first_day} to {last_day} is given; swap them.",
            rule="days-in-order",
        )
    return Period(first_day, last_day)


def evolve(grant: Grant, event: ReportingEvents) -> Grant:
    """A grant after something was reported or closed."""
    match event:
        case ReportRequired(report=report, first_day=first_day, last_day=last_day, due=due):
            asked = Report(Period(first_day, last_day), due)
            return replace(grant, reports=MappingProxyType({**grant.reports, report: asked}))
        case ReportSubmitted(report=report):
            return _with_status(grant, report, ReportStatus.SUBMITTED)
        case ReportReturned(report=report, due=due):
            owed = replace(grant.reports[report], status=ReportStatus.DUE, due=due, overdue=False)
            return replace(grant, reports=MappingProxyType({**grant.reports, report: owed}))
        case ReportAccepted(report=report):
            return _with_status(grant, report, ReportStatus.ACCEPTED)
        case ReportOverdue(report=report):
            late = replace(grant.reports[report], overdue=True)
            return replace(grant, reports=MappingProxyType({**grant.reports, report: late}))
        case PeriodClosed(first_day=first_day, last_day=last_day):
            return replace(grant, books_closed=(*grant.books_closed, Period(first_day, last_day)))
        case GrantClosed():
            return replace(grant, closed=True)
        case _:
            assert_never(event)


def _with_status(grant: Grant, report: str, status: ReportStatus) -> Grant:
    changed = replace(grant.reports[report], status=status)
    return replace(grant, reports=MappingProxyType({**grant.reports, report: changed}))

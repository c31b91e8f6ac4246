"""What a funder is told, and what is final."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.projects.grant import grant
from services.projects.grant.reporting import (
    AcceptReport,
    CloseGrant,
    ClosePeriod,
    GrantClosed,
    PeriodClosed,
    RecordReportOverdue,
    ReportOverdue,
    ReportRequired,
    ReportReturned,
    RequireReport,
    ReturnReport,
    SubmitReport,
)
from shared.messages import Command
from shared.testing import given
from tests.projects.examples import (
    GRANT,
    accepted,
    awarded,
    charge,
    charged,
    january_closed,
    money,
    received,
    reserved,
    submitted,
)

APRIL = date(2008, 4, 10)
MARCH, MAY, SEPTEMBER = date(2008, 3, 12), date(2008, 5, 10), date(2008, 9, 1)

FINAL: dict[str, Any] = {
    "grant": GRANT,
    "report": "final",
    "first_day": date(2008, 4, 1),
    "last_day": date(2008, 8, 31),
    "due": date(2008, 9, 30),
}
required = ReportRequired(**FINAL)
submit = SubmitReport(grant=GRANT, report="interim", occurred=APRIL)
accept = AcceptReport(grant=GRANT, report="interim", occurred=MAY)
back = ReturnReport(grant=GRANT, report="interim", due=date(2008, 6, 1), occurred=MAY)
came_back = ReportReturned(grant=GRANT, report="interim", due=date(2008, 6, 1), occurred=MAY)
overdue = RecordReportOverdue(grant=GRANT, report="interim")
is_overdue = ReportOverdue(grant=GRANT, report="interim", due=date(2008, 4, 30))


def close(returned: str, day: date = SEPTEMBER) -> CloseGrant:
    return CloseGrant(grant=GRANT, returned=money(returned), occurred=day)


def test_a_funder_asks_for_one_more_report() -> None:
    given(grant, awarded).when(RequireReport(**FINAL)).then(required)
    given(grant, awarded, required).when(RequireReport(**FINAL)).then()


def test_a_reports_name_is_not_used_for_another() -> None:
    other = RequireReport(**{**FINAL, "report": "interim"})
    given(grant, awarded).when(other).refused("report-names-differ")


def test_a_reported_period_ends_after_it_begins() -> None:
    backwards = RequireReport(**{**FINAL, "last_day": date(2008, 3, 1)})
    given(grant, awarded).when(backwards).refused("days-in-order")


def test_a_report_is_submitted_once() -> None:
    given(grant, awarded).when(submit).then(submitted)
    given(grant, awarded, submitted).when(submit).refused("report-in-order")


def test_only_a_report_that_is_owed_is_submitted() -> None:
    error = (
        given(grant, awarded).when(SubmitReport(grant=GRANT, report="final", occurred=APRIL)).refused("report-in-order")
    )
    assert "interim" in str(error)


def test_a_report_is_submitted_after_its_period_has_ended() -> None:
    early = SubmitReport(grant=GRANT, report="interim", occurred=date(2008, 3, 31))
    given(grant, awarded).when(early).refused("period-has-ended")


def test_a_submitted_report_is_accepted() -> None:
    given(grant, awarded, submitted).when(accept).then(accepted)
    given(grant, awarded).when(accept).refused("report-in-order")


def test_a_report_that_comes_back_opens_its_period_again() -> None:
    given(grant, awarded, submitted).when(back).then(came_back)
    assert given(grant, awarded, submitted, came_back).when(charge("1.00", MARCH)).events
    given(grant, awarded, submitted, came_back).when(SubmitReport(grant=GRANT, report="interim", occurred=MAY)).then(
        submitted.model_copy(update={"occurred": MAY})
    )


def test_a_report_that_comes_back_is_due_after_that() -> None:
    given(grant, awarded, submitted).when(back.model_copy(update={"due": APRIL})).refused("days-in-order")


def test_an_accepted_report_does_not_come_back() -> None:
    given(grant, awarded, submitted, accepted).when(back).refused("report-in-order")


def test_a_report_that_was_not_submitted_in_time_is_on_record_once() -> None:
    given(grant, awarded).when(overdue).then(is_overdue)
    given(grant, awarded, is_overdue).when(overdue).then()


def test_a_report_that_was_submitted_is_not_overdue() -> None:
    given(grant, awarded, submitted).when(overdue).then()


def test_the_books_of_a_period_are_closed_once() -> None:
    command = ClosePeriod(grant=GRANT, first_day=date(2008, 1, 1), last_day=date(2008, 1, 31))
    given(grant, awarded).when(command).then(january_closed)
    given(grant, awarded, january_closed).when(command).then()


def test_a_period_to_come_is_not_closed() -> None:
    this_month = ClosePeriod(grant=GRANT, first_day=date(2008, 10, 1), last_day=date(2008, 10, 31))
    given(grant, awarded).when(this_month).refused("not-in-the-future")


def test_a_closed_periods_days_are_in_order() -> None:
    backwards = ClosePeriod(grant=GRANT, first_day=date(2008, 2, 1), last_day=date(2008, 1, 1))
    given(grant, awarded).when(backwards).refused("days-in-order")


def test_an_entry_before_a_closed_period_is_still_checked_on_the_days_after_it() -> None:
    february = PeriodClosed(grant=GRANT, first_day=date(2008, 2, 1), last_day=date(2008, 2, 29))
    history = (awarded, february, charged("1000.00", MARCH))
    given(grant, *history).when(charge("0.01", date(2008, 1, 2))).refused("within-the-earmark")


READY = (awarded, submitted, accepted, received("4000.00", date(2008, 1, 15)), charged("900.00", date(2008, 4, 2)))


def test_a_grant_is_closed_with_the_unspent_rest_returned() -> None:
    given(grant, *READY).when(close("3100.00")).then(
        GrantClosed(grant=GRANT, returned=money("3100.00"), occurred=SEPTEMBER)
    )


@pytest.mark.parametrize("returned", ["3099.99", "3100.01", "0.00"])
def test_exactly_what_was_received_and_not_spent_goes_back(returned: str) -> None:
    error = given(grant, *READY).when(close(returned)).refused("rest-is-returned")
    assert "return 3100.00 EUR" in str(error)


def test_nothing_goes_back_when_no_more_came_in_than_was_spent() -> None:
    history = (awarded, submitted, accepted, charged("900.00", date(2008, 4, 2)))
    assert given(grant, *history).when(close("0.00")).events


def test_a_grant_is_closed_with_nothing_reserved() -> None:
    given(grant, *READY, reserved("1.00", MAY)).when(close("3100.00")).refused("nothing-reserved")


def test_a_grant_is_closed_when_all_its_reports_are_accepted() -> None:
    error = given(grant, awarded, submitted).when(close("0.00")).refused("reports-accepted")
    assert "interim" in str(error)


def test_a_grant_is_closed_after_its_last_entry() -> None:
    given(grant, *READY).when(close("3100.00", date(2008, 4, 1))).refused("not-before-the-entry")


def test_a_closing_has_happened() -> None:
    given(grant, *READY).when(close("3100.00", date(2008, 10, 3))).refused("not-in-the-future")


@pytest.mark.parametrize(
    "command",
    [
        RequireReport(**FINAL),
        submit,
        accept,
        back,
        ClosePeriod(grant=GRANT, first_day=date(2008, 1, 1), last_day=date(2008, 1, 31)),
        close("0.00"),
    ],
)
def test_a_grant_must_be_awarded_and_not_closed(command: Command) -> None:
    given(grant).when(command).refused("not-found")
    closed = GrantClosed(grant=GRANT, returned=money("0.00"), occurred=SEPTEMBER)
    given(grant, awarded, closed).when(command).refused("grant-is-open")

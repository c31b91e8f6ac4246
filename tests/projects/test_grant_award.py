"""What a funder gives: awards, amendments, instalments."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from services.projects.grant import grant
from services.projects.grant.award import (
    AwardGrant,
    GrantAmended,
    InstalmentReversed,
    LineChange,
    ReceiveInstalment,
    ReverseInstalment,
)
from services.projects.grant.reporting import GrantClosed
from shared.testing import given
from tests.projects.examples import (
    AMENDMENT,
    GIRL_POWER,
    GRANT,
    INSTALMENT,
    LINES,
    REPORT,
    amend,
    award,
    awarded,
    charge,
    charged,
    in_2008,
    january_closed,
    line,
    money,
    received,
    reserved,
)

JULY = date(2008, 7, 1)


def test_an_award_is_recorded_with_its_earmarked_lines() -> None:
    given(grant).when(award).then(awarded)


def test_a_grant_is_awarded_once() -> None:
    given(grant, awarded).when(award).refused("conflict")


def test_the_lines_add_up_to_the_award() -> None:
    given(grant).when(AwardGrant(**GIRL_POWER, lines=LINES[:2])).refused("lines-add-up-to-the-award")


def test_the_lines_are_in_the_currency_of_the_award() -> None:
    litas = line("food", "4000.00").model_copy(update={"amount": money("4000.00", "LTL")})
    given(grant).when(AwardGrant(**GIRL_POWER, lines=(litas,))).refused("lines-add-up-to-the-award")


def test_each_line_has_a_name_of_its_own() -> None:
    twice = (line("food", "2000.00"), line("food", "2000.00"))
    given(grant).when(AwardGrant(**GIRL_POWER, lines=twice)).refused("line-names-differ")


def test_an_award_needs_a_line() -> None:
    with pytest.raises(ValidationError):
        AwardGrant(**GIRL_POWER, lines=())


def test_the_eligible_period_ends_after_it_begins() -> None:
    backwards = {**GIRL_POWER, "eligible_from": date(2009, 1, 1)}
    given(grant).when(AwardGrant(**backwards, lines=LINES)).refused("days-in-order")


def test_a_line_lies_within_the_eligible_period() -> None:
    early = line("food", "4000.00", first_day=date(2007, 12, 31))
    given(grant).when(AwardGrant(**GIRL_POWER, lines=(early,))).refused("in-the-eligible-period")


def test_an_award_has_happened() -> None:
    tomorrow = {**GIRL_POWER, "occurred": date(2008, 10, 3)}
    given(grant).when(AwardGrant(**tomorrow, lines=LINES)).refused("not-in-the-future")


def test_a_day_begins_at_midnight_at_the_centre() -> None:
    tomorrow = {**GIRL_POWER, "occurred": date(2008, 10, 3)}
    after_midnight = datetime(2008, 10, 2, 21, 30, tzinfo=UTC)
    assert given(grant).when(AwardGrant(**tomorrow, lines=LINES), now=after_midnight).events


def test_each_report_has_a_name_of_its_own_and_its_days_in_order() -> None:
    twice = {**GIRL_POWER, "reports": (REPORT, REPORT)}
    given(grant).when(AwardGrant(**twice, lines=LINES)).refused("report-names-differ")
    backwards = REPORT.model_copy(update={"last_day": date(2007, 1, 1)})
    given(grant).when(AwardGrant(**{**GIRL_POWER, "reports": (backwards,)}, lines=LINES)).refused("days-in-order")


@pytest.mark.parametrize("day", ["2008-02-30", "2008-13-01", "2008-10", 1206230400, "2008-10-02T10:00:00"])
def test_an_impossible_or_partial_day_is_not_a_day_of_the_books(day: object) -> None:
    with pytest.raises(ValidationError):
        ReceiveInstalment.model_validate({"grant": GRANT, "amount": {"amount": "1.00"}, "occurred": day})


def test_an_amendment_moves_money_between_lines_from_its_own_day() -> None:
    moved = amend(JULY, ("food", "-400.00"), ("salaries", "400.00"))
    given(grant, awarded).when(moved).then(
        GrantAmended(
            grant=GRANT,
            amendment=AMENDMENT,
            changes=moved.changes,
            amount=money("4000.00"),
            by=Decimal(0),
            effective=JULY,
            occurred=date(2008, 6, 20),
        )
    )


def test_before_an_amendment_counts_the_old_earmark_holds() -> None:
    raised = given(grant, awarded).when(amend(JULY, ("food", "100.00"))).events
    given(grant, awarded, *raised).when(charge("1000.01", date(2008, 6, 30))).refused("within-the-earmark")
    assert given(grant, awarded, *raised).when(charge("1100.00", JULY)).events


def test_an_earmark_is_not_lowered_below_what_is_charged_on_any_later_day() -> None:
    history = (awarded, charged("900.00", date(2008, 9, 1)))
    error = given(grant, *history).when(amend(JULY, ("food", "-100.01"))).refused("within-the-earmark")
    assert error.facts["left"] == "100.00"
    assert given(grant, *history).when(amend(JULY, ("food", "-100.00"))).events


def test_an_earmark_is_not_lowered_below_what_is_reserved() -> None:
    given(grant, awarded, reserved("900.00", date(2008, 9, 1))).when(amend(JULY, ("food", "-100.01"))).refused(
        "within-the-earmark"
    )


def test_an_amendment_adds_a_line_from_its_own_day_on() -> None:
    history = given(grant, awarded).when(amend(JULY, new_lines=(line("rent", "300.00"),))).events
    given(grant, awarded, *history).when(charge("300.00", date(2008, 6, 30), line="rent")).refused("within-the-earmark")
    assert given(grant, awarded, *history).when(charge("300.00", JULY, line="rent")).events
    assert given(grant, awarded, *history).state().amount == Decimal("4300.00")


def test_a_line_that_is_added_has_a_new_name_and_the_grants_currency() -> None:
    given(grant, awarded).when(amend(JULY, new_lines=(line("food", "1.00"),))).refused("line-names-differ")
    litas = line("rent", "1.00").model_copy(update={"amount": money("1.00", "LTL")})
    given(grant, awarded).when(amend(JULY, new_lines=(litas,))).refused("currency-of-the-grant")


def test_a_line_changes_once_in_an_amendment() -> None:
    given(grant, awarded).when(amend(JULY, ("food", "1.00"), ("food", "2.00"))).refused("line-names-differ")


def test_only_a_line_that_is_there_is_changed() -> None:
    given(grant, awarded).when(amend(JULY, ("rent", "1.00"))).refused("line-exists")


def test_an_extension_carries_on_the_lines_that_ran_to_the_end_of_the_award() -> None:
    spring_only = in_2008(line("food", "1000.00")).model_copy(update={"last_day": date(2008, 5, 31)})
    start = awarded.model_copy(update={"lines": (spring_only, *awarded.lines[1:])})
    longer = given(grant, start).when(amend(JULY, eligible_until=date(2009, 3, 31))).events
    in_2009 = datetime(2009, 6, 1, tzinfo=UTC)
    winter = date(2009, 2, 1)
    assert given(grant, start, *longer).when(charge("1.00", winter, line="salaries"), now=in_2009).events
    given(grant, start, *longer).when(charge("1.00", winter), now=in_2009).refused("in-the-eligible-period")


def test_the_period_is_only_extended() -> None:
    given(grant, awarded).when(amend(JULY, eligible_until=date(2008, 11, 30))).refused("period-only-grows")


def test_an_amendment_changes_something() -> None:
    given(grant, awarded).when(amend(JULY)).refused("amendment-changes")


def test_an_amendment_counts_from_a_day_of_the_period() -> None:
    given(grant, awarded).when(amend(date(2007, 12, 31), ("food", "1.00"))).refused("in-the-eligible-period")


def test_an_amendment_does_not_reach_into_a_closed_period() -> None:
    given(grant, awarded, january_closed).when(amend(date(2008, 1, 15), ("food", "1.00"))).refused("period-is-open")


def test_an_amendment_may_count_from_a_day_to_come_but_not_be_agreed_on_one() -> None:
    assert given(grant, awarded).when(amend(date(2008, 12, 1), ("food", "1.00"))).events
    given(grant, awarded).when(amend(JULY, ("food", "1.00"), occurred=date(2008, 10, 3))).refused("not-in-the-future")


def test_a_change_finer_than_a_cent_is_refused() -> None:
    with pytest.raises(ValidationError):
        LineChange(line="food", by=Decimal("0.001"))


def test_an_instalment_is_received() -> None:
    command = ReceiveInstalment(grant=GRANT, instalment=INSTALMENT, amount=money("2000.00"), occurred=date(2008, 1, 15))
    given(grant, awarded).when(command).then(received("2000.00", date(2008, 1, 15)))


def test_instalments_stay_within_the_award() -> None:
    one_more_cent = ReceiveInstalment(grant=GRANT, amount=money("2000.01"), occurred=date(2008, 2, 15))
    given(grant, awarded, received("2000.00", date(2008, 1, 15))).when(one_more_cent).refused(
        "instalments-within-the-award"
    )


def test_an_instalment_is_in_the_grants_currency_and_has_come_in() -> None:
    litas = ReceiveInstalment(grant=GRANT, amount=money("1.00", "LTL"), occurred=date(2008, 1, 15))
    given(grant, awarded).when(litas).refused("currency-of-the-grant")
    tomorrow = ReceiveInstalment(grant=GRANT, amount=money("1.00"), occurred=date(2008, 10, 3))
    given(grant, awarded).when(tomorrow).refused("not-in-the-future")


def test_an_instalment_is_taken_back_once() -> None:
    back = ReverseInstalment(grant=GRANT, instalment=INSTALMENT, occurred=date(2008, 1, 17))
    gone = InstalmentReversed(grant=GRANT, instalment=INSTALMENT, amount=money("2000.00"), occurred=date(2008, 1, 17))
    history = (awarded, received("2000.00", date(2008, 1, 15)))
    given(grant, *history).when(back).then(gone)
    given(grant, *history, gone).when(back).refused("instalment-stands")
    assert given(grant, *history, gone).state().received == 0


@pytest.mark.parametrize(
    "command",
    [
        amend(JULY, ("food", "1.00")),
        ReceiveInstalment(grant=GRANT, amount=money("1.00"), occurred=date(2008, 1, 15)),
        ReverseInstalment(grant=GRANT, instalment=INSTALMENT, occurred=date(2008, 1, 17)),
    ],
)
def test_a_grant_must_be_awarded_and_not_closed(command: AwardGrant) -> None:
    given(grant).when(command).refused("not-found")
    closed = GrantClosed(grant=GRANT, returned=money("0.00"), occurred=date(2008, 9, 1))
    given(grant, awarded, closed).when(command).refused("grant-is-open")

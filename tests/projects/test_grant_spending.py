"""Money reserved, charged and reversed: within the earmark, on every day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from services.projects.grant import grant
from services.projects.grant.reporting import GrantClosed
from services.projects.grant.spending import (
    ChargeGrant,
    ChargeReversed,
    ReleaseReservation,
    ReservationReleased,
    ReverseCharge,
)
from services.projects.grant.state import Conversion
from shared.money import Rate, litas_rate
from shared.testing import given
from tests.projects.examples import (
    CHARGE,
    GRANT,
    RESERVATION,
    REVERSAL,
    SHARE,
    awarded,
    charge,
    charged,
    in_2008,
    january_closed,
    line,
    money,
    reserve,
    reserved,
    submitted,
)

JANUARY, MARCH, MAY, JULY = date(2008, 1, 15), date(2008, 3, 12), date(2008, 5, 2), date(2008, 7, 1)
OTHER_CHARGE = "05b1d0e3-9f46-4c28-9b7e-2d3c4f5a6b71"


def reverse(day: date) -> ReverseCharge:
    return ReverseCharge(grant=GRANT, reversal=REVERSAL, charge=CHARGE, occurred=day)


def reversed_on(day: date, amount: str = "1000.00") -> ChargeReversed:
    return ChargeReversed(
        grant=GRANT, reversal=REVERSAL, charge=CHARGE, line="food", amount=money(amount), occurred=day
    )


def release(day: date, amount: str | None = None) -> ReleaseReservation:
    return ReleaseReservation(
        grant=GRANT, reservation=RESERVATION, amount=money(amount) if amount else None, occurred=day
    )


def released(day: date, amount: str) -> ReservationReleased:
    return ReservationReleased(grant=GRANT, reservation=RESERVATION, line="food", amount=money(amount), occurred=day)


def test_a_cost_is_charged_to_its_line() -> None:
    given(grant, awarded).when(charge("345.00", MARCH)).then(charged("345.00", MARCH))


def test_the_whole_earmark_can_be_charged_and_not_a_cent_more() -> None:
    assert given(grant, awarded).when(charge("1000.00", MARCH)).events
    error = given(grant, awarded).when(charge("1000.01", MARCH)).refused("within-the-earmark")
    assert "1000.00 EUR would be accepted" in str(error)


def test_a_backdated_charge_counts_on_every_day_after_it() -> None:
    history = (awarded, charged("900.00", JULY))
    given(grant, *history).when(charge("100.01", JANUARY, charge=OTHER_CHARGE)).refused("within-the-earmark")
    assert given(grant, *history).when(charge("100.00", JANUARY, charge=OTHER_CHARGE)).events


def test_a_charge_over_the_earmark_by_a_cent_on_a_day_in_between_is_refused() -> None:
    history = (awarded, charged("1000.00", MARCH), reversed_on(JULY))
    assert given(grant, *history).state().lines["food"].headroom.on(JULY) == Decimal("1000.00")
    given(grant, *history).when(charge("0.01", JANUARY, charge=OTHER_CHARGE)).refused("within-the-earmark")
    given(grant, *history).when(charge("0.01", MAY, charge=OTHER_CHARGE)).refused("within-the-earmark")
    assert given(grant, *history).when(charge("1000.00", JULY, charge=OTHER_CHARGE)).events


def test_each_line_has_its_own_earmark() -> None:
    history = (awarded, charged("1000.00", MARCH))
    assert given(grant, *history).when(charge("2500.00", MARCH, line="salaries", charge=OTHER_CHARGE)).events


def test_a_cost_goes_on_a_line_that_is_there() -> None:
    error = given(grant, awarded).when(charge("1.00", MARCH, line="rent")).refused("line-exists")
    assert "food, salaries, events" in str(error)


@pytest.mark.parametrize("day", [date(2007, 12, 31), date(2008, 6, 1)])
def test_a_cost_lies_in_its_lines_period(day: date) -> None:
    spring = in_2008(line("food", "1000.00")).model_copy(update={"last_day": date(2008, 5, 31)})
    start = awarded.model_copy(update={"lines": (spring, *awarded.lines[1:])})
    given(grant, start).when(charge("1.00", day)).refused("in-the-eligible-period")


def test_a_cost_has_been_incurred() -> None:
    given(grant, awarded).when(charge("1.00", date(2008, 10, 3))).refused("not-in-the-future")


def test_a_cost_is_of_at_least_a_cent() -> None:
    given(grant, awarded).when(charge("0.00", MARCH)).refused("at-least-a-cent")


@pytest.mark.parametrize("amount", ["-1.00", "1.001"])
def test_a_negative_or_three_decimal_cost_is_refused(amount: str) -> None:
    with pytest.raises(ValidationError):
        ChargeGrant.model_validate(
            {"grant": GRANT, "line": "food", "amount": {"amount": amount}, "reference": "x", "occurred": "2008-03-12"}
        )


def test_a_litas_cost_on_a_euro_grant_keeps_rate_source_day_and_original() -> None:
    litas = money("345.28", "LTL")
    given(grant, awarded).when(charge("345.28", MARCH, "LTL")).then(
        charged("100.00", MARCH, conversion=Conversion(original=litas, rate=litas_rate(MARCH)))
    )


def test_no_other_litas_rate_than_the_fixed_one_counts() -> None:
    invented = Rate(currency="LTL", per_euro=Decimal("1.0"), source="a guess", on=MARCH)
    outcome = given(grant, awarded).when(charge("345.28", MARCH, "LTL", rate=invented))
    outcome.then(
        charged("100.00", MARCH, conversion=Conversion(original=money("345.28", "LTL"), rate=litas_rate(MARCH)))
    )


def test_a_cost_in_another_currency_needs_the_rate_of_the_day() -> None:
    kronor = money("960.55", "SEK")
    given(grant, awarded).when(charge("960.55", MARCH, "SEK")).refused("currency-of-the-grant")
    rate = Rate(currency="SEK", per_euro=Decimal("9.6055"), source="European Central Bank", on=MARCH)
    given(grant, awarded).when(charge("960.55", MARCH, "SEK", rate=rate)).then(
        charged("100.00", MARCH, conversion=Conversion(original=kronor, rate=rate))
    )


def test_a_cost_that_comes_to_less_than_a_cent_is_refused() -> None:
    given(grant, awarded).when(charge("0.01", MARCH, "LTL")).refused("at-least-a-cent")


def test_a_promise_is_reserved_within_the_earmark() -> None:
    given(grant, awarded).when(reserve("1000.00", MARCH)).then(reserved("1000.00", MARCH))
    given(grant, awarded).when(reserve("1000.01", MARCH)).refused("within-the-earmark")


def test_reserved_and_charged_together_stay_within_the_earmark() -> None:
    history = (awarded, reserved("600.00", MAY))
    given(grant, *history).when(charge("400.01", JANUARY)).refused("within-the-earmark")
    assert given(grant, *history).when(charge("400.00", JANUARY)).events


def test_a_charge_uses_its_reservation() -> None:
    history = (awarded, reserved("1000.00", MARCH))
    by_reservation = charge("600.00", MAY, reservation=RESERVATION)
    expected = charged("600.00", MAY, reservation=RESERVATION, reserved_on=MARCH)
    given(grant, *history).when(by_reservation).then(expected)
    state = given(grant, *history, expected).state()
    assert (state.reserved, state.spent) == (Decimal("400.00"), Decimal("600.00"))
    assert state.lines["food"].headroom.least_from(MARCH) == 0


def test_a_charge_before_the_day_of_its_reservation_needs_room_until_then() -> None:
    history = (
        awarded,
        charged("500.00", JANUARY, charge=OTHER_CHARGE),
        reversed_on_other(MAY),
        reserved("900.00", MAY),
    )
    given(grant, *history).when(charge("600.00", MARCH, reservation=RESERVATION)).refused("within-the-earmark")
    assert given(grant, *history).when(charge("500.00", MARCH, reservation=RESERVATION)).events


def reversed_on_other(day: date) -> ChargeReversed:
    return reversed_on(day, "500.00").model_copy(update={"charge": OTHER_CHARGE})


def test_a_charge_stays_within_its_reservation_and_on_its_line() -> None:
    history = (awarded, reserved("100.00", MARCH))
    given(grant, *history).when(charge("100.01", MAY, reservation=RESERVATION)).refused("within-the-reservation")
    given(grant, *history).when(charge("1.00", MAY, line="salaries", reservation=RESERVATION)).refused(
        "within-the-reservation"
    )


def test_a_used_up_reservation_is_not_used_again() -> None:
    used = charged("100.00", MAY, reservation=RESERVATION, reserved_on=MARCH)
    history = (awarded, reserved("100.00", MARCH), used)
    again = charge("0.01", MAY, charge=OTHER_CHARGE, reservation=RESERVATION)
    given(grant, *history).when(again).refused("reservation-stands")
    given(grant, *history).when(release(JULY)).refused("reservation-stands")


def test_a_reservation_is_given_back_whole_or_in_part() -> None:
    history = (awarded, reserved("1000.00", MARCH))
    given(grant, *history).when(release(MAY)).then(released(MAY, "1000.00"))
    given(grant, *history).when(release(MAY, "300.00")).then(released(MAY, "300.00"))
    rest = given(grant, *history, released(MAY, "300.00")).state()
    assert rest.reserved == Decimal("700.00")
    assert rest.lines["food"].headroom.on(MAY) == Decimal("300.00")


def test_no_more_is_given_back_than_is_reserved() -> None:
    for amount in ("1000.01", "0.00"):
        given(grant, awarded, reserved("1000.00", MARCH)).when(release(MAY, amount)).refused("within-the-reservation")


def test_money_is_given_back_after_it_was_reserved() -> None:
    given(grant, awarded, reserved("1000.00", MARCH)).when(release(JANUARY)).refused("not-before-the-entry")


def test_what_is_reserved_for_an_expense_follows_the_expense() -> None:
    history = (awarded, reserved("100.00", MARCH, share=SHARE))
    given(grant, *history).when(release(MAY)).refused("reserved-for-an-expense")
    given(grant, *history).when(charge("1.00", MAY, reservation=RESERVATION)).refused("reserved-for-an-expense")


def test_a_charge_is_reversed_on_a_day_of_the_reversals_own() -> None:
    history = (awarded, charged("1000.00", MARCH))
    given(grant, *history).when(reverse(MAY)).then(reversed_on(MAY))
    after = given(grant, *history, reversed_on(MAY)).state()
    headroom = after.lines["food"].headroom
    assert [headroom.on(day) for day in (JANUARY, MARCH, MAY)] == [Decimal("1000.00"), Decimal(0), Decimal("1000.00")]
    assert after.spent == 0


def test_a_charge_is_reversed_once() -> None:
    given(grant, awarded, charged("1000.00", MARCH), reversed_on(MAY)).when(reverse(JULY)).refused("charge-stands")
    given(grant, awarded).when(reverse(JULY)).refused("charge-stands")


def test_a_charge_is_not_reversed_before_it_was_made() -> None:
    given(grant, awarded, charged("1000.00", MARCH)).when(reverse(JANUARY)).refused("not-before-the-entry")


def test_a_reversal_may_lie_after_the_eligible_period() -> None:
    next_year = date(2009, 2, 1)
    outcome = given(grant, awarded, charged("1000.00", MARCH)).when(
        reverse(next_year), now=datetime(2009, 3, 1, tzinfo=UTC)
    )
    outcome.then(reversed_on(next_year))


@pytest.mark.parametrize("command", [charge("1.00", JANUARY), reserve("1.00", JANUARY)])
def test_a_closed_period_takes_no_entries(command: ChargeGrant) -> None:
    given(grant, awarded, january_closed).when(command).refused("period-is-open")


def test_a_reported_period_takes_no_entries_and_is_corrected_in_an_open_one() -> None:
    history = (awarded, charged("1000.00", MARCH), submitted)
    given(grant, *history).when(charge("1.00", date(2008, 3, 31), line="salaries")).refused("period-is-open")
    given(grant, *history).when(reverse(date(2008, 3, 31))).refused("period-is-open")
    assert given(grant, *history).when(reverse(date(2008, 4, 1))).events


def test_a_reservation_is_not_given_back_in_a_closed_period() -> None:
    history = (awarded, reserved("10.00", JANUARY), january_closed)
    given(grant, *history).when(release(JANUARY)).refused("period-is-open")
    assert given(grant, *history).when(release(MAY)).events


@pytest.mark.parametrize("command", [charge("1.00", MARCH), reserve("1.00", MARCH), release(MAY), reverse(MAY)])
def test_a_grant_must_be_awarded_and_not_closed(command: ChargeGrant) -> None:
    given(grant).when(command).refused("not-found")
    closed = GrantClosed(grant=GRANT, returned=money("0.00"), occurred=date(2008, 9, 1))
    given(grant, awarded, closed).when(command).refused("grant-is-open")

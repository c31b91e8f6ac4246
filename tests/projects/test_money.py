"""Money: exact to the cent, converted by dividing, split without a rest."""

from __future__ import annotations

import csv
import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, strategies
from pydantic import ValidationError

from shared.money import CENT, Money, Rate, convert, litas_rate, litas_to_euro, split

STANDARDS = Path(os.environ.get("STANDARDS_DIR", Path(__file__).parents[3] / "shared" / "standards"))
WORKED_EXAMPLES = STANDARDS / "eur-ltl" / "cases.csv"


@pytest.mark.skipif(not WORKED_EXAMPLES.exists(), reason="the euro's worked examples are not here: set STANDARDS_DIR")
def test_litas_are_converted_as_in_the_worked_examples_of_the_changeover() -> None:
    with WORKED_EXAMPLES.open(newline="") as file:
        examples = list(csv.DictReader(file))
    assert len(examples) == 10
    for example in examples:
        up = example["rule"] == "income_up_to_recipient_benefit"
        euro = litas_to_euro(Decimal(example["ltl"]), due_to_person=up)
        assert euro == Decimal(example["eur_expected"]), example


def test_a_price_is_rounded_half_up_and_what_is_due_to_a_person_always_up() -> None:
    assert litas_to_euro(Decimal("1540")) == Decimal("446.01")
    assert litas_to_euro(Decimal("1540"), due_to_person=True) == Decimal("446.02")


def test_litas_are_divided_by_the_rate_and_never_multiplied_by_its_inverse() -> None:
    litas = Decimal("1000000.00")
    inverse = (1 / Decimal("3.45280")).quantize(Decimal("0.000001"))
    assert litas_to_euro(litas) == Decimal("289620.02")
    assert (litas * inverse).quantize(CENT) != litas_to_euro(litas)


def test_the_litas_has_no_fixed_rate_before_its_peg() -> None:
    assert litas_rate(date(2002, 2, 2)).per_euro == Decimal("3.45280")
    with pytest.raises(ValueError, match="before 2002-02-02"):
        litas_rate(date(2002, 2, 1))


def test_euros_become_litas_by_multiplying() -> None:
    assert convert(Money(amount=Decimal("100")), "LTL", litas_rate(date(2008, 1, 1))) == Money(
        amount=Decimal("345.28"), currency="LTL"
    )


def test_a_rate_of_another_currency_does_not_convert() -> None:
    kronor = Rate(currency="SEK", per_euro=Decimal("9.6055"), source="European Central Bank", on=date(2008, 10, 2))
    assert convert(Money(amount=Decimal("960.55"), currency="SEK"), "EUR", kronor).amount == Decimal("100.00")
    with pytest.raises(ValueError, match="does not turn USD into EUR"):
        convert(Money(amount=Decimal("1"), currency="USD"), "EUR", kronor)


@pytest.mark.parametrize("amount", ["-0.01", "0.001", "NaN", "Infinity", "1e15"])
def test_an_amount_that_is_negative_finer_than_a_cent_or_no_number_is_refused(amount: str) -> None:
    with pytest.raises(ValidationError):
        Money(amount=Decimal(amount))


def test_amounts_of_two_currencies_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Money(amount=Decimal(1)) + Money(amount=Decimal(1), currency="LTL")


def test_a_rest_goes_to_the_largest_remainder_and_a_tie_to_the_earlier_part() -> None:
    assert split(Decimal("100.00"), [1, 1, 1]) == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
    assert split(Decimal("0.05"), [2, 3, 5]) == [Decimal("0.01"), Decimal("0.02"), Decimal("0.02")]
    assert split(Decimal("0.10"), [30, 33, 37]) == [Decimal("0.03"), Decimal("0.03"), Decimal("0.04")]


@given(
    strategies.integers(0, 10**12).map(lambda cents: cents * CENT),
    strategies.lists(strategies.integers(1, 10**6), min_size=1, max_size=20),
)
def test_a_split_adds_up_to_the_cent_and_each_part_is_within_a_cent_of_its_weight(
    amount: Decimal, weights: list[int]
) -> None:
    parts = split(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - amount * weight) < CENT * sum(weights)


def test_a_split_needs_parts_above_nothing() -> None:
    for weights in ([], [1, 0], [-1, 2]):
        with pytest.raises(ValueError, match="a split needs"):
            split(Decimal(1), weights)

"""Money: a decimal amount in cents' precision, with its currency. Never a float."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

Currency = Literal["EUR", "LTL", "USD", "GBP", "SEK", "NOK", "DKK", "CHF"]
Amount = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=2, allow_inf_nan=False, examples=["1250.00"])]

CENT = Decimal("0.01")
LITAS_PER_EURO = Decimal("3.45280")  # irrevocably fixed by Council Regulation (EU) No 851/2014
LITAS_PEGGED = date(2002, 2, 2)  # from this day the litas was pegged to the euro at the same rate
LITAS_GONE = date(2015, 1, 1)


class Money(BaseModel):
    """An amount of at least nothing, to the cent, in one currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Amount
    currency: Currency = "EUR"

    def __add__(self, other: Self) -> Self:
        return self._of(self.amount + self._same(other))

    def __sub__(self, other: Self) -> Self:
        return self._of(self.amount - self._same(other))

    def _same(self, other: Self) -> Decimal:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")
        return other.amount

    def _of(self, amount: Decimal) -> Self:
        return type(self)(amount=amount, currency=self.currency)

    def __str__(self) -> str:
        return f"{self.amount:.2f} {self.currency}"


class Rate(BaseModel):
    """How many units of a currency one euro bought on a day, and who says so. Euro rates are always quoted this way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: Currency = Field(description="The currency that is not the euro", examples=["SEK"])
    per_euro: Decimal = Field(
        gt=0, max_digits=12, allow_inf_nan=False, description="Units for one euro, never rounded", examples=["9.6055"]
    )
    source: str = Field(min_length=1, max_length=200, description="Who says so", examples=["European Central Bank"])
    on: date = Field(description="The day that the rate is of", examples=["2008-10-02"])


def litas_rate(on: date) -> Rate:
    """The one rate of the litas, from the day of its peg on. Raises ValueError for an earlier day."""
    if on < LITAS_PEGGED:
        raise ValueError(f"before {LITAS_PEGGED} the litas had no fixed rate to the euro: give the rate of the day")
    source = "Bank of Lithuania, official rate" if on < LITAS_GONE else "Council Regulation (EU) No 851/2014"
    return Rate(currency="LTL", per_euro=LITAS_PER_EURO, source=source, on=on)


def litas_to_euro(litas: Decimal, *, due_to_person: bool = False) -> Decimal:
    """Convert by dividing by the fixed rate, never by its inverse (Council Regulation 1103/97, article 4).

    Prices are rounded half up to the cent, amounts that are due to a person always up.
    """
    return (litas / LITAS_PER_EURO).quantize(CENT, ROUND_UP if due_to_person else ROUND_HALF_UP)


def convert(money: Money, to: Currency, rate: Rate, *, due_to_person: bool = False) -> Money:
    """`money` in another currency, one of the two being the euro. Raises ValueError unless `rate` is between them."""
    rounding = ROUND_UP if due_to_person else ROUND_HALF_UP
    if to == "EUR" and rate.currency == money.currency:
        return Money(amount=(money.amount / rate.per_euro).quantize(CENT, rounding), currency=to)
    if money.currency == "EUR" and rate.currency == to:
        return Money(amount=(money.amount * rate.per_euro).quantize(CENT, rounding), currency=to)
    raise ValueError(f"a rate of the {rate.currency} does not turn {money.currency} into {to}")


def split(amount: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """Divide `amount` by weights, to the cent and without a rest, by largest remainder; ties go to the earlier one.

    Raises ValueError unless all weights are positive.
    """
    if not weights or min(weights) <= 0:
        raise ValueError("a split needs at least one part, and parts above nothing")
    whole = sum(weights)
    cents, rests = zip(*(divmod(int(amount / CENT) * weight, whole) for weight in weights), strict=True)
    missing = int(amount / CENT) - sum(cents)
    rounded_up = set(sorted(range(len(weights)), key=lambda part: -rests[part])[:missing])
    return [(cents[part] + (part in rounded_up)) * CENT for part in range(len(weights))]

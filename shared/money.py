"""Money: a decimal amount in cents' precision, with its currency. Never a float."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

Currency = Literal["EUR", "LTL", "USD", "GBP", "SEK", "NOK", "DKK", "CHF"]
Amount = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=2, allow_inf_nan=False, examples=["1250.00"])]

LITAS_PER_EURO = Decimal("3.45280")  # irrevocably fixed by Council Regulation (EU) No 851/2014


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


def litas_to_euro(litas: Decimal) -> Decimal:
    """Convert by dividing by the fixed rate, never by its inverse, half up to the cent (Council Regulation 1103/97)."""
    return (litas / LITAS_PER_EURO).quantize(Decimal("0.01"), ROUND_HALF_UP)

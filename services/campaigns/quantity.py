"""How many, as the source says it: exactly, about, or "some" without a number."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Precision(StrEnum):
    """How well a quantity is known."""

    EXACT = "exact"
    APPROXIMATE = "approximate"
    UNSTATED = "unstated"


class Quantity(BaseModel):
    """A count. `unstated` means that there were some and nobody wrote down how many; none at all is an exact 0."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{"number": 24}]})

    number: int | None = Field(default=None, ge=0, le=10_000_000, examples=[24])
    precision: Precision = Field(default=Precision.EXACT, examples=["exact"])

    @model_validator(mode="after")
    def _number_fits_precision(self) -> Self:
        if (self.number is None) != (self.precision is Precision.UNSTATED):
            raise ValueError("an exact or approximate quantity needs a number, an unstated one has none")
        return self

    @property
    def none_at_all(self) -> bool:
        """Whether it is known that there was not one."""
        return self.number == 0

    def __str__(self) -> str:
        if self.number is None:
            return "an unstated number"
        return f"about {self.number}" if self.precision is Precision.APPROXIMATE else str(self.number)


UNSTATED = Quantity(precision=Precision.UNSTATED)


def exactly(number: int) -> Quantity:
    """A number that was counted."""
    return Quantity(number=number)


def about(number: int) -> Quantity:
    """A number that somebody estimated."""
    return Quantity(number=number, precision=Precision.APPROXIMATE)

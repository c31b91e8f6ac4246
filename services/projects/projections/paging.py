"""Pages that stay stable while the list grows: the next one starts after the last row of this one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import Field
from sqlalchemy import RowMapping

T = TypeVar("T")

After = Annotated[
    str | None, Field(max_length=200, description="Go on after this: the `next` of the page before", examples=[None])
]
Limit = Annotated[int, Field(ge=1, le=500, description="How many at most", examples=[50])]
Next = Annotated[str | None, Field(description="Give it as `after` for the next page; null on the last one")]


def page(
    rows: Sequence[RowMapping], limit: int, read: Callable[[RowMapping], T], cursor: Callable[[RowMapping], str]
) -> tuple[tuple[T, ...], str | None]:
    """The first `limit` of `rows`, and where to go on if there is one more."""
    shown = rows[:limit]
    return tuple(map(read, shown)), cursor(shown[-1]) if len(rows) > limit else None


def cents(amount: Decimal) -> int:
    """An amount as a read model adds it up."""
    return int(amount.scaleb(2))


def amount_of(total: int | None) -> Decimal:
    """The amount of a number of cents."""
    return Decimal(total or 0).scaleb(-2)

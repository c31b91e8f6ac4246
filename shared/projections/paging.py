"""Pages that stay stable while a list grows: the next one starts after the last row of this one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from pydantic import Field
from sqlalchemy import RowMapping

T = TypeVar("T")

After = Annotated[
    int | None, Field(ge=0, description="Go on after this: the `next` of the page before", examples=[None])
]
Limit = Annotated[int, Field(ge=1, le=500, description="How many at most", examples=[50])]
Next = Annotated[int | None, Field(description="Give it as `after` for the next page; null on the last one")]


def page(rows: Sequence[RowMapping], limit: int, shown: Callable[[RowMapping], T]) -> tuple[tuple[T, ...], int | None]:
    """The first `limit` of `rows`, and the `position` to go on after if there is one more.

    Ask for `limit + 1` rows, in the order of their positions.
    """
    first = rows[:limit]
    return tuple(map(shown, first)), first[-1]["position"] if len(rows) > limit else None

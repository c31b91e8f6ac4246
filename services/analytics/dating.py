"""Days as the reports count by them: a whole number such as 20081002, and how vague the date behind it was."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Integer, SmallInteger, func

from shared.dates import span

EXACT_DAY, WITHIN_A_YEAR, ACROSS_YEARS = 0, 1, 2
"""How vague a date is: what falls within one year is exact enough for a report of whole years."""

ALWAYS = 9999_12_31


def number_of(day: date) -> int:
    """20081002 for 2 October 2008: it sorts, and its year is a division away."""
    return day.year * 1_00_00 + day.month * 1_00 + day.day


@lru_cache(maxsize=65_536)
def dated(occurred: str) -> tuple[int, int, int]:
    """The first day, the last day, and how vague an EDTF date is."""
    first, last = span(occurred)
    vague = EXACT_DAY if first == last else WITHIN_A_YEAR if first.year == last.year else ACROSS_YEARS
    return number_of(first), number_of(last), vague


def day_columns() -> list[Column[Any]]:
    """When a fact counts, and how good what is known of it is."""
    return [Column("day", Integer), Column("vague", SmallInteger), Column("synthetic", SmallInteger)]


def marks(columns: Any) -> list[Any]:
    """The worst of what is known of the rows counted."""
    return [func.max(columns.vague).label("vague"), func.max(columns.synthetic).label("synthetic")]

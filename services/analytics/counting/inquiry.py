"""One report in the making: its period, and what is found on the way about how good each figure is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, Select, Table

from services.analytics.dating import EXACT_DAY, WITHIN_A_YEAR, number_of
from services.analytics.report import ReportActivity
from services.analytics.suppression import SMALLEST
from shared.projections.declaration import Asking


class Inquiry:
    """What everything that is counted for one report shares. `first` and `last` are its days, as `dating` has them."""

    def __init__(self, query: ReportActivity, asking: Asking) -> None:
        self.query = query
        self.first, self.last = number_of(query.first), number_of(query.last)
        self.asking = asking
        self.suppressed: list[str] = []
        self.approximate: list[str] = []
        self.synthetic: list[str] = []
        self._vague_enough = WITHIN_A_YEAR if query.whole_years else EXACT_DAY

    @property
    def years(self) -> range:
        """The years of the period."""
        return range(self.query.first.year, self.query.last.year + 1)

    def live(self, table: Table) -> Table:
        """The table to build statements on."""
        return self.asking.live(table)

    def rows(self, statement: Select[Any]) -> Sequence[RowMapping]:
        """What a statement finds."""
        return self.asking.rows(statement)

    def within(self, day: Any) -> Any:
        """That a day is one of the period's."""
        return day.between(self.first, self.last)

    def note(self, figure: str, found: Sequence[RowMapping]) -> None:
        """Mark a figure by the worst `vague` and `synthetic` of what it rests on."""
        if any((row["vague"] or 0) > self._vague_enough for row in found):
            self.approximate.append(figure)
        if any(row["synthetic"] for row in found):
            self.synthetic.append(figure)

    def persons(self, figure: str, number: int) -> int | None:
        """A count of persons, unless it is too small to be shown."""
        if number >= SMALLEST:
            return number
        self.hide(figure)
        return None

    def hide(self, figure: str) -> None:
        """Name a figure that is not shown."""
        self.suppressed.append(figure)

"""Figures as they are printed: written as the language does, and marked by how good they are."""

from __future__ import annotations

from services.analytics.report import ActivityReport
from services.analytics.reported import Participants
from services.analytics.sheet.words import APPROXIMATE, HIDDEN, INVENTED, Words


class Marking:
    """The marks of one report, in one language."""

    def __init__(self, report: ActivityReport, words: Words) -> None:
        self.words = words
        self._invented = frozenset(report.synthetic)
        self._approximate = frozenset(report.approximate)

    def number(self, number: int | None, figure: str) -> str:
        """A count, with the marks of its figure; what stands for it where it is not shown."""
        if number is None:
            return HIDDEN
        about = f"{APPROXIMATE} " if figure in self._approximate else ""
        return about + self.invented(self.words.number(number), number > 0 and figure in self._invented)

    def heading(self, text: str, figure: str) -> str:
        """What stands over numbers that all have the marks of one figure."""
        return self.invented(text, figure in self._invented)

    def invented(self, text: str, synthetic: bool) -> str:
        """A text, marked if what it says is invented."""
        return f"{text} {INVENTED}" if synthetic else text

    def participants(self, count: Participants | None, synthetic: bool = False) -> str:
        """How many took part."""
        if count is None:
            return HIDDEN
        if count.number is None:
            return self.words.say("number not stated")
        about = f"{APPROXIMATE} " if count.precision == "approximate" else ""
        return about + self.invented(self.words.number(count.number), synthetic)

    def is_invented(self, figure: str) -> bool:
        """Whether a figure rests on invented records."""
        return figure in self._invented

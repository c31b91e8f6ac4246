"""Figures as they are printed: written as the language does, and marked by how good they are; and recorded texts."""

from __future__ import annotations

from collections.abc import Iterable

from services.analytics.report import ActivityReport
from services.analytics.reported import Participants, SayingReported
from services.analytics.sheet.quoting import UNKNOWN, quoted
from services.analytics.sheet.words import APPROXIMATE, HIDDEN, INVENTED, Words


class Marking:
    """The marks of one report, in one language."""

    def __init__(self, report: ActivityReport, words: Words) -> None:
        self.words = words
        self._invented = frozenset(report.synthetic)
        self._approximate = frozenset(report.approximate)
        self._texts = {told.text: told for told in report.texts}

    def number(self, number: int | None, figure: str) -> str:
        """A count, with the marks of its figure; what stands for it where it is not shown."""
        if number is None:
            return HIDDEN
        about = f"{APPROXIMATE}\N{NO-BREAK SPACE}" if figure in self._approximate else ""
        return about + self.invented(self.words.number(number), number > 0 and figure in self._invented)

    def heading(self, text: str, figure: str) -> str:
        """What stands over numbers that all have the marks of one figure."""
        return self.invented(text, figure in self._invented)

    def invented(self, text: str, synthetic: bool) -> str:
        """A text, marked if what it says is invented."""
        return f"{text}\N{NO-BREAK SPACE}{INVENTED}" if synthetic else text

    def participants(self, count: Participants | None, synthetic: bool = False) -> str:
        """How many took part."""
        if count is None:
            return HIDDEN
        if count.number is None:
            return self.words.say("number not stated")
        about = f"{APPROXIMATE}\N{NO-BREAK SPACE}" if count.precision == "approximate" else ""
        return about + self.invented(self.words.number(count.number), synthetic)

    def recorded(self, text: str) -> str:
        """A text of the record: in the language of the sheet where it was translated, otherwise as it was recorded."""
        told = self._texts.get(text)
        return self.said(told.says, text, told.written_in) if told else quoted(text)

    def said(self, says: Iterable[SayingReported], otherwise: str, written_in: str = UNKNOWN) -> str:
        """What is said in the language of the sheet; otherwise this, in its own language."""
        if written_in == self.words.language:
            return otherwise
        in_language = (saying.text for saying in says if saying.language == self.words.language)
        return next(in_language, None) or quoted(otherwise, written_in)

    def is_invented(self, figure: str) -> bool:
        """Whether a figure rests on invented records."""
        return figure in self._invented

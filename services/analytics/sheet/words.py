"""Words in the reader's language: translations with plural forms; dates, money and numbers as it writes them.

Sentences stand in the code in English, and in the catalogues `locale/<language>.po`, which are compiled in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent
from babel.support import Translations

CATALOGUES = Path(__file__).parent / "locale"

INVENTED, APPROXIMATE, HIDDEN = "†", "≈", "<\N{NO-BREAK SPACE}10"
"""How a figure is marked that rests on invented records, that is an estimate, that is too small to be shown."""


class Language(StrEnum):
    """The languages that reports are published in."""

    LITHUANIAN = "lt"
    ENGLISH = "en"
    FRENCH = "fr"


LOCALES = {Language.LITHUANIAN: "lt_LT", Language.ENGLISH: "en_GB", Language.FRENCH: "fr_FR"}


def mark(text: str) -> str:
    """Marks a text for translation where it stands; it is said later."""
    return text


class Words:
    """One language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.locale = Locale.parse(LOCALES[language])
        path = CATALOGUES / f"{language}.po"
        compiled = BytesIO()
        with path.open("rb") as catalogue:
            write_mo(compiled, read_po(catalogue, locale=language))
        compiled.seek(0)
        self._translations = Translations(compiled)

    def say(self, text: str, **values: object) -> str:
        """A sentence, with values for its `{names}`."""
        return self._translations.gettext(text).format(**values)

    def count(self, one: str, many: str, number: int, **values: object) -> str:
        """A sentence about a number, in the right form; `{number}` in it is that number."""
        return self._translations.ngettext(one, many, number).format(number=self.number(number), **values)

    def pair(self, name: str, value: str) -> str:
        """What something is called, and how much it is."""
        return self.say("{name}:\N{NO-BREAK SPACE}{value}", name=name, value=value)

    def listed(self, parts: Iterable[str]) -> str:
        """Several things of a kind, one after the other."""
        return self.say("; ").join(parts)

    def number(self, number: int | Decimal) -> str:
        """1 234.5 as the language writes it."""
        return str(format_decimal(number, locale=self.locale))

    def percent(self, share: Decimal) -> str:
        """A share that is given in per cent, to one decimal."""
        decimals = self.locale.percent_formats[None].pattern.replace("#,##0", "#,##0.0")
        return str(format_percent(share / 100, format=decimals, locale=self.locale))

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount to the cent."""
        return str(format_currency(amount, currency, locale=self.locale))

    def round_money(self, amount: Decimal, currency: str) -> str:
        """An amount in whole units, for an overview."""
        pattern = self.locale.currency_formats["standard"].pattern.replace(".00", "")
        return str(format_currency(amount, currency, format=pattern, locale=self.locale, currency_digits=False))

    def day(self, day: date) -> str:
        """2 October 2008."""
        return str(format_date(day, "long", locale=self.locale))

    def day_of_year(self, month: int, day: int) -> str:
        """25 May, as a day that recurs."""
        return str(format_skeleton("MMMMd", date(2000, month, day), locale=self.locale))

    def when(self, occurred: str) -> str:
        """A date that is perhaps known only in part (EDTF), as well as it is known."""
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", occurred[:10]) and occurred[10:11] in ("", "T"):
            return self.day(date.fromisoformat(occurred[:10]))
        if month := re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", occurred):
            return str(format_skeleton("yMMMM", date(int(month[1]), int(month[2]), 1), locale=self.locale))
        if years := re.fullmatch(r"(\d{4})/(\d{4})", occurred):
            return f"{years[1]}–{years[2]}"
        return occurred

    def country(self, code: str) -> str:
        """A country by its ISO 3166 code."""
        return str(self.locale.territories.get(code, code))


@cache
def words_in(language: Language) -> Words:
    """The words of a language, read once."""
    return Words(language)

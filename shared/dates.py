"""When something happened: a date that may be known only in part, or an instant with its zone.

Written as EDTF (ISO 8601-2, Library of Congress, levels 0 and 1): `1998`, `2004-21` (spring 2004), `1970~` (about
1970), `2004-05/2004-06`, `2008-10-02`; or as a zoned instant, `2008-10-02T10:00:00+03:00`. An interval that is asked
for has both its ends, in their order; one that was recorded without is still read.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

import edtf
from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from shared.errors import DomainError

HERE = ZoneInfo("Europe/Vilnius")
"""Where the centre is: a day begins and ends at midnight here."""

ASKED = {"asked": True}
"""The validation context of what somebody asks for, which may be held to more than what was once recorded."""

_WHOLE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WINTER = re.compile(r"(\d{4})-24([~?%]?)")
_PART = re.compile(r"(\d{2,4})(X{1,2})?(?:-(\d{2}))?([~?%]?)")
_SEASONS = {21: "spring", 22: "summer", 23: "autumn", 24: "winter"}
_QUALIFIED = {"": "", "~": "about ", "?": "perhaps ", "%": "perhaps about "}


@lru_cache(maxsize=65536)
def span(text: str) -> tuple[date, date]:
    """The first and the last day that `text` may mean. Raises ValueError with what would be accepted."""
    return _read(text, with_margin=False)


def widest(text: str) -> tuple[date, date]:
    """The same, with a margin where it is only about so: about 1989 may be 1988 or 1990."""
    return _read(text, with_margin=True)


def _read(text: str, *, with_margin: bool) -> tuple[date, date]:
    try:
        if _WHOLE_DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return day, day
        if "T" in text:
            instant = datetime.fromisoformat(text)
            if instant.tzinfo is None:
                raise ValueError("an instant needs its zone")
            day = instant.astimezone(HERE).date()
            return day, day
        if "/" in text:
            return _between(text, with_margin=with_margin)
        if winter := _WINTER.fullmatch(text):  # of a year's two, nobody says which
            year, margin = int(winter[1]), with_margin and winter[2] != ""
            return date(year - margin, 1, 1), date(year + margin + 1, 3, 1) - timedelta(days=1)
        parsed = edtf.parse_edtf(text)
        ends = (
            (parsed.lower_fuzzy(), parsed.upper_fuzzy())
            if with_margin
            else (parsed.lower_strict(), parsed.upper_strict())
        )
        return date(*ends[0][:3]), date(*ends[1][:3])
    except Exception as error:
        raise ValueError(
            "this is not a date: write 2008-10-02, 2008-10, 2008, 2004-21 (spring 2004), 1970~ (about 1970) "
            "or an instant with its zone such as 2008-10-02T10:00:00+03:00"
        ) from error


def _between(text: str, *, with_margin: bool) -> tuple[date, date]:
    """From the first day of one end to the last of the other; an end that is left out is ten years off."""
    first, last = text.split("/")
    if not (first and last):
        parsed = edtf.parse_edtf(text)
        return date(*parsed.lower_strict()[:3]), date(*parsed.upper_strict()[:3])
    ends = [day for end in (first, last) for day in _read(end, with_margin=with_margin)]
    return min(ends), max(ends)


def in_words(text: str) -> str:
    """As a person reads it: `spring 2004`, `about 1970`, `May 2004`, `the 1980s`; an instant by the clock here."""
    if "T" in text:
        return f"{datetime.fromisoformat(text).astimezone(HERE):%Y-%m-%d %H:%M}"
    if "/" in text:
        return " to ".join(map(in_words, text.split("/")))
    if not (part := _PART.fullmatch(text)):
        return text
    year, unknown, of_year, qualifier = part.groups()
    if len(year + (unknown or "")) != 4 or (unknown and (of_year or len(unknown) > 1)):
        return text
    told = f"the {year}0s" if unknown else year
    if of_year is not None:
        number = int(of_year)
        name = calendar.month_name[number] if number <= 12 else _SEASONS.get(number)
        if not name:
            return text
        told = f"{name} {year}"
    return f"{_QUALIFIED[qualifier]}{told}"


def earliest(text: str) -> date:
    """The first day that an EDTF date may mean."""
    return span(text)[0]


def latest(text: str) -> date:
    """The last day that an EDTF date may mean."""
    return span(text)[1]


def today(now: datetime) -> date:
    """The day that it is at the centre at the instant `now`."""
    return now.astimezone(HERE).date()


def must_have_happened(occurred: str, now: datetime) -> None:
    """For `decide`: refuses a fact that lies after `now` on every reading, as a `DomainError`, `not-in-the-future`."""
    ahead = datetime.fromisoformat(occurred) > now if "T" in occurred else earliest(occurred) > today(now)
    if ahead:
        raise DomainError(
            f"What is recorded has happened; this is dated {occurred}, which is to come: give the date of the fact.",
            rule="not-in-the-future",
        )


def _checked(text: str, info: ValidationInfo) -> str:
    try:
        span(text)
        if info.context is ASKED and "/" in text:
            first, last = (end and span(end) for end in text.split("/"))
            if not (first and last and first[0] <= last[1]):
                raise ValueError("this interval has no end, or ends before it begins: write 2004-05/2004-06")
    except ValueError as error:
        raise PydanticCustomError("edtf_date", "{accepted}", {"accepted": str(error)}) from None
    return text


Occurred = Annotated[
    str,
    StringConstraints(max_length=64),
    AfterValidator(_checked),
    Field(
        description="When it happened: an EDTF date, or an instant with its zone", examples=["2008-10-02", "2004-21"]
    ),
]

"""When something happened: a date that may be known only in part, or an instant with its zone.

Written as EDTF (ISO 8601-2, Library of Congress, levels 0 and 1): `1998`, `2004-21` (spring 2004), `1970~` (about
1970), `2004-05/2004-06`, `2008-10-02`; or as a zoned instant, `2008-10-02T10:00:00+03:00`.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

import edtf
from pydantic import AfterValidator, Field, StringConstraints

from shared.errors import DomainError

HERE = ZoneInfo("Europe/Vilnius")
"""Where the centre is: a day begins and ends at midnight here."""

_WHOLE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@lru_cache(maxsize=65536)
def span(text: str) -> tuple[date, date]:
    """The first and the last day that `text` may mean. Raises ValueError with what would be accepted."""
    try:
        if _WHOLE_DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return day, day
        if "T" in text:
            instant = datetime.fromisoformat(text)
            if instant.tzinfo is None:
                raise ValueError("an instant needs its zone")
            return instant.date(), instant.date()
        parsed = edtf.parse_edtf(text)
        first, last = parsed.lower_strict(), parsed.upper_strict()
        return date(*first[:3]), date(*last[:3])
    except Exception as error:
        raise ValueError(
            "this is not a date: write 2008-10-02, 2008-10, 2008, 2004-21 (spring 2004), 1970~ (about 1970) "
            "or an instant with its zone such as 2008-10-02T10:00:00+03:00"
        ) from error


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


def _checked(text: str) -> str:
    span(text)
    return text


Occurred = Annotated[
    str,
    StringConstraints(max_length=64),
    AfterValidator(_checked),
    Field(
        description="When it happened: an EDTF date, or an instant with its zone", examples=["2008-10-02", "2004-21"]
    ),
]

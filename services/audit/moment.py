"""A moment in the log: a position, or a time at which things were recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _checked(text: str) -> str:
    if not text.isdecimal():
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            raise ValueError("give a position such as 1200, or a time with its zone such as 2008-10-02T10:00:00+03:00")
    return text


Moment = Annotated[
    str,
    StringConstraints(max_length=64),
    AfterValidator(_checked),
    Field(
        description="What was recorded by then: a position of the log, or a time with its zone",
        examples=["1200", "2008-10-02T10:00:00+03:00"],
    ),
]


def position_of(moment: str) -> int | None:
    """The position that a moment names; None if it is a time."""
    return int(moment) if moment.isdecimal() else None


def microseconds(instant: datetime) -> int:
    """An instant as whole microseconds since 1970, which sort and compare the same in every database."""
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def recorded_by(moment: str) -> int:
    """The time that a moment names, in microseconds since 1970. Raises ValueError if it is a position."""
    return microseconds(datetime.fromisoformat(moment))

"""A moment in the log: a position, or a time at which things were recorded."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Annotated

import orjson
from pydantic import AfterValidator, Field, StringConstraints

from shared.dates import earliest, today
from shared.eventstore.port import RecordedEvent
from shared.messages import UUID_PATTERN, Event

_ID = re.compile(UUID_PATTERN)
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


def recorded_at(raw: RecordedEvent) -> datetime:
    """As the metadata says, which proofs cover; the store's clock for events that others wrote without it."""
    try:
        said = orjson.loads(raw.metadata)
    except orjson.JSONDecodeError:
        said = None
    stated = said.get("recorded_at") if isinstance(said, dict) else None
    return datetime.fromisoformat(stated) if stated else raw.created


def was_known(raw: RecordedEvent, as_of: Moment | None) -> bool:
    """Whether an event was recorded by then; None is now."""
    if as_of is None:
        return True
    if (position := position_of(as_of)) is not None:
        return raw.position <= position
    return microseconds(recorded_at(raw)) <= recorded_by(as_of)


class TrueBy:
    """Tells of the events of a log, in their order, whether it was so by the end of a day. None is any day.

    What decides is the fact's own date, on its earliest reading; an event that has none happened when it was recorded.
    A correction or a retraction without a date says how it really was: it counts from the date of what it puts right,
    the first event of its record that names the same things.
    """

    def __init__(self, on: date | None) -> None:
        self._on = on
        self._earlier: defaultdict[str, list[tuple[frozenset[str], date]]] = defaultdict(list)

    def counts(self, raw: RecordedEvent, event: Event | None) -> bool:
        """Whether it was so by then."""
        if self._on is None:
            return True
        named, earlier = _ids(event), self._earlier[raw.stream]
        happened = _own_date(event)
        if happened is None and raw.type.endswith(PUTS_RIGHT):
            happened = next((day for others, day in earlier if named <= others), None)
        if happened is None:
            happened = today(recorded_at(raw))
        earlier.append((named, happened))
        return happened <= self._on


PUTS_RIGHT = ("Corrected", "Retracted")


def _own_date(event: Event | None) -> date | None:
    match getattr(event, "occurred", None):
        case str() as text:
            return earliest(text)
        case datetime() as instant:
            return today(instant)
        case date() as day:
            return day
        case _:
            return None


def _ids(event: Event | None) -> frozenset[str]:
    """The ids that an event names."""
    values = [getattr(event, name) for name in type(event).model_fields] if event else []
    return frozenset(value for value in values if isinstance(value, str) and _ID.fullmatch(value))

"""A moment in the log: a position, or a time at which things were recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from datetime import UTC, date, datetime
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, Field, StringConstraints

from shared.dates import earliest, today
from shared.eventstore.port import RecordedEvent
from shared.messages import Event

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


def recorded_at(raw: RecordedEvent, metadata: Mapping[str, Any]) -> datetime:
    """As the metadata says, which proofs cover; the store's clock for events that others wrote without it."""
    stated = metadata.get("recorded_at")
    return datetime.fromisoformat(stated) if stated else raw.created


def stored_object(stored: bytes) -> dict[str, Any]:
    """The JSON object that data or metadata are; empty for anything else, which others may have written."""
    try:
        found = orjson.loads(stored)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def was_known(raw: RecordedEvent, as_of: Moment | None) -> bool:
    """Whether an event was recorded by then; None is now."""
    if as_of is None:
        return True
    if (position := position_of(as_of)) is not None:
        return raw.position <= position
    return microseconds(recorded_at(raw, stored_object(raw.metadata))) <= recorded_by(as_of)


class TrueBy:
    """Tells of the events of a log, in their order, whether it was so by the end of a day. None is any day.

    What decides is the fact's own date, on its earliest reading; an event that has none happened when it was recorded.
    A correction or a retraction without a date says how it really was: it counts from the date of what it puts right.
    Of all others that date is forgotten: `kinds` are the events that may come, and say what they can put right.
    """

    def __init__(self, on: date | None, kinds: Iterable[type[Event]]) -> None:
        self._on = on
        self._fields: defaultdict[str, set[str]] = defaultdict(set)
        for kind in kinds if on else ():
            for place in kind.puts_right.places if kind.puts_right else ():
                type_name, field = place.rsplit(".", 1)
                self._fields[type_name].add(field)
        self._since: dict[tuple[str, str, str], date] = {}

    @property
    def put_right(self) -> Set[str]:
        """The types of the events that others may put right."""
        return self._fields.keys()

    def counts(self, raw: RecordedEvent, event: Event | None) -> bool:
        """Whether it was so by then."""
        if self._on is None:
            return True
        happened = (
            _own_date(event) or self._date_put_right(raw, event) or today(recorded_at(raw, stored_object(raw.metadata)))
        )
        for field in self._fields.get(raw.type, ()):
            self._since[raw.stream, f"{raw.type}.{field}", getattr(event, field)] = happened
        return happened <= self._on

    def _date_put_right(self, raw: RecordedEvent, event: Event | None) -> date | None:
        if event is None or event.puts_right is None:
            return None
        by, places = event.puts_right
        named = getattr(event, by)
        return next((day for place in places if (day := self._since.get((raw.stream, place, named)))), None)


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

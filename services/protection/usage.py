"""Where in the log a person's keys are used, who is linked with whom, and what is held: read from the log itself.

Erasing is rare and must not act on a read model that lags, so these scan. A million events take some seconds.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date

import orjson

from services.protection.hold import HoldLifted, HoldPlaced
from shared.codec import decode
from shared.eventstore.port import EventStore, Filter, RecordedEvent
from shared.messages import Id, View
from shared.privacy.personal import is_sealed
from shared.privacy.port import KeyName


class RecordsLinked(View, of="cases.RecordsLinked"):
    """Two records are of the same person."""

    link: Id
    first: Id
    second: Id


class RecordsUnlinked(View, of="cases.RecordsUnlinked"):
    """They are not, after all."""

    link: Id


@dataclass(slots=True)
class Usage:
    """One key in the log: the streams that it is used in, and the day of its last entry."""

    streams: set[str] = field(default_factory=set)
    last_entry: date = date.min


@dataclass(frozen=True, slots=True)
class Held:
    """A hold that is in force."""

    record: str
    ground: str
    until: date | None


def sealed_keys(raw: RecordedEvent) -> Iterator[tuple[str, str]]:
    """Of each sealed value in an event, the id of its key (hex) and its subject."""
    for stored in (raw.data, raw.metadata):
        if b'"sealed"' in stored:
            for value in orjson.loads(stored).values():
                if is_sealed(value):
                    yield urlsafe_b64decode(value["sealed"][:24])[1:17].hex(), value["of"]


def usage(store: EventStore, subjects: Collection[str] | None = None) -> dict[str, Usage]:
    """Usage by key id, of these subjects' keys or of all."""
    found: dict[str, Usage] = {}
    for raw in store.read_all():
        for key, subject in sealed_keys(raw):
            if subjects is None or subject in subjects:
                used = found.setdefault(key, Usage())
                used.streams.add(raw.stream)
                used.last_entry = max(used.last_entry, raw.created.date())
    return found


def holds(store: EventStore, today: date) -> list[Held]:
    """The holds in force today."""
    placed: dict[str, Held] = {}
    for raw in store.read_all(filter=Filter(types=(HoldPlaced.type_name, HoldLifted.type_name))):
        if raw.type == HoldPlaced.type_name:
            event = decode(raw, HoldPlaced)
            placed[event.hold] = Held(event.record, event.ground, event.until)
        else:
            placed.pop(decode(raw, HoldLifted).hold, None)
    return [held for held in placed.values() if held.until is None or held.until >= today]


def hold_on(name: KeyName, used: Usage, held: Collection[Held]) -> Held | None:
    """The hold that keeps a key: on its record, or on a stream that it is used in."""
    return next((hold for hold in held if hold.record == name.record or hold.record in used.streams), None)


def linked(store: EventStore, person: str) -> tuple[str, ...]:
    """The person, first, and every record that is linked with theirs, directly or through others, as it stands now."""
    links: dict[str, tuple[str, str]] = {}
    for raw in store.read_all(filter=Filter(types=(RecordsLinked.type_name, RecordsUnlinked.type_name))):
        if raw.type == RecordsLinked.type_name:
            made = decode(raw, RecordsLinked)
            links[made.link] = (made.first, made.second)
        else:
            links.pop(decode(raw, RecordsUnlinked).link, None)
    same, grown = {person}, True
    while grown:
        reached = {end for pair in links.values() if same & set(pair) for end in pair}
        grown = not reached <= same
        same |= reached
    return (person, *sorted(same - {person}))

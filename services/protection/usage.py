"""Where in the log a person's keys are used, who is linked with whom, and what is held: read from the log itself.

Erasing is rare and must not act on a read model that lags, so these scan. A million events take some seconds. Retention
runs each night, and goes on from where it read to the night before.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

import orjson

from services.protection.document import DocumentKept
from services.protection.hold import CITED, HoldLifted, HoldPlaced
from shared.codec import decode
from shared.eventstore.port import EventStore, Filter, RecordedEvent
from shared.messages import Id, View
from shared.privacy.personal import is_sealed
from shared.privacy.port import KeyFacts, KeyName


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

    streams: tuple[str, ...] = ()
    last_entry: date = date.min

    def note(self, raw: RecordedEvent) -> None:
        """It is used in this event."""
        if raw.stream not in self.streams:
            self.streams += (raw.stream,)
        self.last_entry = max(self.last_entry, recorded_on(raw))


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


def recorded_on(raw: RecordedEvent) -> date:
    """The day on which an event was recorded: it says so itself, for the store's clock starts anew in a copied log."""
    stamp = orjson.loads(raw.metadata).get("recorded_at") if raw.metadata else None
    return datetime.fromisoformat(stamp).date() if stamp else raw.created.date()


class UsageOfKeys:
    """How keys are used, of these subjects or of all: in sealed values by their id, in documents by their name.

    `read_on` takes in what the log has got since; nothing is known before it is called.
    """

    def __init__(self, store: EventStore, subjects: Collection[str] | None = None) -> None:
        self._store = store
        self._subjects = subjects
        self._read_to = 0
        self._by_id: dict[str, Usage] = {}
        self._by_name: dict[KeyName, Usage] = {}

    def read_on(self) -> Self:
        """As it stands now."""
        for raw in self._store.read_all(start=self._read_to + 1):
            for key, subject in sealed_keys(raw):
                if self._subjects is None or subject in self._subjects:
                    self._by_id.setdefault(key, Usage()).note(raw)
            if raw.type == DocumentKept.type_name:
                kept = decode(raw, DocumentKept)
                name = KeyName(kept.subject, kept.keep, kept.record)
                self._by_name.setdefault(name, Usage()).note(raw)
            self._read_to = raw.position
        return self

    def of(self, facts: KeyFacts) -> Usage:
        """The usage of one key. One that the log does not use was last used when it was made."""
        made = Usage((), datetime.fromisoformat(facts.created).date())
        found = [*filter(None, (self._by_id.get(facts.id), self._by_name.get(facts.name)))] or [made]
        streams = tuple(stream for one in found for stream in one.streams)
        return Usage(streams, max(one.last_entry for one in found))


def holds(store: EventStore, today: date) -> list[Held]:
    """The holds in force today."""
    placed: dict[str, Held] = {}
    for raw in store.read_all(filter=Filter(types=(HoldPlaced.type_name, HoldLifted.type_name))):
        if raw.type == HoldPlaced.type_name:
            event = decode(raw, HoldPlaced)
            placed[event.hold] = Held(event.record, CITED.get(event.ground, event.ground), event.until)
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

"""A subject's access request: all that is held on one person, in one export, with others protected (GDPR 15, 20).

Values about the person are opened; values about anybody else, and ids of other people, are left out, and so is who
on the staff wrote what: only in which role.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict

from services.protection.usage import linked
from shared.codec import place_of
from shared.eventstore.port import EventStore, RecordedEvent
from shared.messages import UUID_PATTERN, Id
from shared.metadata import Metadata
from shared.privacy.personal import FORGOTTEN, Hidden, Place, is_sealed
from shared.privacy.port import KeyFacts, KeyStore, Vault, reveal

PERSON = "person"
"""The category of the streams that persons have."""

STAFF = frozenset({"counsel", "giver", "mediator", "member", "staff", "worker"})
"""Fields that name members of staff, beside those that end in `_by`."""

ANOTHER = {"hidden": "about another person"}
_ID = re.compile(UUID_PATTERN)


class Entry(BaseModel):
    """One thing that was recorded."""

    model_config = ConfigDict(frozen=True)

    position: int
    what: str
    record: str
    recorded_at: datetime
    recorded_by: tuple[str, ...]
    reason: Any
    facts: dict[str, Any]


class Kept(BaseModel):
    """What protects one part of it, and whether it still can be read."""

    model_config = ConfigDict(frozen=True)

    keep: str
    record: str
    since: str
    forgotten: str | None


class SubjectExport(BaseModel):
    """All that is held on a person."""

    model_config = ConfigDict(frozen=True)

    subject: Id
    linked_records: tuple[Id, ...]
    position: int
    entries: tuple[Entry, ...]
    kept: tuple[Kept, ...]

    def to_text(self) -> str:
        """The same, to read."""
        lines = [
            "# What is held on you",
            "",
            f"Your number here is {self.subject}. This is complete up to entry {self.position} of the log.",
            "Where it says (about another person) or (forgotten), something is left out for their sake or for yours.",
        ]
        for entry in self.entries:
            by = ", ".join(role.replace("_", " ") for role in entry.recorded_by)
            lines += [
                "",
                f"## {_words(entry.what)}",
                "",
                f"Recorded {entry.recorded_at:%Y-%m-%d %H:%M} UTC, by: {by}",
                "",
            ]
            told = entry.facts | ({} if entry.reason is None else {"reason given": entry.reason})
            lines += [f"- {name.replace('_', ' ')}: {_text(value)}" for name, value in told.items()]
        return "\n".join(lines) + "\n"


def export(
    store: EventStore, keys: KeyStore, vault: Vault, person: str, opened: Callable[[Place], None]
) -> SubjectExport:
    """Everything about `person` and the records linked with theirs. `opened` is told of each value that is opened."""
    subjects = linked(store, person)
    reading = _Reading(store, vault, frozenset(subjects), opened)
    facts = [key for subject in subjects for key in keys.keys_of(subject)]
    return SubjectExport(
        subject=person,
        linked_records=subjects[1:],
        position=store.head(),
        entries=tuple(map(reading.entry, mentions(store, subjects))),
        kept=tuple(map(_kept, facts)),
    )


def mentions(store: EventStore, subjects: tuple[str, ...]) -> Iterator[RecordedEvent]:
    """The events that name one of these people, as a subject or by id."""
    needles = [subject.encode() for subject in subjects]
    for raw in store.read_all():
        if any(needle in raw.data or needle in raw.metadata for needle in needles) or any(
            raw.stream.endswith(subject) for subject in subjects
        ):
            yield raw


class _Reading:
    """One export's way of reading events: what is about these people is opened, what is about others left out."""

    def __init__(
        self, store: EventStore, vault: Vault, subjects: frozenset[str], opened: Callable[[Place], None]
    ) -> None:
        self._store = store
        self._vault = vault
        self._subjects = subjects
        self._opened = opened
        self._people: dict[str, bool] = {}

    def entry(self, raw: RecordedEvent) -> Entry:
        data: dict[str, Any] = orjson.loads(raw.data)
        others = {value["of"] for value in data.values() if is_sealed(value)} - self._subjects
        metadata = Metadata.from_json(raw.metadata)
        theirs = any(other in raw.stream for other in others) or self._is_of_another(raw.stream)
        return Entry(
            position=raw.position,
            what=raw.type,
            record="another person's record" if theirs else raw.stream,
            recorded_at=metadata.recorded_at,
            recorded_by=tuple(metadata.roles),
            reason=None if metadata.reason is None else self._opened_or_not(raw, "reason", metadata.reason),
            facts={
                name: self._value(raw, name, value) for name, value in data.items() if not _names_staff(name, value)
            },
        )

    def _value(self, raw: RecordedEvent, name: str, value: Any) -> Any:
        if not is_sealed(value):
            return self._without_others(value)
        return self._opened_or_not(raw, name, Hidden(value["sealed"], value["of"]))

    def _opened_or_not(self, raw: RecordedEvent, name: str, value: Hidden) -> Any:
        if value.of not in self._subjects:
            return ANOTHER
        place = place_of(raw, name, value.of)
        plain = reveal(self._vault, value, place)
        if plain is FORGOTTEN:
            return {"hidden": "forgotten"}
        self._opened(place)
        return plain

    def _without_others(self, value: Any) -> Any:
        match value:
            case str() if self._is_another(value):
                return ANOTHER
            case list():
                return [self._without_others(item) for item in value]
            case dict() if self._is_of_others(value):
                return ANOTHER
            case dict():
                kept = ((name, item) for name, item in value.items() if not self._is_another(name))
                return {name: self._without_others(item) for name, item in kept}
            case _:
                return value

    def _is_of_others(self, told: dict[str, Any]) -> bool:
        """Whether this is told of somebody else and not of these people, such as another's stay in the same house."""
        named = [item for item in told.values() if isinstance(item, str)]
        return any(map(self._is_another, named)) and self._subjects.isdisjoint(named)

    def _is_another(self, text: str) -> bool:
        """Whether this is the id of somebody else. Whoever has a stream of a person is one."""
        if text in self._subjects or not _ID.fullmatch(text):
            return False
        if text not in self._people:
            self._people[text] = self._store.revision(f"{PERSON}-{text}") is not None
        return self._people[text]

    def _is_of_another(self, stream: str) -> bool:
        return stream.startswith(f"{PERSON}-") and stream.removeprefix(f"{PERSON}-") not in self._subjects


def _names_staff(name: str, value: Any) -> bool:
    return name in STAFF or (name.endswith("_by") and not is_sealed(value))


def _kept(facts: KeyFacts) -> Kept:
    return Kept(keep=facts.name.keep, record=facts.name.record, since=facts.created, forgotten=facts.destroyed)


def _words(type_name: str) -> str:
    name = type_name.rsplit(".", 1)[1]
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip().capitalize()


def _text(value: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"hidden"}:
        return f"({value['hidden']})"
    return value if isinstance(value, str) else orjson.dumps(value).decode()

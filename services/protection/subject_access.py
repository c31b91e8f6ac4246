"""A subject's access request: all that is held on one person, in one export, with others protected (GDPR 15, 20).

Values about the person are opened; values about anybody else, and ids of other people, are left out, and so is who
on the staff wrote what: only in which role.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict

from services.protection.usage import linked
from shared.codec import place_of
from shared.eventstore.port import EventStore, RecordedEvent
from shared.messages import Id
from shared.metadata import Metadata
from shared.privacy.personal import FORGOTTEN, Place, is_sealed
from shared.privacy.port import KeyFacts, KeyStore, Vault

Hidden = Literal["forgotten", "about another person"]


class Entry(BaseModel):
    """One thing that was recorded."""

    model_config = ConfigDict(frozen=True)

    position: int
    what: str
    record: str
    recorded_at: datetime
    recorded_by: tuple[str, ...]
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
            lines += [f"- {name.replace('_', ' ')}: {_text(value)}" for name, value in entry.facts.items()]
        return "\n".join(lines) + "\n"


def export(
    store: EventStore, keys: KeyStore, vault: Vault, person: str, opened: Callable[[Place], None]
) -> SubjectExport:
    """Everything about `person` and the records linked with theirs. `opened` is told of each value that is opened."""
    subjects = linked(store, person)
    entries = tuple(_entry(raw, frozenset(subjects), vault, opened) for raw in mentions(store, subjects))
    facts = [key for subject in subjects for key in keys.keys_of(subject)]
    return SubjectExport(
        subject=person,
        linked_records=subjects[1:],
        position=store.head(),
        entries=entries,
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


def _entry(raw: RecordedEvent, subjects: frozenset[str], vault: Vault, opened: Callable[[Place], None]) -> Entry:
    data: dict[str, Any] = orjson.loads(raw.data)
    others = {value["of"] for value in data.values() if is_sealed(value)} - subjects
    metadata = Metadata.from_json(raw.metadata)
    return Entry(
        position=raw.position,
        what=raw.type,
        record=raw.stream if not any(other in raw.stream for other in others) else "another person's record",
        recorded_at=metadata.recorded_at,
        recorded_by=tuple(metadata.roles),
        facts={
            name: _shown(raw, name, value, subjects, others, vault, opened)
            for name, value in data.items()
            if name not in {"staff", "worker", "asked_by", "placed_by"}
        },
    )


def _shown(
    raw: RecordedEvent,
    name: str,
    value: Any,
    subjects: frozenset[str],
    others: set[str],
    vault: Vault,
    opened: Callable[[Place], None],
) -> Any:
    if not is_sealed(value):
        return {"hidden": "about another person"} if value in others else value
    if value["of"] not in subjects:
        return {"hidden": "about another person"}
    place = place_of(raw, name, value["of"])
    plain = vault.open(value["sealed"], place)
    if plain is FORGOTTEN:
        return {"hidden": "forgotten"}
    opened(place)
    return plain


def _kept(facts: KeyFacts) -> Kept:
    return Kept(keep=facts.name.keep, record=facts.name.record, since=facts.created, forgotten=facts.destroyed)


def _words(type_name: str) -> str:
    name = type_name.rsplit(".", 1)[1]
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip().capitalize()


def _text(value: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"hidden"}:
        return f"({value['hidden']})"
    return value if isinstance(value, str) else orjson.dumps(value).decode()

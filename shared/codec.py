"""Between an event and its stored form: personal values sealed, versions brought up to date.

Stored data is the event's JSON, in which each personal value is `{"sealed": token}`. Reading has two depths: a fold
leaves values sealed (`Hidden`), for rules never need them; whoever shows an event to a person opens it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ValidationError

from shared.errors import NewerEvent, StoreCorrupt
from shared.eventstore.port import NewEvent, RecordedEvent
from shared.messages import Event, Stored
from shared.metadata import Metadata
from shared.privacy.personal import About, Hidden, Place, is_sealed, personal_fields
from shared.privacy.port import KeyName, Vault

M = TypeVar("M", bound=Stored)


class SealedValue(NamedTuple):
    """A sealed value on its own, with the place that it is bound to: what a read model stores."""

    place: Place
    token: str

    def to_text(self) -> str:
        """One line of text for a column."""
        return orjson.dumps([*self.place, self.token]).decode()

    @classmethod
    def from_text(cls, text: str) -> SealedValue:
        """Raises ValueError if `text` did not come from `to_text`."""
        *place, token = orjson.loads(text)
        return cls(Place(*place), token)


class Recorded(Generic[M]):
    """An event as a projection or a policy meets it: the fact, where it stands, and who recorded it."""

    __slots__ = ("__dict__", "event", "raw")

    def __init__(self, event: M, raw: RecordedEvent) -> None:
        self.event = event
        self.raw = raw

    @property
    def position(self) -> int:
        """Its place in the global order."""
        return self.raw.position

    @property
    def stream(self) -> str:
        """The stream that it is in."""
        return self.raw.stream

    @property
    def revision(self) -> int:
        """Its place in its stream."""
        return self.raw.revision

    @property
    def id(self) -> UUID:
        """Its id."""
        return self.raw.id

    @property
    def id_text(self) -> str:
        """Its id, as a column of text holds it."""
        return _id_text(self.raw)

    @cached_property
    def metadata(self) -> Metadata:
        """Who, why, from which command. Parsed when first asked for."""
        return Metadata.from_json(self.raw.metadata)

    @property
    def recorded_at(self) -> datetime:
        """When it was recorded."""
        return self.metadata.recorded_at

    @property
    def synthetic(self) -> bool:
        """Whether it was invented where a source leaves something open. Cheaper than all of the metadata."""
        metadata = self.raw.metadata
        if b'"synthetic"' not in metadata:  # within a text the quotation marks would be escaped
            return False
        return b'"synthetic":true' in metadata or bool(orjson.loads(metadata).get("synthetic"))

    def sealed(self, field: str) -> str | None:
        """The personal value of `field`, still sealed, as text for a read model; None if there is none."""
        value = getattr(self.event, field)
        if not isinstance(value, Hidden) or value.token is None:
            return None
        return SealedValue(place_of(self.raw, field, value.of), value.token).to_text()


def place_of(raw: RecordedEvent, field: str, subject: str) -> Place:
    """Where a sealed value of `raw` stands."""
    return Place(raw.stream, _id_text(raw), raw.type, field, subject)


def key_name(mark: About, message: BaseModel, stream: str) -> KeyName:
    """The key of a personal field of `message`."""
    record = getattr(message, mark.record) if mark.record else stream
    return KeyName(getattr(message, mark.subject), mark.keep, record)


def key_names(messages: Iterable[BaseModel], stream: str) -> list[KeyName]:
    """The keys that `messages` need, each once, in order."""
    names = {
        key_name(mark, message, stream): None
        for message in messages
        for field, mark in personal_fields(type(message)).items()
        if getattr(message, field) is not None
    }
    return list(names)


def encode(event: Event, vault: Vault, *, stream: str, event_id: UUID, metadata: bytes) -> NewEvent:
    """Seal and serialise. The keys must have been prepared."""
    marks = personal_fields(type(event))
    if not marks:
        return NewEvent(event_id, event.type_name, event.model_dump_json(exclude_none=True).encode(), metadata)
    data = event.model_dump(mode="json", exclude_none=True)
    for field, mark in marks.items():
        value = data.get(field)
        if value is not None and not isinstance(getattr(event, field), Hidden):
            name = key_name(mark, event, stream)
            place = Place(stream, str(event_id), event.type_name, field, name.subject)
            data[field] = {"sealed": vault.seal(value, name, place), "of": name.subject}
    return NewEvent(event_id, event.type_name, orjson.dumps(data), metadata)


def decode(raw: RecordedEvent, cls: type[M]) -> M:
    """The event with its personal values still sealed.

    Raises `NewerEvent` for a version that the class does not know, `StoreCorrupt` if it does not fit its class.
    """
    try:
        # Looked at as bytes: parsing the metadata of millions of events would cost more than the rest.
        if cls.version == 1 and (raw[6].startswith(_FIRST_VERSION) or _VERSION not in raw[6]):
            # As `model_validate_json`, without what it does around it for every one of millions of events.
            return cls.__pydantic_validator__.validate_json(raw[5])  # type: ignore[no-any-return]
        stored_version = _version_of(raw, cls)
        if stored_version == cls.version:
            return cls.model_validate_json(raw.data)
        return cls.model_validate(cls.upcast(orjson.loads(raw.data), stored_version))
    except (ValidationError, orjson.JSONDecodeError, KeyError) as error:
        raise _unreadable(raw) from error


def decode_open(raw: RecordedEvent, cls: type[M], vault: Vault) -> M:
    """The event with its personal values opened; forgotten ones are `FORGOTTEN`. Opened before they are upcast.

    Raises as `decode` does.
    """
    try:
        stored_version = _version_of(raw, cls)
        return cls.model_validate(cls.upcast(open_data(raw, vault), stored_version))
    except (ValidationError, orjson.JSONDecodeError, KeyError) as error:
        raise _unreadable(raw) from error


def open_data(raw: RecordedEvent, vault: Vault) -> dict[str, Any]:
    """The stored data of any event, known or not, with its personal values opened or `FORGOTTEN`."""
    data: dict[str, Any] = orjson.loads(raw.data)
    for field, value in data.items():
        if is_sealed(value):
            data[field] = vault.open(value["sealed"], place_of(raw, field, value["of"]))
    return data


_VERSION, _FIRST_VERSION = b'"version":', b'{"version":1,'  # as `Metadata.to_json` begins


def _version_of(raw: RecordedEvent, cls: type[Stored]) -> int:
    """The version that an event was recorded in: 1 where nothing is said. Raises `NewerEvent`."""
    version: int = orjson.loads(raw.metadata).get("version", 1) if _VERSION in raw.metadata else 1
    if version > cls.version:
        raise NewerEvent(
            f"{raw.type} at position {raw.position} ({raw.stream}) was recorded in version {version}; this program "
            f"knows it up to {cls.version}: ask again once the upgrade is done.",
            position=raw.position,
            stream=raw.stream,
        )
    return version


def _id_text(raw: RecordedEvent) -> str:
    """As `str(raw.id)`, at a fifth of its cost: read models need it for every event of the log."""
    digits = raw.id_bytes.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _unreadable(raw: RecordedEvent) -> StoreCorrupt:
    return StoreCorrupt(
        f"{raw.type} at position {raw.position} ({raw.stream}, revision {raw.revision}) does not read as its class: "
        "run a newer version of the program, or restore the log.",
        position=raw.position,
        stream=raw.stream,
    )

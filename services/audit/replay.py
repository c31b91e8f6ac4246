"""Audit replay: the state of any record as it was known at a moment, or as it was true on a date, or both.

It is the same fold that decides commands, over fewer events. Personal values stay sealed: an auditor sees that
something is there, not what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.audit.moment import Moment, TrueBy, was_known
from shared.codec import decode
from shared.context import AnyDecider, Registry
from shared.deciding import NOTHING_CHANGED
from shared.errors import DomainError, NewerEvent, NotFound
from shared.eventstore.port import EventStore, RecordedEvent
from shared.messages import Event, Origin, Query, Role
from shared.privacy.personal import Hidden
from shared.privacy.port import Vault

StreamName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,249}$"),
    Field(description="The record's stream", examples=["campaign-5f0c3a52-6f43-4c56-9c5b-0a6a1d6b2c11"]),
]


@dataclass(frozen=True, slots=True)
class LogAccess:
    """What a question to the log itself has to work with."""

    store: EventStore
    registry: Registry
    vault: Vault
    origin: Origin


class RecordAsOf(BaseModel):
    """A record as it was. `state` is what its rules know of it, by field; a sealed value is `{"hidden": "sealed"}`.

    `revision` and `position` are of the last event that counted; `events` says how many did, `later` how many
    of the record's events were recorded after the moment, or happened after the date.
    """

    model_config = ConfigDict(frozen=True)

    stream: str
    aggregate: str
    as_of: str | None
    on: date | None
    exists: bool
    revision: int | None
    position: int | None
    events: int
    later: int
    state: dict[str, Any]


class ReplayRecord(
    Query[RecordAsOf],
    context="audit",
    route="GET /audit/records/{stream}",
    roles=[Role.AUDITOR, Role.SUPERVISOR, Role.DATA_PROTECTION_OFFICER],
):
    """Replay a record to what was known at a moment (`as_of`), or had happened by a date (`on`), or both."""

    stream: StreamName
    as_of: Moment | None = None
    on: date | None = Field(
        default=None, description="Only what had happened by the end of this day", examples=["2008-05-25"]
    )


def record_as_of(query: ReplayRecord, log: LogAccess) -> RecordAsOf:
    """Fold the record to then. Raises `NotFound` for a stream that no aggregate has, or that was never written."""
    decider = log.registry.decider_of_stream(query.stream)
    if decider is None:
        raise NotFound("No aggregate has such a stream: a stream is a kind, a hyphen and an id, such as case-4b1f...")
    state, events, later = decider.initial, 0, 0
    last: RecordedEvent | None = None
    true_by = TrueBy(query.on, decider.event_types())
    for raw in log.store.read_stream(query.stream):
        event = None if raw.type == NOTHING_CHANGED else decode(raw, _class_of(raw, log.registry))
        if not (was_known(raw, query.as_of) and true_by.counts(raw, event)):
            later += 1
            continue
        last, events = raw, events + 1
        if event is not None:
            state = _evolved(decider, state, event, raw, query.on)
    if last is None and not later:
        raise NotFound("There is no such record.")
    return RecordAsOf(
        stream=query.stream,
        aggregate=decider.category,
        as_of=query.as_of,
        on=query.on,
        exists=last is not None,
        revision=last.revision if last else None,
        position=last.position if last else None,
        events=events,
        later=later,
        state=as_json(state),
    )


def _class_of(raw: RecordedEvent, registry: Registry) -> type[Event]:
    if cls := registry.event_class(raw.type):
        return cls
    raise NewerEvent(
        f"{raw.stream} holds a {raw.type} at position {raw.position}, which this version does not know: run a newer "
        "one.",
        position=raw.position,
        stream=raw.stream,
    )


def _evolved(decider: AnyDecider, state: Any, event: Event, raw: RecordedEvent, on: date | None) -> Any:
    try:
        return decider.evolve(state, event)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        if on is None:
            raise
        # An event that is dated earlier than what it builds on: a correction of dates has pulled them apart.
        raise DomainError(
            f"The record cannot be replayed to {on}: its {raw.type} at position {raw.position} builds on an event "
            "that is dated later. Ask without 'on', or for a later day.",
            rule="replay-needs-what-it-builds-on",
            position=raw.position,
        ) from error


def as_json(value: Any) -> Any:
    """A state in JSON's terms. Sealed values are named as such and never opened."""
    match value:
        case Hidden():
            return {"hidden": "forgotten" if value.forgotten else "sealed"}
        case None | bool() | int() | float():
            return value
        case Enum():
            return as_json(value.value)
        case str():
            return value
        case date():
            return value.isoformat()
        case Decimal() | UUID():
            return str(value)
        case _ if is_dataclass(value):
            return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
        case BaseModel():
            return {name: as_json(getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            return {_key(key): as_json(item) for key, item in value.items()}
        case Set():
            return sorted((as_json(item) for item in value), key=orjson.dumps)
        case tuple() if hasattr(value, "_asdict"):
            return {name: as_json(item) for name, item in value._asdict().items()}
        case Iterable():
            return [as_json(item) for item in value]
        case _:
            raise TypeError(f"a state holds a {type(value).__name__}, which has no form in JSON here")


def _key(key: Any) -> str:
    plain = as_json(key)
    return plain if isinstance(plain, str) else " / ".join(map(str, plain)) if isinstance(plain, list) else str(plain)

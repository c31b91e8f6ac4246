"""The certificate of an erasure: which keys were destroyed, which stayed and why, with the proof that it was recorded.

It names ids and codes only, so it may be kept and shown when the person is long forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.protection.erasure import (
    EntryShredded,
    ErasureEvents,
    ErasureId,
    KeyErased,
    KeyKept,
    PersonForgotten,
    Stage,
    erasure,
)
from services.protection.projections import READERS
from shared.codec import Recorded, decode
from shared.errors import NotFound
from shared.eventstore.port import EventStore
from shared.messages import Id, Origin, Query

ProofOf = Callable[[int], dict[str, Any]]
"""Gives the stand-alone verifier's document for the event at a position."""

_CLASSES: dict[str, type[Any]] = {kind.type_name: kind for kind in erasure.event_types()}


class Certified(BaseModel):
    """What was destroyed of one person, as the log records it."""

    model_config = ConfigDict(frozen=True)

    subject: Id
    whole_person: bool = Field(description="The person was forgotten; otherwise one entry was shredded")
    destroyed: tuple[KeyErased, ...]
    kept: tuple[KeyKept, ...]
    restored: bool = Field(description="Destroyed once more, after an older backup had been restored")
    ledger: str | None = Field(description="The hash of its entry in the erasure ledger, which pins all before it")
    recorded_at: datetime
    position: int
    proof: dict[str, Any] = Field(
        description="Save it as proof.json and check it with verifier.py: this very event is in the log"
    )


class Certificate(BaseModel):
    """The certificate of an erasure that is done: an entry for each record of the person."""

    model_config = ConfigDict(frozen=True)

    erasure: ErasureId
    certified: tuple[Certified, ...]


class ShowCertificate(
    Query[Certificate],
    context="protection",
    route="GET /protection/erasures/{erasure}/certificate",
    roles=READERS,
):
    """The certificate of an erasure, with the proof that the log holds it. There is none until it is done."""

    erasure: ErasureId


def certificate(store: EventStore, proof_of: ProofOf, erasure_id: str) -> Certificate:
    """The certificate of an erasure. Raises `NotFound` until it is done, and what `proof_of` raises."""
    recorded: list[Recorded[Any]] = [
        Recorded(decode(raw, _CLASSES[raw.type]), raw)
        for raw in store.read_stream(f"{erasure.category}-{erasure_id}")
        if raw.type in _CLASSES
    ]
    if erasure.fold(each.event for each in recorded).stage is not Stage.DONE:
        raise NotFound("There is no certificate: no such erasure is done.")
    return Certificate(
        erasure=erasure_id,
        certified=tuple(
            _certified(each.event, each, proof_of(each.position))
            for each in recorded
            if isinstance(each.event, PersonForgotten | EntryShredded)
        ),
    )


def queries(store: EventStore, proof_of: ProofOf) -> dict[type[Query[Any]], Callable[[Any, Origin], Any]]:
    """What answers the query above."""
    return {ShowCertificate: lambda query, origin: certificate(store, proof_of, query.erasure)}


def _certified(
    event: PersonForgotten | EntryShredded, recorded: Recorded[ErasureEvents], proof: dict[str, Any]
) -> Certified:
    return Certified(
        subject=event.subject,
        whole_person=isinstance(event, PersonForgotten),
        destroyed=event.destroyed,
        kept=event.kept if isinstance(event, PersonForgotten) else (),
        restored=event.restored,
        ledger=event.ledger,
        recorded_at=recorded.recorded_at,
        position=recorded.position,
        proof=proof,
    )

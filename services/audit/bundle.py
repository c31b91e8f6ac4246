"""A bundle for a court or an auditor: events, readable and with proofs, in one zip file that is checked offline.

    proof.json         the events as stored, each with its proof: what `verifier.py` reads
    events.json        the same events to read, personal values opened only for who may see them
    summary.md         what this is, the events in order, what is proven and what is not, how to check it
    checkpoint.txt     the signed checkpoint that the proofs lead to
    verifier.py        the check: Python and `cryptography`, none of our code
    verifier-key.txt   the log's public key

Personal values are ciphertext in the log, so the proof covers the ciphertext. That it opens to the text in
`events.json` is the centre's word: releasing keys would open more than was chosen, and AES-GCM does not commit to its
key, so even that would prove nothing. The summary says so.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Self

import orjson
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, model_validator

from services.audit.moment import Moment, recorded_at, stored_object, was_known
from services.audit.proofs import COVERED, Proofs
from services.audit.replay import StreamName
from services.audit.summary import summary
from shared.codec import place_of
from shared.errors import Invalid, NotFound
from shared.eventstore.port import EventStore, RecordedEvent
from shared.merkle import verifier
from shared.messages import Id, Origin, Query, Role
from shared.privacy.personal import FORGOTTEN, Place, is_sealed
from shared.privacy.port import Vault
from shared.projections.read_models import Disclosures

MOST_EVENTS = 100_000


class CompileBundle(
    Query[Base64Bytes],
    context="audit",
    route="POST /audit/bundles",
    roles=[Role.SUPERVISOR, Role.DATA_PROTECTION_OFFICER, Role.AUDITOR],
    media_type="application/zip",
):
    """Events with their proofs in one file: those of a stream, those that name a person, or a range of positions.

    Only for the data protection officer are personal values opened: with a reason, and on record.
    """

    stream: StreamName | None = None
    people: tuple[Id, ...] = Field((), description="All the ids of one person; values about others stay closed")
    first: Annotated[int, Field(ge=1)] | None = Field(None, description="The range's first position")
    last: Annotated[int, Field(ge=1)] | None = Field(None, description="The range's last position")
    as_of: Moment | None = None
    held: tuple[str, ...] = Field((), description="Checkpoints that the reader holds: the proof extends them")

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        chosen = [self.stream is not None, bool(self.people), self.first is not None or self.last is not None]
        if sum(chosen) != 1:
            raise ValueError("choose a stream, a person, or a range of positions")
        return self


class Reading(BaseModel):
    """An event to read. A fact that was sealed is `{"opened": value}` or `{"hidden": "withheld" | "forgotten"}`."""

    model_config = ConfigDict(frozen=True)

    position: int
    stream: str
    revision: int
    id: Id
    type: str
    recorded_at: datetime
    actor: str | None
    roles: tuple[str, ...]
    on_behalf_of: str | None
    command: str | None
    command_id: str | None
    correlation_id: str | None
    causation_id: str | None
    reason: Any
    facts: dict[str, Any]


def only_the_officer_sees(origin: Origin, place: Place) -> bool:
    """Opens values for the data protection officer alone.

    A bundle crosses the borders of teams and of counsel's and the psychologist's notes; of all roles only theirs does.
    """
    return Role.DATA_PROTECTION_OFFICER in origin.roles


def compile_bundle(
    query: CompileBundle,
    origin: Origin,
    *,
    store: EventStore,
    proofs: Proofs,
    vault: Vault,
    disclosures: Disclosures,
    may_see: Callable[[Origin, Place], bool] = only_the_officer_sees,
) -> bytes:
    """The bundle, a zip file. What was opened for it is on record before it leaves.

    Raises `NotFound` if there are no such events, `Invalid` for too many or for opening values without a reason, and
    what `proofs`, `vault` and `disclosures` raise.
    """
    if Role.DATA_PROTECTION_OFFICER in origin.roles and not origin.reason:
        raise Invalid(
            "Say for what personal values are opened, as the reason (X-Reason, --reason): it stays on record."
        )
    chosen = list(islice(_chosen(query, store), MOST_EVENTS + 1))
    if not chosen:
        raise NotFound("There are no such events, or there were none yet at that time.")
    if len(chosen) > MOST_EVENTS:
        raise Invalid(f"A bundle holds up to {MOST_EVENTS} events: choose fewer, or several ranges.")
    document = proofs.document(chosen, query.held)
    opened: list[Place] = []

    def show(raw: RecordedEvent, field: str, value: dict[str, Any]) -> dict[str, Any]:
        place = place_of(raw, field, value["of"])
        if not may_see(origin, place) or (query.people and place.subject not in query.people):
            return {"hidden": "withheld"}
        plain = vault.open(value["sealed"], place)
        if plain is FORGOTTEN:
            return {"hidden": "forgotten"}
        opened.append(place)
        return {"opened": plain}

    readings = [_reading(raw, show) for raw in chosen]
    if opened:
        disclosures.record(origin, query, opened)
    key = str(proofs.verifier)
    return _zipped(
        {
            "summary.md": summary(_described(query), readings, document["checkpoint"], key).encode(),
            "events.json": orjson.dumps([reading.model_dump(mode="json") for reading in readings], option=_INDENT),
            "proof.json": orjson.dumps(document, option=_INDENT),
            "checkpoint.txt": document["checkpoint"].encode(),
            "verifier.py": Path(verifier.__file__).read_bytes(),
            "verifier-key.txt": key.encode() + b"\n",
        }
    )


_INDENT = orjson.OPT_INDENT_2

Show = Callable[[RecordedEvent, str, dict[str, Any]], dict[str, Any]]


def _chosen(query: CompileBundle, store: EventStore) -> Iterator[RecordedEvent]:
    if query.stream is not None:
        events = store.read_stream(query.stream)
    else:
        events = store.read_all(start=query.first, filter=COVERED)
    needles = [person.encode() for person in query.people]
    for raw in events:
        if query.last is not None and raw.position > query.last:
            return
        if needles and not any(
            needle in raw.data or needle in raw.metadata or needle in raw.stream.encode() for needle in needles
        ):
            continue
        if was_known(raw, query.as_of):
            yield raw


def _described(query: CompileBundle) -> str:
    if query.stream is not None:
        what = f"the stream `{query.stream}`"
    elif query.people:
        what = f"every event that names {' or '.join(query.people)}"
    else:
        what = f"positions {query.first or 1} to {query.last or 'the end'}"
    return what if query.as_of is None else f"{what}, as known at {query.as_of}"


def _reading(raw: RecordedEvent, show: Show) -> Reading:
    metadata = stored_object(raw.metadata)
    reason = metadata.get("reason")
    return Reading(
        position=raw.position,
        stream=raw.stream,
        revision=raw.revision,
        id=str(raw.id),
        type=raw.type,
        recorded_at=recorded_at(raw, metadata),
        actor=metadata.get("actor"),
        roles=tuple(metadata.get("roles", ())),
        on_behalf_of=metadata.get("on_behalf_of"),
        command=metadata.get("command"),
        command_id=metadata.get("command_id"),
        correlation_id=metadata.get("$correlationId"),
        causation_id=metadata.get("$causationId"),
        reason=show(raw, "reason", reason) if reason is not None and is_sealed(reason) else reason,
        facts={
            name: show(raw, name, value) if is_sealed(value) else value
            for name, value in stored_object(raw.data).items()
        },
    )


def _zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, body in files.items():
            # A fixed date: the same bundle has the same bytes, and says nothing of when it was asked for.
            archive.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return content.getvalue()

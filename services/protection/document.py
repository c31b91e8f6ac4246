"""A document: a consent, a mandate, a photograph. It lies encrypted beside the log; that it is kept is an event.

Its name is the hash of its ciphertext, and says nothing. It goes when its subject is forgotten, or alone when its
record is shredded, like every value under that key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, assert_never

from pydantic import BaseModel, ConfigDict, Field

from services.protection.erasure import Record
from shared.decider import Decider
from shared.messages import Command, Event, Id, Query, Role
from shared.privacy.personal import Retention

HANDLERS = [
    Role.CASEWORKER,
    Role.SUPERVISOR,
    Role.PSYCHOLOGIST,
    Role.LAWYER,
    Role.SHELTER_MANAGER,
    Role.DATA_PROTECTION_OFFICER,
]

DocumentName = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="The document, as keeping it answered")]
MediaType = Annotated[
    str,
    Field(pattern=r"^[a-z]{1,20}/[a-z0-9][a-z0-9.+-]{0,79}$", description="What it is", examples=["application/pdf"]),
]


class DocumentPlace(BaseModel):
    """Whose document it is, in which record, and how long such things are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: Id = Field(description="The person whom it is about")
    record: Record
    keep: Retention = Field(Retention.CASE_FILE, description="Its retention class")


class KeepDocument(Command, context="protection", roles=HANDLERS):
    """Record that a document is kept. Sent by the edge that has encrypted it."""

    document: DocumentName
    subject: Id
    record: Record
    keep: Retention
    media_type: MediaType
    size: int = Field(ge=0, description="In bytes, before it was encrypted")


class DocumentKept(Event, context="protection"):
    """A document is kept beside the log."""

    document: str
    subject: Id
    record: str
    keep: Retention
    media_type: str
    size: int


class FetchDocument(Query[bytes], context="protection", roles=HANDLERS):
    """The content of a document. That it was opened is put on record before it leaves."""

    document: DocumentName


@dataclass(frozen=True, slots=True)
class Document:
    """One document."""

    kept: bool = False


def decide(command: KeepDocument, document: Document) -> Sequence[DocumentKept]:
    """What follows from `command`: a document never changes, so keeping it again is nothing new."""
    match command:
        case KeepDocument():
            return [] if document.kept else [DocumentKept(**command.stated())]
        case _:
            assert_never(command)


def evolve(document: Document, event: DocumentKept) -> Document:
    """The state after `event`."""
    match event:
        case DocumentKept():
            return Document(kept=True)
        case _:
            assert_never(event)


document = Decider("document", "document", Document(), decide, evolve, KeepDocument, DocumentKept)

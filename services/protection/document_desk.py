"""Where documents are handed in and asked for: encrypted before they are kept, put on record before they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple
from uuid import UUID

from services.protection.document import DocumentKept, DocumentPlace, FetchDocument, KeepDocument
from shared.bus import Bus, permit, permit_kind
from shared.codec import decode
from shared.errors import NotFound
from shared.eventstore.port import EventStore
from shared.messages import Origin, Receipt
from shared.privacy.documents import DocumentId, Documents
from shared.privacy.personal import Place
from shared.privacy.port import KeyName
from shared.projections.read_models import Disclosures


class Fetched(NamedTuple):
    """A document, opened."""

    content: bytes
    media_type: str
    position: int


class DocumentDesk:
    """Keeps documents and hands them out. Safe to use from any thread."""

    def __init__(
        self,
        documents: Documents,
        store: EventStore,
        bus: Bus,
        disclosures: Disclosures,
        hides: Callable[[Iterable[str], Origin, int], bool] = lambda subjects, origin, position: False,
    ) -> None:
        self._documents = documents
        self._store = store
        self._bus = bus
        self._disclosures = disclosures
        self._hides = hides

    def keep(self, content: bytes, place: DocumentPlace, media_type: str, origin: Origin, command_id: UUID) -> Receipt:
        """Encrypt and keep it; it is on disk, and on record, when this returns.

        Raises `Forbidden`, `Forgotten` for a person or a record that was forgotten, `TooLarge`, `StoreFull`.
        """
        permit_kind(KeepDocument, origin)
        name = self._documents.put(content, KeyName(place.subject, place.keep, place.record))
        kept = KeepDocument(
            document=name,
            subject=place.subject,
            record=place.record,
            keep=place.keep,
            media_type=media_type,
            size=len(content),
        )
        return self._bus.send(kept, origin, command_id=command_id)

    def fetch(self, query: FetchDocument, origin: Origin) -> Fetched:
        """The content; that it was opened is on record by then. Raises `Forbidden`, `NotFound`, `Forgotten`."""
        permit(query, origin)
        stream = f"document-{query.document}"
        raw = next((raw for raw in self._store.read_stream(stream) if raw.type == DocumentKept.type_name), None)
        if raw is None:
            raise NotFound("There is no such document.")
        kept = decode(raw, DocumentKept)
        if self._hides([kept.subject], origin, raw.position):  # as known when it was kept, or later
            raise NotFound("There is no such document.")
        content = b"".join(self._documents.get(DocumentId(query.document)))
        place = Place(stream, str(raw.id), raw.type, "content", kept.subject)
        self._disclosures.record(origin, query, [place])
        return Fetched(content, kept.media_type, raw.position)

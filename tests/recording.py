"""Facts as they stand in a log, whatever the rules would say: for read models, and for measurements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

from shared.codec import encode, key_names
from shared.eventstore.port import NewEvent
from shared.messages import Event, Role
from shared.metadata import Metadata
from shared.privacy.port import Vault

Fact = tuple[str, str, Event]  # who recorded it, in which stream, and what

AT = datetime(2026, 1, 1, tzinfo=UTC)


def stored(
    facts: Iterable[Fact], vault: Vault, *, at: datetime = AT, synthetic: bool = False
) -> Iterator[tuple[str, NewEvent]]:
    """The facts as they are stored, each with its stream. The keys of all are made at once."""
    facts = list(facts)
    vault.prepare({key for _, stream, what in facts for key in key_names([what], stream)})
    for actor, stream, what in facts:
        event_id = uuid4()
        metadata = Metadata(
            version=what.version,
            command="test.Record",
            command_id=event_id,
            correlation_id=event_id,
            causation_id=None,
            actor=actor,
            roles=(Role.POLICY,),
            recorded_at=at,
            fingerprint="",
            synthetic=synthetic,
        )
        yield stream, encode(what, vault, stream=stream, event_id=event_id, metadata=metadata.to_json())

"""After a restore: what the erasure ledger knows and the log does not is recorded again.

The keys themselves are destroyed again when the key store is opened, before anything is served. A log restored from
an older backup lacks the certificates; they are written anew, marked `restored`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5

from services.protection.erasure import EntryShredded, PersonForgotten
from services.protection.execution import certificate_id, record_of, retention_certificate
from services.protection.plan import erased
from services.protection.retention import RecordRetention, RetentionApplied
from shared.codec import decode
from shared.eventstore.port import EventStore, Filter
from shared.messages import Command
from shared.privacy.port import Erasure

CERTIFICATES = (PersonForgotten, EntryShredded, RetentionApplied)


def certificates(store: EventStore) -> Iterator[str]:
    """The certificates that the log holds."""
    for raw in store.read_all(filter=Filter(types=tuple(kind.type_name for kind in CERTIFICATES))):
        if raw.type == RetentionApplied.type_name:
            yield retention_certificate(decode(raw, RetentionApplied).day)
        else:
            event: PersonForgotten | EntryShredded = (
                decode(raw, PersonForgotten) if raw.type == PersonForgotten.type_name else decode(raw, EntryShredded)
            )
            yield certificate_id(event.erasure, event.subject)


def record_again(erasures: Iterable[Erasure], send: Callable[[Command, UUID], object]) -> int:
    """Record these erasures, each once however often this runs; answers how many there were."""
    count = 0
    for done in erasures:
        what, _, rest = done.certificate.partition(":")
        if what == "retention":
            destroyed = tuple(erased(key.id, key.name) for key in done.destroyed)
            command: Command = RecordRetention(day=date.fromisoformat(rest), destroyed=destroyed)
        else:
            command = record_of(what, rest, done, (), restored=True)
        send(command, uuid5(NAMESPACE_URL, f"restored:{done.certificate}"))
        count += 1
    return count

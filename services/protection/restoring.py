"""After a restore: log and erasure ledger are held against each other, and what the log has lost is recorded again.

The keys themselves are destroyed again when the key store is opened, before anything is served. A log restored from
an older backup lacks the certificates; they are written anew, marked `restored`. A certificate without its entry in
the ledger means that ledger and keys are older than the log: then nothing may be served.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from services.protection.erasure import (
    EntryShredded,
    ErasureApproved,
    KeptBecause,
    KeyKept,
    PersonForgotten,
)
from services.protection.execution import certificate_id, record_of, record_of_retention, retention_certificate
from services.protection.plan import plan_subjects
from services.protection.retention import RetentionApplied
from shared.codec import decode
from shared.errors import Tampered
from shared.eventstore.port import EventStore, Filter
from shared.messages import Command
from shared.privacy.keys import SqliteKeyStore
from shared.privacy.ledger import Ledger
from shared.privacy.personal import Retention
from shared.privacy.port import Erasure, KeyStore

CERTIFICATES = (PersonForgotten, EntryShredded, RetentionApplied)


class Certificate(NamedTuple):
    """What the log says of one destruction. `ledger` is the hash of its entry in the ledger."""

    id: str
    ledger: str | None


def certificates(store: EventStore) -> Iterator[Certificate]:
    """The certificates that the log holds."""
    for raw in store.read_all(filter=Filter(types=tuple(kind.type_name for kind in CERTIFICATES))):
        if raw.type == RetentionApplied.type_name:
            applied = decode(raw, RetentionApplied)
            yield Certificate(retention_certificate(applied.day), applied.ledger)
        else:
            event: PersonForgotten | EntryShredded = (
                decode(raw, PersonForgotten) if raw.type == PersonForgotten.type_name else decode(raw, EntryShredded)
            )
            yield Certificate(certificate_id(event.erasure, event.subject), event.ledger)


def require_ledger(held: Iterable[Certificate], ledger: Ledger) -> None:
    """Refuse to go on with a ledger that knows less than the log. Raises `Tampered`.

    `held` must have been read before: another process writes its entry before its certificate.
    """
    known = {entry.hash for entry in ledger.entries()}
    if missing := [certificate.id for certificate in held if certificate.ledger and certificate.ledger not in known]:
        raise Tampered(
            f"The log certifies {len(missing)} erasures of which {ledger.path.name} knows nothing, so what was "
            "forgotten may be readable again: restore its newest copy. Nothing is served until then.",
            missing=missing[:20],
        )


def complete(store: EventStore, keys: SqliteKeyStore, send: Callable[[Command, UUID], object], today: date) -> int:
    """Record what the ledger knows and the log does not; answers how many. Raises `Tampered` for an older ledger.

    For the process that owns the log, before it serves. Each is recorded once, however often this runs.
    """
    held = list(certificates(store))
    if keys.ledger is None:
        return 0
    require_ledger(held, keys.ledger)
    unknown = keys.ledger.unknown_to({certificate.id for certificate in held})
    return record_again(unknown, store, keys, send, today) if unknown else 0


def record_again(
    erasures: Iterable[Erasure],
    store: EventStore,
    keys: KeyStore,
    send: Callable[[Command, UUID], object],
    today: date,
) -> int:
    """Record these. One that the log has approved and still awaits was cut short, and not undone by a restore."""
    awaited = {
        certificate_id(approved.erasure, subject)
        for raw in store.read_all(filter=Filter(types=(ErasureApproved.type_name,)))
        for approved in [decode(raw, ErasureApproved)]
        for subject in approved.subjects
    }
    count = 0
    for done in erasures:
        what, _, rest = done.certificate.partition(":")
        command: Command
        if what == "retention":
            command = record_of_retention(date.fromisoformat(rest), done, keys)
        else:
            kept = _kept(done, store, keys, today)
            command = record_of(what, rest, done, kept, keys, restored=done.certificate not in awaited)
        send(command, uuid5(NAMESPACE_URL, f"restored:{done.certificate}"))
        count += 1
    return count


def _kept(done: Erasure, store: EventStore, keys: KeyStore, today: date) -> tuple[KeyKept, ...]:
    """What that erasure kept, with the reason as far as the log still tells it."""
    if not done.kept:
        return ()
    reasons = {(key.keep, key.record): key for key in plan_subjects(store, keys, [done.kept[0].subject], today).stays}
    return tuple(
        reasons.get((Retention(name.keep), name.record))
        or KeyKept(
            subject=name.subject,
            keep=Retention(name.keep),
            record=name.record,
            because=KeptBecause.NOT_KNOWN_ANY_MORE,
            ground="The certificate that said why is not in the restored log",
        )
        for name in done.kept
    )

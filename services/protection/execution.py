"""Carries out what was approved: keys are destroyed first, then the certificate is recorded.

The key store answers a repeat under the same certificate alike, and the record's command id follows from the event
that asked for it: whatever is cut short is completed when the event is delivered again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from services.protection.erasure import (
    ErasureApproved,
    KeyKept,
    RecordErasure,
    RecordErasureFailed,
)
from services.protection.plan import (
    ErasurePlan,
    LastUse,
    due_by_retention,
    erased,
    plan_entry,
    plan_person,
    plan_subjects,
)
from services.protection.retention import SCHEDULE, RecordRetention, RetentionRan, RunRetention
from services.protection.usage import UsageOfKeys
from shared.codec import Recorded
from shared.errors import Conflict
from shared.eventstore.port import EventStore
from shared.messages import Command
from shared.policies import Deadline, Policy, Reaction, on
from shared.privacy.port import Erasure, KeyName, KeyStore

OTHERWISE = "Something else would go or stay than was approved: look at a new dry run."
RUNS_AT = time(2, 0, tzinfo=UTC)

Sweep = Callable[[], object]
"""Deletes what nobody can read any more: the files of documents whose keys are gone."""


def certificate_id(erasure: str, subject: str) -> str:
    """The key store's certificate of one subject in an erasure."""
    return f"{erasure}:{subject}"


def retention_certificate(day: date) -> str:
    """The key store's certificate of one night's retention run."""
    return f"retention:{day}"


class ErasureExecution(Policy):
    """Destroys what two people have agreed on."""

    name = "erasure_execution"

    def __init__(self, store: EventStore, keys: KeyStore, today: Callable[[], date], sweep: Sweep) -> None:
        self._store = store
        self._keys = keys
        self._today = today
        self._sweep = sweep

    @on(ErasureApproved)
    def destroy(self, e: Recorded[ErasureApproved]) -> Iterable[Reaction]:
        """Each subject has a certificate of its own, so that one of them can fail alone."""
        if self._is_otherwise(e):
            yield RecordErasureFailed(erasure=e.event.erasure, subject=e.event.subject, why=OTHERWISE)
            return
        for subject in e.event.subjects:
            yield self._destroy(e, subject)

    def _is_otherwise(self, e: Recorded[ErasureApproved]) -> bool:
        """Whether something else would go or stay than the approver saw. What this approval has begun is completed.

        What an earlier one destroyed before it failed is no beginning of this one.
        """
        event, at = e.event, e.recorded_at.isoformat()
        destroyed = (self._keys.erasure_of(certificate_id(event.erasure, subject)) for subject in event.subjects)
        if event.digest is None or any(done.at == at for done in destroyed if done):
            return False
        if event.record is not None:
            return event.digest != self._plan(event, event.subject).digest
        return event.digest != plan_person(self._store, self._keys, event.subject, self._today()).digest

    def _plan(self, event: ErasureApproved, subject: str) -> ErasurePlan:
        if event.record is not None:
            return plan_entry(self._store, self._keys, subject, event.record, self._today())
        return plan_subjects(self._store, self._keys, [subject], self._today())

    def _destroy(self, e: Recorded[ErasureApproved], subject: str) -> Command:
        event, at = e.event, e.recorded_at
        certificate = certificate_id(event.erasure, subject)
        plan = self._plan(event, subject)
        names = [KeyName(key.subject, key.keep, key.record) for key in plan.goes]
        kept = [KeyName(key.subject, key.keep, key.record) for key in plan.stays]
        try:
            if done := self._keys.erasure_of(certificate):  # cut short after the deed: it only has to be recorded
                pass
            elif event.record is not None:
                done = self._keys.shred(names, certificate=certificate, at=at)
            else:
                done = self._keys.forget(subject, destroy=names, keep=kept, certificate=certificate, at=at)
        except Conflict:
            return RecordErasureFailed(erasure=event.erasure, subject=subject, why=OTHERWISE)
        self._sweep()
        return record_of(event.erasure, subject, done, plan.stays, self._keys)


class RetentionExecution(Policy):
    """Lets go what is due, each night, and sets the next night's run."""

    name = "retention_execution"

    def __init__(self, store: EventStore, keys: KeyStore, sweep: Sweep, used_elsewhere: LastUse) -> None:
        self._store = store
        self._keys = keys
        self._sweep = sweep
        self._used = UsageOfKeys(store)
        self._used_elsewhere = used_elsewhere

    @on(RetentionRan)
    def let_go(self, e: Recorded[RetentionRan]) -> Iterable[Reaction]:
        """Destroys keys alone: a name may get a new key, for the person may come back."""
        day = e.event.day
        certificate = retention_certificate(day)
        done = self._keys.erasure_of(certificate)
        if done is None:
            facts = due_by_retention(self._store, self._keys, self._used, self._used_elsewhere, day)
            due = [one.name for one in facts]
            done = self._keys.shred(due, certificate=certificate, at=e.recorded_at, closed=False)
        self._sweep()
        yield record_of_retention(day, done, self._keys)
        following = day + timedelta(days=1)
        due_at = datetime.combine(following, RUNS_AT)
        yield Deadline(key=f"retention-{SCHEDULE}", due=due_at, command=RunRetention(day=following))


def record_of(
    erasure: str, subject: str, done: Erasure, kept: tuple[KeyKept, ...], keys: KeyStore, *, restored: bool = False
) -> RecordErasure:
    """The command that records what the key store did."""
    return RecordErasure(
        erasure=erasure,
        subject=subject,
        whole_person=done.subject is not None,
        destroyed=tuple(erased(key.id, key.name) for key in done.destroyed),
        kept=kept,
        restored=restored,
        ledger=keys.ledger_hash(done.certificate),
    )


def record_of_retention(day: date, done: Erasure, keys: KeyStore) -> RecordRetention:
    """The command that records what went on `day`."""
    destroyed = tuple(erased(key.id, key.name) for key in done.destroyed)
    return RecordRetention(day=day, destroyed=destroyed, ledger=keys.ledger_hash(done.certificate))


def start_schedule(send: Callable[[Command, UUID], object], day: date) -> None:
    """Run today's retention, unless it ran; each run sets the next night's. Sent at every start, once for a day."""
    send(RunRetention(day=day), uuid5(NAMESPACE_URL, f"forgetmenot:retention:{day}"))

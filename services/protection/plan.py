"""The dry run of an erasure: what will go, what stays, and why. Nothing is changed by looking."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date

import orjson
from pydantic import BaseModel, ConfigDict, Field, computed_field

from services.protection.erasure import KeptBecause, KeyErased, KeyKept
from services.protection.retention import RULES, goes_on, kept_until
from services.protection.usage import UsageOfKeys, hold_on, holds, linked
from shared.eventstore.port import EventStore
from shared.messages import Id
from shared.privacy.personal import Retention
from shared.privacy.port import KeyFacts, KeyName, KeyStore


class ErasurePlan(BaseModel):
    """What an erasure would do today."""

    model_config = ConfigDict(frozen=True)

    subjects: tuple[Id, ...] = Field(description="The person, and linked records of the same person: approve them all")
    goes: tuple[KeyErased, ...]
    stays: tuple[KeyKept, ...]

    @computed_field(  # type: ignore[prop-decorator]
        description="Approve with it: if anything else would go or stay by then, nothing is destroyed"
    )
    @property
    def digest(self) -> str:
        """A hash of what goes and what stays, by keys alone: why it stays is no part of it.

        Nor are reasons that staff gave, for the approval itself may have one.
        """
        goes = sorted(key.key for key in self.goes if key.keep is not Retention.REASON)
        stays = sorted([key.subject, key.keep, key.record] for key in self.stays if key.keep is not Retention.REASON)
        return hashlib.sha256(orjson.dumps([sorted(self.subjects), goes, stays])).hexdigest()


def plan_person(store: EventStore, keys: KeyStore, person: str, today: date) -> ErasurePlan:
    """The plan for a person and every record linked with theirs."""
    return plan_subjects(store, keys, linked(store, person), today)


def plan_subjects(store: EventStore, keys: KeyStore, subjects: Sequence[str], today: date) -> ErasurePlan:
    """The plan for these subjects and no others."""
    used = UsageOfKeys(store, subjects).read_on()
    held = holds(store, today)
    goes: list[KeyErased] = []
    stays: list[KeyKept] = []
    for facts in live_keys(keys, subjects):
        name, uses = facts.name, used.of(facts)
        keep = Retention(name.keep)
        until = kept_until(keep, uses.last_entry)
        if hold := hold_on(name, uses, held):
            stays.append(_kept(name, KeptBecause.LEGAL_HOLD, hold.ground, hold.until))
        elif until is not None and until > today:
            stays.append(_kept(name, KeptBecause.RETENTION_RULE, RULES[keep].at_least_ground, until))
        else:
            goes.append(erased(facts.id, name))
    return ErasurePlan(subjects=tuple(subjects), goes=tuple(goes), stays=tuple(stays))


def plan_entry(store: EventStore, keys: KeyStore, subject: str, record: str, today: date) -> ErasurePlan:
    """The plan for one entry of a subject, alone."""
    mine = [facts for facts in live_keys(keys, [subject]) if facts.name.record == record]
    used = UsageOfKeys(store, [subject]).read_on()
    held = holds(store, today)
    stays = tuple(
        _kept(facts.name, KeptBecause.LEGAL_HOLD, hold.ground, hold.until)
        for facts in mine
        if (hold := hold_on(facts.name, used.of(facts), held))
    )
    kept = {(key.keep, key.record) for key in stays}
    goes = tuple(erased(facts.id, facts.name) for facts in mine if (facts.name.keep, record) not in kept)
    return ErasurePlan(subjects=(subject,), goes=goes, stays=stays)


LastUse = Callable[[KeyName], date | None]
"""When a key was last used elsewhere than in the log: the last day of all for one in use, None if it never was."""


def due_by_retention(
    store: EventStore, keys: KeyStore, used: UsageOfKeys, used_elsewhere: LastUse, today: date
) -> list[KeyFacts]:
    """Live keys whose time is over and that no hold keeps. Keys of erased people go when their minimum has passed."""
    held = holds(store, today)
    used.read_on()
    due: list[KeyFacts] = []
    for subject in keys.subjects():
        for facts in live_keys(keys, [subject]):
            uses = used.of(facts)
            if hold_on(facts.name, uses, held):
                continue
            keep = Retention(facts.name.keep)
            if keys.is_forgotten(subject):
                until = kept_until(keep, uses.last_entry)
                over = until is None or until <= today
            else:
                over = goes_on(keep, uses.last_entry) <= today
            if over and (last := used_elsewhere(facts.name)):
                over = goes_on(keep, last) <= today
            if over:
                due.append(facts)
    return due


def live_keys(keys: KeyStore, subjects: Sequence[str]) -> list[KeyFacts]:
    """The keys that are there, of these subjects."""
    return [facts for subject in subjects for facts in keys.keys_of(subject) if facts.destroyed is None]


def erased(key_id: str, name: KeyName) -> KeyErased:
    """As the certificate names it."""
    return KeyErased(key=key_id, subject=name.subject, keep=Retention(name.keep), record=name.record)


def _kept(name: KeyName, because: KeptBecause, ground: str, until: date | None) -> KeyKept:
    return KeyKept(
        subject=name.subject,
        keep=Retention(name.keep),
        record=name.record,
        because=because,
        ground=ground,
        until=until.isoformat() if until else None,
    )

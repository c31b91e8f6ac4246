"""How long values are kept, by retention class, and the schedule that lets them go.

The periods are the centre's defaults, not legal advice: a lawyer must confirm them before real data is recorded.
A minimum binds erasure on request (GDPR 17(3)); a maximum lets values go unasked (GDPR 5(1)(e)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date
from typing import assert_never

from services.protection.erasure import KeyErased
from shared.decider import Decider
from shared.messages import Command, Event, Id
from shared.privacy.personal import Retention

SCHEDULE = "00000000-0000-5000-8000-000000000001"
"""There is one schedule; its stream is `retention-` and this id."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Whole years since the last entry under a key. `at_least` None: may go at once on request."""

    at_most: int
    at_most_ground: str
    at_least: int | None = None
    at_least_ground: str = ""


STORAGE_LIMITATION = "GDPR 5(1)(e): kept no longer than needed"
RULES: dict[Retention, Rule] = {
    Retention.IDENTITY: Rule(10, STORAGE_LIMITATION),
    Retention.CASE_FILE: Rule(10, STORAGE_LIMITATION),
    Retention.CONTACT: Rule(3, STORAGE_LIMITATION),
    Retention.REASON: Rule(10, STORAGE_LIMITATION),
    Retention.ACCOUNTS: Rule(
        11,
        STORAGE_LIMITATION,
        at_least=10,
        at_least_ground="GDPR 17(3)(b): the duty to keep accounting documents",
    ),
    Retention.LEGAL: Rule(
        15,
        STORAGE_LIMITATION,
        at_least=10,
        at_least_ground="GDPR 17(3)(e): legal claims, within the limitation period of Civil Code 1.125(1)",
    ),
}


def years_after(day: date, years: int) -> date:
    """The same day `years` later; 29 February becomes 1 March where there is none. No day is after the last one."""
    if day.year + years > MAXYEAR:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def kept_until(keep: Retention, last_entry: date) -> date | None:
    """The day before which a value may not go even on request; None if there is no such rule."""
    rule = RULES[keep]
    return None if rule.at_least is None else years_after(last_entry, rule.at_least)


def goes_on(keep: Retention, last_entry: date) -> date:
    """The day on which a value goes unasked."""
    return years_after(last_entry, RULES[keep].at_most)


class RunRetention(Command, context="protection"):
    """Let go what is due on `day`. Sent by the schedule."""

    schedule: Id = SCHEDULE
    day: date


class RecordRetention(Command, context="protection"):
    """What the key store let go. Sent by the system."""

    schedule: Id = SCHEDULE
    day: date
    destroyed: tuple[KeyErased, ...] = ()
    ledger: str | None = None


class RetentionRan(Event, context="protection"):
    """The rules were applied for `day`: what is due is let go next."""

    schedule: Id
    day: date


class RetentionApplied(Event, context="protection"):
    """The certificate of what went on `day`, unasked, because its time was over. `ledger` is its entry's hash."""

    schedule: Id
    day: date
    destroyed: tuple[KeyErased, ...]
    ledger: str | None = None


RetentionCommands = RunRetention | RecordRetention
RetentionEvents = RetentionRan | RetentionApplied


@dataclass(frozen=True, slots=True)
class Schedule:
    """The last days that were run and recorded."""

    ran: date = date.min
    applied: date = date.min


def decide(command: RetentionCommands, schedule: Schedule) -> Sequence[RetentionEvents]:
    """What follows from `command`: each day once, never backwards."""
    match command:
        case RunRetention(day=day) if day <= schedule.ran:
            return []
        case RunRetention(schedule=key, day=day):
            return [RetentionRan(schedule=key, day=day)]
        case RecordRetention(day=day) if day <= schedule.applied:
            return []
        case RecordRetention():
            return [RetentionApplied(**command.stated())]
        case _:
            assert_never(command)


def evolve(schedule: Schedule, event: RetentionEvents) -> Schedule:
    """The state after `event`."""
    match event:
        case RetentionRan(day=day):
            return Schedule(day, schedule.applied)
        case RetentionApplied(day=day):
            return Schedule(schedule.ran, day)
        case _:
            assert_never(event)


retention = Decider("retention", "schedule", Schedule(), decide, evolve, RetentionCommands, RetentionEvents)

"""What is kept of a case, and what every command to one must respect."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import Field

from services.cases.vocabulary import CaseId, PersonId
from shared.decider import must_exist
from shared.errors import DomainError
from shared.growing import Growing
from shared.messages import Command, Event

PersonOfCase = Annotated[PersonId, Field(description="The person whose case it is")]
ReviewDue = Annotated[date, Field(description="The last day for the next review", examples=["2008-10-09"])]


class CaseCommand(Command, context="cases"):
    """An instruction to one case."""

    case: CaseId


class CaseEvent(Event, context="cases"):
    """A fact of one case."""

    case: CaseId


class CaseKind(StrEnum):
    """What a case is about."""

    MISSING_PERSON = "missing_person"
    TRAFFICKING = "trafficking"
    FAMILY_SUPPORT = "family_support"


class Outcome(StrEnum):
    """How a case ended."""

    FOUND_ALIVE = "found_alive"
    FOUND_DEAD = "found_dead"
    RETURNED = "returned"
    NOT_MISSING = "not_missing"
    REINTEGRATED = "reintegrated"
    NOT_A_VICTIM = "not_a_victim"
    NEEDS_MET = "needs_met"
    REFERRED = "referred"
    DECLINED_HELP = "declined_help"
    LOST_CONTACT = "lost_contact"


class EntryKind(StrEnum):
    """What an entry of the file is."""

    NOTE = "note"
    ASSESSMENT = "assessment"
    INDICATORS = "indicators"
    PLAN = "plan"
    SUPPORT = "support"


class Entry(NamedTuple):
    """What a case remembers of one of its entries. What was said in it is not needed to decide anything."""

    kind: EntryKind
    about: PersonId
    retracted: bool = False


class Closing(NamedTuple):
    """A closing that was asked for and waits for a second person."""

    outcome: Outcome
    asked_by: str
    acknowledged: frozenset[str]


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `kind` is None before it is opened."""

    kind: CaseKind | None = None
    person: PersonId = ""
    opened: str = ""
    worker: str | None = None
    team: frozenset[str] = frozenset()  # beside the responsible worker
    closed: bool = False
    closing: Closing | None = None
    review_due: date | None = None
    review_missed: bool = False
    open_items: frozenset[str] = frozenset()
    entries: Growing[str, Entry] = field(default_factory=Growing)

    def has(self, kind: EntryKind) -> bool:
        """Whether an entry of this kind stands."""
        return any(entry.kind is kind and not entry.retracted for entry in self.entries.values())

    def with_entry(self, entry: str, kind: EntryKind, about: PersonId) -> Case:
        """The case with one more entry."""
        return replace(self, entries=self.entries.having(entry, Entry(kind, about)))


def must_be_open(state: Case) -> None:
    """Raises `NotFound` for a case that never was, `DomainError` for one that is closed."""
    must_exist(state.kind is not None, "case")
    if state.closed:
        raise DomainError(
            "A closed case takes no new work; this one is closed: reopen it first.", rule="case-is-closed"
        )


def must_be_about(person: PersonId, state: Case) -> None:
    """Refuses what is said of somebody else: it belongs in a file of their own."""
    if person != state.person:
        raise DomainError(
            "This is about the person whose case it is, and another is named: open a case for them.",
            rule="about-the-person-of-the-case",
        )


def must_be_new(state: Case, entry: str) -> None:
    """Refuses an entry under an id that is taken."""
    if entry in state.entries:
        raise DomainError("Each entry has an id of its own; this one is taken: leave it out.", rule="entry-id-taken")


def standing(state: Case, entry: str, kind: EntryKind) -> Entry:
    """The entry of this id, if it is of this kind and was not retracted. Refuses otherwise."""
    found = state.entries.get(entry)
    if found is None or found.kind is not kind:
        raise DomainError(f"This case has no such {kind}: name one of its own.", rule="no-such-entry")
    if found.retracted:
        raise DomainError("A retracted entry stays retracted: record a new one.", rule="entry-is-retracted")
    return found

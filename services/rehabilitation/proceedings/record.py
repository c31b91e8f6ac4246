"""What is kept of proceedings, the words of the field, and what every command to them must respect."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from services.rehabilitation.programme.record import PersonId as PersonId
from services.rehabilitation.programme.record import Text as Text
from shared.decider import must_exist
from shared.errors import DomainError
from shared.growing import Growing
from shared.messages import Command, Event, Id, Role

ProceedingsId = Annotated[Id, Field(description="The proceedings", examples=["7c8d9e0f-1a2b-4c3d-8e4f-5a6b7c8d9e0f"])]
MandateId = Annotated[Id, Field(description="A mandate", examples=["8d9e0f1a-2b3c-4d4e-9f5a-6b7c8d9e0f1a"])]
HearingId = Annotated[Id, Field(description="A hearing", examples=["9e0f1a2b-3c4d-4e5f-8a6b-7c8d9e0f1a2b"])]
EntryId = Annotated[Id, Field(description="This entry", examples=["0f1a2b3c-4d5e-4f60-9b7c-8d9e0f1a2b3c"])]
NoteId = Annotated[Id, Field(description="A note", examples=["1a2b3c4d-5e6f-4a71-8c8d-9e0f1a2b3c4d"])]
CourtCode = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{0,15}$"),
    Field(description="The court, by a code", examples=["VNO-1"]),
]
Beneficiary = Annotated[PersonId, Field(description="The person whose proceedings they are")]
At = Annotated[AwareDatetime, Field(description="When it begins", examples=["2008-11-05T10:00:00+02:00"])]

LEGAL_TEAM = (Role.LAWYER, Role.CASEWORKER, Role.SUPERVISOR)
READERS = (*LEGAL_TEAM, Role.PSYCHOLOGIST)


class ProceedingsCommand(Command, context="rehabilitation"):
    """An instruction to one person's proceedings."""

    proceedings: ProceedingsId


class ProceedingsEvent(Event, context="rehabilitation"):
    """A fact of one person's proceedings."""

    proceedings: ProceedingsId


class Standing(StrEnum):
    """As what the person takes part."""

    VICTIM = "victim"
    WITNESS = "witness"
    CIVIL_PLAINTIFF = "civil_plaintiff"


class Authority(StrEnum):
    """Before whom somebody is represented."""

    COURT = "court"
    PROSECUTOR = "prosecutor"
    POLICE = "police"
    OTHER = "other"


class MandateState(StrEnum):
    """How a mandate stands. Expired is none of these: it follows from its last day."""

    GRANTED = "granted"  # not in force before it is known that counsel has no opposing client
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    REVOKED = "revoked"


class HearingState(StrEnum):
    """How a hearing stands."""

    SCHEDULED = "scheduled"
    HELD = "held"
    ADJOURNED = "adjourned"  # to a day that is not known yet
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Mandate:
    """What counsel may do for the person, and until when."""

    counsel: str
    scope: frozenset[Authority]
    since: date
    until: date
    state: MandateState = MandateState.GRANTED
    confirmed: bool = False  # at some time, also if it was revoked since
    revoked: date | None = None


@dataclass(frozen=True, slots=True)
class Hearing:
    """A hearing. `at` is None while nobody knows when it goes on."""

    at: datetime | None
    state: HearingState = HearingState.SCHEDULED


@dataclass(frozen=True, slots=True)
class Note:
    """A closed note: whose, and whether it stands."""

    whose: str
    stands: bool = True


class EntryKind(StrEnum):
    """What an entry tells of."""

    PREPARATION = "preparation"
    REPRESENTATION = "representation"
    OUTCOME = "outcome"
    AWARD = "award"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: what it tells of, whether it ends the proceedings, and whether it stands."""

    kind: EntryKind
    final: bool = False
    stands: bool = True


@dataclass(frozen=True, slots=True)
class Proceedings:
    """The legal case of one person, as far as rules need it."""

    beneficiary: str = ""
    standing: Standing = Standing.VICTIM
    mandates: Growing[str, Mandate] = field(default_factory=Growing)
    hearings: Growing[str, Hearing] = field(default_factory=Growing)
    notes: Growing[str, Note] = field(default_factory=Growing)
    entries: Growing[str, Entry] = field(default_factory=Growing)
    paid: frozenset[str] = frozenset()  # awards

    @property
    def final(self) -> bool:
        """Whether they have come to an end that stands."""
        return any(one.final and one.stands for one in self.entries.values())

    def with_entry(self, entry: str, kind: EntryKind, *, final: bool = False) -> Proceedings:
        """With an entry that is new."""
        return replace(self, entries=self.entries.having(entry, Entry(kind, final)))


def must_be_new(entry: str, state: Proceedings) -> None:
    """Refuses an entry's id that is taken."""
    if entry in state.entries:
        raise DomainError("Each entry has an id of its own; this is taken: leave it out.", rule="id-taken")


def must_be_about(beneficiary: str, state: Proceedings) -> None:
    """Refuses what names another person. Raises `NotFound` if there are no such proceedings."""
    must_exist(bool(state.beneficiary), "proceedings")
    if beneficiary != state.beneficiary:
        raise DomainError(
            "Proceedings are about the person whose they are; another is named: name that person.",
            rule="about-the-beneficiary",
        )

"""What is kept of a tension, the words of the field, and what every command to one must respect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from services.rehabilitation.placement.record import HOUSE as HOUSE
from services.rehabilitation.placement.record import KNOWERS as KNOWERS
from services.rehabilitation.placement.record import PersonId, Text
from shared.errors import DomainError
from shared.growing import Growing
from shared.messages import Command, Event, Id, Role
from shared.privacy.personal import About, Hidden

MEDIATORS = (*KNOWERS, Role.CASEWORKER, Role.PSYCHOLOGIST)

TensionId = Annotated[Id, Field(description="The tension", examples=["5a6b7c8d-9e0f-4a1b-8c2d-3e4f5a6b7c8d"])]
EntryId = Annotated[Id, Field(description="This entry", examples=["6b7c8d9e-0f1a-4b2c-9d3e-4f5a6b7c8d9e"])]
OneOfThem = Annotated[PersonId, Field(description="Whom of them this is about")]
Account = Annotated[
    Text | None, About("about", record="entry"), Field(description="What happened", examples=["Shouted at supper."])
]
HiddenAccount = Annotated[str | Hidden | None, About("about", record="entry")]
Rules = Annotated[
    str,
    StringConstraints(min_length=1, max_length=32),
    Field(description="Which version of the house rules", examples=["2008-1"]),
]


class TensionCommand(Command, context="rehabilitation"):
    """An instruction to one tension."""

    tension: TensionId


class TensionEvent(Event, context="rehabilitation"):
    """A fact of one tension."""

    tension: TensionId


class Sign(StrEnum):
    """What was noticed."""

    AVOIDANCE = "avoidance"
    QUARREL = "quarrel"
    INSULTS = "insults"
    THREATS = "threats"
    THEFT = "theft"
    VIOLENCE = "violence"


class Effect(StrEnum):
    """What a mediation changed."""

    EASED = "eased"
    UNCHANGED = "unchanged"
    WORSE = "worse"


class Resolution(StrEnum):
    """How a tension ended."""

    MEDIATED = "mediated"
    HOUSE_RULES = "house_rules"  # every party has accepted them
    SEPARATED = "separated"
    PARTY_LEFT = "party_left"
    SUBSIDED = "subsided"


class EntryKind(StrEnum):
    """What an entry tells of."""

    SIGN = "sign"
    MEDIATION = "mediation"


@dataclass(frozen=True, slots=True)
class Entry:
    """A sign or a mediation: about whom, and whether it stands."""

    kind: EntryKind
    about: str
    stands: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """How a tension ended, and when (EDTF)."""

    how: Resolution
    occurred: str


@dataclass(frozen=True, slots=True)
class Tension:
    """One tension. Without parties it was never noted."""

    centre: str = ""
    parties: frozenset[str] = frozenset()
    ended: Ended | None = None
    before: Tension | None = None  # it began again: as it was until then
    entries: Growing[str, Entry] = field(default_factory=Growing)
    mediations: frozenset[str] = frozenset()  # since it began, or began again
    agreed: frozenset[str] = frozenset()  # who accepted the house rules since then
    orders: Growing[str, frozenset[str]] = field(default_factory=Growing)

    @property
    def goes_on(self) -> bool:
        """Whether there is a sign of it that stands, and it has not ended."""
        return not self.ended and self.has_sign()

    def has_sign(self, since: Tension | None = None) -> bool:
        """Whether a sign of it stands; with `since`, one that came later."""
        return any(
            one.kind is EntryKind.SIGN and one.stands
            for entry, one in self.entries.items()
            if since is None or entry not in since.entries
        )


def must_go_on(state: Tension) -> None:
    """Refuses what only a tension that goes on takes."""
    if not state.goes_on:
        what = "resolved" if state.ended else "without a sign that stands"
        raise DomainError(f"This tension is {what}: if it goes on, add a sign first.", rule="tension-is-open")


def must_be_parties(people: Sequence[str], parties: frozenset[str]) -> None:
    """Refuses somebody who is no party."""
    if not parties.issuperset(people):
        raise DomainError(
            "This is about the parties of the tension; somebody else is named: name its parties alone.",
            rule="about-the-parties",
        )


def must_be_new(entry: str, state: Tension) -> None:
    """Refuses an entry's id that is taken."""
    if entry in state.entries:
        raise DomainError("Each entry has an id of its own; this is taken: leave it out.", rule="id-taken")

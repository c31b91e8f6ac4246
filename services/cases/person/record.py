"""What is kept of a person to decide with. None of it says who they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from services.cases.person.channels import ChannelKind, Terms, Way
from services.cases.vocabulary import PersonId
from shared.dates import earliest
from shared.growing import Growing
from shared.messages import Command, Event


class PersonCommand(Command, context="cases"):
    """An instruction about one person."""

    person: PersonId


class PersonEvent(Event, context="cases"):
    """A fact of one person."""

    person: PersonId


class Standing(StrEnum):
    """What a court has declared a person to be, or that they reappeared."""

    UNDECLARED = "undeclared"
    DECLARED_MISSING = "declared_missing"
    DECLARED_DEAD = "declared_dead"
    REAPPEARED = "reappeared"


class Purpose(StrEnum):
    """What a consent is for."""

    SHARING = "sharing"
    PUBLICATION = "publication"
    PHOTOGRAPH = "photograph"
    CONTACT = "contact"
    REPRESENTATION = "representation"
    RESEARCH = "research"


class Consent(NamedTuple):
    """A consent: for one purpose, to one recipient, until a day, and what is shared under it."""

    purpose: Purpose
    recipient: str
    given: str
    until: date
    withdrawn: bool = False
    referrals: tuple[str, ...] = ()

    def allows(self, to: str, recipient: str | None, occurred: str) -> bool:
        """Whether it allows sharing that happened then, with a kind of recipient or one organisation."""
        meant = self.purpose is Purpose.SHARING and self.recipient in {to, recipient}
        return meant and not self.withdrawn and earliest(self.given) <= earliest(occurred) <= self.until


@dataclass(frozen=True, slots=True)
class Person:
    """One person. Until it is shown that they are an adult, they are treated as a child."""

    registered: bool = False
    born_adult: bool = False  # by a birth date from a reliable source
    found_adult: bool | None = None  # by a finding, where there was one
    has_birth_date: bool = False
    described: bool = False
    has_safe_contact: bool = False
    ways: tuple[Way, ...] | None = None  # by what means they can be reached safely, and when; None: not known
    has_code_word: bool = False
    doubted: frozenset[ChannelKind] = frozenset()  # where somebody else has answered
    never_tell: frozenset[PersonId] = frozenset()  # who must learn nothing about them, by their own word
    barred: frozenset[tuple[PersonId, str]] = frozenset()  # who may be the danger, in which disappearance
    standing: Standing = Standing.UNDECLARED
    names: Growing[str, bool] = field(default_factory=Growing)  # name id -> whether it stands
    documents: Growing[str, bool] = field(default_factory=Growing)
    consents: Growing[str, Consent] = field(default_factory=Growing)
    messages: Growing[str, Terms | None] = field(default_factory=Growing)  # to them -> its terms, while it is safe
    recipients: Growing[str, PersonId | None] = field(
        default_factory=Growing
    )  # about them -> to whom, while it is safe

    def may_learn(self, recipient: PersonId) -> bool:
        """Whether somebody may be told about them."""
        return recipient not in self.never_tell and recipient not in {suspect for suspect, _ in self.barred}

    @property
    def shown_adult(self) -> bool:
        """Whether it was shown that they are an adult."""
        return self.born_adult if self.found_adult is None else self.found_adult

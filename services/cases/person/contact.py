"""Safe contact: how somebody can be reached without putting them in danger. Looked at before every message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import BaseModel, ConfigDict, Field

from services.cases.person.record import Person, PersonCommand, PersonEvent
from services.cases.vocabulary import HELPERS
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.privacy.personal import About, Hidden, Retention


class ChannelKind(StrEnum):
    """By what means."""

    PHONE = "phone"
    MESSAGE = "message"
    EMAIL = "email"
    POST = "post"
    IN_PERSON = "in_person"
    THROUGH_SOMEBODY = "through_somebody"


class ContactChannel(BaseModel):
    """One way to reach somebody, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[ChannelKind, Field(description="By what means", examples=["phone"])]
    address: Annotated[
        str, Field(min_length=1, max_length=200, description="Number or address", examples=["+370 600 00000"])
    ]
    hours: Annotated[str | None, Field(max_length=200, description="When", examples=["weekdays 9-11"])] = None


CONTACT = About("person", Retention.CONTACT)
Channels = Annotated[
    tuple[ContactChannel, ...], CONTACT, Field(description="How to reach them; none: do not, they come by themselves")
]
CodeWord = Annotated[
    str | None,
    CONTACT,
    Field(max_length=100, description="What to say so that they know who calls", examples=["the library"]),
]
Never = Annotated[
    tuple[str, ...],
    CONTACT,
    Field(description="Numbers, addresses and people never to be used", examples=[["+370 600 11111"]]),
]


class AgreeSafeContact(PersonCommand, route="POST /persons/{person}/safe-contact", roles=HELPERS):
    """Agree with a person how they can be reached safely. It takes the place of what was agreed before."""

    channels: Channels
    code_word: CodeWord = None
    never: Never = ()
    occurred: Occurred


class CorrectSafeContact(PersonCommand, route="POST /persons/{person}/safe-contact/correction", roles=HELPERS):
    """Put safe contact right: it was written down wrongly."""

    channels: Channels
    code_word: CodeWord = None
    never: Never = ()


class SafeContactAgreed(PersonEvent):
    """It was agreed how somebody can be reached safely."""

    channels: Annotated[tuple[ContactChannel, ...] | Hidden, CONTACT]
    code_word: Annotated[str | Hidden | None, CONTACT] = None
    never: Annotated[tuple[str, ...] | Hidden, CONTACT]
    occurred: Occurred


class SafeContactCorrected(PersonEvent):
    """Safe contact was written down wrongly; this is how it is."""

    channels: Annotated[tuple[ContactChannel, ...] | Hidden, CONTACT]
    code_word: Annotated[str | Hidden | None, CONTACT] = None
    never: Annotated[tuple[str, ...] | Hidden, CONTACT]


Commands = AgreeSafeContact | CorrectSafeContact
Events = SafeContactAgreed | SafeContactCorrected


def decide(command: Commands, state: Person) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(state.registered, "person")
    if any(channel.address in command.never for channel in command.channels):
        raise DomainError(
            "What must never be used is not a safe channel, and one address is named as both: take it out of one.",
            rule="safe-and-never",
        )
    match command:
        case AgreeSafeContact(person=person, channels=channels, code_word=code_word, never=never, occurred=occurred):
            must_have_happened(occurred, command.now)
            return [
                SafeContactAgreed(person=person, channels=channels, code_word=code_word, never=never, occurred=occurred)
            ]
        case CorrectSafeContact(person=person, channels=channels, code_word=code_word, never=never):
            if not state.has_safe_contact:
                raise DomainError("No safe contact was agreed yet: agree it first.", rule="nothing-to-correct")
            return [SafeContactCorrected(person=person, channels=channels, code_word=code_word, never=never)]
        case _:
            assert_never(command)


def evolve(state: Person, event: Events) -> Person:
    """What is kept of a person after an event."""
    match event:
        case SafeContactAgreed():
            return replace(state, has_safe_contact=True)
        case SafeContactCorrected():
            return state
        case _:
            assert_never(event)

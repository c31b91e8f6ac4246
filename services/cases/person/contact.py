"""Safe contact: how somebody can be reached without putting them in danger. Looked at before every message.

By what means is known to the rules; numbers, addresses, hours and what must never be used are sealed, and are before
the eyes of whoever sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, assert_never

from pydantic import BaseModel, ConfigDict, Field

from services.cases.person.record import Person, PersonCommand, PersonEvent
from services.cases.vocabulary import HELPERS
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Id, Role, upcasts
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


class WhyUnsafe(StrEnum):
    """Why a message cannot go to somebody."""

    NOTHING_AGREED = "nothing_agreed"
    NOT_THIS_WAY = "not_this_way"
    AGREE_ANEW = "agree_anew"  # it was agreed before means were kept apart from addresses


CONTACT = About("person", Retention.CONTACT)
Channels = Annotated[
    tuple[ContactChannel, ...], CONTACT, Field(description="How to reach them; none: do not, they come by themselves")
]
CodeWord = Annotated[
    str | None,
    CONTACT,
    Field(max_length=100, description="What to say so that they know who calls", examples=["the library"]),
]
Means = Annotated[
    tuple[ChannelKind, ...] | None,
    Field(description="By what means; null: it was not kept apart from the addresses", examples=[["phone"]]),
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


class CheckMessage(PersonCommand, roles=[Role.POLICY]):
    """Look whether a message can go to a person by these means. Sent by policy."""

    message: Annotated[Id, Field(description="The message")]
    by_means: Annotated[ChannelKind, Field(description="By what means", examples=["phone"])]


class SafeContactAgreed(PersonEvent, version=2):
    """It was agreed how somebody can be reached safely."""

    by_means: Means
    channels: Annotated[tuple[ContactChannel, ...] | Hidden, CONTACT]
    code_word: Annotated[str | Hidden | None, CONTACT] = None
    never: Annotated[tuple[str, ...] | Hidden, CONTACT]
    occurred: Occurred


@upcasts(SafeContactAgreed, 1)
def agreed_before_means_were_kept(data: dict[str, Any]) -> dict[str, Any]:
    """By what means was sealed with the addresses."""
    return data | {"by_means": None}


class SafeContactCorrected(PersonEvent, version=2):
    """Safe contact was written down wrongly; this is how it is."""

    by_means: Means
    channels: Annotated[tuple[ContactChannel, ...] | Hidden, CONTACT]
    code_word: Annotated[str | Hidden | None, CONTACT] = None
    never: Annotated[tuple[str, ...] | Hidden, CONTACT]


@upcasts(SafeContactCorrected, 1)
def corrected_before_means_were_kept(data: dict[str, Any]) -> dict[str, Any]:
    """By what means was sealed with the addresses."""
    return data | {"by_means": None}


class MessageFoundSafe(PersonEvent):
    """A message can go to the person."""

    message: Id
    by_means: ChannelKind


class MessageFoundUnsafe(PersonEvent):
    """A message cannot go to the person, or not any more."""

    message: Id
    reason: WhyUnsafe


Commands = AgreeSafeContact | CorrectSafeContact | CheckMessage
Events = SafeContactAgreed | SafeContactCorrected | MessageFoundSafe | MessageFoundUnsafe


def decide(command: Commands, state: Person) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(state.registered, "person")
    if isinstance(command, CheckMessage):
        return [check(command, state)]
    if any(channel.address in command.never for channel in command.channels):
        raise DomainError(
            "What must never be used is not a safe channel, and one address is named as both: take it out of one.",
            rule="safe-and-never",
        )
    match command:
        case AgreeSafeContact(person=person, channels=channels, code_word=code_word, never=never, occurred=occurred):
            must_have_happened(occurred, command.now)
            means = means_of(channels)
            agreed = SafeContactAgreed(
                person=person, by_means=means, channels=channels, code_word=code_word, never=never, occurred=occurred
            )
            return [agreed, *no_longer_safe(person, means, state)]
        case CorrectSafeContact(person=person, channels=channels, code_word=code_word, never=never):
            if not state.has_safe_contact:
                raise DomainError("No safe contact was agreed yet: agree it first.", rule="nothing-to-correct")
            means = means_of(channels)
            corrected = SafeContactCorrected(
                person=person, by_means=means, channels=channels, code_word=code_word, never=never
            )
            return [corrected, *no_longer_safe(person, means, state)]
        case _:
            assert_never(command)


def means_of(channels: tuple[ContactChannel, ...]) -> tuple[ChannelKind, ...]:
    """By what means somebody can be reached, each once."""
    return tuple(sorted({channel.kind for channel in channels}))


def check(command: CheckMessage, state: Person) -> MessageFoundSafe | MessageFoundUnsafe:
    """Where nothing was agreed, nothing goes out: silence is safer than a call that somebody else answers."""
    person, message = command.person, command.message
    if not state.has_safe_contact:
        return MessageFoundUnsafe(person=person, message=message, reason=WhyUnsafe.NOTHING_AGREED)
    if state.safe_means is None:
        return MessageFoundUnsafe(person=person, message=message, reason=WhyUnsafe.AGREE_ANEW)
    if command.by_means not in state.safe_means:
        return MessageFoundUnsafe(person=person, message=message, reason=WhyUnsafe.NOT_THIS_WAY)
    return MessageFoundSafe(person=person, message=message, by_means=command.by_means)


def no_longer_safe(person: str, means: tuple[ChannelKind, ...], state: Person) -> list[MessageFoundUnsafe]:
    """Messages that were found safe, and by what is agreed now are not."""
    return [
        MessageFoundUnsafe(person=person, message=message, reason=WhyUnsafe.NOT_THIS_WAY)
        for message, by_means in state.messages.items()
        if by_means is not None and by_means not in means
    ]


def evolve(state: Person, event: Events) -> Person:
    """What is kept of a person after an event."""
    match event:
        case SafeContactAgreed(by_means=means) | SafeContactCorrected(by_means=means):
            return replace(state, has_safe_contact=True, safe_means=None if means is None else frozenset(means))
        case MessageFoundSafe(message=message, by_means=by_means):
            return replace(state, messages=state.messages.having(message, by_means))
        case MessageFoundUnsafe(message=message):
            return replace(state, messages=state.messages.having(message, None))
        case _:
            assert_never(event)

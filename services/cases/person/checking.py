"""Checking: whether a message can go to a person, and on what terms; and who may be told about them.

The person's own stream answers, so that what is agreed anew, or comes to light, holds for messages that wait, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, assert_never

from pydantic import Field

from services.cases.person.channels import SPOKEN, ChannelKind, SafeTime, Terms
from services.cases.person.record import Person, PersonCommand, PersonEvent
from services.cases.vocabulary import PersonId
from shared.decider import must_exist
from shared.messages import Id, Role, upcasts

MessageId = Annotated[Id, Field(description="The message")]
Recipient = Annotated[PersonId, Field(description="Who would learn something")]
ByMeans = Annotated[ChannelKind, Field(description="By what means", examples=["phone"])]


class WhyUnsafe(StrEnum):
    """Why a message cannot go to somebody."""

    NOTHING_AGREED = "nothing_agreed"
    NOT_THIS_WAY = "not_this_way"
    AGREE_ANEW = "agree_anew"  # it was agreed before means and times were kept apart from addresses
    IN_DOUBT = "in_doubt"  # somebody else answered there
    NEVER_TELL = "never_tell"  # it is about somebody of whom this person must learn nothing


class CheckMessage(PersonCommand, roles=[Role.POLICY]):
    """Look whether a message can go to a person by these means. Sent by policy."""

    message: MessageId
    by_means: ByMeans


class CheckRecipient(PersonCommand, roles=[Role.POLICY]):
    """Look whether somebody may be told something about this person. Sent by policy."""

    message: MessageId
    recipient: Recipient
    by_means: ByMeans


class DoubtWay(PersonCommand, roles=[Role.POLICY]):
    """Use this way no more until safe contact is agreed anew: somebody else answered. Sent by policy."""

    by_means: ByMeans


class BarRecipient(PersonCommand, roles=[Role.POLICY]):
    """Let somebody who may be the danger learn nothing about this person. Sent by policy."""

    recipient: Recipient
    disappearance: Id


class UnbarRecipient(PersonCommand, roles=[Role.POLICY]):
    """Somebody is not the danger after all. Sent by policy."""

    recipient: Recipient
    disappearance: Id


class RecipientFoundSafe(PersonEvent):
    """Somebody may be told about this person, as far as this person's own file knows."""

    message: Id
    recipient: PersonId
    by_means: ChannelKind


class MessageFoundSafe(PersonEvent, version=2):
    """A message can go to the person, on these terms."""

    message: Id
    by_means: ChannelKind
    times: tuple[SafeTime, ...] = ()
    say_code_word: bool = False


@upcasts(MessageFoundSafe, 1)
def found_safe_by_means_alone(data: dict[str, Any]) -> dict[str, Any]:
    """Times were words then, before the eyes of the sender. Whether there is a code word was not kept: say it."""
    return data | {"say_code_word": True}


class MessageFoundUnsafe(PersonEvent, version=2):
    """A message cannot go to the person, or not any more."""

    message: Id
    reason: WhyUnsafe


@upcasts(MessageFoundUnsafe, 1)
def found_unsafe_for_fewer_reasons(data: dict[str, Any]) -> dict[str, Any]:
    """The reasons of then are among those of today."""
    return data


class WayDoubted(PersonEvent):
    """Somebody else answered there: nothing goes this way until safe contact is agreed anew."""

    by_means: ChannelKind


class RecipientBarred(PersonEvent):
    """Somebody who may be the danger learns nothing about this person."""

    recipient: PersonId
    disappearance: Id


class RecipientUnbarred(PersonEvent):
    """They are not the danger in that disappearance after all."""

    recipient: PersonId
    disappearance: Id


Commands = CheckMessage | CheckRecipient | DoubtWay | BarRecipient | UnbarRecipient
Found = MessageFoundSafe | MessageFoundUnsafe
Events = RecipientFoundSafe | Found | WayDoubted | RecipientBarred | RecipientUnbarred


def decide(command: Commands, state: Person) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(state.registered, "person")
    person = command.person
    match command:
        case CheckMessage(message=message, by_means=by_means):
            return [check(person, message, by_means, state)]
        case CheckRecipient(message=message, recipient=recipient, by_means=by_means):
            if not state.may_learn(recipient):
                return [MessageFoundUnsafe(person=person, message=message, reason=WhyUnsafe.NEVER_TELL)]
            return [RecipientFoundSafe(person=person, message=message, recipient=recipient, by_means=by_means)]
        case DoubtWay(by_means=by_means):
            if by_means in state.doubted:
                return []
            doubted = WayDoubted(person=person, by_means=by_means)
            return [doubted, *looked_at_again(person, state, evolve(state, doubted))]
        case BarRecipient(recipient=recipient, disappearance=disappearance):
            if (recipient, disappearance) in state.barred:
                return []
            barred = RecipientBarred(person=person, recipient=recipient, disappearance=disappearance)
            return [barred, *looked_at_again(person, state, evolve(state, barred))]
        case UnbarRecipient(recipient=recipient, disappearance=disappearance):
            if (recipient, disappearance) not in state.barred:
                return []
            return [RecipientUnbarred(person=person, recipient=recipient, disappearance=disappearance)]
        case _:
            assert_never(command)


def check(person: str, message: str, by_means: ChannelKind, state: Person) -> Found:
    """Where nothing was agreed, nothing goes out: silence is safer than a call that somebody else answers."""
    found = terms_of(by_means, state)
    if isinstance(found, WhyUnsafe):
        return MessageFoundUnsafe(person=person, message=message, reason=found)
    return MessageFoundSafe(
        person=person, message=message, by_means=by_means, times=found.times, say_code_word=found.say_code_word
    )


def terms_of(by_means: ChannelKind, state: Person) -> Terms | WhyUnsafe:
    """On what terms a message can go by these means, or why it cannot."""
    if not state.has_safe_contact:
        return WhyUnsafe.NOTHING_AGREED
    if state.ways is None:
        return WhyUnsafe.AGREE_ANEW
    if by_means in state.doubted:
        return WhyUnsafe.IN_DOUBT
    for way in state.ways:
        if way.kind == by_means:
            return Terms(by_means, way.times, state.has_code_word and by_means in SPOKEN)
    return WhyUnsafe.NOT_THIS_WAY


def looked_at_again(person: str, before: Person, after: Person) -> list[Found]:
    """Messages that were found safe, and are not any more, or on other terms."""
    again = [
        check(person, message, terms.by_means, after)
        for message, terms in before.messages.items()
        if terms is not None and terms_of(terms.by_means, after) != terms
    ]
    untold = [
        MessageFoundUnsafe(person=person, message=message, reason=WhyUnsafe.NEVER_TELL)
        for message, recipient in before.recipients.items()
        if recipient is not None and not after.may_learn(recipient)
    ]
    return [*again, *untold]


def evolve(state: Person, event: Events) -> Person:
    """What is kept of a person after an event."""
    match event:
        case RecipientFoundSafe(message=message, recipient=recipient):
            return replace(state, recipients=state.recipients.having(message, recipient))
        case MessageFoundSafe(message=message):
            terms = Terms(event.by_means, event.times, event.say_code_word)
            return replace(state, messages=state.messages.having(message, terms))
        case MessageFoundUnsafe(message=message, reason=WhyUnsafe.NEVER_TELL):
            return replace(state, recipients=state.recipients.having(message, None))
        case MessageFoundUnsafe(message=message):
            return replace(state, messages=state.messages.having(message, None))
        case WayDoubted(by_means=by_means):
            return replace(state, doubted=state.doubted | {by_means})
        case RecipientBarred(recipient=recipient, disappearance=disappearance):
            return replace(state, barred=state.barred | {(recipient, disappearance)})
        case RecipientUnbarred(recipient=recipient, disappearance=disappearance):
            return replace(state, barred=state.barred - {(recipient, disappearance)})
        case _:
            assert_never(event)

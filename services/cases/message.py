"""Message: something is to be told to a person, or to whoever was told before. Requested, sent, confirmed or failed.

The program sends nothing itself. A message to a person is held against what was agreed as safe contact before it may
be sent: what goes another way, to somebody with whom nothing was agreed, or to somebody who must learn nothing of whom
it is about, is held back. It goes at an agreed time, with the code word said first; whoever sends it looks once more at
what must never be used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, assert_never

from pydantic import Field

from services.cases.person.channels import SPOKEN, ChannelKind, SafeTime, may_go
from services.cases.person.checking import WhyUnsafe
from services.cases.vocabulary import HELPERS, CaseId, PersonId, ReferralId, Text
from shared.dates import Occurred, must_have_happened
from shared.decider import Decider, must_exist
from shared.errors import DomainError
from shared.messages import Command, Event, Id, Role, new_id, upcasts
from shared.privacy.personal import About, Hidden, Retention

MessageId = Annotated[Id, Field(description="The message", examples=["5c9e1a70-2b4d-4f6e-8a0c-3d5e7f9a1b2c"])]


class Notice(StrEnum):
    """What a recipient of somebody's data is told."""

    SHARING_STOPPED = "sharing_stopped"


class WhyNotReached(StrEnum):
    """Why a message did not arrive."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    WRONG_DETAILS = "wrong_details"
    SOMEBODY_ELSE_ANSWERED = "somebody_else_answered"
    OTHER = "other"


class MessageCommand(Command, context="cases"):
    """An instruction about one message."""

    message: MessageId


class MessageEvent(Event, context="cases"):
    """A fact of one message."""

    message: MessageId


class RequestMessage(MessageCommand, route="POST /messages", roles=HELPERS):
    """Ask for a message to a person to be sent."""

    message: MessageId = new_id()
    case: Annotated[CaseId | None, Field(description="The case that it belongs to")] = None
    person: Annotated[PersonId, Field(description="To whom")]
    about: Annotated[
        PersonId | None,
        Field(description="Whom it is about, which is said in a case; left out: nobody but the one to whom it goes"),
    ] = None
    by_means: Annotated[ChannelKind, Field(description="By what means", examples=["phone"])]
    text: Annotated[
        Text,
        About("person", Retention.CONTACT, record="message"),
        Field(description="What to say", examples=["Please call the centre when you can."]),
    ]
    occurred: Occurred


class RequestNotice(MessageCommand, roles=[Role.POLICY]):
    """Ask for a recipient of somebody's data to be told. Sent by policy."""

    case: CaseId
    referral: ReferralId
    notice: Notice
    occurred: Occurred


class ClearMessage(MessageCommand, roles=[Role.POLICY]):
    """Let a message go: it is in keeping with safe contact, on these terms. Sent by policy."""

    times: Annotated[tuple[SafeTime, ...], Field(description="When; none: at any time")] = ()
    say_code_word: Annotated[bool, Field(description="Whether a code word is said first")] = False


class HoldMessageBack(MessageCommand, roles=[Role.POLICY]):
    """Hold a message back: it is not in keeping with safe contact. Sent by policy."""

    reason: Annotated[WhyUnsafe, Field(description="Why", examples=["not_this_way"])]


class RecordMessageSent(MessageCommand, route="POST /messages/{message}/sent", roles=HELPERS):
    """Record that it was sent, after a look at what was agreed as safe contact. It refuses what may not go."""

    safe_contact_checked: Annotated[
        bool, Field(description="Whether safe contact was looked at just before", examples=[True])
    ]
    code_word_said: Annotated[
        bool, Field(description="Whether the code word was said before anything else, if one was agreed")
    ] = False
    occurred: Occurred


class ConfirmMessage(MessageCommand, route="POST /messages/{message}/confirmation", roles=HELPERS):
    """Record that it arrived."""

    occurred: Occurred


class RecordMessageFailed(MessageCommand, route="POST /messages/{message}/failure", roles=HELPERS):
    """Record that it could not be sent, or did not arrive. Where somebody else answered, nothing more goes that way."""

    reason: Annotated[WhyNotReached, Field(description="Why", examples=["unreachable"])]
    occurred: Occurred


class MessageRequested(MessageEvent, version=2):
    """A message to a person is to be sent."""

    case: CaseId | None = None
    person: PersonId
    about: PersonId | None = None
    by_means: ChannelKind
    text: Annotated[str | Hidden, About("person", Retention.CONTACT, record="message")]
    occurred: Occurred


@upcasts(MessageRequested, 1)
def requested_before_it_said_about_whom(data: dict[str, Any]) -> dict[str, Any]:
    """It did not say."""
    return data


class NoticeRequested(MessageEvent):
    """A recipient of somebody's data is to be told."""

    case: CaseId
    referral: ReferralId
    notice: Notice
    occurred: Occurred


class MessageCleared(MessageEvent, version=2):
    """It is in keeping with safe contact, on these terms."""

    times: tuple[SafeTime, ...] = ()
    say_code_word: bool = False


@upcasts(MessageCleared, 1)
def cleared_by_means_alone(data: dict[str, Any]) -> dict[str, Any]:
    """Times were words then, before the eyes of the sender. Whether there is a code word was not kept: say it."""
    return data | {"say_code_word": True}


class MessageHeldBack(MessageEvent, version=2):
    """It is not in keeping with safe contact, and is not to be sent."""

    reason: WhyUnsafe


@upcasts(MessageHeldBack, 1)
def held_back_for_fewer_reasons(data: dict[str, Any]) -> dict[str, Any]:
    """The reasons of then are among those of today."""
    return data


class MessageSent(MessageEvent):
    """It was sent."""

    occurred: Occurred


class MessageConfirmed(MessageEvent):
    """It arrived."""

    occurred: Occurred


class MessageFailed(MessageEvent, version=2):
    """It was not sent, or did not arrive."""

    reason: WhyNotReached
    person: PersonId | None = None
    by_means: ChannelKind | None = None
    occurred: Occurred


@upcasts(MessageFailed, 1)
def failed_before_somebody_else_could_answer(data: dict[str, Any]) -> dict[str, Any]:
    """To whom, and by what means, was not repeated."""
    return data


Fate = RecordMessageSent | ConfirmMessage | RecordMessageFailed
Commands = RequestMessage | RequestNotice | ClearMessage | HoldMessageBack | Fate
Events = (
    MessageRequested
    | NoticeRequested
    | MessageCleared
    | MessageHeldBack
    | MessageSent
    | MessageConfirmed
    | MessageFailed
)


class Stage(StrEnum):
    """How far a message has come."""

    REQUESTED = "requested"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    HELD_BACK = "held_back"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `stage` is None before it is requested."""

    stage: Stage | None = None
    person: PersonId | None = None  # None: a notice
    by_means: ChannelKind | None = None
    failed: WhyNotReached | None = None  # why the last try did
    cleared: bool = False
    times: tuple[SafeTime, ...] = ()
    say_code_word: bool = False


def decide(command: Commands, state: Message) -> Sequence[Events]:
    """What follows from a command."""
    if isinstance(command, ClearMessage | HoldMessageBack):
        return checked(command, state)
    must_have_happened(command.occurred, command.now)
    match command:
        case RequestMessage():
            if state.stage is not None:
                raise DomainError("A message is requested once; this id is taken: leave it out.", rule="requested-once")
            if command.case is not None and command.about is None:
                raise DomainError(
                    "A message in a case is about somebody, and it is not said about whom: say it, so that nobody is "
                    "told who must learn nothing of them.",
                    rule="about-whom",
                )
            return [MessageRequested(**command.stated())]
        case RequestNotice():
            return [] if state.stage is not None else [NoticeRequested(**command.stated())]
        case _:
            must_exist(state.stage is not None, "message")
            return fate(command, state)


def checked(command: ClearMessage | HoldMessageBack, state: Message) -> Sequence[Events]:
    """What safe contact says of it, as long as it is not out."""
    must_exist(state.stage is not None, "message")
    waits = state.stage in {Stage.REQUESTED, Stage.FAILED}
    match command:
        case ClearMessage(message=message, times=times, say_code_word=say_code_word):
            known = state.cleared and (state.times, state.say_code_word) == (times, say_code_word)
            cleared = MessageCleared(message=message, times=times, say_code_word=say_code_word)
            return [cleared] if waits and not known else []
        case HoldMessageBack(message=message, reason=reason):
            return [MessageHeldBack(message=message, reason=reason)] if waits else []
        case _:
            assert_never(command)


def fate(command: Fate, state: Message) -> Sequence[Events]:
    """How far it came. What is told twice changes nothing."""
    match command:
        case RecordMessageSent(message=message, occurred=occurred):
            if state.stage is Stage.SENT:
                return []
            if state.stage is Stage.HELD_BACK:
                raise DomainError(
                    "What is not in keeping with safe contact is not sent, and this message is held back for it: agree "
                    "safe contact, and ask for a message by means that are agreed.",
                    rule="held-back-by-safe-contact",
                )
            must_be(state, Stage.REQUESTED, Stage.FAILED)
            if state.person is not None:
                must_be_safe(command, state)
            return [MessageSent(message=message, occurred=occurred)]
        case ConfirmMessage(message=message, occurred=occurred):
            if state.stage is Stage.CONFIRMED:
                return []
            must_be(state, Stage.SENT)
            return [MessageConfirmed(message=message, occurred=occurred)]
        case RecordMessageFailed(reason=reason):
            if state.stage is Stage.FAILED and state.failed is reason:
                return []
            must_be(state, Stage.REQUESTED, Stage.SENT, Stage.FAILED)
            return [MessageFailed(**command.stated(), person=state.person, by_means=state.by_means)]
        case _:
            assert_never(command)


def must_be_safe(command: RecordMessageSent, state: Message) -> None:
    """Refuses what was not cleared, not looked at, at no agreed time, or without the code word."""
    if not (state.cleared and command.safe_contact_checked):
        raise DomainError(
            "Safe contact is looked at before every message to a person; it was not: look at it, then send.",
            rule="safe-contact-first",
        )
    if state.times and (
        "T" not in command.occurred or not may_go(state.times, datetime.fromisoformat(command.occurred))
    ):
        raise DomainError(
            f"This person is reached at agreed times alone, and {command.occurred} is not shown to be one: the outbox "
            "shows them with the message; send it then, and give the time with its zone.",
            rule="at-a-safe-time",
        )
    if state.say_code_word and not command.code_word_said:
        raise DomainError(
            "The code word that is agreed with a person is said before anything else; it was not: say it, so that you "
            "know who listens.",
            rule="code-word-first",
        )


def must_be(state: Message, *accepted: Stage) -> None:
    """Refuses a step that a message cannot take from where it is."""
    if state.stage not in accepted:
        raise DomainError(
            f"This message is {state.stage}; the step needs one that is {' or '.join(accepted)}.", rule="message-step"
        )


def evolve(state: Message, event: Events) -> Message:
    """What is kept of a message after an event."""
    match event:
        case MessageRequested(person=person, by_means=by_means):
            return Message(Stage.REQUESTED, person, by_means)
        case NoticeRequested():
            return Message(Stage.REQUESTED)
        case MessageCleared(times=times, say_code_word=say_code_word):
            said = say_code_word and state.by_means in SPOKEN
            return replace(state, cleared=True, times=times, say_code_word=said)
        case MessageHeldBack():
            return replace(state, stage=Stage.HELD_BACK, cleared=False)
        case MessageSent():
            return replace(state, stage=Stage.SENT)
        case MessageConfirmed():
            return replace(state, stage=Stage.CONFIRMED)
        case MessageFailed(reason=reason):
            return replace(state, stage=Stage.FAILED, failed=reason)
        case _:
            assert_never(event)


message = Decider(
    category="message",
    key="message",
    initial=Message(),
    decide=decide,
    evolve=evolve,
    commands=Commands,
    events=Events,
)

"""Message: something is to be told to a person, or to whoever was told before. Requested, sent, confirmed or failed.

The program sends nothing itself. A message to a person is held against what was agreed as safe contact before it may
be sent: what goes another way, or to somebody with whom nothing was agreed, is held back. Whoever sends it looks once
more, at the hours, the code word, and what must never be used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.disappearance.search import WhyFailed
from services.cases.person.contact import ChannelKind, WhyUnsafe
from services.cases.vocabulary import HELPERS, CaseId, PersonId, ReferralId, Text
from shared.dates import Occurred, must_have_happened
from shared.decider import Decider, must_exist
from shared.errors import DomainError
from shared.messages import Command, Event, Id, Role, new_id
from shared.privacy.personal import About, Hidden, Retention

MessageId = Annotated[Id, Field(description="The message", examples=["5c9e1a70-2b4d-4f6e-8a0c-3d5e7f9a1b2c"])]


class Notice(StrEnum):
    """What a recipient of somebody's data is told."""

    SHARING_STOPPED = "sharing_stopped"


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
    """Let a message go: it is in keeping with safe contact. Sent by policy."""


class HoldMessageBack(MessageCommand, roles=[Role.POLICY]):
    """Hold a message back: it is not in keeping with safe contact. Sent by policy."""

    reason: Annotated[WhyUnsafe, Field(description="Why", examples=["not_this_way"])]


class RecordMessageSent(MessageCommand, route="POST /messages/{message}/sent", roles=HELPERS):
    """Record that it was sent, after a look at what was agreed as safe contact."""

    safe_contact_checked: Annotated[
        bool, Field(description="Whether safe contact was looked at just before", examples=[True])
    ]
    occurred: Occurred


class ConfirmMessage(MessageCommand, route="POST /messages/{message}/confirmation", roles=HELPERS):
    """Record that it arrived."""

    occurred: Occurred


class RecordMessageFailed(MessageCommand, route="POST /messages/{message}/failure", roles=HELPERS):
    """Record that it could not be sent, or did not arrive."""

    reason: Annotated[WhyFailed, Field(description="Why", examples=["unreachable"])]
    occurred: Occurred


class MessageRequested(MessageEvent):
    """A message to a person is to be sent."""

    case: CaseId | None = None
    person: PersonId
    by_means: ChannelKind
    text: Annotated[str | Hidden, About("person", Retention.CONTACT, record="message")]
    occurred: Occurred


class NoticeRequested(MessageEvent):
    """A recipient of somebody's data is to be told."""

    case: CaseId
    referral: ReferralId
    notice: Notice
    occurred: Occurred


class MessageCleared(MessageEvent):
    """It is in keeping with safe contact."""


class MessageHeldBack(MessageEvent):
    """It is not in keeping with safe contact, and is not to be sent."""

    reason: WhyUnsafe


class MessageSent(MessageEvent):
    """It was sent."""

    occurred: Occurred


class MessageConfirmed(MessageEvent):
    """It arrived."""

    occurred: Occurred


class MessageFailed(MessageEvent):
    """It was not sent, or did not arrive."""

    reason: WhyFailed
    occurred: Occurred


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
    to_person: bool = False
    cleared: bool = False


def decide(command: Commands, state: Message) -> Sequence[Events]:
    """What follows from a command."""
    if isinstance(command, ClearMessage | HoldMessageBack):
        return checked(command, state)
    must_have_happened(command.occurred, command.now)
    match command:
        case RequestMessage():
            if state.stage is not None:
                raise DomainError("A message is requested once; this id is taken: leave it out.", rule="requested-once")
            return [MessageRequested(**command.stated())]
        case RequestNotice():
            return [] if state.stage is not None else [NoticeRequested(**command.stated())]
        case _:
            must_exist(state.stage is not None, "message")
            return fate(command, state)


def checked(command: ClearMessage | HoldMessageBack, state: Message) -> Sequence[Events]:
    """What safe contact says of it, as long as it is not out."""
    must_exist(state.stage is not None, "message")
    match command:
        case ClearMessage(message=message):
            return [] if state.cleared or state.stage is Stage.HELD_BACK else [MessageCleared(message=message)]
        case HoldMessageBack(message=message, reason=reason):
            waits = state.stage in {Stage.REQUESTED, Stage.FAILED}
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
            if state.to_person and not (state.cleared and command.safe_contact_checked):
                raise DomainError(
                    "Safe contact is looked at before every message to a person; it was not: look at it, then send.",
                    rule="safe-contact-first",
                )
            return [MessageSent(message=message, occurred=occurred)]
        case ConfirmMessage(message=message, occurred=occurred):
            if state.stage is Stage.CONFIRMED:
                return []
            must_be(state, Stage.SENT)
            return [MessageConfirmed(message=message, occurred=occurred)]
        case RecordMessageFailed():
            if state.stage is Stage.FAILED:
                return []
            must_be(state, Stage.REQUESTED, Stage.SENT)
            return [MessageFailed(**command.stated())]
        case _:
            assert_never(command)


def must_be(state: Message, *accepted: Stage) -> None:
    """Refuses a step that a message cannot take from where it is."""
    if state.stage not in accepted:
        raise DomainError(
            f"This message is {state.stage}; the step needs one that is {' or '.join(accepted)}.", rule="message-step"
        )


def evolve(state: Message, event: Events) -> Message:
    """What is kept of a message after an event."""
    match event:
        case MessageRequested():
            return Message(Stage.REQUESTED, to_person=True)
        case NoticeRequested():
            return Message(Stage.REQUESTED)
        case MessageCleared():
            return replace(state, cleared=True)
        case MessageHeldBack():
            return replace(state, stage=Stage.HELD_BACK, cleared=False)
        case MessageSent():
            return replace(state, stage=Stage.SENT)
        case MessageConfirmed():
            return replace(state, stage=Stage.CONFIRMED)
        case MessageFailed():
            return replace(state, stage=Stage.FAILED)
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

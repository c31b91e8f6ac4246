"""Contact: one call or visit, anonymous if the caller wishes. Crisis support may attach to it without any case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, NamedTuple, assert_never

from pydantic import Field

from services.cases.case.intake import NO_116_000_BEFORE, Channel
from services.cases.case.support import Recipient
from services.cases.vocabulary import (
    HELPERS,
    CaseId,
    EntryId,
    Minutes,
    PersonId,
    ProjectId,
    ServiceKind,
    Staff,
    Text,
)
from shared.dates import Occurred, earliest, must_have_happened
from shared.decider import Decider, must_exist
from shared.errors import DomainError
from shared.growing import Growing
from shared.messages import Command, Event, Id, StaffId, new_id
from shared.privacy.personal import About, Hidden, Retention

ContactId = Annotated[Id, Field(description="The contact", examples=["4f8d2c7a-1b0e-4d59-9c3a-7e6f5a4b3c21"])]

WITHOUT_A_CASE = frozenset({ServiceKind.CRISIS, ServiceKind.PSYCHOLOGICAL, ServiceKind.LEGAL, ServiceKind.MATERIAL})
"""What can be given in one call or visit. What takes longer needs a case, so that somebody answers for it."""


class ContactKind(StrEnum):
    """How somebody was in touch."""

    CALL = "call"
    VISIT = "visit"
    MESSAGE = "message"


Kind = Annotated[ContactKind, Field(description="A call, a visit or a message", examples=["call"])]
Via = Annotated[Channel, Field(description="Where it came in", examples=["telephone"])]
OfCase = Annotated[CaseId | None, Field(description="The case that it belongs to, if there is one")]
Helped = Annotated[Recipient, Field(description="As what they were helped", examples=["family_member"])]


class ContactCommand(Command, context="cases"):
    """An instruction about one contact."""

    contact: ContactId


class ContactEvent(Event, context="cases"):
    """A fact of one contact."""

    contact: ContactId


class RecordContact(ContactCommand, route="POST /contacts", roles=HELPERS):
    """Record a call or a visit of somebody who is known."""

    contact: ContactId = new_id()
    kind: Kind
    channel: Via
    person: PersonId
    case: OfCase = None
    minutes: Minutes
    account: Annotated[
        Text | None,
        About("person", Retention.CONTACT),
        Field(description="What was said", examples=["Asked whether there was news of her brother."]),
    ] = None
    occurred: Occurred


class RecordAnonymousContact(ContactCommand, route="POST /contacts/anonymous", roles=HELPERS):
    """Record a call or a visit of somebody who does not say who they are, or whom it is safer not to name."""

    contact: ContactId = new_id()
    kind: Kind
    channel: Via
    minutes: Minutes
    account: Annotated[
        Text | None,
        About("contact", Retention.CONTACT),
        Field(description="What was said", examples=["Asked where a friend could sleep tonight."]),
    ] = None
    occurred: Occurred


class AttachContact(ContactCommand, route="POST /contacts/{contact}/case", roles=HELPERS):
    """Attach a contact to the case that it turned out to belong to."""

    case: CaseId


class GiveCrisisSupport(ContactCommand, route="POST /contacts/{contact}/support", roles=HELPERS):
    """Record help that was given in a call or a visit, without any case."""

    support: EntryId = new_id()
    recipient: Helped
    kind: Annotated[ServiceKind, Field(description="What kind of help", examples=["crisis"])]
    minutes: Minutes
    staff: Annotated[StaffId | None, Field(description="Who gave it; left out: who records it")] = None
    project: ProjectId | None = None
    occurred: Occurred


class RetractContactSupport(
    ContactCommand, route="POST /contacts/{contact}/support/{support}/retraction", roles=HELPERS
):
    """Take back help that was not given, or not here."""

    support: EntryId


class ContactMade(ContactEvent):
    """Somebody who is known called or came."""

    kind: ContactKind
    channel: Channel
    person: PersonId
    case: CaseId | None = None
    minutes: int
    account: Annotated[str | Hidden | None, About("person", Retention.CONTACT)] = None
    staff: Staff
    occurred: Occurred


class AnonymousContactMade(ContactEvent):
    """Somebody called or came who did not say who they are."""

    kind: ContactKind
    channel: Channel
    minutes: int
    account: Annotated[str | Hidden | None, About("contact", Retention.CONTACT)] = None
    staff: Staff
    occurred: Occurred


class ContactAttached(ContactEvent):
    """A contact belongs to this case."""

    case: CaseId


class CrisisSupportGiven(ContactEvent):
    """Help was given in a call or a visit. Without a `person`, the caller did not say who they are."""

    support: EntryId
    person: PersonId | None = None
    recipient: Recipient
    kind: ServiceKind
    minutes: int
    staff: Staff
    project: ProjectId | None = None
    occurred: Occurred


class ContactSupportRetracted(ContactEvent, puts_right=("support", "CrisisSupportGiven.support")):
    """That help was not given, or not here."""

    support: EntryId


Commands = RecordContact | RecordAnonymousContact | AttachContact | GiveCrisisSupport | RetractContactSupport
Events = ContactMade | AnonymousContactMade | ContactAttached | CrisisSupportGiven | ContactSupportRetracted


class Made(NamedTuple):
    """How a contact came about."""

    person: PersonId | None
    occurred: str


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact. `made` is None before it is recorded."""

    made: Made | None = None
    case: CaseId | None = None
    support: Growing[str, bool] = field(default_factory=Growing)  # support id -> whether it stands


def decide(command: Commands, state: Contact) -> Sequence[Events]:
    """What follows from a command."""
    match command:
        case RecordContact() | RecordAnonymousContact():
            if state.made:
                raise DomainError("A contact is recorded once; this id is taken: leave it out.", rule="recorded-once")
            must_be_possible(command)
            made = ContactMade if isinstance(command, RecordContact) else AnonymousContactMade
            return [made(**command.stated(), staff=command.by)]
        case AttachContact(contact=contact, case=case):
            must_be_made(state)
            if state.case == case:
                return []
            if state.case is not None:
                raise DomainError(
                    "A contact belongs to one case, and this one does: record what concerns another case there.",
                    rule="one-case-a-contact",
                )
            return [ContactAttached(contact=contact, case=case)]
        case GiveCrisisSupport():
            return [support(command, state)]
        case RetractContactSupport(contact=contact, support=retracted):
            must_be_made(state)
            if retracted not in state.support:
                raise DomainError("No such help was recorded here: name what was.", rule="no-such-entry")
            return [ContactSupportRetracted(contact=contact, support=retracted)] if state.support[retracted] else []
        case _:
            assert_never(command)


def support(command: GiveCrisisSupport, state: Contact) -> CrisisSupportGiven:
    """Help within a call or a visit, of a kind that one call or visit can hold."""
    made = must_be_made(state)
    must_have_happened(command.occurred, command.now)
    if command.support in state.support:
        raise DomainError("Each entry has an id of its own; this one is taken: leave it out.", rule="entry-id-taken")
    if command.kind not in WITHOUT_A_CASE:
        raise DomainError(
            f"Help of the kind {command.kind} needs a case that answers for it; without one it can be "
            f"{', '.join(sorted(WITHOUT_A_CASE))}: open a case, or name another kind.",
            rule="help-needs-a-case",
        )
    if command.minutes == 0 and command.kind is not ServiceKind.MATERIAL:
        raise DomainError(
            f"Only material help may take no time; this is {command.kind}: give its minutes.", rule="help-takes-time"
        )
    stated = command.stated() | {"staff": command.staff or command.by}
    return CrisisSupportGiven(**stated, person=made.person)


def must_be_made(state: Contact) -> Made:
    """Raises `NotFound` for a contact that was never recorded."""
    must_exist(state.made is not None, "contact")
    assert state.made is not None  # noqa: S101  (the line above raises otherwise)
    return state.made


def must_be_possible(contact: RecordContact | RecordAnonymousContact) -> None:
    """Refuses a contact that is to come, and one by a line that did not exist."""
    must_have_happened(contact.occurred, contact.now)
    if contact.channel is Channel.HOTLINE_116_000 and earliest(contact.occurred) < NO_116_000_BEFORE:
        raise DomainError(
            f"116 000 did not answer in Lithuania before {NO_116_000_BEFORE}, and this is dated {contact.occurred}: "
            "name another channel, or a later date.",
            rule="hotline-not-yet-open",
        )


def evolve(state: Contact, event: Events) -> Contact:
    """What is kept of a contact after an event."""
    match event:
        case ContactMade(person=person, case=case, occurred=occurred):
            return replace(state, made=Made(person, occurred), case=case)
        case AnonymousContactMade(occurred=occurred):
            return replace(state, made=Made(None, occurred))
        case ContactAttached(case=case):
            return replace(state, case=case)
        case CrisisSupportGiven(support=given):
            return replace(state, support=state.support.having(given, True))
        case ContactSupportRetracted(support=given):
            return replace(state, support=state.support.having(given, False))
        case _:
            assert_never(event)


contact = Decider(
    category="contact",
    key="contact",
    initial=Contact(),
    decide=decide,
    evolve=evolve,
    commands=Commands,
    events=Events,
)

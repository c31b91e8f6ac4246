"""Support: crisis and family help that is given within a case, to the person or to their family."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.case.record import (
    Case,
    CaseCommand,
    CaseEvent,
    CaseKind,
    EntryKind,
    must_be_new,
    must_be_open,
    standing,
)
from services.cases.vocabulary import HELPERS, EntryId, Minutes, PersonId, ProjectId, ServiceKind, Text
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import StaffId, new_id
from shared.privacy.personal import About, Hidden


class Recipient(StrEnum):
    """As what somebody was helped."""

    VICTIM = "victim"
    FAMILY_MEMBER = "family_member"
    MISSING_PERSON = "missing_person"
    OTHER = "other"


Helped = Annotated[Recipient, Field(description="As what they were helped", examples=["family_member"])]
Help = Annotated[ServiceKind, Field(description="What kind of help", examples=["crisis"])]
Account = Annotated[
    Text | None,
    About("person", record="support"),
    Field(description="What was done", examples=["Talked through the night; found a place for the children."]),
]


class GiveSupport(CaseCommand, route="POST /cases/{case}/support", roles=HELPERS):
    """Record help that was given to the person of a case or to one of their family."""

    support: EntryId = new_id()
    person: PersonId
    recipient: Helped
    kind: Help
    minutes: Minutes
    staff: Annotated[StaffId | None, Field(description="Who gave it; left out: who records it")] = None
    project: ProjectId | None = None
    account: Account = None
    occurred: Occurred


class CorrectSupport(CaseCommand, route="POST /cases/{case}/support/{support}/correction", roles=HELPERS):
    """Put right what was recorded of help that was given."""

    support: EntryId
    person: PersonId
    recipient: Helped
    kind: Help
    minutes: Minutes
    staff: Annotated[StaffId | None, Field(description="Who gave it; left out: who records it")] = None
    project: ProjectId | None = None
    account: Account = None
    occurred: Occurred


class SupportGiven(CaseEvent):
    """Help was given."""

    support: EntryId
    person: PersonId
    recipient: Recipient
    kind: ServiceKind
    minutes: int
    staff: str
    project: ProjectId | None = None
    account: Annotated[str | Hidden | None, About("person", record="support")] = None
    occurred: Occurred


class SupportCorrected(CaseEvent):
    """What was recorded of help was wrong; this is what is true."""

    support: EntryId
    person: PersonId
    recipient: Recipient
    kind: ServiceKind
    minutes: int
    staff: str
    project: ProjectId | None = None
    account: Annotated[str | Hidden | None, About("person", record="support")] = None
    occurred: Occurred


Commands = GiveSupport | CorrectSupport
Events = SupportGiven | SupportCorrected


def decide(command: Commands, state: Case) -> Sequence[Events]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    match command:
        case GiveSupport():
            must_be_open(state)
            must_be_new(state, command.support)
            must_fit(command, state)
            return [SupportGiven(**command.stated() | {"staff": command.staff or command.by})]
        case CorrectSupport():
            must_exist(state.kind is not None, "case")
            if standing(state, command.support, EntryKind.SUPPORT).about != command.person:
                raise DomainError(
                    "Help is corrected for the person it was recorded for; another is named: retract it, "
                    "and record it anew.",
                    rule="corrected-for-the-same-person",
                )
            must_fit(command, state)
            return [SupportCorrected(**command.stated() | {"staff": command.staff or command.by})]
        case _:
            assert_never(command)


def must_fit(support: Commands, state: Case) -> None:
    """Refuses help to somebody as what they are not in this case, and help that took no time."""
    if support.minutes == 0 and support.kind is not ServiceKind.MATERIAL:
        raise DomainError(
            f"Only material help may take no time; this is {support.kind}: give its minutes.", rule="help-takes-time"
        )
    its_person = support.person == state.person
    match support.recipient:
        case Recipient.VICTIM:
            fits = its_person and state.kind is CaseKind.TRAFFICKING
            accepted = "the person of a trafficking case"
        case Recipient.MISSING_PERSON:
            fits = its_person and state.kind is CaseKind.MISSING_PERSON
            accepted = "the person of a missing-person case"
        case Recipient.FAMILY_MEMBER:
            fits = not its_person or state.kind is CaseKind.FAMILY_SUPPORT
            accepted = "somebody other than the person of the case, or the person of a family-support case"
        case Recipient.OTHER:
            return
        case _:
            assert_never(support.recipient)
    if not fits:
        raise DomainError(
            f"Helped as {support.recipient} can be {accepted}; this is not: name another recipient, or other.",
            rule="recipient-fits-the-case",
        )


def evolve(state: Case, event: Events) -> Case:
    """What a case is after an event."""
    match event:
        case SupportGiven(support=support, person=person):
            return state.with_entry(support, EntryKind.SUPPORT, person)
        case SupportCorrected():
            return state
        case _:
            assert_never(event)

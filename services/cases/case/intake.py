"""Intake: how a case comes to the centre, and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.case.record import Case, CaseCommand, CaseEvent, CaseKind, must_be_open
from services.cases.vocabulary import CASE_TEAM, CaseId, PersonId, Staff, Text
from shared.dates import Occurred, earliest, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Id, Role, StaffId, new_id
from shared.privacy.personal import About, Hidden

NO_116_000_BEFORE = date(2010, 5, 26)
"""The first day on which the line may have existed in Lithuania.

The number was reserved by Commission Decision 2007/116/EC of 15 February 2007. On 25 May 2010 the Commission named the
eleven member states where it worked, and Lithuania was not among them: earlier than the day after, nobody can have
called it. When it did open we do not know to the day, so nothing later is refused.
"""


class Channel(StrEnum):
    """How a case came in."""

    HOTLINE_116_000 = "hotline_116_000"
    TELEPHONE = "telephone"
    WALK_IN = "walk_in"
    POLICE = "police"
    PARTNER = "partner"
    EMBASSY = "embassy"


Kind = Annotated[CaseKind, Field(description="What the case is about", examples=["trafficking"])]
Via = Annotated[Channel, Field(description="How it came in", examples=["partner"])]
Account = Annotated[
    Text | None,
    About("person"),
    Field(
        description="What was told at intake",
        examples=["Came with a volunteer of theirs; has nowhere to sleep tonight."],
    ),
]
HiddenAccount = Annotated[str | Hidden | None, About("person")]
Partner = Annotated[
    Id | None,
    Field(description="The organisation it came from", examples=["0f8fad5b-d9cb-469f-a165-70867728950e"]),
]


class OpenCase(CaseCommand, route="POST /cases", roles=[*CASE_TEAM, Role.DUTY_OFFICER]):
    """Open a case about a person."""

    case: CaseId = new_id()
    kind: Kind
    channel: Via
    person: PersonId
    partner: Partner = None
    account: Account = None
    occurred: Occurred


class CorrectOpening(CaseCommand, route="POST /cases/{case}/opening/correction", roles=CASE_TEAM):
    """Put right what was recorded at intake: it was never so."""

    kind: Kind
    channel: Via
    partner: Partner = None
    occurred: Occurred


class AssignCase(CaseCommand, route="POST /cases/{case}/worker", roles=CASE_TEAM):
    """Give a case its responsible worker."""

    worker: StaffId
    occurred: Occurred


class HandOverCase(CaseCommand, route="POST /cases/{case}/handover", roles=CASE_TEAM):
    """Hand a case over from one responsible worker to the next."""

    giver: Staff
    worker: StaffId
    occurred: Occurred


class CaseOpened(CaseEvent):
    """A case was opened."""

    kind: CaseKind
    channel: Channel
    person: PersonId
    partner: Id | None = None
    account: HiddenAccount = None
    occurred: Occurred


class OpeningCorrected(CaseEvent):
    """What was recorded at intake was wrong; this is what is true."""

    kind: CaseKind
    channel: Channel
    partner: Id | None = None
    occurred: Occurred


class CaseAssigned(CaseEvent):
    """A case got its responsible worker."""

    worker: Staff
    occurred: Occurred


class CaseHandedOver(CaseEvent):
    """The responsible worker changed."""

    giver: Staff
    worker: Staff
    occurred: Occurred


Commands = OpenCase | CorrectOpening | AssignCase | HandOverCase
Events = CaseOpened | OpeningCorrected | CaseAssigned | CaseHandedOver


def decide(command: Commands, state: Case) -> Sequence[Events]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    match command:
        case OpenCase():
            if state.kind is not None:
                raise DomainError("A case is opened once; this id is taken: leave it out.", rule="case-is-opened-once")
            must_be_possible(command)
            return [CaseOpened(**command.stated())]
        case CorrectOpening():
            must_exist(state.kind is not None, "case")
            must_be_possible(command)
            return [OpeningCorrected(**command.stated())]
        case AssignCase(worker=worker):
            must_be_open(state)
            if state.worker == worker:
                return []
            if state.worker is not None:
                raise DomainError(
                    "A case has one responsible worker at a time, and this one has one: hand it over.",
                    rule="one-responsible-worker",
                )
            return [CaseAssigned(case=command.case, worker=worker, occurred=command.occurred)]
        case HandOverCase(giver=giver, worker=worker):
            must_be_open(state)
            if state.worker != giver:
                raise DomainError(
                    "Only the responsible worker's case is handed over, and that is not who is named as giving it: "
                    "look again whose it is.",
                    rule="handed-over-by-the-responsible",
                )
            if giver == worker:
                return []
            return [CaseHandedOver(case=command.case, giver=giver, worker=worker, occurred=command.occurred)]
        case _:
            assert_never(command)


def must_be_possible(intake: OpenCase | CorrectOpening) -> None:
    """Refuses a channel that did not exist, or a partner that had no part."""
    if intake.channel is Channel.HOTLINE_116_000 and earliest(intake.occurred) < NO_116_000_BEFORE:
        raise DomainError(
            f"116 000 did not answer in Lithuania before {NO_116_000_BEFORE}, and this is dated {intake.occurred}: "
            "name another channel, or a later date.",
            rule="hotline-not-yet-open",
        )
    if intake.partner is not None and intake.channel not in {Channel.PARTNER, Channel.EMBASSY, Channel.POLICE}:
        raise DomainError(
            f"An organisation is named where a case came through one; this came by {intake.channel}: "
            "leave the organisation out, or name the channel partner, embassy or police.",
            rule="partner-without-part",
        )


def evolve(state: Case, event: Events) -> Case:
    """What a case is after an event."""
    match event:
        case CaseOpened(kind=kind, person=person, occurred=occurred):
            return replace(state, kind=kind, person=person, opened=occurred)
        case OpeningCorrected(kind=kind, occurred=occurred):
            return replace(state, kind=kind, opened=occurred)
        case CaseAssigned(worker=worker) | CaseHandedOver(worker=worker):
            return replace(state, worker=worker)
        case _:
            assert_never(event)

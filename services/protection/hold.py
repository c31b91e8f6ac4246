"""A legal hold: a record that a court, the police or a claim needs is kept, whoever asks to be forgotten.

A hold is on one record (a stream such as `case-{id}`, with the entries in it, or one entry), so that it keeps only
what it must (GDPR 17(3)(b), (e)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import assert_never

from pydantic import Field

from services.protection.erasure import Record
from shared.decider import Decider
from shared.errors import DomainError, NotFound
from shared.messages import Command, Event, Id, Role, new_id

HoldId = Id


class HoldGround(StrEnum):
    """Why a record outlives an erasure (GDPR 17(3)). It stands in certificates, which are for ever: so no free text.

    Which court, which claim: that is the command's reason, which is sealed.
    """

    LEGAL_OBLIGATION = "legal_obligation"
    PUBLIC_HEALTH = "public_health"
    ARCHIVING = "archiving"
    LEGAL_CLAIMS = "legal_claims"


CITED: dict[str, str] = {
    HoldGround.LEGAL_OBLIGATION: "GDPR 17(3)(b): a legal obligation, or a task in the public interest",
    HoldGround.PUBLIC_HEALTH: "GDPR 17(3)(c): public health",
    HoldGround.ARCHIVING: "GDPR 17(3)(d): archiving in the public interest, research",
    HoldGround.LEGAL_CLAIMS: "GDPR 17(3)(e): legal claims, proceedings under way among them",
}


class HoldCommand(Command, context="protection"):
    """A command to one hold."""

    hold: HoldId


class HoldEvent(Event, context="protection"):
    """A fact of one hold."""

    hold: HoldId


class PlaceHold(
    HoldCommand,
    route="POST /protection/holds",
    roles=[Role.DATA_PROTECTION_OFFICER, Role.LAWYER, Role.SUPERVISOR],
):
    """Keep a record, whatever is asked, until the hold is lifted or its last day has passed."""

    hold: HoldId = new_id()
    record: Record = Field(examples=["proceedings-6f1c9d7e-0b1a-4c55-9a53-2f6f0d0c2008"])
    ground: HoldGround = Field(examples=[HoldGround.LEGAL_CLAIMS])
    until: date | None = Field(None, description="Its last day; left out: until it is lifted")


class LiftHold(
    HoldCommand, route="POST /protection/holds/{hold}/lifting", roles=[Role.DATA_PROTECTION_OFFICER, Role.LAWYER]
):
    """Lift a hold. What was kept by it alone may then go."""


class HoldPlaced(HoldEvent):
    """A record is held."""

    record: str
    ground: str
    until: date | None = None
    placed_by: str


class HoldLifted(HoldEvent):
    """It is held no longer."""

    record: str


HoldCommands = PlaceHold | LiftHold
HoldEvents = HoldPlaced | HoldLifted


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold."""

    record: str = ""
    placed_by: str = ""
    lifted: bool = False


def decide(command: HoldCommands, hold: Hold) -> Sequence[HoldEvents]:
    """What follows from `command`. Raises `DomainError`."""
    match command:
        case PlaceHold() if hold.record:
            return []
        case PlaceHold(until=until, now=now) if until is not None and until < now.date():
            raise DomainError(
                "The last day of a hold lies ahead; this one has passed.", rule="hold-lies-ahead", until=str(until)
            )
        case PlaceHold(hold=key, record=record, ground=ground, until=until, by=by):
            return [HoldPlaced(hold=key, record=record, ground=ground, until=until, placed_by=by)]
        case LiftHold() if not hold.record:
            raise NotFound("There is no such hold.")
        case LiftHold() if hold.lifted:
            return []
        case LiftHold(by=by) if by == hold.placed_by:
            raise DomainError("A hold is lifted by another person than the one who placed it.", rule="second-person")
        case LiftHold(hold=key):
            return [HoldLifted(hold=key, record=hold.record)]
        case _:
            assert_never(command)


def evolve(hold: Hold, event: HoldEvents) -> Hold:
    """The state after `event`."""
    match event:
        case HoldPlaced(record=record, placed_by=placed_by):
            return Hold(record, placed_by)
        case HoldLifted():
            return Hold(hold.record, hold.placed_by, lifted=True)
        case _:
            assert_never(event)


hold = Decider("hold", "hold", Hold(), decide, evolve, HoldCommands, HoldEvents)

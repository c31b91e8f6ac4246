"""Sighting: somebody may have seen a missing person. It stays open until it is verified or dismissed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.disappearance.record import SEARCHERS, DisappearanceId
from services.cases.vocabulary import HELPERS, CaseId, PersonId, Text
from shared.dates import Occurred, must_have_happened
from shared.decider import Decider, must_exist
from shared.errors import DomainError
from shared.messages import Command, Event, Id, new_id
from shared.privacy.personal import About, Hidden

SightingId = Annotated[Id, Field(description="The sighting", examples=["0d4b1c6f-5e2a-4c3d-8b9a-7f6e5d4c3b2a"])]


class Status(StrEnum):
    """How a sighting stands."""

    REPORTED = "reported"
    VERIFIED = "verified"
    DISMISSED = "dismissed"


class WhyDismissed(StrEnum):
    """Why a sighting leads nowhere."""

    SOMEBODY_ELSE = "somebody_else"
    NOT_POSSIBLE = "not_possible"
    REPORTED_TWICE = "reported_twice"
    FALSE = "false"
    WRONG_FILE = "wrong_file"


class SightingCommand(Command, context="cases"):
    """An instruction about one sighting."""

    sighting: SightingId


class SightingEvent(Event, context="cases"):
    """A fact of one sighting."""

    sighting: SightingId
    disappearance: DisappearanceId
    case: CaseId


class ReportSighting(SightingCommand, route="POST /sightings", roles=HELPERS):
    """Report that somebody may have seen a missing person."""

    sighting: SightingId = new_id()
    disappearance: DisappearanceId
    case: CaseId
    person: Annotated[PersonId, Field(description="Who may have been seen")]
    place: Annotated[
        Text, About("person", record="sighting"), Field(description="Where", examples=["Kaunas, the old town"])
    ]
    account: Annotated[
        Text | None,
        About("person", record="sighting"),
        Field(description="What was seen", examples=["Alone, in a green coat, asked for the station."]),
    ] = None
    reporter: Annotated[PersonId | None, Field(description="Who saw it, if they say who they are")] = None
    seen: Annotated[Occurred, Field(description="When, as exactly as it is known (EDTF)", examples=["2008-09-30"])]
    occurred: Occurred


class VerifySighting(SightingCommand, route="POST /sightings/{sighting}/verification", roles=SEARCHERS):
    """Record that it was the missing person."""

    person: PersonId
    grounds: Annotated[
        Text,
        About("person", record="sighting"),
        Field(description="What shows it", examples=["The camera at the station."]),
    ]
    occurred: Occurred


class DismissSighting(SightingCommand, route="POST /sightings/{sighting}/dismissal", roles=SEARCHERS):
    """Record that the sighting leads nowhere."""

    reason: Annotated[WhyDismissed, Field(description="Why", examples=["somebody_else"])]
    occurred: Occurred


class SightingReported(SightingEvent):
    """Somebody may have been seen."""

    person: PersonId
    place: Annotated[str | Hidden, About("person", record="sighting")]
    account: Annotated[str | Hidden | None, About("person", record="sighting")] = None
    reporter: PersonId | None = None
    seen: Occurred
    occurred: Occurred


class SightingVerified(SightingEvent):
    """It was the missing person."""

    person: PersonId
    grounds: Annotated[str | Hidden, About("person", record="sighting")]
    occurred: Occurred


class SightingDismissed(SightingEvent):
    """It leads nowhere."""

    reason: WhyDismissed
    occurred: Occurred


Commands = ReportSighting | VerifySighting | DismissSighting
Events = SightingReported | SightingVerified | SightingDismissed


@dataclass(frozen=True, slots=True)
class Sighting:
    """One sighting. `status` is None before it is reported."""

    status: Status | None = None
    disappearance: str = ""
    case: CaseId = ""
    person: PersonId = ""


def decide(command: Commands, state: Sighting) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(state.status is not None or isinstance(command, ReportSighting), "sighting")
    must_have_happened(command.occurred, command.now)
    of = {"disappearance": state.disappearance, "case": state.case}
    match command:
        case ReportSighting():
            if state.status is not None:
                raise DomainError("A sighting is reported once; this id is taken: leave it out.", rule="reported-once")
            must_have_happened(command.seen, command.now)
            return [SightingReported(**command.stated())]
        case VerifySighting(person=person):
            if person != state.person:
                raise DomainError(
                    "A sighting is verified for who may have been seen; another is named: report it as a new one.",
                    rule="about-the-person-seen",
                )
            if state.status is Status.VERIFIED:
                return []
            must_be_open(state)
            return [SightingVerified(**command.stated(), **of)]
        case DismissSighting():
            if state.status is Status.DISMISSED:
                return []
            must_be_open(state)
            return [SightingDismissed(**command.stated(), **of)]
        case _:
            assert_never(command)


def must_be_open(state: Sighting) -> None:
    """Refuses a second answer that is another than the first."""
    if state.status is not Status.REPORTED:
        raise DomainError(
            f"A sighting is answered once, and this one is {state.status}: report a new one if there is more.",
            rule="answered-once",
        )


def evolve(state: Sighting, event: Events) -> Sighting:
    """What is kept of a sighting after an event."""
    match event:
        case SightingReported(disappearance=disappearance, case=case, person=person):
            return Sighting(Status.REPORTED, disappearance, case, person)
        case SightingVerified():
            return replace(state, status=Status.VERIFIED)
        case SightingDismissed():
            return replace(state, status=Status.DISMISSED)
        case _:
            assert_never(event)


sighting = Decider(
    category="sighting",
    key="sighting",
    initial=Sighting(),
    decide=decide,
    evolve=evolve,
    commands=Commands,
    events=Events,
)

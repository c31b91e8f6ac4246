"""Reporting: who disappeared, where and when they were last seen, what the police know, who may be the danger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.disappearance.record import (
    SEARCHERS,
    Disappearance,
    DisappearanceCommand,
    DisappearanceEvent,
    DisappearanceId,
    ThePerson,
    must_be_about,
    must_be_reported,
    must_be_sought,
)
from services.cases.vocabulary import CASE_TEAM, CaseId, PersonId, Text
from shared.dates import Occurred, earliest, latest, must_have_happened
from shared.errors import DomainError
from shared.messages import new_id
from shared.privacy.personal import About, Hidden, Retention

Place = Annotated[
    Text, About("person"), Field(description="Where they were last seen", examples=["Vilnius, the bus station"])
]
Circumstances = Annotated[
    Text | None, About("person"), Field(description="How it came about", examples=["Left for work and did not arrive."])
]
LastSeen = Annotated[
    Occurred,
    Field(description="When they were last seen, as exactly as it is known (EDTF)", examples=["2008-09-28", "2004-21"]),
]
ShownAdult = Annotated[
    bool, Field(description="Whether they are shown to be an adult; a child until then", examples=[False])
]
Suspect = Annotated[
    PersonId, Field(description="Who may be the danger", examples=["2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"])
]


class ReportDisappearance(DisappearanceCommand, route="POST /disappearances", roles=SEARCHERS):
    """Report that a person has disappeared."""

    disappearance: DisappearanceId = new_id()
    case: CaseId
    person: ThePerson
    place: Place
    last_seen: LastSeen
    circumstances: Circumstances = None
    adult: ShownAdult = False
    occurred: Occurred


class CorrectDisappearance(
    DisappearanceCommand, route="POST /disappearances/{disappearance}/correction", roles=SEARCHERS
):
    """Put right what was reported: it was never so."""

    person: ThePerson
    place: Place
    last_seen: LastSeen
    circumstances: Circumstances = None
    adult: ShownAdult = False


class RecordPoliceReport(
    DisappearanceCommand, route="POST /disappearances/{disappearance}/police-report", roles=SEARCHERS
):
    """Record that the police took a report, or know of one by another number."""

    person: ThePerson
    reference: Annotated[
        Text,
        About("person", Retention.LEGAL),
        Field(description="The station and its number", examples=["Vilnius 3rd police station, 0000/2008"]),
    ]
    occurred: Occurred


class NameImplicated(DisappearanceCommand, route="POST /disappearances/{disappearance}/implicated", roles=CASE_TEAM):
    """Name somebody who may be the danger. They are told nothing, and publishing has to be thought over again."""

    suspect: Suspect
    grounds: Annotated[
        Text, About("suspect"), Field(description="What that rests on", examples=["He was seen waiting at her school."])
    ]
    occurred: Occurred


class ClearImplicated(
    DisappearanceCommand, route="POST /disappearances/{disappearance}/implicated/{suspect}/clearance", roles=CASE_TEAM
):
    """Record that somebody is not the danger after all."""

    suspect: Suspect
    occurred: Occurred


class DisappearanceReported(DisappearanceEvent):
    """Somebody has disappeared."""

    case: CaseId
    person: PersonId
    place: Annotated[str | Hidden, About("person")]
    last_seen: Occurred
    circumstances: Annotated[str | Hidden | None, About("person")] = None
    adult: bool
    occurred: Occurred


class DisappearanceCorrected(DisappearanceEvent, puts_right=("disappearance", "DisappearanceReported.disappearance")):
    """What was reported was wrong; this is what is true."""

    person: PersonId
    place: Annotated[str | Hidden, About("person")]
    last_seen: Occurred
    circumstances: Annotated[str | Hidden | None, About("person")] = None
    adult: bool


class PoliceReportRecorded(DisappearanceEvent):
    """The police have a report."""

    person: PersonId
    reference: Annotated[str | Hidden, About("person", Retention.LEGAL)]
    occurred: Occurred


class ImplicatedNamed(DisappearanceEvent):
    """Somebody may be the danger."""

    person: PersonId
    suspect: PersonId
    grounds: Annotated[str | Hidden, About("suspect")]
    occurred: Occurred


class ImplicatedCleared(DisappearanceEvent):
    """Somebody is not the danger after all."""

    person: PersonId
    suspect: PersonId
    occurred: Occurred


Commands = ReportDisappearance | CorrectDisappearance | RecordPoliceReport | NameImplicated | ClearImplicated
Events = DisappearanceReported | DisappearanceCorrected | PoliceReportRecorded | ImplicatedNamed | ImplicatedCleared


def decide(command: Commands, state: Disappearance) -> Sequence[Events]:
    """What follows from a command."""
    match command:
        case ReportDisappearance():
            if state.person:
                raise DomainError(
                    "A disappearance is reported once; this id is taken: leave it out.", rule="reported-once"
                )
            must_have_happened(command.occurred, command.now)
            must_have_happened(command.last_seen, command.now)
            if latest(command.occurred) < earliest(command.last_seen):
                raise DomainError(
                    f"Somebody is missed after they were last seen ({command.last_seen}), not on {command.occurred}: "
                    "give a later date, or an earlier last sight.",
                    rule="missed-after-last-seen",
                )
            return [DisappearanceReported(**command.stated())]
        case CorrectDisappearance():
            must_be_reported(state)
            must_be_about(command.person, state)
            must_have_happened(command.last_seen, command.now)
            return [DisappearanceCorrected(**command.stated())]
        case RecordPoliceReport():
            must_be_sought(state)
            must_be_about(command.person, state)
            must_have_happened(command.occurred, command.now)
            return [PoliceReportRecorded(**command.stated())]
        case NameImplicated(suspect=suspect):
            must_be_reported(state)
            must_have_happened(command.occurred, command.now)
            if suspect == state.person:
                raise DomainError(
                    "Nobody is the danger in their own disappearance; the missing person is named: name another.",
                    rule="implicated-is-another",
                )
            if suspect in state.implicated:
                return []
            return [ImplicatedNamed(**command.stated(), person=state.person)]
        case ClearImplicated(suspect=suspect):
            must_be_reported(state)
            must_have_happened(command.occurred, command.now)
            if suspect not in state.implicated:
                return []
            return [ImplicatedCleared(**command.stated(), person=state.person)]
        case _:
            assert_never(command)


def evolve(state: Disappearance, event: Events) -> Disappearance:
    """What is kept of a disappearance after an event."""
    match event:
        case DisappearanceReported():
            return replace(state, case=event.case, person=event.person, last_seen=event.last_seen, adult=event.adult)
        case DisappearanceCorrected(last_seen=last_seen, adult=adult):
            return replace(state, last_seen=last_seen, adult=adult)
        case PoliceReportRecorded():
            return replace(state, police_report=True)
        case ImplicatedNamed(suspect=suspect):
            return replace(state, implicated=state.implicated | {suspect}, safe_to_publish=None)
        case ImplicatedCleared(suspect=suspect):
            return replace(state, implicated=state.implicated - {suspect})
        case _:
            assert_never(event)

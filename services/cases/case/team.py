"""Team: who works on a case beside the responsible worker. What is personal in a case is for its team to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.case.record import Case, CaseCommand, CaseEvent, must_be_open
from services.cases.vocabulary import CASE_TEAM, Staff
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import StaffId

Member = Annotated[Staff, Field(description="Who works on the case, by pseudonym", examples=["law-2"])]


class AddToTeam(CaseCommand, route="POST /cases/{case}/team", roles=CASE_TEAM):
    """Let somebody work on a case: a lawyer, a psychologist, the shelter's manager, a second caseworker."""

    member: Annotated[StaffId, Field(description="Who works on the case, by pseudonym", examples=["law-2"])]
    occurred: Occurred


class RemoveFromTeam(CaseCommand, route="POST /cases/{case}/team/{member}/removal", roles=CASE_TEAM):
    """Record that somebody works on a case no longer. Possible in a closed case too."""

    member: Member
    occurred: Occurred


class TeamJoined(CaseEvent):
    """Somebody works on the case."""

    member: Member
    occurred: Occurred


class TeamLeft(CaseEvent):
    """Somebody works on the case no longer."""

    member: Member
    occurred: Occurred


Commands = AddToTeam | RemoveFromTeam
Events = TeamJoined | TeamLeft


def decide(command: Commands, state: Case) -> Sequence[Events]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    must_exist(state.kind is not None, "case")
    match command:
        case AddToTeam(case=case, member=member, occurred=occurred):
            must_be_open(state)
            return [] if member in state.team else [TeamJoined(case=case, member=member, occurred=occurred)]
        case RemoveFromTeam(case=case, member=member, occurred=occurred):
            if member == state.worker:
                raise DomainError(
                    "The responsible worker is always of the team, and that is who is named: hand the case over first.",
                    rule="responsible-worker-stays",
                )
            return [TeamLeft(case=case, member=member, occurred=occurred)] if member in state.team else []
        case _:
            assert_never(command)


def evolve(state: Case, event: Events) -> Case:
    """What is kept of a case after an event."""
    match event:
        case TeamJoined(member=member):
            return replace(state, team=state.team | {member})
        case TeamLeft(member=member):
            return replace(state, team=state.team - {member})
        case _:
            assert_never(event)

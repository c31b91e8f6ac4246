"""Ending: a tension ends as it says only if that came about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.tension.record import (
    KNOWERS,
    MEDIATORS,
    Ended,
    Resolution,
    Tension,
    TensionCommand,
    TensionEvent,
    must_go_on,
)
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError


class Ending(StrEnum):
    """How whoever mediates may say that a tension ended: as `Resolution`, but by no separation."""

    MEDIATED = "mediated"
    HOUSE_RULES = "house_rules"
    PARTY_LEFT = "party_left"
    SUBSIDED = "subsided"


class ResolveTension(TensionCommand, route="POST /tensions/{tension}/resolution", roles=MEDIATORS):
    """Record how a tension ended. A separation stands until it is lifted."""

    how: Annotated[Ending, Field(description="How", examples=["mediated"])]
    occurred: Occurred


class ResolveBySeparation(TensionCommand, route="POST /tensions/{tension}/resolution-by-separation", roles=KNOWERS):
    """Record that a tension ended because the parties are kept apart. For those who may know that they are."""

    occurred: Occurred


class TensionResolved(TensionEvent):
    """It has ended."""

    how: Resolution
    occurred: Occurred


Commands = ResolveTension | ResolveBySeparation
Events = TensionResolved


def decide(command: Commands, state: Tension) -> Sequence[Events]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    must_exist(bool(state.parties), "tension")
    if state.ended:
        return []
    must_go_on(state)
    match command:
        case ResolveTension(tension=tension, how=how, occurred=occurred):
            if not came_about(Resolution(how), state):
                raise DomainError(
                    "Mediated needs a mediation, and house_rules that every party accepted them; this tension has not "
                    f"what {how} needs: record it first, or name another ending.",
                    rule="ending-came-about",
                )
            return [TensionResolved(tension=tension, how=Resolution(how), occurred=occurred)]
        case ResolveBySeparation(tension=tension, occurred=occurred):
            if not came_about(Resolution.SEPARATED, state):
                raise DomainError(
                    "Separated needs a separation, and none was decided in this tension: decide it first, or name "
                    "another ending.",
                    rule="ending-came-about",
                )
            return [TensionResolved(tension=tension, how=Resolution.SEPARATED, occurred=occurred)]
        case _:
            assert_never(command)


def came_about(how: Resolution, state: Tension) -> bool:
    """Whether there is what such an ending needs."""
    needed = {
        Resolution.MEDIATED: bool(state.mediations),
        Resolution.HOUSE_RULES: state.agreed == state.parties,
        Resolution.SEPARATED: bool(state.orders),
    }
    return needed.get(how, True)


def evolve(state: Tension, event: Events) -> Tension:
    """What a tension is after an event."""
    match event:
        case TensionResolved(how=how, occurred=occurred):
            return replace(state, ended=Ended(how, occurred))
        case _:
            assert_never(event)

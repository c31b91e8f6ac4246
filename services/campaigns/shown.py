"""Shown: the materials that show one missing person. Once they are found, everything that shows them is withdrawn.

The stream is the person's, so that what shows them is known here without asking any campaign. All is told by policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple, assert_never

from pydantic import BaseModel, ConfigDict, Field

from services.campaigns.campaign.state import ArtefactId, CampaignId
from shared.dates import Occurred
from shared.decider import Decider
from shared.messages import Command, Event, Id, Role

ShownPerson = Annotated[Id, Field(description="The missing person who is shown")]


class Material(BaseModel):
    """One artefact of a campaign."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign: CampaignId
    artefact: ArtefactId


class ShownCommand(Command, context="campaigns"):
    """An instruction about what shows one person."""

    person: ShownPerson


class ShownEvent(Event, context="campaigns"):
    """A fact about what shows one person."""

    person: ShownPerson


class NoteShown(ShownCommand, roles=[Role.POLICY]):
    """Note that an artefact shows this person. Sent by policy."""

    material: Material
    occurred: Occurred


class StopShowing(ShownCommand, roles=[Role.POLICY]):
    """The person was found: nothing shows them any more. Sent by policy."""

    occurred: Occurred


class ShowAgain(ShownCommand, roles=[Role.POLICY]):
    """The finding was wrong: new materials may show the person. What was withdrawn stays so. Sent by policy."""

    occurred: Occurred


class PersonShown(ShownEvent):
    """An artefact shows this person."""

    material: Material
    occurred: Occurred


class ShowingStopped(ShownEvent):
    """Nothing is to show this person any more: these are to be withdrawn."""

    materials: tuple[Material, ...]
    occurred: Occurred


class ShowingResumed(ShownEvent):
    """New materials may show this person."""

    occurred: Occurred


Commands = NoteShown | StopShowing | ShowAgain
Events = PersonShown | ShowingStopped | ShowingResumed


class Place(NamedTuple):
    """Where a person is shown."""

    campaign: str
    artefact: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What shows one person."""

    materials: frozenset[Place] = frozenset()
    stopped: bool = False


def decide(command: Commands, state: Shown) -> Sequence[Events]:
    """What follows from a command. What is noted after the person was found is withdrawn at once."""
    match command:
        case NoteShown(person=person, material=material, occurred=occurred):
            if Place(material.campaign, material.artefact) in state.materials:
                return []
            noted = PersonShown(person=person, material=material, occurred=occurred)
            if not state.stopped:
                return [noted]
            return [noted, ShowingStopped(person=person, materials=(material,), occurred=occurred)]
        case StopShowing(person=person, occurred=occurred):
            if state.stopped:
                return []
            materials = tuple(
                Material(campaign=campaign, artefact=artefact) for campaign, artefact in sorted(state.materials)
            )
            return [ShowingStopped(person=person, materials=materials, occurred=occurred)]
        case ShowAgain(person=person, occurred=occurred):
            return [ShowingResumed(person=person, occurred=occurred)] if state.stopped else []
        case _:
            assert_never(command)


def evolve(state: Shown, event: Events) -> Shown:
    """What shows the person after an event."""
    match event:
        case PersonShown(material=material):
            return replace(state, materials=state.materials | {Place(material.campaign, material.artefact)})
        case ShowingStopped():
            return Shown(stopped=True)
        case ShowingResumed():
            return replace(state, stopped=False)
        case _:
            assert_never(event)


shown = Decider(
    category="shown-person",
    key="person",
    initial=Shown(),
    decide=decide,
    evolve=evolve,
    commands=Commands,
    events=Events,
)

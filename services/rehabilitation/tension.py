"""Tension: a conflict between residents, from the first sign through mediation or separation to its resolution.

What is said of somebody in it is theirs: each account is about one of the parties, and can be shredded alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field, StringConstraints

from services.rehabilitation.placement.record import HOUSE, KNOWERS, CentreId, OrderId, PersonId, Scope, Text
from shared.dates import Occurred, must_have_happened
from shared.decider import Decider, must_exist
from shared.errors import DomainError
from shared.growing import Growing
from shared.messages import Command, Event, Id, Role, new_id
from shared.privacy.personal import About, Hidden

MEDIATORS = (*KNOWERS, Role.CASEWORKER, Role.PSYCHOLOGIST)

TensionId = Annotated[Id, Field(description="The tension", examples=["5a6b7c8d-9e0f-4a1b-8c2d-3e4f5a6b7c8d"])]
EntryId = Annotated[Id, Field(description="This entry", examples=["6b7c8d9e-0f1a-4b2c-9d3e-4f5a6b7c8d9e"])]
Parties = Annotated[
    tuple[PersonId, ...],
    Field(
        min_length=2,
        max_length=20,
        description="Between whom",
        examples=[["8d6b1a52-0c6f-4f0e-8a51-6f6f0f2f9b21", "2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"]],
    ),
]
OneOfThem = Annotated[PersonId, Field(description="Whom of them this is about")]
Account = Annotated[
    Text | None, About("about", record="entry"), Field(description="What happened", examples=["Shouted at supper."])
]
HiddenAccount = Annotated[str | Hidden | None, About("about", record="entry")]
Rules = Annotated[
    str,
    StringConstraints(min_length=1, max_length=32),
    Field(description="Which version of the house rules", examples=["2008-1"]),
]


class Sign(StrEnum):
    """What was noticed."""

    AVOIDANCE = "avoidance"
    QUARREL = "quarrel"
    INSULTS = "insults"
    THREATS = "threats"
    THEFT = "theft"
    VIOLENCE = "violence"


class Effect(StrEnum):
    """What a mediation changed."""

    EASED = "eased"
    UNCHANGED = "unchanged"
    WORSE = "worse"


class Resolution(StrEnum):
    """How a tension ended."""

    MEDIATED = "mediated"
    HOUSE_RULES = "house_rules"  # every party has accepted them
    SEPARATED = "separated"
    PARTY_LEFT = "party_left"
    SUBSIDED = "subsided"


class TensionCommand(Command, context="rehabilitation"):
    """An instruction to one tension."""

    tension: TensionId


class TensionEvent(Event, context="rehabilitation"):
    """A fact of one tension."""

    tension: TensionId


class NoteTension(TensionCommand, route="POST /tensions", roles=HOUSE):
    """Note the first sign of a tension between residents."""

    tension: TensionId = new_id()
    entry: EntryId = new_id()
    centre: CentreId
    parties: Parties
    sign: Annotated[Sign, Field(description="What was noticed", examples=["quarrel"])]
    about: OneOfThem
    account: Account = None
    occurred: Occurred


class AddSign(TensionCommand, route="POST /tensions/{tension}/signs", roles=HOUSE):
    """Note that a tension goes on. One that had been resolved is open again."""

    entry: EntryId = new_id()
    sign: Annotated[Sign, Field(description="What was noticed", examples=["insults"])]
    about: OneOfThem
    account: Account = None
    occurred: Occurred


class HoldMediation(TensionCommand, route="POST /tensions/{tension}/mediations", roles=MEDIATORS):
    """Record a talk with the parties, and what it changed."""

    entry: EntryId = new_id()
    present: Annotated[tuple[PersonId, ...], Field(min_length=1, description="Who of them was there")]
    effect: Annotated[Effect, Field(description="What it changed", examples=["eased"])]
    about: OneOfThem
    account: Account = None
    occurred: Occurred


class AgreeToHouseRules(TensionCommand, route="POST /tensions/{tension}/house-rules", roles=MEDIATORS):
    """Record that a party accepted the house rules."""

    person: OneOfThem
    rules: Rules
    occurred: Occurred


class DecideSeparation(TensionCommand, route="POST /tensions/{tension}/separations", roles=KNOWERS):
    """Decide that two of the parties are not housed together. The centre's beds follow."""

    order: OrderId = new_id()
    first: PersonId
    second: Annotated[PersonId, Field(examples=["2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"])]
    scope: Annotated[Scope, Field(description="Not in one room, or not under one roof", examples=["shelter"])]
    occurred: Occurred


class ResolveTension(TensionCommand, route="POST /tensions/{tension}/resolution", roles=MEDIATORS):
    """Record how a tension ended. A separation stands until it is lifted."""

    how: Annotated[Resolution, Field(description="How", examples=["mediated"])]
    occurred: Occurred


class TensionNoted(TensionEvent):
    """There is a tension between residents."""

    entry: EntryId
    centre: CentreId
    parties: tuple[PersonId, ...]
    sign: Sign
    about: PersonId
    account: HiddenAccount = None
    occurred: Occurred


class SignAdded(TensionEvent):
    """It goes on."""

    entry: EntryId
    sign: Sign
    about: PersonId
    account: HiddenAccount = None
    occurred: Occurred


class MediationHeld(TensionEvent):
    """Somebody talked with the parties."""

    entry: EntryId
    present: tuple[PersonId, ...]
    effect: Effect
    mediator: str
    about: PersonId
    account: HiddenAccount = None
    occurred: Occurred


class HouseRulesAgreed(TensionEvent):
    """A party accepted the house rules."""

    person: PersonId
    rules: str
    occurred: Occurred


class SeparationDecided(TensionEvent):
    """Two parties are not to be housed together."""

    order: OrderId
    centre: CentreId
    first: PersonId
    second: PersonId
    scope: Scope
    occurred: Occurred


class TensionResolved(TensionEvent):
    """It has ended."""

    how: Resolution
    occurred: Occurred


Commands = NoteTension | AddSign | HoldMediation | AgreeToHouseRules | DecideSeparation | ResolveTension
Events = TensionNoted | SignAdded | MediationHeld | HouseRulesAgreed | SeparationDecided | TensionResolved


@dataclass(frozen=True, slots=True)
class Tension:
    """One tension. Without parties it was never noted."""

    centre: str = ""
    parties: frozenset[str] = frozenset()
    resolved: bool = False
    mediated: bool = False
    agreed: frozenset[str] = frozenset()  # who accepted the house rules
    orders: Growing[str, frozenset[str]] = field(default_factory=Growing)


def decide(command: Commands, state: Tension) -> Sequence[Events]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    if isinstance(command, NoteTension):
        return _noted(command, state)
    must_exist(bool(state.parties), "tension")
    match command:
        case AddSign(about=about):
            _must_be_parties([about], state.parties)
            return [SignAdded(**command.stated())]
        case HoldMediation(about=about, present=present):
            _must_be_open(state)
            _must_be_parties([about, *present], state.parties)
            return [MediationHeld(**command.stated(), mediator=command.by)]
        case AgreeToHouseRules(person=person):
            _must_be_open(state)
            _must_be_parties([person], state.parties)
            return [] if person in state.agreed else [HouseRulesAgreed(**command.stated())]
        case DecideSeparation(order=order, first=first, second=second):
            _must_be_open(state)
            _must_be_parties([first, second], state.parties)
            if first == second:
                raise DomainError("A separation is between two people; one is named twice.", rule="two-people")
            if order in state.orders:
                raise DomainError("Each order has an id of its own; this is taken: leave it out.", rule="id-taken")
            return [SeparationDecided(**command.stated(), centre=state.centre)]
        case ResolveTension(how=how):
            if state.resolved:
                return []
            _must_be_so(how, state)
            return [TensionResolved(**command.stated())]
        case _:
            assert_never(command)


def _noted(command: NoteTension, state: Tension) -> Sequence[Events]:
    if state.parties:
        raise DomainError("A tension is noted once; this id is taken: leave it out, or add a sign.", rule="noted-once")
    if len(set(command.parties)) < len(command.parties):
        raise DomainError("A tension is between different people; one is named twice.", rule="two-people")
    _must_be_parties([command.about], frozenset(command.parties))
    return [TensionNoted(**command.stated())]


def _must_be_open(state: Tension) -> None:
    if state.resolved:
        raise DomainError("This tension is resolved: if it goes on, add a sign first.", rule="tension-is-open")


def _must_be_parties(people: Sequence[str], parties: frozenset[str]) -> None:
    if not parties.issuperset(people):
        raise DomainError("This is about the parties of the tension; somebody else is named.", rule="about-the-parties")


def _must_be_so(how: Resolution, state: Tension) -> None:
    """Refuses an ending that did not come about."""
    came_about = {
        Resolution.MEDIATED: state.mediated,
        Resolution.HOUSE_RULES: state.agreed == state.parties,
        Resolution.SEPARATED: bool(state.orders),
    }
    if not came_about.get(how, True):
        raise DomainError(
            "Mediated needs a mediation, house_rules that every party accepted them, separated a separation; this "
            f"tension has not what {how} needs: record it first, or name another ending.",
            rule="ending-came-about",
        )


def evolve(state: Tension, event: Events) -> Tension:
    """What a tension is after an event."""
    match event:
        case TensionNoted(centre=centre, parties=parties):
            return Tension(centre, frozenset(parties))
        case SignAdded():
            # What was accepted or tried before did not end it.
            return replace(state, resolved=False, mediated=False, agreed=frozenset()) if state.resolved else state
        case MediationHeld():
            return replace(state, mediated=True)
        case HouseRulesAgreed(person=person):
            return replace(state, agreed=state.agreed | {person})
        case SeparationDecided(order=order, first=first, second=second):
            return replace(state, orders=state.orders.having(order, frozenset((first, second))))
        case TensionResolved():
            return replace(state, resolved=True)
        case _:
            assert_never(event)


tension = Decider("tension", "tension", Tension(), decide, evolve, Commands, Events)

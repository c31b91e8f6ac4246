"""Easing: what is done about a tension, by talking, by house rules, or by keeping people apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.placement.record import CentreId, OrderId, PersonId, Scope
from services.rehabilitation.tension.record import (
    KNOWERS,
    MEDIATORS,
    Account,
    Effect,
    Entry,
    EntryId,
    EntryKind,
    HiddenAccount,
    OneOfThem,
    Rules,
    Tension,
    TensionCommand,
    TensionEvent,
    must_be_new,
    must_be_parties,
    must_go_on,
)
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import new_id

Present = Annotated[tuple[PersonId, ...], Field(min_length=1, description="Who of them was there")]


class HoldMediation(TensionCommand, route="POST /tensions/{tension}/mediations", roles=MEDIATORS):
    """Record a talk with the parties, and what it changed."""

    entry: EntryId = new_id()
    present: Present
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


Commands = HoldMediation | AgreeToHouseRules | DecideSeparation
Events = MediationHeld | HouseRulesAgreed | SeparationDecided


def decide(command: Commands, state: Tension) -> Sequence[Events]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    must_exist(bool(state.parties), "tension")
    must_go_on(state)
    match command:
        case HoldMediation(entry=entry, about=about, present=present):
            must_be_parties([about, *present], state.parties)
            must_be_new(entry, state)
            return [MediationHeld(**command.stated(), mediator=command.by)]
        case AgreeToHouseRules(person=person):
            must_be_parties([person], state.parties)
            return [] if person in state.agreed else [HouseRulesAgreed(**command.stated())]
        case DecideSeparation(order=order, first=first, second=second):
            must_be_parties([first, second], state.parties)
            if first == second:
                raise DomainError(
                    "A separation is between two people; one is named twice: name two of the parties.",
                    rule="two-people",
                )
            if order in state.orders:
                raise DomainError("Each order has an id of its own; this is taken: leave it out.", rule="id-taken")
            return [SeparationDecided(**command.stated(), centre=state.centre)]
        case _:
            assert_never(command)


def evolve(state: Tension, event: Events) -> Tension:
    """What a tension is after an event."""
    match event:
        case MediationHeld(entry=entry, about=about):
            entries = state.entries.having(entry, Entry(EntryKind.MEDIATION, about))
            return replace(state, entries=entries, mediations=state.mediations | {entry})
        case HouseRulesAgreed(person=person):
            return replace(state, agreed=state.agreed | {person})
        case SeparationDecided(order=order, first=first, second=second):
            return replace(state, orders=state.orders.having(order, frozenset((first, second))))
        case _:
            assert_never(event)

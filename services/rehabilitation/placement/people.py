"""People beside each other: who is kept apart, who belongs together, who is a child, whose records are one person's.

None of these facts can be refused for where somebody sleeps: they are checked against it, and whoever cannot stay
where they are becomes an urgent task (`tasks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.placement.record import (
    HOUSE,
    KNOWERS,
    AgeGroup,
    Day,
    LinkId,
    Order,
    OrderId,
    PersonId,
    Placement,
    PlacementCommand,
    PlacementEvent,
    Scope,
    Text,
    must_be_open,
    same_persons,
)
from shared.decider import must_exist
from shared.errors import DomainError
from shared.growing import Growing
from shared.messages import Id, Role, new_id
from shared.privacy.personal import About, Hidden

Other = Annotated[PersonId, Field(examples=["2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"])]
HowFar = Annotated[Scope, Field(description="Not in one room, or not under one roof", examples=["shelter"])]

NAMED_TWICE = "{} is between two people; these are one, perhaps by linked records: name two."

# An infant may share a bed with its mother; a child may not, nor somebody who may be one.
_MOST_PROTECTED_FIRST = (AgeGroup.CHILD, AgeGroup.UNCERTAIN, AgeGroup.INFANT, AgeGroup.ADULT)


class OrderSeparation(PlacementCommand, route="POST /centres/{centre}/separations", roles=KNOWERS):
    """Order that two people are not housed together. If they are, somebody must find another bed."""

    order: OrderId = new_id()
    first: PersonId
    second: Other
    scope: HowFar = Scope.SHELTER
    tension: Annotated[Id | None, Field(description="The tension that it comes from")] = None
    grounds: Annotated[
        Text | None, About("first", record="order"), Field(description="Why", examples=["Threats at night."])
    ] = None
    occurred: Day


class LiftSeparation(PlacementCommand, route="POST /centres/{centre}/separations/{order}/lifting", roles=KNOWERS):
    """Lift a separation order: from this day on the two may be housed together."""

    order: OrderId
    occurred: Day


class RecordKinship(PlacementCommand, route="POST /centres/{centre}/kinships", roles=HOUSE):
    """Record that two people belong together: a parent and a child may share a room, an infant its mother's bed."""

    first: PersonId
    second: Other
    occurred: Day


class RetractKinship(PlacementCommand, route="POST /centres/{centre}/kinships/retraction", roles=KNOWERS):
    """Record that two people do not belong together after all."""

    first: PersonId
    second: Other
    occurred: Day


class RecordAgeGroup(PlacementCommand, route="POST /centres/{centre}/age-groups", roles=HOUSE):
    """Record that somebody's age is other than was thought, or that it is known now."""

    person: PersonId
    age: Annotated[AgeGroup, Field(description="What it is", examples=["adult"])]
    occurred: Day


class NoteLinkedRecords(PlacementCommand, roles=[Role.POLICY]):
    """Two records are of one person. Sent by policy."""

    link: LinkId
    first: PersonId
    second: PersonId


class NoteUnlinkedRecords(PlacementCommand, roles=[Role.POLICY]):
    """Two records are of two people after all. Sent by policy."""

    link: LinkId


class SeparationOrdered(PlacementEvent):
    """Two people are not housed together."""

    order: OrderId
    first: PersonId
    second: PersonId
    scope: Scope
    tension: Id | None = None
    grounds: Annotated[str | Hidden | None, About("first", record="order")] = None
    occurred: date


class SeparationLifted(PlacementEvent):
    """They may be housed together again."""

    order: OrderId
    occurred: date


class KinshipRecorded(PlacementEvent):
    """Two people belong together."""

    first: PersonId
    second: PersonId
    occurred: date


class KinshipRetracted(PlacementEvent):
    """They do not."""

    first: PersonId
    second: PersonId
    occurred: date


class AgeGroupRecorded(PlacementEvent):
    """What somebody's age is, for where they sleep."""

    person: PersonId
    age: AgeGroup
    occurred: date


class LinkedRecordsNoted(PlacementEvent):
    """Two records count as one person."""

    link: LinkId
    first: PersonId
    second: PersonId


class UnlinkedRecordsNoted(PlacementEvent):
    """They count as two."""

    link: LinkId
    first: PersonId
    second: PersonId


Commands = (
    OrderSeparation
    | LiftSeparation
    | RecordKinship
    | RetractKinship
    | RecordAgeGroup
    | NoteLinkedRecords
    | NoteUnlinkedRecords
)
Events = (
    SeparationOrdered
    | SeparationLifted
    | KinshipRecorded
    | KinshipRetracted
    | AgeGroupRecorded
    | LinkedRecordsNoted
    | UnlinkedRecordsNoted
)


def decide(command: Commands, state: Placement) -> Sequence[Events]:
    """What follows from a command."""
    if isinstance(command, NoteLinkedRecords | NoteUnlinkedRecords):
        return _noted(command, state)
    must_be_open(command, state, command.occurred)
    match command:
        case OrderSeparation(order=order, first=first, second=second):
            if order in state.orders:
                return _same_order(command, state.orders[order])
            if second in state.records_of(first):
                raise DomainError(NAMED_TWICE.format("A separation"), rule="two-people")
            return [SeparationOrdered(**command.stated())]
        case LiftSeparation(order=order, occurred=occurred):
            if order not in state.orders:
                raise DomainError("This centre has no such order: name one of its own.", rule="no-such-order")
            known = state.orders[order]
            if known.until != date.max:
                return []
            if occurred < known.since:
                raise DomainError(
                    f"It was ordered on {known.since}; this is dated {occurred}: give a later day.", rule="in-order"
                )
            return [SeparationLifted(**command.stated())]
        case RecordKinship(first=first, second=second):
            if second in state.records_of(first):
                raise DomainError(NAMED_TWICE.format("Kinship"), rule="two-people")
            return [] if frozenset((first, second)) in state.kin else [KinshipRecorded(**command.stated())]
        case RetractKinship(first=first, second=second):
            return [KinshipRetracted(**command.stated())] if frozenset((first, second)) in state.kin else []
        case RecordAgeGroup(person=person, age=age):
            return [] if state.ages.get(person) is age else [AgeGroupRecorded(**command.stated())]
        case _:
            assert_never(command)


def _same_order(command: OrderSeparation, known: Order) -> Sequence[Events]:
    """A repeat, as from a policy whose books were lost, changes nothing; another order needs another id."""
    if {command.first, command.second} != {known.first, known.second}:
        raise DomainError("Each order has an id of its own; this is taken: leave it out.", rule="id-taken")
    return []


def _noted(command: NoteLinkedRecords | NoteUnlinkedRecords, state: Placement) -> Sequence[Events]:
    must_exist(state.opened is not None, "centre")
    match command:
        case NoteLinkedRecords(link=link):
            return [] if link in state.links else [LinkedRecordsNoted(**command.stated())]
        case NoteUnlinkedRecords(link=link):
            pair = state.links.get(link)
            if pair is None:
                return []
            first, second = sorted(pair)
            return [UnlinkedRecordsNoted(**command.stated(), first=first, second=second)]
        case _:
            assert_never(command)


def evolve(state: Placement, event: Events) -> Placement:
    """The beds after an event."""
    match event:
        case SeparationOrdered(order=order, first=first, second=second, scope=scope, occurred=occurred):
            return replace(state, orders=state.orders.having(order, Order(first, second, scope, occurred)))
        case SeparationLifted(order=order, occurred=occurred):
            lifted = replace(state.orders[order], until=occurred)
            return replace(state, orders=state.orders.having(order, lifted))
        case KinshipRecorded(first=first, second=second):
            return replace(state, kin=state.kin | {frozenset((first, second))})
        case KinshipRetracted(first=first, second=second):
            return replace(state, kin=state.kin - {frozenset((first, second))})
        case AgeGroupRecorded(person=person, age=age):
            return replace(state, ages=state.aged(person, age))
        case LinkedRecordsNoted(link=link, first=first, second=second):
            records = state.records_of(first) | state.records_of(second)
            links = state.links.having(link, frozenset((first, second)))
            return _most_protected_counts(replace(state, links=links, same=_joined(state, [records])), records)
        case UnlinkedRecordsNoted(link=link, first=first):
            apart = replace(state, links=state.links.having(link, None))
            records = state.records_of(first)
            same = same_persons(pair for pair in apart.links.values() if pair)
            return replace(apart, same=_joined(apart, [same.get(one, frozenset({one})) for one in records]))
        case _:
            assert_never(event)


def concerned(events: Sequence[Events], state: Placement) -> frozenset[str]:
    """Every record of the people whom these facts are about: where they sleep is looked at again."""
    named: set[str] = set()
    for event in events:
        match event:
            case SeparationLifted():
                pass
            case AgeGroupRecorded(person=person):
                named.add(person)
            case _:
                named |= {event.first, event.second}
    return frozenset(record for person in named for record in state.records_of(person))


def _joined(state: Placement, people: Sequence[frozenset[str]]) -> Growing[str, frozenset[str]]:
    same = state.same
    for records in people:
        for record in records:
            same = same.having(record, records)
    return same


def _most_protected_counts(state: Placement, records: frozenset[str]) -> Placement:
    """Where records of one person say different things of their age, the one that protects more counts."""
    known = {state.ages[record] for record in records if record in state.ages}
    if not known:
        return state
    protected = next(age for age in _MOST_PROTECTED_FIRST if age in known)
    return replace(state, ages=state.aged(next(iter(sorted(records))), protected))

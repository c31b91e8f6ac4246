"""Who may sleep where: the one place that knows why a bed is not available to somebody.

Every rule holds at each night from the day on which somebody comes, so that a stay that is recorded late breaks none
either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from services.rehabilitation.placement.record import AgeGroup, Occupation, Placement, Scope, Why


def hindrance(
    state: Placement, person: str, age: AgeGroup, bed: str, since: date, leaving: Occupation | None = None
) -> Why | None:
    """Why `person` cannot have `bed` from `since` on; None if they can. `leaving` is the bed that they come from."""
    if not state.beds[bed].in_service:
        return Why.OUT_OF_SERVICE
    room = state.beds[bed].room
    shelter = state.rooms[room]
    beside = [one for one in state.occupations if one is not leaving and one.has_nights_from(since)]
    in_shelter = [one for one in beside if state.rooms[state.beds[one.bed].room] == shelter]
    in_room = [one for one in in_shelter if state.beds[one.bed].room == room]
    in_bed = [one for one in in_room if one.bed == bed]
    coming = Occupation("", person, bed, since)
    if in_bed and not _shares_as_infant(state, coming, age, in_bed):
        return Why.TAKEN
    if _most_at_once(since, in_shelter) >= state.shelters[shelter]:
        return Why.FULL
    avoided = _avoided(state, person)
    if any(_kept_apart(coming, one, avoided, state) for one in in_shelter):
        return Why.SEPARATED
    if any(_adult_beside_child(state, person, age, one) for one in in_room):
        return Why.ADULT_BESIDE_CHILD
    return None


def beds_of(state: Placement, person: str, since: date, leaving: Occupation | None = None) -> Sequence[Occupation]:
    """Where this person, under any of their records, already is on a night from `since` on."""
    records = state.records_of(person)
    return [
        one for one in state.occupations if one is not leaving and one.person in records and one.has_nights_from(since)
    ]


class Clash(NamedTuple):
    """Somebody who cannot stay where they are."""

    person: str
    why: Why


def clashes(state: Placement, persons: Iterable[str]) -> Iterator[Clash]:
    """What is wrong, as things are, with where these people and those beside them sleep."""
    here = list(state.present())
    for person in dict.fromkeys(persons):
        avoided = _avoided(state, person)
        records = state.records_of(person)
        for mine in (one for one in here if one.person == person):
            for other in (one for one in here if one is not mine):
                if other.person in records:
                    yield Clash(person, Why.TWO_BEDS)
                elif _kept_apart(mine, other, avoided, state):
                    yield Clash(person, Why.SEPARATED)
                elif state.beds[mine.bed].room == state.beds[other.bed].room and _adult_beside_child(
                    state, person, state.age_of(person), other
                ):
                    yield Clash(person, Why.ADULT_BESIDE_CHILD)


class _Avoided(NamedTuple):
    """Somebody, under one of their records, whom another is kept apart from."""

    person: str
    scope: Scope
    since: date
    until: date


def _avoided(state: Placement, person: str) -> Sequence[_Avoided]:
    records = state.records_of(person)
    found = []
    for order in state.orders.values():
        for mine, other in ((order.first, order.second), (order.second, order.first)):
            if mine in records:
                found += [
                    _Avoided(one, order.scope, order.since, order.until)
                    for one in state.records_of(other)
                    if one not in records
                ]
    return found


def _kept_apart(mine: Occupation, other: Occupation, avoided: Sequence[_Avoided], state: Placement) -> bool:
    """Whether the two are under one roof, or in one room, on a night on which they must not be."""
    for one in avoided:
        if one.person == other.person and max(mine.since, other.since, one.since) < min(
            mine.left, other.left, one.until
        ):
            rooms = state.beds[mine.bed].room, state.beds[other.bed].room
            places = rooms if one.scope is Scope.ROOM else tuple(state.rooms[room] for room in rooms)
            if places[0] == places[1]:
                return True
    return False


def _related(state: Placement, person: str, other: str) -> bool:
    if not state.kin:
        return False
    others = state.records_of(other)
    return any(frozenset((mine, theirs)) in state.kin for mine in state.records_of(person) for theirs in others)


def _adult_beside_child(state: Placement, person: str, age: AgeGroup, other: Occupation) -> bool:
    """An adult beside a child who is none of theirs. Who may be a child counts as one."""
    adults = (age is AgeGroup.ADULT) + (state.age_of(other.person) is AgeGroup.ADULT)
    return adults == 1 and not _related(state, person, other.person)


def _shares_as_infant(state: Placement, coming: Occupation, age: AgeGroup, in_bed: Sequence[Occupation]) -> bool:
    """Whether this is one adult's bed, shared with their own infants alone."""
    ages = [age, *(state.age_of(one.person) for one in in_bed)]
    adults = [one for one, group in zip((coming, *in_bed), ages, strict=True) if group is AgeGroup.ADULT]
    infants = [one for one, group in zip((coming, *in_bed), ages, strict=True) if group is AgeGroup.INFANT]
    return (
        len(adults) == 1
        and len(adults) + len(infants) == len(ages)
        and all(_related(state, adults[0].person, infant.person) for infant in infants)
    )


def _most_at_once(since: date, beside: Sequence[Occupation]) -> int:
    """How many of these are there on the fullest night from `since` on."""
    nights = {since, *(one.since for one in beside if one.since > since)}
    return max(sum(one.since <= night < one.left for one in beside) for night in nights)

"""Carrying forward: once a year the books are closed, and what still stands begins the next ones.

The event says all that stands, so that whoever folds needs nothing from before it; stays that ended are left behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, TypeVar, assert_never

from pydantic import BaseModel, ConfigDict, Field

from services.rehabilitation.placement.record import (
    KNOWERS,
    AgeGroup,
    Bed,
    Occupation,
    Order,
    Placement,
    PlacementCommand,
    PlacementEvent,
    Scope,
    Task,
    TaskKind,
    same_persons,
)
from shared.dates import today
from shared.decider import must_exist
from shared.errors import DomainError
from shared.growing import Growing

K = TypeVar("K")
V = TypeVar("V")


class CarryForward(PlacementCommand, route="POST /centres/{centre}/books/{year}", roles=KNOWERS):
    """Close the books of a year that is over: what happened in it can no longer be changed."""

    year: Annotated[int, Field(ge=1990, le=2200, description="The year to close", examples=[2007])]


class _Carried(BaseModel):
    model_config = ConfigDict(frozen=True)


class CarriedBed(_Carried):
    """A bed."""

    bed: str
    room: str
    shelter: str
    in_service: bool


class CarriedStay(_Carried):
    """Somebody who is here, or left after the books closed."""

    stay: str
    person: str
    bed: str
    since: date
    left: date | None = None


class CarriedOrder(_Carried):
    """A separation order that stands, or stood after the books closed."""

    order: str
    first: str
    second: str
    scope: Scope
    since: date
    until: date | None = None


class CarriedTask(_Carried):
    """A task that is open."""

    task: str
    person: str
    kind: TaskKind


class BooksCarriedForward(PlacementEvent):
    """A year's books are closed; this is what stands."""

    year: int
    opened: date
    capacities: dict[str, int]
    rooms: dict[str, str]
    beds: tuple[CarriedBed, ...]
    stays: tuple[CarriedStay, ...]
    orders: tuple[CarriedOrder, ...]
    ages: dict[str, AgeGroup]
    kin: tuple[tuple[str, str], ...]
    links: dict[str, tuple[str, str]]
    dissolved_links: tuple[str, ...] = ()
    tasks: tuple[CarriedTask, ...]


Commands = CarryForward
Events = BooksCarriedForward


def decide(command: Commands, state: Placement) -> Sequence[Events]:
    """What follows from a command."""
    match command:
        case CarryForward(centre=centre, year=year):
            must_exist(state.opened is not None, "centre")
            first_day = date(year + 1, 1, 1)
            if first_day > today(command.now):
                raise DomainError(f"{year} is not over: close it from {first_day} on.", rule="year-is-over")
            return [] if first_day <= state.carried else [_carried(centre, year, first_day, state)]
        case _:
            assert_never(command)


def _carried(centre: str, year: int, first_day: date, state: Placement) -> BooksCarriedForward:
    assert state.opened is not None  # noqa: S101  (`must_exist` above)
    stays = [one for one in state.occupations if one.left > first_day]
    concerned = {record for one in stays for record in state.records_of(one.person)}
    return BooksCarriedForward(
        centre=centre,
        year=year,
        opened=state.opened,
        capacities=dict(state.shelters),
        rooms=dict(state.rooms),
        beds=tuple(
            CarriedBed(bed=code, room=bed.room, shelter=state.rooms[bed.room], in_service=bed.in_service)
            for code, bed in state.beds.items()
        ),
        stays=tuple(
            CarriedStay(stay=one.stay, person=one.person, bed=one.bed, since=one.since, left=_day(one.left))
            for one in stays
        ),
        orders=tuple(
            CarriedOrder(
                order=id,
                first=order.first,
                second=order.second,
                scope=order.scope,
                since=order.since,
                until=_day(order.until),
            )
            for id, order in state.orders.items()
            if order.until > first_day
        ),
        ages={person: age for person, age in state.ages.items() if person in concerned},
        kin=tuple(sorted((first, second) for first, second in map(sorted, state.kin))),
        links={link: (min(pair), max(pair)) for link, pair in state.links.items() if pair},
        dissolved_links=tuple(link for link, pair in state.links.items() if pair is None),
        tasks=tuple(CarriedTask(task=id, person=task.person, kind=task.kind) for id, task in state.open_tasks()),
    )


def _day(day: date) -> date | None:
    return None if day == date.max else day


def evolve(state: Placement, event: Events) -> Placement:
    """The beds after an event: what it says, and nothing else."""
    match event:
        case BooksCarriedForward():
            pairs = {link: frozenset(pair) for link, pair in event.links.items()}
            carried = Placement(
                opened=event.opened,
                carried=date(event.year + 1, 1, 1),
                shelters=_growing(event.capacities),
                rooms=_growing(event.rooms),
                beds=_growing({one.bed: Bed(one.room, one.in_service) for one in event.beds}),
                occupations=tuple(
                    Occupation(one.stay, one.person, one.bed, one.since, one.left or date.max) for one in event.stays
                ),
                ages=_growing(event.ages),
                kin=frozenset(map(frozenset, event.kin)),
                links=_growing({**pairs, **dict.fromkeys(event.dissolved_links)}),
                same=_growing(same_persons(pairs.values())),
                orders=_growing(
                    {
                        one.order: Order(one.first, one.second, one.scope, one.since, one.until or date.max)
                        for one in event.orders
                    }
                ),
            )
            for one in event.tasks:
                carried = carried.with_task(one.task, Task(one.person, one.kind))
            return carried
        case _:
            assert_never(event)


def _growing(mapping: dict[K, V]) -> Growing[K, V]:
    return Growing((mapping,))

"""Many at the desk at once: over the real log, no bed is given twice and nobody gets two, whoever comes first."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services import rehabilitation
from services.rehabilitation.placement.house import AddRoom, AddShelter, OpenCentre
from services.rehabilitation.placement.people import OrderSeparation
from services.rehabilitation.placement.record import AgeGroup
from services.rehabilitation.placement.stays import CheckIn
from services.rehabilitation.projections.occupancy import ShowOccupancy
from shared.errors import Conflict, DomainError, NotAvailable
from shared.messages import Command, Role
from tests.assembled import Assembled
from tests.rehabilitation.examples import an_id
from tests.rehabilitation.houses import CENTRE

DAY = date(2008, 9, 1)
BEDS = tuple(f"A1-{number}" for number in range(1, 7))
PEOPLE = [an_id(600 + number) for number in range(16)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Assembled]:
    opened = Assembled(tmp_path, [rehabilitation.context])
    commands: list[Command] = [
        OpenCentre(centre=CENTRE, code="VNO", occurred=DAY),
        AddShelter(centre=CENTRE, shelter="A", capacity=5, occurred=DAY),
        AddRoom(centre=CENTRE, shelter="A", room="A1", beds=BEDS, occurred=DAY),
    ]
    for command in commands:
        opened.send(command, Role.SHELTER_MANAGER)
    yield opened
    opened.close()


def all_at_once(world: Assembled, commands: Sequence[Command]) -> Counter[str]:
    """Each from a thread of its own, none before all are there; how many were answered how."""
    answers: Counter[str] = Counter()
    start = threading.Barrier(len(commands))

    def send(command: Command) -> None:
        start.wait()
        try:
            world.send(command, Role.DUTY_OFFICER)
            answers["given"] += 1
        except NotAvailable:
            answers["not available"] += 1
        except (DomainError, Conflict):
            answers["refused"] += 1

    threads = [threading.Thread(target=send, args=(command,)) for command in commands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def check_in(person: str, bed: str) -> CheckIn:
    return CheckIn(centre=CENTRE, person=person, bed=bed, age=AgeGroup.ADULT, occurred=DAY)


def sleepers(world: Assembled) -> dict[str, list[str]]:
    shown: Any = world.ask(ShowOccupancy(centre=CENTRE, on=DAY), Role.SHELTER_MANAGER)
    beds = [bed for shelter in shown.shelters for room in shelter.rooms for bed in room.beds]
    return {bed.bed: [one.person for one in bed.sleepers] for bed in beds if bed.sleepers}


def test_of_many_who_ask_for_one_bed_at_once_one_gets_it(world: Assembled) -> None:
    answers = all_at_once(world, [check_in(person, BEDS[0]) for person in PEOPLE])
    assert answers["given"] == 1
    assert answers.total() == len(PEOPLE)
    assert [len(people) for people in sleepers(world).values()] == [1]


def test_somebody_who_asks_for_many_beds_at_once_gets_one(world: Assembled) -> None:
    assert all_at_once(world, [check_in(PEOPLE[0], bed) for bed in BEDS])["given"] == 1
    assert list(sleepers(world).values()) == [[PEOPLE[0]]]


def test_of_two_who_are_kept_apart_and_ask_at_once_one_comes_in(world: Assembled) -> None:
    first, second = PEOPLE[:2]
    order = OrderSeparation(centre=CENTRE, first=first, second=second, occurred=DAY)
    world.send(order, Role.SHELTER_MANAGER)
    assert all_at_once(world, [check_in(first, BEDS[0]), check_in(second, BEDS[1])])["given"] == 1


def test_a_shelter_that_fills_up_at_once_is_full_and_no_more(world: Assembled) -> None:
    asked = [check_in(person, BEDS[number % len(BEDS)]) for number, person in enumerate(PEOPLE)]
    answers = all_at_once(world, asked)
    found = sleepers(world)
    people = [person for bed in found.values() for person in bed]
    assert len(people) == len(set(people)) == len(found) == answers["given"] <= 5

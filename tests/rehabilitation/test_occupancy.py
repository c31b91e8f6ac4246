"""Beds over the real log: what is shown to whom, links that reach every centre, and refusals that tell nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services import cases, rehabilitation
from services.cases.link import LinkRecords, UnlinkRecords
from services.rehabilitation.placement.house import AddRoom, AddShelter, OpenCentre, TakeOutOfService
from services.rehabilitation.placement.people import LiftSeparation, OrderSeparation
from services.rehabilitation.placement.record import AgeGroup, TaskKind, Why
from services.rehabilitation.placement.stays import CheckIn, CheckOut, MoveTo, PlanDeparture
from services.rehabilitation.placement.tasks import Settlement
from services.rehabilitation.projections.bed_tasks import BedTaskPage, ListBedTasks
from services.rehabilitation.projections.occupancy import ListCentres, Occupancy, ShowOccupancy
from services.rehabilitation.projections.separations import ListSeparations
from services.rehabilitation.projections.stays import ListStays
from shared.errors import Forbidden, ForgetMeNotError, NotAvailable, NotFound
from shared.messages import Origin, Role
from tests.assembled import Assembled
from tests.rehabilitation.examples import an_id
from tests.rehabilitation.houses import ANNA, BERTA, CENTRE, CHILD, DUPLICATE, INFANT, LINK, ORDER, OTHER_STAY, STAY

MANAGER, OFFICER = Role.SHELTER_MANAGER, Role.DUTY_OFFICER
BUILT, CAME = date(2008, 1, 1), date(2008, 9, 1)


class House(Assembled):
    """A centre at work."""

    def build(self, centre: str = CENTRE, code: str = "VNO") -> None:
        self.send(OpenCentre(centre=centre, code=code, occurred=BUILT), MANAGER)
        self.send(AddShelter(centre=centre, shelter="A", capacity=3, occurred=BUILT), MANAGER)
        room = AddRoom(centre=centre, shelter="A", room="A1", beds=("A1-1", "A1-2", "A1-3"), occurred=BUILT)
        self.send(room, MANAGER)

    def comes(self, person: str, bed: str, stay: str, centre: str = CENTRE, **more: Any) -> None:
        facts = {"age": AgeGroup.ADULT, "occurred": CAME} | more
        self.send(CheckIn(centre=centre, stay=stay, person=person, bed=bed, **facts), OFFICER)

    def refusal(self, person: str, bed: str) -> tuple[Any, ...]:
        """All that an officer learns from asking for a bed that is not available."""
        with pytest.raises(NotAvailable) as refused:
            self.comes(person, bed, str(uuid4()))
        error = refused.value
        return type(error), str(error), error.code, error.status, error.facts

    def occupancy(self, role: Role = OFFICER, **more: Any) -> Occupancy:
        answer = self.ask(ShowOccupancy(**({"centre": CENTRE, "on": date(2008, 9, 10)} | more)), role)
        assert isinstance(answer, Occupancy)
        return answer

    def tasks(self, role: Role = OFFICER, **more: Any) -> BedTaskPage:
        answer = self.ask(ListBedTasks(**more), role)
        assert isinstance(answer, BedTaskPage)
        return answer


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = House(tmp_path, [cases.context, rehabilitation.context])
    opened.build()
    yield opened
    opened.close()


def sleepers(shown: Occupancy) -> dict[str, list[str]]:
    return {
        bed.bed: [one.person for one in bed.sleepers]
        for shelter in shown.shelters
        for room in shelter.rooms
        for bed in room.beds
        if bed.sleepers
    }


def test_occupancy_is_told_for_any_night(house: House) -> None:
    house.comes(ANNA, "A1-1", STAY, until=date(2008, 9, 8))
    house.send(MoveTo(centre=CENTRE, stay=STAY, bed="A1-2", occurred=date(2008, 9, 5)), OFFICER)
    house.send(CheckOut(centre=CENTRE, stay=STAY, occurred=date(2008, 9, 9)), OFFICER)
    nights = {day: sleepers(house.occupancy(on=date(2008, 9, day))) for day in (4, 5, 8, 9)}
    assert nights == {4: {"A1-1": [ANNA]}, 5: {"A1-2": [ANNA]}, 8: {"A1-2": [ANNA]}, 9: {}}
    assert house.occupancy(on=date(2008, 8, 31)).people == 0
    (bed,) = (bed for bed in house.occupancy(on=date(2008, 9, 8)).shelters[0].rooms[0].beds if bed.sleepers)
    assert bed.sleepers[0].overdue


def test_occupancy_is_tonights_unless_asked_otherwise(house: House) -> None:
    house.comes(ANNA, "A1-1", STAY)
    assert sleepers(house.occupancy(on=None)) == {"A1-1": [ANNA]}
    assert house.occupancy(on=None).on >= date(2026, 1, 1)


def test_what_is_free_is_for_those_who_may_know_why_it_is_not(house: House) -> None:
    house.comes(ANNA, "A1-1", STAY)
    house.send(TakeOutOfService(centre=CENTRE, bed="A1-3", occurred=CAME), MANAGER)
    (known,) = house.occupancy(MANAGER).shelters
    assert (known.people, known.capacity, known.free) == (1, 3, 1)
    assert [bed.in_service for bed in known.rooms[0].beds] == [True, True, False]
    (told,) = house.occupancy(OFFICER).shelters
    assert (told.people, told.capacity, told.free) == (1, None, None)
    assert [bed.in_service for bed in told.rooms[0].beds] == [None, None, None]


def test_an_officer_cannot_tell_a_separation_from_a_bed_that_is_kept_free(tmp_path: Path) -> None:
    """Two worlds that differ in the reason alone: the answer, occupancy, stays and tasks are the same in both."""
    seen = []
    for name in ("separated", "out of service"):
        world = House(tmp_path / name, [cases.context, rehabilitation.context])
        world.build()
        world.comes(ANNA, "A1-1", STAY)
        if name == "separated":
            order = OrderSeparation(centre=CENTRE, order=ORDER, first=BERTA, second=ANNA, occurred=CAME)
            world.send(order, MANAGER)
        else:
            world.send(TakeOutOfService(centre=CENTRE, bed="A1-2", occurred=CAME), MANAGER)
        answer = world.refusal(BERTA, "A1-2")
        task = world.tasks().tasks[0].model_copy(update={"task": an_id(0)})
        stays = world.ask(ListStays(centre=CENTRE), OFFICER)
        seen.append((answer, world.occupancy(), task, stays.stays))
        why = {"separated": Why.SEPARATED, "out of service": Why.OUT_OF_SERVICE}[name]
        assert [one.why for one in world.tasks(MANAGER).tasks] == [why]
        world.close()
    assert seen[0] == seen[1]
    assert seen[0][2].why is None


def test_a_bed_that_is_taken_gets_the_same_answer(house: House) -> None:
    house.comes(ANNA, "A1-1", STAY)
    order = OrderSeparation(centre=CENTRE, order=ORDER, first=BERTA, second=ANNA, occurred=CAME)
    house.send(order, MANAGER)
    assert house.refusal(CHILD, "A1-1") == house.refusal(BERTA, "A1-2")


def test_the_reason_is_nowhere_in_the_log_in_the_clear(house: House) -> None:
    house.comes(ANNA, "A1-1", STAY)
    house.refusal(BERTA, "A1-1")
    assert b"taken" not in b"".join(event.data for event in house.store.read_stream(f"placement-{CENTRE}"))


def test_a_refusal_is_on_record_once_and_repeated_as_itself(house: House) -> None:
    house.comes(ANNA, "A1-1", STAY)
    command = CheckIn(centre=CENTRE, person=BERTA, bed="A1-1", age=AgeGroup.ADULT, occurred=CAME)
    command_id, origin = uuid4(), Origin("w-1", frozenset({OFFICER}))
    for _ in range(3):
        with pytest.raises(NotAvailable):
            house.bus.send(command, origin, command_id=command_id)
    assert [(task.person, task.asked) for task in house.tasks().tasks] == [(BERTA, 1)]


def test_a_task_to_find_a_bed_waits_until_one_is_found(house: House) -> None:
    house.comes(ANNA, "A1-1", STAY)
    house.refusal(BERTA, "A1-1")
    house.refusal(BERTA, "A1-1")
    (task,) = house.tasks().tasks
    assert (task.kind, task.person, task.asked, task.settled) == (TaskKind.FIND_BED, BERTA, 2, None)
    house.comes(BERTA, "A1-2", OTHER_STAY)
    assert house.tasks().tasks == ()
    (settled,) = house.tasks(settled=True, centre=CENTRE).tasks
    assert settled.settled is Settlement.BED_FOUND


def test_linked_records_reach_every_centre_also_one_that_opens_later(house: House) -> None:
    house.build(an_id(90), "KNS")
    house.comes(ANNA, "A1-1", STAY)
    link = LinkRecords(link=LINK, first=ANNA, second=DUPLICATE, grounds="One passport.", occurred="2008-09-10")
    house.send(link, Role.CASEWORKER)
    house.settle()
    house.build(an_id(91), "KLP")
    house.settle()
    with pytest.raises(ForgetMeNotError, match="linked"):
        house.comes(DUPLICATE, "A1-2", OTHER_STAY)
    for centre in (CENTRE, an_id(90), an_id(91)):
        types = [event.type for event in house.store.read_stream(f"placement-{centre}")]
        assert types.count("rehabilitation.LinkedRecordsNoted") == 1
    house.send(UnlinkRecords(link=LINK, occurred="2008-09-12"), Role.CASEWORKER)
    house.settle()
    house.comes(DUPLICATE, "A1-2", OTHER_STAY)


def test_linking_two_who_have_a_bed_each_is_somebodys_task(house: House) -> None:
    house.comes(ANNA, "A1-1", STAY)
    house.comes(DUPLICATE, "A1-2", OTHER_STAY)
    link = LinkRecords(link=LINK, first=ANNA, second=DUPLICATE, grounds="One passport.", occurred="2008-09-10")
    house.send(link, Role.CASEWORKER)
    house.settle()
    found = [(task.kind, task.person, task.why) for task in house.tasks(Role.SUPERVISOR).tasks]
    assert found == [(TaskKind.CANNOT_STAY, person, Why.TWO_BEDS) for person in (ANNA, DUPLICATE)]


def test_stays_and_tasks_are_filtered_and_paged(house: House) -> None:
    house.comes(ANNA, "A1-1", STAY, house_rules="2008-1")
    house.comes(BERTA, "A1-2", OTHER_STAY)
    house.send(CheckOut(centre=CENTRE, stay=OTHER_STAY, occurred=date(2008, 9, 2)), OFFICER)
    house.send(PlanDeparture(centre=CENTRE, stay=STAY, until=date(2009, 1, 1)), OFFICER)

    def listed(**more: Any) -> list[str]:
        return [stay.stay for stay in house.ask(ListStays(centre=CENTRE, **more), OFFICER).stays]

    assert listed() == [OTHER_STAY, STAY]
    assert (listed(here=True), listed(here=False), listed(person=ANNA)) == ([STAY], [OTHER_STAY], [STAY])
    first = house.ask(ListStays(centre=CENTRE, limit=1), OFFICER)
    assert listed(limit=1, after=first.next) == [STAY]
    shown = house.ask(ListStays(centre=CENTRE, here=True), OFFICER).stays[0]
    assert (shown.house_rules, shown.until, shown.left) == ("2008-1", date(2009, 1, 1), None)
    for person in (INFANT, CHILD):
        house.refusal(person, "A1-1")
    page = house.tasks(limit=1)
    assert [task.person for task in (*page.tasks, *house.tasks(limit=1, after=page.next).tasks)] == [INFANT, CHILD]
    assert house.tasks(centre=an_id(99)).tasks == ()


def test_who_is_kept_apart_is_told_to_those_who_may_know(house: House) -> None:
    order = OrderSeparation(centre=CENTRE, order=ORDER, first=ANNA, second=BERTA, grounds="Threats.", occurred=CAME)
    house.send(order, MANAGER)
    (shown,) = house.ask(ListSeparations(centre=CENTRE, person=BERTA), MANAGER).separations
    assert (shown.first, shown.second, shown.grounds, shown.lifted) == (ANNA, BERTA, "Threats.", None)
    house.send(LiftSeparation(centre=CENTRE, order=ORDER, occurred=date(2008, 9, 5)), MANAGER)
    assert house.ask(ListSeparations(centre=CENTRE), MANAGER).separations == ()
    assert house.ask(ListSeparations(centre=CENTRE, lifted=True), MANAGER).separations[0].lifted == date(2008, 9, 5)
    with pytest.raises(Forbidden):
        house.ask(ListSeparations(centre=CENTRE), OFFICER)


def test_a_centre_that_is_not_there(house: House) -> None:
    assert [one.code for one in house.ask(ListCentres(), OFFICER).centres] == ["VNO"]
    for query in (ShowOccupancy(centre=an_id(99)), ListStays(centre=an_id(99)), ListSeparations(centre=an_id(99))):
        with pytest.raises(NotFound):
            house.ask(query, MANAGER)


def test_the_books_of_a_year_are_closed_a_month_after_it_has_ended(house: House) -> None:
    house.settle()
    house.now = datetime(2009, 1, 31, 12, tzinfo=UTC)
    assert house.policies.fire_due(house.now) == 0
    house.now = datetime(2009, 2, 2, 12, tzinfo=UTC)
    assert house.policies.fire_due(house.now) == 1
    house.settle()
    with pytest.raises(ForgetMeNotError, match="books"):
        house.comes(ANNA, "A1-1", STAY)
    house.comes(ANNA, "A1-1", STAY, occurred=date(2009, 1, 15))
    assert sleepers(house.occupancy(on=date(2009, 1, 15))) == {"A1-1": [ANNA]}


def test_a_centre_that_is_recorded_late_has_a_month_to_record_the_years_before(tmp_path: Path) -> None:
    house = House(tmp_path, [cases.context, rehabilitation.context])
    house.now = datetime(2012, 5, 1, 12, tzinfo=UTC)
    house.build()  # open since 2008
    house.settle()
    house.now += timedelta(days=30)
    assert house.policies.fire_due(house.now) == 0
    house.comes(ANNA, "A1-1", STAY)
    house.now += timedelta(days=1)
    for closed in range(4):  # 2008 to 2011, one after the other
        assert house.policies.fire_due(house.now) == 1, closed
        house.settle()
    assert house.policies.fire_due(house.now) == 0
    with pytest.raises(ForgetMeNotError, match="books before 2012-01-01"):
        house.comes(BERTA, "A1-2", OTHER_STAY)
    house.close()

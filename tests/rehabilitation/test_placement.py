"""Who may sleep where: every rule about the beds of a centre."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid5

import pytest

from services.rehabilitation.placement import placement
from services.rehabilitation.placement.carrying import BooksCarriedForward, CarryForward
from services.rehabilitation.placement.house import (
    AddRoom,
    AddShelter,
    BedPutIntoService,
    BedTakenOutOfService,
    CapacityChanged,
    ChangeCapacity,
    OpenCentre,
    PutIntoService,
    RoomAdded,
    TakeOutOfService,
)
from services.rehabilitation.placement.people import (
    AgeGroupRecorded,
    KinshipRecorded,
    KinshipRetracted,
    LiftSeparation,
    LinkedRecordsNoted,
    NoteLinkedRecords,
    NoteUnlinkedRecords,
    OrderSeparation,
    RecordAgeGroup,
    RecordKinship,
    RetractKinship,
    SeparationLifted,
    UnlinkedRecordsNoted,
)
from services.rehabilitation.placement.record import AgeGroup, Scope, TaskKind, Why
from services.rehabilitation.placement.stays import (
    AcceptHouseRules,
    BedNotAvailable,
    CheckedIn,
    CheckedOut,
    CheckOut,
    DeparturePlanned,
    HouseRulesAccepted,
    Moved,
    MoveTo,
    PlanDeparture,
)
from services.rehabilitation.placement.tasks import AnotherBedNeeded, BedTaskSettled, SettleBedTask, Settlement
from shared.messages import Event
from shared.testing import NOW, Given, Outcome
from shared.testing import given as given_events
from tests.rehabilitation.examples import an_id
from tests.rehabilitation.houses import (
    ANNA,
    BERTA,
    CENTRE,
    CHILD,
    DUPLICATE,
    FIRST,
    HOUSE,
    INFANT,
    LATER,
    LINK,
    LINKED,
    OPENED,
    ORDER,
    OTHER_STAY,
    SHELTER_A,
    STAY,
    TASK,
    check_in,
    checked_in,
    kin,
    separated,
)

TODAY = NOW.date()
NEW_TASK = str(uuid5(UUID(int=1), "task"))


def given(*events: Event) -> Given:
    """A furnished centre, and what happened in it."""
    return given_events(placement, *HOUSE, *events)


def task_of(person: str) -> str:
    """The id of the task that is made for somebody who cannot stay."""
    return str(uuid5(UUID(int=1), f"task/{person}"))


def not_available(outcome: Outcome, why: Why, person: str = BERTA, kind: TaskKind = TaskKind.FIND_BED) -> None:
    """The one refusal, on record with its reason, which only some are told."""
    (event,) = outcome.events
    assert isinstance(event, BedNotAvailable)
    assert (event.task, event.kind, event.person, event.why) == (NEW_TASK, kind, person, why)
    assert BedNotAvailable.refusal is not None
    assert why not in str(BedNotAvailable.refusal)


def cannot_stay(person: str, why: Why) -> AnotherBedNeeded:
    return AnotherBedNeeded(centre=CENTRE, task=task_of(person), person=person, why=why, occurred=TODAY)


def test_a_centre_is_opened_once() -> None:
    command = OpenCentre(centre=CENTRE, code="VNO", occurred=date(2004, 1, 1))
    given_events(placement).when(command).then(OPENED)
    given_events(placement, OPENED).when(command).refused("opened-once")


def test_a_centre_that_was_never_opened_is_not_there() -> None:
    given_events(placement).when(check_in()).refused("not-found")
    given_events(placement).when(NoteUnlinkedRecords(centre=CENTRE, link=LINK)).refused("not-found")


def test_a_shelter_is_added_under_a_code_of_its_own() -> None:
    command = AddShelter(centre=CENTRE, shelter="A", capacity=3, occurred=date(2004, 1, 1))
    given_events(placement, OPENED).when(command).then(SHELTER_A)
    given().when(command).refused("code-taken")


def test_a_room_is_added_to_a_shelter_with_beds_of_codes_of_their_own() -> None:
    command = AddRoom(centre=CENTRE, shelter="B", room="B2", beds=("B2-1",), occurred=FIRST)
    given().when(command).then(RoomAdded(**command.stated()))
    given().when(command.model_copy(update={"shelter": "C"})).refused("no-such-shelter")
    for taken in ({"room": "A1"}, {"beds": ("A1-1",)}, {"beds": ("x", "x")}):
        given().when(command.model_copy(update=taken)).refused("code-taken")


def test_a_room_and_its_bed_may_share_a_code_but_a_bed_never_moves_by_it() -> None:
    command = AddRoom(centre=CENTRE, shelter="B", room="B2", beds=("B2",), occurred=FIRST)
    given().when(command).then(RoomAdded(**command.stated()))
    given().when(command.model_copy(update={"room": "A1-1", "beds": ("A1-1",)})).refused("code-taken")


def test_how_many_a_shelter_may_house_can_change() -> None:
    command = ChangeCapacity(centre=CENTRE, shelter="A", capacity=4, occurred=FIRST)
    changed = CapacityChanged(**command.stated())
    given().when(command).then(changed)
    given(changed).when(command).then()
    given().when(command.model_copy(update={"shelter": "C"})).refused("no-such-shelter")


def test_an_empty_bed_is_taken_out_of_service_and_put_back() -> None:
    out, back = (kind(centre=CENTRE, bed="A1-1", occurred=FIRST) for kind in (TakeOutOfService, PutIntoService))
    taken = BedTakenOutOfService(centre=CENTRE, bed="A1-1", occurred=FIRST)
    given().when(out).then(taken)
    given(taken).when(out).then()
    given(taken).when(back).then(BedPutIntoService(centre=CENTRE, bed="A1-1", occurred=FIRST))
    given().when(back).then()
    given(checked_in()).when(out).refused("bed-is-empty")
    given().when(out.model_copy(update={"bed": "Z"})).refused("no-such-bed")


def test_somebody_gets_a_bed() -> None:
    given().when(check_in()).then(checked_in(BERTA, "A1-2", OTHER_STAY, occurred=LATER))


def test_a_bed_of_another_centre_is_none() -> None:
    given().when(check_in(bed="Z")).refused("no-such-bed")


def test_a_taken_bed_is_not_available() -> None:
    not_available(given(checked_in()).when(check_in(bed="A1-1")), Why.TAKEN)


def test_a_bed_out_of_service_is_not_available() -> None:
    out = BedTakenOutOfService(centre=CENTRE, bed="A1-2", occurred=FIRST)
    not_available(given(out).when(check_in()), Why.OUT_OF_SERVICE)


def test_a_shelter_houses_no_more_people_than_it_may() -> None:
    three = [checked_in(an_id(50 + n), bed, an_id(60 + n)) for n, bed in enumerate(("A1-1", "A1-2", "A2-1"))]
    not_available(given(*three).when(check_in(bed="A2-2")), Why.FULL)
    given(*three).when(check_in(bed="B1-1")).then(checked_in(BERTA, "B1-1", OTHER_STAY, occurred=LATER))


def test_who_is_kept_apart_is_not_housed_under_one_roof() -> None:
    given_apart = given(checked_in(), separated())
    not_available(given_apart.when(check_in(bed="A2-1")), Why.SEPARATED)
    given_apart.when(check_in(bed="B1-1")).then(checked_in(BERTA, "B1-1", OTHER_STAY, occurred=LATER))


def test_who_is_kept_out_of_one_room_may_be_under_one_roof() -> None:
    given_apart = given(checked_in(), separated(scope=Scope.ROOM))
    not_available(given_apart.when(check_in(bed="A1-2")), Why.SEPARATED)
    given_apart.when(check_in(bed="A2-1")).then(checked_in(BERTA, "A2-1", OTHER_STAY, occurred=LATER))


def test_a_linked_duplicate_is_kept_apart_as_well() -> None:
    not_available(given(LINKED, checked_in(DUPLICATE), separated()).when(check_in(bed="A2-1")), Why.SEPARATED)


def test_no_unrelated_adult_is_beside_a_child() -> None:
    child = checked_in(CHILD, age=AgeGroup.CHILD)
    not_available(given(child).when(check_in()), Why.ADULT_BESIDE_CHILD)
    not_available(given(checked_in()).when(check_in(CHILD, age=AgeGroup.CHILD)), Why.ADULT_BESIDE_CHILD, person=CHILD)


def test_who_may_be_a_child_counts_as_one() -> None:
    unsure = check_in(CHILD, age=AgeGroup.UNCERTAIN)
    not_available(given(checked_in()).when(unsure), Why.ADULT_BESIDE_CHILD, person=CHILD)
    child = checked_in(INFANT, age=AgeGroup.CHILD)
    given(child).when(unsure).then(checked_in(CHILD, "A1-2", OTHER_STAY, age=AgeGroup.UNCERTAIN, occurred=LATER))


def test_a_child_may_be_beside_an_adult_of_its_own() -> None:
    command = check_in(CHILD, age=AgeGroup.CHILD)
    given(checked_in(), kin(ANNA, CHILD)).when(command).then(CheckedIn(**command.stated()))
    under_another_record = (LINKED, checked_in(DUPLICATE), kin(ANNA, CHILD))
    given(*under_another_record).when(command).then(CheckedIn(**command.stated()))


def test_mother_and_infant_may_share_a_bed() -> None:
    infant = check_in(INFANT, "A1-1", age=AgeGroup.INFANT)
    given(checked_in(), kin(ANNA, INFANT)).when(infant).then(CheckedIn(**infant.stated()))
    mother = check_in(ANNA, "A1-1")
    first = checked_in(INFANT, age=AgeGroup.INFANT)
    given(first, kin(ANNA, INFANT)).when(mother).then(CheckedIn(**mother.stated()))


def test_an_infant_shares_a_bed_with_nobody_else_and_no_child_shares_one() -> None:
    infant = check_in(INFANT, "A1-1", age=AgeGroup.INFANT)
    not_available(given(checked_in()).when(infant), Why.TAKEN, person=INFANT)
    child = infant.model_copy(update={"person": CHILD, "age": AgeGroup.CHILD})
    not_available(given(checked_in(), kin(ANNA, CHILD)).when(child), Why.TAKEN, person=CHILD)


def test_nobody_has_two_beds_under_whichever_record() -> None:
    given(checked_in()).when(check_in(ANNA)).refused("one-bed-each")
    given(LINKED, checked_in()).when(check_in(DUPLICATE)).refused("one-bed-each")


def test_who_has_two_beds_under_linked_records_moves_from_neither() -> None:
    both = (checked_in(), checked_in(DUPLICATE, "B1-1", OTHER_STAY), LINKED)
    move = MoveTo(centre=CENTRE, stay=STAY, bed="A1-2", occurred=LATER)
    given(*both).when(move).refused("one-bed-each")


def test_a_stay_that_is_recorded_late_takes_no_bed_that_was_taken_then() -> None:
    gone = CheckedOut(centre=CENTRE, stay=STAY, person=ANNA, occurred=date(2008, 9, 12))
    late = check_in(bed="A1-1", occurred=date(2008, 9, 11))
    not_available(given(checked_in(), gone).when(late), Why.TAKEN)
    on_that_day = late.model_copy(update={"occurred": date(2008, 9, 12)})
    given(checked_in(), gone).when(on_that_day).then(CheckedIn(**on_that_day.stated()))


def test_a_stay_ends_after_it_begins() -> None:
    given().when(check_in(until=LATER)).refused("ends-after-it-begins")
    given(checked_in()).when(PlanDeparture(centre=CENTRE, stay=STAY, until=FIRST)).refused("ends-after-it-begins")


def test_nothing_is_recorded_that_is_to_come() -> None:
    given().when(check_in(occurred=date(2008, 10, 3))).refused("not-in-the-future")
    coming = OpenCentre(centre=CENTRE, code="VNO", occurred=date(2009, 1, 1))
    given_events(placement).when(coming).refused("not-in-the-future")


def test_each_stay_has_an_id_of_its_own() -> None:
    given(checked_in()).when(check_in(stay=STAY)).refused("id-taken")


def test_a_bed_that_was_left_on_the_first_day_was_never_taken() -> None:
    moved = Moved(centre=CENTRE, stay=STAY, person=ANNA, bed="A1-1", occurred=FIRST)
    command = check_in(occurred=date(2008, 8, 31))
    given(checked_in(bed="A1-2"), moved).when(command).then(CheckedIn(**command.stated()))


def test_somebody_moves_to_another_bed() -> None:
    move = MoveTo(centre=CENTRE, stay=STAY, bed="A1-2", occurred=LATER)
    given(checked_in()).when(move).then(Moved(centre=CENTRE, stay=STAY, person=ANNA, bed="A1-2", occurred=LATER))
    given(checked_in()).when(move.model_copy(update={"bed": "A1-1"})).then()
    given(checked_in()).when(move.model_copy(update={"occurred": date(2008, 8, 1)})).refused("in-order")
    given(checked_in()).when(move.model_copy(update={"bed": "Z"})).refused("no-such-bed")
    given().when(move).refused("no-such-stay")


def test_who_moves_leaves_their_place_in_a_full_shelter_to_themselves() -> None:
    both = (checked_in(ANNA, "B1-1"), checked_in(CHILD, "A1-1", an_id(60)))
    limited = CapacityChanged(centre=CENTRE, shelter="B", capacity=1, occurred=FIRST)
    move = MoveTo(centre=CENTRE, stay=STAY, bed="B1-2", occurred=LATER)
    given(*both, limited).when(move).then(Moved(**move.stated(), person=ANNA))


def test_a_move_that_is_not_available_leaves_a_task_too() -> None:
    both = (checked_in(), checked_in(BERTA, "A1-2", OTHER_STAY))
    move = MoveTo(centre=CENTRE, stay=STAY, bed="A1-2", occurred=LATER)
    not_available(given(*both).when(move), Why.TAKEN, ANNA, TaskKind.MOVE_WANTED)


def test_somebody_checks_out_and_that_is_it() -> None:
    out = CheckOut(centre=CENTRE, stay=STAY, occurred=LATER)
    gone = CheckedOut(centre=CENTRE, stay=STAY, person=ANNA, occurred=LATER)
    given(checked_in()).when(out).then(gone)
    given(checked_in(), gone).when(out).then()
    given(checked_in(), gone).when(out.model_copy(update={"occurred": date(2008, 9, 21)})).refused("stay-is-over")
    given(checked_in()).when(out.model_copy(update={"occurred": date(2008, 8, 1)})).refused("in-order")


def test_a_departure_is_planned_and_house_rules_are_accepted() -> None:
    until = date(2008, 12, 31)
    planned = DeparturePlanned(centre=CENTRE, stay=STAY, person=ANNA, until=until)
    given(checked_in()).when(PlanDeparture(centre=CENTRE, stay=STAY, until=until)).then(planned)
    accept = AcceptHouseRules(centre=CENTRE, stay=STAY, rules="2008-1", occurred=FIRST)
    given(checked_in()).when(accept).then(HouseRulesAccepted(**accept.stated(), person=ANNA))
    given().when(accept).refused("no-such-stay")


def test_asking_again_keeps_one_task_a_person() -> None:
    asked = BedNotAvailable(
        centre=CENTRE,
        task=TASK,
        kind=TaskKind.FIND_BED,
        person=BERTA,
        bed="A1-1",
        why=Why.TAKEN,
        occurred=LATER,
    )
    again = given(checked_in(), asked).when(check_in(bed="A1-1")).events[0]
    assert isinstance(again, BedNotAvailable)
    assert again.task == TASK
    found = BedTaskSettled(centre=CENTRE, task=TASK, how=Settlement.BED_FOUND, occurred=TODAY)
    came = checked_in(BERTA, "A1-2", OTHER_STAY, occurred=LATER)
    given(checked_in(), asked).when(check_in()).then(came, found)


def test_a_separation_is_ordered_between_two_people() -> None:
    command = OrderSeparation(centre=CENTRE, order=ORDER, first=ANNA, second=BERTA, occurred=date(2008, 9, 10))
    given().when(command).then(separated())
    given(separated()).when(command).then()
    given(separated()).when(command.model_copy(update={"second": CHILD})).refused("id-taken")
    given().when(command.model_copy(update={"second": ANNA})).refused("two-people")
    given(LINKED).when(command.model_copy(update={"second": DUPLICATE})).refused("two-people")


def test_a_separation_of_two_who_are_together_asks_for_another_bed_for_each_until_one_has_moved() -> None:
    together = (checked_in(), checked_in(BERTA, "A2-1", OTHER_STAY))
    command = OrderSeparation(centre=CENTRE, order=ORDER, first=ANNA, second=BERTA, occurred=date(2008, 9, 10))
    asked = [cannot_stay(person, Why.SEPARATED) for person in (ANNA, BERTA)]
    given(*together).when(command).then(separated(), *asked)
    move = MoveTo(centre=CENTRE, stay=OTHER_STAY, bed="B1-1", occurred=LATER)
    settled = [
        BedTaskSettled(centre=CENTRE, task=task_of(one), how=Settlement.BED_FOUND, occurred=TODAY)
        for one in (ANNA, BERTA)
    ]
    given(*together, separated(), *asked).when(move).then(Moved(**move.stated(), person=BERTA), *settled)


def test_a_separation_can_be_lifted_from_a_day_on() -> None:
    lift = LiftSeparation(centre=CENTRE, order=ORDER, occurred=date(2008, 9, 15))
    lifted = SeparationLifted(**lift.stated())
    given(separated()).when(lift).then(lifted)
    given(separated(), lifted).when(lift).then()
    given().when(lift).refused("no-such-order")
    given(separated()).when(lift.model_copy(update={"occurred": FIRST})).refused("in-order")
    given(separated(), lifted, checked_in()).when(check_in()).then(
        checked_in(BERTA, "A1-2", OTHER_STAY, occurred=LATER)
    )
    before = check_in(occurred=date(2008, 9, 14))
    not_available(given(separated(), lifted, checked_in()).when(before), Why.SEPARATED)


def test_linked_records_in_two_beds_are_one_person_too_many() -> None:
    both = (checked_in(), checked_in(DUPLICATE, "B1-1", OTHER_STAY))
    command = NoteLinkedRecords(centre=CENTRE, link=LINK, first=ANNA, second=DUPLICATE)
    asked = [cannot_stay(person, Why.TWO_BEDS) for person in (ANNA, DUPLICATE)]
    given(*both).when(command).then(LINKED, *asked)
    given(*both, LINKED, *asked).when(command).then()
    out = CheckOut(centre=CENTRE, stay=OTHER_STAY, occurred=LATER)
    settled = [
        BedTaskSettled(centre=CENTRE, task=task_of(one), how=Settlement.BED_FOUND, occurred=TODAY)
        for one in (ANNA, DUPLICATE)
    ]
    gone = CheckedOut(**out.stated(), person=DUPLICATE)
    given(*both, LINKED, *asked).when(out).then(gone, *settled)


def test_linking_checks_again_who_is_beside_whom() -> None:
    together = (separated(), checked_in(DUPLICATE, "A1-1"), checked_in(BERTA, "A2-1", OTHER_STAY))
    command = NoteLinkedRecords(centre=CENTRE, link=LINK, first=ANNA, second=DUPLICATE)
    given(*together).when(command).then(LINKED, cannot_stay(DUPLICATE, Why.SEPARATED))


def test_linked_records_of_different_ages_are_the_younger() -> None:
    beside = (checked_in(DUPLICATE, age=AgeGroup.ADULT), checked_in(BERTA, "A1-2", OTHER_STAY))
    gone = CheckedOut(centre=CENTRE, stay=an_id(60), person=ANNA, occurred=FIRST)
    younger = (checked_in(ANNA, "B1-1", an_id(60), age=AgeGroup.CHILD), gone)
    command = NoteLinkedRecords(centre=CENTRE, link=LINK, first=ANNA, second=DUPLICATE)
    given(*younger, *beside).when(command).then(LINKED, cannot_stay(DUPLICATE, Why.ADULT_BESIDE_CHILD))


@pytest.mark.parametrize("known", [AgeGroup.CHILD, AgeGroup.UNCERTAIN])
def test_linked_records_of_an_infant_and_a_child_are_a_child(known: AgeGroup) -> None:
    linked = LinkedRecordsNoted(centre=CENTRE, link=LINK, first=INFANT, second=DUPLICATE)
    older = AgeGroupRecorded(centre=CENTRE, person=DUPLICATE, age=known, occurred=FIRST)
    asleep = (kin(ANNA, INFANT), checked_in(INFANT, age=AgeGroup.INFANT))
    mother = check_in(ANNA, "A1-1")
    given(*asleep).when(mother).then(CheckedIn(**mother.stated()))
    not_available(given(*asleep, older, linked).when(mother), Why.TAKEN, person=ANNA)


def test_unlinked_records_count_as_two_again() -> None:
    unlink = NoteUnlinkedRecords(centre=CENTRE, link=LINK)
    apart = UnlinkedRecordsNoted(centre=CENTRE, link=LINK, first=ANNA, second=DUPLICATE)
    given(LINKED).when(unlink).then(apart)
    given(LINKED, apart).when(unlink).then()
    given().when(unlink).then()
    came = check_in(DUPLICATE, "B1-1")
    given(LINKED, checked_in(), apart).when(came).then(CheckedIn(**came.stated()))


def test_of_two_links_one_still_joins() -> None:
    other = LinkedRecordsNoted(centre=CENTRE, link=an_id(70), first=DUPLICATE, second=ANNA)
    apart = UnlinkedRecordsNoted(centre=CENTRE, link=LINK, first=ANNA, second=DUPLICATE)
    given(LINKED, other, apart, checked_in()).when(check_in(DUPLICATE)).refused("one-bed-each")


def test_kinship_is_recorded_and_retracted() -> None:
    record, retract = (
        kind(centre=CENTRE, first=ANNA, second=CHILD, occurred=FIRST) for kind in (RecordKinship, RetractKinship)
    )
    given().when(record).then(KinshipRecorded(**record.stated()))
    given(kin(CHILD, ANNA)).when(record).then()
    given().when(retract).then()
    given().when(record.model_copy(update={"second": ANNA})).refused("two-people")
    beside = (kin(ANNA, CHILD), checked_in(), checked_in(CHILD, "A1-2", OTHER_STAY, age=AgeGroup.CHILD))
    asked = [cannot_stay(person, Why.ADULT_BESIDE_CHILD) for person in (ANNA, CHILD)]
    given(*beside).when(retract).then(KinshipRetracted(**retract.stated()), *asked)


def test_an_age_that_turns_out_otherwise_checks_again_who_is_beside_whom() -> None:
    children = (
        checked_in(CHILD, age=AgeGroup.UNCERTAIN),
        checked_in(BERTA, "A1-2", OTHER_STAY, age=AgeGroup.CHILD),
    )
    command = RecordAgeGroup(centre=CENTRE, person=CHILD, age=AgeGroup.ADULT, occurred=LATER)
    known = AgeGroupRecorded(**command.stated())
    given(*children).when(command).then(known, cannot_stay(CHILD, Why.ADULT_BESIDE_CHILD))
    given(known).when(command).then()


def test_a_task_is_settled_by_hand_where_it_is_not_by_itself() -> None:
    asked = cannot_stay(ANNA, Why.SEPARATED)
    command = SettleBedTask(centre=CENTRE, task=asked.task, how=Settlement.PLACED_ELSEWHERE, occurred=LATER)
    settled = BedTaskSettled(**command.stated())
    given(asked).when(command).then(settled)
    given(asked, settled).when(command).then()
    given().when(command).refused("no-such-task")


def test_the_answer_is_the_same_whatever_the_reason() -> None:
    """Not a word of it depends on why: not the sentence, not the code, not a fact beside it."""
    reasons: dict[Why, Any] = {
        Why.TAKEN: given(checked_in(bed="A1-2")),
        Why.SEPARATED: given(checked_in(), separated()),
        Why.ADULT_BESIDE_CHILD: given(checked_in(CHILD, age=AgeGroup.CHILD)),
    }
    seen = set()
    for why, world in reasons.items():
        (event,) = world.when(check_in()).events
        assert event.why is why
        refusal = type(event).refusal
        seen.add((type(refusal), str(refusal), tuple(refusal.facts.items()), event.type_name))
    assert len(seen) == 1


def test_the_books_of_a_year_are_closed_once_it_is_over() -> None:
    close = CarryForward(centre=CENTRE, year=2007)
    (carried,) = given(checked_in(occurred=date(2007, 3, 1)), LINKED, kin(ANNA, CHILD)).when(close).events
    assert isinstance(carried, BooksCarriedForward)
    given(carried).when(close).then()
    given().when(close.model_copy(update={"year": 2008})).refused("year-is-over")
    given(carried).when(check_in(occurred=date(2007, 12, 31))).refused("books-are-closed")
    given_events(placement, carried).when(check_in(bed="A1-1")).events[0]
    given_events(placement, carried).when(check_in(DUPLICATE)).refused("one-bed-each")


def test_who_left_before_the_books_were_closed_is_left_behind() -> None:
    gone = CheckedOut(centre=CENTRE, stay=STAY, person=ANNA, occurred=date(2007, 4, 1))
    stayed = checked_in(BERTA, "A1-2", OTHER_STAY, occurred=date(2007, 5, 1))
    before = given(checked_in(occurred=date(2007, 3, 1)), gone, stayed)
    (carried,) = before.when(CarryForward(centre=CENTRE, year=2007)).events
    assert [one.stay for one in given_events(placement, carried).state().occupations] == [OTHER_STAY]

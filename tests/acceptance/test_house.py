"""The house from outside: conflicts eased, trials attended, who gets a bed, and what nobody may learn from it."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from services.history.source import SOURCE
from tests.acceptance import records
from tests.acceptance.serving import Api

WHOLE = {"from": "2004-01-01", "to": "2008-12-31"}
CENTRE = SOURCE.id("centre", "VNO")


def test_s7_a_tension_was_eased_and_two_people_are_kept_apart(api: Api) -> None:
    figures = api.ask("analyst", "/rehabilitation/figures/shared-life", params=WHOLE)["figures"]
    assert min(figures.values()) > 0
    (order,) = api.ask("shelter_manager", f"/centres/{CENTRE}/separations")["separations"]
    told = api.ask("supervisor", f"/tensions/{order['tension']}")
    assert [line["what"] for line in told["timeline"]] == [
        "TensionNoted",
        "MediationHeld",
        "SeparationDecided",
        "TensionResolved",
    ]
    mediated = api.ask("caseworker", f"/tensions/{order['tension']}")
    assert mediated["tension"]["separations"] is None
    assert "SeparationDecided" not in {line["what"] for line in mediated["timeline"]}


def test_s8_people_were_prepared_for_trial_and_represented_and_the_hearing_moved(api: Api) -> None:
    figures = api.ask("analyst", "/rehabilitation/figures/proceedings", params=WHOLE)["figures"]
    assert min(figures.values()) > 0
    hearings = api.ask("supervisor", "/rehabilitation/court-calendar")["hearings"]
    moved = next(one for one in hearings if one["sequence"] == 2 and one["state"] == "held")
    told = api.ask("supervisor", f"/proceedings/{moved['proceedings']}")
    assert {"PreparationHeld", "HearingMoved", "PersonRepresented", "OutcomeRecorded"} <= {
        line["what"] for line in told["timeline"]
    }


def test_s13_partners_are_listed_by_country_and_people_are_referred_to_them(api: Api) -> None:
    partners = api.ask("campaigner", "/partners")["partners"]
    assert {"LT", "FR"} <= {partner["country"] for partner in partners}
    referred = api.ask("supervisor", "/referrals", params={"to": "partner"})["referrals"]
    assert {one["recipient"] for one in referred} <= {partner["partner"] for partner in partners}
    assert referred


@pytest.fixture(scope="module")
def centre(api: Api) -> str:
    """A centre of its own: one shelter, one room, three beds."""
    made = str(api.send("shelter_manager", "/centres", {"code": "KNS", "occurred": records.DAY})["ids"]["centre"])
    shelter = {"shelter": "A", "capacity": 3, "occurred": records.DAY}
    api.send("shelter_manager", f"/centres/{made}/shelters", shelter)
    room = {"shelter": "A", "room": "A1", "beds": ["A1-1", "A1-2", "A1-3"], "occurred": records.DAY}
    api.send("shelter_manager", f"/centres/{made}/rooms", room)
    return made


def check_in(api: Api, centre: str, person: str, bed: str) -> Any:
    body = {"person": person, "bed": bed, "age": "adult", "occurred": records.DAY}
    return api.request("POST", f"/centres/{centre}/stays", "duty_officer", json=body)


def test_of_many_who_ask_for_two_beds_at_once_two_get_one_and_the_others_are_somebodys_task(
    api: Api, centre: str
) -> None:
    answers: Counter[int] = Counter()
    people = [str(uuid4()) for _ in range(12)]

    def ask(number: int) -> None:
        answers[check_in(api, centre, people[number], f"A1-{1 + number % 2}").status_code] += 1

    api.token("duty_officer", "duty-officer-1")
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(people))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {201: 2, 409: 10}
    (shelter,) = api.ask("shelter_manager", f"/centres/{centre}/occupancy", wait_for=api.head())["shelters"]
    sleepers = [[one["person"] for one in bed["sleepers"]] for room in shelter["rooms"] for bed in room["beds"]]
    assert sorted(len(found) for found in sleepers) == [0, 1, 1]
    tasks = api.ask("duty_officer", "/bed-tasks", params={"centre": centre})["tasks"]
    assert len(tasks) == 10 and {task["why"] for task in tasks} == {None}


def test_taken_and_separated_are_one_answer(api: Api, centre: str) -> None:
    (shelter,) = api.ask("shelter_manager", f"/centres/{centre}/occupancy", wait_for=api.head())["shelters"]
    here = next(bed for room in shelter["rooms"] for bed in room["beds"] if bed["sleepers"])
    free = next(bed for room in shelter["rooms"] for bed in room["beds"] if not bed["sleepers"])
    avoided, kept_apart, other = here["sleepers"][0]["person"], str(uuid4()), str(uuid4())
    order = {"first": kept_apart, "second": avoided, "occurred": records.DAY}
    api.send("shelter_manager", f"/centres/{centre}/separations", order)
    separated = check_in(api, centre, kept_apart, free["bed"])
    taken = check_in(api, centre, other, here["bed"])
    assert separated.status_code == taken.status_code == 409
    assert separated.json() | {"correlation_id": ""} == taken.json() | {"correlation_id": ""}
    assert separated.headers.keys() == taken.headers.keys()
    asked = {"centre": centre}
    tasks = api.ask("shelter_manager", "/bed-tasks", params=asked, wait_for=api.head())["tasks"]
    why = {task["person"]: task["why"] for task in tasks}
    assert (why[kept_apart], why[other]) == ("separated", "taken")

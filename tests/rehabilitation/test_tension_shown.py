"""Tensions: their list, their file and their figures, and what a separation does to the beds."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from services.rehabilitation.placement.record import Scope
from services.rehabilitation.projections.figures import ReportPresence, ReportProceedings, ReportSharedLife
from services.rehabilitation.projections.separations import ListSeparations
from services.rehabilitation.projections.tensions import GetTension, ListTensions
from services.rehabilitation.tension.easing import DecideSeparation, HoldMediation
from services.rehabilitation.tension.ending import Ending, ResolveBySeparation, ResolveTension
from services.rehabilitation.tension.entries import CorrectMediation, CorrectSign, RetractTensionEntry
from services.rehabilitation.tension.record import Effect, Resolution, Sign
from services.rehabilitation.tension.signs import AddSign, NoteTension
from shared.errors import Forbidden, NotFound
from shared.messages import Command, Query, Role
from tests.rehabilitation.examples import an_id
from tests.rehabilitation.houses import ANNA, BERTA, CENTRE, ORDER
from tests.rehabilitation.working_house import MANAGER, OFFICER, SUPERVISOR, TENSION, House
from tests.rehabilitation.working_house import house as house


def test_a_tension_is_told_from_the_first_sign_to_the_resolution(house: House) -> None:
    house.tension()
    sign = AddSign(tension=TENSION, sign=Sign.THREATS, about=BERTA, occurred="2008-09-03")
    mediation = HoldMediation(
        tension=TENSION, present=(ANNA, BERTA), effect=Effect.EASED, about=ANNA, occurred="2008-09-04"
    )
    for command in (sign, mediation, ResolveTension(tension=TENSION, how=Ending.MEDIATED, occurred="2008-09-20")):
        house.send(command, MANAGER)
    (entry,) = house.ask(ListTensions(person=BERTA, centre=CENTRE, open=False), MANAGER).tensions
    assert (entry.sign, entry.signs, entry.mediations, entry.how) == (Sign.THREATS, 2, 1, Resolution.MEDIATED)
    assert house.ask(ListTensions(open=True), MANAGER).tensions == ()
    told = house.ask(GetTension(tension=TENSION), MANAGER)
    assert [line.what for line in told.timeline] == ["TensionNoted", "SignAdded", "MediationHeld", "TensionResolved"]
    assert told.timeline[0].said == {"account": "Shouted at supper."}
    with pytest.raises(NotFound):
        house.ask(GetTension(tension=an_id(99)), MANAGER)
    with pytest.raises(Forbidden):
        house.ask(ListTensions(), OFFICER)


def test_who_may_not_know_of_separations_learns_of_none_from_a_tension(tmp_path: Path) -> None:
    """Two worlds that differ in the separation alone are the same to those who mediate."""
    seen = []
    for name in ("separated", "not separated"):
        world = House(tmp_path / name)
        world.tension()
        world.now += timedelta(hours=1)
        if name == "separated":
            decide = DecideSeparation(
                tension=TENSION, order=ORDER, first=ANNA, second=BERTA, scope=Scope.SHELTER, occurred="2008-09-05"
            )
            world.send(decide, MANAGER)
            assert world.ask(GetTension(tension=TENSION), MANAGER).tension.separations == 1
        mediator = Role.PSYCHOLOGIST
        asked: tuple[Query[Any], ...] = (ListTensions(), GetTension(tension=TENSION), ListTensions(open=True))
        answers = [world.ask(query, mediator) for query in asked]
        if name == "separated":
            world.send(ResolveBySeparation(tension=TENSION, occurred="2008-09-20"), MANAGER)
            assert world.ask(GetTension(tension=TENSION), MANAGER).tension.how is Resolution.SEPARATED
        else:
            world.send(ResolveTension(tension=TENSION, how=Ending.SUBSIDED, occurred="2008-09-20"), MANAGER)
        answers += [world.ask(query, mediator) for query in (ListTensions(open=False), GetTension(tension=TENSION))]
        seen.append([without_random_ids(answer) for answer in answers])
        world.close()
    assert seen[0] == seen[1]


def without_random_ids(answer: BaseModel) -> str:
    """The ids of this file are not made at random."""
    return re.sub(
        r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", "", answer.model_dump_json()
    )


def test_entries_of_a_tension_are_put_right_and_taken_back(house: House) -> None:
    house.tension()
    (noted,) = house.ask(GetTension(tension=TENSION), MANAGER).timeline
    talk = an_id(96)
    of_talk: dict[str, Any] = {"tension": TENSION, "entry": talk, "about": ANNA}
    commands: list[Command] = [
        HoldMediation(**of_talk, present=(ANNA,), effect=Effect.EASED, occurred="2008-09-04"),
        CorrectMediation(**of_talk, present=(ANNA, BERTA), effect=Effect.WORSE, occurred="2008-09-05"),
        CorrectSign(
            tension=TENSION,
            entry=noted.entry,
            sign=Sign.THEFT,
            about=BERTA,
            account="Money is missing.",
            occurred="2008-08-31",
        ),
    ]
    for command in commands:
        house.send(command, MANAGER)
    told = house.ask(GetTension(tension=TENSION), MANAGER)
    assert (told.tension.sign, told.tension.noted, told.tension.mediations) == (Sign.THEFT, "2008-08-31", 1)
    sign, mediation = told.timeline[:2]
    assert (sign.said, sign.occurred, sign.corrected) == ({"account": "Money is missing."}, "2008-08-31", True)
    assert (mediation.facts["effect"], mediation.occurred) == ("worse", "2008-09-05")

    counted = ReportSharedLife(first=date(2008, 1, 1), last=date(2008, 12, 31))
    figures = house.ask(counted, SUPERVISOR).figures
    assert figures == {"tensions": 1, "mediations": 1, "separations": 0}
    day = ReportSharedLife(first=date(2008, 8, 31), last=date(2008, 8, 31))
    assert house.ask(day, SUPERVISOR).figures["tensions"] == 1
    for entry in (talk, noted.entry):
        house.send(RetractTensionEntry(tension=TENSION, entry=entry), MANAGER)
    told = house.ask(GetTension(tension=TENSION), MANAGER)
    assert (told.tension.sign, told.tension.signs, told.tension.mediations) == (None, 0, 0)
    assert [(line.retracted, line.said) for line in told.timeline[:2]] == [(True, {}), (True, {})]
    assert house.ask(ListTensions(open=True), MANAGER).tensions == ()
    assert house.ask(counted, SUPERVISOR).figures == dict.fromkeys(figures, 0)


def test_a_tension_is_of_the_day_of_the_first_sign_that_stands(house: House) -> None:
    house.tension()
    (noted,) = house.ask(GetTension(tension=TENSION), MANAGER).timeline
    later = an_id(97)
    for entry, day in ((later, "2008-10-03"), (an_id(96), "2008-10-04")):
        sign = AddSign(tension=TENSION, entry=entry, sign=Sign.THREATS, about=BERTA, occurred=day)
        house.send(sign, MANAGER)

    def told() -> tuple[str, list[int]]:
        months = [ReportSharedLife(first=date(2008, month, 1), last=date(2008, month, 30)) for month in (9, 10, 11)]
        noted = house.ask(GetTension(tension=TENSION), MANAGER).tension.noted
        return noted, [house.ask(month, SUPERVISOR).figures["tensions"] for month in months]

    assert told() == ("2008-09-01", [1, 0, 0])
    house.send(RetractTensionEntry(tension=TENSION, entry=noted.entry), MANAGER)
    assert told() == ("2008-10-03", [0, 1, 0])
    corrected = CorrectSign(tension=TENSION, entry=later, sign=Sign.THREATS, about=BERTA, occurred="2008-11")
    house.send(corrected, MANAGER)
    assert told() == ("2008-11", [0, 0, 1])


def test_a_tension_goes_on_or_has_ended_as_what_was_taken_back_leaves_it(house: House) -> None:
    house.tension()
    talk, sign = an_id(96), an_id(97)
    held = HoldMediation(
        tension=TENSION, entry=talk, present=(ANNA,), effect=Effect.EASED, about=ANNA, occurred="2008-09-04"
    )
    again = AddSign(tension=TENSION, entry=sign, sign=Sign.THREATS, about=BERTA, occurred="2008-09-20")
    for command in (held, ResolveTension(tension=TENSION, how=Ending.MEDIATED, occurred="2008-09-05"), again):
        house.send(command, MANAGER)
    assert len(house.ask(ListTensions(open=True), MANAGER).tensions) == 1

    house.send(RetractTensionEntry(tension=TENSION, entry=sign), MANAGER)
    (ended,) = house.ask(ListTensions(open=False), MANAGER).tensions
    assert (ended.resolved, ended.how) == ("2008-09-05", Resolution.MEDIATED)

    house.send(RetractTensionEntry(tension=TENSION, entry=talk), MANAGER)
    told = house.ask(GetTension(tension=TENSION), MANAGER)
    assert (told.tension.resolved, told.tension.how, told.tension.mediations) == (None, None, 0)
    assert [line.what for line in told.timeline if line.retracted] == ["MediationHeld", "SignAdded"]
    assert told.timeline[-1].what == "TensionReopened"


def test_figures_of_other_than_whole_years_are_for_supervisors(house: House) -> None:
    house.tension()
    year, day = (date(2008, 1, 1), date(2008, 12, 31)), (date(2008, 9, 1), date(2008, 9, 1))
    kinds: tuple[Any, ...] = (ReportSharedLife, ReportProceedings, ReportPresence)
    for kind in kinds:
        of_year, of_day = (kind(first=first, last=last) for first, last in (year, day))
        assert house.ask(of_year, OFFICER) == house.ask(of_year, SUPERVISOR)
        house.ask(of_day, SUPERVISOR)
        with pytest.raises(Forbidden):
            house.ask(of_day, OFFICER)


def test_a_separation_that_was_decided_holds_for_the_beds(house: House) -> None:
    house.tension()
    decide = DecideSeparation(
        tension=TENSION, order=ORDER, first=ANNA, second=BERTA, scope=Scope.SHELTER, occurred="2008-09-05"
    )
    house.send(decide, MANAGER)
    house.settle()
    (order,) = house.ask(ListSeparations(centre=CENTRE), MANAGER).separations
    assert (order.order, order.tension, order.since) == (ORDER, TENSION, date(2008, 9, 5))


def test_a_separation_for_a_centre_that_is_not_there_waits_for_a_person(house: House) -> None:
    note = NoteTension(
        tension=TENSION, centre=an_id(98), parties=(ANNA, BERTA), sign=Sign.QUARREL, about=ANNA, occurred="2008-09-01"
    )
    decide = DecideSeparation(
        tension=TENSION, order=ORDER, first=ANNA, second=BERTA, scope=Scope.SHELTER, occurred="2008-09-05"
    )
    house.send(note, MANAGER)
    house.send(decide, MANAGER)
    house.settle()
    (parked,) = (one for status in house.policies.status() for one in status.parked)
    assert (parked.command, parked.error) == ("rehabilitation.OrderSeparation", "not-found")

"""Proceedings: their file, counsel and their notes, and what of it stays closed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.cases.link import LinkRecords
from services.rehabilitation.proceedings.assistance import HoldPreparation, RepresentPerson
from services.rehabilitation.proceedings.ending import AwardCompensation, Outcome, RecordCompensationPaid, RecordOutcome
from services.rehabilitation.proceedings.entries import CorrectPreparation, RetractProceedingsEntry
from services.rehabilitation.proceedings.mandate import RevokeMandate
from services.rehabilitation.proceedings.notes import KeepCounselNote, KeepPsychologistNote, RetractCounselNote
from services.rehabilitation.proceedings.record import Authority, MandateState, Standing
from services.rehabilitation.projections.closed_notes import ListCounselNotes, ListPsychologistNotes
from services.rehabilitation.projections.figures import ReportProceedings
from services.rehabilitation.projections.proceedings import ListProceedings
from shared.errors import Forbidden, NotFound
from shared.messages import Command, Role
from shared.money import Money
from tests.rehabilitation.examples import an_id
from tests.rehabilitation.houses import ANNA, BERTA
from tests.rehabilitation.working_house import (
    ENTRY,
    FILE,
    LAWYER,
    MANDATE,
    NOTE,
    OTHER_FILE,
    OTHER_MANDATE,
    SUPERVISOR,
    House,
)
from tests.rehabilitation.working_house import house as house


def test_of_two_opposing_clients_counsel_gets_the_first(house: House) -> None:
    house.proceedings()
    house.proceedings(OTHER_FILE, BERTA)
    assert house.grant(FILE, MANDATE, ANNA, BERTA) is MandateState.CONFIRMED
    assert house.grant(OTHER_FILE, OTHER_MANDATE, BERTA) is MandateState.REFUSED
    house.send(RevokeMandate(proceedings=FILE, mandate=MANDATE, occurred="2008-07-01"), LAWYER)
    house.settle()
    assert house.file().mandates[0].state is MandateState.REVOKED
    again = an_id(89)
    house.grant(OTHER_FILE, again, BERTA)
    assert house.file(OTHER_FILE).mandates[1].state is MandateState.CONFIRMED
    assert house.parked() == []


def test_an_opposing_client_is_refused_under_a_linked_record_too(house: House) -> None:
    duplicate = an_id(98)
    link = LinkRecords(link=an_id(99), first=BERTA, second=duplicate, grounds="Same passport.", occurred="2008-05-01")
    house.send(link, Role.CASEWORKER)
    house.settle()
    house.proceedings()
    house.proceedings(OTHER_FILE, duplicate)
    assert house.grant(FILE, MANDATE, ANNA, BERTA) is MandateState.CONFIRMED
    assert house.grant(OTHER_FILE, OTHER_MANDATE, duplicate) is MandateState.REFUSED
    assert house.parked() == []


def test_the_file_tells_all_but_the_closed_notes(house: House) -> None:
    house.proceedings()
    house.grant(FILE, MANDATE, ANNA)
    of_file: dict[str, Any] = {"proceedings": FILE, "beneficiary": ANNA}
    commands: list[Command] = [
        HoldPreparation(**of_file, minutes=60, account="Questions.", occurred="2008-07-01"),
        RepresentPerson(**of_file, mandate=MANDATE, before=Authority.COURT, minutes=90, occurred="2008-07-02"),
        KeepCounselNote(proceedings=FILE, about=ANNA, text="A line of defence.", occurred="2008-07-02"),
        RecordOutcome(**of_file, outcome=Outcome.CONVICTION, final=True, occurred="2008-11-01"),
        AwardCompensation(**of_file, entry=ENTRY, amount=Money(amount="1500.00"), occurred="2008-11-01"),
        RecordCompensationPaid(proceedings=FILE, entry=ENTRY, occurred="2008-11-20"),
    ]
    for command in commands:
        house.send(command, LAWYER)
    told = house.file(role=SUPERVISOR)
    assert [outcome.outcome for outcome in told.outcomes] == [Outcome.CONVICTION]
    assert [(one.amount, one.paid) for one in told.compensations] == [(Money(amount="1500.00"), "2008-11-20")]
    assert [line.what for line in told.timeline][3:] == [
        "PreparationHeld",
        "PersonRepresented",
        "OutcomeRecorded",
        "CompensationAwarded",
        "CompensationPaid",
    ]
    assert "defence" not in told.model_dump_json()
    (entry,) = house.ask(ListProceedings(beneficiary=ANNA, standing=Standing.VICTIM, open=False), LAWYER).proceedings
    assert (entry.code, entry.ended) == ("P-00000000", "2008-11-01")
    assert house.ask(ListProceedings(open=True), LAWYER).proceedings == ()
    with pytest.raises(NotFound):
        house.file(an_id(99))


def test_counsels_notes_open_for_who_acts_and_for_nobody_else(house: House) -> None:
    house.proceedings()
    house.grant(FILE, MANDATE, ANNA)
    note = KeepCounselNote(proceedings=FILE, note=NOTE, about=ANNA, text="A line of defence.", occurred="2008-07-02")
    house.send(note, LAWYER, actor="l-1")
    asked = ListCounselNotes(proceedings=FILE)
    texts = {actor: [one.text for one in house.as_actor(asked, LAWYER, actor).notes] for actor in ("l-1", "l-3", "l-9")}
    assert texts == {"l-1": ["A line of defence."], "l-3": ["A line of defence."], "l-9": []}
    for role in (SUPERVISOR, Role.PSYCHOLOGIST, Role.CASEWORKER, Role.DATA_PROTECTION_OFFICER, Role.AUDITOR):
        with pytest.raises(Forbidden):
            house.ask(asked, role)
    house.send(RetractCounselNote(proceedings=FILE, note=NOTE), LAWYER)
    assert house.as_actor(asked, LAWYER, "l-1").notes == ()


def test_counsels_notes_close_for_others_when_their_mandate_expires(house: House) -> None:
    house.proceedings()
    house.grant(FILE, MANDATE, ANNA, until=date(2009, 6, 30))
    note = KeepCounselNote(proceedings=FILE, note=NOTE, about=ANNA, text="A line of defence.", occurred="2008-07-02")
    house.send(note, LAWYER, actor="l-1")
    asked = ListCounselNotes(proceedings=FILE)
    assert [len(house.as_actor(asked, LAWYER, actor).notes) for actor in ("l-1", "l-3")] == [1, 0]


def test_an_entry_of_proceedings_is_put_right_or_taken_back_with_what_came_of_it(house: House) -> None:
    house.proceedings()
    of_file: dict[str, Any] = {"proceedings": FILE, "beneficiary": ANNA}
    session, outcome, award = an_id(201), an_id(202), an_id(203)
    commands: list[Command] = [
        HoldPreparation(**of_file, entry=session, minutes=60, account="Questions.", occurred="2008-07-01"),
        RecordOutcome(**of_file, entry=outcome, outcome=Outcome.ACQUITTAL, final=True, occurred="2008-11-01"),
        AwardCompensation(**of_file, entry=award, amount=Money(amount="1500.00"), occurred="2008-11-01"),
        CorrectPreparation(**of_file, entry=session, minutes=90, account="Answers.", occurred="2008-07-02"),
    ]
    for command in commands:
        house.send(command, LAWYER)
    line = house.file().timeline[1]
    assert (line.said, line.facts["minutes"], line.occurred) == ({"account": "Answers."}, 90, "2008-07-02")
    counted = ReportProceedings(first=date(2008, 1, 1), last=date(2008, 12, 31))
    assert house.ask(counted, SUPERVISOR).figures["preparations"] == 1
    for entry in (session, outcome, award):
        house.send(RetractProceedingsEntry(proceedings=FILE, entry=entry), LAWYER)
    told = house.file()
    assert (told.outcomes, told.compensations, told.proceedings.ended) == ((), (), None)
    assert [line.retracted for line in told.timeline[1:4]] == [True, True, True]
    assert "Answers" not in told.model_dump_json()
    assert house.ask(counted, SUPERVISOR).figures["preparations"] == 0


def test_psychologists_notes_open_for_psychologists_alone(house: House) -> None:
    house.proceedings()
    note = KeepPsychologistNote(proceedings=FILE, about=ANNA, text="Sleeps badly.", occurred="2008-07-02")
    house.send(note, Role.PSYCHOLOGIST)
    asked = ListPsychologistNotes(proceedings=FILE)
    assert [one.text for one in house.ask(asked, Role.PSYCHOLOGIST).notes] == ["Sleeps badly."]
    for role in (SUPERVISOR, LAWYER):
        with pytest.raises(Forbidden):
            house.ask(asked, role)

"""Tensions, proceedings, the court calendar and duty, over the real log, its policies and its deadlines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
from pydantic import BaseModel

from services import cases, rehabilitation
from services.cases.link import LinkRecords
from services.gateway.need_to_know import may_see
from services.rehabilitation.placement.house import OpenCentre
from services.rehabilitation.placement.record import Scope
from services.rehabilitation.proceedings.assistance import HoldPreparation, RepresentPerson
from services.rehabilitation.proceedings.ending import AwardCompensation, Outcome, RecordCompensationPaid, RecordOutcome
from services.rehabilitation.proceedings.entries import CorrectPreparation, RetractProceedingsEntry
from services.rehabilitation.proceedings.hearings import (
    AdjournHearing,
    CancelHearing,
    MoveHearing,
    RecordHearingHeld,
    ScheduleHearing,
)
from services.rehabilitation.proceedings.mandate import GrantMandate, OpenProceedings, RevokeMandate
from services.rehabilitation.proceedings.notes import KeepCounselNote, KeepPsychologistNote, RetractCounselNote
from services.rehabilitation.proceedings.record import Authority, HearingState, MandateState, Standing
from services.rehabilitation.projections.closed_notes import ListCounselNotes, ListPsychologistNotes
from services.rehabilitation.projections.court_calendar import CourtCalendar, ShowCourtCalendar, ShowCourtFeed
from services.rehabilitation.projections.duty import Duty, ListShifts, ShowDuty, ShowRotaFeed
from services.rehabilitation.projections.figures import ReportPresence, ReportProceedings, ReportSharedLife
from services.rehabilitation.projections.proceedings import GetProceedings, ListProceedings, ProceedingsFile
from services.rehabilitation.projections.separations import ListSeparations
from services.rehabilitation.projections.tensions import GetTension, ListTensions
from services.rehabilitation.projections.watch_log import ListEmergencyCalls, ListIncidents
from services.rehabilitation.rota import AgreeToSwap, AskToSwap, CancelShift, PlanShift, ShiftKind, ShiftState
from services.rehabilitation.tension.easing import DecideSeparation, HoldMediation
from services.rehabilitation.tension.ending import Ending, ResolveBySeparation, ResolveTension
from services.rehabilitation.tension.entries import CorrectMediation, CorrectSign, RetractTensionEntry
from services.rehabilitation.tension.record import Effect, Resolution, Sign
from services.rehabilitation.tension.signs import AddSign, NoteTension
from services.rehabilitation.watch.incidents import (
    CallEmergency,
    RecordCallAnswered,
    RecordHelpArrived,
    RecordIncident,
)
from services.rehabilitation.watch.record import IncidentKind, Severity
from services.rehabilitation.watch.turns import HandOver, LeavePost, TakeOver
from shared.errors import Forbidden, Invalid, NotFound
from shared.messages import Command, Origin, Query, Role
from shared.money import Money
from shared.projections.engine import read_model_engine
from shared.projections.read_models import ReadModels
from shared.reacting.runner import PolicyRunner
from tests.assembled import Assembled
from tests.rehabilitation.examples import an_id
from tests.rehabilitation.houses import ANNA, BERTA, CENTRE, ORDER

TENSION, FILE, OTHER_FILE, MANDATE, OTHER_MANDATE, HEARING, NOTE, ENTRY = (an_id(number) for number in range(80, 88))
NIGHT, DAY, STAND_BY, INCIDENT, CALL = (an_id(number) for number in range(90, 95))
MANAGER, OFFICER, LAWYER, SUPERVISOR = Role.SHELTER_MANAGER, Role.DUTY_OFFICER, Role.LAWYER, Role.SUPERVISOR
AT = datetime(2008, 12, 20, 8, 0, tzinfo=UTC)
NEW_YEAR = datetime(2008, 12, 31, 22, 0, tzinfo=UTC)  # midnight here


class House(Assembled):
    """A centre at work, with what the gateway lets whom see."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, [cases.context, rehabilitation.context])
        self.read_models = ReadModels(self.engine, self.projections, self.vault, may_see=may_see)
        self.bus._answer = self.read_models.ask

    def as_actor(self, query: Query[Any], role: Role, actor: str) -> Any:
        self.projector.catch_up()
        return self.bus.ask(query, Origin(actor, frozenset({role}))).answer

    def later(self, now: datetime) -> None:
        """It becomes later; what is due happens."""
        self.settle()
        self.now = now
        self.policies.fire_due(now)
        self.settle()

    def parked(self) -> list[str | None]:
        return [one.rule for status in self.policies.status() for one in status.parked]

    def tension(self) -> None:
        self.send(OpenCentre(centre=CENTRE, code="VNO", occurred=date(2008, 1, 1)), MANAGER)
        note = NoteTension(
            tension=TENSION,
            centre=CENTRE,
            parties=(ANNA, BERTA),
            sign=Sign.QUARREL,
            about=ANNA,
            account="Shouted at supper.",
            occurred="2008-09-01",
        )
        self.send(note, OFFICER)

    def proceedings(self, file: str = FILE, beneficiary: str = ANNA) -> None:
        opened = OpenProceedings(
            proceedings=file, beneficiary=beneficiary, standing=Standing.VICTIM, court="VNO-1", occurred="2008-05"
        )
        self.send(opened, LAWYER)

    def grant(
        self, file: str, mandate: str, beneficiary: str, *opponents: str, until: date = date(2150, 12, 31)
    ) -> MandateState:
        granted = GrantMandate(
            proceedings=file,
            mandate=mandate,
            beneficiary=beneficiary,
            counsel="l-3",
            scope=(Authority.COURT,),
            opponents=opponents,
            until=until,
            occurred="2008-06-01",
        )
        self.send(granted, LAWYER)
        self.settle()
        return self.file(file).mandates[0].state

    def file(self, file: str = FILE, role: Role = LAWYER) -> ProceedingsFile:
        answer = self.ask(GetProceedings(proceedings=file), role)
        assert isinstance(answer, ProceedingsFile)
        return answer

    def hearing(self, at: datetime = AT, hearing: str = HEARING) -> None:
        schedule = ScheduleHearing(proceedings=FILE, hearing=hearing, at=at, court="VNO-1", occurred="2008-10-01")
        self.send(schedule, LAWYER)

    def calendar(self, **more: Any) -> CourtCalendar:
        answer = self.ask(ShowCourtCalendar(**more), OFFICER)
        assert isinstance(answer, CourtCalendar)
        return answer

    def feed(self, query: Query[str]) -> dict[str, Any]:
        """The events of a feed by UID, as another program reads them."""
        text = self.ask(query, OFFICER)
        assert text.startswith("BEGIN:VCALENDAR\r\n")
        parsed = icalendar.Calendar.from_ical(text)
        assert parsed.errors == []
        return {str(event["uid"]): event for event in parsed.walk("VEVENT")}

    def plan(self, shift: str, worker: str, starts: datetime, hours: int = 8, **more: Any) -> None:
        here = starts + timedelta(hours=2)  # winter
        where = {"post": "shelter", "year": here.year, "month": here.month} | more
        self.send(
            PlanShift(**where, shift=shift, worker=worker, starts=starts, ends=starts + timedelta(hours=hours)), MANAGER
        )

    def duty(self, at: datetime, since: date = date(2008, 12, 31), until: date = date(2009, 1, 1)) -> Duty:
        answer = self.ask(ShowDuty(post="shelter", since=since, until=until, at=at), OFFICER)
        assert isinstance(answer, Duty)
        return answer


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = House(tmp_path)
    yield opened
    opened.close()


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


def test_reminders_follow_a_hearing_that_moves(house: House) -> None:
    house.proceedings()
    house.hearing()
    house.later(AT - timedelta(days=7))
    assert house.calendar().hearings[0].reminded == 7
    later = AT + timedelta(days=30)
    house.send(MoveHearing(proceedings=FILE, hearing=HEARING, at=later, occurred="2008-12-13"), LAWYER)
    house.later(AT - timedelta(days=1))
    assert house.calendar().hearings[0].reminded is None
    house.later(later - timedelta(days=7))
    house.later(later - timedelta(days=1))
    assert house.calendar().hearings[0].reminded == 1
    reminders = [event for event in house.store.read_stream(f"proceedings-{FILE}") if "Reminded" in event.type]
    assert len(reminders) == 3


def test_a_hearing_that_is_recorded_late_is_reminded_of_only_if_there_is_time(house: House) -> None:
    house.proceedings()
    house.now = AT - timedelta(days=3)
    house.hearing()
    house.hearing(AT - timedelta(days=30), an_id(97))
    house.later(house.now)
    assert [one.reminded for one in house.calendar().hearings] == [None, None]
    house.later(AT - timedelta(days=1))
    assert [one.reminded for one in house.calendar().hearings] == [None, 1]
    house.later(AT)
    reminders = [event for event in house.store.read_stream(f"proceedings-{FILE}") if "Reminded" in event.type]
    assert len(reminders) == 1


def test_another_courtroom_at_the_same_time_reminds_nobody_twice(house: House) -> None:
    house.proceedings()
    house.hearing()
    house.later(AT - timedelta(days=5))
    house.send(MoveHearing(proceedings=FILE, hearing=HEARING, at=AT, court="KNS-2", occurred="2008-12-15"), LAWYER)
    house.later(AT - timedelta(days=4))
    (shown,) = house.calendar().hearings
    assert (shown.court, shown.reminded, shown.sequence) == ("KNS-2", 7, 1)
    reminders = [event for event in house.store.read_stream(f"proceedings-{FILE}") if "Reminded" in event.type]
    assert len(reminders) == 1


def test_nobody_is_reminded_of_a_hearing_that_is_over_or_has_no_day(house: House) -> None:
    house.proceedings()
    house.hearing()
    house.hearing(hearing=an_id(97))
    house.send(CancelHearing(proceedings=FILE, hearing=HEARING, occurred="2008-11-01"), LAWYER)
    house.send(AdjournHearing(proceedings=FILE, hearing=an_id(97), occurred="2008-11-01"), LAWYER)
    house.later(AT)
    assert [one.reminded for one in house.calendar().hearings] == [None, None]


def test_the_court_calendar_is_in_the_order_of_time_and_paged(house: House) -> None:
    house.proceedings()
    for number, days_later in enumerate((5, 0, 0)):
        house.hearing(AT + timedelta(days=days_later), an_id(200 + number))
    first = house.calendar(limit=1)
    second = house.calendar(limit=1, after=first.next)
    third = house.calendar(limit=1, after=second.next)
    shown = [one.hearings[0].hearing for one in (first, second, third)]
    assert (shown, third.next) == ([an_id(201), an_id(202), an_id(200)], None)
    assert len(house.calendar(since=date(2008, 12, 21)).hearings) == 1
    assert len(house.calendar(until=date(2008, 12, 20)).hearings) == 2
    assert house.calendar(state=HearingState.HELD).hearings == ()
    with pytest.raises(Invalid):
        house.calendar(after="nonsense")


def test_a_hearing_that_moves_keeps_its_uid_and_its_sequence_grows(house: House) -> None:
    house.proceedings()
    house.hearing()
    feed = ShowCourtFeed(since=date(2008, 1, 1))
    (uid,) = house.feed(feed)
    seen = [house.feed(feed)[uid]]
    changes: list[Command] = [
        MoveHearing(proceedings=FILE, hearing=HEARING, at=AT + timedelta(days=1), occurred="2008-11-01"),
        AdjournHearing(proceedings=FILE, hearing=HEARING, occurred="2008-11-02"),
        MoveHearing(proceedings=FILE, hearing=HEARING, at=AT, court="KNS-2", occurred="2008-11-03"),
    ]
    for command in changes:
        house.send(command, LAWYER)
        seen.append(house.feed(feed)[uid])
    assert [int(event["sequence"]) for event in seen] == [0, 1, 2, 3]
    assert [str(event["status"]) for event in seen] == ["CONFIRMED", "CONFIRMED", "CANCELLED", "CONFIRMED"]
    assert [event.decoded("dtstart") for event in seen] == [AT, AT + timedelta(days=1), AT + timedelta(days=1), AT]
    assert [str(event["location"]) for event in seen] == ["VNO-1", "VNO-1", "VNO-1", "KNS-2"]
    house.now = AT + timedelta(hours=2)
    held = RecordHearingHeld(
        proceedings=FILE, hearing=HEARING, beneficiary=ANNA, attended=True, account="In words.", occurred="2008-12-20"
    )
    house.send(held, LAWYER)
    assert int(house.feed(feed)[uid]["sequence"]) == 4


def test_a_calendar_says_nothing_of_anybody(house: House) -> None:
    house.proceedings()
    house.hearing()
    text = house.ask(ShowCourtFeed(since=date(2008, 1, 1)), OFFICER)
    assert ANNA not in text
    assert {name.split(":")[0] for name in text.split("\r\n") if name} == {
        "BEGIN", "VERSION", "PRODID", "X-WR-CALNAME", "UID", "DTSTAMP", "LAST-MODIFIED", "DTSTART", "DTEND", "SUMMARY",
        "SEQUENCE", "STATUS", "CLASS", "LOCATION", "END",
    }  # fmt: skip
    assert "SUMMARY:Hearing P-00000000\r\n" in text


def test_a_feed_leaves_out_what_is_long_past(house: House) -> None:
    house.proceedings()
    house.hearing()
    assert house.feed(ShowCourtFeed()) == {}


def test_a_night_over_the_years_end_is_one_shift_and_is_relieved_from_the_next_year(house: House) -> None:
    starts = NEW_YEAR - timedelta(hours=2)
    house.plan(NIGHT, "w-1", starts)
    house.plan(DAY, "w-2", starts + timedelta(hours=8))
    house.later(starts)
    house.send(TakeOver(post="shelter", year=2008, shift=NIGHT, occurred=starts), OFFICER, actor="w-1")
    house.later(starts + timedelta(hours=8))
    hand = HandOver(post="shelter", year=2008, shift=NIGHT, summary="All quiet.", occurred=house.now)
    house.send(hand, OFFICER, actor="w-1")
    still = house.duty(house.now)
    told = [(turn.worker, turn.until, turn.handed_over, turn.summary) for turn in still.now]
    assert told == [("w-1", None, house.now, "All quiet.")]
    house.later(house.now + timedelta(minutes=5))
    relieve = TakeOver(post="shelter", year=2009, shift=DAY, relieves=NIGHT, relieves_year=2008, occurred=house.now)
    house.send(relieve, OFFICER, actor="w-2")
    house.settle()
    shown = house.duty(house.now + timedelta(minutes=1))
    assert [turn.worker for turn in shown.now] == ["w-2"]
    assert shown.turns[0].until == house.now
    assert (shown.minutes, shown.uncovered) == (2880, 2880 - 16 * 60)
    assert [(gap.minutes, gap.kind) for gap in shown.gaps] == [(22 * 60, "past"), (10 * 60, "ahead")]
    assert house.parked() == []


def test_only_shifts_that_started_cover(house: House) -> None:
    starts = NEW_YEAR - timedelta(hours=2)
    house.plan(NIGHT, "w-1", starts)
    house.settle()
    ahead, late = house.duty(starts - timedelta(hours=1)), house.duty(starts + timedelta(minutes=10))
    assert (ahead.uncovered, late.uncovered) == (2880 - 480, 2880 - 470)
    assert house.duty(starts + timedelta(minutes=15)).uncovered == 2880, "nobody came, and nobody is to come any more"


def test_whoever_left_covers_nothing_of_what_was_to_come_and_whoever_is_there_does_until_their_end(
    house: House,
) -> None:
    starts = NEW_YEAR - timedelta(hours=2)
    house.plan(NIGHT, "w-1", starts)
    house.later(starts)
    house.send(TakeOver(post="shelter", year=2008, shift=NIGHT, occurred=starts), OFFICER, actor="w-1")
    there, beyond = house.duty(starts + timedelta(hours=3)), house.duty(starts + timedelta(hours=9))
    assert there.uncovered == 2880 - 480
    assert beyond.uncovered == 2880 - 540, "the shift stays open, and is there, until somebody has taken over"
    house.later(starts + timedelta(hours=3))
    leaving = LeavePost(post="shelter", year=2008, shift=NIGHT, occurred=house.now)
    house.send(leaving, OFFICER, actor="w-1")
    left = house.duty(house.now)
    assert [(gap.minutes, gap.kind) for gap in left.gaps] == [(22 * 60, "past"), (23 * 60, "ahead")]


def test_who_does_not_come_is_missed_and_who_is_on_call_is_alerted(house: House) -> None:
    starts = NEW_YEAR + timedelta(hours=1)
    house.plan(STAND_BY, "w-3", NEW_YEAR - timedelta(hours=3), 24, kind=ShiftKind.ON_CALL, year=2008, month=12)
    house.plan(NIGHT, "w-1", starts)
    house.later(starts + timedelta(minutes=14))
    assert house.ask(ListIncidents(), OFFICER).incidents == ()
    house.later(starts + timedelta(minutes=16))
    (incident,) = house.ask(ListIncidents(post="shelter", severity=Severity.HIGH), OFFICER).incidents
    assert (incident.kind, incident.shift) == (IncidentKind.NOT_STARTED, NIGHT)
    shift = next(one for one in house.duty(house.now).shifts if one.shift == NIGHT)
    assert (shift.missed, shift.fallback) == (True, "w-3")
    take = TakeOver(post="shelter", year=2009, shift=NIGHT, occurred=house.now)
    house.send(take, OFFICER, actor="w-3")
    assert house.duty(house.now).now[0].instead_of == "w-1"
    house.send(LeavePost(post="shelter", year=2009, shift=NIGHT, occurred=house.now), OFFICER, actor="w-3")
    assert house.duty(house.now).turns[0].unrelieved
    kinds = [one.kind for one in house.ask(ListIncidents(kind=IncidentKind.LEFT_UNRELIEVED), OFFICER).incidents]
    assert kinds == [IncidentKind.LEFT_UNRELIEVED]


def test_nobody_is_on_two_shifts_at_two_posts_in_two_months(house: House) -> None:
    starts = NEW_YEAR - timedelta(hours=2)
    house.plan(NIGHT, "w-1", starts)
    house.plan(DAY, "w-1", NEW_YEAR, post="hotline")
    house.settle()
    (refused,) = house.ask(ListShifts(state=ShiftState.REFUSED), OFFICER).shifts
    assert refused.shift == DAY
    house.send(CancelShift(post="shelter", year=2008, month=12, shift=NIGHT), MANAGER)
    house.settle()
    house.plan(STAND_BY, "w-1", NEW_YEAR, post="hotline")
    house.settle()
    shown = {one.shift: one.state for one in house.ask(ListShifts(worker="w-1"), OFFICER).shifts}
    assert shown == {NIGHT: ShiftState.CANCELLED, DAY: ShiftState.REFUSED, STAND_BY: ShiftState.CONFIRMED}
    first = house.ask(ListShifts(limit=1), OFFICER)
    assert [one.shift for one in house.ask(ListShifts(limit=1, after=first.next), OFFICER).shifts] == [DAY]


def test_a_shift_that_is_swapped_keeps_its_uid_and_its_sequence_grows(house: House) -> None:
    house.plan(NIGHT, "w-1", NEW_YEAR - timedelta(hours=2))
    house.settle()
    feed = ShowRotaFeed(post="shelter", since=date(2008, 1, 1))
    (uid,) = house.feed(feed)
    before = house.feed(feed)[uid]
    where = {"post": "shelter", "year": 2008, "month": 12, "shift": NIGHT}
    house.send(AskToSwap(**where, to="w-2"), OFFICER, actor="w-1")
    assert house.duty(house.now).shifts[0].to == "w-2"
    house.send(AgreeToSwap(**where), OFFICER, actor="w-2")
    house.settle()
    after = house.feed(feed)[uid]
    assert (str(before["summary"]), str(after["summary"])) == ("shelter: w-1", "shelter: w-2")
    assert int(after["sequence"]) > int(before["sequence"])
    assert house.feed(ShowRotaFeed(worker="w-1", since=date(2008, 1, 1))) == {}
    house.send(CancelShift(**where), MANAGER)
    assert str(house.feed(feed)[uid]["status"]) == "CANCELLED"
    assert house.feed(ShowRotaFeed()) == {}


@pytest.mark.parametrize(("first", "minutes"), [(date(2009, 3, 29), 1380), (date(2009, 10, 25), 1500)])
def test_a_day_on_which_the_clock_is_changed_has_its_own_number_of_minutes(
    house: House, first: date, minutes: int
) -> None:
    shown = house.duty(AT, first, first)
    assert (shown.minutes, shown.uncovered, [gap.minutes for gap in shown.gaps]) == (minutes, minutes, [minutes])


def test_a_period_of_duty_is_asked_for_within_bounds(house: House) -> None:
    for since, until in ((date(2008, 2, 1), date(2008, 1, 1)), (date(2008, 1, 1), date(2008, 3, 3))):
        with pytest.raises(Invalid):
            house.duty(AT, since, until)


def test_calls_to_112_are_timed(house: House) -> None:
    watch = {"post": "shelter", "year": 2008}
    at = house.now - timedelta(hours=1)
    report = RecordIncident(
        **watch,
        incident=INCIDENT,
        kind=IncidentKind.THREAT,
        severity=Severity.CRITICAL,
        about=ANNA,
        account="A stranger at the door.",
        occurred=at,
    )
    house.send(report, OFFICER)
    house.send(CallEmergency(**watch, call=CALL, incident=INCIDENT, occurred=at), OFFICER)
    answered = RecordCallAnswered(**watch, call=CALL, occurred=at + timedelta(seconds=12))
    house.send(answered, OFFICER)
    house.send(RecordHelpArrived(**watch, call=CALL, occurred=at + timedelta(minutes=9)), OFFICER)
    (call,) = house.ask(ListEmergencyCalls(post="shelter"), OFFICER).calls
    assert (call.incident, call.answered_after, call.arrived_after) == (INCIDENT, 12, 540)
    (incident,) = house.ask(ListIncidents(), OFFICER).incidents
    assert incident.account == "A stranger at the door."


def test_whatever_is_delivered_again_takes_effect_once(house: House, tmp_path: Path) -> None:
    house.tension()
    decide = DecideSeparation(
        tension=TENSION, order=ORDER, first=ANNA, second=BERTA, scope=Scope.SHELTER, occurred="2008-09-05"
    )
    house.send(decide, MANAGER)
    house.proceedings()
    house.grant(FILE, MANDATE, ANNA)
    house.hearing()
    starts = NEW_YEAR - timedelta(hours=2)
    house.plan(NIGHT, "w-1", starts)
    house.plan(DAY, "w-2", starts + timedelta(hours=8))
    house.later(starts)
    house.send(TakeOver(post="shelter", year=2008, shift=NIGHT, occurred=starts), OFFICER, actor="w-1")
    house.later(starts + timedelta(hours=8))
    relieve = TakeOver(post="shelter", year=2009, shift=DAY, relieves=NIGHT, relieves_year=2008, occurred=house.now)
    house.send(relieve, OFFICER, actor="w-2")
    house.settle()
    head = house.store.head()
    policies = [policy for context in (cases.context, rehabilitation.context) for policy in context.policies]
    engine = read_model_engine(tmp_path / "other-books.db")
    again = PolicyRunner(house.store, engine, policies, house._react, clock=lambda: house.now)
    again.catch_up()
    again.fire_due(house.now)
    again.catch_up()
    assert house.store.head() == head
    assert [one for status in again.status() for one in status.parked] == []
    engine.dispose()

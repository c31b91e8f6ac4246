"""What can be asked of rehabilitation, over the real log: programmes, services by kind, people assisted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import cases, rehabilitation
from services.cases.case.notes import EntryRetracted
from services.cases.case.record import EntryKind
from services.cases.case.support import Recipient, SupportCorrected, SupportGiven
from services.cases.link import RecordsLinked, RecordsUnlinked
from services.cases.vocabulary import ServiceKind as HelpKind
from services.rehabilitation.programme.ending import LeavingReason, ProgrammeCompleted, ProgrammeLeft
from services.rehabilitation.programme.plan import GoalCorrected, GoalSet, ProgressRecorded, Step
from services.rehabilitation.programme.record import Ground, ServiceKind, Stage
from services.rehabilitation.programme.services import ServiceCorrected, ServiceRetracted
from services.rehabilitation.projections.assistance import (
    BeneficiariesAssisted,
    CountBeneficiaries,
    ListServicesDelivered,
    ServicesDelivered,
    same_persons,
)
from services.rehabilitation.projections.programmes import (
    GetProgramme,
    ListProgrammes,
    ProgrammeEntry,
    ProgrammeFile,
    ProgrammePage,
)
from shared.errors import Forbidden, Invalid, NotFound
from shared.messages import Event, Role
from tests.assembled import Assembled
from tests.rehabilitation.examples import (
    ADMITTED,
    CASE,
    DELIVERED,
    GOAL,
    OTHER,
    PERSON,
    PROGRAMME,
    PROJECT,
    REFERRAL,
    REINTEGRATING,
    REQUESTED,
    SERVICE,
    an_id,
)

GOAL_SET = GoalSet(
    programme=PROGRAMME,
    goal=GOAL,
    beneficiary=PERSON,
    kind=ServiceKind.VOCATIONAL,
    aim="Finish the course.",
    by_day=date(2008, 12, 1),
    occurred="2008-02-01",
)
YEAR = {"since": date(2008, 1, 1), "until": date(2008, 12, 31)}


class Centre(Assembled):
    """Facts are recorded, and somebody asks."""

    def happened(self, *events: Event) -> None:
        """Facts of the programme."""
        self.record(f"programme-{PROGRAMME}", *events)

    def delivered(self, number: int, person: str, occurred: str, **changes: Any) -> str:
        """A service, of which little matters."""
        service = an_id(1000 + number)
        facts = {"service": service, "beneficiary": person, "occurred": occurred, **changes}
        self.happened(DELIVERED.model_copy(update=facts))
        return service

    def supported(self, number: int, person: str, occurred: str, **changes: Any) -> SupportGiven:
        """Help within a case."""
        support = SupportGiven(
            **{
                "case": CASE,
                "support": an_id(2000 + number),
                "person": person,
                "recipient": Recipient.FAMILY_MEMBER,
                "kind": HelpKind.CRISIS,
                "minutes": 30,
                "staff": "w-1",
                "occurred": occurred,
                **changes,
            }
        )
        self.record(f"case-{CASE}", support)
        return support

    def linked(self, number: int, first: str, second: str) -> None:
        """Two records of one person."""
        link = an_id(3000 + number)
        self.record(f"link-{link}", RecordsLinked(link=link, first=first, second=second, grounds="x", occurred="2008"))

    def entry(self) -> ProgrammeEntry:
        answer = self.ask(ListProgrammes(), Role.CASEWORKER)
        assert isinstance(answer, ProgrammePage)
        return answer.programmes[0]

    def listed(self, **filters: Any) -> ProgrammePage:
        answer = self.ask(ListProgrammes(**filters), Role.CASEWORKER)
        assert isinstance(answer, ProgrammePage)
        return answer

    def file(self, **more: Any) -> ProgrammeFile:
        answer = self.ask(GetProgramme(programme=PROGRAMME, **more), Role.PSYCHOLOGIST)
        assert isinstance(answer, ProgrammeFile)
        return answer

    def count(self, role: Role = Role.SUPERVISOR, **period: date) -> BeneficiariesAssisted:
        answer = self.ask(CountBeneficiaries(**(YEAR | period)), role)
        assert isinstance(answer, BeneficiariesAssisted)
        return answer

    def services(self, role: Role = Role.SUPERVISOR, **more: Any) -> ServicesDelivered:
        answer = self.ask(ListServicesDelivered(**(YEAR | more)), role)
        assert isinstance(answer, ServicesDelivered)
        return answer


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    opened_centre = Centre(tmp_path, [cases.context, rehabilitation.context])
    yield opened_centre
    opened_centre.close()


def test_the_list_follows_a_programme_through_its_stages(centre: Centre) -> None:
    completed = ProgrammeCompleted(programme=PROGRAMME, referral=REFERRAL, occurred="2008-09")
    stages = []
    for event in (REQUESTED, ADMITTED, REINTEGRATING, completed):
        centre.happened(event)
        stages.append(centre.entry().stage)
    assert stages == [Stage.REQUESTED, Stage.ADMITTED, Stage.REINTEGRATING, Stage.COMPLETED]
    entry = centre.entry()
    assert (entry.requested, entry.admitted, entry.ended) == ("2008-01-10", "2008-01-15", "2008-09")
    assert (entry.referral, entry.case, entry.beneficiary) == (REFERRAL, CASE, PERSON)


def test_programmes_are_filtered_and_paged(centre: Centre) -> None:
    for number in range(3):
        programme = an_id(500 + number)
        ground = Ground.FAMILY_MEMBER if number == 0 else Ground.TRAFFICKING_VICTIM
        person = OTHER if number == 2 else PERSON
        requested = REQUESTED.model_copy(
            update={"programme": programme, "ground": ground, "beneficiary": person, "referral": an_id(600 + number)}
        )
        centre.record(f"programme-{programme}", requested)
    centre.record(f"programme-{an_id(501)}", ADMITTED.model_copy(update={"programme": an_id(501)}))
    for filters, expected in (
        ({"ground": "family_member"}, [500]),
        ({"stage": "admitted"}, [501]),
        ({"beneficiary": OTHER}, [502]),
        ({"referral": an_id(600)}, [500]),
        ({"limit": 2}, [502, 501]),
        ({"limit": 2, "after": centre.listed(limit=2).next}, [500]),
    ):
        shown = [entry.programme for entry in centre.listed(**filters).programmes]
        assert shown == [an_id(number) for number in expected]


def test_the_file_shows_the_plan_and_how_far_each_goal_has_come(centre: Centre) -> None:
    centre.happened(REQUESTED, ADMITTED, GOAL_SET)
    assert [(goal.aim, goal.by_day, goal.step) for goal in centre.file().goals] == [
        ("Finish the course.", date(2008, 12, 1), None)
    ]
    progress = ProgressRecorded(
        programme=PROGRAMME, goal=GOAL, beneficiary=PERSON, step=Step.REACHED, occurred="2008-05"
    )
    correction = GoalCorrected(
        programme=PROGRAMME, goal=GOAL, beneficiary=PERSON, kind=ServiceKind.SOCIAL, aim="Find a flat."
    )
    centre.happened(progress, correction)
    assert [(goal.aim, goal.kind, goal.by_day, goal.step) for goal in centre.file().goals] == [
        ("Find a flat.", ServiceKind.SOCIAL, None, Step.REACHED)
    ]


def test_the_file_tells_why_somebody_left_to_those_who_may_know(centre: Centre) -> None:
    left = ProgrammeLeft(programme=PROGRAMME, beneficiary=PERSON, reason=LeavingReason.OWN_WISH, occurred="2008-03")
    centre.happened(REQUESTED, ADMITTED, left)
    assert centre.file().timeline[-1].said == {"reason": "own_wish"}
    for role in (Role.SHELTER_MANAGER, Role.PROJECT_MANAGER, Role.AUDITOR):
        with pytest.raises(Forbidden):
            centre.ask(GetProgramme(programme=PROGRAMME), role)


def test_the_timeline_shows_a_service_corrected_and_one_retracted(centre: Centre) -> None:
    noted = DELIVERED.model_copy(update={"account": "Went well."})
    corrected = ServiceCorrected(**DELIVERED.model_dump() | {"minutes": 40, "account": "Went badly."})
    centre.happened(REQUESTED, ADMITTED, noted, corrected)
    line = centre.file().timeline[2]
    assert (line.what, line.said, line.facts["minutes"], line.corrected) == (
        "ServiceDelivered",
        {"account": "Went badly."},
        40,
        True,
    )
    centre.happened(ServiceRetracted(programme=PROGRAMME, service=SERVICE, beneficiary=PERSON))
    line = centre.file().timeline[2]
    assert (line.said, line.facts, line.retracted) == ({}, {}, True)
    assert centre.file().programme.services == 0


def test_the_timeline_is_read_page_by_page(centre: Centre) -> None:
    centre.happened(REQUESTED, ADMITTED, DELIVERED)
    first = centre.file(limit=2)
    assert [line.what for line in first.timeline] == ["ProgrammeRequested", "ProgrammeAdmitted"]
    assert [line.what for line in centre.file(limit=2, after=first.next).timeline] == ["ServiceDelivered"]


def test_a_programme_that_is_not_there_is_not_found(centre: Centre) -> None:
    with pytest.raises(NotFound):
        centre.file()


def test_services_are_added_up_by_kind_in_programmes_and_cases_together(centre: Centre) -> None:
    centre.delivered(1, PERSON, "2008-02-01", minutes=50)
    centre.delivered(2, PERSON, "2008-03-01", minutes=70)
    centre.delivered(3, PERSON, "2008-03-01", kind=ServiceKind.CRISIS, minutes=15)
    centre.supported(1, OTHER, "2008-03-01", minutes=30)
    shown = centre.services()
    assert [(one.kind, one.services, one.minutes) for one in shown.by_kind] == [
        (ServiceKind.CRISIS, 2, 45),
        (ServiceKind.PSYCHOLOGICAL, 2, 120),
    ]
    assert (shown.services, shown.minutes) == (4, 165)


def test_services_are_asked_for_one_project(centre: Centre) -> None:
    centre.delivered(1, PERSON, "2008-02-01", project=PROJECT)
    centre.delivered(2, PERSON, "2008-02-01")
    assert centre.services(project=PROJECT).services == 1


def test_corrected_and_retracted_services_count_as_they_really_were(centre: Centre) -> None:
    service = centre.delivered(1, PERSON, "2008-02-01", minutes=50)
    centre.happened(ServiceCorrected(**DELIVERED.model_dump() | {"service": service, "minutes": 40}))
    assert centre.services().minutes == 40
    centre.happened(ServiceRetracted(programme=PROGRAMME, service=service, beneficiary=PERSON))
    assert (centre.services().services, centre.count().trafficking_victims) == (0, 0)
    support = centre.supported(1, OTHER, "2008-02-01", minutes=30)
    centre.record(f"case-{CASE}", SupportCorrected(**support.model_dump() | {"minutes": 20}))
    assert centre.services().minutes == 20
    centre.record(f"case-{CASE}", EntryRetracted(case=CASE, entry=support.support, kind=EntryKind.SUPPORT, about=OTHER))
    assert (centre.services().services, centre.count().family_members_supported) == (0, 0)


def test_a_person_counts_once_however_often_and_wherever_they_were_helped(centre: Centre) -> None:
    centre.delivered(1, PERSON, "2008-02-01")
    centre.delivered(2, PERSON, "2008-02-02")
    centre.supported(1, PERSON, "2008-01-05", recipient=Recipient.VICTIM)
    centre.delivered(3, OTHER, "2008-02-02")
    assert centre.count().trafficking_victims == 2


def test_family_members_are_counted_apart(centre: Centre) -> None:
    centre.delivered(1, PERSON, "2008-02-01")
    centre.supported(1, OTHER, "2008-01-05")
    centre.delivered(2, an_id(7), "2008-02-01", ground=Ground.FAMILY_MEMBER)
    centre.supported(2, an_id(8), "2008-02-01", recipient=Recipient.MISSING_PERSON)
    centre.supported(3, an_id(9), "2008-02-01", recipient=Recipient.OTHER)
    counted = centre.count()
    assert (counted.trafficking_victims, counted.family_members_supported, counted.missing_persons) == (1, 2, 1)


def test_who_was_only_admitted_and_never_helped_was_not_assisted(centre: Centre) -> None:
    centre.happened(REQUESTED, ADMITTED)
    assert centre.count().trafficking_victims == 0


def test_help_counts_in_the_period_of_the_first_day_that_it_may_be_of(centre: Centre) -> None:
    for number, occurred in enumerate(["2007-12-31", "2008", "2008-12-31", "2008-12/2009-01", "2009-01-01"]):
        centre.delivered(number, an_id(700 + number), occurred)
    assert centre.count().trafficking_victims == 3
    year_after = centre.count(since=date(2009, 1, 1), until=date(2009, 12, 31))
    assert year_after.trafficking_victims == 1


def test_records_that_are_linked_count_once_and_again_apart_when_unlinked(centre: Centre) -> None:
    for number in range(4):
        centre.delivered(number, an_id(700 + number), "2008-02-01")
    centre.linked(1, an_id(700), an_id(701))
    centre.linked(2, an_id(701), an_id(702))
    assert centre.count().trafficking_victims == 2
    unlinked = RecordsUnlinked(link=an_id(3002), first=an_id(701), second=an_id(702), occurred="2008")
    centre.record(f"link-{an_id(3002)}", unlinked)
    assert centre.count().trafficking_victims == 3


def test_a_link_to_a_record_that_was_not_helped_changes_nothing(centre: Centre) -> None:
    centre.delivered(1, PERSON, "2008-02-01")
    centre.linked(1, PERSON, OTHER)
    assert centre.count().trafficking_victims == 1


def test_forgetting_a_person_changes_no_figure(centre: Centre) -> None:
    centre.delivered(1, PERSON, "2008-02-01", account="Went well.")
    before = (centre.count(), centre.services())
    keys = [facts.name for facts in centre.vault.keys.keys_of(PERSON)]
    assert keys
    centre.vault.keys.forget(PERSON, destroy=keys, keep=(), certificate="c", at=centre.now)
    centre.projector.rebuild("assistance")
    assert (centre.count(), centre.services()) == before


def test_whole_calendar_years_are_for_all_staff_and_other_periods_for_supervisors(centre: Centre) -> None:
    for role in (Role.CASEWORKER, Role.PROJECT_MANAGER, Role.AUDITOR):
        assert centre.count(role).trafficking_victims == 0
        assert centre.count(role, since=date(2004, 1, 1)).trafficking_victims == 0
        with pytest.raises(Forbidden):
            centre.count(role, since=date(2008, 1, 2))
        with pytest.raises(Forbidden):
            centre.services(role, until=date(2008, 12, 30))
    assert centre.count(since=date(2008, 1, 2)).trafficking_victims == 0


def test_an_analyst_sees_released_tables_only(centre: Centre) -> None:
    with pytest.raises(Forbidden):
        centre.count(Role.ANALYST)


def test_a_period_ends_after_it_begins(centre: Centre) -> None:
    with pytest.raises(Invalid):
        centre.count(since=date(2009, 1, 1))


RECORDS = st.integers(0, 12).map(lambda number: str(uuid5(UUID(int=0), str(number))))


@given(st.lists(st.tuples(RECORDS, RECORDS), max_size=20))
@settings(max_examples=200, deadline=None)
def test_whatever_the_order_of_links_the_groups_are_the_same_and_share_no_record(links: list[tuple[str, str]]) -> None:
    groups = set(same_persons(links))
    assert groups == set(same_persons(reversed([(second, first) for first, second in links])))
    assert sum(map(len, groups)) == len({record for group in groups for record in group})
    assert all(any(first in group and second in group for group in groups) for first, second in links)

"""The figures of the activity report, from events as every context stores them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from services import analytics, campaigns, cases, projects, rehabilitation
from services.analytics.activity import Activity
from services.analytics.counting.people import one_for_each
from services.analytics.report import ActivityReport, ReportActivity
from services.campaigns.advocacy import AdvocacyConcluded, AdvocacyResumed, Result
from services.campaigns.campaign.holding import AttendanceCorrected, CampaignCorrected
from services.campaigns.quantity import UNSTATED, exactly
from services.cases.case.notes import EntryKind, EntryRetracted
from services.cases.case.support import Recipient, SupportCorrected, SupportGiven
from services.cases.link import RecordsLinked, RecordsUnlinked
from services.cases.vocabulary import ServiceKind as HelpKind
from services.projects.funder import FunderCorrected, FunderKind, FunderRegistered
from services.projects.grant.award import GrantAwarded
from services.projects.project.life import ProjectProposed, ProjectStartCorrected, ProjectStarted
from services.rehabilitation.programme.admission import ProgrammeAdmitted, ProgrammeRequested
from services.rehabilitation.programme.record import Ground, ServiceKind
from services.rehabilitation.programme.services import ServiceCorrected, ServiceDelivered, ServiceRetracted
from shared.context import Context
from shared.errors import Forbidden, Invalid
from shared.messages import Role
from shared.money import Money
from tests.assembled import Assembled
from tests.campaigns.examples import ADVOCACY, CAMPAIGN, adopted, held, refused

IN_2008 = {"from": "2008-01-01", "to": "2008-12-31"}
YEARS_2004_TO_2007 = {"from": "2004-01-01", "to": "2007-12-31"}
NAMES = UUID(int=2008)


def an_id(name: str) -> str:
    return str(uuid5(NAMES, name))


class Centre(Assembled):
    """Facts are recorded in the words of the centre, and the report is asked for."""

    def report(self, period: dict[str, str], role: Role = Role.ANALYST) -> ActivityReport:
        answer = self.ask(ReportActivity.model_validate(period), role)
        assert isinstance(answer, ActivityReport)
        return answer

    def project(self, name: str, occurred: str, *funders: FunderKind, **origin: Any) -> None:
        project = an_id(name)
        year = int(occurred[:4])
        self.record(f"project-{project}", ProjectStarted(project=project, year=year, occurred=occurred), **origin)
        for kind in funders:
            funder, grant = an_id(kind), str(uuid4())
            known = FunderRegistered(funder=funder, kind=kind, name=kind, country="LT", occurred="1996")
            self.record(f"funder-{funder}", known)
            awarded = GrantAwarded(
                grant=grant,
                project=project,
                funder=funder,
                amount=Money(amount=Decimal(100)),
                eligible_from="2004-01-01",
                eligible_until="2008-12-31",
                lines=(),
                occurred=occurred,
            )
            self.record(f"grant-{grant}", awarded, **origin)

    def service(
        self,
        person: str,
        occurred: str,
        ground: Ground = Ground.TRAFFICKING_VICTIM,
        kind: ServiceKind = ServiceKind.LEGAL,
    ) -> str:
        service = str(uuid4())
        self.record(
            f"programme-{an_id(person)}",
            ServiceDelivered(
                programme=an_id(person),
                service=service,
                beneficiary=an_id(person),
                ground=ground,
                kind=kind,
                minutes=50,
                staff="w-1",
                occurred=occurred,
            ),
        )
        return service

    def support(self, person: str, recipient: Recipient, occurred: str, kind: HelpKind = HelpKind.CRISIS) -> str:
        support, case = str(uuid4()), an_id("case")
        given_help = SupportGiven(
            case=case,
            support=support,
            person=an_id(person),
            recipient=recipient,
            kind=kind,
            minutes=30,
            staff="w-1",
            occurred=occurred,
        )
        self.record(f"case-{case}", given_help)
        return support

    def victims(self, number: int, occurred: str) -> None:
        for victim in range(number):
            self.service(f"victim {victim}", occurred)

    def link(self, first: str, second: str) -> RecordsLinked:
        link = an_id(f"{first} {second}")
        linked = RecordsLinked(
            link=link, first=an_id(first), second=an_id(second), grounds="Same passport", occurred="2008"
        )
        self.record(f"link-{link}", linked)
        return linked


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    clock = lambda: datetime(2009, 6, 1, tzinfo=UTC)  # noqa: E731
    reports = Context("analytics", analytics.context.title, projections=(Activity(clock),))
    producers = [
        Context(one.name, one.title, deciders=one.deciders)
        for one in (projects.context, cases.context, rehabilitation.context, campaigns.context)
    ]
    assembled = Centre(tmp_path, [*producers, reports])
    yield assembled
    assembled.close()


def test_a_project_counts_once_in_the_year_it_started(centre: Centre) -> None:
    for name, started in (("a", "2007-03-01"), ("b", "2008-01-01"), ("c", "2008-12-31"), ("d", "2009-01-01")):
        centre.project(name, started)
    report = centre.report(IN_2008)
    assert report.projects_by_year == {"2007": 1, "2008": 2}
    assert report.projects_total == 3


def test_a_project_that_did_not_start_never_counts(centre: Centre) -> None:
    project = an_id("proposed")
    centre.record(f"project-{project}", ProjectProposed(project=project, title="A hope", occurred="2008-01-01"))
    assert centre.report(IN_2008).projects_total == 0


def test_a_project_whose_start_was_recorded_wrongly_counts_in_its_true_year(centre: Centre) -> None:
    centre.project("a", "2008-03-01")
    correction = ProjectStartCorrected(project=an_id("a"), year=2007, year_before=2008, occurred="2007-12-01")
    centre.record(f"project-{an_id('a')}", correction)
    assert centre.report(IN_2008).projects_by_year == {"2007": 1}


def test_a_vague_start_counts_in_the_year_that_was_decided(centre: Centre) -> None:
    centre.record("project-x", ProjectStarted(project=an_id("x"), year=2008, occurred="2007/2008"))
    report = centre.report(IN_2008)
    assert report.projects_by_year == {"2008": 1}
    assert {"projects_total", "projects_by_year"} <= set(report.approximate)


def test_projects_are_told_by_the_kind_of_their_funders(centre: Centre) -> None:
    centre.project("a", "2007-03-01", FunderKind.GOVERNMENT, FunderKind.GOVERNMENT)
    centre.project("b", "2008-03-01", FunderKind.GOVERNMENT, FunderKind.EMBASSY)
    centre.project("c", "2009-03-01", FunderKind.EMBASSY)
    assert centre.report(IN_2008).projects_by_funder_kind == {
        "government": 2,
        "foreign_organisation": 0,
        "embassy": 1,
        "municipality": 0,
        "private": 0,
    }


def test_a_funder_whose_kind_was_recorded_wrongly_counts_as_what_it_is(centre: Centre) -> None:
    centre.project("a", "2008-03-01", FunderKind.PRIVATE)
    funder = an_id(FunderKind.PRIVATE)
    correction = FunderCorrected(funder=funder, kind=FunderKind.EMBASSY, name="An embassy", country="NO")
    centre.record(f"funder-{funder}", correction)
    kinds = centre.report(IN_2008).projects_by_funder_kind
    assert (kinds["private"], kinds["embassy"]) == (0, 1)


def test_a_victim_counts_once_however_often_she_was_helped(centre: Centre) -> None:
    centre.victims(12, "2004-05-01")
    centre.victims(12, "2007-05-01")
    assert centre.report(YEARS_2004_TO_2007).beneficiaries_assisted == 12


def test_only_the_period_counts(centre: Centre) -> None:
    centre.victims(12, "2003-12-31")
    centre.victims(11, "2004-01-01")
    centre.victims(13, "2008-01-01")
    assert centre.report(YEARS_2004_TO_2007).beneficiaries_assisted == 11


def test_a_victim_who_was_admitted_is_assisted_before_the_first_service(centre: Centre) -> None:
    centre.victims(9, "2008-05-01")
    for name, admitted in (("asked", False), ("came", True)):
        programme = an_id(f"programme of {name}")
        requested = ProgrammeRequested(
            programme=programme, beneficiary=an_id(name), ground=Ground.TRAFFICKING_VICTIM, occurred="2008-01-10"
        )
        centre.record(f"programme-{programme}", requested)
        if admitted:
            centre.record(f"programme-{programme}", ProgrammeAdmitted(programme=programme, occurred="2008-01-12"))
    assert centre.report(IN_2008).beneficiaries_assisted == 10


def test_crisis_help_in_a_case_assists_a_victim(centre: Centre) -> None:
    centre.victims(9, "2008-05-01")
    centre.support("another victim", Recipient.VICTIM, "2008-06-01")
    assert centre.report(IN_2008).beneficiaries_assisted == 10


def test_relatives_are_supported_not_assisted(centre: Centre) -> None:
    for number in range(12):
        centre.support(f"relative {number}", Recipient.FAMILY_MEMBER, "2008-05-01")
    centre.service("relative 12", "2008-05-01", Ground.FAMILY_MEMBER)
    report = centre.report(IN_2008)
    assert (report.family_members_supported, report.beneficiaries_assisted) == (13, None)


def test_two_records_of_one_person_count_once(centre: Centre) -> None:
    centre.victims(14, "2008-05-01")
    centre.link("victim 0", "victim 1")
    centre.link("victim 1", "victim 2")
    centre.link("victim 3", "somebody of another year")
    assert centre.report(IN_2008).beneficiaries_assisted == 12


def test_records_linked_through_a_third_one_count_once(centre: Centre) -> None:
    centre.victims(12, "2008-05-01")
    centre.link("victim 0", "a record without services")
    centre.link("a record without services", "victim 1")
    assert centre.report(IN_2008).beneficiaries_assisted == 11


def test_unlinked_records_count_apart_again(centre: Centre) -> None:
    centre.victims(12, "2008-05-01")
    linked = centre.link("victim 0", "victim 1")
    unlinked = RecordsUnlinked(link=linked.link, first=linked.first, second=linked.second, occurred="2008")
    centre.record(f"link-{linked.link}", unlinked)
    assert centre.report(IN_2008).beneficiaries_assisted == 12


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=12))
def test_one_record_stands_for_all_that_are_linked(pairs: list[tuple[str, str]]) -> None:
    groups = [{record} for record in sorted({record for pair in pairs for record in pair})]
    for first, second in pairs:
        joined = [group for group in groups if first in group or second in group]
        groups = [group for group in groups if group not in joined] + [set().union(*joined)]
    lead = one_for_each(pairs)
    assert set(lead) == set().union(*groups)
    assert sorted(len({lead[record] for record in group}) for group in groups) == [1] * len(groups)
    assert len(set(lead.values())) == len(groups)


def test_services_are_counted_by_kind(centre: Centre) -> None:
    centre.service("a", "2008-05-01", kind=ServiceKind.LEGAL)
    centre.service("a", "2008-05-02", kind=ServiceKind.LEGAL)
    centre.support("b", Recipient.OTHER, "2008-05-02", kind=HelpKind.CRISIS)
    centre.service("a", "2009-05-02", kind=ServiceKind.MEDICAL)
    services = centre.report(IN_2008).services_by_kind
    assert services == {
        "crisis": 1,
        "psychological": 0,
        "legal": 2,
        "medical": 0,
        "social": 0,
        "vocational": 0,
        "material": 0,
    }


def test_a_corrected_service_counts_as_it_was(centre: Centre) -> None:
    service = centre.service("a", "2008-05-01", kind=ServiceKind.LEGAL)
    corrected = ServiceCorrected(
        programme=an_id("a"),
        service=service,
        beneficiary=an_id("a"),
        ground=Ground.TRAFFICKING_VICTIM,
        kind=ServiceKind.SOCIAL,
        minutes=5,
        staff="w-1",
        occurred="2008-05-02",
    )
    centre.record(f"programme-{an_id('a')}", corrected)
    support = centre.support("b", Recipient.OTHER, "2008-05-02")
    moved = SupportCorrected(
        case=an_id("case"),
        support=support,
        person=an_id("b"),
        recipient=Recipient.OTHER,
        kind=HelpKind.CRISIS,
        minutes=5,
        staff="w-1",
        occurred="2007-05-02",
    )
    centre.record(f"case-{an_id('case')}", moved)
    services = centre.report(IN_2008).services_by_kind
    assert (services["legal"], services["social"], services["crisis"]) == (0, 1, 0)


def test_what_was_retracted_does_not_count(centre: Centre) -> None:
    centre.victims(10, "2008-05-01")
    service = centre.service("in the wrong file", "2008-05-01")
    support = centre.support("in the wrong file too", Recipient.VICTIM, "2008-05-01")
    retracted = ServiceRetracted(programme=an_id("p"), service=service, beneficiary=an_id("in the wrong file"))
    centre.record(f"programme-{an_id('p')}", retracted)
    entry = EntryRetracted(
        case=an_id("case"), entry=support, kind=EntryKind.SUPPORT, about=an_id("in the wrong file too")
    )
    centre.record(f"case-{an_id('case')}", entry)
    report = centre.report(IN_2008)
    assert (report.beneficiaries_assisted, sum(report.services_by_kind.values())) == (10, 10)


def test_few_persons_are_not_told(centre: Centre) -> None:
    centre.victims(9, "2008-05-01")
    report = centre.report(IN_2008)
    assert report.beneficiaries_assisted is None
    assert {"beneficiaries_assisted", "family_members_supported"} <= set(report.suppressed)
    assert report.services_by_kind["legal"] == 9  # services are not persons


def test_few_persons_are_not_told_to_a_supervisor_either(centre: Centre) -> None:
    centre.victims(9, "2008-05-01")
    report = centre.report({"from": "2008-04-01", "to": "2008-06-30"}, Role.SUPERVISOR)
    assert (report.beneficiaries_assisted, "beneficiaries_assisted" in report.suppressed) == (None, True)


def test_ten_persons_are_told(centre: Centre) -> None:
    centre.victims(10, "2008-05-01")
    report = centre.report(IN_2008)
    assert (report.beneficiaries_assisted, "beneficiaries_assisted" in report.suppressed) == (10, False)


def test_campaigns_of_the_period_are_listed(centre: Centre) -> None:
    centre.record(f"campaign-{CAMPAIGN}", held)
    (campaign,) = centre.report(IN_2008).campaigns
    assert (campaign.slogan, campaign.town, campaign.held_on) == ("Don't sell yourself", "Vilnius", "2008-10-02")
    assert campaign.participants is not None
    assert (campaign.participants.number, campaign.participants.precision) == (100, "approximate")
    assert "campaigns/0/participants" in centre.report(IN_2008).approximate
    assert centre.report(YEARS_2004_TO_2007).campaigns == ()


def test_a_corrected_campaign_is_listed_as_it_was(centre: Centre) -> None:
    centre.record(
        f"campaign-{CAMPAIGN}",
        held,
        AttendanceCorrected(campaign=CAMPAIGN, attendance=exactly(97), occurred="2008-10-04"),
        CampaignCorrected(campaign=CAMPAIGN, venue="Town hall", held_on="2007-10-02", occurred="2008-10-04"),
        CampaignCorrected(campaign=CAMPAIGN, aim="Another aim", occurred="2008-10-05"),
    )
    (campaign,) = centre.report(YEARS_2004_TO_2007).campaigns
    assert campaign.participants is not None
    assert (campaign.venue, campaign.participants.number) == ("Town hall", 97)


def test_few_participants_are_not_told_and_an_unstated_number_is_none(centre: Centre) -> None:
    centre.record("campaign-a", held.model_copy(update={"campaign": an_id("a"), "attendance": exactly(4)}))
    later = {"campaign": an_id("b"), "attendance": UNSTATED, "occurred": "2008-10-03"}
    centre.record("campaign-b", held.model_copy(update=later))
    report = centre.report(IN_2008)
    few, unstated = report.campaigns
    assert few.participants is None
    assert "campaigns/0/participants" in report.suppressed
    assert unstated.participants is not None
    assert (unstated.participants.number, unstated.participants.precision) == (None, "unstated")


def test_outcomes_of_the_period_are_listed(centre: Centre) -> None:
    centre.record(f"advocacy-{ADVOCACY}", adopted)
    (outcome,) = centre.report(IN_2008).advocacy_outcomes
    assert (outcome.outcome, outcome.addressee) == ("adopted", "Seimas")
    assert outcome.legal_act is not None
    assert outcome.observance is not None
    assert (outcome.legal_act.body, outcome.observance.month, outcome.observance.day) == ("Seimas", 5, 25)


def test_an_objective_that_was_refused_and_then_adopted_has_both_outcomes(centre: Centre) -> None:
    first: AdvocacyConcluded = refused.model_copy(update={"occurred": "2007-05-01"})
    centre.record(f"advocacy-{ADVOCACY}", first, AdvocacyResumed(advocacy=ADVOCACY, occurred="2007-09-01"), adopted)
    assert [one.outcome for one in centre.report(YEARS_2004_TO_2007).advocacy_outcomes] == [Result.REFUSED]
    assert [one.outcome for one in centre.report(IN_2008).advocacy_outcomes] == [Result.ADOPTED]


def test_figures_that_rest_on_invented_records_say_so(centre: Centre) -> None:
    centre.project("a", "2008-03-01", FunderKind.GOVERNMENT, synthetic=True)
    centre.record(f"campaign-{CAMPAIGN}", held)
    report = centre.report(IN_2008)
    assert set(report.synthetic) == {"projects_total", "projects_by_year", "projects_by_funder_kind"}
    assert not report.campaigns[0].synthetic


def test_dates_too_vague_for_the_period_make_a_figure_approximate(centre: Centre) -> None:
    centre.service("a", "2008-05")
    assert "services_by_kind" not in centre.report(IN_2008).approximate
    spring = centre.report({"from": "2008-04-01", "to": "2008-06-30"}, Role.SUPERVISOR)
    assert {"services_by_kind", "beneficiaries_assisted"} <= set(spring.approximate)


def test_a_period_that_has_not_ended_is_preliminary(centre: Centre) -> None:
    assert not centre.report(IN_2008).preliminary
    assert centre.report({"from": "2009-01-01", "to": "2009-12-31"}).preliminary


def test_the_report_says_which_period_and_position_it_reflects(centre: Centre) -> None:
    centre.victims(3, "2008-05-01")
    report = centre.report(IN_2008)
    assert report.position == centre.store.head()
    assert report.model_dump(mode="json")["period"] == IN_2008


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.SUPERVISOR}])
def test_whole_years_are_open_to_every_role_and_nothing_else(centre: Centre, role: Role) -> None:
    assert centre.report(YEARS_2004_TO_2007, role).projects_total == 0
    with pytest.raises(Forbidden, match="Whole calendar years"):
        centre.report({"from": "2004-01-01", "to": "2007-12-30"}, role)


def test_any_range_is_open_to_a_supervisor(centre: Centre) -> None:
    centre.victims(12, "2004-05-01")
    assert centre.report({"from": "2004-05-01", "to": "2004-05-01"}, Role.SUPERVISOR).beneficiaries_assisted == 12


def test_who_asks_for_another_range_than_whole_years_is_logged(centre: Centre) -> None:
    with capture_logs() as logged:
        centre.report(IN_2008)
        centre.report({"from": "2008-01-01", "to": "2008-06-30"}, Role.SUPERVISOR)
    ranges = [(line["first"], line["last"]) for line in logged if "actor" in line]
    assert ranges == [("2008-01-01", "2008-06-30")]


def test_a_period_does_not_end_before_it_begins(centre: Centre) -> None:
    with pytest.raises(Invalid):
        centre.report({"from": "2008-01-01", "to": "2007-12-31"}, Role.SUPERVISOR)

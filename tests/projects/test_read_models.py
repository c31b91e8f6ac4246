"""The portfolio, a grant's statement, funders' shares, deadlines: as an auditor asks for them. Over the real log."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from services.projects.funder import CorrectFunder, FunderKind, RegisterFunder
from services.projects.grant.award import AmendGrant, AwardGrant, LineChange, ReceiveInstalment
from services.projects.grant.reporting import CloseGrant, RequireReport, SubmitReport
from services.projects.grant.spending import ReverseCharge
from services.projects.grant.state import ReportStatus
from services.projects.project.life import (
    ApproveProject,
    CompleteProject,
    CorrectProject,
    CorrectProjectStart,
    ProposeProject,
    RejectProject,
    StartProject,
)
from services.projects.project.state import Status
from services.projects.project.work import (
    AssignStaff,
    DefineIndicator,
    JoinPartner,
    Precision,
    RecordResult,
    ReleaseStaff,
    RetractResult,
)
from services.projects.projections.deadlines import ListFunderReports
from services.projects.projections.donor_report import ShowDonorReport
from services.projects.projections.portfolio import Portfolio
from services.projects.projections.project_file import ShowProject
from services.projects.projections.questions import (
    ListFunders,
    ListGrantEntries,
    ListGrants,
    ListProjects,
    ShowFunder,
    ShowFunderShares,
    ShowPortfolio,
    ShowStatement,
)
from shared.errors import Forbidden, Invalid, NotFound
from shared.messages import Command, Role
from tests.projects.conftest import Office
from tests.projects.examples import (
    CHARGE,
    FUNDER,
    GIRL_POWER,
    GRANT,
    OTHER_GRANT,
    PARTNER,
    PROJECT,
    RESERVATION,
    award,
    charge,
    line,
    money,
    reserve,
)

EMBASSY = "1c8f2d63-a501-4d2c-9b66-2a0b7d3e8f21"
GOVERNMENT = "2d903e74-b612-4e3d-8c77-3b1c8e4f9a32"
JANUARY, MARCH, MAY = date(2008, 1, 15), date(2008, 3, 12), date(2008, 5, 2)


def project_id(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


def started(number: int, occurred: str, **more: Any) -> list[Command]:
    project = project_id(number)
    return [
        ProposeProject(project=project, title=f"Project {number}", occurred="2003", **more),
        ApproveProject(project=project, occurred="2003"),
        StartProject(project=project, occurred=occurred),
    ]


def funder(key: str, kind: FunderKind, name: str) -> RegisterFunder:
    return RegisterFunder(funder=key, kind=kind, name=name, country="LT", occurred="2003")


def grant_of(number: int, to: int, by: str, amount: str, currency: Any = "EUR", year: int = 2008) -> AwardGrant:
    whole = money(amount, currency)
    return AwardGrant(
        grant=f"{number:08d}-0000-4000-8000-00000000000a",
        project=project_id(to),
        funder=by,
        amount=whole,
        eligible_from=date(year, 1, 1),
        eligible_until=date(year, 12, 31),
        lines=(line("food", amount).model_copy(update={"amount": whole}),),
        occurred=date(year, 1, 1),
    )


def test_a_project_counts_once_in_the_year_it_started_and_one_not_started_never(office: Office) -> None:
    office.do(*started(1, "2007-03"), *started(2, "2008"), *started(3, "2008-09-30"))
    office.do(CompleteProject(project=project_id(2), occurred="2008-10"))
    office.do(ProposeProject(project=project_id(4), title="Never started", occurred="2008-02"))
    office.do(RejectProject(project=project_id(4), occurred="2008-03"))
    answer = office.ask(ShowPortfolio())
    assert (answer.projects_total, answer.by_year) == (3, {"2007": 1, "2008": 2})


def test_a_portfolio_to_a_year_counts_what_started_until_its_end(office: Office) -> None:
    office.do(*started(1, "2004-03"), *started(2, "2007"), *started(3, "2008-01"))
    answer = office.ask(ShowPortfolio(first_year=2005, last_year=2007))
    assert (answer.projects_total, answer.projects_in_span, answer.by_year) == (2, 1, {"2007": 1})


def test_a_corrected_start_moves_a_project_to_its_year(office: Office) -> None:
    office.do(*started(1, "2008-01"), CorrectProjectStart(project=project_id(1), occurred="2007-12"))
    assert office.ask(ShowPortfolio()).by_year == {"2007": 1}


def test_invented_projects_are_counted_and_marked(office: Office) -> None:
    office.do(*started(1, "2008"), synthetic=True)
    office.do(*started(2, "2008"))
    assert (office.ask(ShowPortfolio()).projects_total, office.ask(ShowPortfolio()).invented) == (2, 1)
    assert [one.invented for one in office.ask(ListProjects()).projects] == [True, False]


def test_projects_are_shown_by_funder_and_by_kind_of_funder(office: Office) -> None:
    office.do(
        funder(GOVERNMENT, FunderKind.GOVERNMENT, "The government"),
        funder(EMBASSY, FunderKind.EMBASSY, "An embassy"),
        funder(FUNDER, FunderKind.EMBASSY, "Another embassy"),
        *started(1, "2008"),
        *started(2, "2008"),
        *started(3, "2008"),
        grant_of(1, 1, GOVERNMENT, "100.00"),
        grant_of(2, 1, EMBASSY, "50.00"),
        grant_of(3, 2, EMBASSY, "70.00", "LTL"),
        grant_of(4, 2, FUNDER, "1.00"),
    )
    answer = office.ask(ShowPortfolio(last_year=2008))
    assert [(one.kind, one.projects, one.awarded) for one in answer.by_funder_kind] == [
        (FunderKind.EMBASSY, 2, {"EUR": Decimal("51.00"), "LTL": Decimal("70.00")}),
        (FunderKind.GOVERNMENT, 1, {"EUR": Decimal("100.00")}),
    ]
    assert [(one.name, one.projects) for one in answer.by_funder] == [
        ("An embassy", 2),
        ("Another embassy", 1),
        ("The government", 1),
    ]
    assert answer.without_funder == 1


def test_a_funders_corrected_kind_counts_for_earlier_years_too(office: Office) -> None:
    office.do(funder(FUNDER, FunderKind.EMBASSY, "Somebody"), *started(1, "2008"), grant_of(1, 1, FUNDER, "1.00"))
    office.do(CorrectFunder(funder=FUNDER, kind=FunderKind.MUNICIPALITY, name="A town", country="LT"))
    assert [one.kind for one in office.ask(ShowPortfolio()).by_funder_kind] == [FunderKind.MUNICIPALITY]


def test_shares_of_funders_add_litas_at_the_fixed_rate_and_leave_other_currencies_apart(office: Office) -> None:
    office.do(
        funder(GOVERNMENT, FunderKind.GOVERNMENT, "The government"),
        funder(EMBASSY, FunderKind.EMBASSY, "An embassy"),
        grant_of(1, 1, GOVERNMENT, "1035.84", "LTL"),
        grant_of(2, 1, EMBASSY, "100.00"),
        grant_of(3, 1, EMBASSY, "50.00", "SEK"),
    )
    answer = office.ask(ShowFunderShares())
    assert answer.euros == Decimal("400.00")
    shown = [(one.name, one.euros, one.share, one.not_converted) for one in answer.shares]
    assert shown == [
        ("The government", Decimal("300.00"), Decimal("75.0"), {}),
        ("An embassy", Decimal("100.00"), Decimal("25.0"), {"SEK": Decimal("50.00")}),
    ]


def test_shares_of_a_year_count_awards_and_amendments_of_that_year(office: Office) -> None:
    office.do(
        funder(FUNDER, FunderKind.EMBASSY, "An embassy"),
        grant_of(1, 1, FUNDER, "100.00", year=2007),
        AmendGrant(
            grant=grant_of(1, 1, FUNDER, "100.00").grant,
            changes=(LineChange(line="food", by=Decimal("-20.00")),),
            effective=date(2007, 12, 1),
            occurred=date(2008, 1, 2),
        ),
    )
    assert office.ask(ShowFunderShares(last_year=2007)).euros == Decimal("100.00")
    assert office.ask(ShowFunderShares()).euros == Decimal("80.00")


def test_a_statement_shows_each_earmark_awarded_committed_spent_and_left(office: Office) -> None:
    office.do(
        award,
        charge("345.28", MARCH, "LTL"),
        reserve("200.00", MAY, line="salaries"),
        ReceiveInstalment(grant=GRANT, amount=money("2000.00"), occurred=JANUARY),
    )
    statement = office.ask(ShowStatement(grant=GRANT))
    shown = [(one.line, *map(str, (one.awarded, one.committed, one.spent, one.left))) for one in statement.lines]
    assert shown == [
        ("food", "1000.00", "0.00", "100.00", "900.00"),
        ("salaries", "2500.00", "200.00", "0.00", "2300.00"),
        ("events", "500.00", "0.00", "0.00", "500.00"),
    ]
    whole = (statement.awarded, statement.committed, statement.spent, statement.left, statement.received)
    assert tuple(map(str, whole)) == ("4000.00", "200.00", "100.00", "3700.00", "2000.00")


def test_each_figure_of_a_statement_opens_to_the_entries_that_it_adds_up(office: Office) -> None:
    office.do(
        award,
        reserve("300.00", MARCH),
        charge("120.00", MAY, reservation=RESERVATION),
        ReverseCharge(grant=GRANT, charge=CHARGE, occurred=date(2008, 6, 1)),
        charge("55.55", MAY, charge=OTHER_GRANT),
    )
    food = next(one for one in office.ask(ShowStatement(grant=GRANT)).lines if one.line == "food")
    assert food.entries == f"/grants/{GRANT}/entries?line=food"
    for figure in ("awarded", "committed", "spent"):
        entries = office.ask(ListGrantEntries(grant=GRANT, line="food", figure=figure)).entries
        assert sum(getattr(entry, figure) for entry in entries) == getattr(food, figure)
        assert all(getattr(entry, figure) for entry in entries)


def test_a_statement_on_a_day_counts_what_was_true_then(office: Office) -> None:
    office.do(
        award,
        charge("400.00", MARCH),
        ReverseCharge(grant=GRANT, charge=CHARGE, occurred=MAY),
        AmendGrant(
            grant=GRANT,
            changes=(LineChange(line="food", by=Decimal("50.00")),),
            effective=date(2008, 7, 1),
            occurred=date(2008, 6, 1),
        ),
    )

    def food(day: date) -> tuple[Decimal, Decimal]:
        shown = next(one for one in office.ask(ShowStatement(grant=GRANT, on=day)).lines if one.line == "food")
        return shown.awarded, shown.spent

    assert food(date(2007, 12, 31)) == (0, 0)
    assert food(MARCH - timedelta(days=1)) == (1000, 0)
    assert food(MAY - timedelta(days=1)) == (1000, 400)
    assert food(MAY) == (1000, 0)
    assert food(date(2008, 7, 1)) == (1050, 0)


def test_a_statement_as_of_a_time_counts_what_was_known_then(office: Office) -> None:
    office.do(award)
    then = office.now
    office.do(charge("400.00", MARCH))
    assert office.ask(ShowStatement(grant=GRANT, as_of=then)).spent == 0
    assert office.ask(ShowStatement(grant=GRANT, as_of=office.now)).spent == 400
    backdated = office.ask(ShowStatement(grant=GRANT, on=MAY, as_of=then))
    assert (backdated.awarded, backdated.spent) == (4000, 0)


def test_a_charge_before_its_reservations_day_is_reserved_and_spent_until_then(office: Office) -> None:
    office.do(award, reserve("100.00", MAY), charge("100.00", MARCH, reservation=RESERVATION))
    for day, committed in ((MARCH, 0), (MAY - timedelta(days=1), 0), (MAY, 0)):
        statement = office.ask(ShowStatement(grant=GRANT, on=day))
        assert (statement.committed, statement.spent) == (committed, 100)


def test_what_is_left_on_a_statement_is_what_the_rules_see_left(office: Office) -> None:
    office.do(award, reserve("300.00", MARCH), charge("120.00", MAY, reservation=RESERVATION))
    state = office.state_of_grant(GRANT)
    for day in (JANUARY, MARCH, MAY, date(2008, 9, 1)):
        for shown in office.ask(ShowStatement(grant=GRANT, on=day)).lines:
            assert shown.left == state.lines[shown.line].headroom.on(day)


def test_an_extended_grant_shows_its_new_last_day_and_that_of_its_lines(office: Office) -> None:
    later = date(2009, 3, 31)
    office.do(award)
    office.do(AmendGrant(grant=GRANT, eligible_until=later, effective=MAY, occurred=MAY))
    assert {one.last_day for one in office.ask(ShowStatement(grant=GRANT)).lines} == {later}
    assert office.ask(ListGrants()).grants[0].eligible_until == later


def test_a_closed_grant_shows_what_went_back(office: Office) -> None:
    plain = AwardGrant(**{**GIRL_POWER, "reports": (), "amount": money("10.00")}, lines=(line("food", "10.00"),))
    office.do(plain, ReceiveInstalment(grant=GRANT, amount=money("10.00"), occurred=JANUARY), charge("7.50", MARCH))
    office.do(CloseGrant(grant=GRANT, returned=money("2.50"), occurred=MAY))
    statement = office.ask(ShowStatement(grant=GRANT))
    assert (statement.returned, statement.closed_on) == (Decimal("2.50"), MAY)


def test_nobody_but_those_who_keep_or_check_the_books_reads_a_statement(office: Office) -> None:
    office.do(award)
    with pytest.raises(Forbidden):
        office.ask(ShowStatement(grant=GRANT), Role.CASEWORKER)


def test_what_is_not_there_is_not_found(office: Office) -> None:
    office.settle()
    with pytest.raises(NotFound):
        office.ask(ShowStatement(grant=GRANT))
    with pytest.raises(NotFound):
        office.ask(ShowProject(project=PROJECT))


def test_a_list_is_read_page_by_page_while_it_grows(office: Office) -> None:
    office.do(*started(1, "2008"), *started(2, "2008"), *started(3, "2008"))
    first = office.ask(ListProjects(limit=2))
    office.do(*started(4, "2008"))
    second = office.ask(ListProjects(limit=2, after=first.next))
    titles = [one.title for one in (*first.projects, *second.projects)]
    assert titles == ["Project 1", "Project 2", "Project 3", "Project 4"]
    assert second.next is None


def test_a_corrected_title_is_shown_everywhere(office: Office) -> None:
    office.do(*started(1, "2008"), CorrectProject(project=project_id(1), title="A better title", objectives=("Work",)))
    office.do(grant_of(1, 1, FUNDER, "1.00"))
    report: dict[str, Any] = {"grant": grant_of(1, 1, FUNDER, "1.00").grant, "report": "final"}
    office.do(RequireReport(**report, first_day=JANUARY, last_day=MARCH, due=MAY))
    assert office.ask(ListProjects()).projects[0].title == "A better title"
    page = office.ask(ShowProject(project=project_id(1)))
    assert (page.title, page.objectives) == ("A better title", ("Work",))
    assert office.ask(ShowDonorReport(**report)).project == "A better title"


def test_who_a_private_donor_is_is_shown_apart_from_their_public_name(office: Office) -> None:
    donor = RegisterFunder(
        funder=FUNDER,
        kind=FunderKind.PRIVATE,
        name="a private donor",
        donor="Somebody Generous",
        country="LT",
        occurred="2003",
    )
    office.do(donor)
    assert office.ask(ListFunders()).funders[0].name == "a private donor"
    assert office.ask(ShowFunder(funder=FUNDER)).donor == "Somebody Generous"
    assert not [event for event in office.store.read_all() if b"Generous" in event.data]
    with pytest.raises(NotFound):
        office.ask(ShowFunder(funder=EMBASSY))


def test_lists_are_narrowed(office: Office) -> None:
    office.do(*started(1, "2008", programme="Girl power"), *started(2, "2007"))
    office.do(funder(FUNDER, FunderKind.EMBASSY, "An embassy"), grant_of(1, 1, FUNDER, "1.00"))
    assert [one.title for one in office.ask(ListProjects(year=2007)).projects] == ["Project 2"]
    assert [one.title for one in office.ask(ListProjects(programme="Girl power")).projects] == ["Project 1"]
    assert office.ask(ListProjects(status=Status.COMPLETED)).projects == ()
    assert [one.name for one in office.ask(ListFunders(kind=FunderKind.EMBASSY)).funders] == ["An embassy"]
    assert office.ask(ListFunders(kind=FunderKind.PRIVATE)).funders == ()
    assert len(office.ask(ListGrants(project=project_id(1))).grants) == 1
    assert office.ask(ListGrants(funder=EMBASSY)).grants == ()


def test_entries_are_read_page_by_page(office: Office) -> None:
    office.do(award)
    first = office.ask(ListGrantEntries(grant=GRANT, limit=2))
    rest = office.ask(ListGrantEntries(grant=GRANT, limit=2, after=first.next))
    assert [one.line for one in (*first.entries, *rest.entries)] == ["food", "salaries", "events"]


def test_reports_to_funders_come_by_their_last_day(office: Office) -> None:
    office.do(award)
    for name, due in (("late", date(2009, 5, 1)), ("early", date(2008, 2, 1))):
        office.do(RequireReport(grant=GRANT, report=name, first_day=JANUARY, last_day=MARCH, due=due))
    first = office.ask(ListFunderReports(limit=2))
    rest = office.ask(ListFunderReports(limit=2, after=first.next))
    assert [one.report for one in (*first.reports, *rest.reports)] == ["early", "interim", "late"]
    assert [one.report for one in office.ask(ListFunderReports(due_until=date(2008, 4, 30))).reports] == [
        "early",
        "interim",
    ]
    with pytest.raises(Invalid):
        office.ask(ListFunderReports(after="somewhere"))


def test_a_report_to_a_funder_shows_its_period_what_was_before_and_what_was_reached(office: Office) -> None:
    reached: dict[str, Any] = {"project": PROJECT, "indicator": "trained"}
    office.do(
        funder(FUNDER, FunderKind.FOREIGN_ORGANISATION, "Emmaüs Europe"),
        ProposeProject(project=PROJECT, title="A safe start", programme="Girl power", occurred="2007"),
        ApproveProject(project=PROJECT, occurred="2007"),
        StartProject(project=PROJECT, occurred="2008-01"),
        DefineIndicator(project=PROJECT, indicator="trained", text="Trained", unit="persons", target=Decimal(12)),
        RecordResult(**reached, value=Decimal(2), occurred="2008-03"),
        RecordResult(**reached, value=Decimal(3), precision=Precision.APPROXIMATE, occurred="2008-06-30"),
        RecordResult(**reached, value=Decimal(50), occurred="2008-07"),
        award,
        RequireReport(grant=GRANT, report="spring", first_day=MARCH, last_day=date(2008, 6, 30), due=date(2008, 8, 1)),
        charge("100.00", MARCH - timedelta(days=1)),
        charge("30.00", MARCH, charge=OTHER_GRANT),
        charge("7.00", date(2008, 7, 1), charge=PARTNER),
        reserve("200.00", MAY, line="salaries"),
        ReceiveInstalment(grant=GRANT, amount=money("1000.00"), occurred=JANUARY),
        ReceiveInstalment(grant=GRANT, amount=money("500.00"), occurred=MAY),
    )
    report = office.ask(ShowDonorReport(grant=GRANT, report="spring"))
    assert (report.funder, report.project, report.programme) == ("Emmaüs Europe", "A safe start", "Girl power")
    food = report.lines[0]
    assert tuple(map(str, (food.awarded, food.spent_before, food.spent_in_period, food.left))) == (
        "1000.00",
        "100.00",
        "30.00",
        "870.00",
    )
    assert str(report.lines[1].committed) == "200.00"
    whole = (report.spent_in_period, report.received_in_period, report.received)
    assert tuple(map(str, whole)) == ("30.00", "500.00", "1500.00")
    (indicator,) = report.indicators
    assert (indicator.reached, indicator.precision) == (5, Precision.APPROXIMATE)


def test_a_report_is_preliminary_until_it_is_submitted(office: Office) -> None:
    office.do(award)
    assert office.ask(ShowDonorReport(grant=GRANT, report="interim")).preliminary
    office.do(SubmitReport(grant=GRANT, report="interim", occurred=date(2008, 4, 10)))
    report = office.ask(ShowDonorReport(grant=GRANT, report="interim"))
    assert (report.preliminary, report.status) == (False, ReportStatus.SUBMITTED)
    with pytest.raises(NotFound):
        office.ask(ShowDonorReport(grant=GRANT, report="final"))


def test_a_page_has_at_least_one_line_and_at_most_500() -> None:
    for limit in (0, 501):
        with pytest.raises(ValidationError):
            ListProjects(limit=limit)


def test_a_project_has_its_steps_indicators_staff_and_partners_on_one_page(office: Office) -> None:
    project = project_id(1)
    result = "3c1f5b7d-9e24-4a68-b0c2-6d8e1f3a5b79"
    reached: dict[str, Any] = {"project": project, "indicator": "trained", "occurred": "2008-09"}
    office.do(
        *started(1, "2008-01", programme="Girl power", objectives=("Work", "A home")),
        DefineIndicator(project=project, indicator="trained", text="Trained", unit="persons", target=Decimal(12)),
        RecordResult(**reached, value=Decimal(5)),
        RecordResult(**reached, value=Decimal(4), precision=Precision.APPROXIMATE),
        RecordResult(**reached, value=Decimal(90), result=result),
        RetractResult(project=project, result=result),
        AssignStaff(project=project, staff="w-7", task="social worker", occurred="2008-01"),
        ReleaseStaff(project=project, staff="w-7", occurred="2008-05"),
        AssignStaff(project=project, staff="w-7", task="lawyer", occurred="2008-08"),
        JoinPartner(project=project, partner=PARTNER, part="training places", occurred="2008-02"),
    )
    page = office.ask(ShowProject(project=project))
    assert (page.objectives, page.status, page.year, page.number) == (("Work", "A home"), Status.RUNNING, 2008, 1)
    assert [step.status for step in page.steps] == [Status.PROPOSED, Status.APPROVED, Status.RUNNING]
    (indicator,) = page.indicators
    assert (indicator.target, indicator.reached, indicator.precision) == (12, 9, Precision.APPROXIMATE)
    assert [(one.what, one.since, one.until) for one in page.staff] == [
        ("social worker", "2008-01", "2008-05"),
        ("lawyer", "2008-08", None),
    ]
    assert [one.what for one in page.partners] == ["training places"]


def test_the_minutes_of_services_are_attributed_to_their_project_and_are_not_money(office: Office) -> None:
    project = project_id(1)
    office.do(*started(1, "2008"))

    def hear(name: str, **about: Any) -> None:
        office.hear(f"rehabilitation.{name}", orjson.dumps(about), "programme-1")

    hear("ServiceDelivered", service="s-1", kind="legal", minutes=50, project=project)
    hear("ServiceDelivered", service="s-2", kind="legal", minutes=30, project=project)
    hear("ServiceDelivered", service="s-3", kind="social", minutes=90, project=project)
    hear("ServiceDelivered", service="s-4", kind="social", minutes=500)
    hear("ServiceCorrected", service="s-2", kind="medical", minutes=20, project=project)
    hear("ServiceRetracted", service="s-3")
    assert office.ask(ShowProject(project=project)).minutes == {"legal": 50, "medical": 20}
    hear("ServiceCorrected", service="s-1", kind="legal", minutes=50)
    assert office.ask(ShowProject(project=project)).minutes == {"medical": 20}


def test_a_rebuilt_read_model_says_the_same(office: Office) -> None:
    office.do(
        funder(FUNDER, FunderKind.EMBASSY, "An embassy"), *started(1, "2008"), grant_of(1, 1, FUNDER, "1.00"), award
    )
    before = office.ask(ShowPortfolio())
    office.projector.rebuild(Portfolio.name)
    assert office.ask(ShowPortfolio()) == before

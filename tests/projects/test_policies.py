"""What follows from what: numbers, shares of expenses, deadlines, campaign budgets. Over the real log."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest

from services.projects import context
from services.projects.expense import RecordExpense, ReverseExpense, ShareStatus
from services.projects.grant.award import AwardGrant
from services.projects.grant.reporting import ClosePeriod, ReturnReport, SubmitReport
from services.projects.grant.spending import ReverseCharge
from services.projects.grant.state import Share
from services.projects.project.life import ApproveProject, CorrectProjectStart, ProposeProject, StartProject
from services.projects.projections.deadlines import ListFunderReports
from services.projects.projections.expenses import ListExpenses, ShowExpense
from services.projects.projections.questions import ListGrantEntries, ListGrantRefusals, ListProjects, ShowStatement
from services.projects.register import NumberProject
from shared.errors import Forbidden
from shared.messages import Role
from tests.projects.conftest import Office
from tests.projects.examples import (
    CAMPAIGN,
    EXPENSE,
    GIRL_POWER,
    GRANT,
    INVOICE,
    LINES,
    OTHER_GRANT,
    award,
    charge,
    line,
    money,
    on_food,
    record,
)

PROJECTS = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(1, 4)]


def start(project: str, day: str) -> list[Any]:
    return [
        ProposeProject(project=project, title="A project", occurred="2007"),
        ApproveProject(project=project, occurred="2007"),
        StartProject(project=project, occurred=day),
    ]


def numbers(office: Office) -> dict[str, tuple[int | None, int | None]]:
    return {one.project: (one.year, one.number) for one in office.ask(ListProjects()).projects}


def food(office: Office) -> tuple[str, str, str]:
    statement = office.ask(ShowStatement(grant=GRANT))
    shown = next(one for one in statement.lines if one.line == "food")
    return str(shown.committed), str(shown.spent), str(shown.left)


def statuses(office: Office) -> list[ShareStatus]:
    return [share.status for share in office.ask(ShowExpense(expense=EXPENSE)).shares]


def test_projects_are_numbered_in_the_order_they_started_within_their_year(office: Office) -> None:
    office.do(*start(PROJECTS[0], "2008-02"), *start(PROJECTS[1], "2008-01"), *start(PROJECTS[2], "2007-12"))
    assert numbers(office) == {PROJECTS[0]: (2008, 1), PROJECTS[1]: (2008, 2), PROJECTS[2]: (2007, 1)}


def test_a_project_that_started_in_another_year_gets_that_years_next_number(office: Office) -> None:
    office.do(*start(PROJECTS[0], "2008-02"), *start(PROJECTS[1], "2007-12"))
    office.do(CorrectProjectStart(project=PROJECTS[0], occurred="2007-12-30"))
    assert numbers(office) == {PROJECTS[0]: (2007, 2), PROJECTS[1]: (2007, 1)}


def test_an_expense_is_charged_to_its_grant_and_the_rest_to_own_funds(office: Office) -> None:
    office.do(award, record)
    assert food(office) == ("0.00", "60.00", "940.00")
    assert statuses(office) == [ShareStatus.TAKEN, ShareStatus.OWN_FUNDS]
    assert office.ask(ListExpenses(flagged=True)).expenses == ()


def test_what_a_grant_refuses_falls_to_own_funds_and_is_flagged(office: Office) -> None:
    office.do(award, charge("940.01", date(2008, 9, 1)), record)
    assert food(office) == ("0.00", "940.01", "59.99")
    shown = office.ask(ShowExpense(expense=EXPENSE))
    assert shown.flagged
    assert (shown.shares[0].status, shown.shares[0].rule) == (ShareStatus.FELL_TO_OWN_FUNDS, "within-the-earmark")
    assert [one.expense for one in office.ask(ListExpenses(flagged=True)).expenses] == [EXPENSE]


def test_an_invoice_is_recorded_even_if_its_grant_was_never_awarded(office: Office) -> None:
    office.do(record)
    shown = office.ask(ShowExpense(expense=EXPENSE))
    assert (shown.shares[0].status, shown.shares[0].rule) == (ShareStatus.FELL_TO_OWN_FUNDS, "grant-is-awarded")


def test_each_grant_of_a_split_answers_for_itself(office: Office) -> None:
    other = {**GIRL_POWER, "grant": OTHER_GRANT, "amount": money("10.00")}
    on_other = on_food.model_copy(update={"grant": OTHER_GRANT, "weight": 40})
    office.do(award, AwardGrant(**other, lines=(line("food", "10.00"),)))
    office.do(RecordExpense(**INVOICE, split=(on_food, on_other)))
    assert statuses(office) == [ShareStatus.TAKEN, ShareStatus.FELL_TO_OWN_FUNDS]
    assert office.ask(ShowStatement(grant=OTHER_GRANT)).spent == 0


def test_reversing_an_expense_restores_the_earmark_from_the_reversals_day(office: Office) -> None:
    office.do(award, record)
    office.do(ReverseExpense(expense=EXPENSE, occurred=date(2008, 5, 2)))
    assert food(office) == ("0.00", "0.00", "1000.00")
    assert statuses(office) == [ShareStatus.GIVEN_BACK, ShareStatus.GIVEN_BACK]
    before = office.ask(ShowStatement(grant=GRANT, on=date(2008, 5, 1)))
    assert str(before.spent) == "60.00"


def test_an_expense_that_is_reversed_before_its_grant_has_answered_is_never_charged(office: Office) -> None:
    office.do(award, record, ReverseExpense(expense=EXPENSE, occurred=date(2008, 5, 2)))
    assert food(office) == ("0.00", "0.00", "1000.00")
    assert office.ask(ListGrantEntries(grant=GRANT, figure="spent")).entries == ()


def test_a_reversed_document_is_recorded_anew_with_another_split(office: Office) -> None:
    office.do(award, record, ReverseExpense(expense=EXPENSE, occurred=date(2008, 3, 12)))
    office.do(RecordExpense(**INVOICE, split=(on_food,)))
    assert food(office) == ("0.00", "100.00", "900.00")
    assert statuses(office) == [ShareStatus.GIVEN_BACK, ShareStatus.GIVEN_BACK, ShareStatus.TAKEN]
    assert office.ask(ShowExpense(expense=EXPENSE)).reversed_on is None


def test_a_charge_that_the_grant_cannot_take_back_is_flagged_until_it_is_reversed_there(office: Office) -> None:
    march = ClosePeriod(grant=GRANT, first_day=date(2008, 3, 1), last_day=date(2008, 3, 31))
    office.do(award, record)
    office.do(march, ReverseExpense(expense=EXPENSE, occurred=date(2008, 3, 20)))
    assert statuses(office)[0] is ShareStatus.STILL_CHARGED
    assert office.ask(ListExpenses(flagged=True)).expenses
    entry = Share(expense=EXPENSE, share=0).entry
    office.do(ReverseCharge(grant=GRANT, charge=entry, occurred=date(2008, 4, 1)))
    assert statuses(office)[0] is ShareStatus.GIVEN_BACK
    assert not office.ask(ListExpenses(flagged=True)).expenses


def test_a_litas_invoice_on_a_euro_grant_keeps_its_original_in_the_books(office: Office) -> None:
    litas = {**INVOICE, "amount": money("345.28", "LTL")}
    office.do(award, RecordExpense(**litas, split=(on_food,)))
    entry = office.ask(ListGrantEntries(grant=GRANT, figure="spent")).entries[0]
    assert str(entry.spent) == "100.00"
    assert str(entry.original) == "345.28 LTL"
    assert (str(entry.rate.per_euro), entry.rate.source) == ("3.45280", "Bank of Lithuania, official rate")


def test_the_accountant_reads_what_a_cost_was_for_and_the_log_does_not_hold_it_in_the_clear(office: Office) -> None:
    secret = "Food for the shelter in Alytus"
    named = RecordExpense(**INVOICE, supplier_name="UAB Duona", description=secret, split=(on_food,))
    office.do(award, named)
    shown = office.ask(ShowExpense(expense=EXPENSE))
    assert (shown.supplier_name, shown.description) == ("UAB Duona", secret)
    assert not [event for event in office.store.read_all() if secret.encode() in event.data or b"Duona" in event.data]


def test_however_often_events_are_delivered_a_share_is_charged_once(office: Office) -> None:
    office.do(award, record)
    head = office.store.head()
    office.forget_what_policies_have_read()
    office.settle()
    assert office.store.head() == head
    assert food(office) == ("0.00", "60.00", "940.00")


AFTER_THE_DEADLINE = datetime(2008, 4, 30, 21, 0, 1, tzinfo=UTC)  # a second into 1 May, at the centre


def overdue(office: Office) -> list[str]:
    return [one.report for one in office.ask(ListFunderReports(overdue=True)).reports]


def test_a_report_that_was_not_submitted_by_the_end_of_its_last_day_is_overdue(office: Office) -> None:
    office.now = datetime(2008, 1, 10, tzinfo=UTC)
    office.do(award)
    office.policies.fire_due(AFTER_THE_DEADLINE - timedelta(seconds=2))
    office.settle()
    assert overdue(office) == []
    office.now = AFTER_THE_DEADLINE
    office.policies.fire_due(AFTER_THE_DEADLINE)
    office.settle()
    assert overdue(office) == ["interim"]


def test_a_report_that_was_submitted_in_time_is_not_overdue(office: Office) -> None:
    office.now = datetime(2008, 4, 12, tzinfo=UTC)
    office.do(award, SubmitReport(grant=GRANT, report="interim", occurred=date(2008, 4, 10)))
    assert office.policies.fire_due(AFTER_THE_DEADLINE) == 0


def test_a_report_that_came_back_is_due_again(office: Office) -> None:
    office.now = datetime(2008, 5, 12, tzinfo=UTC)
    office.do(
        award,
        SubmitReport(grant=GRANT, report="interim", occurred=date(2008, 4, 10)),
        ReturnReport(grant=GRANT, report="interim", due=date(2008, 6, 1), occurred=date(2008, 5, 10)),
    )
    office.policies.fire_due(datetime(2008, 6, 2, 12, 0, tzinfo=UTC))
    office.settle()
    assert overdue(office) == ["interim"]


def campaign_event(office: Office, name: str, **more: Any) -> None:
    data = {"campaign": CAMPAIGN, "grant": GRANT, "occurred": "2008-09", **more}
    office.hear(f"campaigns.{name}", orjson.dumps(data), f"campaign-{CAMPAIGN}")


@pytest.mark.parametrize("name", ["CampaignPlanned", "CampaignFinanced"])
def test_a_campaigns_budget_is_committed_on_its_grant_until_it_is_cancelled(office: Office, name: str) -> None:
    office.do(award)
    campaign_event(office, name, budget={"amount": "450.00", "currency": "EUR"}, kind="public_action")
    assert str(office.ask(ShowStatement(grant=GRANT)).committed) == "450.00"
    campaign_event(office, "CampaignCancelled", occurred="2008-09-20")
    assert office.ask(ShowStatement(grant=GRANT)).committed == 0


def test_what_a_grant_did_not_give_is_listed_with_the_rule_and_what_was_left(office: Office) -> None:
    office.do(award, charge("990.00", date(2008, 3, 1)), record)
    campaign_event(office, "CampaignPlanned", budget={"amount": "500.01", "currency": "EUR"})
    first = office.ask(ListGrantRefusals(grant=GRANT, limit=1))
    rest = office.ask(ListGrantRefusals(grant=GRANT, after=first.next))
    shown = [
        (one.asked_by, one.record, one.share, one.line, str(one.amount), one.rule, str(one.left))
        for one in (*first.refusals, *rest.refusals)
    ]
    assert shown == [
        ("expense", EXPENSE, 0, "food", "60.00 EUR", "within-the-earmark", "10.00"),
        ("campaign", CAMPAIGN, None, None, "500.01 EUR", "within-the-earmark", "500.00"),
    ]


def test_a_campaign_without_a_grant_commits_nothing(office: Office) -> None:
    office.do(award)
    campaign_event(office, "CampaignPlanned", grant=None)
    assert office.ask(ShowStatement(grant=GRANT)).committed == 0


def test_what_only_policies_ask_for_no_person_may(office: Office) -> None:
    asked_by_policies = [command for command in context.commands() if command.route is None]
    assert {command.__name__ for command in asked_by_policies} == {
        "NumberProject",
        "WithdrawNumber",
        "ReserveShare",
        "ChargeShare",
        "ReleaseShare",
        "CommitBudget",
        "FreeBudget",
        "RecordReportOverdue",
        "AnswerShare",
    }
    assert not any(command.roles for command in asked_by_policies)
    with pytest.raises(Forbidden):
        office.do(NumberProject(year=2008, project=PROJECTS[0]))


def test_a_statement_is_for_those_who_keep_or_check_the_books(office: Office) -> None:
    office.do(award)
    assert office.ask(ShowStatement(grant=GRANT), Role.AUDITOR).awarded == sum(one.amount.amount for one in LINES)

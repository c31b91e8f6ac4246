"""Documents and their split over grants and own funds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from services.projects.expense import (
    Answer,
    AnswerShare,
    DocumentKind,
    ExpenseRecorded,
    ExpenseReversed,
    Part,
    RecordExpense,
    ReverseExpense,
    ShareFellToOwnFunds,
    ShareGivenBack,
    ShareStillCharged,
    ShareTaken,
    StatedTimeSheet,
    expense,
)
from shared.privacy.personal import personal_fields
from shared.testing import given
from tests.projects.examples import (
    EXPENSE,
    FOOD_SHARE,
    GRANT,
    INVOICE,
    OTHER_GRANT,
    OWN_SHARE,
    PROJECT,
    money,
    on_food,
    on_own_funds,
    record,
    recorded,
)

MAY = date(2008, 5, 2)
HOURS = StatedTimeSheet(staff="w-7", project=PROJECT, month="2008-03", minutes=9600)

reverse = ReverseExpense(expense=EXPENSE, occurred=MAY)
taken = ShareTaken(expense=EXPENSE, share=0, grant=GRANT)
fell = ShareFellToOwnFunds(
    expense=EXPENSE, share=0, grant=GRANT, line="food", amount=money("60.00"), rule="within-the-earmark"
)
was_reversed = ExpenseReversed(expense=EXPENSE, shares=(FOOD_SHARE,), borne=(1,), occurred=MAY)
given_back = ShareGivenBack(expense=EXPENSE, share=0, grant=GRANT)
still_charged = ShareStillCharged(expense=EXPENSE, share=0, grant=GRANT, rule="period-is-open")


def answer(what: Answer, share: int = 0, rule: str | None = None) -> AnswerShare:
    return AnswerShare(expense=EXPENSE, share=share, answer=what, rule=rule)


def test_a_document_is_recorded_with_its_split() -> None:
    given(expense).when(record).then(recorded)


def test_a_split_is_exact_to_the_cent_with_ties_to_the_earlier_part() -> None:
    thirds = tuple(Part(grant=GRANT, line=name, weight=1) for name in ("food", "salaries", "events"))
    (event,) = given(expense).when(RecordExpense(**INVOICE, split=thirds)).events
    assert isinstance(event, ExpenseRecorded)
    assert [share.amount.amount for share in event.shares] == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]


def test_a_document_may_be_split_over_several_grants() -> None:
    split = (on_food, Part(grant=OTHER_GRANT, line="rent", weight=40))
    (event,) = given(expense).when(RecordExpense(**INVOICE, split=split)).events
    assert isinstance(event, ExpenseRecorded)
    assert [(share.grant, str(share.amount)) for share in event.shares] == [
        (GRANT, "60.00 EUR"),
        (OTHER_GRANT, "40.00 EUR"),
    ]


@pytest.mark.parametrize("number", ["SF-2008/118", "sf-2008/118", "SF-2008 / 118"])
def test_the_same_supplier_and_number_is_the_same_document_however_it_is_written(number: str) -> None:
    again = RecordExpense(**{**INVOICE, "number": number}, split=(on_own_funds,))
    assert again.expense == EXPENSE
    error = given(expense, recorded).when(again).refused("document-is-recorded-once")
    assert "2008-03-12" in str(error) and "100.00 EUR" in str(error)


@pytest.mark.parametrize("other", [{"number": "SF-2008/119"}, {"supplier": "LT302512346"}])
def test_another_number_or_supplier_is_another_document(other: dict[str, str]) -> None:
    assert RecordExpense(**{**INVOICE, **other}, split=(on_own_funds,)).expense != EXPENSE


def test_the_receipt_tells_the_documents_id() -> None:
    assert RecordExpense.new_ids() == ("expense",)
    assert expense.stream_of(record) == f"expense-{EXPENSE}"


def test_a_supplier_is_an_organisations_code_and_never_a_persons() -> None:
    for code in ("LT49001011234", "A Person", "LT 302"):
        with pytest.raises(ValidationError):
            RecordExpense(**{**INVOICE, "supplier": code}, split=(on_food,))


def test_a_suppliers_name_and_what_a_cost_was_for_are_stored_sealed() -> None:
    assert set(personal_fields(ExpenseRecorded)) == {"supplier_name", "description"}


def test_a_part_names_a_grant_and_a_line_or_neither() -> None:
    for part in (Part(grant=GRANT, weight=1), Part(line="food", weight=1)):
        given(expense).when(RecordExpense(**INVOICE, split=(part,))).refused("grant-and-line")


def test_a_weight_is_above_nothing() -> None:
    for weight in (0, -1):
        with pytest.raises(ValidationError):
            Part(grant=GRANT, line="food", weight=weight)


def test_each_part_comes_to_at_least_a_cent() -> None:
    a_cent = {**INVOICE, "amount": money("0.01")}
    given(expense).when(RecordExpense(**a_cent, split=(on_food, on_own_funds))).refused("at-least-a-cent")


def test_a_payroll_has_time_sheets_behind_it_and_an_invoice_none() -> None:
    payroll: dict[str, Any] = {**INVOICE, "kind": DocumentKind.PAYROLL}
    given(expense).when(RecordExpense(**payroll, split=(on_food,))).refused("payroll-has-time-sheets")
    assert given(expense).when(RecordExpense(**payroll, time_sheets=(HOURS,), split=(on_food,))).events
    with_hours = RecordExpense(**INVOICE, time_sheets=(HOURS,), split=(on_food,))
    given(expense).when(with_hours).refused("payroll-has-time-sheets")


def test_a_cost_has_been_incurred() -> None:
    tomorrow = {**INVOICE, "occurred": date(2008, 10, 3)}
    given(expense).when(RecordExpense(**tomorrow, split=(on_food,))).refused("not-in-the-future")


def test_a_grant_that_reserves_its_share_takes_it() -> None:
    given(expense, recorded).when(answer(Answer.RESERVED)).then(taken)
    given(expense, recorded, taken).when(answer(Answer.RESERVED)).then()


def test_what_a_grant_refuses_falls_to_own_funds() -> None:
    refused = answer(Answer.REFUSED, rule="within-the-earmark")
    given(expense, recorded).when(refused).then(fell)
    given(expense, recorded, fell).when(refused).then()


def test_a_share_that_is_refused_after_it_was_reserved_falls_to_own_funds() -> None:
    given(expense, recorded, taken).when(answer(Answer.REFUSED, rule="within-the-earmark")).then(fell)


def test_a_charge_that_somebody_reverses_on_the_grant_falls_to_own_funds() -> None:
    given(expense, recorded, taken).when(answer(Answer.GIVEN_BACK)).then(
        fell.model_copy(update={"rule": "given-back-by-hand"})
    )


def test_a_document_is_reversed_once_and_its_grants_are_asked_to_take_their_shares_back() -> None:
    given(expense, recorded, taken).when(reverse).then(was_reversed)
    given(expense, recorded, taken, was_reversed).when(reverse).then()


def test_a_share_that_own_funds_bear_is_not_asked_back_from_a_grant() -> None:
    given(expense, recorded, fell).when(reverse).then(was_reversed.model_copy(update={"shares": (), "borne": (0, 1)}))


def test_a_document_is_not_reversed_before_its_day_nor_in_the_future() -> None:
    given(expense, recorded).when(reverse.model_copy(update={"occurred": date(2008, 3, 11)})).refused(
        "not-before-the-entry"
    )
    given(expense, recorded).when(reverse.model_copy(update={"occurred": date(2008, 10, 3)})).refused(
        "not-in-the-future"
    )


def test_only_a_recorded_document_is_reversed_or_answered() -> None:
    given(expense).when(reverse).refused("not-found")
    given(expense).when(answer(Answer.RESERVED)).refused("not-found")


def test_a_grant_takes_its_share_of_a_reversed_document_back() -> None:
    history = (recorded, taken, was_reversed)
    given(expense, *history).when(answer(Answer.GIVEN_BACK)).then(given_back)
    given(expense, *history, given_back).when(answer(Answer.GIVEN_BACK)).then()


def test_a_grant_that_cannot_take_its_share_back_is_on_record_until_somebody_reverses_it_there() -> None:
    history = (recorded, taken, was_reversed)
    given(expense, *history).when(answer(Answer.NOT_GIVEN_BACK, rule="period-is-open")).then(still_charged)
    given(expense, *history, still_charged).when(answer(Answer.GIVEN_BACK)).then(given_back)


def test_an_answer_that_comes_after_the_reversal_leaves_the_share_with_nobody() -> None:
    given(expense, recorded, was_reversed).when(answer(Answer.RESERVED)).then()
    given(expense, recorded, was_reversed).when(answer(Answer.REFUSED, rule="period-is-open")).then(given_back)


def test_own_funds_answer_nothing() -> None:
    given(expense, recorded).when(answer(Answer.RESERVED, share=1)).then()


def test_a_reversed_document_is_recorded_anew_and_its_shares_are_counted_on() -> None:
    history = (recorded, taken, was_reversed)
    anew = recorded.model_copy(
        update={"shares": (FOOD_SHARE.model_copy(update={"share": 2}), OWN_SHARE.model_copy(update={"share": 3}))}
    )
    given(expense, *history).when(record).then(anew)
    given(expense, *history, anew).when(answer(Answer.GIVEN_BACK)).then(given_back)
    given(expense, *history, anew).when(answer(Answer.RESERVED, share=2)).then(
        ShareTaken(expense=EXPENSE, share=2, grant=GRANT)
    )

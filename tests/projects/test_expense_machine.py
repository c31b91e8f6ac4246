"""Expenses split over grants, answered late and in any order: in the end every cent is borne once, by somebody.

The real deciders and the real policy, with the log in a list, so that events can be delivered as late as one likes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.projects import context
from services.projects import expense as expenses
from services.projects.expense import Expense, Part, RecordExpense, ReverseExpense, ShareStatus
from services.projects.grant import requests
from services.projects.grant.award import AmendGrant, AwardGrant, LineChange
from services.projects.grant.reporting import ClosePeriod
from services.projects.grant.spending import ReverseCharge
from services.projects.grant.state import Grant, Share
from services.projects.policies import GrantsBearExpenses
from shared.codec import Recorded
from shared.context import Registry
from shared.errors import DomainError
from shared.eventstore.port import RecordedEvent
from shared.messages import Command
from shared.money import CENT, Money
from tests.projects.examples import FUNDER, GRANT, INVOICE, OTHER_GRANT, PROJECT, line, money

FIRST = date(2008, 3, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(8)]
NOW = datetime(2008, 6, 1, 12, 0, tzinfo=UTC)
COMMANDS = UUID("3e2d1c0b-9a8f-4e7d-8c6b-5a4f3e2d1c0b")
GRANTS = (GRANT, OTHER_GRANT)
NUMBERS = ("SF-1", "SF-2", "SF-3")
NEVER_AWARDED = str(uuid4())

days = strategies.sampled_from(DAYS)
parts = strategies.builds(
    lambda grant, name, weight: Part(grant=grant, line=name if grant else None, weight=weight),
    strategies.sampled_from((*GRANTS, None, NEVER_AWARDED)),
    strategies.sampled_from(("food", "salaries")),
    strategies.integers(1, 3),
)


def document(number: str) -> str:
    return RecordExpense(**{**INVOICE, "number": number}, split=(Part(weight=1),)).expense


class ExpensesOverGrants(RuleBasedStateMachine):
    """Grants take shares or refuse them while expenses are recorded, reversed and recorded anew."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = Registry([context])
        self.policy = GrantsBearExpenses().handlers()
        self.states: dict[str, Any] = {}
        self.log: list[Any] = []
        self.delivered = 0
        self.sent = 0
        self.amounts: dict[str, Money] = {}

    @initialize()
    def two_grants(self) -> None:
        for key in GRANTS:
            self.send(
                AwardGrant(
                    grant=key,
                    project=PROJECT,
                    funder=FUNDER,
                    amount=money("2.00"),
                    eligible_from=DAYS[0],
                    eligible_until=DAYS[-1],
                    lines=(line("food", "1.00"), line("salaries", "1.00")),
                    occurred=FIRST,
                )
            )

    def send(self, command: Command) -> bool:
        """Tells whether the rules allowed it."""
        self.sent += 1
        decider = self.registry.decider_for(command)
        stamped = command.stamped(uuid5(COMMANDS, str(self.sent)), "w-1", NOW)
        stream = decider.stream_of(stamped)
        try:
            events = decider.decide(stamped, self.states.get(stream, decider.initial))
        except DomainError:
            return False
        self.states[stream] = decider.fold(events, self.states.get(stream, decider.initial))
        self.log += events
        return True

    @rule(
        number=strategies.sampled_from(NUMBERS),
        amount=strategies.integers(1, 200),
        litas=strategies.booleans(),
        split=strategies.lists(parts, min_size=1, max_size=4),
        day=days,
    )
    def record(self, number: str, amount: int, litas: bool, split: list[Part], day: date) -> None:
        cost = Money(amount=amount * CENT, currency="LTL" if litas else "EUR")
        about = {**INVOICE, "number": number, "amount": cost, "occurred": day}
        if self.send(RecordExpense(**about, split=tuple(split))):
            self.amounts[document(number)] = cost

    @rule(number=strategies.sampled_from(NUMBERS), day=days)
    def reverse(self, number: str, day: date) -> None:
        if document(number) in self.amounts:
            self.send(ReverseExpense(expense=document(number), occurred=day))

    @rule(grant=strategies.sampled_from(GRANTS), day=days)
    def close_a_day(self, grant: str, day: date) -> None:
        self.send(ClosePeriod(grant=grant, first_day=day, last_day=day))

    @rule(grant=strategies.sampled_from(GRANTS), by=strategies.sampled_from((-50, 30)), day=days)
    def amend(self, grant: str, by: int, day: date) -> None:
        change = LineChange(line="food", by=by * CENT)
        self.send(AmendGrant(grant=grant, changes=(change,), effective=day, occurred=FIRST))

    @rule(number=strategies.sampled_from(NUMBERS), choice=strategies.integers(0, 20), day=days)
    def reverse_a_charge_by_hand(self, number: str, choice: int, day: date) -> None:
        shares = self.expense(document(number)).shares
        if shares:
            part = shares[choice % len(shares)].part
            if part.grant in GRANTS:
                entry = Share(expense=document(number), share=part.share).entry
                self.send(ReverseCharge(grant=part.grant, charge=entry, occurred=day))

    @rule(count=strategies.integers(1, 6))
    def deliver(self, count: int) -> None:
        for event in self.log[self.delivered : self.delivered + count]:
            self.delivered += 1
            if handler := self.policy.get(event.type_name):
                raw = RecordedEvent(self.delivered, "", 0, uuid4().bytes, event.type_name, b"", b"", True, 0)
                for command in handler[1](Recorded(event, raw)):
                    assert isinstance(command, Command)
                    self.send(command)

    def expense(self, key: str) -> Expense:
        found: Expense = self.states.get(f"expense-{key}", Expense())
        return found

    def grant(self, key: str) -> Grant:
        found: Grant = self.states.get(f"grant-{key}", Grant())
        return found

    @invariant()
    def no_earmark_is_ever_overspent(self) -> None:
        for key in GRANTS:
            for earmark in self.grant(key).lines.values():
                assert earmark.headroom.least_from(date.min.replace(year=2008)) >= 0, "over the earmark"

    def teardown(self) -> None:
        """Deliver all that is left; then the accounts have to be straight."""
        while self.delivered < len(self.log):
            self.deliver(len(self.log))
        borne = dict.fromkeys(GRANTS, Decimal(0))
        for key, amount in self.amounts.items():
            expense = self.expense(key)
            recorded_last = expense.shares[expense.first :]
            assert sum(share.part.amount.amount for share in recorded_last) == amount.amount, "exact to the cent"
            for number in range(len(expense.shares)):
                self.check(key, number, expense, borne)
        for key in GRANTS:
            assert self.grant(key).spent == borne[key], "spent for no expense that stands"
            assert self.grant(key).reserved == 0, "reserved for nothing that goes on"

    def check(self, key: str, number: int, expense: Expense, borne: dict[str, Decimal]) -> None:
        share = expense.shares[number]
        current = expense.stands and number >= expense.first
        assert share.status is not ShareStatus.ASKED, "every share is answered"
        if share.part.grant not in GRANTS:
            assert share.status is not ShareStatus.TAKEN, "nobody takes what no grant was asked for"
            return
        charge = self.grant(share.part.grant).charges.get(Share(expense=key, share=number).entry)
        bears = charge is not None and not charge.reversed
        if current:
            assert bears == (share.status is ShareStatus.TAKEN), "who bears a share is the one who says so"
        else:
            assert bears == (share.status is ShareStatus.STILL_CHARGED), "what is reversed is borne by nobody unnoticed"
        if bears and charge:
            borne[share.part.grant] += charge.amount
            if share.part.amount.currency == "EUR":
                assert charge.amount == share.part.amount.amount, "a grant bears exactly its share"


QUICK = settings(
    max_examples=150,
    stateful_step_count=30,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_every_cent_of_an_expense_is_borne_once_however_late_the_answers_come() -> None:
    run_state_machine_as_test(ExpensesOverGrants, settings=QUICK)  # type: ignore[no-untyped-call]


MUTANTS = {
    "a split rounds every part by itself": (
        expenses,
        "split",
        lambda amount, weights: [(amount * weight / sum(weights)).quantize(CENT) for weight in weights],
    ),
    "a reversed expense leaves what it reserved": (requests, "_take_back_share", lambda *arguments: []),
    "a grant does not look at what is left": (requests, "must_fit", lambda *arguments: None),
    "a late answer counts": (expenses, "TO_TAKE_BACK", frozenset({ShareStatus.TAKEN})),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_rule_is_found_out(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, name, broken = MUTANTS[mutant]
    monkeypatch.setattr(place, name, broken)
    looking = settings(QUICK, max_examples=10_000, derandomize=True, phases=[Phase.generate])
    noticed = "over the earmark|exact to the cent|answered|reserved for nothing|who bears|borne|nobody takes|spent for"
    with pytest.raises(AssertionError, match=noticed):
        run_state_machine_as_test(ExpensesOverGrants, settings=looking)  # type: ignore[no-untyped-call]

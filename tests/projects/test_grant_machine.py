"""A grant under everything that people and expenses may do to it, in any order, backdated at will.

A second set of books, kept from the events by plain addition, is compared with the grant after every step, on every
day. The same machine is then let loose on grants with a rule broken on purpose, and has to notice each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.projects.grant import grant, requests, spending, state
from services.projects.grant.award import AmendGrant, AwardGrant, GrantAmended, GrantAwarded, LineChange
from services.projects.grant.headroom import Headroom
from services.projects.grant.reporting import (
    ClosePeriod,
    PeriodClosed,
    ReportReturned,
    ReportSubmitted,
    ReturnReport,
    SubmitReport,
)
from services.projects.grant.requests import ChargeRefused, ChargeShare, ReleaseShare, ReserveShare, ReversalRefused
from services.projects.grant.spending import (
    ChargeGrant,
    ChargeReversed,
    CostCharged,
    FundsReserved,
    ReleaseReservation,
    ReservationReleased,
    ReserveFunds,
    ReverseCharge,
)
from services.projects.grant.state import Charge, Grant, Share
from shared.errors import DomainError
from shared.messages import Command, Event
from shared.money import CENT
from tests.projects.examples import FUNDER, GRANT, PROJECT, REPORT, line, money

FIRST = date(2008, 3, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(12)]
BOOKED = [FIRST + timedelta(days=number) for number in range(16)]  # money may come back after the last lock
NOW = datetime(2008, 6, 1, 12, 0, tzinfo=UTC)
MADE = UUID("7d4c3b2a-1f0e-4d5c-8b6a-9f8e7d6c5b4a")
LINES = ("food", "salaries")
EARMARK = Decimal("1.00")
NOTHING = Decimal(0)

days = strategies.sampled_from(DAYS)
lines = strategies.sampled_from(LINES)
amounts = strategies.sampled_from((1, 20, 50, 80, 100, 101, 160, 200)).map(lambda cents: cents * CENT)


class Sums(NamedTuple):
    """The second books: what is earmarked, reserved and spent on one line at the end of one day."""

    earmarked: Decimal = NOTHING
    reserved: Decimal = NOTHING
    spent: Decimal = NOTHING

    @property
    def left(self) -> Decimal:
        return self.earmarked - self.reserved - self.spent


class GrantBooks(RuleBasedStateMachine):
    """Whatever is done, reserved and charged stay within the earmark, per line, on every day."""

    reservations = Bundle("reservations")
    charges = Bundle("charges")
    shares = Bundle("shares")

    def __init__(self) -> None:
        super().__init__()
        self.grant: Grant = grant.initial
        self.books = {(name, day): Sums() for name in LINES for day in BOOKED}
        self.standing: list[str] = []
        self.locked: dict[str, tuple[date, date]] = {}
        self.made = 0
        period = {"first_day": DAYS[3], "last_day": DAYS[5]}
        self.attempt(
            AwardGrant(
                grant=GRANT,
                project=PROJECT,
                funder=FUNDER,
                amount=money("2.00"),
                eligible_from=DAYS[0],
                eligible_until=DAYS[-1],
                lines=tuple(line(name, "1.00") for name in LINES),
                reports=(REPORT.model_copy(update=period),),
                occurred=FIRST,
            )
        )
        self.amend("food", DAYS[6], EARMARK)  # so that later days have room that earlier ones have not

    def new_id(self) -> str:
        self.made += 1
        return str(uuid5(MADE, str(self.made)))

    def attempt(self, command: Command) -> Sequence[Event]:
        """Carry it out if the rules allow it. What they refuse as too much has to be too much by the second books."""
        try:
            events = grant.decide(command.stamped(UUID(int=1), "w-1", NOW), self.grant)
        except DomainError as refusal:
            if refusal.facts["rule"] == "within-the-earmark":
                assert self.would_overspend(command), f"refused without need: {refusal}"
            return []
        for event in events:
            self.post(event)
            self.grant = grant.evolve(self.grant, event)
        return events

    def would_overspend(self, command: Command) -> bool:
        match command:
            case ReserveFunds(line=name, occurred=day, amount=cost):
                return self.least_left(name, day) < cost.amount
            case ChargeGrant(line=name, occurred=day, amount=cost, reservation=None):
                return self.least_left(name, day) < cost.amount
            case ChargeGrant(line=name, occurred=day, amount=cost, reservation=str(reservation)):
                reserved = self.grant.reservations.get(reservation)
                assert reserved
                return self.least_left(name, day, before=reserved.day) < cost.amount
            case AmendGrant(changes=(change,), effective=day):
                return self.least_left(change.line, day) + change.by < 0
            case _:
                return False

    def post(self, event: Event) -> None:
        if isinstance(event, FundsReserved | ReservationReleased | CostCharged | ChargeReversed):
            for first, last in self.locked.values():
                assert not first <= event.occurred <= last, "an entry in a locked period"
        match event:
            case GrantAwarded():
                for name in LINES:
                    self.add(name, DAYS[0], Sums(earmarked=EARMARK))
            case GrantAmended(changes=changes, effective=day):
                for change in changes:
                    self.add(change.line, day, Sums(earmarked=change.by))
            case FundsReserved(line=name, occurred=day, amount=cost):
                self.add(name, day, Sums(reserved=cost.amount))
            case ReservationReleased(line=name, occurred=day, amount=cost):
                self.add(name, day, Sums(reserved=-cost.amount))
            case CostCharged(line=name, occurred=day, amount=cost, reserved_on=reserved_on):
                self.add(name, day, Sums(spent=cost.amount))
                if reserved_on:
                    self.add(name, max(day, reserved_on), Sums(reserved=-cost.amount))
            case ChargeReversed(line=name, occurred=day, amount=cost):
                self.add(name, day, Sums(spent=-cost.amount))
            case PeriodClosed(first_day=first, last_day=last):
                self.locked[f"{first} to {last}"] = (first, last)
            case ReportSubmitted(report=report):
                self.locked[report] = (DAYS[3], DAYS[5])
            case ReportReturned(report=report):
                del self.locked[report]

    def add(self, name: str, day: date, more: Sums) -> None:
        for later in BOOKED:
            if later >= day:
                before = self.books[name, later]
                self.books[name, later] = Sums(*(old + new for old, new in zip(before, more, strict=True)))

    def left(self, name: str, day: date) -> Decimal:
        return self.books[name, day].left

    def least_left(self, name: str, day: date, before: date = date.max) -> Decimal:
        return min(self.left(name, later) for later in BOOKED if day <= later < before)

    @rule(target=reservations, name=lines, day=days, amount=amounts)
    def promise(self, name: str, day: date, amount: Decimal) -> Any:
        return self.reserve(name, day, amount)

    def reserve(self, name: str, day: date, amount: Decimal) -> Any:
        key = self.new_id()
        command = ReserveFunds(grant=GRANT, reservation=key, line=name, amount=money(str(amount)), occurred=day)
        if not self.attempt(command):
            return multiple()
        self.standing.append(key)
        return key

    @rule(target=charges, name=lines, day=days, amount=amounts)
    def charge(self, name: str, day: date, amount: Decimal) -> Any:
        return self.charge_from(name, day, amount, None)

    @precondition(lambda self: self.open_reservations())
    @rule(target=charges, day=days, amount=amounts, choice=strategies.integers(0, 50))
    def charge_a_reservation(self, day: date, amount: Decimal, choice: int) -> Any:
        open_ones = self.open_reservations()
        key = open_ones[choice % len(open_ones)]
        reserved = self.grant.reservations.get(key)
        assert reserved
        return self.charge_from(reserved.line, day, min(amount, reserved.amount), key)

    @rule(name=lines, ordered=days, invoiced=days, amount=amounts)
    def order_and_pay(self, name: str, ordered: date, invoiced: date, amount: Decimal) -> None:
        key = self.reserve(name, ordered, amount)
        if isinstance(key, str):
            self.charge_from(name, invoiced, amount, key)

    def open_reservations(self) -> list[str]:
        return [key for key in self.standing if self.grant.reservations.get(key)]

    def charge_from(self, name: str, day: date, amount: Decimal, reservation: str | None) -> Any:
        key = self.new_id()
        command = ChargeGrant(
            grant=GRANT,
            charge=key,
            line=name,
            amount=money(str(amount)),
            reservation=reservation,
            reference="a voucher",
            occurred=day,
        )
        return key if self.attempt(command) else multiple()

    @rule(reservation=reservations, day=days, part=strategies.none() | amounts)
    def release(self, reservation: str, day: date, part: Decimal | None) -> None:
        amount = money(str(part)) if part else None
        self.attempt(ReleaseReservation(grant=GRANT, reservation=reservation, amount=amount, occurred=day))

    @rule(charge=charges, day=days)
    def reverse(self, charge: str, day: date) -> None:
        before = {later: [self.left(name, later) for name in LINES] for later in DAYS}
        events = self.attempt(ReverseCharge(grant=GRANT, reversal=self.new_id(), charge=charge, occurred=day))
        for event in events:
            assert isinstance(event, ChargeReversed)
            for later in DAYS:
                for name, left in zip(LINES, before[later], strict=True):
                    restored = event.amount.amount if name == event.line and later >= day else NOTHING
                    assert self.left(name, later) == left + restored, "a reversal restores from its own day on"

    @rule(name=lines, day=days, by=strategies.sampled_from((-100, -30, -1, 1, 60, 100)).map(lambda cents: cents * CENT))
    def amend(self, name: str, day: date, by: Decimal) -> None:
        change = LineChange(line=name, by=by)
        amendment = self.new_id()
        self.attempt(AmendGrant(grant=GRANT, amendment=amendment, changes=(change,), effective=day, occurred=FIRST))

    @rule(first=days, length=strategies.integers(0, 1))
    def close_a_period(self, first: date, length: int) -> None:
        last = first + timedelta(days=length)
        self.attempt(ClosePeriod(grant=GRANT, first_day=first, last_day=last))

    @rule()
    def submit_the_report(self) -> None:
        self.attempt(SubmitReport(grant=GRANT, report="interim", occurred=date(2008, 4, 20)))

    @rule()
    def have_the_report_back(self) -> None:
        back = ReturnReport(grant=GRANT, report="interim", due=date(2008, 5, 20), occurred=date(2008, 5, 10))
        self.attempt(back)

    @rule(target=shares, name=lines, day=days, amount=amounts)
    def ask_for_a_share(self, name: str, day: date, amount: Decimal) -> Share:
        share = Share(expense=self.new_id(), share=0)
        room = self.least_left(name, day)
        events = self.attempt(
            ReserveShare(grant=GRANT, share=share, line=name, amount=money(str(amount)), occurred=day)
        )
        assert len(events) == 1, "a share is always answered"
        if isinstance(events[0], ChargeRefused) and events[0].rule == "within-the-earmark":
            assert room < amount and events[0].left == money(str(room)), "not what is taken as left"
        return share

    @rule(share=shares)
    def charge_the_share(self, share: Share) -> None:
        self.attempt(ChargeShare(grant=GRANT, share=share))

    @rule(share=shares, day=days)
    def take_the_share_back(self, share: Share, day: date) -> None:
        standing = self.grant.reservations.get(share.entry) or self.grant.charges.get(share.entry)
        was_reversed = isinstance(standing, Charge) and standing.reversed
        events = self.attempt(ReleaseShare(grant=GRANT, share=share, occurred=day))
        assert bool(events) == bool(standing and not was_reversed), "what stands is answered, what does not is not"
        assert all(isinstance(one, ChargeReversed | ReservationReleased | ReversalRefused) for one in events)

    @invariant()
    def reserved_and_charged_stay_within_the_earmark_on_every_day(self) -> None:
        for (name, day), sums in self.books.items():
            assert sums.reserved >= 0 and sums.spent >= 0, f"{name} on {day}: less than nothing, {sums}"
            assert sums.left >= 0, f"{name} on {day}: over the earmark, {sums}"

    @invariant()
    def the_grant_sees_what_the_second_books_see(self) -> None:
        for (name, day), sums in self.books.items():
            assert self.grant.lines[name].headroom.on(day) == sums.left, "the two books differ"
        at_the_end = [self.books[name, BOOKED[-1]] for name in LINES]
        assert self.grant.reserved == sum((sums.reserved for sums in at_the_end), NOTHING)
        assert self.grant.spent == sum((sums.spent for sums in at_the_end), NOTHING)
        assert self.grant.reserved == sum((one.amount for one in self.grant.reservations.values()), NOTHING)


QUICK = settings(
    max_examples=200,
    stateful_step_count=30,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_reserved_and_charged_stay_within_the_earmark_whatever_is_done() -> None:
    run_state_machine_as_test(GrantBooks, settings=QUICK)  # type: ignore[no-untyped-call]


def own_day_alone(self: Headroom, day: date, before: date = date.max) -> Decimal:
    return self.on(day)


def no_lock(self: Grant, day: date) -> None:
    return None


def a_reservation_covers_any_day(*arguments: Any) -> None:
    *_, covered_from = arguments
    if not isinstance(covered_from, date) or len(arguments) < 5:
        state.must_fit(*arguments)


def never_reversed() -> property:
    return property(lambda self: False, lambda self, value: None)


def left_one_day_late(self: Headroom, day: date, by: Decimal) -> Headroom:
    return ORIGINAL_CHANGED(self, day + timedelta(days=1) if by > 0 and self.days else day, by)


ORIGINAL_CHANGED: Callable[[Headroom, date, Decimal], Headroom] = Headroom.changed

MUTANTS = {
    "an entry is checked on its own day alone": (Headroom, "least_from", own_day_alone),
    "locks are not read": (Grant, "lock_on", no_lock),
    "a reservation covers the days before it too": (spending, "must_fit", a_reservation_covers_any_day),
    "a charge is reversed twice": (Charge, "reversed", never_reversed()),
    "what comes back counts a day late": (Headroom, "changed", left_one_day_late),
    "an expense's share is not checked": (requests, "must_fit", lambda *arguments: None),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_grant_with_a_broken_rule_is_found_out(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, name, broken = MUTANTS[mutant]
    monkeypatch.setattr(place, name, broken)
    looking = settings(QUICK, max_examples=10_000, derandomize=True, phases=[Phase.generate])
    noticed = "over the earmark|locked period|less than nothing|restores|is answered|the two books differ|taken as left"
    with pytest.raises(AssertionError, match=noticed):
        run_state_machine_as_test(GrantBooks, settings=looking)  # type: ignore[no-untyped-call]

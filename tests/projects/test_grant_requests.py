"""What expenses and campaigns ask of a grant: each is answered with an event, either way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from services.projects.grant import grant
from services.projects.grant.reporting import GrantClosed, PeriodClosed
from services.projects.grant.requests import (
    BudgetRefused,
    ChargeRefused,
    ChargeShare,
    CommitBudget,
    FreeBudget,
    ReleaseShare,
    ReserveShare,
    ReversalRefused,
)
from services.projects.grant.spending import ChargeReversed, FundsReserved, ReservationReleased
from services.projects.grant.state import Conversion
from services.projects.terms import Category
from shared.money import Money, litas_rate
from shared.testing import given
from tests.projects.examples import (
    CAMPAIGN,
    GRANT,
    SHARE,
    awarded,
    charged,
    in_2008,
    line,
    money,
    reserved,
    submitted,
)

MARCH, MAY = date(2008, 3, 12), date(2008, 5, 2)
ENTRY = SHARE.entry


def ask(amount: Money, day: date = MARCH, **more: object) -> ReserveShare:
    return ReserveShare.model_validate(
        {"grant": GRANT, "share": SHARE, "line": "food", "amount": amount, "occurred": day, **more}
    )


def refused(amount: Money, rule: str, left: str | None = None, day: date = MARCH) -> ChargeRefused:
    room = money(left) if left else None
    return ChargeRefused(grant=GRANT, share=SHARE, line="food", amount=amount, rule=rule, left=room, occurred=day)


share_reserved = reserved("60.00", MARCH, reservation=ENTRY, share=SHARE)
share_charged = charged("60.00", MARCH, charge=ENTRY, reservation=ENTRY, reserved_on=MARCH, share=SHARE, reference=None)
share_reversed = ChargeReversed(
    grant=GRANT,
    reversal="00000000-0000-4000-8000-000000000001",
    charge=ENTRY,
    line="food",
    amount=money("60.00"),
    share=SHARE,
    occurred=MAY,
)
charge_share = ChargeShare(grant=GRANT, share=SHARE)
release_share = ReleaseShare(grant=GRANT, share=SHARE, occurred=MAY)
closed = GrantClosed(grant=GRANT, returned=money("0.00"), occurred=date(2008, 9, 1))


def test_a_share_is_reserved() -> None:
    given(grant, awarded).when(ask(money("60.00"))).then(share_reserved)


def test_a_share_is_asked_for_once() -> None:
    given(grant, awarded, share_reserved).when(ask(money("60.00"))).then()
    given(grant, awarded, share_reserved, share_charged).when(ask(money("60.00"))).then()


def test_a_share_over_the_earmark_is_refused_with_what_would_be_accepted() -> None:
    given(grant, awarded).when(ask(money("1000.01"))).then(
        refused(money("1000.01"), "within-the-earmark", left="1000.00")
    )


def test_a_refusal_names_the_rule_and_nothing_of_what_the_money_was_for() -> None:
    assert set(ChargeRefused.model_fields) == {"grant", "share", "line", "amount", "rule", "left", "occurred"}


def test_a_share_is_refused_by_the_rules_that_hold_for_people() -> None:
    share = money("60.00")
    given(grant, awarded).when(ask(share, date(2007, 12, 31))).then(
        refused(share, "in-the-eligible-period", day=date(2007, 12, 31))
    )
    given(grant, awarded, submitted).when(ask(share)).then(refused(share, "period-is-open"))
    given(grant, awarded, closed).when(ask(share)).then(refused(share, "grant-is-open"))
    given(grant, awarded).when(ask(money("60.00", "USD"))).then(refused(money("60.00", "USD"), "currency-of-the-grant"))


def test_a_grant_that_was_never_awarded_refuses_too() -> None:
    given(grant).when(ask(money("60.00"))).then(refused(money("60.00"), "grant-is-awarded"))


def test_what_is_due_to_a_person_is_rounded_up() -> None:
    salary = money("1540.00", "LTL")
    conversion = Conversion(original=salary, rate=litas_rate(MARCH))
    expected = reserved("446.02", MARCH, reservation=ENTRY, share=SHARE, conversion=conversion)
    given(grant, awarded).when(ask(salary, due_to_person=True)).then(expected)
    price = expected.model_copy(update={"amount": money("446.01")})
    given(grant, awarded).when(ask(salary)).then(price)


def test_a_reserved_share_is_charged_with_its_conversion() -> None:
    given(grant, awarded, share_reserved).when(charge_share).then(share_charged)
    litas = Conversion(original=money("207.17", "LTL"), rate=litas_rate(MARCH))
    converted = share_reserved.model_copy(update={"conversion": litas})
    given(grant, awarded, converted).when(charge_share).then(share_charged.model_copy(update={"conversion": litas}))


def test_a_share_is_charged_once_and_only_if_it_is_reserved() -> None:
    given(grant, awarded).when(charge_share).then()
    given(grant, awarded, share_reserved, share_charged).when(charge_share).then()


def test_a_share_whose_period_was_reported_meanwhile_is_refused_and_freed_on_an_open_day() -> None:
    april_too = PeriodClosed(grant=GRANT, first_day=date(2008, 4, 1), last_day=date(2008, 4, 30))
    given(grant, awarded, share_reserved, submitted, april_too).when(charge_share).then(
        refused(money("60.00"), "period-is-open"),
        ReservationReleased(
            grant=GRANT,
            reservation=ENTRY,
            line="food",
            amount=money("60.00"),
            share=SHARE,
            occurred=date(2008, 5, 1),
        ),
    )


def test_a_charged_share_is_reversed_when_its_expense_is() -> None:
    (event,) = given(grant, awarded, share_reserved, share_charged).when(release_share).events
    assert isinstance(event, ChargeReversed)
    assert (event.charge, event.share, event.occurred) == (ENTRY, SHARE, MAY)


def test_a_reserved_share_is_freed_when_its_expense_is_reversed() -> None:
    given(grant, awarded, share_reserved).when(release_share).then(
        ReservationReleased(
            grant=GRANT, reservation=ENTRY, line="food", amount=money("60.00"), share=SHARE, occurred=MAY
        )
    )


def test_a_share_that_the_grant_does_not_bear_needs_no_taking_back() -> None:
    given(grant, awarded).when(release_share).then()
    given(grant, awarded, share_reserved, share_charged, share_reversed).when(release_share).then()


def test_a_reversal_that_falls_in_a_locked_period_is_answered_as_refused() -> None:
    in_march = ReleaseShare(grant=GRANT, share=SHARE, occurred=date(2008, 3, 20))
    given(grant, awarded, share_reserved, share_charged, submitted).when(in_march).then(
        ReversalRefused(grant=GRANT, share=SHARE, entry=ENTRY, rule="period-is-open", occurred=date(2008, 3, 20))
    )


def commit(amount: str, day: date = MAY) -> CommitBudget:
    return CommitBudget(grant=GRANT, campaign=CAMPAIGN, amount=money(amount), occurred=day)


def committed(amount: str, name: str = "events") -> FundsReserved:
    return reserved(amount, MAY, reservation=CAMPAIGN, campaign=CAMPAIGN, line=name)


def test_a_campaigns_budget_is_committed_on_the_line_for_events() -> None:
    given(grant, awarded).when(commit("500.00")).then(committed("500.00"))
    given(grant, awarded, committed("500.00")).when(commit("500.00")).then()


def test_a_budget_goes_on_the_first_line_for_events_that_has_room_for_it() -> None:
    more = in_2008(line("25-may", "800.00", category=Category.EVENTS))
    start = awarded.model_copy(update={"lines": (*awarded.lines, more)})
    given(grant, start).when(commit("500.01")).then(committed("500.01", "25-may"))


def test_a_budget_that_no_line_for_events_has_room_for_is_answered_as_refused() -> None:
    expected = BudgetRefused(
        grant=GRANT,
        campaign=CAMPAIGN,
        amount=money("500.01"),
        rule="within-the-earmark",
        left=money("500.00"),
        occurred=MAY,
    )
    given(grant, awarded).when(commit("500.01")).then(expected)
    none = awarded.model_copy(update={"lines": awarded.lines[:2]})
    given(grant, none).when(commit("500.01")).then(expected.model_copy(update={"rule": "line-exists", "left": None}))
    given(grant).when(commit("500.01")).then(expected.model_copy(update={"rule": "grant-is-awarded", "left": None}))


def test_the_budget_of_a_cancelled_campaign_is_free_again() -> None:
    free = FreeBudget(grant=GRANT, campaign=CAMPAIGN, occurred=date(2008, 6, 1))
    freed = ReservationReleased(
        grant=GRANT, reservation=CAMPAIGN, line="events", amount=money("500.00"), occurred=date(2008, 6, 1)
    )
    given(grant, awarded, committed("500.00")).when(free).then(freed)
    given(grant, awarded, committed("500.00"), freed).when(free).then()
    assert given(grant, awarded, committed("500.00"), freed).state().reserved == Decimal(0)

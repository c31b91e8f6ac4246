"""What other records ask of a grant: an expense its share, a campaign its budget.

They wait for an answer. So what a rule does not allow is not refused to nobody, but answered with an event, which says
by which rule and how much would have been taken, and nothing of what the money was for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import assert_never
from uuid import UUID, uuid5

from services.projects.grant.spending import (
    ChargeReversed,
    CostCharged,
    FundsReserved,
    ReservationReleased,
    comes_to,
    reverse,
)
from services.projects.grant.state import (
    Grant,
    GrantCommand,
    GrantEvent,
    Reservation,
    Share,
    must_be_open,
    must_be_unlocked,
    must_fit,
)
from services.projects.terms import Category, Day, LineName
from shared.errors import DomainError, NotFound
from shared.messages import Id
from shared.money import Money, Rate


class ReserveShare(GrantCommand):
    """Asked by an expense: reserve its share."""

    share: Share
    line: LineName
    amount: Money
    rate: Rate | None = None
    due_to_person: bool = False
    occurred: Day


class ChargeShare(GrantCommand):
    """Asked by an expense: charge what was reserved for its share."""

    share: Share


class ReleaseShare(GrantCommand):
    """Asked by an expense that was reversed: take its share back, reserved or charged."""

    share: Share
    occurred: Day


class CommitBudget(GrantCommand):
    """Asked when a campaign is planned with this grant: reserve its budget on a line for events."""

    campaign: Id
    amount: Money
    occurred: Day


class FreeBudget(GrantCommand):
    """Asked when a campaign is cancelled: give back what is left of its budget."""

    campaign: Id
    occurred: Day


class ChargeRefused(GrantEvent):
    """The grant does not take an expense's share: by which rule, and how much it would have taken."""

    share: Share
    line: str
    amount: Money
    rule: str
    left: Money | None = None
    occurred: Day


class ReversalRefused(GrantEvent):
    """The grant cannot take back an expense's share on that day: somebody has to reverse it on another."""

    share: Share
    entry: Id
    rule: str
    occurred: Day


class BudgetRefused(GrantEvent):
    """The grant does not commit a campaign's budget: by which rule, and how much it would have committed."""

    campaign: Id
    amount: Money
    rule: str
    left: Money | None = None
    occurred: Day


RequestCommands = ReserveShare | ChargeShare | ReleaseShare | CommitBudget | FreeBudget
RequestEvents = ChargeRefused | ReversalRefused | BudgetRefused
Answers = Sequence[RequestEvents | FundsReserved | ReservationReleased | CostCharged | ChargeReversed]


def decide(command: RequestCommands, grant: Grant) -> Answers:
    """The rules of spending, with an answer either way."""
    match command:
        case ReserveShare(share=share):
            if grant.reservations.get(share.entry) or grant.charges.get(share.entry):
                return []
            try:
                return [_reserve_share(command, grant)]
            except (DomainError, NotFound) as refusal:
                return [_refused(command, grant, share, command.line, command.amount, command.occurred, refusal)]
        case ChargeShare(share=share):
            reserved = grant.reservations.get(share.entry)
            return _charge_share(command, grant, share, reserved) if reserved else []
        case ReleaseShare(share=share):
            return _take_back_share(command, grant, share)
        case CommitBudget(campaign=campaign):
            if grant.reservations.get(campaign):
                return []
            try:
                return [_commit(command, grant)]
            except (DomainError, NotFound) as refusal:
                return [
                    BudgetRefused(
                        grant=command.grant,
                        campaign=campaign,
                        amount=command.amount,
                        rule=_rule(refusal),
                        left=_left(refusal, grant),
                        occurred=command.occurred,
                    )
                ]
        case FreeBudget(campaign=campaign, occurred=occurred):
            committed = grant.reservations.get(campaign)
            return [_free(command, grant, campaign, committed, occurred)] if committed else []
        case _:
            assert_never(command)


def _reserve_share(command: ReserveShare, grant: Grant) -> FundsReserved:
    amount, conversion = comes_to(
        command,
        grant,
        command.line,
        command.amount,
        command.occurred,
        command.rate,
        due_to_person=command.due_to_person,
    )
    must_fit(grant, command.line, amount.amount, command.occurred)
    return FundsReserved(
        grant=command.grant,
        reservation=command.share.entry,
        line=command.line,
        amount=amount,
        conversion=conversion,
        share=command.share,
        occurred=command.occurred,
    )


def _charge_share(command: ChargeShare, grant: Grant, share: Share, reserved: Reservation) -> Answers:
    """Charge all that was reserved, on the day it was reserved for: the earmark has held it since then."""
    amount = grant.money(reserved.amount)
    try:
        must_be_open(grant)
        must_be_unlocked(grant, reserved.day, command)
    except DomainError as refusal:  # the period was closed or reported in between
        return [
            _refused(command, grant, share, reserved.line, amount, reserved.day, refusal),
            _free(command, grant, share.entry, reserved, reserved.day),
        ]
    return [
        CostCharged(
            grant=command.grant,
            charge=share.entry,
            line=reserved.line,
            amount=amount,
            conversion=reserved.conversion,
            reservation=share.entry,
            reserved_on=reserved.day,
            share=share,
            occurred=reserved.day,
        )
    ]


def _take_back_share(command: ReleaseShare, grant: Grant, share: Share) -> Answers:
    entry = share.entry
    if reserved := grant.reservations.get(entry):
        return [_free(command, grant, entry, reserved, command.occurred)]
    charged = grant.charges.get(entry)
    if not charged or charged.reversed:
        return []
    try:
        return [reverse(command, grant, entry, str(uuid5(UUID(entry), "reversal")), command.occurred)]
    except DomainError as refusal:
        return [
            ReversalRefused(
                grant=command.grant, share=share, entry=entry, rule=_rule(refusal), occurred=command.occurred
            )
        ]


def _free(command: GrantCommand, grant: Grant, entry: str, reserved: Reservation, day: date) -> ReservationReleased:
    """Give back what is left, on the first open day. No funder was told that it is spent, so no lock need stop it."""
    day = max(day, reserved.day)
    while lock := grant.lock_on(day):
        day = lock.last + timedelta(days=1)
    return ReservationReleased(
        grant=command.grant,
        reservation=entry,
        line=reserved.line,
        amount=grant.money(reserved.amount),
        share=reserved.share,
        occurred=day,
    )


def _commit(command: CommitBudget, grant: Grant) -> FundsReserved:
    """On the first line for events that has room for it; a campaign names its grant, not the line."""
    must_be_open(grant)
    lines = [name for name, line in grant.lines.items() if line.category is Category.EVENTS]
    if not lines:
        raise DomainError("A campaign's budget comes from a line for events; there is none.", rule="line-exists")
    for name in lines:
        try:
            amount, conversion = comes_to(command, grant, name, command.amount, command.occurred, None)
            must_fit(grant, name, amount.amount, command.occurred)
        except DomainError:
            if name == lines[-1]:
                raise
            continue
        return FundsReserved(
            grant=command.grant,
            reservation=command.campaign,
            line=name,
            amount=amount,
            conversion=conversion,
            campaign=command.campaign,
            occurred=command.occurred,
        )
    raise AssertionError("the last line answers")


def _refused(
    command: GrantCommand,
    grant: Grant,
    share: Share,
    line: str,
    amount: Money,
    day: date,
    refusal: DomainError | NotFound,
) -> ChargeRefused:
    return ChargeRefused(
        grant=command.grant,
        share=share,
        line=line,
        amount=amount,
        rule=_rule(refusal),
        left=_left(refusal, grant),
        occurred=day,
    )


def _rule(refusal: DomainError | NotFound) -> str:
    return str(refusal.facts.get("rule", "grant-is-awarded"))


def _left(refusal: DomainError | NotFound, grant: Grant) -> Money | None:
    left = refusal.facts.get("left")
    return grant.money(Decimal(left)) if left else None


def evolve(grant: Grant, event: RequestEvents) -> Grant:
    """A refusal changes nothing."""
    match event:
        case ChargeRefused() | ReversalRefused() | BudgetRefused():
            return grant
        case _:
            assert_never(event)

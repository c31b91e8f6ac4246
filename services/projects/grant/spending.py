"""What becomes of a grant's money: reserved, charged, reversed, or refused.

A person's command that breaks a rule is refused with the rule. An expense's share that does is answered with an event,
for the expense waits for an answer: the share then falls to own funds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, assert_never
from uuid import UUID, uuid5

from pydantic import Field

from services.projects.grant.state import (
    NOTHING,
    Charge,
    Conversion,
    Grant,
    GrantCommand,
    GrantEvent,
    Reservation,
    Share,
    line_of,
    must_be_open,
    must_be_unlocked,
    must_fit,
)
from services.projects.terms import KEEPS_BOOKS, Day, LineName
from shared.errors import DomainError, NotFound
from shared.messages import Id, new_id
from shared.money import LITAS_PEGGED, Money, Rate, convert, litas_rate

ReservationId = Annotated[Id, Field(description="The reservation", examples=["2b1d6c7e-1f7a-4a53-9d0f-5a3a8f1e6b90"])]
ChargeId = Annotated[Id, Field(description="The charge", examples=["f4a0c9d2-8e35-4b17-8a6d-1c2b3e4f5a60"])]
Cost = Annotated[
    Money,
    Field(description="The cost; another currency is converted", examples=[{"amount": "345.28", "currency": "LTL"}]),
]
RateOfTheDay = Annotated[
    Rate | None,
    Field(
        description="For a currency other than the litas: the euro's rate of the day",
        examples=[{"currency": "SEK", "per_euro": "9.6055", "source": "European Central Bank", "on": "2008-03-12"}],
    ),
]


class ReserveFunds(GrantCommand, route="POST /grants/{grant}/reservations", roles=KEEPS_BOOKS):
    """Reserve money of a line for a cost that is promised: an order, a contract, an event."""

    reservation: Id = new_id()
    line: LineName
    amount: Cost
    rate: RateOfTheDay = None
    occurred: Day = Field(description="When it was promised", examples=["2008-03-01"])


class ReleaseReservation(
    GrantCommand, route="POST /grants/{grant}/reservations/{reservation}/release", roles=KEEPS_BOOKS
):
    """Give back what is left of a reservation."""

    reservation: ReservationId
    occurred: Day = Field(description="When it was given back", examples=["2008-03-20"])


class ChargeGrant(GrantCommand, route="POST /grants/{grant}/charges", roles=KEEPS_BOOKS):
    """Charge a cost to a line, from a reservation or not. A cost with an invoice is recorded as an expense instead."""

    charge: Id = new_id()
    line: LineName
    amount: Cost
    rate: RateOfTheDay = None
    reservation: Id | None = Field(None, description="The reservation that it uses", examples=[None])
    reference: str = Field(
        min_length=1, max_length=80, description="The voucher's number; no personal data", examples=["bank fee 2008-03"]
    )
    occurred: Day = Field(description="When the cost was incurred", examples=["2008-03-12"])


class ReverseCharge(GrantCommand, route="POST /grants/{grant}/charges/{charge}/reversal", roles=KEEPS_BOOKS):
    """Reverse a charge, on a day of the reversal's own. The line has the money again from that day on."""

    reversal: Id = new_id()
    charge: ChargeId
    occurred: Day = Field(description="The reversal's own day", examples=["2008-04-02"])


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
    occurred: Day


class ReleaseShare(GrantCommand):
    """Asked by an expense that was reversed: take its share back, reserved or charged."""

    share: Share
    occurred: Day


class FundsReserved(GrantEvent):
    """Money of a line is promised."""

    reservation: Id
    line: str
    amount: Money
    conversion: Conversion | None = None
    share: Share | None = None
    occurred: Day


class ReservationReleased(GrantEvent):
    """Money that was promised is free again."""

    reservation: Id
    line: str
    amount: Money
    share: Share | None = None
    occurred: Day


class CostCharged(GrantEvent):
    """Money of a line is spent. What came from a reservation is reserved no more, from the later of the two days on."""

    charge: Id
    line: str
    amount: Money
    conversion: Conversion | None = None
    reservation: Id | None = None
    reserved_on: Day | None = None
    reference: str | None = None
    share: Share | None = None
    occurred: Day


class ChargeReversed(GrantEvent):
    """A charge was taken back. The line has the money again from the reversal's own day on."""

    reversal: Id
    charge: Id
    line: str
    amount: Money
    share: Share | None = None
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
    """The grant cannot take back an expense's share on that day: somebody has to reverse the charge on another."""

    share: Share
    entry: Id
    rule: str
    occurred: Day


PersonsCommands = ReserveFunds | ReleaseReservation | ChargeGrant | ReverseCharge
ExpensesCommands = ReserveShare | ChargeShare | ReleaseShare
SpendingCommands = PersonsCommands | ExpensesCommands
SpendingEvents = FundsReserved | ReservationReleased | CostCharged | ChargeReversed | ChargeRefused | ReversalRefused


def decide(command: SpendingCommands, grant: Grant) -> Sequence[SpendingEvents]:
    """The rules of spending."""
    match command:
        case ReserveFunds(reservation=reservation):
            return [_reserve(command, grant, reservation)]
        case ReleaseReservation(reservation=reservation, occurred=occurred):
            return [_release(command, grant, reservation, occurred)]
        case ChargeGrant():
            return [_charge(command, grant)]
        case ReverseCharge(charge=charge, reversal=reversal):
            return [_reverse(command, grant, charge, reversal)]
        case ReserveShare(share=share):
            if grant.reservations.get(share.entry) or grant.charges.get(share.entry):
                return []
            try:
                return [_reserve(command, grant, share.entry, share)]
            except (DomainError, NotFound) as refusal:
                return [_refused(command, grant, share, command.line, command.amount, refusal)]
        case ChargeShare(share=share):
            reserved = grant.reservations.get(share.entry)
            return _charge_share(command, grant, share, reserved) if reserved else []
        case ReleaseShare(share=share):
            return _take_back_share(command, grant, share)
        case _:
            assert_never(command)


def _reserve(
    command: ReserveFunds | ReserveShare, grant: Grant, reservation: str, share: Share | None = None
) -> FundsReserved:
    amount, conversion = _entry(command, grant)
    must_fit(grant, command.line, amount.amount, command.occurred)
    return FundsReserved(
        grant=command.grant,
        reservation=reservation,
        line=command.line,
        amount=amount,
        conversion=conversion,
        share=share,
        occurred=command.occurred,
    )


def _charge(command: ChargeGrant, grant: Grant) -> CostCharged:
    amount, conversion = _entry(command, grant)
    covered_from = None
    if command.reservation:
        reserved = _standing(grant, command.reservation)
        if reserved.line != command.line or amount.amount > reserved.amount:
            raise DomainError(
                f"A charge from a reservation stays within it; {grant.money(reserved.amount)} is reserved on line "
                f"'{reserved.line}'; up to that would be accepted there, the rest as a charge of its own.",
                rule="within-the-reservation",
            )
        covered_from = reserved.day
    must_fit(grant, command.line, amount.amount, command.occurred, covered_from)
    return CostCharged(
        grant=command.grant,
        charge=command.charge,
        line=command.line,
        amount=amount,
        conversion=conversion,
        reservation=command.reservation,
        reserved_on=covered_from,
        reference=command.reference,
        occurred=command.occurred,
    )


def _entry(command: ReserveFunds | ReserveShare | ChargeGrant, grant: Grant) -> tuple[Money, Conversion | None]:
    """What an entry comes to in the grant's currency, if the grant may have it on that day at all."""
    must_be_open(grant)
    line = line_of(grant, command.line)
    must_be_unlocked(grant, command.occurred, command)
    if command.occurred not in line.period:
        raise DomainError(
            f"A cost lies in its line's period; line '{command.line}' is for {line.period}, "
            f"the cost is of {command.occurred}; record it on a line for that day.",
            rule="in-the-eligible-period",
        )
    due_to_person = isinstance(command, ReserveShare) and command.due_to_person
    amount, conversion = _in_currency_of(grant, command.amount, command.rate, command.occurred, due_to_person)
    if not amount.amount:
        raise DomainError("An entry is of at least a cent; nothing is given; give an amount.", rule="at-least-a-cent")
    return amount, conversion


def _in_currency_of(
    grant: Grant, cost: Money, rate: Rate | None, day: date, due_to_person: bool
) -> tuple[Money, Conversion | None]:
    to = grant.money(NOTHING).currency
    if cost.currency == to:
        return cost, None
    try:
        if {cost.currency, to} == {"EUR", "LTL"} and (rate is None or day >= LITAS_PEGGED):
            rate = litas_rate(day)  # the only one there is: a rate that was given beside it does not count
        if rate is None:
            raise ValueError("no rate is given")
        return convert(cost, to, rate, due_to_person=due_to_person), Conversion(original=cost, rate=rate)
    except ValueError as reason:
        raise DomainError(
            f"A cost comes to an amount in the grant's currency; the grant is in {to}, the cost is {cost}, and "
            f"{reason}; give it in {to}, or with the euro's rate of the day.",
            rule="currency-of-the-grant",
        ) from None


def _standing(grant: Grant, reservation: str) -> Reservation:
    if reserved := grant.reservations.get(reservation):
        return reserved
    raise DomainError(
        "Only a reservation that stands can be used or given back; this one was never made, is used up or given back.",
        rule="reservation-stands",
    )


def _release(
    command: GrantCommand, grant: Grant, reservation: str, occurred: date, share: Share | None = None
) -> ReservationReleased:
    must_be_open(grant)
    reserved = _standing(grant, reservation)
    must_be_unlocked(grant, occurred, command)
    if occurred < reserved.day:
        raise DomainError(
            f"Money is given back after it was reserved; that was on {reserved.day}; give that day or a later one.",
            rule="not-before-the-entry",
        )
    return ReservationReleased(
        grant=command.grant,
        reservation=reservation,
        line=reserved.line,
        amount=grant.money(reserved.amount),
        share=share,
        occurred=occurred,
    )


def _reverse(command: ReverseCharge | ReleaseShare, grant: Grant, charge: str, reversal: str) -> ChargeReversed:
    must_be_open(grant)
    charged = grant.charges.get(charge)
    if not charged or charged.reversed:
        raise DomainError(
            "Only a charge that stands can be reversed; this one was never made, or is reversed already.",
            rule="charge-stands",
        )
    must_be_unlocked(grant, command.occurred, command)
    if command.occurred < charged.day:
        raise DomainError(
            f"A charge is reversed after it was made; that was on {charged.day}; give that day or a later one.",
            rule="not-before-the-entry",
        )
    return ChargeReversed(
        grant=command.grant,
        reversal=reversal,
        charge=charge,
        line=charged.line,
        amount=grant.money(charged.amount),
        share=charged.share,
        occurred=command.occurred,
    )


def _charge_share(command: ChargeShare, grant: Grant, share: Share, reserved: Reservation) -> list[SpendingEvents]:
    """Charge all that was reserved, on the day it was reserved for; the earmark has room for it since then."""
    amount = grant.money(reserved.amount)
    try:
        must_be_open(grant)
        must_be_unlocked(grant, reserved.day, command)
    except DomainError as refusal:  # the period was reported in between
        released = ReservationReleased(
            grant=command.grant,
            reservation=share.entry,
            line=reserved.line,
            amount=amount,
            share=share,
            occurred=_first_open_day(grant, reserved.day),
        )
        return [released, _refused(command, grant, share, reserved.line, amount, refusal)]
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


def _take_back_share(command: ReleaseShare, grant: Grant, share: Share) -> list[SpendingEvents]:
    charged = grant.charges.get(share.entry)
    reserved = grant.reservations.get(share.entry)
    try:
        if charged and not charged.reversed:
            return [_reverse(command, grant, share.entry, str(uuid5(UUID(share.entry), "reversal")))]
        if reserved:
            return [_release(command, grant, share.entry, max(command.occurred, reserved.day), share)]
    except DomainError as refusal:
        return [
            ReversalRefused(
                grant=command.grant,
                share=share,
                entry=share.entry,
                rule=refusal.facts["rule"],
                occurred=command.occurred,
            )
        ]
    return []


def _refused(
    command: ReserveShare | ChargeShare,
    grant: Grant,
    share: Share,
    line: str,
    amount: Money,
    refusal: DomainError | NotFound,
) -> ChargeRefused:
    left = refusal.facts.get("left")
    return ChargeRefused(
        grant=command.grant,
        share=share,
        line=line,
        amount=amount,
        rule=refusal.facts.get("rule", "grant-is-awarded"),
        left=grant.money(Decimal(left)) if left else None,
        occurred=command.occurred,
    )


def _first_open_day(grant: Grant, day: date) -> date:
    while lock := grant.lock_on(day):
        day = lock.last + timedelta(days=1)
    return day


def evolve(grant: Grant, event: SpendingEvents) -> Grant:
    """A grant after money was promised, spent or given back."""
    match event:
        case FundsReserved(reservation=reservation, line=line, amount=amount, occurred=day):
            reserved = Reservation(line, amount.amount, day, event.conversion)
            return replace(
                grant.moved(line, (day, -amount.amount)),
                reservations=grant.reservations.put(reservation, reserved),
                reserved=grant.reserved + amount.amount,
            )
        case ReservationReleased(reservation=reservation, line=line, amount=amount, occurred=day):
            return replace(
                grant.moved(line, (day, amount.amount)),
                reservations=grant.reservations.drop(reservation),
                reserved=grant.reserved - amount.amount,
            )
        case CostCharged(charge=charge, reservation=reservation, line=line, amount=amount, occurred=day):
            if reservation is None:
                return _charged(grant.moved(line, (day, -amount.amount)), charge, event)
            used = _standing(grant, reservation)
            rest = replace(used, amount=used.amount - amount.amount)
            rests = grant.reservations
            moved = grant.moved(line, (day, -amount.amount), (max(day, used.day), amount.amount))
            return replace(
                _charged(moved, charge, event),
                reservations=rests.put(reservation, rest) if rest.amount else rests.drop(reservation),
                reserved=grant.reserved - amount.amount,
            )
        case ChargeReversed(charge=charge, line=line, amount=amount, occurred=day):
            standing = grant.charges.get(charge) or Charge(line, amount.amount, day)
            return replace(
                grant.moved(line, (day, amount.amount)),
                charges=grant.charges.put(charge, replace(standing, reversed=True)),
                spent=grant.spent - amount.amount,
            )
        case ChargeRefused() | ReversalRefused():
            return grant
        case _:
            assert_never(event)


def _charged(grant: Grant, charge: str, event: CostCharged) -> Grant:
    return replace(
        grant,
        charges=grant.charges.put(charge, Charge(event.line, event.amount.amount, event.occurred, event.share)),
        spent=grant.spent + event.amount.amount,
    )

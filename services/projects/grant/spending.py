"""What becomes of a grant's money by people's hands: reserved, charged, given back, reversed.

What breaks a rule is refused with the rule. What expenses and campaigns ask for is in `requests`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, assert_never

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
from shared.errors import DomainError
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
    """Give back what is left of a reservation, or part of it."""

    reservation: ReservationId
    amount: Money | None = Field(
        None,
        description="How much, in the grant's currency; else all",
        examples=[{"amount": "20.00", "currency": "EUR"}],
    )
    occurred: Day = Field(description="When it was given back", examples=["2008-03-20"])


class ChargeGrant(GrantCommand, route="POST /grants/{grant}/charges", roles=KEEPS_BOOKS):
    """Charge a cost to a line, from a reservation or not. A cost with an invoice is recorded as an expense instead."""

    charge: Id = new_id()
    line: LineName
    amount: Cost
    rate: RateOfTheDay = None
    reservation: Id | None = Field(None, description="The reservation that it uses")
    reference: str = Field(
        min_length=1, max_length=80, description="The voucher's number; no personal data", examples=["bank fee 2008-03"]
    )
    occurred: Day = Field(description="When the cost was incurred", examples=["2008-03-12"])


class ReverseCharge(GrantCommand, route="POST /grants/{grant}/charges/{charge}/reversal", roles=KEEPS_BOOKS):
    """Reverse a charge, on a day of the reversal's own. The line has the money again from that day on."""

    reversal: Id = new_id()
    charge: ChargeId
    occurred: Day = Field(description="The reversal's own day", examples=["2008-04-02"])


class FundsReserved(GrantEvent):
    """Money of a line is promised."""

    reservation: Id
    line: str
    amount: Money
    conversion: Conversion | None = None
    share: Share | None = None
    campaign: Id | None = None
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


SpendingCommands = ReserveFunds | ReleaseReservation | ChargeGrant | ReverseCharge
SpendingEvents = FundsReserved | ReservationReleased | CostCharged | ChargeReversed


def decide(command: SpendingCommands, grant: Grant) -> Sequence[SpendingEvents]:
    """The rules of spending."""
    match command:
        case ReserveFunds(line=line, amount=cost, occurred=day):
            amount, conversion = comes_to(command, grant, line, cost, day, command.rate)
            must_fit(grant, line, amount.amount, day)
            return [
                FundsReserved(
                    grant=command.grant,
                    reservation=command.reservation,
                    line=line,
                    amount=amount,
                    conversion=conversion,
                    occurred=day,
                )
            ]
        case ReleaseReservation(reservation=reservation, occurred=day):
            must_be_open(grant)
            _not_an_expenses(_standing(grant, reservation))
            return [release(command, grant, reservation, day, command.amount)]
        case ChargeGrant():
            return [_charge(command, grant)]
        case ReverseCharge(charge=charge, reversal=reversal, occurred=day):
            return [reverse(command, grant, charge, reversal, day)]
        case _:
            assert_never(command)


def _charge(command: ChargeGrant, grant: Grant) -> CostCharged:
    amount, conversion = comes_to(command, grant, command.line, command.amount, command.occurred, command.rate)
    reserved_on = None
    if command.reservation:
        reserved = _standing(grant, command.reservation)
        _not_an_expenses(reserved)
        if reserved.line != command.line or amount.amount > reserved.amount:
            raise DomainError(
                f"A charge from a reservation stays within it; {grant.money(reserved.amount)} is reserved on line "
                f"'{reserved.line}'; up to that would be accepted there, the rest as a charge of its own.",
                rule="within-the-reservation",
            )
        reserved_on = reserved.day
    must_fit(grant, command.line, amount.amount, command.occurred, reserved_on)
    return CostCharged(
        grant=command.grant,
        charge=command.charge,
        line=command.line,
        amount=amount,
        conversion=conversion,
        reservation=command.reservation,
        reserved_on=reserved_on,
        reference=command.reference,
        occurred=command.occurred,
    )


def comes_to(
    command: GrantCommand,
    grant: Grant,
    line: str,
    cost: Money,
    day: date,
    rate: Rate | None,
    *,
    due_to_person: bool = False,
) -> tuple[Money, Conversion | None]:
    """What an entry comes to in the grant's currency, if the line may have it on that day at all."""
    must_be_open(grant)
    period = line_of(grant, line).period
    must_be_unlocked(grant, day, command)
    if day not in period:
        raise DomainError(
            f"A cost lies in its line's period; line '{line}' is for {period}, the cost is of {day}; "
            "record it on a line for that day.",
            rule="in-the-eligible-period",
        )
    amount, conversion = _in_currency_of(grant, cost, rate, day, due_to_person)
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


def _not_an_expenses(reserved: Reservation) -> None:
    if reserved.share:
        raise DomainError(
            "What is reserved for an expense follows the expense; this is; reverse the expense, or let it be charged.",
            rule="reserved-for-an-expense",
        )


def release(
    command: GrantCommand, grant: Grant, reservation: str, day: date, amount: Money | None = None
) -> ReservationReleased:
    """Give back a reservation, or `amount` of it."""
    must_be_open(grant)
    reserved = _standing(grant, reservation)
    must_be_unlocked(grant, day, command)
    if day < reserved.day:
        raise DomainError(
            f"Money is given back after it was reserved; that was on {reserved.day}; give that day or a later one.",
            rule="not-before-the-entry",
        )
    all_of_it = grant.money(reserved.amount)
    if amount and (amount.currency != all_of_it.currency or not 0 < amount.amount <= reserved.amount):
        raise DomainError(
            f"No more is given back than is reserved; {all_of_it} is; {amount} is asked; give up to {all_of_it}.",
            rule="within-the-reservation",
        )
    return ReservationReleased(
        grant=command.grant,
        reservation=reservation,
        line=reserved.line,
        amount=amount or all_of_it,
        share=reserved.share,
        occurred=day,
    )


def reverse(command: GrantCommand, grant: Grant, charge: str, reversal: str, day: date) -> ChargeReversed:
    """Take back a charge."""
    must_be_open(grant)
    charged = grant.charges.get(charge)
    if not charged or charged.reversed:
        raise DomainError(
            "Only a charge that stands can be reversed; this one was never made, or is reversed already.",
            rule="charge-stands",
        )
    must_be_unlocked(grant, day, command)
    if day < charged.day:
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
        occurred=day,
    )


def evolve(grant: Grant, event: SpendingEvents) -> Grant:
    """A grant after money was promised, spent or given back."""
    match event:
        case FundsReserved(reservation=reservation, line=line, amount=amount, occurred=day):
            reserved = Reservation(line, amount.amount, day, event.share, event.conversion)
            return replace(
                grant.moved(line, (day, -amount.amount)),
                reservations=grant.reservations.put(reservation, reserved),
                reserved=grant.reserved + amount.amount,
            )
        case ReservationReleased(reservation=reservation, line=line, amount=amount, occurred=day):
            return _used(grant.moved(line, (day, amount.amount)), reservation, amount.amount)
        case CostCharged(charge=charge, reservation=reservation, line=line, amount=amount, occurred=day):
            if reservation is None:
                return _charged(grant.moved(line, (day, -amount.amount)), charge, event)
            moves = ((day, -amount.amount), (max(day, event.reserved_on or day), amount.amount))
            return _used(_charged(grant.moved(line, *moves), charge, event), reservation, amount.amount)
        case ChargeReversed(charge=charge, line=line, amount=amount, occurred=day):
            standing = grant.charges.get(charge) or Charge(line, amount.amount, day)
            return replace(
                grant.moved(line, (day, amount.amount)),
                charges=grant.charges.put(charge, replace(standing, reversed=True)),
                spent=grant.spent - amount.amount,
            )
        case _:
            assert_never(event)


def _charged(grant: Grant, charge: str, event: CostCharged) -> Grant:
    return replace(
        grant,
        charges=grant.charges.put(charge, Charge(event.line, event.amount.amount, event.occurred, event.share)),
        spent=grant.spent + event.amount.amount,
    )


def _used(grant: Grant, reservation: str, amount: Decimal) -> Grant:
    """With that much less in the reservation; gone when nothing is left of it."""
    before = _standing(grant, reservation)
    rest = replace(before, amount=before.amount - amount)
    kept = grant.reservations.put(reservation, rest) if rest.amount else grant.reservations.drop(reservation)
    return replace(grant, reservations=kept, reserved=grant.reserved - amount)

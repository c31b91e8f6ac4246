"""Amounts in read models: whole cents, so that a database adds them up exactly."""

from __future__ import annotations

from decimal import Decimal


def cents(amount: Decimal) -> int:
    """An amount as a read model adds it up."""
    return int(amount.scaleb(2))


def amount_of(total: int | None) -> Decimal:
    """The amount of a number of cents."""
    return Decimal(total or 0).scaleb(-2)

"""A quantity in two columns, and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping

from services.campaigns.quantity import Quantity


def counted(column: str, quantity: Quantity) -> dict[str, Any]:
    return {column: quantity.number, f"{column}_precision": quantity.precision}


def quantity(row: RowMapping, column: str) -> Quantity | None:
    precision = row[f"{column}_precision"]
    return Quantity(number=row[column], precision=precision) if precision else None

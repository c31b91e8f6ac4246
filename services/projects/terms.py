"""The words that this context's aggregates share: ids, days, categories, and who works with money."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from shared.messages import Id, Role

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _whole_day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        return date.fromisoformat(value)
    raise ValueError("this needs a whole day, such as 2008-10-02")


# A book entry has a day; other facts may be known only in part (`shared.dates.Occurred`). Stored alike, both are EDTF.
Day = Annotated[date, BeforeValidator(_whole_day), Field(description="A whole day", examples=["2008-10-02"])]

FunderId = Annotated[Id, Field(description="The funder", examples=["0b7e1c52-94f0-4c1b-8a55-1f9a6c2d7e10"])]
ProjectId = Annotated[Id, Field(description="The project", examples=["5d0c8a3e-7b62-4f4e-9d0a-2c1be6f0a917"])]
GrantId = Annotated[Id, Field(description="The grant", examples=["c3a91f7d-20b8-4e6c-a1d4-7f5e9b0c6d28"])]
ExpenseId = Annotated[Id, Field(description="The expense", examples=["8e4f6b1a-d3c7-5029-b8e6-4a1d0f2c9b73"])]

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
LineName = Annotated[Slug, Field(description="The earmarked line, by its name within the grant", examples=["food"])]
ReportName = Annotated[Slug, Field(description="The report, by its name within the grant", examples=["interim-1"])]

Title = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
SignedAmount = Annotated[Decimal, Field(max_digits=15, decimal_places=2, allow_inf_nan=False, examples=["-120.00"])]

KEEPS_BOOKS = [Role.ACCOUNTANT, Role.PROJECT_MANAGER]
READS_BOOKS = [Role.ACCOUNTANT, Role.PROJECT_MANAGER, Role.SUPERVISOR, Role.AUDITOR]
STAFF = [role for role in Role if role not in {Role.PARTNER, Role.POLICY}]


class Category(StrEnum):
    """What an earmarked line is for."""

    FOOD = "food"
    SALARIES = "salaries"
    UTILITIES = "utilities"
    RENT = "rent"
    SERVICES = "services"
    MATERIALS = "materials"
    EQUIPMENT = "equipment"
    TRAVEL = "travel"
    TRAINING = "training"
    EVENTS = "events"
    ADMINISTRATION = "administration"
    OTHER = "other"

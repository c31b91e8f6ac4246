"""Funders, projects and grants as the activity report sees them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from shared.messages import View
from shared.money import Money


class ProjectProposed(View, of="projects.ProjectProposed"):
    """What a project is called."""

    project: str
    title: str
    programme: str | None = None


class ProjectCorrected(View, of="projects.ProjectCorrected"):
    """It is called otherwise, or belongs to another programme."""

    project: str
    title: str
    programme: str | None = None


class ProjectStarted(View, of="projects.ProjectStarted"):
    """A project counts from here, in this year."""

    project: str
    year: int
    occurred: str


class ProjectStartCorrected(View, of="projects.ProjectStartCorrected"):
    """It counts in another year."""

    project: str
    year: int
    occurred: str


class FunderRegistered(View, of="projects.FunderRegistered"):
    """Who a funder is. A private one's public name is nobody's."""

    funder: str
    kind: str
    name: str
    country: str


class FunderCorrected(View, of="projects.FunderCorrected"):
    """It is another one, or of another kind."""

    funder: str
    kind: str
    name: str
    country: str


class Line(BaseModel):
    """An earmark of a grant."""

    model_config = ConfigDict(frozen=True)

    line: str
    category: str
    amount: Money


class Change(BaseModel):
    """How an earmark was raised or lowered."""

    model_config = ConfigDict(frozen=True)

    line: str
    by: Decimal


class GrantAwarded(View, of="projects.GrantAwarded"):
    """A funder pays for a project."""

    grant: str
    project: str
    funder: str
    amount: Money
    eligible_from: date
    eligible_until: date
    lines: tuple[Line, ...]
    occurred: str


class GrantAmended(View, of="projects.GrantAmended"):
    """It pays more, less, or longer."""

    grant: str
    changes: tuple[Change, ...] = ()
    new_lines: tuple[Line, ...] = ()
    eligible_until: date | None = None
    by: Decimal
    effective: date


class FundsReserved(View, of="projects.FundsReserved"):
    """Money is promised."""

    grant: str
    line: str
    amount: Money
    occurred: date


class ReservationReleased(View, of="projects.ReservationReleased"):
    """Money is free again."""

    grant: str
    line: str
    amount: Money
    occurred: date


class CostCharged(View, of="projects.CostCharged"):
    """Money is spent, perhaps what was promised."""

    grant: str
    line: str
    amount: Money
    reservation: str | None = None
    reserved_on: date | None = None
    occurred: date


class ChargeReversed(View, of="projects.ChargeReversed"):
    """Money spent is back."""

    grant: str
    line: str
    amount: Money
    occurred: date

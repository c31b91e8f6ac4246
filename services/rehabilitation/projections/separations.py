"""Separations: who may not be housed with whom. For those who may know it, and for nobody else."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Column, Index, RowMapping, String, Text, select

from services.rehabilitation.placement.people import SeparationLifted, SeparationOrdered
from services.rehabilitation.placement.record import KNOWERS, CentreId, OrderId, PersonId, Scope
from services.rehabilitation.projections.centres import OfCentres, centres_table
from shared.codec import Recorded
from shared.messages import Id, Query
from shared.projections.declaration import Asking, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class SeparationShown(_Shown):
    """Two people who are, or were, kept apart."""

    order: OrderId
    first: PersonId
    second: PersonId
    scope: Scope
    tension: Id | None
    since: date
    lifted: date | None
    grounds: str | Redacted | None


class SeparationPage(_Shown):
    """Separation orders, the newest first."""

    separations: tuple[SeparationShown, ...]
    next: Next


class ListSeparations(
    Query[SeparationPage], context="rehabilitation", route="GET /centres/{centre}/separations", roles=KNOWERS
):
    """Who may not be housed with whom. Those that stand, unless asked otherwise."""

    centre: CentreId
    person: Annotated[PersonId | None, Field(description="Only of this person")] = None
    lifted: Annotated[bool, Field(description="Those that were lifted instead")] = False
    after: After = None
    limit: Limit = 50


class Separations(OfCentres):
    """Separation orders of every centre."""

    name = "separations"

    centres = centres_table("centres_of_separations")
    separations = table(
        "separations",
        Column("order", String, primary_key=True),
        Column("position", BigInteger),
        Column("centre", String),
        Column("first", String),
        Column("second", String),
        Column("scope", String),
        Column("tension", String),
        Column("since", String),
        Column("lifted", String),
        Column("grounds", Text),
        Index("separations_newest", "centre", "position"),
    )

    @on(SeparationOrdered)
    def separated(self, e: Recorded[SeparationOrdered], rows: Rows) -> None:
        """Two people are kept apart."""
        order = e.event
        rows.put(
            self.separations,
            order=order.order,
            position=e.position,
            centre=order.centre,
            first=order.first,
            second=order.second,
            scope=order.scope,
            tension=order.tension,
            since=order.occurred.isoformat(),
            grounds=e.sealed("grounds"),
        )

    @on(SeparationLifted)
    def lifted(self, e: Recorded[SeparationLifted], rows: Rows) -> None:
        """No longer."""
        rows.change(self.separations, (e.event.order,), lifted=e.event.occurred.isoformat())

    @answers(ListSeparations)
    def list_separations(self, query: ListSeparations, asking: Asking) -> SeparationPage:
        """The newest first."""
        self.must_be_centre(query.centre, asking)
        orders = asking.live(self.separations)
        is_lifted = orders.c.lifted.is_not(None) if query.lifted else orders.c.lifted.is_(None)
        statement = select(orders).where(orders.c.centre == query.centre, is_lifted)
        if query.person is not None:
            statement = statement.where((orders.c.first == query.person) | (orders.c.second == query.person))
        if query.after is not None:
            statement = statement.where(orders.c.position < query.after)
        found = asking.rows(statement.order_by(orders.c.position.desc()).limit(query.limit + 1))
        shown, more = page(found, query.limit, lambda row: _separation(row, asking))
        return SeparationPage(separations=shown, next=more)


def _separation(row: RowMapping, asking: Asking) -> SeparationShown:
    told = {name: row[name] for name in SeparationShown.model_fields if name != "grounds"}
    return SeparationShown(**told, grounds=asking.reveal(row["grounds"]))

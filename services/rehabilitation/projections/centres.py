"""What read models of a centre share: which centres there are, and who may know why a bed is not available."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Column, String, Table, select

from services.rehabilitation.placement.house import CentreOpened
from services.rehabilitation.placement.record import KNOWERS
from shared.codec import Recorded
from shared.errors import NotFound
from shared.projections.declaration import Asking, Projection, Rows, on, table


def centres_table(name: str) -> Table:
    """The centres, as one read model keeps them for itself."""
    return table(
        name,
        Column("centre", String, primary_key=True),
        Column("code", String),
        Column("opened", String),
    )


class OfCentres(Projection):
    """A read model that is asked about one centre."""

    centres: ClassVar[Table]

    @on(CentreOpened)
    def opened(self, e: Recorded[CentreOpened], rows: Rows) -> None:
        """A centre."""
        rows.put(self.centres, centre=e.event.centre, code=e.event.code, opened=e.event.occurred.isoformat())

    def must_be_centre(self, centre: str, asking: Asking) -> None:
        """Raises `NotFound` for one that was never opened."""
        centres = asking.live(self.centres)
        if not asking.rows(select(centres.c.centre).where(centres.c.centre == centre)):
            raise NotFound("There is no such centre.")


def may_know(asking: Asking) -> bool:
    """Whether the asker may know why a bed is not available."""
    return not asking.origin.roles.isdisjoint(KNOWERS)

"""Stays: who was in the house from when until when, and where they are or last were."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Column, Index, RowMapping, String, select

from services.rehabilitation.placement.record import HOUSE, BedCode, CentreId, PersonId, StayId
from services.rehabilitation.placement.stays import CheckedIn, CheckedOut, DeparturePlanned, HouseRulesAccepted, Moved
from services.rehabilitation.projections.centres import OfCentres, centres_table
from shared.codec import Recorded
from shared.messages import Query
from shared.projections.declaration import Asking, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class StayShown(_Shown):
    """A stay, and where it is or last was."""

    stay: StayId
    person: PersonId
    bed: BedCode
    arrived: date
    until: date | None
    left: date | None
    house_rules: str | None = Field(description="Which version of the house rules the person accepted")


class StayPage(_Shown):
    """Stays, the newest first."""

    stays: tuple[StayShown, ...]
    next: Next


class ListStays(Query[StayPage], context="rehabilitation", route="GET /centres/{centre}/stays", roles=HOUSE):
    """Stays, by person, and by whether they go on."""

    centre: CentreId
    person: Annotated[PersonId | None, Field(description="Only of this person")] = None
    here: Annotated[bool | None, Field(description="Only those that go on, or only those that ended")] = None
    after: After = None
    limit: Limit = 50


class Stays(OfCentres):
    """Every stay as it stands."""

    name = "stays"

    centres = centres_table("centres_of_stays")
    stays = table(
        "stays",
        Column("stay", String, primary_key=True),
        Column("position", BigInteger),
        Column("centre", String),
        Column("person", String),
        Column("bed", String),
        Column("arrived", String),
        Column("until", String),
        Column("left", String),
        Column("house_rules", String),
        Index("stays_newest", "centre", "position"),
        Index("stays_by_person", "centre", "person", "position"),
    )

    @on(CheckedIn)
    def checked_in(self, e: Recorded[CheckedIn], rows: Rows) -> None:
        """A stay begins."""
        stay = e.event
        rows.put(
            self.stays,
            stay=stay.stay,
            position=e.position,
            centre=stay.centre,
            person=stay.person,
            bed=stay.bed,
            arrived=stay.occurred.isoformat(),
            until=stay.until.isoformat() if stay.until else None,
            house_rules=stay.house_rules,
        )

    @on(Moved)
    def moved(self, e: Recorded[Moved], rows: Rows) -> None:
        """It goes on in another bed."""
        rows.change(self.stays, (e.event.stay,), bed=e.event.bed)

    @on(CheckedOut)
    def checked_out(self, e: Recorded[CheckedOut], rows: Rows) -> None:
        """It ends."""
        rows.change(self.stays, (e.event.stay,), left=e.event.occurred.isoformat())

    @on(DeparturePlanned)
    def departure(self, e: Recorded[DeparturePlanned], rows: Rows) -> None:
        """Until when."""
        rows.change(self.stays, (e.event.stay,), until=e.event.until.isoformat())

    @on(HouseRulesAccepted)
    def house_rules(self, e: Recorded[HouseRulesAccepted], rows: Rows) -> None:
        """Which rules."""
        rows.change(self.stays, (e.event.stay,), house_rules=e.event.rules)

    @answers(ListStays)
    def list_stays(self, query: ListStays, asking: Asking) -> StayPage:
        """Filtered, and paged by the position of the check-in."""
        self.must_be_centre(query.centre, asking)
        stays = asking.live(self.stays)
        statement = select(stays).where(stays.c.centre == query.centre)
        if query.person is not None:
            statement = statement.where(stays.c.person == query.person)
        if query.here is not None:
            statement = statement.where(stays.c.left.is_(None) if query.here else stays.c.left.is_not(None))
        if query.after is not None:
            statement = statement.where(stays.c.position < query.after)
        found = asking.rows(statement.order_by(stays.c.position.desc()).limit(query.limit + 1))
        shown, more = page(found, query.limit, _stay)
        return StayPage(stays=shown, next=more)


def _stay(row: RowMapping) -> StayShown:
    return StayShown(**{name: row[name] for name in StayShown.model_fields})

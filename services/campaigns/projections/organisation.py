"""The organisation's public profile, now or on an earlier day."""

from __future__ import annotations

from datetime import date

from pydantic import Field
from sqlalchemy import JSON, BigInteger, Column, String, or_, select

from services.campaigns.organisation import (
    BodyConstituted,
    BodyDissolved,
    BodyKind,
    Description,
    DescriptionCorrected,
    OrganisationDescribed,
    Seats,
)
from services.campaigns.projections.questions import Shown
from shared.codec import Recorded
from shared.dates import earliest
from shared.errors import NotFound
from shared.messages import Id, Query, Role
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table

ALWAYS = "9999-12-31"


class BodyShown(Shown):
    """A body that governs."""

    body: Id
    kind: BodyKind
    seats: Seats
    appointed_by: str
    since: str


class OrganisationProfile(Shown):
    """What the organisation is and who governs it. `since`: from when this description holds."""

    description: Description
    since: str
    bodies: tuple[BodyShown, ...]


class ShowOrganisation(Query[OrganisationProfile], context="campaigns", route="GET /organisation", roles=tuple(Role)):
    """Show the organisation's profile: legal form, mission, governance."""

    on: date | None = Field(
        default=None, description="As it was on this day; left out: as it is", examples=["2008-12-31"]
    )


class OrganisationModel(Projection):
    """Descriptions by the day from which they hold, and the bodies that govern."""

    name = "organisation"

    descriptions = table(
        "organisation_descriptions",
        Column("day", String, primary_key=True),
        Column("since", String),
        Column("description", JSON),
    )
    in_force = table("organisation_in_force", Column("organisation", String, primary_key=True), Column("day", String))
    bodies = table(
        "organisation_bodies",
        Column("body", String, primary_key=True),
        Column("number", BigInteger),
        Column("kind", String),
        Column("seats", JSON),
        Column("appointed_by", String),
        Column("since", String),
        Column("first_day", String),
        Column("last_day", String),
    )

    @on(OrganisationDescribed)
    def described(self, e: Recorded[OrganisationDescribed], rows: Rows) -> None:
        """From then on it is this."""
        day = earliest(e.event.occurred).isoformat()
        described = e.event.description.model_dump(mode="json")
        rows.put(self.descriptions, day=day, since=e.event.occurred, description=described)
        rows.put(self.in_force, organisation=e.event.organisation, day=day)

    @on(DescriptionCorrected)
    def corrected(self, e: Recorded[DescriptionCorrected], rows: Rows) -> None:
        """What is in force was wrong."""
        if force := rows.get(self.in_force, (e.event.organisation,)):
            rows.change(self.descriptions, (force["day"],), description=e.event.description.model_dump(mode="json"))

    @on(BodyConstituted)
    def constituted(self, e: Recorded[BodyConstituted], rows: Rows) -> None:
        """A body governs."""
        rows.put(
            self.bodies,
            body=e.event.body,
            number=e.position,
            kind=e.event.kind,
            seats=e.event.seats.model_dump(mode="json"),
            appointed_by=e.event.appointed_by,
            since=e.event.occurred,
            first_day=earliest(e.event.occurred).isoformat(),
            last_day=ALWAYS,
        )

    @on(BodyDissolved)
    def dissolved(self, e: Recorded[BodyDissolved], rows: Rows) -> None:
        """It governs no longer."""
        rows.change(self.bodies, (e.event.body,), last_day=earliest(e.event.occurred).isoformat())

    @answers(ShowOrganisation)
    def show(self, query: ShowOrganisation, asking: Asking) -> OrganisationProfile:
        """The profile on a day."""
        descriptions, bodies = asking.live(self.descriptions), asking.live(self.bodies)
        day = query.on.isoformat() if query.on else ALWAYS
        found = asking.rows(
            select(descriptions).where(descriptions.c.day <= day).order_by(descriptions.c.day.desc()).limit(1)
        )
        if not found:
            raise NotFound("The organisation has not been described as of that day.")
        governing = asking.rows(
            select(bodies)
            .where(bodies.c.first_day <= day, or_(bodies.c.last_day == ALWAYS, bodies.c.last_day > day))
            .order_by(bodies.c.number)
        )
        return OrganisationProfile(
            description=Description.model_validate(found[0]["description"]),
            since=found[0]["since"],
            bodies=tuple(BodyShown.model_validate(dict(row)) for row in governing),
        )

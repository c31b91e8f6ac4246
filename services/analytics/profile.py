"""The part of the activity's read model that is about the organisation itself, and about whom it works with."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Integer, String

from services.analytics.dating import ALWAYS, dated, number_of
from services.analytics.views.public import (
    AgreementEnded,
    AgreementSigned,
    BodyConstituted,
    BodyDissolved,
    DescriptionCorrected,
    FigureRemarked,
    JointWorkDone,
    OrganisationDescribed,
    PartnerCorrected,
    PartnerRegistered,
    RemarkWithdrawn,
    TextTranslated,
)
from shared.codec import Recorded
from shared.projections.declaration import Projection, Rows, on, table

CENTRE = "centre"


class Profile(Projection):
    """What the organisation is, who governs it, and its partners."""

    descriptions = table(
        "activity_descriptions",
        Column("day", Integer, primary_key=True, autoincrement=False),
        Column("description", JSON),
        Column("synthetic", Integer),
    )
    in_force = table("activity_in_force", Column("organisation", String, primary_key=True), Column("day", Integer))
    bodies = table(
        "activity_bodies",
        Column("body", String, primary_key=True),
        Column("position", BigInteger),
        Column("kind", String),
        Column("seats", JSON),
        Column("appointed_by", String),
        Column("first_day", Integer),
        Column("last_day", Integer),
        Column("synthetic", Integer),
    )
    remarks = table(
        "activity_remarks",
        Column("remark", String, primary_key=True),
        Column("position", BigInteger),
        Column("figure", String),
        Column("first_year", Integer),
        Column("last_year", Integer),
        Column("says", JSON),
    )
    texts = table(
        "activity_texts",
        Column("text", String, primary_key=True),
        Column("written_in", String),
        Column("says", JSON),
    )
    partners = table(
        "activity_partners",
        Column("partner", String, primary_key=True),
        Column("name", String),
        Column("kind", String),
        Column("country", String),
        Column("day", Integer),
        Column("synthetic", Integer),
    )
    agreements = table(
        "activity_agreements",
        Column("partner", String, primary_key=True),
        Column("agreement", String, primary_key=True),
        Column("first_day", Integer),
        Column("last_day", Integer),
    )
    works = table(
        "activity_works",
        Column("partner", String, primary_key=True),
        Column("work", String, primary_key=True),
        Column("day", Integer),
    )

    @on(OrganisationDescribed)
    def described(self, e: Recorded[OrganisationDescribed], rows: Rows) -> None:
        """From then on it is this."""
        day, _, _ = dated(e.event.occurred)
        rows.put(self.descriptions, day=day, description=e.event.description.model_dump(), synthetic=int(e.synthetic))
        rows.put(self.in_force, organisation=CENTRE, day=day)

    @on(DescriptionCorrected)
    def description_corrected(self, e: Recorded[DescriptionCorrected], rows: Rows) -> None:
        """What is in force was wrong."""
        if force := rows.get(self.in_force, (CENTRE,)):
            rows.change(self.descriptions, (force["day"],), description=e.event.description.model_dump())

    @on(BodyConstituted)
    def constituted(self, e: Recorded[BodyConstituted], rows: Rows) -> None:
        """A body governs."""
        day, _, _ = dated(e.event.occurred)
        rows.put(
            self.bodies,
            body=e.event.body,
            position=e.position,
            kind=e.event.kind,
            seats=e.event.seats.model_dump(),
            appointed_by=e.event.appointed_by,
            first_day=day,
            last_day=ALWAYS,
            synthetic=int(e.synthetic),
        )

    @on(BodyDissolved)
    def dissolved(self, e: Recorded[BodyDissolved], rows: Rows) -> None:
        """It governs no longer."""
        rows.change(self.bodies, (e.event.body,), last_day=dated(e.event.occurred)[0])

    @on(FigureRemarked)
    def remarked(self, e: Recorded[FigureRemarked], rows: Rows) -> None:
        """What readers of a figure are to know."""
        rows.put(self.remarks, position=e.position, **e.event.model_dump())

    @on(RemarkWithdrawn)
    def remark_withdrawn(self, e: Recorded[RemarkWithdrawn], rows: Rows) -> None:
        """They need not know it any more."""
        rows.drop(self.remarks, (e.event.remark,))

    @on(TextTranslated)
    def translated(self, e: Recorded[TextTranslated], rows: Rows) -> None:
        """A recorded text in other languages."""
        rows.put(self.texts, **e.event.model_dump())

    @on(PartnerRegistered)
    def partner_registered(self, e: Recorded[PartnerRegistered], rows: Rows) -> None:
        """A partner from here on."""
        it = e.event
        day, _, _ = dated(it.occurred)
        rows.put(
            self.partners,
            partner=it.partner,
            name=it.name,
            kind=it.kind,
            country=it.country,
            day=day,
            synthetic=int(e.synthetic),
        )

    @on(PartnerCorrected)
    def partner_corrected(self, e: Recorded[PartnerCorrected], rows: Rows) -> None:
        """As it really is."""
        it = e.event
        rows.change(self.partners, (it.partner,), name=it.name, kind=it.kind, country=it.country)

    @on(AgreementSigned)
    def signed(self, e: Recorded[AgreementSigned], rows: Rows) -> None:
        """An agreement."""
        it = e.event
        rows.put(
            self.agreements,
            partner=it.partner,
            agreement=it.agreement,
            first_day=number_of(it.valid_from),
            last_day=number_of(it.valid_until) if it.valid_until else ALWAYS,
        )

    @on(AgreementEnded)
    def agreement_ended(self, e: Recorded[AgreementEnded], rows: Rows) -> None:
        """It ended on another day."""
        rows.change(self.agreements, (e.event.partner, e.event.agreement), last_day=number_of(e.event.ended))

    @on(JointWorkDone)
    def worked(self, e: Recorded[JointWorkDone], rows: Rows) -> None:
        """Something done together."""
        rows.put(self.works, partner=e.event.partner, work=e.event.work, day=dated(e.event.occurred)[0])

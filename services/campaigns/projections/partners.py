"""The partner directory: who works with the Centre, in which country, under which agreements, and on what."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from sqlalchemy import JSON, Column, Index, Integer, RowMapping, String, Text, func, select, tuple_

from services.campaigns.partner import (
    AgreementEnded,
    AgreementSigned,
    CooperationField,
    JointWorkDone,
    PartnerCorrected,
    PartnerId,
    PartnerKind,
    PartnerRegistered,
)
from services.campaigns.projections.questions import READERS, After, Limit, Shown
from shared.codec import Recorded
from shared.errors import Invalid, NotFound
from shared.messages import Id, Query
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table


class PartnerEntry(Shown):
    """A partner in the directory."""

    partner: PartnerId
    name: str
    kind: PartnerKind
    country: str
    fields: tuple[CooperationField, ...]
    contact_role: str | None
    joint_works: int


class PartnerDirectory(Shown):
    """Partners by country and name, and how many there are in each country. `next` is null on the last page."""

    partners: tuple[PartnerEntry, ...]
    by_country: dict[str, int]
    next: str | None


class AgreementShown(Shown):
    """An agreement. `ended` is its last day if that is not the one agreed."""

    agreement: Id
    subject: str
    valid_from: str
    valid_until: str | None
    ended: str | None


class JointWorkShown(Shown):
    """Something that was done together."""

    work: Id
    field: CooperationField
    campaign: Id | None
    project: Id | None
    summary: str | Redacted | None
    occurred: str


class PartnerFile(PartnerEntry):
    """A partner, whole."""

    agreements: tuple[AgreementShown, ...]
    works: tuple[JointWorkShown, ...]


class ListPartners(Query[PartnerDirectory], context="campaigns", route="GET /partners", roles=READERS):
    """Show the partner directory, by country."""

    country: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$", examples=["LT"])] = None
    after: After = None
    limit: Limit = 50


class ShowPartner(Query[PartnerFile], context="campaigns", route="GET /partners/{partner}", roles=READERS):
    """Show a partner with its agreements and what was done together."""

    partner: PartnerId = Field(examples=["0d9d4e0a-3f4e-4b61-a1b0-1f7c6f1f8a77"])


class Partners(Projection):
    """Everything that is known of each partner."""

    name = "partners"

    partners = table(
        "partners",
        Column("partner", String, primary_key=True),
        Column("name", String),
        Column("kind", String),
        Column("country", String),
        Column("fields", JSON),
        Column("contact_role", String),
        Column("joint_works", Integer),
        Index("partners_by_country", "country", "partner"),
    )
    agreements = table(
        "partner_agreements",
        Column("partner", String, primary_key=True),
        Column("agreement", String, primary_key=True),
        Column("subject", Text),
        Column("valid_from", String),
        Column("valid_until", String),
        Column("ended", String),
    )
    works = table(
        "partner_works",
        Column("partner", String, primary_key=True),
        Column("work", String, primary_key=True),
        Column("field", String),
        Column("campaign", String),
        Column("project", String),
        Column("summary", Text),
        Column("occurred", String),
    )

    @on(PartnerRegistered)
    def registered(self, e: Recorded[PartnerRegistered], rows: Rows) -> None:
        """A new partner."""
        rows.put(self.partners, joint_works=0, **e.event.model_dump(mode="json", exclude={"occurred"}))

    @on(PartnerCorrected)
    def corrected(self, e: Recorded[PartnerCorrected], rows: Rows) -> None:
        """As it really is."""
        right = e.event.model_dump(mode="json", exclude={"occurred", "partner"})
        rows.change(self.partners, (e.event.partner,), **right)

    @on(AgreementSigned)
    def signed(self, e: Recorded[AgreementSigned], rows: Rows) -> None:
        """A new agreement."""
        rows.put(self.agreements, **e.event.model_dump(mode="json", exclude={"occurred"}))

    @on(AgreementEnded)
    def ended(self, e: Recorded[AgreementEnded], rows: Rows) -> None:
        """Over on another day than agreed."""
        rows.change(self.agreements, (e.event.partner, e.event.agreement), ended=e.event.ended.isoformat())

    @on(JointWorkDone)
    def worked(self, e: Recorded[JointWorkDone], rows: Rows) -> None:
        """Something done together."""
        done = e.event
        rows.put(
            self.works,
            partner=done.partner,
            work=done.work,
            field=done.field,
            campaign=done.campaign,
            project=done.project,
            summary=e.sealed("summary"),
            occurred=done.occurred,
        )
        rows.add(self.partners, (done.partner,), joint_works=1)

    @answers(ListPartners)
    def directory(self, query: ListPartners, asking: Asking) -> PartnerDirectory:
        """One page of the directory."""
        live = asking.live(self.partners)
        wanted = select(live).order_by(live.c.country, live.c.partner)
        counted = select(live.c.country, func.count().label("number")).group_by(live.c.country).order_by(live.c.country)
        if query.country is not None:
            wanted = wanted.where(live.c.country == query.country)
            counted = counted.where(live.c.country == query.country)
        if query.after is not None:
            country, separator, partner = query.after.partition("~")
            if not separator:
                raise Invalid("The cursor 'after' is not one that an answer gave as 'next'.")
            wanted = wanted.where(tuple_(live.c.country, live.c.partner) > tuple_(country, partner))
        found = asking.rows(wanted.limit(query.limit + 1))
        last = found[query.limit - 1] if len(found) > query.limit else None
        return PartnerDirectory(
            partners=tuple(_entry(row) for row in found[: query.limit]),
            by_country={row["country"]: row["number"] for row in asking.rows(counted)},
            next=f"{last['country']}~{last['partner']}" if last else None,
        )

    @answers(ShowPartner)
    def show(self, query: ShowPartner, asking: Asking) -> PartnerFile:
        """One partner, whole."""
        live, agreements, works = asking.live(self.partners), asking.live(self.agreements), asking.live(self.works)
        found = asking.rows(select(live).where(live.c.partner == query.partner))
        if not found:
            raise NotFound("There is no such partner.")
        signed = select(agreements).where(agreements.c.partner == query.partner)
        done = select(works).where(works.c.partner == query.partner)
        return PartnerFile(
            **_entry(found[0]).model_dump(),
            agreements=tuple(
                AgreementShown.model_validate(dict(row))
                for row in asking.rows(signed.order_by(agreements.c.valid_from, agreements.c.agreement))
            ),
            works=tuple(
                JointWorkShown.model_validate({**row, "summary": asking.reveal(row["summary"])})
                for row in asking.rows(done.order_by(works.c.occurred, works.c.work))
            ),
        )


def _entry(row: RowMapping) -> PartnerEntry:
    return PartnerEntry.model_validate(dict(row))

"""Campaigns with their groups, things, coverage and evaluation; the calendar; participation by town and year."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Integer,
    RowMapping,
    Select,
    String,
    Text,
    select,
    tuple_,
)

from services.campaigns.campaign.holding import AttendanceCorrected, CampaignCorrected, CampaignEvaluated, CampaignHeld
from services.campaigns.campaign.planning import (
    CampaignCancelled,
    CampaignDrafted,
    CampaignFinanced,
    CampaignMoved,
    CampaignPartnerAdded,
    CampaignPlanned,
)
from services.campaigns.campaign.state import Status
from services.campaigns.projections.counts import counted, quantity
from services.campaigns.projections.materials import Materials, of_campaign
from services.campaigns.projections.participation import Groups, participation, participation_of
from services.campaigns.projections.questions import (
    CampaignCalendar,
    CampaignEntry,
    CampaignFile,
    CampaignPage,
    EvaluationShown,
    ListCampaigns,
    Participation,
    ParticipationRow,
    ParticipationTable,
    ShowCampaign,
)
from shared.codec import Recorded
from shared.dates import earliest
from shared.errors import Invalid, NotFound
from shared.money import Money
from shared.projections.declaration import Asking, Rows, answers, on, table


class Campaigns(Groups, Materials):
    """Everything that is known of each campaign."""

    name = "campaigns"

    campaigns = table(
        "campaigns",
        Column("campaign", String, primary_key=True),
        Column("status", String),
        Column("kind", String),
        Column("title", String),
        Column("slogan", String),
        Column("aim", Text),
        Column("planned_for", String),
        Column("held_on", String),
        Column("day", String),  # the first day that it may be on, for order and ranges
        Column("year", Integer),
        Column("venue", String),
        Column("town", String),
        Column("organisers", JSON),
        Column("grant_id", String),
        Column("budget", String),
        Column("currency", String),
        Column("observance", String),
        Column("attendance", Integer),
        Column("attendance_precision", String),
        Column("why_cancelled", String),
        Column("explanation", Text),
        Column("synthetic", Boolean),
        Index("campaigns_by_day", "day", "campaign"),
    )
    partners = table(
        "campaign_partners",
        Column("campaign", String, primary_key=True),
        Column("partner", String, primary_key=True),
    )
    evaluations = table(
        "campaign_evaluations",
        Column("campaign", String, primary_key=True),
        Column("evaluation", String, primary_key=True),
        Column("objective", String),
        Column("aim", Text),
        Column("findings", JSON),
        Column("remarks", Text),
        Column("occurred", String),
    )

    @on(CampaignDrafted)
    def drafted(self, e: Recorded[CampaignDrafted], rows: Rows) -> None:
        """A commemoration is on the calendar."""
        rows.put(
            self.campaigns,
            campaign=e.event.campaign,
            status=Status.DRAFT,
            kind=e.event.kind,
            title=e.event.title,
            aim=e.event.aim,
            observance=e.event.observance,
            organisers=[],
            synthetic=e.synthetic,
            **_meant_for(e.event.planned_for),
        )

    @on(CampaignPlanned)
    def planned(self, e: Recorded[CampaignPlanned], rows: Rows) -> None:
        """It is planned."""
        plan = e.event
        rows.put(
            self.campaigns,
            campaign=plan.campaign,
            status=Status.PLANNED,
            kind=plan.kind,
            title=plan.title,
            slogan=plan.slogan,
            aim=plan.aim,
            venue=plan.venue,
            town=plan.town,
            organisers=list(plan.organisers),
            observance=plan.observance,
            synthetic=e.synthetic,
            **_meant_for(plan.planned_for),
            **_money(plan.grant, plan.budget),
        )
        for partner in plan.partners:
            rows.put(self.partners, campaign=plan.campaign, partner=partner)

    @on(CampaignMoved)
    def moved(self, e: Recorded[CampaignMoved], rows: Rows) -> None:
        """Another date or place."""
        place = _given(venue=e.event.venue, town=e.event.town)
        rows.change(self.campaigns, (e.event.campaign,), **_meant_for(e.event.planned_for), **place)

    @on(CampaignFinanced)
    def financed(self, e: Recorded[CampaignFinanced], rows: Rows) -> None:
        """A grant pays."""
        rows.change(self.campaigns, (e.event.campaign,), **_money(e.event.grant, e.event.budget))

    @on(CampaignPartnerAdded)
    def partner_added(self, e: Recorded[CampaignPartnerAdded], rows: Rows) -> None:
        """A partner works on it."""
        rows.put(self.partners, campaign=e.event.campaign, partner=e.event.partner)

    @on(CampaignCancelled)
    def cancelled(self, e: Recorded[CampaignCancelled], rows: Rows) -> None:
        """It is off."""
        rows.change(
            self.campaigns,
            (e.event.campaign,),
            status=Status.CANCELLED,
            why_cancelled=e.event.why,
            explanation=e.sealed("explanation"),
        )

    @on(CampaignHeld)
    def held(self, e: Recorded[CampaignHeld], rows: Rows) -> None:
        """It took place."""
        rows.change(
            self.campaigns,
            (e.event.campaign,),
            status=Status.HELD,
            **_held_on(e.event.occurred),
            **counted("attendance", e.event.attendance),
        )

    @on(AttendanceCorrected)
    def attendance_corrected(self, e: Recorded[AttendanceCorrected], rows: Rows) -> None:
        """So many came."""
        rows.change(self.campaigns, (e.event.campaign,), **counted("attendance", e.event.attendance))

    @on(CampaignCorrected)
    def corrected(self, e: Recorded[CampaignCorrected], rows: Rows) -> None:
        """What was recorded wrongly, as it was."""
        it = e.event
        right = _given(title=it.title, slogan=it.slogan, aim=it.aim, venue=it.venue, town=it.town)
        day = _held_on(it.held_on) if it.held_on else {}
        rows.change(self.campaigns, (it.campaign,), **right, **day)

    @on(CampaignEvaluated)
    def evaluated(self, e: Recorded[CampaignEvaluated], rows: Rows) -> None:
        """Somebody judged it."""
        rows.put(
            self.evaluations,
            campaign=e.event.campaign,
            evaluation=e.event.evaluation,
            objective=e.event.objective,
            aim=e.event.aim,
            findings=[finding.model_dump(mode="json") for finding in e.event.findings],
            remarks=e.sealed("remarks"),
            occurred=e.event.occurred,
        )

    @answers(ListCampaigns)
    def list_campaigns(self, query: ListCampaigns, asking: Asking) -> CampaignPage:
        """One page, in the order of their days."""
        live = asking.live(self.campaigns).c
        wanted = select(asking.live(self.campaigns)).order_by(live.day, live.campaign)
        for column, value in ((live.kind, query.kind), (live.status, query.status), (live.town, query.town)):
            if value is not None:
                wanted = wanted.where(column == value)
        if query.year is not None:
            wanted = wanted.where(live.year == query.year)
        return self._page(wanted, query.after, query.limit, asking)

    @answers(CampaignCalendar)
    def calendar(self, query: CampaignCalendar, asking: Asking) -> CampaignPage:
        """What is on, from one day to another; what was cancelled is not."""
        live = asking.live(self.campaigns).c
        wanted = (
            select(asking.live(self.campaigns))
            .where(live.day.between(query.since.isoformat(), query.until.isoformat()))
            .where(live.status != Status.CANCELLED)
            .order_by(live.day, live.campaign)
        )
        return self._page(wanted, query.after, query.limit, asking)

    def _page(self, wanted: Select[Any], after: str | None, limit: int, asking: Asking) -> CampaignPage:
        live = asking.live(self.campaigns).c
        if after is not None:
            day, separator, campaign = after.partition("~")
            if not separator:
                raise Invalid("The cursor 'after' is not one that an answer gave as 'next'.")
            wanted = wanted.where(tuple_(live.day, live.campaign) > tuple_(day, campaign))
        found = asking.rows(wanted.limit(limit + 1))
        last = found[limit - 1] if len(found) > limit else None
        return CampaignPage(
            campaigns=tuple(CampaignEntry(**_entry(row)) for row in found[:limit]),
            next=f"{last['day']}~{last['campaign']}" if last else None,
        )

    @answers(ShowCampaign)
    def show(self, query: ShowCampaign, asking: Asking) -> CampaignFile:
        """One campaign, whole."""
        live = asking.live(self.campaigns)
        found = asking.rows(select(live).where(live.c.campaign == query.campaign))
        if not found:
            raise NotFound("There is no such campaign.")
        campaign = found[0]
        partners = asking.live(self.partners).c
        works_on_it = select(partners.partner).where(partners.campaign == query.campaign).order_by(partners.partner)
        return CampaignFile(
            **_entry(campaign),
            aim=campaign["aim"],
            organisers=tuple(campaign["organisers"] or ()),
            partners=tuple(row["partner"] for row in asking.rows(works_on_it)),
            grant=campaign["grant_id"],
            budget=Money(amount=campaign["budget"], currency=campaign["currency"]) if campaign["budget"] else None,
            why_cancelled=campaign["why_cancelled"],
            explanation=asking.reveal(campaign["explanation"]),
            groups=self.groups_of(query.campaign, asking),
            by_town=self.towns_of(query.campaign, asking),
            artefacts=self.artefacts_of(query.campaign, asking),
            coverage=self.coverage_of(query.campaign, asking),
            evaluations=tuple(
                EvaluationShown.model_validate({**row, "remarks": asking.reveal(row["remarks"])})
                for row in of_campaign(self.evaluations, query.campaign, asking)
            ),
        )

    @answers(Participation)
    def by_town_and_year(self, query: Participation, asking: Asking) -> ParticipationTable:
        """Who came to what was held, by town and year."""
        groups, campaigns = asking.live(self.groups), asking.live(self.campaigns)
        wanted = (
            select(groups.c.town, campaigns.c.year, *participation(groups.c))
            .join_from(groups, campaigns, groups.c.campaign == campaigns.c.campaign)
            .where(campaigns.c.status == Status.HELD)
            .group_by(groups.c.town, campaigns.c.year)
            .order_by(campaigns.c.year, groups.c.town)
        )
        if query.year is not None:
            wanted = wanted.where(campaigns.c.year == query.year)
        if query.town is not None:
            wanted = wanted.where(groups.c.town == query.town)
        rows = asking.rows(wanted)
        return ParticipationTable(
            rows=tuple(
                ParticipationRow(town=row["town"], year=row["year"], participation=participation_of(row))
                for row in rows
            )
        )


def _meant_for(planned_for: str) -> dict[str, Any]:
    first = earliest(planned_for)
    return {"planned_for": planned_for, "day": first.isoformat(), "year": first.year}


def _held_on(occurred: str) -> dict[str, Any]:
    first = earliest(occurred)
    return {"held_on": occurred, "day": first.isoformat(), "year": first.year}


def _money(grant: str | None, budget: Money | None) -> dict[str, Any]:
    if budget is None:
        return {"grant_id": grant}
    return {"grant_id": grant, "budget": f"{budget.amount:.2f}", "currency": budget.currency}


def _given(**columns: str | None) -> dict[str, str]:
    return {name: value for name, value in columns.items() if value is not None}


def _entry(row: RowMapping) -> dict[str, Any]:
    shown = {name: row[name] for name in CampaignEntry.model_fields if name in row}
    return {**shown, "attendance": quantity(row, "attendance")}

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
    case,
    func,
    select,
    tuple_,
)

from services.campaigns.campaign.groups import GroupAttended, GroupChanged, GroupRegistered, GroupWithdrawn
from services.campaigns.campaign.holding import AttendanceCorrected, CampaignCorrected, CampaignEvaluated, CampaignHeld
from services.campaigns.campaign.materials import ArtefactMade, ArtefactWithdrawn, CoverageRecorded
from services.campaigns.campaign.planning import (
    CampaignCancelled,
    CampaignDrafted,
    CampaignFinanced,
    CampaignMoved,
    CampaignPartnerAdded,
    CampaignPlanned,
)
from services.campaigns.campaign.state import Status
from services.campaigns.projections.questions import (
    ArtefactShown,
    CampaignCalendar,
    CampaignEntry,
    CampaignFile,
    CampaignPage,
    CoverageShown,
    EvaluationShown,
    GroupShown,
    ListCampaigns,
    Participation,
    ParticipationRow,
    ParticipationTable,
    ShowCampaign,
    TownShown,
)
from services.campaigns.quantity import Precision, Quantity
from shared.codec import Recorded
from shared.dates import earliest
from shared.errors import Invalid, NotFound
from shared.money import Money
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table


class Campaigns(Projection):
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
    groups = table(
        "campaign_groups",
        Column("campaign", String, primary_key=True),
        Column("grp", String, primary_key=True),
        Column("school", String),
        Column("town", String),
        Column("pupils", Integer),
        Column("pupils_precision", String),
        Column("teachers", Integer),
        Column("teachers_precision", String),
        Column("minors", Boolean),
        Column("attended", Boolean),
        Column("withdrawn", Boolean),
        Column("synthetic", Boolean),
    )
    artefacts = table(
        "campaign_artefacts",
        Column("campaign", String, primary_key=True),
        Column("artefact", String, primary_key=True),
        Column("kind", String),
        Column("message", Text),
        Column("measures", JSON),
        Column("made_by", JSON),
        Column("withdrawn", String),
        Column("occurred", String),
    )
    coverage = table(
        "campaign_coverage",
        Column("campaign", String, primary_key=True),
        Column("coverage", String, primary_key=True),
        Column("outlet", String),
        Column("medium", String),
        Column("headline", Text),
        Column("audience", Integer),
        Column("audience_precision", String),
        Column("occurred", String),
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
            **_count("attendance", e.event.attendance),
        )

    @on(AttendanceCorrected)
    def attendance_corrected(self, e: Recorded[AttendanceCorrected], rows: Rows) -> None:
        """So many came."""
        rows.change(self.campaigns, (e.event.campaign,), **_count("attendance", e.event.attendance))

    @on(CampaignCorrected)
    def corrected(self, e: Recorded[CampaignCorrected], rows: Rows) -> None:
        """What was recorded wrongly, as it was."""
        it = e.event
        right = _given(title=it.title, slogan=it.slogan, aim=it.aim, venue=it.venue, town=it.town)
        day = _held_on(it.held_on) if it.held_on else {}
        rows.change(self.campaigns, (it.campaign,), **right, **day)

    @on(GroupRegistered)
    def registered(self, e: Recorded[GroupRegistered], rows: Rows) -> None:
        """A group will come."""
        rows.put(
            self.groups,
            campaign=e.event.campaign,
            grp=e.event.group,
            school=e.event.school,
            town=e.event.town,
            minors=e.event.minors,
            attended=False,
            withdrawn=False,
            synthetic=e.synthetic,
            **_count("pupils", e.event.pupils),
            **_count("teachers", e.event.teachers),
        )

    @on(GroupChanged, GroupAttended)
    def counted(self, e: Recorded[GroupChanged | GroupAttended], rows: Rows) -> None:
        """More or fewer will come, or came."""
        rows.change(
            self.groups,
            (e.event.campaign, e.event.group),
            attended=isinstance(e.event, GroupAttended),
            **_count("pupils", e.event.pupils),
            **_count("teachers", e.event.teachers),
        )

    @on(GroupWithdrawn)
    def withdrawn(self, e: Recorded[GroupWithdrawn], rows: Rows) -> None:
        """A group will not come."""
        rows.change(self.groups, (e.event.campaign, e.event.group), withdrawn=True)

    @on(ArtefactMade)
    def made(self, e: Recorded[ArtefactMade], rows: Rows) -> None:
        """A thing was made. Whom it shows stays in the log."""
        rows.put(
            self.artefacts,
            campaign=e.event.campaign,
            artefact=e.event.artefact,
            kind=e.event.kind,
            message=e.event.message,
            measures=[measure.model_dump(mode="json") for measure in e.event.measures],
            made_by=list(e.event.made_by),
            occurred=e.event.occurred,
        )

    @on(ArtefactWithdrawn)
    def artefact_withdrawn(self, e: Recorded[ArtefactWithdrawn], rows: Rows) -> None:
        """A thing is not shown any more."""
        rows.change(self.artefacts, (e.event.campaign, e.event.artefact), withdrawn=e.event.why)

    @on(CoverageRecorded)
    def covered(self, e: Recorded[CoverageRecorded], rows: Rows) -> None:
        """The media reported."""
        rows.put(
            self.coverage,
            campaign=e.event.campaign,
            coverage=e.event.coverage,
            outlet=e.event.outlet,
            medium=e.event.medium,
            headline=e.sealed("headline"),
            occurred=e.event.occurred,
            **_count("audience", e.event.audience),
        )

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
        campaigns, groups = asking.live(self.campaigns), asking.live(self.groups)
        found = asking.rows(select(campaigns).where(campaigns.c.campaign == query.campaign))
        if not found:
            raise NotFound("There is no such campaign.")
        campaign = found[0]
        of_it = groups.c.campaign == query.campaign
        groups_shown = asking.rows(select(groups).where(of_it).order_by(groups.c.town, groups.c.school, groups.c.grp))
        towns = asking.rows(
            select(groups.c.town, *_participation(groups.c))
            .where(of_it)
            .group_by(groups.c.town)
            .order_by(groups.c.town)
        )
        return CampaignFile(
            **_entry(campaign),
            aim=campaign["aim"],
            organisers=tuple(campaign["organisers"] or ()),
            partners=tuple(row["partner"] for row in self._of(self.partners, "partner", query, asking)),
            grant=campaign["grant_id"],
            budget=Money(amount=campaign["budget"], currency=campaign["currency"]) if campaign["budget"] else None,
            why_cancelled=campaign["why_cancelled"],
            explanation=asking.reveal(campaign["explanation"]),
            groups=tuple(_group(row) for row in groups_shown),
            by_town=tuple(TownShown(town=row["town"], participation=_participation_of(row)) for row in towns),
            artefacts=tuple(
                ArtefactShown(**_only(ArtefactShown, row))
                for row in self._of(self.artefacts, "artefact", query, asking)
            ),
            coverage=tuple(
                CoverageShown(
                    outlet=row["outlet"],
                    medium=row["medium"],
                    headline=asking.reveal(row["headline"]),
                    audience=_quantity(row, "audience"),
                    occurred=row["occurred"],
                )
                for row in self._of(self.coverage, "coverage", query, asking)
            ),
            evaluations=tuple(
                EvaluationShown(
                    objective=row["objective"],
                    aim=row["aim"],
                    findings=tuple(row["findings"]),
                    remarks=asking.reveal(row["remarks"]),
                    occurred=row["occurred"],
                )
                for row in self._of(self.evaluations, "evaluation", query, asking)
            ),
        )

    def _of(self, kind: Any, order: str, query: ShowCampaign, asking: Asking) -> Any:
        live = asking.live(kind)
        first = live.c.occurred if "occurred" in live.c else live.c[order]
        return asking.rows(select(live).where(live.c.campaign == query.campaign).order_by(first, live.c[order]))

    @answers(Participation)
    def participation(self, query: Participation, asking: Asking) -> ParticipationTable:
        """Who came to what was held, by town and year."""
        groups, campaigns = asking.live(self.groups), asking.live(self.campaigns)
        wanted = (
            select(groups.c.town, campaigns.c.year, *_participation(groups.c))
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
                ParticipationRow(town=row["town"], year=row["year"], participation=_participation_of(row))
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


def _count(column: str, quantity: Quantity) -> dict[str, Any]:
    return {column: quantity.number, f"{column}_precision": quantity.precision}


def _quantity(row: RowMapping, column: str) -> Quantity | None:
    precision = row[f"{column}_precision"]
    return Quantity(number=row[column], precision=precision) if precision else None


def _entry(row: RowMapping) -> dict[str, Any]:
    return {**_only(CampaignEntry, row), "attendance": _quantity(row, "attendance")}


def _only(answer: Any, row: RowMapping | dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in answer.model_fields if name in row}


def _group(row: RowMapping) -> GroupShown:
    return GroupShown(
        group=row["grp"],
        pupils=Quantity(number=row["pupils"], precision=row["pupils_precision"]),
        teachers=Quantity(number=row["teachers"], precision=row["teachers_precision"]),
        **_only(GroupShown, {name: row[name] for name in row if name not in {"pupils", "teachers"}}),
    )


def _participation(groups: Any) -> list[Any]:
    coming = groups.withdrawn.is_(False)

    def summed(condition: Any, value: Any = 1) -> Any:
        return func.coalesce(func.sum(case((condition, value), else_=0)), 0)

    def known(precision: Precision) -> Any:
        return summed(coming & ((groups.pupils_precision == precision) | (groups.teachers_precision == precision)))

    return [
        summed(coming).label("groups"),
        summed(coming, groups.pupils).label("pupils"),
        summed(coming, groups.teachers).label("teachers"),
        known(Precision.APPROXIMATE).label("approximate"),
        known(Precision.UNSTATED).label("unstated"),
        summed(coming & groups.attended.is_(False)).label("registered_only"),
        summed(coming & groups.synthetic.is_(True)).label("synthetic"),
    ]


def _participation_of(row: RowMapping) -> dict[str, Any]:
    counts = ("groups", "pupils", "teachers", "approximate", "unstated", "registered_only", "synthetic")
    return {name: row[name] for name in counts}

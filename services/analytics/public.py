"""The part of the activity's read model that is about public work: campaigns, and advocacy with what came of it."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Text

from services.analytics.dating import dated, day_columns
from services.analytics.views.public import (
    AdvocacyActionTaken,
    AdvocacyBegun,
    AdvocacyConcluded,
    ArtefactMade,
    ArtefactWithdrawn,
    AttendanceCorrected,
    CampaignCorrected,
    CampaignHeld,
    CampaignPlanned,
    FactStated,
    GroupAttended,
    GroupChanged,
    GroupRegistered,
    GroupWithdrawn,
)
from shared.codec import Recorded
from shared.projections.declaration import Projection, Rows, on, table


class PublicWork(Projection):
    """What was done in public, by whom, and what it led to."""

    campaigns = table(
        "activity_campaigns",
        Column("campaign", String, primary_key=True),
        Column("kind", String),
        Column("title", String),
        Column("slogan", String),
        Column("held_on", String),
        Column("venue", String),
        Column("town", String),
        Column("number", Integer),
        Column("precision", String),
        *day_columns(),
        Index("activity_campaigns_by_day", "day"),
    )
    aims = table("activity_aims", Column("campaign", String, primary_key=True), Column("aim", Text))
    groups = table(
        "activity_groups",
        Column("campaign", String, primary_key=True),
        Column("grp", String, primary_key=True),
        Column("town", String),
        Column("pupils", Integer),
        Column("pupils_precision", String),
        Column("teachers", Integer),
        Column("teachers_precision", String),
        Column("synthetic", Integer),
    )
    artefacts = table(
        "activity_artefacts",
        Column("campaign", String, primary_key=True),
        Column("artefact", String, primary_key=True),
        Column("kind", String),
        Column("message", Text),
        Column("measures", JSON),
        Column("synthetic", Integer),
    )
    outcomes = table(
        "activity_outcomes",
        Column("position", BigInteger, primary_key=True),  # an objective may be resumed, and concluded once more
        Column("advocacy", String),
        Column("title", String),
        Column("objective", Text),
        Column("addressee", String),
        Column("outcome", String),
        Column("concluded", String),
        Column("legal_act", JSON(none_as_null=True)),
        Column("observance", JSON(none_as_null=True)),
        *day_columns(),
        Index("activity_outcomes_by_day", "day"),
    )
    advocacies = table(
        "activity_advocacies",
        Column("advocacy", String, primary_key=True),
        Column("title", String),
        Column("objective", Text),
        Column("addressee", String),
        Column("first_day", Integer),
        Column("last_day", Integer),
        Column("synthetic", Integer),
    )
    actions = table(
        "activity_actions",
        Column("advocacy", String, primary_key=True),
        Column("action", String, primary_key=True),
        Column("first_day", Integer),
        Column("last_day", Integer),
        Column("synthetic", Integer),
    )
    facts = table(
        "activity_facts",
        Column("advocacy", String, primary_key=True),
        Column("statement", String, primary_key=True),
        Column("position", BigInteger),
        Column("fact", Text),
        Column("says", Text),
        Column("source", Text),
    )

    @on(CampaignPlanned)
    def planned(self, e: Recorded[CampaignPlanned], rows: Rows) -> None:
        """What it is meant to change."""
        rows.put(self.aims, campaign=e.event.campaign, aim=e.event.aim)

    @on(CampaignHeld)
    def held(self, e: Recorded[CampaignHeld], rows: Rows) -> None:
        """Public work that took place."""
        it = e.event
        day, _, vague = dated(it.occurred)
        rows.put(
            self.campaigns,
            campaign=it.campaign,
            kind=it.kind,
            title=it.title,
            slogan=it.slogan,
            held_on=it.occurred,
            venue=it.venue,
            town=it.town,
            number=it.attendance.number,
            precision=it.attendance.precision,
            day=day,
            vague=vague,
            synthetic=int(e.synthetic),
        )

    @on(AttendanceCorrected)
    def attendance_corrected(self, e: Recorded[AttendanceCorrected], rows: Rows) -> None:
        """Another number took part."""
        count = e.event.attendance
        rows.change(self.campaigns, (e.event.campaign,), number=count.number, precision=count.precision)

    @on(CampaignCorrected)
    def campaign_corrected(self, e: Recorded[CampaignCorrected], rows: Rows) -> None:
        """As it really was. One that was not held yet has no row."""
        if e.event.aim:
            rows.put(self.aims, campaign=e.event.campaign, aim=e.event.aim)
        right = e.event.model_dump(exclude_none=True, exclude={"campaign", "aim"})
        if e.event.held_on:
            day, _, vague = dated(e.event.held_on)
            right |= {"day": day, "vague": vague}
        if right:
            rows.change(self.campaigns, (e.event.campaign,), **right)

    @on(GroupRegistered, GroupAttended)
    def group_known(self, e: Recorded[GroupRegistered | GroupAttended], rows: Rows) -> None:
        """A group of a campaign: as it registered, and then as it came."""
        it = e.event
        rows.put(
            self.groups,
            campaign=it.campaign,
            grp=it.group,
            town=it.town,
            pupils=it.pupils.number,
            pupils_precision=it.pupils.precision,
            teachers=it.teachers.number,
            teachers_precision=it.teachers.precision,
            synthetic=int(e.synthetic),
        )

    @on(GroupChanged)
    def group_changed(self, e: Recorded[GroupChanged], rows: Rows) -> None:
        """More or fewer."""
        it = e.event
        rows.change(
            self.groups,
            (it.campaign, it.group),
            pupils=it.pupils.number,
            pupils_precision=it.pupils.precision,
            teachers=it.teachers.number,
            teachers_precision=it.teachers.precision,
        )

    @on(GroupWithdrawn)
    def group_withdrawn(self, e: Recorded[GroupWithdrawn], rows: Rows) -> None:
        """It did not come."""
        rows.drop(self.groups, (e.event.campaign, e.event.group))

    @on(ArtefactMade)
    def made(self, e: Recorded[ArtefactMade], rows: Rows) -> None:
        """A thing that was made."""
        it = e.event
        rows.put(
            self.artefacts,
            campaign=it.campaign,
            artefact=it.artefact,
            kind=it.kind,
            message=it.message,
            measures=[measure.model_dump(mode="json") for measure in it.measures],
            synthetic=int(e.synthetic),
        )

    @on(ArtefactWithdrawn)
    def artefact_withdrawn(self, e: Recorded[ArtefactWithdrawn], rows: Rows) -> None:
        """It is not shown any more."""
        rows.drop(self.artefacts, (e.event.campaign, e.event.artefact))

    @on(AdvocacyBegun)
    def begun(self, e: Recorded[AdvocacyBegun], rows: Rows) -> None:
        """An objective."""
        it = e.event
        first, last, _ = dated(it.occurred)
        rows.put(
            self.advocacies,
            advocacy=it.advocacy,
            title=it.title,
            objective=it.objective,
            addressee=it.addressee.name,
            first_day=first,
            last_day=last,
            synthetic=int(e.synthetic),
        )

    @on(AdvocacyActionTaken)
    def acted(self, e: Recorded[AdvocacyActionTaken], rows: Rows) -> None:
        """A step towards it."""
        first, last, _ = dated(e.event.occurred)
        rows.put(
            self.actions,
            advocacy=e.event.advocacy,
            action=e.event.action,
            first_day=first,
            last_day=last,
            synthetic=int(e.synthetic),
        )

    @on(FactStated)
    def stated(self, e: Recorded[FactStated], rows: Rows) -> None:
        """What one source says."""
        rows.put(self.facts, position=e.position, **e.event.model_dump())

    @on(AdvocacyConcluded)
    def concluded(self, e: Recorded[AdvocacyConcluded], rows: Rows) -> None:
        """What came of an objective."""
        it = e.event
        day, _, vague = dated(it.occurred)
        rows.put(
            self.outcomes,
            position=e.position,
            advocacy=it.advocacy,
            title=it.title,
            objective=it.objective,
            addressee=it.addressee.name,
            outcome=it.outcome,
            concluded=it.occurred,
            legal_act=it.legal_act.model_dump() if it.legal_act else None,
            observance=it.observance.model_dump() if it.observance else None,
            day=day,
            vague=vague,
            synthetic=int(e.synthetic),
        )

"""What the activity report counts: one row a project, grant, service, programme, campaign and outcome.

A service keeps a row of its own, so that a correction replaces it and a retraction removes it; the indexes hold all
that the report asks, so that it reads them alone. Persons appear by id, and only to be counted once: forgetting one
changes no figure.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, SmallInteger, String, Text

from services.analytics.counting import ACROSS_YEARS, EXACT_DAY, WITHIN_A_YEAR, Counting
from services.analytics.report import ActivityReport, ReportActivity, permit_period
from services.analytics.views import (
    VICTIM,
    AdvocacyConcluded,
    AttendanceCorrected,
    CampaignCorrected,
    CampaignHeld,
    EntryRetracted,
    FunderCorrected,
    FunderRegistered,
    GrantAwarded,
    ProgrammeAdmitted,
    ProgrammeRequested,
    ProjectStartCorrected,
    ProjectStarted,
    RecordsLinked,
    RecordsUnlinked,
    ServiceCorrected,
    ServiceDelivered,
    ServiceRetracted,
    SupportCorrected,
    SupportGiven,
)
from shared.codec import Recorded
from shared.dates import span, today
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table


def _dated(occurred: str) -> dict[str, Any]:
    first, last = span(occurred)
    vague = EXACT_DAY if first == last else WITHIN_A_YEAR if first.year == last.year else ACROSS_YEARS
    return {"day": first.isoformat(), "vague": vague}


def _day_columns() -> list[Column[Any]]:
    return [Column("day", String), Column("vague", SmallInteger), Column("synthetic", SmallInteger)]


class Activity(Projection):
    """The figures of the activity report, for any period."""

    name = "activity"

    projects = table("activity_projects", Column("project", String, primary_key=True), *_day_columns())
    funders = table("activity_funders", Column("funder", String, primary_key=True), Column("kind", String))
    grants = table(
        "activity_grants",
        Column("award", String, primary_key=True),
        Column("project", String),
        Column("funder", String),
        *_day_columns(),
    )
    services = table(
        "activity_services",
        Column("service", String, primary_key=True),
        Column("ground", String),
        Column("person", String),
        Column("kind", String),
        *_day_columns(),
        Index("activity_services_by_kind", "kind", "day", "vague", "synthetic"),
        Index("activity_services_by_person", "ground", "person", "day", "vague", "synthetic"),
    )
    programmes = table(
        "activity_programmes",
        Column("programme", String, primary_key=True),
        Column("ground", String),
        Column("person", String),
        *_day_columns(),  # of the admission
        Index("activity_programmes_by_day", "ground", "day"),
    )
    links = table(
        "activity_links", Column("link", String, primary_key=True), Column("first", String), Column("second", String)
    )
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
        *_day_columns(),
        Index("activity_campaigns_by_day", "day"),
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
        *_day_columns(),
        Index("activity_outcomes_by_day", "day"),
    )

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    @on(ProjectStarted, ProjectStartCorrected)
    def started(self, e: Recorded[ProjectStarted | ProjectStartCorrected], rows: Rows) -> None:
        """A project counts. Its year decides where its date is vaguer than that."""
        dated = _dated(e.event.occurred)
        if int(dated["day"][:4]) != e.event.year:
            dated["day"] = date(e.event.year, 1, 1).isoformat()
        rows.put(self.projects, project=e.event.project, synthetic=int(e.synthetic), **dated)

    @on(FunderRegistered, FunderCorrected)
    def funder_known(self, e: Recorded[FunderRegistered | FunderCorrected], rows: Rows) -> None:
        """What kind a funder is."""
        rows.put(self.funders, funder=e.event.funder, kind=e.event.kind)

    @on(GrantAwarded)
    def awarded(self, e: Recorded[GrantAwarded], rows: Rows) -> None:
        """Who pays for a project."""
        rows.put(
            self.grants,
            award=e.event.grant,
            project=e.event.project,
            funder=e.event.funder,
            synthetic=int(e.synthetic),
            **_dated(e.event.occurred),
        )

    @on(SupportGiven, SupportCorrected)
    def supported(self, e: Recorded[SupportGiven | SupportCorrected], rows: Rows) -> None:
        """Help within a case."""
        rows.put(
            self.services,
            service=e.event.support,
            person=e.event.person,
            ground=VICTIM if e.event.recipient == "victim" else e.event.recipient,
            kind=e.event.kind,
            synthetic=int(e.synthetic),
            **_dated(e.event.occurred),
        )

    @on(EntryRetracted)
    def retracted(self, e: Recorded[EntryRetracted], rows: Rows) -> None:
        """It should not have been there. Entries that are no help given have no row."""
        rows.drop(self.services, (e.event.entry,))

    @on(ServiceDelivered, ServiceCorrected)
    def delivered(self, e: Recorded[ServiceDelivered | ServiceCorrected], rows: Rows) -> None:
        """A service of a programme."""
        rows.put(
            self.services,
            service=e.event.service,
            person=e.event.beneficiary,
            ground=e.event.ground,
            kind=e.event.kind,
            synthetic=int(e.synthetic),
            **_dated(e.event.occurred),
        )

    @on(ServiceRetracted)
    def not_delivered(self, e: Recorded[ServiceRetracted], rows: Rows) -> None:
        """It was not delivered."""
        rows.drop(self.services, (e.event.service,))

    @on(RecordsLinked)
    def linked(self, e: Recorded[RecordsLinked], rows: Rows) -> None:
        """Two records, one person."""
        rows.put(self.links, link=e.event.link, first=e.event.first, second=e.event.second)

    @on(RecordsUnlinked)
    def unlinked(self, e: Recorded[RecordsUnlinked], rows: Rows) -> None:
        """Two records, two persons."""
        rows.drop(self.links, (e.event.link,))

    @on(ProgrammeRequested)
    def requested(self, e: Recorded[ProgrammeRequested], rows: Rows) -> None:
        """Whom a programme would be for. Without a day it does not count."""
        rows.put(self.programmes, programme=e.event.programme, person=e.event.beneficiary, ground=e.event.ground)

    @on(ProgrammeAdmitted)
    def admitted(self, e: Recorded[ProgrammeAdmitted], rows: Rows) -> None:
        """Its beneficiary is assisted from here."""
        synthetic = int(e.synthetic)
        rows.change(self.programmes, (e.event.programme,), synthetic=synthetic, **_dated(e.event.occurred))

    @on(CampaignHeld)
    def held(self, e: Recorded[CampaignHeld], rows: Rows) -> None:
        """Public work took place."""
        it = e.event
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
            synthetic=int(e.synthetic),
            **_dated(it.occurred),
        )

    @on(AttendanceCorrected)
    def attendance_corrected(self, e: Recorded[AttendanceCorrected], rows: Rows) -> None:
        """Another number took part."""
        count = e.event.attendance
        rows.change(self.campaigns, (e.event.campaign,), number=count.number, precision=count.precision)

    @on(CampaignCorrected)
    def campaign_corrected(self, e: Recorded[CampaignCorrected], rows: Rows) -> None:
        """As it really was. One that was not held yet has no row."""
        right = e.event.model_dump(exclude_none=True, exclude={"campaign"})
        dated = _dated(e.event.held_on) if e.event.held_on else {}
        if right:
            rows.change(self.campaigns, (e.event.campaign,), **right, **dated)

    @on(AdvocacyConcluded)
    def concluded(self, e: Recorded[AdvocacyConcluded], rows: Rows) -> None:
        """What came of an objective."""
        it = e.event
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
            synthetic=int(e.synthetic),
            **_dated(it.occurred),
        )

    @answers(ReportActivity)
    def report(self, query: ReportActivity, asking: Asking) -> ActivityReport:
        """The report of one period."""
        permit_period(query, asking.origin)
        return Counting(self, query, asking).report(today(self._clock()))

"""What the activity report counts: one row a project, grant, service, programme, campaign and outcome.

A service keeps a row of its own, so that a correction replaces it and a retraction removes it; the indexes hold all
that the report asks, so that it reads them alone. Persons appear by id, and only to be counted once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
    RowMapping,
    Select,
    SmallInteger,
    String,
    Text,
    func,
    select,
    union_all,
)

from services.analytics.report import (
    FUNDER_KINDS,
    SERVICE_KINDS,
    SMALLEST,
    ActivityReport,
    CampaignReported,
    OutcomeReported,
    Participants,
    ReportActivity,
    permit_period,
)
from services.analytics.views import (
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
    ServiceDelivered,
    SupportCorrected,
    SupportGiven,
)
from shared.codec import Recorded
from shared.dates import span, today
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table

VICTIM = "trafficking_victim"
FAMILY_MEMBER = "family_member"

EXACT_DAY, WITHIN_A_YEAR, ACROSS_YEARS = 0, 1, 2
"""How vague a date is: what falls within one year is exact enough for a report of whole years."""


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
        rows.put(self.projects, project=e.event.project, synthetic=int(e.metadata.synthetic), **dated)

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
            synthetic=int(e.metadata.synthetic),
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
            synthetic=int(e.metadata.synthetic),
            **_dated(e.event.occurred),
        )

    @on(EntryRetracted)
    def retracted(self, e: Recorded[EntryRetracted], rows: Rows) -> None:
        """It should not have been there. Entries that are no help given have no row."""
        rows.drop(self.services, (e.event.entry,))

    @on(ServiceDelivered)
    def delivered(self, e: Recorded[ServiceDelivered], rows: Rows) -> None:
        """A service of a programme."""
        rows.put(
            self.services,
            service=e.event.service,
            person=e.event.beneficiary,
            ground=e.event.ground,
            kind=e.event.kind,
            synthetic=int(e.metadata.synthetic),
            **_dated(e.event.occurred),
        )

    @on(ProgrammeRequested)
    def requested(self, e: Recorded[ProgrammeRequested], rows: Rows) -> None:
        """Whom a programme would be for. Without a day it does not count."""
        rows.put(self.programmes, programme=e.event.programme, person=e.event.beneficiary, ground=e.event.ground)

    @on(ProgrammeAdmitted)
    def admitted(self, e: Recorded[ProgrammeAdmitted], rows: Rows) -> None:
        """Its beneficiary is assisted from here."""
        synthetic = int(e.metadata.synthetic)
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
            synthetic=int(e.metadata.synthetic),
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
            synthetic=int(e.metadata.synthetic),
            **_dated(it.occurred),
        )

    @answers(ReportActivity)
    def report(self, query: ReportActivity, asking: Asking) -> ActivityReport:
        """The report of one period."""
        permit_period(query, asking.origin)
        return Counting(self, query, asking).report(today(self._clock()))


class Counting:
    """One report in the making: its period, and what has been found about its figures on the way."""

    def __init__(self, activity: Activity, query: ReportActivity, asking: Asking) -> None:
        self._activity = activity
        self._query = query
        self._asking = asking
        self._period = (query.first.isoformat(), query.last.isoformat())
        self._vague_enough = WITHIN_A_YEAR if query.whole_years else EXACT_DAY
        self._suppressed: list[str] = []
        self._approximate: list[str] = []
        self._synthetic: list[str] = []

    def report(self, now: date) -> ActivityReport:
        """All of it."""
        by_year = self._projects_by_year()
        return ActivityReport(
            period={"from": self._query.first, "to": self._query.last},
            preliminary=self._query.last >= now,
            projects_total=sum(by_year.values()),
            projects_by_year=by_year,
            projects_by_funder_kind=self._projects_by_funder_kind(),
            beneficiaries_assisted=self._persons("beneficiaries_assisted", VICTIM),
            family_members_supported=self._persons("family_members_supported", FAMILY_MEMBER),
            services_by_kind=self._services_by_kind(),
            campaigns=self._campaigns(),
            advocacy_outcomes=self._outcomes(),
            suppressed=tuple(self._suppressed),
            approximate=tuple(self._approximate),
            synthetic=tuple(self._synthetic),
            position=self._asking.position,
        )

    def _projects_by_year(self) -> dict[str, int]:
        live = self._asking.live(self._activity.projects).c
        year = func.substr(live.day, 1, 4).label("year")
        found = self._asking.rows(
            select(year, func.count().label("number"), func.max(live.vague), *_marks(live))
            .where(live.day <= self._period[1])
            .group_by(year)
            .order_by(year)
        )
        for figure in ("projects_total", "projects_by_year"):
            self._note(figure, found)
        return {row["year"]: row["number"] for row in found}

    def _projects_by_funder_kind(self) -> dict[str, int]:
        projects, grants, funders = map(
            self._asking.live, (self._activity.projects, self._activity.grants, self._activity.funders)
        )
        found = self._asking.rows(
            select(funders.c.kind, func.count(projects.c.project.distinct()).label("number"), *_marks(grants.c))
            .select_from(projects)
            .join(grants, grants.c.project == projects.c.project)
            .join(funders, funders.c.funder == grants.c.funder)
            .where(projects.c.day <= self._period[1], grants.c.day <= self._period[1])
            .group_by(funders.c.kind)
        )
        self._note("projects_by_funder_kind", found)
        return dict.fromkeys(FUNDER_KINDS, 0) | {row["kind"]: row["number"] for row in found}

    def _persons(self, figure: str, ground: str) -> int | None:
        services, programmes = (
            self._asking.live(self._activity.services).c,
            self._asking.live(self._activity.programmes).c,
        )
        served = (
            select(services.person, *_marks(services))
            .where(services.ground == ground, services.day.between(*self._period))
            .group_by(services.person)
        )
        admitted = select(programmes.person, programmes.vague, programmes.synthetic).where(
            programmes.ground == ground, programmes.day.between(*self._period)
        )
        either = union_all(served, admitted).subquery()
        found = self._asking.rows(select(func.count(either.c.person.distinct()).label("number"), *_marks(either.c)))
        self._note(figure, found)
        return self._published(figure, found[0]["number"])

    def _services_by_kind(self) -> dict[str, int]:
        live = self._asking.live(self._activity.services).c
        found = self._asking.rows(
            select(live.kind, func.count().label("number"), *_marks(live))
            .where(live.day.between(*self._period))
            .group_by(live.kind)
        )
        self._note("services_by_kind", found)
        return dict.fromkeys(SERVICE_KINDS, 0) | {row["kind"]: row["number"] for row in found}

    def _campaigns(self) -> tuple[CampaignReported, ...]:
        live = self._asking.live(self._activity.campaigns)
        found = self._asking.rows(self._in_period(select(live)).order_by(live.c.day, live.c.campaign))
        self._note("campaigns", found)
        return tuple(self._campaign(index, row) for index, row in enumerate(found))

    def _campaign(self, index: int, row: RowMapping) -> CampaignReported:
        figure = f"campaigns/{index}/participants"
        number = row["number"]
        if number is not None and self._published(figure, number) is None:
            participants = None
        else:
            participants = Participants(number=number, precision=row["precision"])
            if row["precision"] == "approximate":
                self._approximate.append(figure)
        kept = {name: row[name] for name in CampaignReported.model_fields if name in row}
        return CampaignReported(participants=participants, **kept)

    def _outcomes(self) -> tuple[OutcomeReported, ...]:
        live = self._asking.live(self._activity.outcomes)
        found = self._asking.rows(self._in_period(select(live)).order_by(live.c.day, live.c.position))
        self._note("advocacy_outcomes", found)
        return tuple(OutcomeReported.model_validate(dict(row)) for row in found)

    def _in_period(self, wanted: Select[Any]) -> Select[Any]:
        return wanted.where(wanted.selected_columns.day.between(*self._period))

    def _published(self, figure: str, persons: int) -> int | None:
        if persons >= SMALLEST:
            return persons
        self._suppressed.append(figure)
        return None

    def _note(self, figure: str, found: Any) -> None:
        if any((row["vague"] or 0) > self._vague_enough for row in found):
            self._approximate.append(figure)
        if any(row["synthetic"] for row in found):
            self._synthetic.append(figure)


def _marks(columns: Any) -> list[Any]:
    return [func.max(columns.vague).label("vague"), func.max(columns.synthetic).label("synthetic")]

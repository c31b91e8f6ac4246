"""One activity report in the making: what is counted for a period, and how good each figure is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import RowMapping, Select, func, select, union, union_all

from services.analytics.report import (
    FUNDER_KINDS,
    SERVICE_KINDS,
    SMALLEST,
    ActivityReport,
    CampaignReported,
    OutcomeReported,
    Participants,
    ReportActivity,
)
from services.analytics.views import FAMILY_MEMBER, VICTIM
from shared.projections.declaration import Asking

if TYPE_CHECKING:
    from services.analytics.activity import Activity

EXACT_DAY, WITHIN_A_YEAR, ACROSS_YEARS = 0, 1, 2
"""How vague a date is: what falls within one year is exact enough for a report of whole years."""


def one_for_each(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For records that are linked, directly or through others, one record that stands for all of the person's."""
    leads: dict[str, str] = {}

    def lead(record: str) -> str:
        while leads.setdefault(record, record) != record:
            leads[record] = record = leads[leads[record]]
        return record

    for first, second in pairs:
        leads[lead(first)] = lead(second)
    return {record: lead(record) for record in leads}


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
        services = self._asking.live(self._activity.services).c
        programmes = self._asking.live(self._activity.programmes).c
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
        return self._published(figure, found[0]["number"] - self._counted_twice(select(either.c.person)))

    def _counted_twice(self, counted: Select[Any]) -> int:
        """How many of the persons counted are records of somebody who is counted already under another one."""
        links = self._asking.live(self._activity.links).c
        pairs = [(row["first"], row["second"]) for row in self._asking.rows(select(links.first, links.second))]
        if not pairs:
            return 0
        linked = union(select(links.first.label("person")), select(links.second)).subquery()
        person = counted.subquery().c.person
        among = self._asking.rows(select(person).where(person.in_(select(linked.c.person))).distinct())
        same = one_for_each(pairs)
        return len(among) - len({same[row["person"]] for row in among})

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

"""The activity report of a period: what may be asked, by whom, and the shape of the answer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from services.analytics.reported import (
    AdvocacyReported,
    CampaignReported,
    FunderReported,
    OrganisationReported,
    OutcomeReported,
    PartnerReported,
    ProgrammeReported,
    RemarkReported,
    Reported,
    TextReported,
)
from shared.errors import Forbidden, Invalid
from shared.messages import Origin, Query, Role

FUNDER_KINDS = ("government", "foreign_organisation", "embassy", "municipality", "private")
MOST_YEARS = 60
CASE_KINDS = ("missing_person", "trafficking", "family_support")
SERVICE_KINDS = ("crisis", "psychological", "legal", "medical", "social", "vocational", "material")

Period = TypedDict("Period", {"from": date, "to": date})


class ActivityReport(Reported):
    """What the centre did in a period. Holds no personal data and no small counts of persons.

    `projects_total`, `projects_by_year` and `projects_by_funder_kind` count all projects started up to the end of the
    period: each once, in the year it started; under a funder's kind once, however many grants that kind gave, so
    those do not add up to the total. `beneficiaries_assisted` are distinct victims of trafficking who were admitted to
    a programme or got a service in the period; `family_members_supported` distinct relatives who got one.
    `funders` are told to the end of the period and for it; `programmes` and `organisation` as they stood at its end.
    `suppressed` names the counts of persons that are null: those under 10, and those that would tell of one.
    `approximate` names figures that rest on an estimate or on dates too vague for the period; `synthetic` those with
    records behind them that were invented where the source leaves details open (a number that the source itself gives
    is exact all the same). `remarks` are printed with the figures that they name.
    """

    period: Period
    preliminary: bool = Field(description="The period has not ended: figures will still change")
    projects_total: int
    projects_by_year: dict[str, int]
    projects_by_funder_kind: dict[str, int]
    beneficiaries_assisted: int | None
    family_members_supported: int | None
    beneficiaries_by_year: dict[str, int | None] = Field(description="Of several whole years, each on its own")
    family_members_by_year: dict[str, int | None]
    cases_by_kind: dict[str, int | None] = Field(description="Cases opened in the period")
    cases_from_partners: int | None = Field(description="Of these, those that a partner brought")
    referrals_to_partners: int | None
    services_by_kind: dict[str, int]
    funders: tuple[FunderReported, ...]
    spent_by_category: dict[str, Decimal] = Field(description="In the period, of all grants, in euro")
    programmes: tuple[ProgrammeReported, ...]
    campaigns: tuple[CampaignReported, ...]
    advocacy_outcomes: tuple[OutcomeReported, ...]
    advocacy: tuple[AdvocacyReported, ...]
    organisation: OrganisationReported | None = Field(description="Null until it has been described")
    partners: tuple[PartnerReported, ...]
    remarks: tuple[RemarkReported, ...]
    texts: tuple[TextReported, ...] = Field(description="Recorded texts of this report, in other languages")
    suppressed: tuple[str, ...]
    approximate: tuple[str, ...]
    synthetic: tuple[str, ...]
    position: int = Field(description="The report reflects the log up to here")


class ReportActivity(Query[ActivityReport], context="analytics", route="GET /reports/activity", roles=tuple(Role)):
    """Report what was done in a period: whole calendar years for everybody, other ranges for supervisors."""

    model_config = ConfigDict(populate_by_name=True)

    first: date = Field(alias="from", description="The first day", examples=["2004-01-01"])
    last: date = Field(alias="to", description="The last day", examples=["2007-12-31"])

    @property
    def whole_years(self) -> bool:
        """From a 1 January to a 31 December, of the same year or a later one."""
        return (self.first.month, self.first.day, self.last.month, self.last.day) == (1, 1, 12, 31)


def permit_period(query: ReportActivity, origin: Origin) -> None:
    """Raises `Invalid` for a period that ends before it begins, `Forbidden` for one that is not the asker's to see.

    Two ranges that differ by a few days would tell what was done on those days, and to whom.
    """
    if query.last < query.first:
        raise Invalid("The period ends before it begins: give 'from' no later than 'to'.")
    if query.last.year - query.first.year >= MOST_YEARS:
        raise Invalid(f"A report is of at most {MOST_YEARS} years: ask for fewer.")
    if not query.whole_years and Role.SUPERVISOR not in origin.roles:
        raise Forbidden(
            "Whole calendar years are open to every role, from a 1 January to a 31 December; any other range is for: "
            f"{Role.SUPERVISOR}.",
            allowed=[Role.SUPERVISOR],
        )

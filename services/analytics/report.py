"""The activity report of a period: what may be asked, by whom, and the shape of the answer."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from shared.errors import Forbidden, Invalid
from shared.messages import Origin, Query, Role

FUNDER_KINDS = ("government", "foreign_organisation", "embassy", "municipality", "private")
SERVICE_KINDS = ("crisis", "psychological", "legal", "medical", "social", "vocational", "material")

SMALLEST = 10
"""Counts of persons below this are not published: in a small country a few are easily recognised."""

Period = TypedDict("Period", {"from": date, "to": date})


class Reported(BaseModel):
    """A part of the report."""

    model_config = ConfigDict(frozen=True)


class Participants(Reported):
    """How many took part: `exact`, `approximate`, or `unstated` without a number."""

    number: int | None
    precision: str


class CampaignReported(Reported):
    """A campaign that was held in the period."""

    campaign: str
    kind: str
    title: str
    slogan: str | None
    held_on: str
    venue: str | None
    town: str | None
    participants: Participants | None
    synthetic: bool


class ActReported(Reported):
    """The legal act that an objective led to."""

    body: str
    title: str | None
    reference: str | None
    adopted: str


class ObservanceReported(Reported):
    """A day that is kept every year since."""

    name: str
    month: int
    day: int
    origin: str


class OutcomeReported(Reported):
    """What came of an advocacy objective in the period."""

    advocacy: str
    title: str
    objective: str
    addressee: str
    outcome: str
    concluded: str
    legal_act: ActReported | None
    observance: ObservanceReported | None
    synthetic: bool


class ActivityReport(Reported):
    """What the centre did in a period. Holds no personal data and no small counts of persons.

    `projects_total`, `projects_by_year` and `projects_by_funder_kind` count all projects started up to the end of the
    period: each once, in the year it started; under a funder's kind once, however many grants that kind gave, so
    those do not add up to the total. `beneficiaries_assisted` are distinct victims of trafficking who were admitted to
    a programme or got a service in the period; `family_members_supported` distinct relatives who got one.
    `suppressed` names the counts of persons under 10, which are null. `approximate` names figures that rest on an
    estimate or on dates too vague for the period; `synthetic` those with records behind them that were invented
    where the source leaves details open (a number that the source itself gives is exact all the same).
    """

    period: Period
    preliminary: bool = Field(description="The period has not ended: figures will still change")
    projects_total: int
    projects_by_year: dict[str, int]
    projects_by_funder_kind: dict[str, int]
    beneficiaries_assisted: int | None
    family_members_supported: int | None
    services_by_kind: dict[str, int]
    campaigns: tuple[CampaignReported, ...]
    advocacy_outcomes: tuple[OutcomeReported, ...]
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
    if not query.whole_years and Role.SUPERVISOR not in origin.roles:
        raise Forbidden(
            "Whole calendar years are open to every role, from a 1 January to a 31 December; any other range is for: "
            f"{Role.SUPERVISOR}.",
            allowed=[Role.SUPERVISOR],
        )

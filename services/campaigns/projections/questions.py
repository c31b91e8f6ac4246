"""What may be asked about campaigns, and the shapes of the answers."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.campaigns.campaign.groups import Town
from services.campaigns.campaign.holding import Achievement, Finding
from services.campaigns.campaign.materials import ArtefactKind, Measure, Medium
from services.campaigns.campaign.state import CampaignId, Kind, Status
from services.campaigns.quantity import Quantity
from shared.messages import Id, Query, Role
from shared.money import Money
from shared.projections.declaration import Redacted

READERS = [
    Role.CAMPAIGNER,
    Role.SUPERVISOR,
    Role.PROJECT_MANAGER,
    Role.ACCOUNTANT,
    Role.AUDITOR,
    Role.DATA_PROTECTION_OFFICER,
]
After = Annotated[str | None, Field(max_length=100, description="Where to go on: the 'next' of the answer before")]
Limit = Annotated[int, Field(ge=1, le=500, description="At most so many")]


class Shown(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(frozen=True)


class CampaignEntry(Shown):
    """A campaign in a list. `synthetic`: invented where the source leaves something open."""

    campaign: CampaignId
    kind: Kind
    status: Status
    title: str
    slogan: str | None
    planned_for: str
    held_on: str | None
    venue: str | None
    town: str | None
    observance: Id | None
    attendance: Quantity | None
    synthetic: bool


class CampaignPage(Shown):
    """Campaigns in the order of their days. `next` is null on the last page."""

    campaigns: tuple[CampaignEntry, ...]
    next: str | None


class ParticipationShown(Shown):
    """Who took part. Sums are of the numbers that are known; the rest says how well that is.

    `approximate` and `unstated` count the groups of which a number was estimated, or not stated at all;
    `registered_only` those whose attendance nobody recorded, which count as they registered.
    """

    groups: int
    pupils: int
    teachers: int
    approximate: int
    unstated: int
    registered_only: int
    synthetic: int


class TownShown(Shown):
    """Who took part from one town."""

    town: str
    participation: ParticipationShown


class GroupShown(Shown):
    """A group: as it came if that was recorded, otherwise as it registered."""

    group: Id
    school: str
    town: str
    pupils: Quantity
    teachers: Quantity
    minors: bool
    attended: bool
    withdrawn: bool
    synthetic: bool


class ArtefactShown(Shown):
    """A thing that was made. `withdrawn` says why it is not shown any more."""

    artefact: Id
    kind: ArtefactKind
    message: str | None
    measures: tuple[Measure, ...]
    made_by: tuple[Id, ...]
    withdrawn: str | None
    occurred: str


class CoverageShown(Shown):
    """What the media reported."""

    outlet: str
    medium: Medium
    headline: str | Redacted | None
    audience: Quantity | None
    occurred: str


class EvaluationShown(Shown):
    """A judgement, and the objective as it was worded then."""

    objective: Achievement
    aim: str
    findings: tuple[Finding, ...]
    remarks: str | Redacted | None
    occurred: str


class CampaignFile(CampaignEntry):
    """A campaign, whole."""

    aim: str
    organisers: tuple[str, ...]
    partners: tuple[Id, ...]
    grant: Id | None
    budget: Money | None
    why_cancelled: str | None
    explanation: str | Redacted | None
    groups: tuple[GroupShown, ...]
    by_town: tuple[TownShown, ...]
    artefacts: tuple[ArtefactShown, ...]
    coverage: tuple[CoverageShown, ...]
    evaluations: tuple[EvaluationShown, ...]


class ParticipationRow(Shown):
    """One town in one year."""

    town: str
    year: int
    participation: ParticipationShown


class ParticipationTable(Shown):
    """Participation in campaigns that were held."""

    rows: tuple[ParticipationRow, ...]


class ListCampaigns(Query[CampaignPage], context="campaigns", route="GET /campaigns", roles=READERS):
    """List campaigns, by kind, status, town or year."""

    kind: Kind | None = Field(default=None, examples=["commemoration"])
    status: Status | None = Field(default=None, examples=["held"])
    town: Town | None = None
    year: int | None = Field(default=None, ge=1900, le=2200, examples=[2008])
    after: After = None
    limit: Limit = 50


class ShowCampaign(Query[CampaignFile], context="campaigns", route="GET /campaigns/{campaign}", roles=READERS):
    """Show a campaign with its participation, things, coverage and evaluation."""

    campaign: CampaignId = Field(examples=["5f0c3a52-6f43-4c56-9c5b-0a6a1d6b2c11"])


class CampaignCalendar(Query[CampaignPage], context="campaigns", route="GET /campaign-calendar", roles=READERS):
    """Show what is drafted, planned and held between two days."""

    since: date = Field(description="The first day", examples=["2008-01-01"])
    until: date = Field(description="The last day", examples=["2008-12-31"])
    after: After = None
    limit: Limit = 200


class Participation(Query[ParticipationTable], context="campaigns", route="GET /participation", roles=READERS):
    """Show who took part in campaigns, by town and year."""

    year: int | None = Field(default=None, ge=1900, le=2200, examples=[2008])
    town: Town | None = None

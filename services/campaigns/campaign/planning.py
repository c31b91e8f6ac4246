"""From a draft to a plan, and what may change about it: date and place, money, partners; or that it is off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.campaigns.campaign.state import (
    Campaign,
    CampaignCommand,
    CampaignEvent,
    CampaignId,
    GrantId,
    Kind,
    ObservanceId,
    PartnerId,
    Plan,
    Status,
)
from shared.dates import Occurred, earliest, latest, must_have_happened
from shared.errors import DomainError
from shared.messages import Role, new_id
from shared.money import Money
from shared.privacy.personal import About, Hidden

Title = Annotated[str, Field(min_length=1, max_length=200, examples=["Don't sell yourself"])]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Place = Annotated[str, Field(min_length=1, max_length=200)]
PlannedFor = Annotated[
    Occurred, Field(description="The day, or the vaguer date, that it is meant for", examples=["2008-10-02"])
]


class WhyCancelled(StrEnum):
    """Why a campaign did not take place."""

    TOO_FEW = "too_few"
    NO_FUNDS = "no_funds"
    VENUE = "venue"
    WEATHER = "weather"
    SAFETY = "safety"
    OTHER = "other"


class DraftCommemoration(CampaignCommand, roles=[Role.CAMPAIGNER, Role.SUPERVISOR], route="POST /campaigns/drafts"):
    """Draft the commemoration of an observance for a coming year."""

    campaign: CampaignId = new_id()
    title: Title = Field(examples=["International Missing Children's Day"])
    aim: Text = Field(description="What it is meant to change", examples=["That fewer children go missing"])
    planned_for: PlannedFor = Field(examples=["2009-05-25"])
    observance: ObservanceId = Field(examples=["9c1d4c3a-54a0-4a5e-8f0e-0b7a3d1f2e55"])
    occurred: Occurred = Field(description="When it was drafted")


class PlanCampaign(CampaignCommand, route="POST /campaigns", roles=[Role.CAMPAIGNER, Role.SUPERVISOR]):
    """Plan a campaign, or turn a draft into a plan by giving the draft's id."""

    campaign: CampaignId = new_id()
    kind: Kind = Field(examples=["public_action"])
    title: Title
    slogan: Title | None = Field(default=None, examples=["Don't sell yourself"])
    aim: Text = Field(
        description="Its objective, which it is evaluated against",
        examples=["Pupils can say no to trafficking in their own way"],
    )
    planned_for: PlannedFor
    venue: Place | None = Field(default=None, examples=["Vilnius city hall"])
    town: Place | None = Field(default=None, examples=["Vilnius"])
    organisers: tuple[Place, ...] = Field(
        default=(), max_length=20, description="Organisations, not persons", examples=[["City of Vilnius"]]
    )
    partners: tuple[PartnerId, ...] = Field(default=(), max_length=50)
    grant: GrantId | None = Field(default=None, description="The grant that finances it")
    budget: Money | None = Field(default=None, description="What it may cost; needed with a grant")
    observance: ObservanceId | None = Field(default=None, description="The day that a commemoration keeps")
    occurred: Occurred = Field(description="When it was planned", examples=["2008-09-01"])


class MoveCampaign(CampaignCommand, route="POST /campaigns/{campaign}/move", roles=[Role.CAMPAIGNER, Role.SUPERVISOR]):
    """Move a campaign to another date or place."""

    planned_for: PlannedFor
    venue: Place | None = Field(default=None, description="Left out: as before", examples=["Alytus theatre"])
    town: Place | None = Field(default=None, description="Left out: as before", examples=["Alytus"])
    occurred: Occurred = Field(description="When that was decided")


class FinanceCampaign(
    CampaignCommand,
    route="POST /campaigns/{campaign}/financing",
    roles=[Role.CAMPAIGNER, Role.PROJECT_MANAGER, Role.SUPERVISOR],
):
    """Name the grant that finances a campaign."""

    grant: GrantId = Field(examples=["6a2e0c4f-5a55-4b59-9d0b-0f3f8e0d7a10"])
    budget: Money
    occurred: Occurred


class AddCampaignPartner(
    CampaignCommand, route="POST /campaigns/{campaign}/partners", roles=[Role.CAMPAIGNER, Role.SUPERVISOR]
):
    """Record that a partner works on a campaign."""

    partner: PartnerId = Field(examples=["0d9d4e0a-3f4e-4b61-a1b0-1f7c6f1f8a77"])
    occurred: Occurred


class CancelCampaign(
    CampaignCommand, route="POST /campaigns/{campaign}/cancellation", roles=[Role.CAMPAIGNER, Role.SUPERVISOR]
):
    """Call a campaign off."""

    why: WhyCancelled = Field(examples=["too_few"])
    explanation: Annotated[str | None, About("campaign"), Field(max_length=4000)] = None
    occurred: Occurred


class CampaignDrafted(CampaignEvent):
    """A commemoration was put on the calendar as a draft."""

    kind: Kind
    title: str
    aim: str
    planned_for: Occurred
    observance: ObservanceId


class CampaignPlanned(CampaignEvent):
    """A campaign was planned. A grant named here has the budget committed on it."""

    kind: Kind
    title: str
    slogan: str | None = None
    aim: str
    planned_for: Occurred
    venue: str | None = None
    town: str | None = None
    organisers: tuple[str, ...] = ()
    partners: tuple[PartnerId, ...] = ()
    grant: GrantId | None = None
    budget: Money | None = None
    observance: ObservanceId | None = None


class CampaignMoved(CampaignEvent):
    """It is meant for another date or place now."""

    planned_for: Occurred
    venue: str | None = None
    town: str | None = None


class CampaignFinanced(CampaignEvent):
    """A grant finances it: the budget is committed there."""

    grant: GrantId
    budget: Money


class CampaignPartnerAdded(CampaignEvent):
    """A partner works on it."""

    partner: PartnerId


class CampaignCancelled(CampaignEvent):
    """It is off. What was committed on the grant is free again."""

    kind: Kind
    planned_for: Occurred
    why: WhyCancelled
    explanation: Annotated[str | Hidden | None, About("campaign")] = None
    grant: GrantId | None = None
    budget: Money | None = None
    observance: ObservanceId | None = None


PlanningCommand = (
    DraftCommemoration | PlanCampaign | MoveCampaign | FinanceCampaign | AddCampaignPartner | CancelCampaign
)
PlanningEvent = (
    CampaignDrafted | CampaignPlanned | CampaignMoved | CampaignFinanced | CampaignPartnerAdded | CampaignCancelled
)


def decide(command: PlanningCommand, campaign: Campaign) -> Sequence[PlanningEvent]:
    """What follows from a command about the plan."""
    must_have_happened(command.occurred, command.now)
    match command:
        case DraftCommemoration():
            if campaign.plan:
                return []  # this year's is on the calendar already, in whatever state
            return [CampaignDrafted(kind=Kind.COMMEMORATION, **command.stated())]
        case PlanCampaign():
            return _plan(command, campaign)
        case MoveCampaign():
            plan = campaign.must_be(Status.DRAFT, Status.PLANNED)
            moved = _moved(plan, command)
            _not_before(command.planned_for, command.occurred)
            return [] if moved == plan else [CampaignMoved(**command.stated())]
        case FinanceCampaign(grant=grant, budget=budget):
            plan = campaign.must_be(Status.PLANNED, Status.HELD)
            if (plan.grant, plan.budget) == (grant, budget):
                return []
            if plan.grant is not None:
                raise DomainError(
                    "One grant finances a campaign, and another one does already: share the cost by splitting the "
                    "expense over grants when it is recorded.",
                    rule="one-grant-a-campaign",
                )
            return [CampaignFinanced(campaign=command.campaign, grant=grant, budget=budget, occurred=command.occurred)]
        case AddCampaignPartner(partner=partner):
            plan = campaign.must_be(Status.PLANNED, Status.HELD)
            if partner in plan.partners:
                return []
            return [CampaignPartnerAdded(campaign=command.campaign, partner=partner, occurred=command.occurred)]
        case CancelCampaign():
            return _cancel(command, campaign)
        case _:
            assert_never(command)


def _plan(command: PlanCampaign, campaign: Campaign) -> Sequence[PlanningEvent]:
    plan = Plan.of(command)
    draft = campaign.plan
    if draft is not None:
        if plan == draft:
            return []
        if campaign.status is not Status.DRAFT:
            raise DomainError(
                f"A campaign is planned once, and this one is {campaign.status}: move it, or plan another.",
                rule="planned-once",
            )
        if (plan.kind, plan.observance) != (draft.kind, draft.observance):
            raise DomainError(
                "A draft becomes the commemoration of the observance that it was drafted for: keep its kind and its "
                "observance, or plan another campaign.",
                rule="plan-keeps-the-draft",
            )
    if plan.observance is not None and plan.kind is not Kind.COMMEMORATION:
        raise DomainError(
            f"An observance is kept by a commemoration, not by a {plan.kind}: leave it out, or change the kind.",
            rule="observance-needs-commemoration",
        )
    if plan.grant is not None and plan.budget is None:
        raise DomainError("A grant commits a budget: say how much.", rule="grant-needs-budget")
    _not_before(command.planned_for, command.occurred)
    return [CampaignPlanned(**command.stated())]


def _not_before(planned_for: str, occurred: str) -> None:
    if latest(planned_for) < earliest(occurred):
        raise DomainError(
            f"It cannot be meant for {planned_for}, before it was decided on {occurred}.", rule="planned-for-the-past"
        )


def _cancel(command: CancelCampaign, campaign: Campaign) -> Sequence[PlanningEvent]:
    if campaign.status is Status.CANCELLED:
        return []
    plan = campaign.must_be(Status.DRAFT, Status.PLANNED)
    return [
        CampaignCancelled(
            campaign=command.campaign,
            kind=plan.kind,
            planned_for=plan.planned_for,
            why=command.why,
            explanation=command.explanation,
            grant=plan.grant,
            budget=plan.budget,
            observance=plan.observance,
            occurred=command.occurred,
        )
    ]


def _moved(plan: Plan, message: MoveCampaign | CampaignMoved) -> Plan:
    return replace(
        plan,
        planned_for=message.planned_for,
        venue=message.venue or plan.venue,
        town=message.town or plan.town,
    )


def evolve(campaign: Campaign, event: PlanningEvent) -> Campaign:
    """The campaign after an event about its plan."""
    plan = campaign.plan
    match event:
        case CampaignDrafted():
            drafted = Plan(
                kind=event.kind,
                title=event.title,
                slogan=None,
                aim=event.aim,
                planned_for=event.planned_for,
                venue=None,
                town=None,
                organisers=(),
                partners=(),
                grant=None,
                budget=None,
                observance=event.observance,
                occurred=event.occurred,
            )
            return replace(campaign, status=Status.DRAFT, plan=drafted)
        case CampaignPlanned():
            return replace(campaign, status=Status.PLANNED, plan=Plan.of(event))
        case CampaignCancelled():
            return replace(campaign, status=Status.CANCELLED)
        case CampaignMoved():
            return replace(campaign, plan=plan and _moved(plan, event))
        case CampaignFinanced(grant=grant, budget=budget):
            return replace(campaign, plan=plan and replace(plan, grant=grant, budget=budget))
        case CampaignPartnerAdded(partner=partner):
            return replace(campaign, plan=plan and replace(plan, partners=(*plan.partners, partner)))
        case _:
            assert_never(event)

"""The day itself and what came of it: held, how many came, what was achieved, and what was recorded wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import BaseModel, ConfigDict, Field

from services.campaigns.campaign.groups import within_attendance
from services.campaigns.campaign.planning import Place, Text, Title
from services.campaigns.campaign.state import Campaign, CampaignCommand, CampaignEvent, Kind, ObservanceId, Plan, Status
from services.campaigns.quantity import Quantity
from shared.dates import Occurred, earliest, latest, must_have_happened
from shared.errors import DomainError
from shared.messages import Id, Role, new_id
from shared.privacy.personal import About, Hidden

Attendance = Annotated[
    Quantity,
    Field(
        description="How many took part in all, without those who accompanied them",
        examples=[{"number": 100, "precision": "approximate"}],
    ),
]


class Achievement(StrEnum):
    """How far a campaign reached its objective."""

    MET = "met"
    PARTLY = "partly"
    NOT_MET = "not_met"


class Finding(BaseModel):
    """Something that was measured, beside what was hoped for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measure: str = Field(min_length=1, max_length=200, examples=["pupils who know whom to call"])
    target: Quantity
    reached: Quantity


class HoldCampaign(
    CampaignCommand, route="POST /campaigns/{campaign}/holding", roles=[Role.CAMPAIGNER, Role.SUPERVISOR]
):
    """Record that a campaign took place, and how many took part."""

    attendance: Attendance
    occurred: Occurred


class CorrectAttendance(
    CampaignCommand, route="POST /campaigns/{campaign}/attendance-correction", roles=[Role.CAMPAIGNER, Role.SUPERVISOR]
):
    """Correct how many took part: the number recorded before was wrong."""

    attendance: Attendance
    occurred: Occurred = Field(description="When the mistake was found")


class CorrectCampaign(
    CampaignCommand, route="POST /campaigns/{campaign}/correction", roles=[Role.CAMPAIGNER, Role.SUPERVISOR]
):
    """Correct what was recorded wrongly. What is left out stays; what *became* different is a move."""

    title: Title | None = None
    slogan: Title | None = None
    aim: Text | None = None
    venue: Place | None = None
    town: Place | None = Field(default=None, examples=["Vilnius"])
    held_on: Occurred | None = Field(default=None, description="The day on which it was really held")
    occurred: Occurred = Field(description="When the mistake was found")


class EvaluateCampaign(
    CampaignCommand, route="POST /campaigns/{campaign}/evaluations", roles=[Role.CAMPAIGNER, Role.SUPERVISOR]
):
    """Judge a campaign against its objective. A later judgement stands beside the earlier ones."""

    evaluation: Id = new_id()
    objective: Achievement = Field(examples=["met"])
    findings: tuple[Finding, ...] = Field(default=(), max_length=50)
    remarks: Annotated[str | None, About("campaign"), Field(max_length=4000)] = None
    occurred: Occurred


class CampaignHeld(CampaignEvent):
    """It took place. What others need of the plan is repeated here, so that they need no other event."""

    kind: Kind
    title: str
    slogan: str | None = None
    venue: str | None = None
    town: str | None = None
    attendance: Quantity
    observance: ObservanceId | None = None


class AttendanceCorrected(CampaignEvent):
    """So many took part, not as recorded before."""

    attendance: Quantity


class CampaignCorrected(CampaignEvent):
    """What was recorded wrongly, as it really was."""

    title: str | None = None
    slogan: str | None = None
    aim: str | None = None
    venue: str | None = None
    town: str | None = None
    held_on: Occurred | None = None


class CampaignEvaluated(CampaignEvent):
    """Somebody judged it against its objective."""

    evaluation: Id
    objective: Achievement
    aim: str
    findings: tuple[Finding, ...] = ()
    remarks: Annotated[str | Hidden | None, About("campaign")] = None


HoldingCommand = HoldCampaign | CorrectAttendance | CorrectCampaign | EvaluateCampaign
HoldingEvent = CampaignHeld | AttendanceCorrected | CampaignCorrected | CampaignEvaluated


def decide(command: HoldingCommand, campaign: Campaign) -> Sequence[HoldingEvent]:
    """What follows from a command about the day and what came of it."""
    must_have_happened(command.occurred, command.now)
    match command:
        case HoldCampaign():
            return _hold(command, campaign)
        case CorrectAttendance(attendance=attendance):
            campaign.must_be(Status.HELD)
            if attendance == campaign.attendance:
                return []
            within_attendance(
                attendance, [group.pupils_came for group in campaign.groups.values() if group.pupils_came]
            )
            return [AttendanceCorrected(**command.stated())]
        case CorrectCampaign():
            return _correct(command, campaign)
        case EvaluateCampaign(evaluation=evaluation):
            plan = campaign.must_be(Status.HELD)
            if evaluation in campaign.evaluations:
                return []
            _after(command.occurred, campaign.held_on, "A campaign is judged after it was held", "judged-after-held")
            return [CampaignEvaluated(aim=plan.aim, **command.stated())]
        case _:
            assert_never(command)


def _hold(command: HoldCampaign, campaign: Campaign) -> Sequence[HoldingEvent]:
    if campaign.status is Status.HELD:
        if (campaign.held_on, campaign.attendance) == (command.occurred, command.attendance):
            return []
        raise DomainError(
            f"It was held on {campaign.held_on} with {campaign.attendance} taking part: correct that, or plan another.",
            rule="held-once",
        )
    plan = campaign.must_be(Status.PLANNED)
    _after(command.occurred, plan.occurred, "A campaign is held after it was planned", "held-after-planned")
    return [
        CampaignHeld(
            campaign=command.campaign,
            kind=plan.kind,
            title=plan.title,
            slogan=plan.slogan,
            venue=plan.venue,
            town=plan.town,
            attendance=command.attendance,
            observance=plan.observance,
            occurred=command.occurred,
        )
    ]


def _correct(command: CorrectCampaign, campaign: Campaign) -> Sequence[HoldingEvent]:
    plan = campaign.must_be(Status.DRAFT, Status.PLANNED, Status.HELD, Status.CANCELLED)
    if command.held_on is not None:
        campaign.must_be(Status.HELD)
        must_have_happened(command.held_on, command.now)
        _after(command.held_on, plan.occurred, "A campaign is held after it was planned", "held-after-planned")
    event = CampaignCorrected(**command.stated())
    return [] if evolve(campaign, event) == campaign else [event]


def _after(later: str, earlier: str | None, sentence: str, rule: str) -> None:
    if earlier is not None and latest(later) < earliest(earlier):
        raise DomainError(f"{sentence}; {later} lies before {earlier}.", rule=rule)


def _corrected(plan: Plan, event: CampaignCorrected) -> Plan:
    return replace(
        plan,
        title=event.title or plan.title,
        slogan=event.slogan or plan.slogan,
        aim=event.aim or plan.aim,
        venue=event.venue or plan.venue,
        town=event.town or plan.town,
    )


def evolve(campaign: Campaign, event: HoldingEvent) -> Campaign:
    """The campaign after an event about the day and what came of it."""
    match event:
        case CampaignHeld():
            return replace(campaign, status=Status.HELD, held_on=event.occurred, attendance=event.attendance)
        case AttendanceCorrected(attendance=attendance):
            return replace(campaign, attendance=attendance)
        case CampaignCorrected():
            plan = campaign.plan and _corrected(campaign.plan, event)
            return replace(campaign, plan=plan, held_on=event.held_on or campaign.held_on)
        case CampaignEvaluated(evaluation=evaluation):
            return replace(campaign, evaluations=campaign.evaluations | {evaluation})
        case _:
            assert_never(event)

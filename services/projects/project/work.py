"""The work of a project: indicators with targets and results, staff, partners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, assert_never

from pydantic import Field, StringConstraints

from services.projects.project.state import AGREED, OPEN, Project, ProjectCommand, ProjectEvent, Status, must_be
from services.projects.terms import KEEPS_BOOKS, Slug, Title
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Id, Role, StaffId, new_id


class Precision(StrEnum):
    """Whether a figure was counted or estimated."""

    EXACT = "exact"
    APPROXIMATE = "approximate"


IndicatorName = Annotated[Slug, Field(description="The indicator, by its name in the project", examples=["trained"])]
Quantity = Annotated[Decimal, Field(ge=0, max_digits=15, allow_inf_nan=False, examples=["12"])]
Leaving = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64),
    Field(description="The staff member's pseudonymous id, never a name", examples=["w-7"]),
]
PartnerId = Annotated[Id, Field(description="The partner", examples=["a7d2c0f1-53be-4f08-9c6a-0e1b7d4f2a85"])]


class DefineIndicator(ProjectCommand, route="POST /projects/{project}/indicators", roles=KEEPS_BOOKS):
    """Say what is counted, in which unit, and how much is aimed for. Said again, it changes the target."""

    indicator: IndicatorName
    text: Title = Field(description="What is counted; no personal data", examples=["Women in vocational training"])
    unit: Title = Field(description="The unit", examples=["persons"])
    target: Quantity = Field(description="How much is aimed for")


class RecordResult(ProjectCommand, route="POST /projects/{project}/indicators/{indicator}/results", roles=KEEPS_BOOKS):
    """Record what was reached of an indicator."""

    result: Id = new_id()
    indicator: IndicatorName
    value: Quantity = Field(description="How much was reached")
    precision: Precision = Field(Precision.EXACT, description="Counted or estimated", examples=["exact"])
    occurred: Occurred


class RetractResult(ProjectCommand, route="POST /projects/{project}/results/{result}/retraction", roles=KEEPS_BOOKS):
    """Take back a result that was recorded in error."""

    result: Id = Field(description="The result", examples=["3c1f5b7d-9e24-4a68-b0c2-6d8e1f3a5b79"])


class AssignStaff(ProjectCommand, route="POST /projects/{project}/staff", roles=[Role.PROJECT_MANAGER]):
    """Have a staff member work on a project."""

    staff: StaffId
    task: Title = Field(description="As what", examples=["social worker"])
    occurred: Occurred


class ReleaseStaff(
    ProjectCommand, route="POST /projects/{project}/staff/{staff}/release", roles=[Role.PROJECT_MANAGER]
):
    """A staff member works on a project no longer."""

    staff: Leaving
    occurred: Occurred


class JoinPartner(ProjectCommand, route="POST /projects/{project}/partners", roles=KEEPS_BOOKS):
    """A partner organisation takes part in a project."""

    partner: PartnerId
    part: Title = Field(description="What it does in it", examples=["training places"])
    occurred: Occurred


class PartPartner(ProjectCommand, route="POST /projects/{project}/partners/{partner}/leave", roles=KEEPS_BOOKS):
    """A partner organisation takes part no longer."""

    partner: PartnerId
    occurred: Occurred


class IndicatorDefined(ProjectEvent):
    """What is counted, and how much is aimed for."""

    indicator: str
    text: str
    unit: str
    target: Decimal


class ResultRecorded(ProjectEvent):
    """Something was reached of an indicator."""

    result: Id
    indicator: str
    value: Decimal
    precision: Precision
    occurred: Occurred


class ResultRetracted(ProjectEvent, puts_right=("result", "ResultRecorded.result")):
    """A result was recorded in error."""

    result: Id


class StaffAssigned(ProjectEvent):
    """A staff member works on a project."""

    staff: str
    task: str
    occurred: Occurred


class StaffReleased(ProjectEvent):
    """A staff member works on a project no longer."""

    staff: str
    occurred: Occurred


class PartnerJoined(ProjectEvent):
    """A partner organisation takes part."""

    partner: Id
    part: str
    occurred: Occurred


class PartnerLeft(ProjectEvent):
    """A partner organisation takes part no longer."""

    partner: Id
    occurred: Occurred


WorkCommands = DefineIndicator | RecordResult | RetractResult | AssignStaff | ReleaseStaff | JoinPartner | PartPartner
WorkEvents = (
    IndicatorDefined | ResultRecorded | ResultRetracted | StaffAssigned | StaffReleased | PartnerJoined | PartnerLeft
)


def decide(command: WorkCommands, project: Project) -> Sequence[WorkEvents]:
    """Who does what, aiming for how much, and what came of it."""
    of = command.project
    match command:
        case DefineIndicator(indicator=indicator, text=text, unit=unit, target=target):
            must_be(project, OPEN)
            if project.indicators.get(indicator) == (text, unit, target):
                return []
            return [IndicatorDefined(project=of, indicator=indicator, text=text, unit=unit, target=target)]
        case RecordResult(indicator=indicator, result=result, value=value, precision=precision, occurred=occurred):
            must_be(project, {Status.RUNNING, Status.COMPLETED})
            must_have_happened(occurred, command.now)
            if indicator not in project.indicators:
                raise DomainError(
                    f"A result is of an indicator; '{indicator}' is not defined; "
                    f"there are: {', '.join(project.indicators) or 'none'}.",
                    rule="indicator-is-defined",
                )
            return [
                ResultRecorded(
                    project=of,
                    result=result,
                    indicator=indicator,
                    value=value,
                    precision=precision,
                    occurred=occurred,
                )
            ]
        case RetractResult(result=result):
            must_exist(project.status is not None, "project")
            return [ResultRetracted(project=of, result=result)] if result in project.results else []
        case AssignStaff(staff=staff, task=task, occurred=occurred):
            must_be(project, AGREED)
            if staff in project.staff:
                return []
            return [StaffAssigned(project=of, staff=staff, task=task, occurred=occurred)]
        case ReleaseStaff(staff=staff, occurred=occurred):
            must_exist(project.status is not None, "project")
            return [StaffReleased(project=of, staff=staff, occurred=occurred)] if staff in project.staff else []
        case JoinPartner(partner=partner, part=part, occurred=occurred):
            must_be(project, OPEN)
            if partner in project.partners:
                return []
            return [PartnerJoined(project=of, partner=partner, part=part, occurred=occurred)]
        case PartPartner(partner=partner, occurred=occurred):
            must_exist(project.status is not None, "project")
            return [PartnerLeft(project=of, partner=partner, occurred=occurred)] if partner in project.partners else []
        case _:
            assert_never(command)


def evolve(project: Project, event: WorkEvents) -> Project:
    """A project after some work."""
    match event:
        case IndicatorDefined(indicator=indicator, text=text, unit=unit, target=target):
            defined = {**project.indicators, indicator: (text, unit, target)}
            return replace(project, indicators=MappingProxyType(defined))
        case ResultRecorded(result=result):
            return replace(project, results=project.results | {result})
        case ResultRetracted(result=result):
            return replace(project, results=project.results - {result})
        case StaffAssigned(staff=staff):
            return replace(project, staff=project.staff | {staff})
        case StaffReleased(staff=staff):
            return replace(project, staff=project.staff - {staff})
        case PartnerJoined(partner=partner):
            return replace(project, partners=project.partners | {partner})
        case PartnerLeft(partner=partner):
            return replace(project, partners=project.partners - {partner})
        case _:
            assert_never(event)

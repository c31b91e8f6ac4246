"""A project: proposed, approved, running, completed; rejected, or cancelled. It counts once, in the year it started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, assert_never

from pydantic import Field, StringConstraints

from services.projects.terms import KEEPS_BOOKS, ProjectId, Slug, Title, has_happened
from shared.dates import Occurred, earliest, latest
from shared.decider import Decider
from shared.errors import Conflict, DomainError
from shared.handling import must_exist
from shared.messages import Command, Event, Id, Role, new_id


class Status(StrEnum):
    """Where a project stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Precision(StrEnum):
    """Whether a figure was counted or estimated."""

    EXACT = "exact"
    APPROXIMATE = "approximate"


AGREED = frozenset({Status.APPROVED, Status.RUNNING})
OPEN = AGREED | {Status.PROPOSED}

IndicatorName = Annotated[Slug, Field(description="The indicator, by its name in the project", examples=["trained"])]
Quantity = Annotated[Decimal, Field(ge=0, max_digits=15, allow_inf_nan=False, examples=["12"])]
StaffMember = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64),
    Field(description="The staff member's pseudonymous id, never a name", examples=["w-7"]),
]
Objective = Annotated[Title, Field(description="An objective; no personal data")]
PartnerId = Annotated[Id, Field(description="The partner", examples=["a7d2c0f1-53be-4f08-9c6a-0e1b7d4f2a85"])]


class ProjectCommand(Command, context="projects"):
    """To one project."""

    project: ProjectId


class ProjectEvent(Event, context="projects"):
    """Of one project."""

    project: Id


class ProposeProject(ProjectCommand, route="POST /projects", roles=KEEPS_BOOKS):
    """Propose a project."""

    project: Id = new_id()
    title: Title = Field(description="Its title; no personal data", examples=["A safe start"])
    programme: Title | None = Field(None, description="The programme that it belongs to", examples=["Girl power"])
    objectives: tuple[Objective, ...] = Field(
        (), max_length=50, description="What it is for", examples=[["Integration of victims of trafficking"]]
    )
    occurred: Occurred


class ApproveProject(ProjectCommand, route="POST /projects/{project}/approval", roles=KEEPS_BOOKS):
    """Record that a project was approved."""

    occurred: Occurred


class RejectProject(ProjectCommand, route="POST /projects/{project}/rejection", roles=KEEPS_BOOKS):
    """Record that a project was rejected."""

    occurred: Occurred


class StartProject(ProjectCommand, route="POST /projects/{project}/start", roles=KEEPS_BOOKS):
    """Start a project. It counts in this year, and gets its number in the year's register."""

    occurred: Occurred


class CorrectProjectStart(ProjectCommand, route="POST /projects/{project}/start/correction", roles=KEEPS_BOOKS):
    """Put right when a project started. If the year was wrong, it moves to the right one with a new number."""

    occurred: Occurred


class CompleteProject(ProjectCommand, route="POST /projects/{project}/completion", roles=KEEPS_BOOKS):
    """Record that a project has run its course."""

    occurred: Occurred


class CancelProject(ProjectCommand, route="POST /projects/{project}/cancellation", roles=KEEPS_BOOKS):
    """Stop a project. One that had started stays counted in its year."""

    occurred: Occurred


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

    staff: StaffMember
    task: Title = Field(description="As what", examples=["social worker"])
    occurred: Occurred


class ReleaseStaff(
    ProjectCommand, route="POST /projects/{project}/staff/{staff}/release", roles=[Role.PROJECT_MANAGER]
):
    """A staff member works on a project no longer."""

    staff: StaffMember
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


class ProjectProposed(ProjectEvent):
    """A project is proposed."""

    title: str
    programme: str | None = None
    objectives: tuple[str, ...] = ()
    occurred: Occurred


class ProjectApproved(ProjectEvent):
    """A project was approved."""

    occurred: Occurred


class ProjectRejected(ProjectEvent):
    """A project was rejected."""

    occurred: Occurred


class ProjectStarted(ProjectEvent):
    """A project runs. It counts once, in this year; the year's register numbers it."""

    year: int
    occurred: Occurred


class ProjectStartCorrected(ProjectEvent):
    """When a project started was recorded wrongly; it was this."""

    year: int
    year_before: int
    occurred: Occurred


class ProjectCompleted(ProjectEvent):
    """A project has run its course."""

    occurred: Occurred


class ProjectCancelled(ProjectEvent):
    """A project was stopped."""

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


class ResultRetracted(ProjectEvent):
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


ProjectCommands = (
    ProposeProject
    | ApproveProject
    | RejectProject
    | StartProject
    | CorrectProjectStart
    | CompleteProject
    | CancelProject
    | DefineIndicator
    | RecordResult
    | RetractResult
    | AssignStaff
    | ReleaseStaff
    | JoinPartner
    | PartPartner
)
ProjectEvents = (
    ProjectProposed
    | ProjectApproved
    | ProjectRejected
    | ProjectStarted
    | ProjectStartCorrected
    | ProjectCompleted
    | ProjectCancelled
    | IndicatorDefined
    | ResultRecorded
    | ResultRetracted
    | StaffAssigned
    | StaffReleased
    | PartnerJoined
    | PartnerLeft
)


@dataclass(frozen=True, slots=True)
class Project:
    """What the rules need to know of a project."""

    status: Status | None = None
    since: date = date.min  # the earliest day that its last step may have been taken on
    started: str | None = None
    indicators: Mapping[str, tuple[str, str, Decimal]] = field(default_factory=lambda: MappingProxyType({}))
    results: frozenset[str] = frozenset()
    staff: frozenset[str] = frozenset()
    partners: frozenset[str] = frozenset()


def decide(command: ProjectCommands, project: Project) -> Sequence[ProjectEvents]:
    """The rules of a project."""
    of = command.project
    match command:
        case ProposeProject(title=title, programme=programme, objectives=objectives, occurred=occurred):
            if project.status:
                raise Conflict("This project is proposed already: propose another under a new id.")
            has_happened(earliest(occurred), command.now)
            return [
                ProjectProposed(project=of, title=title, programme=programme, objectives=objectives, occurred=occurred)
            ]
        case ApproveProject(occurred=occurred):
            _step(command, project, occurred, {Status.PROPOSED})
            return [ProjectApproved(project=of, occurred=occurred)]
        case RejectProject(occurred=occurred):
            _step(command, project, occurred, {Status.PROPOSED})
            return [ProjectRejected(project=of, occurred=occurred)]
        case StartProject(occurred=occurred):
            _step(command, project, occurred, {Status.APPROVED})
            return [ProjectStarted(project=of, year=_year(occurred), occurred=occurred)]
        case CorrectProjectStart(occurred=occurred):
            must_exist(project.status is not None, "project")
            if project.started is None:
                raise DomainError(
                    f"Only a start that was recorded can be corrected; this project is {project.status}; start it.",
                    rule="project-in-order",
                )
            has_happened(earliest(occurred), command.now)
            if occurred == project.started:
                return []
            before = _year(project.started)
            return [ProjectStartCorrected(project=of, year=_year(occurred), year_before=before, occurred=occurred)]
        case CompleteProject(occurred=occurred):
            _step(command, project, occurred, {Status.RUNNING})
            return [ProjectCompleted(project=of, occurred=occurred)]
        case CancelProject(occurred=occurred):
            _step(command, project, occurred, OPEN)
            return [ProjectCancelled(project=of, occurred=occurred)]
        case DefineIndicator(indicator=indicator, text=text, unit=unit, target=target):
            _in_status(project, OPEN)
            if project.indicators.get(indicator) == (text, unit, target):
                return []
            return [IndicatorDefined(project=of, indicator=indicator, text=text, unit=unit, target=target)]
        case RecordResult(indicator=indicator, result=result, value=value, precision=precision, occurred=occurred):
            _in_status(project, {Status.RUNNING, Status.COMPLETED})
            has_happened(earliest(occurred), command.now)
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
            _in_status(project, AGREED)
            if staff in project.staff:
                return []
            return [StaffAssigned(project=of, staff=staff, task=task, occurred=occurred)]
        case ReleaseStaff(staff=staff, occurred=occurred):
            must_exist(project.status is not None, "project")
            return [StaffReleased(project=of, staff=staff, occurred=occurred)] if staff in project.staff else []
        case JoinPartner(partner=partner, part=part, occurred=occurred):
            _in_status(project, OPEN)
            if partner in project.partners:
                return []
            return [PartnerJoined(project=of, partner=partner, part=part, occurred=occurred)]
        case PartPartner(partner=partner, occurred=occurred):
            must_exist(project.status is not None, "project")
            return [PartnerLeft(project=of, partner=partner, occurred=occurred)] if partner in project.partners else []
        case _:
            assert_never(command)


def _in_status(project: Project, statuses: frozenset[Status] | set[Status]) -> None:
    must_exist(project.status is not None, "project")
    if project.status not in statuses:
        raise DomainError(
            f"This needs a project that is {' or '.join(sorted(statuses))}; it is {project.status}.",
            rule="project-in-order",
        )


def _step(command: Command, project: Project, occurred: str, statuses: frozenset[Status] | set[Status]) -> None:
    _in_status(project, statuses)
    has_happened(earliest(occurred), command.now)
    if latest(occurred) < project.since:
        raise DomainError(
            f"One step follows the other; the last one was on {project.since} at the earliest; {occurred} is before "
            "it; give that day or a later one.",
            rule="steps-in-order",
        )


def _year(occurred: str) -> int:
    first, last = earliest(occurred).year, latest(occurred).year
    if first != last:
        raise DomainError(
            f"A project counts in the one year it started; {occurred} may lie in {first} or in {last}; "
            "say which, if only as a year.",
            rule="start-in-one-year",
        )
    return first


def evolve(project: Project, event: ProjectEvents) -> Project:
    """A project after `event`."""
    match event:
        case ProjectProposed(occurred=occurred):
            return replace(project, status=Status.PROPOSED, since=earliest(occurred))
        case ProjectApproved(occurred=occurred):
            return replace(project, status=Status.APPROVED, since=earliest(occurred))
        case ProjectRejected(occurred=occurred):
            return replace(project, status=Status.REJECTED, since=earliest(occurred))
        case ProjectStarted(occurred=occurred):
            return replace(project, status=Status.RUNNING, since=earliest(occurred), started=occurred)
        case ProjectStartCorrected(occurred=occurred):
            return replace(project, started=occurred)
        case ProjectCompleted(occurred=occurred):
            return replace(project, status=Status.COMPLETED, since=earliest(occurred))
        case ProjectCancelled(occurred=occurred):
            return replace(project, status=Status.CANCELLED, since=earliest(occurred))
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


project = Decider("project", "project", Project(), decide, evolve, ProjectCommands, ProjectEvents)

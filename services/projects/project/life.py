"""The life of a project: proposed, approved or rejected, started, completed or cancelled."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import Field

from services.projects.project.state import OPEN, Project, ProjectCommand, ProjectEvent, Status, must_be
from services.projects.terms import KEEPS_BOOKS, Title
from shared.dates import Occurred, earliest, latest, must_have_happened
from shared.decider import must_exist
from shared.errors import Conflict, DomainError
from shared.messages import Id, new_id

Objective = Annotated[Title, Field(description="An objective; no personal data")]


class ProposeProject(ProjectCommand, route="POST /projects", roles=KEEPS_BOOKS):
    """Propose a project."""

    project: Id = new_id()
    title: Title = Field(description="Its title; no personal data", examples=["A safe start"])
    programme: Title | None = Field(None, description="The programme that it belongs to", examples=["Girl power"])
    objectives: tuple[Objective, ...] = Field(
        (), max_length=50, description="What it is for", examples=[["Integration of victims of trafficking"]]
    )
    occurred: Occurred


class CorrectProject(ProjectCommand, route="POST /projects/{project}/correction", roles=KEEPS_BOOKS):
    """Put right what was recorded of a project: its title, programme and objectives."""

    title: Title = Field(description="Its title; no personal data", examples=["A safe start"])
    programme: Title | None = Field(None, description="The programme that it belongs to", examples=["Girl power"])
    objectives: tuple[Objective, ...] = Field(
        (), max_length=50, description="What it is for", examples=[["Integration of victims of trafficking"]]
    )


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


class ProjectProposed(ProjectEvent):
    """A project is proposed."""

    title: str
    programme: str | None = None
    objectives: tuple[str, ...] = ()
    occurred: Occurred


class ProjectCorrected(ProjectEvent, puts_right=("project", "ProjectProposed.project")):
    """What was recorded of a project was wrong; it is this."""

    title: str
    programme: str | None = None
    objectives: tuple[str, ...] = ()


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


LifeCommands = (
    ProposeProject
    | CorrectProject
    | ApproveProject
    | RejectProject
    | StartProject
    | CorrectProjectStart
    | CompleteProject
    | CancelProject
)
LifeEvents = (
    ProjectProposed
    | ProjectCorrected
    | ProjectApproved
    | ProjectRejected
    | ProjectStarted
    | ProjectStartCorrected
    | ProjectCompleted
    | ProjectCancelled
)


def decide(command: LifeCommands, project: Project) -> Sequence[LifeEvents]:
    """The steps, in their order."""
    of = command.project
    match command:
        case ProposeProject(title=title, programme=programme, objectives=objectives, occurred=occurred):
            if project.status:
                raise Conflict("This project is proposed already: propose another under a new id.")
            must_have_happened(occurred, command.now)
            return [
                ProjectProposed(project=of, title=title, programme=programme, objectives=objectives, occurred=occurred)
            ]
        case CorrectProject(title=title, programme=programme, objectives=objectives):
            must_exist(project.status is not None, "project")
            if project.about == (title, programme, objectives):
                return []
            return [ProjectCorrected(project=of, title=title, programme=programme, objectives=objectives)]
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
            must_have_happened(occurred, command.now)
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
        case _:
            assert_never(command)


def _step(command: ProjectCommand, project: Project, occurred: str, statuses: Set[Status]) -> None:
    must_be(project, statuses)
    must_have_happened(occurred, command.now)
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


def evolve(project: Project, event: LifeEvents) -> Project:
    """A project after a step."""
    match event:
        case ProjectProposed(title=title, programme=programme, objectives=objectives, occurred=occurred):
            about = (title, programme, objectives)
            return replace(project, status=Status.PROPOSED, since=earliest(occurred), about=about)
        case ProjectCorrected(title=title, programme=programme, objectives=objectives):
            return replace(project, about=(title, programme, objectives))
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
        case _:
            assert_never(event)

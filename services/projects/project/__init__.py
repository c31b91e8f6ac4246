"""A project. It counts once, in the year it started."""

from __future__ import annotations

from collections.abc import Sequence

from services.projects.project import life, work
from services.projects.project.state import Project
from shared.decider import Decider

ProjectCommands = life.LifeCommands | work.WorkCommands
ProjectEvents = life.LifeEvents | work.WorkEvents


def decide(command: ProjectCommands, project: Project) -> Sequence[ProjectEvents]:
    """The rules of a project, by their part."""
    return life.decide(command, project) if isinstance(command, life.LifeCommands) else work.decide(command, project)


def evolve(project: Project, event: ProjectEvents) -> Project:
    """A project after `event`."""
    return life.evolve(project, event) if isinstance(event, life.LifeEvents) else work.evolve(project, event)


project = Decider("project", "project", Project(), decide, evolve, ProjectCommands, ProjectEvents)

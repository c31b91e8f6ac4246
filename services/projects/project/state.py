"""A project as its rules see it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from services.projects.terms import ProjectId
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Command, Event, Id


class Status(StrEnum):
    """Where a project stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


AGREED = frozenset({Status.APPROVED, Status.RUNNING})
OPEN = AGREED | {Status.PROPOSED}


class ProjectCommand(Command, context="projects"):
    """To one project."""

    project: ProjectId


class ProjectEvent(Event, context="projects"):
    """Of one project."""

    project: Id


@dataclass(frozen=True, slots=True)
class Project:
    """What the rules need to know of a project."""

    status: Status | None = None
    about: tuple[str, str | None, tuple[str, ...]] = ("", None, ())  # title, programme, objectives
    since: date = date.min  # the earliest day that its last step may have been taken on
    started: str | None = None
    indicators: Mapping[str, tuple[str, str, Decimal]] = field(default_factory=lambda: MappingProxyType({}))
    results: frozenset[str] = frozenset()
    staff: frozenset[str] = frozenset()
    partners: frozenset[str] = frozenset()


def must_be(project: Project, statuses: Set[Status]) -> None:
    """Raises `NotFound` for a project that was never proposed, `DomainError` if it stands elsewhere."""
    must_exist(project.status is not None, "project")
    if project.status not in statuses:
        raise DomainError(
            f"This needs a project that is {' or '.join(sorted(statuses))}; it is {project.status}.",
            rule="project-in-order",
        )

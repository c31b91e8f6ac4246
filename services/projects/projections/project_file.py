"""One project on one page: its steps, indicators with targets and results, staff, partners, service minutes."""

from __future__ import annotations

from decimal import Decimal

import orjson
from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, Column, Index, Integer, String, func, select

from services.projects.project.life import (
    ProjectApproved,
    ProjectCancelled,
    ProjectCompleted,
    ProjectCorrected,
    ProjectProposed,
    ProjectRejected,
    ProjectStartCorrected,
    ProjectStarted,
)
from services.projects.project.state import Status
from services.projects.project.work import (
    IndicatorDefined,
    PartnerJoined,
    PartnerLeft,
    Precision,
    ResultRecorded,
    ResultRetracted,
    StaffAssigned,
    StaffReleased,
)
from services.projects.register import NumberWithdrawn, ProjectNumbered
from services.projects.terms import STAFF, ProjectId
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Query, View
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table


class ServiceDelivered(View, of="rehabilitation.ServiceDelivered"):
    """A service, perhaps attributed to a project."""

    service: str
    kind: str
    minutes: int
    project: str | None = None


class ServiceCorrected(View, of="rehabilitation.ServiceCorrected"):
    """What is true of a service."""

    service: str
    kind: str
    minutes: int
    project: str | None = None


class ServiceRetracted(View, of="rehabilitation.ServiceRetracted"):
    """A service was recorded in error."""

    service: str


class ResultLine(BaseModel):
    """What was reached of an indicator, once."""

    result: str
    value: Decimal
    precision: Precision
    occurred: str


class IndicatorLine(BaseModel):
    """An indicator: aimed for, reached."""

    indicator: str
    text: str
    unit: str
    target: Decimal
    reached: Decimal
    precision: Precision = Field(description="Approximate if any of its results is")
    results: tuple[ResultLine, ...]


class InvolvedLine(BaseModel):
    """A staff member (by pseudonym) or a partner, doing what, since when, until when."""

    who: str
    what: str
    since: str
    until: str | None


class StepLine(BaseModel):
    """A step in its life. Of a start that was corrected, the right one."""

    status: Status
    occurred: str


class ProjectAnswer(BaseModel):
    """A project."""

    project: str
    title: str
    programme: str | None
    objectives: tuple[str, ...]
    status: Status
    year: int | None
    number: int | None
    steps: tuple[StepLine, ...]
    indicators: tuple[IndicatorLine, ...]
    staff: tuple[InvolvedLine, ...]
    partners: tuple[InvolvedLine, ...]
    minutes: dict[str, int] = Field(description="Of services attributed to it, by their kind. They are not money")
    position: int


class ShowProject(Query[ProjectAnswer], context="projects", route="GET /projects/{project}", roles=STAFF):
    """A project with its indicators, results, staff, partners and the minutes of services for it."""

    project: ProjectId


Step = ProjectApproved | ProjectRejected | ProjectStarted | ProjectStartCorrected | ProjectCompleted | ProjectCancelled
STATUS_AFTER: dict[type[Step], Status] = {
    ProjectApproved: Status.APPROVED,
    ProjectRejected: Status.REJECTED,
    ProjectStarted: Status.RUNNING,
    ProjectStartCorrected: Status.RUNNING,
    ProjectCompleted: Status.COMPLETED,
    ProjectCancelled: Status.CANCELLED,
}


class ProjectFile(Projection):
    """Everything on one project."""

    name = "project_file"
    projects = table(
        "project_files",
        Column("project", String, primary_key=True),
        Column("title", String),
        Column("programme", String),
        Column("objectives", String),
        Column("year", Integer),
        Column("number", Integer),
    )
    steps = table(
        "project_steps",
        Column("project", String, primary_key=True),
        Column("status", String, primary_key=True),
        Column("position", BigInteger),
        Column("occurred", String),
    )
    indicators = table(
        "project_indicators",
        Column("project", String, primary_key=True),
        Column("indicator", String, primary_key=True),
        Column("text", String),
        Column("unit", String),
        Column("target", String),
    )
    results = table(
        "project_results",
        Column("result", String, primary_key=True),
        Column("project", String),
        Column("indicator", String),
        Column("position", BigInteger),
        Column("value", String),
        Column("precision", String),
        Column("occurred", String),
        Index("project_results_by_project", "project", "position"),
    )
    involved = table(
        "project_involved",
        Column("project", String, primary_key=True),
        Column("who", String, primary_key=True),
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        Column("role", String),
        Column("what", String),
        Column("since", String),
        Column("until", String),
    )
    present = table(
        "project_present",
        Column("project", String, primary_key=True),
        Column("who", String, primary_key=True),
        Column("position", BigInteger),
    )

    services = table(
        "project_services",
        Column("service", String, primary_key=True),
        Column("project", String),
        Column("kind", String),
        Column("minutes", Integer),
        Index("project_services_by_project", "project", "kind"),
    )

    @on(ServiceDelivered, ServiceCorrected)
    def service(self, e: Recorded[ServiceDelivered | ServiceCorrected], rows: Rows) -> None:
        """Counts for the project that it is attributed to, if any."""
        of = e.event
        if of.project:
            rows.put(self.services, service=of.service, project=of.project, kind=of.kind, minutes=of.minutes)
        elif isinstance(of, ServiceCorrected):
            rows.drop(self.services, (of.service,))

    @on(ServiceRetracted)
    def service_retracted(self, e: Recorded[ServiceRetracted], rows: Rows) -> None:
        """Counts no longer."""
        rows.drop(self.services, (e.event.service,))

    @on(ProjectProposed)
    def proposed(self, e: Recorded[ProjectProposed], rows: Rows) -> None:
        """A new file."""
        of = e.event
        rows.put(
            self.projects,
            project=of.project,
            title=of.title,
            programme=of.programme,
            objectives=orjson.dumps(of.objectives).decode(),
        )
        self._step(rows, of.project, Status.PROPOSED, e.position, of.occurred)

    @on(ProjectCorrected)
    def corrected(self, e: Recorded[ProjectCorrected], rows: Rows) -> None:
        """What it is about, as it is known now."""
        of = e.event
        objectives = orjson.dumps(of.objectives).decode()
        rows.change(self.projects, (of.project,), title=of.title, programme=of.programme, objectives=objectives)

    @on(ProjectApproved, ProjectRejected, ProjectStarted, ProjectStartCorrected, ProjectCompleted, ProjectCancelled)
    def stepped(self, e: Recorded[Step], rows: Rows) -> None:
        """One step on, or the start put right."""
        of = e.event
        if isinstance(of, ProjectStartCorrected):
            rows.change(self.steps, (of.project, Status.RUNNING), occurred=of.occurred)
        else:
            self._step(rows, of.project, STATUS_AFTER[type(of)], e.position, of.occurred)
        if isinstance(of, ProjectStarted | ProjectStartCorrected):
            rows.change(self.projects, (of.project,), year=of.year)

    def _step(self, rows: Rows, project: str, status: Status, position: int, occurred: str) -> None:
        rows.put(self.steps, project=project, status=status, position=position, occurred=occurred)

    @on(ProjectNumbered)
    def numbered(self, e: Recorded[ProjectNumbered], rows: Rows) -> None:
        """Its number within the year."""
        rows.change(self.projects, (e.event.project,), number=e.event.number)

    @on(NumberWithdrawn)
    def number_withdrawn(self, e: Recorded[NumberWithdrawn], rows: Rows) -> None:
        """Another year will number it."""
        rows.change(self.projects, (e.event.project,), number=None)

    @on(IndicatorDefined)
    def indicator_defined(self, e: Recorded[IndicatorDefined], rows: Rows) -> None:
        """An aim."""
        of = e.event
        rows.put(
            self.indicators,
            project=of.project,
            indicator=of.indicator,
            text=of.text,
            unit=of.unit,
            target=str(of.target),
        )

    @on(ResultRecorded)
    def result_recorded(self, e: Recorded[ResultRecorded], rows: Rows) -> None:
        """Something reached."""
        of = e.event
        rows.put(
            self.results,
            result=of.result,
            project=of.project,
            indicator=of.indicator,
            position=e.position,
            value=str(of.value),
            precision=of.precision,
            occurred=of.occurred,
        )

    @on(ResultRetracted)
    def result_retracted(self, e: Recorded[ResultRetracted], rows: Rows) -> None:
        """Recorded in error."""
        rows.drop(self.results, (e.event.result,))

    @on(StaffAssigned)
    def staff_assigned(self, e: Recorded[StaffAssigned], rows: Rows) -> None:
        """Somebody works on it."""
        self._involve(rows, e.event.project, e.event.staff, "staff", e.event.task, e.position, e.event.occurred)

    @on(PartnerJoined)
    def partner_joined(self, e: Recorded[PartnerJoined], rows: Rows) -> None:
        """A partner takes part."""
        self._involve(rows, e.event.project, e.event.partner, "partner", e.event.part, e.position, e.event.occurred)

    def _involve(self, rows: Rows, project: str, who: str, role: str, what: str, position: int, since: str) -> None:
        rows.put(self.involved, project=project, who=who, position=position, role=role, what=what, since=since)
        rows.put(self.present, project=project, who=who, position=position)

    @on(StaffReleased)
    def staff_released(self, e: Recorded[StaffReleased], rows: Rows) -> None:
        """No longer."""
        self._leave(rows, e.event.project, e.event.staff, e.event.occurred)

    @on(PartnerLeft)
    def partner_left(self, e: Recorded[PartnerLeft], rows: Rows) -> None:
        """No longer."""
        self._leave(rows, e.event.project, e.event.partner, e.event.occurred)

    def _leave(self, rows: Rows, project: str, who: str, until: str) -> None:
        if there := rows.get(self.present, (project, who)):
            rows.change(self.involved, (project, who, there["position"]), until=until)
            rows.drop(self.present, (project, who))

    @answers(ShowProject)
    def show(self, query: ShowProject, asking: Asking) -> ProjectAnswer:
        """One project."""
        projects, steps, indicators = (asking.live(t) for t in (self.projects, self.steps, self.indicators))
        results, involved = asking.live(self.results), asking.live(self.involved)
        found = asking.rows(select(projects).where(projects.c.project == query.project))
        if not found:
            raise NotFound("There is no such project.")
        row = found[0]
        taken = asking.rows(select(steps).where(steps.c.project == query.project).order_by(steps.c.position))
        reached = asking.rows(select(results).where(results.c.project == query.project).order_by(results.c.position))
        aims = asking.rows(
            select(indicators).where(indicators.c.project == query.project).order_by(indicators.c.indicator)
        )
        services = asking.live(self.services)
        worked = asking.rows(
            select(services.c.kind, func.sum(services.c.minutes).label("minutes"))
            .where(services.c.project == query.project)
            .group_by(services.c.kind)
            .order_by(services.c.kind)
        )
        people = asking.rows(select(involved).where(involved.c.project == query.project).order_by(involved.c.position))
        return ProjectAnswer(
            project=row["project"],
            title=row["title"],
            programme=row["programme"],
            objectives=orjson.loads(row["objectives"]),
            status=taken[-1]["status"],
            year=row["year"],
            number=row["number"],
            steps=tuple(StepLine.model_validate(dict(step)) for step in taken),
            indicators=tuple(
                _indicator(
                    IndicatorLine(**dict(aim), reached=Decimal(0), precision=Precision.EXACT, results=()),
                    [
                        ResultLine.model_validate(dict(result))
                        for result in reached
                        if result["indicator"] == aim["indicator"]
                    ],
                )
                for aim in aims
            ),
            staff=tuple(InvolvedLine.model_validate(dict(one)) for one in people if one["role"] == "staff"),
            partners=tuple(InvolvedLine.model_validate(dict(one)) for one in people if one["role"] == "partner"),
            minutes={row["kind"]: row["minutes"] for row in worked},
            position=asking.position,
        )


def _indicator(aim: IndicatorLine, results: list[ResultLine]) -> IndicatorLine:
    about = any(result.precision is Precision.APPROXIMATE for result in results)
    return aim.model_copy(
        update={
            "reached": sum((result.value for result in results), Decimal(0)),
            "precision": Precision.APPROXIMATE if about else Precision.EXACT,
            "results": tuple(results),
        }
    )

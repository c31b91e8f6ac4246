"""Programmes: the list by stage, and the file of each with its goals and its timeline."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, assert_never

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, RowMapping, String, Text, select

from services.rehabilitation.programme import ProgrammeEvents
from services.rehabilitation.programme.admission import (
    ProgrammeAdmitted,
    ProgrammeRefused,
    ProgrammeRequested,
    RequestWithdrawn,
)
from services.rehabilitation.programme.ending import FollowedUp, ProgrammeCompleted, ProgrammeLeft, ReintegrationBegun
from services.rehabilitation.programme.plan import GoalCorrected, GoalSet, ProgressRecorded, Step
from services.rehabilitation.programme.record import (
    FILE_READERS,
    HELPERS,
    CaseId,
    GoalId,
    Ground,
    PersonId,
    ProgrammeId,
    ReferralId,
    ServiceKind,
    Stage,
)
from services.rehabilitation.programme.services import ServiceCorrected, ServiceDelivered, ServiceRetracted
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Query, Role, union_members
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page
from shared.projections.timeline import Timeline, TimelineEntry, shown


class ProgrammeEntry(BaseModel):
    """A programme in the list: codes and pseudonyms, nothing personal."""

    model_config = ConfigDict(frozen=True)

    programme: ProgrammeId
    beneficiary: PersonId
    ground: Ground
    stage: Stage
    referral: ReferralId | None
    case: CaseId | None
    requested: str = Field(description="When it was requested (EDTF)", examples=["2004-21"])
    admitted: str | None = Field(description="When the person was admitted (EDTF)", examples=["2004-05-03"])
    ended: str | None = Field(description="When it was completed or left (EDTF)", examples=["2005-02"])
    services: int = Field(description="Services delivered")
    synthetic: bool = Field(description="Whether it was invented where the history leaves something open")


class ProgrammePage(BaseModel):
    """Programmes, the newest first."""

    programmes: tuple[ProgrammeEntry, ...]
    next: Next


class GoalShown(BaseModel):
    """A goal of the plan, and how far it has come. `step` is null before anything was recorded."""

    goal: GoalId
    kind: ServiceKind
    aim: str | Redacted
    by_day: date | None
    step: Step | None


class ProgrammeFile(BaseModel):
    """A programme: how it stands, its plan, and all that happened, page by page."""

    programme: ProgrammeEntry
    goals: tuple[GoalShown, ...]
    timeline: tuple[TimelineEntry, ...]
    next: Next


class ListProgrammes(Query[ProgrammePage], context="rehabilitation", route="GET /programmes", roles=HELPERS):
    """Programmes, by stage, ground and beneficiary, the newest first."""

    stage: Annotated[Stage | None, Field(description="Only at this stage", examples=["admitted"])] = None
    ground: Annotated[Ground | None, Field(description="Only on this ground", examples=["trafficking_victim"])] = None
    beneficiary: Annotated[PersonId | None, Field(description="Only of this person")] = None
    referral: Annotated[ReferralId | None, Field(description="Only by this referral")] = None
    after: After = None
    limit: Limit = 50


class GetProgramme(
    Query[ProgrammeFile],
    context="rehabilitation",
    route="GET /programmes/{programme}",
    roles=[*FILE_READERS, Role.DUTY_OFFICER],
):
    """The file of a programme, with its timeline in the order in which things were recorded."""

    programme: ProgrammeId
    after: After = None
    limit: Limit = 200


class Programmes(Projection):
    """Every programme as it stands, and its timeline."""

    name = "programmes"
    version = 2

    programmes = table(
        "programmes",
        Column("programme", String, primary_key=True),
        Column("position", BigInteger),
        Column("beneficiary", String),
        Column("ground", String),
        Column("stage", String),
        Column("referral", String),
        Column("case", String),
        Column("requested", String),
        Column("admitted", String),
        Column("ended", String),
        Column("services", Integer),
        Column("synthetic", Boolean),
        Index("programmes_newest", "position"),
        Index("programmes_by_stage", "stage", "position"),
        Index("programmes_by_beneficiary", "beneficiary", "position"),
        Index("programmes_by_referral", "referral", "position"),
    )
    goals = table(
        "programme_goals",
        Column("programme", String, primary_key=True),
        Column("goal", String, primary_key=True),
        Column("position", BigInteger),
        Column("kind", String),
        Column("aim", Text),
        Column("by_day", String),
        Column("step", String),
    )
    timeline = Timeline.of("programme_timeline", "programme")
    lines = timeline.lines

    @on(*union_members(ProgrammeEvents))
    def happened(self, e: Recorded[ProgrammeEvents], rows: Rows) -> None:
        """Every event is on the timeline; some change how the programme stands."""
        self._tell(e, rows)
        if changed := self._changes(e, rows):
            rows.change(self.programmes, (e.event.programme,), **changed)

    def _tell(self, e: Recorded[ProgrammeEvents], rows: Rows) -> None:
        match e.event:
            case ServiceDelivered(service=entry) | GoalSet(goal=entry):
                self.timeline.add(e, rows, entry)
            case ServiceCorrected(service=entry) | GoalCorrected(goal=entry):
                self.timeline.correct(e, rows, entry)
            case ServiceRetracted(service=entry):
                self.timeline.retract(e, rows, entry)
            case _:
                self.timeline.add(e, rows)

    def _changes(self, e: Recorded[ProgrammeEvents], rows: Rows) -> dict[str, Any]:
        match e.event:
            case ProgrammeRequested() as requested:
                rows.put(
                    self.programmes,
                    programme=requested.programme,
                    position=e.position,
                    beneficiary=requested.beneficiary,
                    ground=requested.ground,
                    stage=Stage.REQUESTED,
                    referral=requested.referral,
                    case=requested.case,
                    requested=requested.occurred,
                    services=0,
                    synthetic=e.synthetic,
                )
            case ProgrammeAdmitted(occurred=occurred):
                return {"stage": Stage.ADMITTED, "admitted": occurred}
            case ProgrammeRefused():
                return {"stage": Stage.REFUSED}
            case RequestWithdrawn():
                return {"stage": Stage.WITHDRAWN}
            case ReintegrationBegun():
                return {"stage": Stage.REINTEGRATING}
            case ProgrammeCompleted(occurred=occurred):
                return {"stage": Stage.COMPLETED, "ended": occurred}
            case ProgrammeLeft(occurred=occurred):
                return {"stage": Stage.LEFT, "ended": occurred}
            case GoalSet() as goal:
                rows.put(
                    self.goals,
                    programme=goal.programme,
                    goal=goal.goal,
                    position=e.position,
                    kind=goal.kind,
                    aim=e.sealed("aim"),
                    by_day=goal.by_day.isoformat() if goal.by_day else None,
                )
            case GoalCorrected() as goal:
                by_day = goal.by_day.isoformat() if goal.by_day else None
                key = (goal.programme, goal.goal)
                rows.change(self.goals, key, kind=goal.kind, aim=e.sealed("aim"), by_day=by_day)
            case ProgressRecorded(programme=programme, goal=of_goal, step=step):
                rows.change(self.goals, (programme, of_goal), step=step)
            case ServiceDelivered(programme=programme):
                rows.add(self.programmes, (programme,), services=1)
            case ServiceRetracted(programme=programme):
                rows.add(self.programmes, (programme,), services=-1)
            case ServiceCorrected() | FollowedUp():
                pass
            case _:
                assert_never(e.event)
        return {}

    @answers(ListProgrammes)
    def list_programmes(self, query: ListProgrammes, asking: Asking) -> ProgrammePage:
        """Filtered, and paged by the position of the request."""
        programmes = asking.live(self.programmes)
        statement = select(programmes).where(asking.sight.within(person=programmes.c.beneficiary))
        statement = statement.order_by(programmes.c.position.desc()).limit(query.limit + 1)
        for column in ("stage", "ground", "beneficiary", "referral"):
            if (wanted := getattr(query, column)) is not None:
                statement = statement.where(programmes.c[column] == wanted)
        if query.after is not None:
            statement = statement.where(programmes.c.position < query.after)
        entries, more = page(asking.rows(statement), query.limit, _entry)
        return ProgrammePage(programmes=entries, next=more)

    @answers(GetProgramme)
    def get_programme(self, query: GetProgramme, asking: Asking) -> ProgrammeFile:
        """How it stands, its goals, and a page of its timeline."""
        programmes, goals, lines = (asking.live(one) for one in (self.programmes, self.goals, self.lines))
        found = asking.rows(select(programmes).where(programmes.c.programme == query.programme))
        if not found:
            raise NotFound("There is no such programme.")
        timeline, more = page(
            asking.rows(
                select(lines)
                .where(lines.c.record == query.programme, lines.c.position > (query.after or 0))
                .order_by(lines.c.position)
                .limit(query.limit + 1)
            ),
            query.limit,
            lambda row: shown(row, asking),
        )
        plan = asking.rows(select(goals).where(goals.c.programme == query.programme).order_by(goals.c.position))
        return ProgrammeFile(
            programme=_entry(found[0]),
            goals=tuple(
                GoalShown(
                    goal=goal["goal"],
                    kind=goal["kind"],
                    aim=asking.reveal(goal["aim"]),
                    by_day=goal["by_day"],
                    step=goal["step"],
                )
                for goal in plan
            ),
            timeline=timeline,
            next=more,
        )


def _entry(row: RowMapping) -> ProgrammeEntry:
    return ProgrammeEntry(**{name: row[name] for name in ProgrammeEntry.model_fields})

"""Cases: the list by kind, status and worker, and the file of each with its timeline."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, assert_never

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Index, Integer, RowMapping, String, select

from services.cases.break_glass import AccessEnded, AccessId, GlassBroken
from services.cases.case import CaseEvents
from services.cases.case.assessment import AssessmentCorrected, RiskAssessed
from services.cases.case.closing import (
    CaseClosed,
    CaseReopened,
    ClosingAsked,
    ClosingRefused,
    ClosingWithdrawn,
    OpenItemKept,
    OpenItemKind,
    OpenItemSettled,
)
from services.cases.case.indicators import IndicatorsRecorded
from services.cases.case.intake import CaseAssigned, CaseHandedOver, CaseOpened, Channel, OpeningCorrected
from services.cases.case.notes import EntryRetracted, NoteAdded, NoteCorrected
from services.cases.case.plan import PlanAgreed
from services.cases.case.record import CaseKind, Outcome
from services.cases.case.review import ReviewHeld, ReviewMissed
from services.cases.case.support import SupportCorrected, SupportGiven
from services.cases.case.team import TeamJoined, TeamLeft
from services.cases.vocabulary import HELPERS, CaseId, PersonId, Staff
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Id, Query, Role, union_members
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page
from shared.projections.timeline import Timeline, TimelineEntry, shown


class CaseStatus(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    CLOSING_ASKED = "closing_asked"
    CLOSED = "closed"


class CaseEntry(BaseModel):
    """A case in the list: codes and pseudonyms, nothing personal."""

    model_config = ConfigDict(frozen=True)

    case: CaseId
    kind: CaseKind
    channel: Channel
    status: CaseStatus
    outcome: Outcome | None = Field(description="How it ended, once closing is asked for")
    person: PersonId
    worker: str | None = Field(description="The responsible worker, by pseudonym")
    opened: str = Field(description="When it was opened (EDTF)", examples=["2004-21"])
    review_due: date | None
    review_missed: bool
    open_items: int = Field(description="Referrals and sightings that are still open")
    synthetic: bool = Field(description="Whether it was invented where the history leaves something open")


class CasePage(BaseModel):
    """Cases, the newest first."""

    cases: tuple[CaseEntry, ...]
    next: Next


class OpenItem(BaseModel):
    """Something that a case waits for."""

    item: Id
    kind: OpenItemKind


class CaseFile(BaseModel):
    """A case: how it stands, what it waits for, what holds now, and all that happened, page by page."""

    case: CaseEntry
    waits_for: tuple[OpenItem, ...]
    assessment: TimelineEntry | None = Field(description="The last assessment that stands")
    indicators: TimelineEntry | None = Field(description="The last indicators that stand")
    plan: TimelineEntry | None = Field(description="The last plan that stands")
    timeline: tuple[TimelineEntry, ...]
    next: Next


class ListCases(Query[CasePage], context="cases", route="GET /cases", roles=HELPERS):
    """Cases, by kind, status and responsible worker, the newest first."""

    kind: Annotated[CaseKind | None, Field(description="Only of this kind", examples=["trafficking"])] = None
    status: Annotated[CaseStatus | None, Field(description="Only with this status", examples=["open"])] = None
    worker: Annotated[Staff | None, Field(description="Only of this worker", examples=["w-7"])] = None
    person: Annotated[PersonId | None, Field(description="Only about this person")] = None
    review_missed: Annotated[bool | None, Field(description="Only with a review missed, or not")] = None
    after: After = None
    limit: Limit = 50


class GetCase(Query[CaseFile], context="cases", route="GET /cases/{case}", roles=HELPERS):
    """The file of a case, with its timeline in the order in which things were recorded."""

    case: CaseId
    after: After = None
    limit: Limit = 200


class GetCaseOnDuty(
    Query[CaseFile], context="cases", route="GET /break-glass/{access}/file", roles=[Role.DUTY_OFFICER]
):
    """The file of a case that is not yours, while the glass that you broke for it stays broken."""

    access: AccessId
    after: After = None
    limit: Limit = 200


class CaseFiles(Projection):
    """Every case as it stands, and its timeline."""

    name = "case_files"
    version = 3

    cases = table(
        "cases",
        Column("case", String, primary_key=True),
        Column("position", BigInteger),
        Column("kind", String),
        Column("channel", String),
        Column("status", String),
        Column("outcome", String),
        Column("person", String),
        Column("worker", String),
        Column("opened", String),
        Column("review_due", String),
        Column("review_missed", Boolean),
        Column("open_items", Integer),
        Column("synthetic", Boolean),
        Index("cases_newest", "position"),
        Index("cases_by_kind", "kind", "position"),
        Index("cases_by_status", "status", "position"),
        Index("cases_by_worker", "worker", "position"),
        Index("cases_by_person", "person", "position"),
        Index("cases_by_review_missed", "review_missed", "position"),
    )
    items = table(
        "case_open_items",
        Column("case", String, primary_key=True),
        Column("item", String, primary_key=True),
        Column("kind", String),
    )
    broken_glass = table(
        "broken_glass",
        Column("access", String, primary_key=True),
        Column("case", String),
        Column("worker", String),
        Column("until", String),
    )
    timeline = Timeline.of("case_timeline", "case")
    lines = timeline.lines

    @on(*union_members(CaseEvents))
    def happened(self, e: Recorded[CaseEvents], rows: Rows) -> None:
        """Every event is on the timeline; some change how the case stands."""
        self._tell(e, rows)
        if changed := self._changes(e, rows):
            rows.change(self.cases, (e.event.case,), **changed)

    def _tell(self, e: Recorded[CaseEvents], rows: Rows) -> None:
        match e.event:
            case NoteAdded(note=entry) | SupportGiven(support=entry) | RiskAssessed(assessment=entry):
                self.timeline.add(e, rows, entry)
            case IndicatorsRecorded(indicators=entry) | PlanAgreed(plan=entry):
                self.timeline.add(e, rows, entry)
            case NoteCorrected(note=entry) | SupportCorrected(support=entry) | AssessmentCorrected(assessment=entry):
                self.timeline.correct(e, rows, entry)
            case EntryRetracted(entry=entry):
                self.timeline.retract(e, rows, entry)
            case _:
                self.timeline.add(e, rows)

    def _changes(self, e: Recorded[CaseEvents], rows: Rows) -> dict[str, Any]:
        match e.event:
            case CaseOpened() as opened:
                rows.put(
                    self.cases,
                    case=opened.case,
                    position=e.position,
                    kind=opened.kind,
                    channel=opened.channel,
                    status=CaseStatus.OPEN,
                    person=opened.person,
                    opened=opened.occurred,
                    review_missed=False,
                    open_items=0,
                    synthetic=e.synthetic,
                )
            case OpeningCorrected() as corrected:
                return {"kind": corrected.kind, "channel": corrected.channel, "opened": corrected.occurred}
            case CaseAssigned(worker=worker) | CaseHandedOver(worker=worker):
                return {"worker": worker}
            case RiskAssessed(review_due=due) | AssessmentCorrected(review_due=due):
                return {"review_due": due.isoformat(), "review_missed": False}
            case PlanAgreed(review_due=due) | ReviewHeld(review_due=due):
                return {"review_due": due.isoformat(), "review_missed": False}
            case ReviewMissed():
                return {"review_missed": True}
            case ClosingAsked(outcome=outcome):
                return {"status": CaseStatus.CLOSING_ASKED, "outcome": outcome}
            case ClosingRefused() | ClosingWithdrawn():
                return {"status": CaseStatus.OPEN, "outcome": None}
            case CaseClosed():
                return {"status": CaseStatus.CLOSED, "worker": None, "review_due": None, "review_missed": False}
            case CaseReopened(worker=worker):
                return {"status": CaseStatus.OPEN, "outcome": None, "worker": worker}
            case OpenItemKept(case=case, item=item, kind=kind):
                rows.put(self.items, case=case, item=item, kind=kind)
                rows.add(self.cases, (case,), open_items=1)
            case OpenItemSettled(case=case, item=item):
                rows.drop(self.items, (case, item))
                rows.add(self.cases, (case,), open_items=-1)
            case NoteAdded() | NoteCorrected() | SupportGiven() | SupportCorrected():
                pass
            case IndicatorsRecorded() | EntryRetracted() | TeamJoined() | TeamLeft():
                pass
            case _:
                assert_never(e.event)
        return {}

    @on(GlassBroken)
    def glass_broken(self, e: Recorded[GlassBroken], rows: Rows) -> None:
        """Somebody on duty may read a case for a while."""
        until = e.event.until.isoformat()
        rows.put(self.broken_glass, access=e.event.access, case=e.event.case, worker=e.event.worker, until=until)

    @on(AccessEnded)
    def access_ended(self, e: Recorded[AccessEnded], rows: Rows) -> None:
        """Not any more."""
        rows.drop(self.broken_glass, (e.event.access,))

    @answers(ListCases)
    def list_cases(self, query: ListCases, asking: Asking) -> CasePage:
        """Filtered, and paged by the position of the opening.

        An index has the rows in this order: of the asker's own cases, of one person, of one worker, or whatever else is
        asked for. No more are read than a page takes, and what else is asked for passes over. How many there are of
        what the asker does not know of makes no difference to how long it takes.
        """
        cases = asking.live(self.cases)
        statement = select(cases)
        position: ColumnElement[int] = cases.c.position
        if (mine := asking.sight.own_cases()) is not None:
            statement = statement.join(mine, mine.c.case == cases.c.case)
            if query.person is None and query.worker != asking.sight.only_of:
                position = mine.c.position
        statement = statement.order_by(position.desc()).limit(query.limit + 1)
        for column in ("kind", "status", "worker", "person", "review_missed"):
            if (wanted := getattr(query, column)) is not None:
                statement = statement.where(cases.c[column] == wanted)
        if query.after is not None:
            statement = statement.where(position < query.after)
        entries, more = page(asking.rows(statement), query.limit, _entry)
        return CasePage(cases=entries, next=more)

    @answers(GetCase)
    def get_case(self, query: GetCase, asking: Asking) -> CaseFile:
        """How it stands, and a page of its timeline."""
        return self._file(query.case, query.after, query.limit, asking)

    @answers(GetCaseOnDuty)
    def get_case_on_duty(self, query: GetCaseOnDuty, asking: Asking) -> CaseFile:
        """The same, for whoever broke the glass, until it ends. For anybody else, and after that, it is not there."""
        glass = asking.live(self.broken_glass)
        mine = select(glass).where(glass.c.access == query.access, glass.c.worker == asking.origin.actor)
        found = asking.rows(mine)
        if not found or datetime.fromisoformat(found[0]["until"]) <= datetime.now(UTC):
            raise NotFound("There is no such access, or it has ended.")
        return self._file(found[0]["case"], query.after, query.limit, asking)

    def _file(self, case: str, after: int | None, limit: int, asking: Asking) -> CaseFile:
        cases, items, lines = (asking.live(one) for one in (self.cases, self.items, self.lines))
        found = asking.rows(select(cases).where(cases.c.case == case))
        if not found:
            raise NotFound("There is no such case.")
        of_case = select(lines).where(lines.c.record == case)
        rest = of_case.where(lines.c.position > (after or 0)).order_by(lines.c.position)
        timeline, more = page(asking.rows(rest.limit(limit + 1)), limit, lambda row: shown(row, asking))

        def last(what: type[CaseEvents]) -> TimelineEntry | None:
            standing = of_case.where(lines.c.what == what.__name__, lines.c.retracted.is_(False))
            rows = asking.rows(standing.order_by(lines.c.position.desc()).limit(1))
            return shown(rows[0], asking) if rows else None

        waits = asking.rows(select(items).where(items.c.case == case).order_by(items.c.item))
        return CaseFile(
            case=_entry(found[0]),
            waits_for=tuple(OpenItem(item=row["item"], kind=row["kind"]) for row in waits),
            assessment=last(RiskAssessed),
            indicators=last(IndicatorsRecorded),
            plan=last(PlanAgreed),
            timeline=timeline,
            next=more,
        )


def _entry(row: RowMapping) -> CaseEntry:
    return CaseEntry(**{name: row[name] for name in CaseEntry.model_fields})

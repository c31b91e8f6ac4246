"""The caseload: of each worker, how many cases are theirs, of which kind, and what waits in them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Column, Index, Integer, String, case, func, select

from services.cases.case.assessment import AssessmentCorrected, RiskAssessed
from services.cases.case.closing import CaseClosed, CaseReopened, OpenItemKept, OpenItemSettled
from services.cases.case.intake import CaseAssigned, CaseHandedOver, CaseOpened, OpeningCorrected
from services.cases.case.plan import PlanAgreed
from services.cases.case.record import CaseKind
from services.cases.case.review import ReviewHeld, ReviewMissed
from services.cases.vocabulary import CASE_TEAM, Staff
from shared.codec import Recorded
from shared.messages import Query
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table
from shared.projections.paging import Limit

NOBODY_S = ""
"""Whose a case is before it is assigned."""


class Caseload(BaseModel):
    """What one worker answers for."""

    model_config = ConfigDict(frozen=True)

    worker: str | None = Field(description="By pseudonym; null: the cases that nobody has yet", examples=["w-7"])
    cases: int
    missing_person: int
    trafficking: int
    family_support: int
    reviews_missed: int
    next_review: date | None = Field(description="The nearest day on which a review is due")
    open_items: int = Field(description="Referrals and sightings that these cases wait for")


class CaseloadPage(BaseModel):
    """Workers in the order of their pseudonyms; before them, what nobody has yet."""

    caseloads: tuple[Caseload, ...]
    next: str | None = Field(description="Give it as `after` for the next page; null on the last one")


class ListCaseloads(Query[CaseloadPage], context="cases", route="GET /caseloads", roles=CASE_TEAM):
    """How many open cases each worker has, and what waits in them. The cases themselves: `GET /cases?worker=`."""

    worker: Annotated[Staff | None, Field(description="Only this worker's", examples=["w-7"])] = None
    after: Annotated[
        str | None, Field(max_length=64, description="Go on after this: the `next` of the page before", examples=[None])
    ] = None
    limit: Limit = 50


class Caseloads(Projection):
    """Open cases, as far as it takes to count them."""

    name = "caseloads"

    open_cases = table(
        "open_cases",
        Column("case", String, primary_key=True),
        Column("worker", String),
        Column("kind", String),
        Column("review_due", String),
        Column("review_missed", Integer),
        Column("open_items", Integer),
        Column("closed", Integer),
        Index("open_cases_by_worker", "closed", "worker"),
    )

    @on(CaseOpened)
    def opened(self, e: Recorded[CaseOpened], rows: Rows) -> None:
        """A case that nobody has yet."""
        rows.put(
            self.open_cases,
            case=e.event.case,
            worker=NOBODY_S,
            kind=e.event.kind,
            review_due=None,
            review_missed=0,
            open_items=0,
            closed=0,
        )

    @on(OpeningCorrected)
    def corrected(self, e: Recorded[OpeningCorrected], rows: Rows) -> None:
        """It was of another kind."""
        rows.change(self.open_cases, (e.event.case,), kind=e.event.kind)

    @on(CaseAssigned, CaseHandedOver)
    def assigned(self, e: Recorded[CaseAssigned | CaseHandedOver], rows: Rows) -> None:
        """It is somebody's."""
        rows.change(self.open_cases, (e.event.case,), worker=e.event.worker)

    @on(RiskAssessed, AssessmentCorrected, PlanAgreed, ReviewHeld)
    def due(self, e: Recorded[RiskAssessed | AssessmentCorrected | PlanAgreed | ReviewHeld], rows: Rows) -> None:
        """The next review."""
        rows.change(self.open_cases, (e.event.case,), review_due=e.event.review_due.isoformat(), review_missed=0)

    @on(ReviewMissed)
    def missed(self, e: Recorded[ReviewMissed], rows: Rows) -> None:
        """Nobody reviewed it in time."""
        rows.change(self.open_cases, (e.event.case,), review_missed=1)

    @on(OpenItemKept)
    def kept(self, e: Recorded[OpenItemKept], rows: Rows) -> None:
        """It waits for something."""
        rows.add(self.open_cases, (e.event.case,), open_items=1)

    @on(OpenItemSettled)
    def settled(self, e: Recorded[OpenItemSettled], rows: Rows) -> None:
        """Not any more."""
        rows.add(self.open_cases, (e.event.case,), open_items=-1)

    @on(CaseClosed)
    def closed(self, e: Recorded[CaseClosed], rows: Rows) -> None:
        """It is nobody's work now. What is still open stays known, for it may be reopened."""
        rows.change(self.open_cases, (e.event.case,), closed=1, worker=NOBODY_S, review_due=None, review_missed=0)

    @on(CaseReopened)
    def reopened(self, e: Recorded[CaseReopened], rows: Rows) -> None:
        """It is somebody's again."""
        rows.change(self.open_cases, (e.event.case,), closed=0, worker=e.event.worker)

    @answers(ListCaseloads)
    def list_caseloads(self, query: ListCaseloads, asking: Asking) -> CaseloadPage:
        """One line a worker, counted from the open cases."""
        cases = asking.live(self.open_cases)
        of_kind = {
            kind.value: func.sum(case((cases.c.kind == kind.value, 1), else_=0)).label(kind.value) for kind in CaseKind
        }
        statement = (
            select(
                cases.c.worker,
                func.count().label("cases"),
                *of_kind.values(),
                func.sum(cases.c.review_missed).label("reviews_missed"),
                func.min(cases.c.review_due).label("next_review"),
                func.sum(cases.c.open_items).label("open_items"),
            )
            .where(cases.c.closed == 0)
            .group_by(cases.c.worker)
            .order_by(cases.c.worker)
            .limit(query.limit + 1)
        )
        if query.worker is not None:
            statement = statement.where(cases.c.worker == query.worker)
        if query.after is not None:
            statement = statement.where(cases.c.worker > query.after)
        rows = asking.rows(statement)
        shown = rows[: query.limit]
        return CaseloadPage(
            caseloads=tuple(Caseload(**{**row, "worker": row["worker"] or None}) for row in shown),
            next=shown[-1]["worker"] if len(rows) > query.limit else None,
        )

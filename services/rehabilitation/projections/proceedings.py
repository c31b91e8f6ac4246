"""Proceedings: the list, and the file of each with its mandates, awards and timeline. Closed notes are elsewhere."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Boolean, Column, Index, RowMapping, String, Text, select

from services.rehabilitation.proceedings import assistance, ending, entries, hearings, mandate
from services.rehabilitation.proceedings.ending import CompensationAwarded, CompensationPaid, Outcome, OutcomeRecorded
from services.rehabilitation.proceedings.entries import PreparationCorrected, ProceedingsEntryRetracted
from services.rehabilitation.proceedings.mandate import (
    MandateConfirmed,
    MandateGranted,
    MandateRefused,
    MandateRevoked,
    ProceedingsOpened,
    StandingChanged,
)
from services.rehabilitation.proceedings.record import (
    READERS,
    Authority,
    CourtCode,
    EntryId,
    MandateId,
    MandateState,
    PersonId,
    ProceedingsId,
    Standing,
)
from services.rehabilitation.programme.record import ProgrammeId
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Query, union_members
from shared.money import Money
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page
from shared.projections.timeline import Timeline, TimelineEntry, shown

Told = mandate.Events | hearings.Events | assistance.Events | ending.Events | entries.Events
"""What the timeline tells: all but closed notes."""


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProceedingsEntry(_Shown):
    """Proceedings in the list: codes and pseudonyms, nothing personal."""

    proceedings: ProceedingsId
    code: str = Field(description="What they are called in calendars", examples=["P-7C8D9E0F"])
    beneficiary: PersonId
    programme: ProgrammeId | None
    standing: Standing
    court: CourtCode | None
    opened: str = Field(description="When (EDTF)", examples=["2008-05"])
    ended: str | None = Field(description="When the final outcome came (EDTF)")


class ProceedingsPage(_Shown):
    """Proceedings, the newest first."""

    proceedings: tuple[ProceedingsEntry, ...]
    next: Next


class MandateShown(_Shown):
    """A mandate, and whether it is in force but for its last day."""

    mandate: MandateId
    counsel: str
    scope: tuple[Authority, ...]
    granted: str
    until: date
    state: MandateState


class OutcomeShown(_Shown):
    """What came of the proceedings."""

    entry: EntryId
    outcome: Outcome | Redacted
    final: bool
    occurred: str


class CompensationShown(_Shown):
    """What the person was awarded."""

    entry: EntryId
    amount: Money | Redacted
    awarded: str
    paid: str | None


class ProceedingsFile(_Shown):
    """Proceedings: how they stand, and all that happened, page by page."""

    proceedings: ProceedingsEntry
    mandates: tuple[MandateShown, ...]
    outcomes: tuple[OutcomeShown, ...]
    compensations: tuple[CompensationShown, ...]
    timeline: tuple[TimelineEntry, ...]
    next: Next


class ListProceedings(Query[ProceedingsPage], context="rehabilitation", route="GET /proceedings", roles=READERS):
    """Proceedings: by person, by standing, by whether they go on."""

    beneficiary: Annotated[PersonId | None, Field(description="Only of this person")] = None
    standing: Annotated[Standing | None, Field(description="Only as this", examples=["victim"])] = None
    open: Annotated[bool | None, Field(description="Only those that go on, or only those that ended")] = None
    after: After = None
    limit: Limit = 50


class GetProceedings(
    Query[ProceedingsFile], context="rehabilitation", route="GET /proceedings/{proceedings}", roles=READERS
):
    """The file of proceedings. Notes of counsel and psychologist are not in it."""

    proceedings: ProceedingsId
    after: After = None
    limit: Limit = 200


class ProceedingsFiles(Projection):
    """Proceedings as they stand, and their timeline."""

    name = "proceedings"
    version = 2

    proceedings = table(
        "proceedings",
        Column("proceedings", String, primary_key=True),
        Column("position", BigInteger),
        Column("beneficiary", String),
        Column("programme", String),
        Column("standing", String),
        Column("court", String),
        Column("opened", String),
        Column("ended", String),
        Index("proceedings_newest", "position"),
        Index("proceedings_by_beneficiary", "beneficiary", "position"),
    )
    mandates = table(
        "mandates",
        Column("mandate", String, primary_key=True),
        Column("proceedings", String),
        Column("position", BigInteger),
        Column("counsel", String),
        Column("scope", Text),
        Column("granted", String),
        Column("until", String),
        Column("state", String),
        Index("mandates_of", "proceedings", "position"),
    )
    outcomes = table(
        "outcomes",
        Column("entry", String, primary_key=True),
        Column("proceedings", String),
        Column("position", BigInteger),
        Column("outcome", Text),
        Column("final", Boolean),
        Column("occurred", String),
        Index("outcomes_of", "proceedings", "position"),
    )
    compensations = table(
        "compensations",
        Column("entry", String, primary_key=True),
        Column("proceedings", String),
        Column("position", BigInteger),
        Column("amount", Text),
        Column("awarded", String),
        Column("paid", String),
        Index("compensations_of", "proceedings", "position"),
    )
    timeline = Timeline.of("proceedings_timeline", "proceedings")
    lines = timeline.lines

    @on(*union_members(Told))
    def happened(self, e: Recorded[Told], rows: Rows) -> None:
        """On the timeline, and in how the proceedings stand."""
        self._tell(e, rows)
        match e.event:
            case ProceedingsOpened() as opened:
                rows.put(
                    self.proceedings,
                    proceedings=opened.proceedings,
                    position=e.position,
                    beneficiary=opened.beneficiary,
                    programme=opened.programme,
                    standing=opened.standing,
                    court=opened.court,
                    opened=opened.occurred,
                )
            case StandingChanged(proceedings=proceedings, standing=standing):
                rows.change(self.proceedings, (proceedings,), standing=standing)
            case MandateGranted() as granted:
                rows.put(
                    self.mandates,
                    mandate=granted.mandate,
                    proceedings=granted.proceedings,
                    position=e.position,
                    counsel=granted.counsel,
                    scope=orjson.dumps(granted.scope).decode(),
                    granted=granted.occurred,
                    until=granted.until.isoformat(),
                    state=MandateState.GRANTED,
                )
            case MandateConfirmed() | MandateRefused() | MandateRevoked():
                rows.change(self.mandates, (e.event.mandate,), state=STATES[type(e.event)])
            case OutcomeRecorded() as ended:
                self._ended(e, ended, rows)
            case CompensationAwarded() as awarded:
                rows.put(
                    self.compensations,
                    entry=awarded.entry,
                    proceedings=awarded.proceedings,
                    position=e.position,
                    amount=e.sealed("amount"),
                    awarded=awarded.occurred,
                )
            case CompensationPaid(entry=entry, occurred=occurred):
                rows.change(self.compensations, (entry,), paid=occurred)
            case ProceedingsEntryRetracted(proceedings=proceedings, entry=entry):
                self._retracted(proceedings, entry, rows)
            case _:
                pass  # hearings have a calendar of their own; preparation and representation are told in the timeline

    def _tell(self, e: Recorded[Told], rows: Rows) -> None:
        match e.event:
            case PreparationCorrected(entry=entry):
                self.timeline.correct(e, rows, entry)
            case ProceedingsEntryRetracted(entry=entry):
                self.timeline.retract(e, rows, entry)
            case CompensationPaid():
                self.timeline.add(e, rows)  # it names the award, whose line is another
            case _:
                self.timeline.add(e, rows, getattr(e.event, "entry", None))

    def _retracted(self, proceedings: str, entry: str, rows: Rows) -> None:
        if (outcome := rows.get(self.outcomes, (entry,))) and outcome["final"]:
            rows.change(self.proceedings, (proceedings,), ended=None)
        rows.drop(self.outcomes, (entry,))
        rows.drop(self.compensations, (entry,))

    def _ended(self, e: Recorded[Any], ended: OutcomeRecorded, rows: Rows) -> None:
        rows.put(
            self.outcomes,
            entry=ended.entry,
            proceedings=ended.proceedings,
            position=e.position,
            outcome=e.sealed("outcome"),
            final=ended.final,
            occurred=ended.occurred,
        )
        if ended.final:
            rows.change(self.proceedings, (ended.proceedings,), ended=ended.occurred)

    @answers(ListProceedings)
    def list_proceedings(self, query: ListProceedings, asking: Asking) -> ProceedingsPage:
        """Filtered, and paged by the position of the opening."""
        found = asking.live(self.proceedings)
        statement = select(found).where(asking.sight.within(person=found.c.beneficiary))
        statement = statement.order_by(found.c.position.desc()).limit(query.limit + 1)
        for column in ("beneficiary", "standing"):
            if (wanted := getattr(query, column)) is not None:
                statement = statement.where(found.c[column] == wanted)
        if query.open is not None:
            statement = statement.where(found.c.ended.is_(None) if query.open else found.c.ended.is_not(None))
        if query.after is not None:
            statement = statement.where(found.c.position < query.after)
        entries, more = page(asking.rows(statement), query.limit, _entry)
        return ProceedingsPage(proceedings=entries, next=more)

    @answers(GetProceedings)
    def get_proceedings(self, query: GetProceedings, asking: Asking) -> ProceedingsFile:
        """How they stand, and a page of their timeline."""
        proceedings, lines = asking.live(self.proceedings), asking.live(self.lines)
        found = asking.rows(select(proceedings).where(proceedings.c.proceedings == query.proceedings))
        if not found:
            raise NotFound("There are no such proceedings.")
        told = (
            select(lines)
            .where(lines.c.record == query.proceedings, lines.c.position > (query.after or 0))
            .order_by(lines.c.position)
            .limit(query.limit + 1)
        )
        timeline, more = page(asking.rows(told), query.limit, lambda row: shown(row, asking))
        mandates, outcomes, compensations = (
            asking.rows(select(one).where(one.c.proceedings == query.proceedings).order_by(one.c.position))
            for one in map(asking.live, (self.mandates, self.outcomes, self.compensations))
        )
        return ProceedingsFile(
            proceedings=_entry(found[0]),
            mandates=tuple(_mandate(row) for row in mandates),
            outcomes=tuple(_outcome(row, asking) for row in outcomes),
            compensations=tuple(_compensation(row, asking) for row in compensations),
            timeline=timeline,
            next=more,
        )


STATES: dict[type[Any], MandateState] = {
    MandateConfirmed: MandateState.CONFIRMED,
    MandateRefused: MandateState.REFUSED,
    MandateRevoked: MandateState.REVOKED,
}


def code_of(proceedings: str) -> str:
    """What proceedings are called where no name may stand."""
    return f"P-{proceedings[:8].upper()}"


def _entry(row: RowMapping) -> ProceedingsEntry:
    told = {name: row[name] for name in ProceedingsEntry.model_fields if name != "code"}
    return ProceedingsEntry(**told, code=code_of(row["proceedings"]))


def _mandate(row: RowMapping) -> MandateShown:
    told = {name: row[name] for name in MandateShown.model_fields if name != "scope"}
    return MandateShown(**told, scope=orjson.loads(row["scope"]))


def _outcome(row: RowMapping, asking: Asking) -> OutcomeShown:
    return OutcomeShown(
        entry=row["entry"], outcome=asking.reveal(row["outcome"]), final=row["final"], occurred=row["occurred"]
    )


def _compensation(row: RowMapping, asking: Asking) -> CompensationShown:
    return CompensationShown(
        entry=row["entry"], amount=asking.reveal(row["amount"]), awarded=row["awarded"], paid=row["paid"]
    )

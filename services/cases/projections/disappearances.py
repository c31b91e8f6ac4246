"""The disappearance board: who is missed, since when, how the search stands, who may have been seen or matched."""

from __future__ import annotations

from typing import Annotated, Any, assert_never

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, RowMapping, String, Text, select

from services.cases.disappearance import DisappearanceEvents
from services.cases.disappearance.finding import (
    FindingRetracted,
    MissingPersonFound,
    OfficiallyIdentified,
    ToldOfFinding,
    WishesRecorded,
)
from services.cases.disappearance.record import DisappearanceId, FoundAs, Learns
from services.cases.disappearance.reporting import (
    DisappearanceCorrected,
    DisappearanceReported,
    ImplicatedCleared,
    ImplicatedNamed,
    PoliceReportRecorded,
)
from services.cases.disappearance.search import (
    PoliceAgreementRecorded,
    RiskChecked,
)
from services.cases.match import Status as MatchStatus
from services.cases.projections.candidates import Candidate, WithCandidates
from services.cases.projections.search_actions import ActionShown, SearchActionEvents, WithSearchActions
from services.cases.sighting import SightingDismissed, SightingId, SightingReported, SightingVerified
from services.cases.sighting import Status as SightingStatus
from services.cases.vocabulary import HELPERS, CaseId, PersonId
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Query, union_members
from shared.projections.declaration import Asking, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page
from shared.projections.timeline import Timeline, TimelineEntry, shown


class DisappearanceEntry(BaseModel):
    """A disappearance on the board: codes and ids, nothing personal."""

    model_config = ConfigDict(frozen=True)

    disappearance: DisappearanceId
    case: CaseId
    person: PersonId
    last_seen: str = Field(description="When they were last seen (EDTF)", examples=["2004-21"])
    treated_as_child: bool
    police_report: bool
    safe_to_publish: bool | None = Field(description="The last risk check; null: none stands")
    police_agree: bool
    found: FoundAs | None
    open_sightings: int
    open_candidates: int


class Board(BaseModel):
    """Disappearances, those reported last at the top."""

    disappearances: tuple[DisappearanceEntry, ...]
    next: Next


class SightingShown(BaseModel):
    """A sighting, as far as the asker may see it."""

    model_config = ConfigDict(frozen=True)

    sighting: SightingId
    status: SightingStatus
    seen: str
    place: str | Redacted
    account: str | Redacted | None
    reporter: PersonId | None


class DisappearanceFile(BaseModel):
    """A disappearance: how the search stands, sightings, candidates, actions, and all that happened, page by page."""

    disappearance: DisappearanceEntry
    place: str | Redacted
    circumstances: str | Redacted | None
    implicated: tuple[PersonId, ...] = Field(description="Who may be the danger, and is told nothing")
    identified: bool = Field(description="Whether an authority has identified the dead")
    family_learns: Learns | None = Field(description="What a found adult lets the family learn; null: not asked yet")
    sightings: tuple[SightingShown, ...]
    candidates: tuple[Candidate, ...] = Field(description="The likeliest first; rejected ones are remembered here")
    actions: tuple[ActionShown, ...]
    timeline: tuple[TimelineEntry, ...]
    next: Next


class ShowBoard(Query[Board], context="cases", route="GET /disappearances", roles=HELPERS):
    """The disappearance board: everybody who is missed, with open sightings and candidates."""

    case: Annotated[CaseId | None, Field(description="Only of this case")] = None
    person: Annotated[PersonId | None, Field(description="Only of this person")] = None
    missing: Annotated[bool | None, Field(description="Only who is still missed, or only who was found")] = None
    after: After = None
    limit: Limit = 50


class GetDisappearance(
    Query[DisappearanceFile], context="cases", route="GET /disappearances/{disappearance}", roles=HELPERS
):
    """A disappearance with its sightings, candidates and search actions."""

    disappearance: DisappearanceId
    after: After = None
    limit: Limit = 200


class Disappearances(WithCandidates, WithSearchActions):
    """Every disappearance as it stands, and its timeline."""

    name = "disappearances"

    board = table(
        "disappearances",
        Column("disappearance", String, primary_key=True),
        Column("position", BigInteger),
        Column("case", String),
        Column("person", String),
        Column("last_seen", String),
        Column("place", Text),
        Column("circumstances", Text),
        Column("adult", Boolean),
        Column("police_report", Boolean),
        Column("safe_to_publish", Boolean),
        Column("police_agree", Boolean),
        Column("found", String),
        Column("identified", Boolean),
        Column("family_learns", String),
        Column("open_sightings", Integer),
        Index("disappearances_newest", "position"),
        Index("disappearances_by_case", "case", "position"),
        Index("disappearances_by_person", "person", "position"),
        Index("disappearances_by_found", "found", "position"),
    )
    implicated = table(
        "implicated",
        Column("disappearance", String, primary_key=True),
        Column("suspect", String, primary_key=True),
    )
    sightings = table(
        "sightings",
        Column("sighting", String, primary_key=True),
        Column("position", BigInteger),
        Column("disappearance", String),
        Column("status", String),
        Column("seen", String),
        Column("place", Text),
        Column("account", Text),
        Column("reporter", String),
        Index("sightings_of_disappearance", "disappearance", "position"),
    )
    timeline = Timeline.of("disappearance_timeline", "disappearance")
    lines = timeline.lines

    @on(*union_members(DisappearanceEvents))
    def happened(self, e: Recorded[DisappearanceEvents], rows: Rows) -> None:
        """Every event is on the timeline; most change how the search stands."""
        self.timeline.add(e, rows)
        if changed := self._changes(e, rows):
            rows.change(self.board, (e.event.disappearance,), **changed)

    def _changes(self, e: Recorded[DisappearanceEvents], rows: Rows) -> dict[str, Any]:
        if isinstance(e.event, SearchActionEvents):
            self.act(e.event, e.position, rows)
            return {}
        match e.event:
            case DisappearanceReported() as reported:
                rows.put(
                    self.board,
                    disappearance=reported.disappearance,
                    position=e.position,
                    case=reported.case,
                    person=reported.person,
                    last_seen=reported.last_seen,
                    place=e.sealed("place"),
                    circumstances=e.sealed("circumstances"),
                    adult=reported.adult,
                    police_report=False,
                    safe_to_publish=None,
                    police_agree=False,
                    identified=False,
                    open_sightings=0,
                )
            case DisappearanceCorrected(last_seen=last_seen, adult=adult):
                place, circumstances = e.sealed("place"), e.sealed("circumstances")
                return {"last_seen": last_seen, "adult": adult, "place": place, "circumstances": circumstances}
            case PoliceReportRecorded():
                return {"police_report": True}
            case ImplicatedNamed(disappearance=disappearance, suspect=suspect):
                rows.put(self.implicated, disappearance=disappearance, suspect=suspect)
                return {"safe_to_publish": None}
            case ImplicatedCleared(disappearance=disappearance, suspect=suspect):
                rows.drop(self.implicated, (disappearance, suspect))
            case RiskChecked(safe=safe):
                return {"safe_to_publish": safe}
            case PoliceAgreementRecorded(agreed=agreed):
                return {"police_agree": agreed}
            case MissingPersonFound(how=how, adult=adult):
                return {"found": how, "adult": adult}
            case FindingRetracted():
                again = {"safe_to_publish": None, "police_agree": False}
                return {"found": None, "identified": False, "family_learns": None, **again}
            case OfficiallyIdentified():
                return {"identified": True}
            case WishesRecorded(family_learns=learns):
                return {"family_learns": learns}
            case ToldOfFinding():
                pass
            case _:
                assert_never(e.event)
        return {}

    @on(SightingReported)
    def seen(self, e: Recorded[SightingReported], rows: Rows) -> None:
        """They may have been seen."""
        seen = e.event
        rows.put(
            self.sightings,
            sighting=seen.sighting,
            position=e.position,
            disappearance=seen.disappearance,
            status=SightingStatus.REPORTED,
            seen=seen.seen,
            place=e.sealed("place"),
            account=e.sealed("account"),
            reporter=seen.reporter,
        )
        rows.add(self.board, (seen.disappearance,), open_sightings=1)

    @on(SightingVerified, SightingDismissed)
    def answered(self, e: Recorded[SightingVerified | SightingDismissed], rows: Rows) -> None:
        """They were, or it leads nowhere."""
        verified = isinstance(e.event, SightingVerified)
        status = SightingStatus.VERIFIED if verified else SightingStatus.DISMISSED
        rows.change(self.sightings, (e.event.sighting,), status=status)
        rows.add(self.board, (e.event.disappearance,), open_sightings=-1)

    @answers(ShowBoard)
    def show_board(self, query: ShowBoard, asking: Asking) -> Board:
        """Filtered, and paged by the position of the report."""
        board = asking.live(self.board)
        statement = select(board).where(asking.sight.within(case=board.c.case))
        statement = statement.order_by(board.c.position.desc()).limit(query.limit + 1)
        for column in ("case", "person"):
            if (wanted := getattr(query, column)) is not None:
                statement = statement.where(board.c[column] == wanted)
        if query.missing is not None:
            statement = statement.where(board.c.found.is_(None) if query.missing else board.c.found.is_not(None))
        if query.after is not None:
            statement = statement.where(board.c.position < query.after)
        rows = asking.rows(statement)
        candidates = self.open_candidates([row["person"] for row in rows], asking)
        entries, more = page(rows, query.limit, lambda row: _entry(row, candidates.get(row["person"], 0)))
        return Board(disappearances=entries, next=more)

    @answers(GetDisappearance)
    def get_disappearance(self, query: GetDisappearance, asking: Asking) -> DisappearanceFile:
        """How it stands, and a page of its timeline."""
        board, lines = asking.live(self.board), asking.live(self.lines)
        found = asking.rows(select(board).where(board.c.disappearance == query.disappearance))
        if not found:
            raise NotFound("There is no such disappearance.")
        row = found[0]
        of_this = select(lines).where(lines.c.record == query.disappearance, lines.c.position > (query.after or 0))
        timeline, more = page(
            asking.rows(of_this.order_by(lines.c.position).limit(query.limit + 1)),
            query.limit,
            lambda line: shown(line, asking),
        )
        candidates = self.candidates_of(row["person"], asking)
        return DisappearanceFile(
            disappearance=_entry(row, sum(one.status is MatchStatus.PROPOSED for one in candidates)),
            place=asking.reveal(row["place"]),
            circumstances=asking.reveal(row["circumstances"]),
            implicated=tuple(one["suspect"] for one in self._of(self.implicated, query, asking, "suspect")),
            identified=row["identified"],
            family_learns=row["family_learns"],
            sightings=tuple(_sighting(one, asking) for one in self._of(self.sightings, query, asking, "position")),
            candidates=candidates,
            actions=self.actions_of(query.disappearance, asking),
            timeline=timeline,
            next=more,
        )

    def _of(self, declared: Any, query: GetDisappearance, asking: Asking, order: str) -> Any:
        live = asking.live(declared)
        return asking.rows(select(live).where(live.c.disappearance == query.disappearance).order_by(live.c[order]))


def _entry(row: RowMapping, candidates: int) -> DisappearanceEntry:
    return DisappearanceEntry(
        disappearance=row["disappearance"],
        case=row["case"],
        person=row["person"],
        last_seen=row["last_seen"],
        treated_as_child=not row["adult"],
        police_report=row["police_report"],
        safe_to_publish=row["safe_to_publish"],
        police_agree=row["police_agree"],
        found=row["found"],
        open_sightings=row["open_sightings"],
        open_candidates=candidates,
    )


def _sighting(row: RowMapping, asking: Asking) -> SightingShown:
    return SightingShown(
        sighting=row["sighting"],
        status=row["status"],
        seen=row["seen"],
        place=asking.reveal(row["place"]),
        account=asking.reveal(row["account"]),
        reporter=row["reporter"],
    )

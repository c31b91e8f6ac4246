"""Tensions: which there are between residents, how they stand, and what was tried.

To those who may not know who is kept apart, no separation is told of, and no way in which a tension ended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, assert_never

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Column, Index, Integer, RowMapping, String, Text, and_, select

from services.rehabilitation.placement.record import CentreId, PersonId
from services.rehabilitation.projections.centres import may_know
from services.rehabilitation.tension import TensionEvents
from services.rehabilitation.tension.easing import HouseRulesAgreed, MediationHeld, SeparationDecided
from services.rehabilitation.tension.ending import TensionResolved
from services.rehabilitation.tension.entries import (
    MediationCorrected,
    SignCorrected,
    TensionEntryRetracted,
    TensionReopened,
)
from services.rehabilitation.tension.record import MEDIATORS, EntryKind, Resolution, Sign, TensionId
from services.rehabilitation.tension.signs import SignAdded, TensionNoted
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Query, union_members
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page
from shared.projections.timeline import Timeline, TimelineEntry, shown


class TensionEntry(BaseModel):
    """A tension in the list: codes and pseudonyms, nothing personal."""

    model_config = ConfigDict(frozen=True)

    tension: TensionId
    centre: CentreId
    parties: tuple[PersonId, ...]
    sign: Sign | None = Field(description="What was noticed last; null if every sign was taken back")
    signs: int
    mediations: int
    separations: int | None = Field(description="Null to those who may not know")
    noted: str = Field(description="When the first sign that stands was noticed (EDTF)", examples=["2008-10-02"])
    resolved: str | None = Field(description="When it ended (EDTF)")
    how: Resolution | None = Field(description="How it ended; null to those who may not know who is kept apart")
    changed: datetime = Field(description="When something was recorded last that the asker may know of")


class TensionPage(BaseModel):
    """Tensions, the newest first."""

    tensions: tuple[TensionEntry, ...]
    next: Next


class TensionFile(BaseModel):
    """A tension, and all that happened in it, page by page."""

    tension: TensionEntry
    timeline: tuple[TimelineEntry, ...]
    next: Next


class ListTensions(Query[TensionPage], context="rehabilitation", route="GET /tensions", roles=MEDIATORS):
    """Tensions between residents: by centre, by person, by whether they go on."""

    centre: Annotated[CentreId | None, Field(description="Only of this centre")] = None
    person: Annotated[PersonId | None, Field(description="Only those that this person is a party of")] = None
    open: Annotated[bool | None, Field(description="Only those that go on, or only those that ended")] = None
    after: After = None
    limit: Limit = 50


class GetTension(Query[TensionFile], context="rehabilitation", route="GET /tensions/{tension}", roles=MEDIATORS):
    """A tension with its timeline."""

    tension: TensionId
    after: After = None
    limit: Limit = 200


class Tensions(Projection):
    """Every tension as it stands, and its timeline."""

    name = "tensions"
    version = 3

    tensions = table(
        "tensions",
        Column("tension", String, primary_key=True),
        Column("position", BigInteger),
        Column("centre", String),
        Column("parties", Text),
        Column("signs", Integer),
        Column("mediations", Integer),
        Column("separations", Integer),
        Column("noted", String),  # as it was recorded first: of the first sign that stands, ask `signs`
        Column("resolved", String),
        Column("how", String),
        Column("changed", String),
        Column("changed_openly", String),  # by anything but a separation
        Index("tensions_newest", "position"),
        Index("tensions_by_centre", "centre", "position"),
    )
    signs = table(
        "tension_signs",
        Column("tension", String, primary_key=True),
        Column("entry", String, primary_key=True),
        Column("position", BigInteger),
        Column("sign", String),
        Column("occurred", String),
    )
    parties = table(
        "tension_parties",
        Column("person", String, primary_key=True),
        Column("tension", String, primary_key=True),
    )
    timeline = Timeline.of("tension_timeline", "tension")
    lines = timeline.lines

    @on(*union_members(TensionEvents))
    def happened(self, e: Recorded[TensionEvents], rows: Rows) -> None:
        """Every event is on the timeline; most change how the tension stands."""
        self._tell(e, rows)
        key = (e.event.tension,)
        match e.event:
            case TensionNoted() as noted:
                self._noted(noted, e.position, rows)
                self._sign(noted, e.position, rows)
            case SignAdded() as added:
                rows.change(self.tensions, key, resolved=None, how=None)
                rows.add(self.tensions, key, signs=1)
                self._sign(added, e.position, rows)
            case SignCorrected(tension=tension, entry=entry, sign=sign, occurred=occurred):
                rows.change(self.signs, (tension, entry), sign=sign, occurred=occurred)
            case TensionEntryRetracted(tension=tension, entry=entry, kind=EntryKind.SIGN):
                rows.add(self.tensions, key, signs=-1)
                rows.drop(self.signs, (tension, entry))
            case TensionEntryRetracted():
                rows.add(self.tensions, key, mediations=-1)
            case MediationHeld():
                rows.add(self.tensions, key, mediations=1)
            case SeparationDecided():
                rows.add(self.tensions, key, separations=1)
            case TensionResolved(how=how, occurred=occurred):
                rows.change(self.tensions, key, resolved=occurred, how=how)
            case TensionReopened():
                rows.change(self.tensions, key, resolved=None, how=None)
            case HouseRulesAgreed() | MediationCorrected():
                pass
            case _:
                assert_never(e.event)
        changed = ("changed",) if isinstance(e.event, SeparationDecided) else ("changed", "changed_openly")
        rows.change(self.tensions, key, **dict.fromkeys(changed, e.recorded_at.isoformat()))

    def _tell(self, e: Recorded[TensionEvents], rows: Rows) -> None:
        match e.event:
            case SignCorrected(entry=entry) | MediationCorrected(entry=entry):
                self.timeline.correct(e, rows, entry)
            case TensionEntryRetracted(entry=entry):
                self.timeline.retract(e, rows, entry)
            case TensionReopened():  # it names an entry, and is none
                self.timeline.add(e, rows)
            case _:
                self.timeline.add(e, rows, getattr(e.event, "entry", None))

    def _sign(self, event: TensionNoted | SignAdded, position: int, rows: Rows) -> None:
        rows.put(
            self.signs,
            tension=event.tension,
            entry=event.entry,
            position=position,
            sign=event.sign,
            occurred=event.occurred,
        )

    def _noted(self, noted: TensionNoted, position: int, rows: Rows) -> None:
        rows.put(
            self.tensions,
            tension=noted.tension,
            position=position,
            centre=noted.centre,
            parties=orjson.dumps(noted.parties).decode(),
            signs=1,
            mediations=0,
            separations=0,
            noted=noted.occurred,
        )
        for person in noted.parties:
            rows.put(self.parties, person=person, tension=noted.tension)

    @answers(ListTensions)
    def list_tensions(self, query: ListTensions, asking: Asking) -> TensionPage:
        """Filtered, and paged by the position of the first sign."""
        tensions, parties = asking.live(self.tensions), asking.live(self.parties)
        statement = select(tensions)
        if query.centre is not None:
            statement = statement.where(tensions.c.centre == query.centre)
        if query.person is not None:
            of_person = select(parties.c.tension).where(parties.c.person == query.person)
            statement = statement.where(tensions.c.tension.in_(of_person))
        if query.open is not None:
            goes_on = and_(tensions.c.resolved.is_(None), tensions.c.signs > 0)
            statement = statement.where(goes_on if query.open else ~goes_on)
        if query.after is not None:
            statement = statement.where(tensions.c.position < query.after)
        found = asking.rows(statement.order_by(tensions.c.position.desc()).limit(query.limit + 1))
        signs = self._signs_of([row["tension"] for row in found], asking)
        entries, more = page(found, query.limit, lambda row: _entry(row, signs[row["tension"]], asking))
        return TensionPage(tensions=entries, next=more)

    @answers(GetTension)
    def get_tension(self, query: GetTension, asking: Asking) -> TensionFile:
        """How it stands, and a page of its timeline."""
        tensions, lines = asking.live(self.tensions), asking.live(self.lines)
        found = asking.rows(select(tensions).where(tensions.c.tension == query.tension))
        if not found:
            raise NotFound("There is no such tension.")
        told = (
            select(lines)
            .where(lines.c.record == query.tension, lines.c.position > (query.after or 0))
            .order_by(lines.c.position)
            .limit(query.limit + 1)
        )
        if not may_know(asking):
            told = told.where(lines.c.what != SeparationDecided.__name__)
        timeline, more = page(asking.rows(told), query.limit, lambda row: _line(row, asking))
        signs = self._signs_of([query.tension], asking)[query.tension]
        return TensionFile(tension=_entry(found[0], signs, asking), timeline=timeline, next=more)

    def _signs_of(self, tensions: Sequence[str], asking: Asking) -> Mapping[str, Sequence[RowMapping]]:
        """The signs that stand, in the order in which they were recorded."""
        signs = asking.live(self.signs)
        of_each: defaultdict[str, list[RowMapping]] = defaultdict(list)
        for row in asking.rows(select(signs).where(signs.c.tension.in_(tensions)).order_by(signs.c.position)):
            of_each[row["tension"]].append(row)
        return of_each


def _entry(row: RowMapping, signs: Sequence[RowMapping], asking: Asking) -> TensionEntry:
    knows = may_know(asking)
    return TensionEntry(
        **{name: row[name] for name in ("tension", "centre", "signs", "mediations", "resolved")},
        parties=orjson.loads(row["parties"]),
        sign=signs[-1]["sign"] if signs else None,
        noted=signs[0]["occurred"] if signs else row["noted"],
        separations=row["separations"] if knows else None,
        how=row["how"] if knows else None,
        changed=row["changed" if knows else "changed_openly"],
    )


def _line(row: RowMapping, asking: Asking) -> TimelineEntry:
    line = shown(row, asking)
    if line.what != TensionResolved.__name__ or may_know(asking):
        return line
    return line.model_copy(update={"facts": {name: fact for name, fact in line.facts.items() if name != "how"}})

"""Tensions: which there are between residents, how they stand, and what was tried."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, assert_never

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Column, Index, Integer, RowMapping, String, Text, select

from services.rehabilitation.placement.record import CentreId, PersonId
from services.rehabilitation.tension import (
    MEDIATORS,
    Events,
    HouseRulesAgreed,
    MediationHeld,
    Resolution,
    SeparationDecided,
    Sign,
    SignAdded,
    TensionId,
    TensionNoted,
    TensionResolved,
)
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
    sign: Sign = Field(description="What was noticed last")
    signs: int
    mediations: int
    separations: int
    noted: str = Field(description="When the first sign was noticed (EDTF)", examples=["2008-10-02"])
    resolved: str | None = Field(description="When it ended (EDTF)")
    how: Resolution | None = Field(description="How it ended")
    changed: datetime = Field(description="When something was recorded last")


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

    tensions = table(
        "tensions",
        Column("tension", String, primary_key=True),
        Column("position", BigInteger),
        Column("centre", String),
        Column("parties", Text),
        Column("sign", String),
        Column("signs", Integer),
        Column("mediations", Integer),
        Column("separations", Integer),
        Column("noted", String),
        Column("resolved", String),
        Column("how", String),
        Column("changed", String),
        Index("tensions_newest", "position"),
        Index("tensions_by_centre", "centre", "position"),
    )
    parties = table(
        "tension_parties",
        Column("person", String, primary_key=True),
        Column("tension", String, primary_key=True),
    )
    timeline = Timeline.of("tension_timeline", "tension")
    lines = timeline.lines

    @on(*union_members(Events))
    def happened(self, e: Recorded[Events], rows: Rows) -> None:
        """Every event is on the timeline; most change how the tension stands."""
        entry = getattr(e.event, "entry", None)
        self.timeline.add(e, rows, entry)
        key = (e.event.tension,)
        match e.event:
            case TensionNoted() as noted:
                self._noted(noted, e.position, rows)
            case SignAdded(sign=sign):
                rows.change(self.tensions, key, sign=sign, resolved=None, how=None)
                rows.add(self.tensions, key, signs=1)
            case MediationHeld():
                rows.add(self.tensions, key, mediations=1)
            case SeparationDecided():
                rows.add(self.tensions, key, separations=1)
            case TensionResolved(how=how, occurred=occurred):
                rows.change(self.tensions, key, resolved=occurred, how=how)
            case HouseRulesAgreed():
                pass
            case _:
                assert_never(e.event)
        rows.change(self.tensions, key, changed=e.recorded_at.isoformat())

    def _noted(self, noted: TensionNoted, position: int, rows: Rows) -> None:
        rows.put(
            self.tensions,
            tension=noted.tension,
            position=position,
            centre=noted.centre,
            parties=orjson.dumps(noted.parties).decode(),
            sign=noted.sign,
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
            statement = statement.where(
                tensions.c.resolved.is_(None) if query.open else tensions.c.resolved.is_not(None)
            )
        if query.after is not None:
            statement = statement.where(tensions.c.position < query.after)
        found = asking.rows(statement.order_by(tensions.c.position.desc()).limit(query.limit + 1))
        entries, more = page(found, query.limit, _entry)
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
        timeline, more = page(asking.rows(told), query.limit, lambda row: shown(row, asking))
        return TensionFile(tension=_entry(found[0]), timeline=timeline, next=more)


def _entry(row: RowMapping) -> TensionEntry:
    told = {name: row[name] for name in TensionEntry.model_fields if name != "parties"}
    return TensionEntry(**told, parties=orjson.loads(row["parties"]))

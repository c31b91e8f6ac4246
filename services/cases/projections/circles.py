"""Circles: which record belongs to which case, and who works on that case. What need-to-know is decided by.

Nothing personal is here, and no rule: `services/gateway/need_to_know.py` has that. Each tie says who made it, so that
nobody opens a record for themselves by tying it to a case of theirs.
"""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Boolean, Column, Index, String, select

from services.cases.break_glass import AccessEnded, GlassBroken
from services.cases.case.closing import CaseReopened
from services.cases.case.intake import CaseAssigned, CaseHandedOver, CaseOpened
from services.cases.case.notes import NoteAdded
from services.cases.case.support import SupportGiven
from services.cases.case.team import TeamJoined, TeamLeft
from services.cases.contact import ContactAttached, ContactMade
from services.cases.disappearance.reporting import DisappearanceReported, ImplicatedCleared, ImplicatedNamed
from services.cases.disappearance.search import SearchActionRequested
from services.cases.link import RecordsLinked, RecordsUnlinked
from services.cases.match import MatchProposed
from services.cases.message import MessageRequested, NoticeRequested
from services.cases.referral.making import ReferralMade
from services.cases.relationship import RelationshipRecorded
from services.cases.sighting import SightingReported
from services.cases.vocabulary import HELPERS, CaseId, Staff
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Query, View
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table

NONE = ""
"""In place of a case or a person, where a record has none."""


class ProgrammeRequested(View, of="rehabilitation.ProgrammeRequested"):
    """A programme is about its beneficiary."""

    programme: str
    beneficiary: str


class ProceedingsOpened(View, of="rehabilitation.ProceedingsOpened"):
    """Proceedings are about their beneficiary."""

    proceedings: str
    beneficiary: str


class TeamMember(BaseModel):
    """Somebody who works on a case."""

    model_config = ConfigDict(frozen=True)

    member: Staff
    responsible: bool = Field(description="Whether the case is theirs to answer for")


class Team(BaseModel):
    """Who works on a case, in the order of their pseudonyms."""

    case: CaseId
    members: tuple[TeamMember, ...]


class ShowTeam(Query[Team], context="cases", route="GET /cases/{case}/team", roles=HELPERS):
    """Who works on a case: to them, to supervisors, and for a while to who broke the glass, its records are open."""

    case: CaseId


class Circles(Projection):
    """The teams of cases, and what belongs to each."""

    name = "circles"

    cases = table(
        "circle_cases",
        Column("case", String, primary_key=True),
        Column("person", String),
        Column("opener", String),
        Column("worker", String),
        Index("circle_cases_by_person", "person"),
    )
    members = table(
        "circle_members",
        Column("case", String, primary_key=True),
        Column("member", String, primary_key=True),
        Column("joined", Boolean),  # was added to the team, whoever is responsible
        Index("circle_cases_of_member", "member", "case"),
    )
    ties = table(
        "circle_ties",
        Column("thing", String, primary_key=True),
        Column("case", String, primary_key=True),
        Column("person", String, primary_key=True),
        Column("by", String),
        Index("circle_ties_by_person", "person"),
    )
    links = table(
        "circle_links",
        Column("link", String, primary_key=True),
        Column("first", String),
        Column("second", String),
        Column("by", String),
        Index("circle_links_by_first", "first"),
        Index("circle_links_by_second", "second"),
    )
    suspects = table(
        "circle_suspects",
        Column("person", String, primary_key=True),
        Column("disappearance", String, primary_key=True),
        Column("by", String),
        Index("circle_suspects_of", "disappearance"),
    )
    glass = table(
        "circle_glass",
        Column("access", String, primary_key=True),
        Column("case", String),
        Column("worker", String),
        Column("until", String),
        Index("circle_glass_of_worker", "worker"),
    )

    @on(CaseOpened)
    def opened(self, e: Recorded[CaseOpened], rows: Rows) -> None:
        """Until it is somebody's, a case is known to who took it in."""
        case, opener = e.event.case, _actor(e)
        rows.put(self.cases, case=case, person=e.event.person, opener=opener, worker=None)
        rows.put(self.members, case=case, member=opener, joined=False)

    @on(CaseAssigned, CaseHandedOver, CaseReopened)
    def assigned(self, e: Recorded[CaseAssigned | CaseHandedOver | CaseReopened], rows: Rows) -> None:
        """It is somebody's: whoever had it before is of the team only if they were added to it."""
        case, worker = e.event.case, e.event.worker
        if row := rows.get(self.cases, (case,)):
            before = row["worker"] or row["opener"]
            was = rows.get(self.members, (case, before))
            if was and not was["joined"]:
                rows.drop(self.members, (case, before))
        rows.change(self.cases, (case,), worker=worker)
        if rows.get(self.members, (case, worker)) is None:
            rows.put(self.members, case=case, member=worker, joined=False)

    @on(TeamJoined)
    def joined(self, e: Recorded[TeamJoined], rows: Rows) -> None:
        """One more."""
        rows.put(self.members, case=e.event.case, member=e.event.member, joined=True)

    @on(TeamLeft)
    def left(self, e: Recorded[TeamLeft], rows: Rows) -> None:
        """One less."""
        rows.drop(self.members, (e.event.case, e.event.member))

    @on(NoteAdded, SupportGiven)
    def spoken_of(self, e: Recorded[NoteAdded | SupportGiven], rows: Rows) -> None:
        """A case speaks of somebody."""
        event = e.event
        self._tie(e, rows, event.case, event.case, event.about if isinstance(event, NoteAdded) else event.person)

    @on(RelationshipRecorded)
    def related(self, e: Recorded[RelationshipRecorded], rows: Rows) -> None:
        """Two people of one family."""
        self._tie(e, rows, e.event.relationship, None, e.event.person, e.event.relative)

    @on(ContactMade)
    def called(self, e: Recorded[ContactMade], rows: Rows) -> None:
        """Somebody was in touch."""
        self._tie(e, rows, e.event.contact, e.event.case, e.event.person)

    @on(ContactAttached)
    def attached(self, e: Recorded[ContactAttached], rows: Rows) -> None:
        """What they said belongs to a case."""
        self._tie(e, rows, e.event.contact, e.event.case)

    @on(DisappearanceReported)
    def disappeared(self, e: Recorded[DisappearanceReported], rows: Rows) -> None:
        """A search belongs to its case."""
        self._tie(e, rows, e.event.disappearance, e.event.case, e.event.person)

    @on(SearchActionRequested)
    def search_action(self, e: Recorded[SearchActionRequested], rows: Rows) -> None:
        """So does what is done in it, through whom it is about."""
        self._tie(e, rows, e.event.action, None, e.event.person)

    @on(SightingReported)
    def seen(self, e: Recorded[SightingReported], rows: Rows) -> None:
        """So does a sighting, and who reported it."""
        event = e.event
        self._tie(e, rows, event.sighting, event.case, event.person, *([event.reporter] if event.reporter else []))

    @on(ImplicatedNamed)
    def implicated(self, e: Recorded[ImplicatedNamed], rows: Rows) -> None:
        """Who may be the danger is in a compartment of their own."""
        rows.put(self.suspects, person=e.event.suspect, disappearance=e.event.disappearance, by=_actor(e))

    @on(ImplicatedCleared)
    def cleared(self, e: Recorded[ImplicatedCleared], rows: Rows) -> None:
        """They are not."""
        rows.drop(self.suspects, (e.event.suspect, e.event.disappearance))

    @on(MatchProposed)
    def matched(self, e: Recorded[MatchProposed], rows: Rows) -> None:
        """Two who may be one."""
        self._tie(e, rows, e.event.match, None, e.event.missing, e.event.found)

    @on(RecordsLinked)
    def linked(self, e: Recorded[RecordsLinked], rows: Rows) -> None:
        """Two records of one person."""
        link = e.event
        rows.put(self.links, link=link.link, first=link.first, second=link.second, by=_actor(e))
        self._tie(e, rows, link.link, None, link.first, link.second)

    @on(RecordsUnlinked)
    def unlinked(self, e: Recorded[RecordsUnlinked], rows: Rows) -> None:
        """They are of two."""
        rows.drop(self.links, (e.event.link,))

    @on(ReferralMade)
    def referred(self, e: Recorded[ReferralMade], rows: Rows) -> None:
        """A referral belongs to its case."""
        self._tie(e, rows, e.event.referral, e.event.case, e.event.person)

    @on(MessageRequested, NoticeRequested)
    def message(self, e: Recorded[MessageRequested | NoticeRequested], rows: Rows) -> None:
        """A message belongs to its case, or to whom it goes."""
        event = e.event
        self._tie(e, rows, event.message, event.case, *([event.person] if isinstance(event, MessageRequested) else []))

    @on(ProgrammeRequested)
    def programme(self, e: Recorded[ProgrammeRequested], rows: Rows) -> None:
        """A programme is known to whoever knows its beneficiary."""
        self._tie(e, rows, e.event.programme, None, e.event.beneficiary)

    @on(ProceedingsOpened)
    def proceedings(self, e: Recorded[ProceedingsOpened], rows: Rows) -> None:
        """So are proceedings."""
        self._tie(e, rows, e.event.proceedings, None, e.event.beneficiary)

    @on(GlassBroken)
    def broken(self, e: Recorded[GlassBroken], rows: Rows) -> None:
        """For a while, somebody on duty is as one of the team."""
        broken = e.event
        until = broken.until.isoformat()
        rows.put(self.glass, access=broken.access, case=broken.case, worker=broken.worker, until=until)

    @on(AccessEnded)
    def ended(self, e: Recorded[AccessEnded], rows: Rows) -> None:
        """Not any more."""
        rows.drop(self.glass, (e.event.access,))

    def _tie(self, e: Recorded[Any], rows: Rows, thing: str, case: str | None, *people: str) -> None:
        by = _actor(e)
        for person in people or (NONE,):
            rows.put(self.ties, thing=thing, case=case or NONE, person=person, by=by)

    @answers(ShowTeam)
    def show_team(self, query: ShowTeam, asking: Asking) -> Team:
        """In the order of their pseudonyms."""
        cases, members = asking.live(self.cases), asking.live(self.members)
        found = asking.rows(select(cases).where(cases.c.case == query.case))
        if not found:
            raise NotFound("There is no such case.")
        team = asking.rows(select(members).where(members.c.case == query.case).order_by(members.c.member))
        worker = found[0]["worker"]
        return Team(
            case=query.case,
            members=tuple(TeamMember(member=row["member"], responsible=row["member"] == worker) for row in team),
        )


def _actor(e: Recorded[Any]) -> str:
    """Who recorded it, without reading all of the metadata."""
    return str(orjson.loads(e.raw.metadata)["actor"])

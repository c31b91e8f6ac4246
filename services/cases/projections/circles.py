"""Circles: which record belongs to which case, and who works on that case. What need-to-know is decided by.

Nothing personal is here, and no rule: `services/gateway/need_to_know.py` has that. Each tie says who made it, so that
nobody opens a record for themselves by tying it to a case of theirs.
"""

from __future__ import annotations

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Column, Index, String, Text, select

from services.cases.break_glass import AccessEnded, GlassBroken
from services.cases.case.closing import CaseReopened
from services.cases.case.intake import CaseAssigned, CaseHandedOver, CaseOpened
from services.cases.disappearance.reporting import ImplicatedCleared, ImplicatedNamed
from services.cases.link import RecordsLinked, RecordsUnlinked
from services.cases.projections.belonging import CaseTeam, Teaming, Tying, actor_of, tie_of
from services.cases.vocabulary import HELPERS, CaseId, Staff
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Query, union_members
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table

NONE = ""
"""In place of a case or a person, where a record has none."""


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
    version = 2

    cases = table(
        "circle_cases",
        Column("case", String, primary_key=True),
        Column("person", String),
        Column("worker", String),
        Column("position", BigInteger),  # where it was opened: by this, lists of cases are in order
        Column("responsible", String),  # its worker, before that who took it in
        Column("joined", Text),  # who was added to the team, whoever is responsible
        Index("circle_cases_by_person", "person"),
    )
    members = table(
        "circle_members",
        Column("case", String, primary_key=True),
        Column("member", String, primary_key=True),
        Column("position", BigInteger),
        Index("circle_cases_of_member", "member", "position"),
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

    @on(*union_members(Teaming))
    def worked_on(self, e: Recorded[Teaming], rows: Rows) -> None:
        """Its team, as it is now."""
        event, case = e.event, e.event.case
        if isinstance(event, CaseOpened):
            rows.put(self.cases, case=case, person=event.person, position=e.position)
        row = rows.get(self.cases, (case,)) or {"position": None, "responsible": None, "joined": None}
        before = CaseTeam(row["responsible"] or "", frozenset(orjson.loads(row["joined"] or "[]")))
        team = before.after(event, actor_of(e))
        for member in before.members - team.members:
            rows.drop(self.members, (case, member))
        for member in sorted(team.members - before.members):
            rows.put(self.members, case=case, member=member, position=row["position"])
        joined = orjson.dumps(sorted(team.joined)).decode() if team.joined else None
        rows.change(self.cases, (case,), responsible=team.responsible, joined=joined)
        if isinstance(event, CaseAssigned | CaseHandedOver | CaseReopened):
            rows.change(self.cases, (case,), worker=event.worker)

    @on(*union_members(Tying))
    def tied(self, e: Recorded[Tying], rows: Rows) -> None:
        """A record belongs to a case, or to people and so to theirs."""
        event, tie, by = e.event, tie_of(e.event), actor_of(e)
        for person in tie.people or (NONE,):
            rows.put(self.ties, thing=tie.thing, case=tie.case or NONE, person=person, by=by)
        if isinstance(event, RecordsLinked):
            rows.put(self.links, link=event.link, first=event.first, second=event.second, by=by)

    @on(ImplicatedNamed)
    def implicated(self, e: Recorded[ImplicatedNamed], rows: Rows) -> None:
        """Who may be the danger is in a compartment of their own."""
        rows.put(self.suspects, person=e.event.suspect, disappearance=e.event.disappearance, by=actor_of(e))

    @on(ImplicatedCleared)
    def cleared(self, e: Recorded[ImplicatedCleared], rows: Rows) -> None:
        """They are not."""
        rows.drop(self.suspects, (e.event.suspect, e.event.disappearance))

    @on(RecordsUnlinked)
    def unlinked(self, e: Recorded[RecordsUnlinked], rows: Rows) -> None:
        """They are of two."""
        rows.drop(self.links, (e.event.link,))

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

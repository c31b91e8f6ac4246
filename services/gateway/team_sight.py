"""Which records are there for whom: those of their cases, and those of no case.

What belongs to a case is for its team, for supervisors, and for a duty officer while the glass that they broke for it
stays broken. The house keeps its own records, of beds, tensions and the watch: they are open by role.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from itertools import product
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true

from services.cases.projections.circles import NONE, Circles
from services.gateway.need_to_know import OVERSEES
from shared.messages import Query, Role
from shared.privacy.personal import Place
from shared.projections.declaration import Asking, Projection
from shared.projections.sight import EVERYTHING, Sight

EVERY_CASE = OVERSEES | {Role.AUDITOR, Role.POLICY}
"""Who knows of every record. An auditor reads no sealed value all the same."""

BY_TEAM = frozenset({"cases", "rehabilitation"})
"""Contexts whose records belong to cases."""

TO_FIND_A_CASE = frozenset({"cases.ListCases", "cases.SearchPersons", "cases.ShowBoard"})
"""What a duty officer looks through, to know for which case to break the glass: codes, for the names stay closed."""

COMPARTMENT = frozenset({"cases.ImplicatedNamed"})
"""Event types that broken glass does not open: they say who may be the danger, and why."""

CIRCLES = Circles()


class Teams:
    """See `shared.projections.sight.Sights`."""

    read_model: Projection = CIRCLES

    def concern(self, query: Query[Any]) -> bool:
        """The records of two contexts belong to cases."""
        return query.context in BY_TEAM

    def of(self, query: Query[Any] | None, looking: Asking) -> Sight:
        """The sight of who asks: everything for some, for all others what their cases hold."""
        if not EVERY_CASE.isdisjoint(looking.origin.roles):
            return EVERYTHING
        finding = query is not None and query.wire_type() in TO_FIND_A_CASE
        return TeamSight(looking, to_find=finding and Role.DUTY_OFFICER in looking.origin.roles)


class TeamSight:
    """What is there for one member of staff. Remembers what it found, for one question long."""

    def __init__(self, looking: Asking, *, to_find: bool) -> None:
        self._looking = looking
        self._actor = looking.origin.actor
        self._to_find = to_find
        self._cases, self._members, self._ties, self._links, self._suspects, self._glass = (
            looking.live(one)
            for one in (CIRCLES.cases, CIRCLES.members, CIRCLES.ties, CIRCLES.links, CIRCLES.suspects, CIRCLES.glass)
        )
        self._hidden: dict[tuple[str, bool], bool] = {}

    def hides(self, thing: str) -> bool:
        """See `Sight.hides`."""
        if self._to_find:
            return self._is_suspect(self._records_of(thing)) and self._is_hidden(thing)
        return self._is_hidden(thing)

    def look_at(self, things: Collection[str]) -> None:
        """See `Sight.look_at`. Most of what somebody asks for is of their own cases."""
        cases, members = self._cases, self._members
        mine = (
            select(cases.c.case, cases.c.person)
            .join(members, members.c.case == cases.c.case)
            .where(members.c.member == self._actor, or_(cases.c.case.in_(things), cases.c.person.in_(things)))
        )
        for row in self._looking.rows(mine):
            self._hidden |= dict.fromkeys(product((row["case"], row["person"]), (True, False)), False)

    def opens(self, place: Place) -> bool:
        """See `Sight.opens`. A value is where it stands: in the record of whose stream it is."""
        return not self._is_hidden(place.stream[-36:], by_glass=place.type not in COMPARTMENT)

    def within(
        self, *, case: ColumnElement[Any] | None = None, person: ColumnElement[Any] | None = None
    ) -> ColumnElement[bool]:
        """See `Sight.within`. Links are not followed here: of a linked record, the list may show less than it could."""
        if case is None:
            return true() if person is None else self._of_person(person)
        of_case = true() if self._to_find else case.in_(self._mine())
        if person is None:
            return of_case
        return or_(and_(case.is_not(None), of_case), and_(case.is_(None), self._of_person(person)))

    def _of_person(self, person: ColumnElement[Any]) -> ColumnElement[bool]:
        mine, cases, suspects, ties = self._mine(), self._cases, self._suspects, self._ties
        theirs = person.in_(select(cases.c.person).where(cases.c.case.in_(mine)))
        named = select(suspects.c.person).where(suspects.c.person == person)
        naming = named.join(ties, ties.c.thing == suspects.c.disappearance).where(ties.c.case.in_(mine))
        unsuspected = or_(~named.exists(), naming.exists(), theirs)
        if self._to_find:
            return unsuspected
        without_case = ~select(cases.c.case).where(cases.c.person == person).exists()
        return and_(or_(without_case, theirs), unsuspected)

    def _mine(self) -> Any:
        """The cases that are open to the asker: their own, and those for which they broke the glass."""
        members = select(self._members.c.case).where(self._members.c.member == self._actor)
        broken = self._broken()
        return (
            members.union_all(select(self._cases.c.case).where(self._cases.c.case.in_(broken))) if broken else members
        )

    def _broken(self) -> list[str]:
        if Role.DUTY_OFFICER not in self._looking.origin.roles:
            return []
        mine = select(self._glass).where(self._glass.c.worker == self._actor)
        now = datetime.now(UTC)
        return [row["case"] for row in self._looking.rows(mine) if datetime.fromisoformat(row["until"]) > now]

    def _is_hidden(self, thing: str, *, by_glass: bool = True) -> bool:
        known = (thing, by_glass)
        if known not in self._hidden:
            self.look_at([thing])
        if known not in self._hidden:
            self._hidden[known] = self._look(thing, by_glass=by_glass)
        return self._hidden[known]

    def _look(self, thing: str, *, by_glass: bool) -> bool:
        """Hidden is what belongs to cases of others alone. What belongs to no case is open to those who work here."""
        cases, compartment = self._cases_of(thing)
        if not cases:
            return False
        members = self._members
        mine = select(members.c.case).where(members.c.member == self._actor, members.c.case.in_(cases)).limit(1)
        if self._looking.rows(mine):
            return False
        return compartment or not by_glass or cases.isdisjoint(self._broken())

    def _cases_of(self, thing: str) -> tuple[set[str], bool]:
        """The cases that a thing belongs to, and whether it is in the compartment of suspects."""
        if self._looking.rows(select(self._cases.c.case).where(self._cases.c.case == thing)):
            return {thing}, False
        ties = self._ties
        tied = self._looking.rows(select(ties).where(ties.c.thing == thing))
        if not tied:
            return self._cases_of_person(thing)
        if own := {row["case"] for row in tied} - {NONE}:
            return own, False
        found = [self._cases_of_person(row["person"]) for row in tied]
        return set().union(*(cases for cases, _ in found)), any(compartment for _, compartment in found)

    def _cases_of_person(self, person: str) -> tuple[set[str], bool]:
        """Those about them; without one, those that they are tied to. Of a suspect, those that name them come first.

        What the asker tied themselves does not count, if anything else does: nobody opens a record for themselves.
        """
        records = self._records_of(person)
        about = self._about(records)
        suspects, ties = self._suspects, self._ties
        naming = (
            select(ties.c.case, suspects.c.by)
            .join(suspects, suspects.c.disappearance == ties.c.thing)
            .where(suspects.c.person.in_(records))
        )
        if not (named := self._looking.rows(naming)):
            return about or self._tied(records), False
        by_others = {row["case"] for row in named if row["by"] != self._actor}
        return (about | by_others) or self._tied(records) or {row["case"] for row in named}, True

    def _records_of(self, person: str) -> set[str]:
        """The records of one person, without links that the asker made themselves."""
        links, known = self._links, {person}
        new = {person}
        while new:
            touching = select(links).where(
                or_(links.c.first.in_(new), links.c.second.in_(new)), links.c.by != self._actor
            )
            new = {end for row in self._looking.rows(touching) for end in (row["first"], row["second"])} - known
            known |= new
        return known

    def _is_suspect(self, records: set[str]) -> bool:
        suspects = self._suspects
        return bool(self._looking.rows(select(suspects.c.person).where(suspects.c.person.in_(records)).limit(1)))

    def _about(self, people: set[str]) -> set[str]:
        cases = self._cases
        return {row["case"] for row in self._looking.rows(select(cases.c.case).where(cases.c.person.in_(people)))}

    def _tied(self, people: set[str]) -> set[str]:
        """Of people without a case of their own: the cases that speak of them, and those of the people around them."""
        ties = self._ties
        touching = ties.alias()
        around = (
            select(ties.c.case, ties.c.person, touching.c.by)
            .join(touching, touching.c.thing == ties.c.thing)
            .where(touching.c.person.in_(people))
        )
        rows = self._looking.rows(around)
        of_others = [row for row in rows if row["by"] != self._actor]
        return self._through(of_others) or self._through(rows)

    def _through(self, rows: Any) -> set[str]:
        return ({row["case"] for row in rows} - {NONE}) | self._about({row["person"] for row in rows} - {NONE})

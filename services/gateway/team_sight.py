"""Which records are there for whom: those of their cases, and those of no case.

What belongs to a case is for its team, for supervisors, and for a duty officer while the glass that they broke for it
stays broken. The house keeps its own records, of beds, tensions and the watch: they are open by role.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, RowMapping, Select, Subquery, and_, or_, select, true

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


class Belongs(NamedTuple):
    """The cases that something belongs to, and whether it is in the compartment of suspects."""

    cases: set[str]
    compartment: bool


class Tied(NamedTuple):
    """Cases that a tie leads to, and who made it."""

    by: str
    cases: set[str]


class Seen(NamedTuple):
    """Whether something is hidden; whether it would be, but for broken glass; and whether it is in the compartment."""

    hidden: bool
    closed: bool
    compartment: bool


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
        self._seen: dict[str, Seen] = {}

    @property
    def only_of(self) -> str | None:
        """See `Sight.only_of`."""
        return None if self._to_find else self._actor

    def own_cases(self) -> Subquery | None:
        """See `Sight.own_cases`. An index has them in this order."""
        members = self._members
        mine = select(members.c.case, members.c.position).where(members.c.member == self._actor)
        return None if self._to_find else mine.subquery()

    def hides(self, thing: str) -> bool:
        """See `Sight.hides`."""
        seen = self._look(thing)
        return seen.hidden and (seen.compartment or not self._to_find)

    def look_at(self, things: Collection[str]) -> None:
        """See `Sight.look_at`. As many questions for all of them as for one."""
        if new := {thing for thing in things if thing not in self._seen}:
            belonging = self._cases_of(new)
            members = self._members
            cases = {case for belongs in belonging.values() for case in belongs.cases}
            mine = select(members.c.case).where(members.c.member == self._actor, members.c.case.in_(cases))
            open_to_me = {row["case"] for row in self._looking.rows(mine)} if cases else set()
            by_glass = open_to_me.union(self._broken())
            for thing, belongs in belonging.items():
                closed = bool(belongs.cases) and belongs.cases.isdisjoint(open_to_me)
                hidden = closed and (belongs.compartment or belongs.cases.isdisjoint(by_glass))
                self._seen[thing] = Seen(hidden, closed, belongs.compartment)

    def opens(self, place: Place) -> bool:
        """See `Sight.opens`. A value is where it stands: in the record of whose stream it is."""
        seen = self._look(place.stream[-36:])
        return not (seen.closed if place.type in COMPARTMENT else seen.hidden)

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

    def _look(self, thing: str) -> Seen:
        """Hidden is what belongs to cases of others alone. What belongs to no case is open to those who work here."""
        self.look_at([thing])
        return self._seen[thing]

    def _cases_of(self, things: set[str]) -> dict[str, Belongs]:
        """The cases that each thing belongs to, and whether it is in the compartment of suspects."""
        cases, ties = self._cases, self._ties
        are_cases = {row["case"] for row in self._looking.rows(select(cases.c.case).where(cases.c.case.in_(things)))}
        found = {thing: Belongs({thing}, False) for thing in are_cases}
        tied = self._grouped(select(ties).where(ties.c.thing.in_(things - are_cases)), "thing")
        people = {thing: {row["person"] for row in tied.get(thing, ())} or {thing} for thing in things - are_cases}
        for thing, rows in tied.items():
            if own := {row["case"] for row in rows} - {NONE}:
                found[thing] = Belongs(own, False)
                del people[thing]
        of_people = self._cases_of_people(set().union(*people.values()))
        for thing, them in people.items():
            each = [of_people[person] for person in them]
            found[thing] = Belongs(set().union(*(one.cases for one in each)), any(one.compartment for one in each))
        return found

    def _cases_of_people(self, people: set[str]) -> dict[str, Belongs]:
        """Those about them; without one, those that they are tied to. Of a suspect, those that name them come first.

        What the asker tied themselves does not count, if anything else does: nobody opens a record for themselves.
        """
        if not people:
            return {}
        records = self._records_of(people)
        all_records = set().union(*records.values())
        suspects, ties = self._suspects, self._ties
        naming = (
            select(suspects.c.person, ties.c.case, suspects.c.by)
            .join(ties, suspects.c.disappearance == ties.c.thing)
            .where(suspects.c.person.in_(all_records))
        )
        about, named = self._about(all_records), self._grouped(naming, "person")
        without = {person for person in people if not any(about.get(record) for record in records[person])}
        tied = self._tied(set().union(*(records[person] for person in without)))
        found: dict[str, Belongs] = {}
        for person in people:
            theirs = {case for record in records[person] for case in about.get(record, ())}
            naming_them = [row for record in records[person] for row in named.get(record, ())]
            by_others = {row["case"] for row in naming_them if row["by"] != self._actor}
            cases = theirs | by_others
            if not cases:
                cases = self._through([row for record in records[person] for row in tied.get(record, ())])
            found[person] = Belongs(cases or {row["case"] for row in naming_them}, bool(naming_them))
        return found

    def _records_of(self, people: set[str]) -> dict[str, set[str]]:
        """The records of each person, without links that the asker made themselves."""
        links, new, known = self._links, people, set(people)
        beside: dict[str, set[str]] = {}
        while new:
            touching = select(links).where(
                or_(links.c.first.in_(new), links.c.second.in_(new)), links.c.by != self._actor
            )
            for row in self._looking.rows(touching):
                beside.setdefault(row["first"], set()).add(row["second"])
                beside.setdefault(row["second"], set()).add(row["first"])
            new = beside.keys() - known
            known |= new
        return {person: _reached(person, beside) for person in people}

    def _about(self, people: set[str]) -> dict[str, set[str]]:
        cases = self._cases
        if not people:
            return {}
        rows = self._grouped(select(cases.c.person, cases.c.case).where(cases.c.person.in_(people)), "person")
        return {person: {row["case"] for row in found} for person, found in rows.items()}

    def _tied(self, people: set[str]) -> dict[str, list[Tied]]:
        """Of people without a case of their own: what speaks of them, with the cases of the people around them."""
        ties = self._ties
        if not people:
            return {}
        touching = ties.alias()
        around = (
            select(touching.c.person.label("of"), touching.c.by, ties.c.case, ties.c.person)
            .join(ties, touching.c.thing == ties.c.thing)
            .where(touching.c.person.in_(people))
        )
        rows = self._grouped(around, "of")
        about = self._about({row["person"] for found in rows.values() for row in found} - {NONE})
        return {
            person: [Tied(row["by"], ({row["case"]} - {NONE}) | about.get(row["person"], set())) for row in found]
            for person, found in rows.items()
        }

    def _through(self, tied: list[Tied]) -> set[str]:
        of_others = (one.cases for one in tied if one.by != self._actor)
        return set().union(*of_others) or set().union(*(one.cases for one in tied))

    def _grouped(self, statement: Select[Any], by: str) -> dict[str, list[RowMapping]]:
        found: dict[str, list[RowMapping]] = {}
        for row in self._looking.rows(statement):
            found.setdefault(row[by], []).append(row)
        return found


def _reached(person: str, beside: Mapping[str, set[str]]) -> set[str]:
    """A person's record, and all that links lead to."""
    known, new = {person}, {person}
    while new:
        new = set().union(*(beside.get(one, set()) for one in new)) - known
        known |= new
    return known

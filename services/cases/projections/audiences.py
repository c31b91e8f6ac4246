"""Audiences: who may find each person, worked out as things happen, so that a search reads only what is there for it.

A person is there for the members of the cases that they belong to, and one who belongs to none is open. The rule is
that of `services/gateway/team_sight.py`, which has the last word on every person found: it also weighs who tied or
linked whom. An audience may therefore name somebody for whom the person is not there in the end, and seldom does; it
never leaves anybody out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import permutations
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Column, String, Table, Text

from services.cases.case.intake import CaseOpened
from services.cases.disappearance.reporting import ImplicatedCleared, ImplicatedNamed
from services.cases.link import RecordsLinked, RecordsUnlinked
from services.cases.projections.belonging import CaseTeam, Teaming, Tying, actor_of, tie_of
from shared.codec import Recorded
from shared.projections.declaration import Rows, table

ALL, OPEN = "all", "open"
"""The audience of everybody who knows of every case, and that of a person who belongs to no case."""

ANYBODY = ""
"""Stands beside the members of a case where they are counted: there is a case, even if nobody works on it yet."""


def of_member(member: str) -> str:
    """The audience of what belongs to the cases of one member of staff."""
    return f"@{member}"


class Change(NamedTuple):
    """A person's audiences were these, and are those."""

    person: str
    before: frozenset[str]
    after: frozenset[str]


class Audiences:
    """Part of a read model: its tables hold sets of ids as JSON, for a handler finds rows by their key alone.

    Of the cases of a person only how many each member works on is kept. So what an event costs follows the people whom
    it concerns, and not how many cases somebody has had.
    """

    def __init__(self, prefix: str) -> None:
        self.cases: Table = table(
            f"{prefix}_cases",
            Column("case", String, primary_key=True),
            Column("about", String),
            Column("responsible", String),
            Column("joined", Text),
            Column("tied", Text),  # people of whom this case speaks
            Column("suspects", Text),  # people who are named as a danger in what belongs to it
        )
        self.people: Table = table(
            f"{prefix}_people",
            Column("person", String, primary_key=True),
            Column("about", Text),  # cases about them: how many each member works on
            Column("tied", Text),  # cases that speak of them: likewise
            Column("around", Text),  # people whom anything ties to them
            Column("linked", Text),  # each link to another record of theirs, with that record and who linked them
            Column("suspected", Text),  # the disappearances in which they are named as a danger
            Column("audience", Text),
        )
        self.things: Table = table(
            f"{prefix}_things",
            Column("thing", String, primary_key=True),
            Column("cases", Text),
            Column("people", Text),
        )

    def worked_on(self, e: Recorded[Teaming], rows: Rows) -> Iterator[Change]:
        """The team of a case is another one, or there is a new case."""
        event, case = e.event, e.event.case
        before = self._team(case, rows)
        after = before.after(event, actor_of(e))
        self._put(rows, self.cases, case, joined=after.joined)
        rows.change(self.cases, (case,), responsible=after.responsible)
        row = rows.get(self.cases, (case,)) or {}
        if isinstance(event, CaseOpened):
            rows.change(self.cases, (case,), about=event.person)
            self._count(rows, event.person, "about", {ANYBODY, *after.members}, ())
        elif row["about"]:
            self._count(rows, row["about"], "about", after.members - before.members, before.members - after.members)
        tied = _set(row, "tied")
        for person in tied:
            self._count(rows, person, "tied", after.members - before.members, before.members - after.members)
        about = event.person if isinstance(event, CaseOpened) else row["about"]
        around = {about} | _set(rows.get(self.people, (about,)), "around") if about else set()
        return self._changes(self._records(around | tied | _set(row, "suspects"), rows), rows)

    def tied(self, e: Recorded[Tying], rows: Rows) -> Iterator[Change]:
        """A thing belongs to a case, or to people."""
        tie = tie_of(e.event)
        row = rows.get(self.things, (tie.thing,))
        cases, people = _set(row, "cases"), _set(row, "people")
        if people.issuperset(tie.people) and (tie.case is None or tie.case in cases):
            return iter(())
        people |= set(tie.people)
        cases |= {tie.case} if tie.case else set()
        self._put(rows, self.things, tie.thing, cases=cases, people=people)
        for case in cases:
            known = _set(rows.get(self.cases, (case,)), "tied")
            self._put(rows, self.cases, case, tied=known | people)
            for person in people - known:
                self._count(rows, person, "tied", {ANYBODY, *self._team(case, rows).members}, ())
        for person in people:
            self._put(
                rows, self.people, person, around=_set(rows.get(self.people, (person,)), "around") | people - {person}
            )
        if isinstance(e.event, RecordsLinked):
            for first, second in permutations((e.event.first, e.event.second)):
                linked = _set(rows.get(self.people, (first,)), "linked") | {f"{tie.thing} {second} {actor_of(e)}"}
                self._put(rows, self.people, first, linked=linked)
        return self._changes(self._records(people, rows), rows)

    def unlinked(self, e: Recorded[RecordsUnlinked], rows: Rows) -> Iterator[Change]:
        """Two records are of two people after all."""
        pair = {e.event.first, e.event.second}
        touched = self._records(pair, rows)
        for person in pair:
            linked = _set(rows.get(self.people, (person,)), "linked")
            self._put(rows, self.people, person, linked={one for one in linked if one.split(" ")[0] != e.event.link})
        return self._changes(touched, rows)

    def suspected(self, e: Recorded[ImplicatedNamed | ImplicatedCleared], rows: Rows) -> Iterator[Change]:
        """Somebody is named as a danger, or is none after all."""
        person, thing = e.event.suspect, e.event.disappearance
        suspected = _set(rows.get(self.people, (person,)), "suspected") - {thing}
        if isinstance(e.event, ImplicatedNamed):
            suspected.add(thing)
            for case in _set(rows.get(self.things, (thing,)), "cases"):
                named = _set(rows.get(self.cases, (case,)), "suspects")
                self._put(rows, self.cases, case, suspects=named | {person})
        self._put(rows, self.people, person, suspected=suspected)
        return self._changes(self._records({person}, rows), rows)

    def of(self, person: str, rows: Rows) -> frozenset[str]:
        """The audiences of a person."""
        row = rows.get(self.people, (person,))
        return frozenset({OPEN}) if row is None or row["audience"] is None else frozenset(_set(row, "audience"))

    def _changes(self, touched: set[str], rows: Rows) -> Iterator[Change]:
        for person in sorted(touched):
            before, after = self.of(person, rows), self._worked_out(person, rows)
            if before != after:
                rows.change(self.people, (person,), audience=_text(after))
                yield Change(person, before, after)

    def _worked_out(self, person: str, rows: Rows) -> frozenset[str]:
        """By the cases about them; without one, by those that speak of them and of people around them.

        Of somebody with linked records, by both: which of the links count is another matter for each who asks, and one
        that somebody made hides nothing from them. Whoever is named as a danger is there for those who work on that
        case, too.
        """
        records = self._records({person}, rows)
        known = [rows.get(self.people, (record,)) for record in records]
        members = _union(known, "about")
        if not members or len(records) > 1:
            members |= _union(known, "tied")
            members |= _union((rows.get(self.people, (other,)) for other in _union(known, "around")), "about")
        for case in _union((rows.get(self.things, (thing,)) for thing in _union(known, "suspected")), "cases"):
            members |= {ANYBODY, *self._team(case, rows).members}
        if not members:
            return frozenset({OPEN})
        makers = {link.split(" ", 2)[2] for link in _union(known, "linked")}
        return frozenset(map(of_member, (members | makers) - {ANYBODY}))

    def _records(self, people: set[str], rows: Rows) -> set[str]:
        """The records of these people: their own, and all that links lead to."""
        found, new = set(people), people
        while new:
            links = _union((rows.get(self.people, (person,)) for person in new), "linked")
            new = {link.split(" ", 2)[1] for link in links} - found
            found |= new
        return found

    def _team(self, case: str, rows: Rows) -> CaseTeam:
        row = rows.get(self.cases, (case,))
        return CaseTeam((row or {}).get("responsible") or "", frozenset(_set(row, "joined")))

    def _count(self, rows: Rows, person: str, column: str, more: Iterable[str], fewer: Iterable[str]) -> None:
        """One case more for some members, and one fewer for others."""
        counted = Counter(_counts(rows.get(self.people, (person,)), column))
        counted.update(more)
        counted.subtract(fewer)
        self._put(rows, self.people, person)
        rows.change(self.people, (person,), **{column: orjson.dumps(+counted, option=orjson.OPT_SORT_KEYS).decode()})

    def _put(self, rows: Rows, of: Table, key: str, **sets: Collection[str]) -> None:
        """Set columns of a row, which is made if it is not there."""
        if rows.get(of, (key,)) is None:
            rows.put(of, **{of.primary_key.columns[0].name: key})
        if sets:
            rows.change(of, (key,), **{name: _text(values) if values else None for name, values in sets.items()})


def _counts(row: Mapping[str, Any] | None, column: str) -> dict[str, int]:
    return orjson.loads(row[column]) if row is not None and row[column] else {}


def _set(row: Mapping[str, Any] | None, column: str) -> set[str]:
    """The ids in a column; of a column that counts, those of whom there is any."""
    return set(orjson.loads(row[column])) if row is not None and row[column] else set()


def _union(known: Iterable[Mapping[str, Any] | None], column: str) -> set[str]:
    return set().union(*(_set(row, column) for row in known))


def _text(ids: Collection[str]) -> str:
    return orjson.dumps(sorted(ids)).decode()

"""Whatever is linked, unlinked and forgotten in whatever order: unlinking restores, and forgotten stays forgotten.

A machine plays with a few records over the real log and keeps a second set of books. Three mutants show that it would
notice: one that merges, one that forgets a link wrongly, and one that revives what was forgotten.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from services import cases
from services.cases.link import LinkRecords, RecordsLinked, RecordsUnlinked, UnlinkRecords
from services.cases.person.names import PersonName, RegisterPerson
from services.cases.projections.family import Families, GetFamily, ListLinkedRecords
from services.cases.projections.person_files import GetPerson
from services.cases.projections.person_search import PersonSearch, SearchPersons
from services.cases.relationship import RecordRelationship, RelationshipKind
from services.protection.erasure import PersonForgotten
from shared.errors import Forgotten
from shared.messages import Role
from shared.projections.declaration import Redacted
from tests.assembled import Assembled
from tests.cases.examples import DAY, an_id

PEOPLE = [an_id(500 + number) for number in range(4)]
RELATIVES = {person: an_id(600 + number) for number, person in enumerate(PEOPLE)}
NAMES = ("Rūta", "Jonas", "Ona", "Petras")
AT = datetime(2026, 1, 1, tzinfo=UTC)

some_person = st.sampled_from(PEOPLE)


class Links(RuleBasedStateMachine):
    """A few records, each with a name and a relative of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.centre = Assembled(Path(self.folder.name), [cases.context])
        self.links: dict[str, tuple[str, str]] = {}
        self.made = 0
        self.forgotten: set[str] = set()
        for number, person in enumerate(PEOPLE):
            name = PersonName(given=NAMES[number])
            self.send(RegisterPerson(person=person, name=an_id(700 + number), value=name, occurred=DAY))
            self.send(
                RecordRelationship(
                    relationship=an_id(800 + number),
                    person=person,
                    relative=RELATIVES[person],
                    kind=RelationshipKind.SIBLING,
                )
            )

    def send(self, command: Any) -> None:
        self.centre.send(command, Role.CASEWORKER)

    def ask(self, query: Any) -> Any:
        return self.centre.ask(query, Role.CASEWORKER)

    @rule(first=some_person, second=some_person)
    def link(self, first: str, second: str) -> None:
        """Two records are of one person. Of whom nothing may be written, nothing is."""
        if first == second:
            return
        self.made += 1
        link = an_id(900 + self.made)
        linking = LinkRecords(link=link, first=first, second=second, grounds="Same passport.", occurred=DAY)
        if first in self.forgotten:
            with pytest.raises(Forgotten):
                self.send(linking)
        else:
            self.send(linking)
            self.links[link] = (first, second)

    @precondition(lambda self: self.links)
    @rule(choice=st.data())
    def unlink(self, choice: st.DataObject) -> None:
        """They are of two."""
        link = choice.draw(st.sampled_from(sorted(self.links)))
        self.send(UnlinkRecords(link=link, occurred=DAY))
        del self.links[link]

    @rule(person=some_person)
    def forget(self, person: str) -> None:
        """As an erasure does: keys first, then the certificate."""
        if person in self.forgotten:
            return
        keys = self.centre.vault.keys
        live = [facts.name for facts in keys.keys_of(person) if facts.destroyed is None]
        keys.forget(person, destroy=live, keep=[], certificate=person, at=AT)
        erasure = an_id(999)
        self.centre.record(
            f"erasure-{erasure}", PersonForgotten(erasure=erasure, subject=person, destroyed=(), kept=())
        )
        self.forgotten.add(person)

    def same(self, person: str) -> set[str]:
        """By the second set of books: the records that are of the same person."""
        known, grown = {person}, True
        while grown:
            reached = known | {end for pair in self.links.values() if known & set(pair) for end in pair}
            known, grown = reached, reached != known
        return known

    @invariant()
    def the_records_of_a_person_are_those_that_links_say_now(self) -> None:
        for person in PEOPLE:
            records = self.ask(ListLinkedRecords(person=person)).records
            assert set(records) == self.same(person)
            assert records[0] == person

    @invariant()
    def each_record_keeps_what_is_its_own(self) -> None:
        for person in PEOPLE:
            members = self.ask(GetFamily(person=person)).members
            assert {(one.of, one.person) for one in members} == {
                (record, RELATIVES[record]) for record in self.same(person)
            }

    @invariant()
    def forgotten_stays_forgotten_and_everybody_else_is_found(self) -> None:
        for number, person in enumerate(PEOPLE):
            (shown,) = self.ask(GetPerson(person=person)).names
            found = [entry.person for entry in self.ask(SearchPersons(name=NAMES[number])).persons]
            if person in self.forgotten:
                assert shown.value == Redacted(hidden="forgotten")
                assert found == []
            else:
                assert shown.value == PersonName(given=NAMES[number])
                assert found == [person]

    def teardown(self) -> None:
        self.centre.close()
        self.folder.cleanup()


def run(examples: int, steps: int, *, shrink: bool = True) -> None:
    phases = [Phase.generate, *([Phase.shrink] if shrink else [])]
    run_state_machine_as_test(
        Links,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=True,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_is_linked_unlinked_and_forgotten() -> None:
    run(4, 12)


@contextmanager
def merging(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Linking moves the relationships of the second record to the first."""
    linked = Families.linked

    def merged(self: Families, e: Any, rows: Any) -> None:
        linked(self, e, rows)
        number = PEOPLE.index(e.event.second)
        rows.change(self.relationships, (an_id(800 + number),), person=e.event.first)

    merged._on = (RecordsLinked,)  # type: ignore[attr-defined]
    patch.setattr(Families, "linked", merged)
    yield


@contextmanager
def sticking(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """What was linked once stays linked."""

    def stuck(self: Families, e: Any, rows: Any) -> None:
        pass

    stuck._on = (RecordsUnlinked,)  # type: ignore[attr-defined]
    patch.setattr(Families, "unlinked", stuck)
    yield


@contextmanager
def reviving(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever is forgotten is still found by searching."""

    def kept(self: PersonSearch, e: Any, rows: Any) -> None:
        pass

    kept._on = PersonSearch.forgotten._on  # type: ignore[attr-defined]
    patch.setattr(PersonSearch, "forgotten", kept)
    yield


@pytest.mark.parametrize("mutant", [merging, sticking, reviving])
def test_the_machine_notices_a_mutant(mutant: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with mutant(monkeypatch), pytest.raises(AssertionError):
        run(6, 12, shrink=False)

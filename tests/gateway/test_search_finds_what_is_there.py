"""Whatever happens in whatever order: a search finds whoever is there for the asker, and nobody else, in full pages.

Who is there is what the sight says of each person alone. The index by audience is worked out beside it, as things
happen; here random histories hold one against the other.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cases.case.intake import CaseAssigned, CaseHandedOver, CaseOpened, Channel
from services.cases.case.notes import NoteAdded
from services.cases.case.record import CaseKind
from services.cases.case.team import TeamJoined, TeamLeft
from services.cases.contact import ContactAttached, ContactKind, ContactMade
from services.cases.disappearance.reporting import ImplicatedCleared, ImplicatedNamed
from services.cases.link import RecordsLinked, RecordsUnlinked
from services.cases.person.names import NameAdded, NameRetracted, PersonName
from services.cases.projections.audiences import Audiences
from services.cases.projections.person_search import PersonSearch, SearchPersons
from services.cases.relationship import RelationshipKind, RelationshipRecorded
from services.protection.erasure import PersonForgotten
from shared.messages import Event, Role
from tests.cases.examples import DAY, an_id
from tests.cases.missing import reported
from tests.gateway.searching import Fact, Searching, who

Happening = tuple[str, str, Any, Any]  # what, by whom, and concerning which two

PEOPLE = [an_id(1_000 + number) for number in range(6)]
CASES = [an_id(2_000 + number) for number in range(4)]
WORKERS = ["w-1", "w-2", "w-3"]
KIN = RelationshipKind.SIBLING

OPENED: Happening = ("open", "w-1", CASES[0], PEOPLE[0])

people, cases, workers = (st.sampled_from(of) for of in (PEOPLE, CASES, WORKERS))
happenings = st.one_of(
    st.tuples(st.sampled_from(["open", "note", "report"]), workers, cases, people),
    st.tuples(st.sampled_from(["assign", "hand over", "join", "leave"]), workers, cases, workers),
    st.tuples(st.sampled_from(["relate", "link"]), workers, people, people),
    st.tuples(st.sampled_from(["call", "call about", "attach"]), workers, cases, people),
    st.tuples(st.sampled_from(["suspect", "clear"]), workers, cases, people),
    st.tuples(st.sampled_from(["unlink", "rename", "forget"]), workers, cases, people),
)


class History:
    """What is recorded of a few people, as far as it makes sense."""

    def __init__(self) -> None:
        self.about: dict[str, str] = {}  # whom each case is about
        self.reported: set[str] = set()
        self.links: list[RecordsLinked] = []
        self.forgotten: set[str] = set()
        self.made = 0

    def an_id(self) -> str:
        """One that nothing has yet."""
        self.made += 1
        return an_id(10_000 + self.made)

    def beginning(self) -> Iterator[Fact]:
        """Everybody has one word of a name in common."""
        for number, person in enumerate(PEOPLE):
            value = PersonName(given="Jonas", family=f"Petraitis{'aeiou'[number % 5]}kas")
            yield "w-1", f"person-{person}", NameAdded(person=person, name=an_id(3_000 + number), value=value)

    def facts(self, what: str, actor: str, first: Any, second: Any) -> Iterator[Fact]:
        """What follows from one happening: nothing, where it could not happen."""
        for stream, event in self._events(what, first, second):
            yield actor, stream, event

    def _events(self, what: str, first: str, second: str) -> Iterator[tuple[str, Event]]:
        case, person = first, second
        match what:
            case "open" if case not in self.about:
                self.about[case] = person
                kind, channel = CaseKind.MISSING_PERSON, Channel.WALK_IN
                opened = CaseOpened(case=case, kind=kind, channel=channel, person=person, occurred=DAY)
                yield f"case-{case}", opened
            case "relate" if first != second:
                thing = self.an_id()
                related = RelationshipRecorded(relationship=thing, person=first, relative=second, kind=KIN, inverse=KIN)
                yield f"relationship-{thing}", related
            case "link" if first != second:
                link = RecordsLinked(link=self.an_id(), first=first, second=second, grounds="Same.", occurred=DAY)
                self.links.append(link)
                yield f"link-{link.link}", link
            case "unlink" if self.links:
                link = self.links.pop()
                yield (
                    f"link-{link.link}",
                    RecordsUnlinked(link=link.link, first=link.first, second=link.second, occurred=DAY),
                )
            case "rename" if person not in self.forgotten:  # of whom nothing can be sealed any more
                number = PEOPLE.index(person)
                yield f"person-{person}", NameRetracted(person=person, name=an_id(3_000 + number))
                value = PersonName(given="Jonas")
                yield f"person-{person}", NameAdded(person=person, name=self.an_id(), value=value)
            case "forget":
                self.forgotten.add(person)
                erasure = self.an_id()
                yield (
                    f"erasure-{erasure}",
                    PersonForgotten(erasure=erasure, subject=person, destroyed=(), kept=()),
                )
            case _ if case in self.about:
                yield from self._of_case(what, case, second)

    def _of_case(self, what: str, case: str, second: str) -> Iterator[tuple[str, Event]]:
        person = worker = second
        stream, disappearance = f"case-{case}", an_id(4_000 + CASES.index(case))
        match what:
            case "assign":
                yield stream, CaseAssigned(case=case, worker=worker, occurred=DAY)
            case "hand over":
                yield stream, CaseHandedOver(case=case, giver="w-1", worker=worker, occurred=DAY)
            case "join":
                yield stream, TeamJoined(case=case, member=worker, occurred=DAY)
            case "leave":
                yield stream, TeamLeft(case=case, member=worker, occurred=DAY)
            case "note":
                yield stream, NoteAdded(case=case, note=self.an_id(), about=person, text="Is well.", occurred=DAY)
            case "call" | "call about" | "attach":
                contact = self.an_id()
                made = ContactMade(
                    contact=contact,
                    kind=ContactKind.CALL,
                    channel=Channel.WALK_IN,
                    person=person,
                    case=case if what == "call about" else None,
                    minutes=5,
                    staff="w-1",
                    occurred=DAY,
                )
                yield f"contact-{contact}", made
                if what == "attach":
                    yield f"contact-{contact}", ContactAttached(contact=contact, case=case)
            case "report" if case not in self.reported:
                self.reported.add(case)
                yield (
                    f"disappearance-{disappearance}",
                    reported().model_copy(
                        update={"disappearance": disappearance, "case": case, "person": self.about[case]}
                    ),
                )
            case "suspect" | "clear" if case in self.reported:
                named = {"disappearance": disappearance, "person": self.about[case], "suspect": person, "occurred": DAY}
                yield (
                    f"disappearance-{disappearance}",
                    ImplicatedNamed(grounds="Threats.", **named) if what == "suspect" else ImplicatedCleared(**named),
                )


def found(centre: Searching, worker: str) -> tuple[list[str], list[int]]:
    """Who is found by the word that all have, and how many on each page but the last."""
    asker, seen, pages, after = who(worker), [], [], None
    while True:
        page = centre.ask(SearchPersons(name="Jonas", limit=2, after=after), asker)
        seen += [entry.person for entry in page.persons]
        if (after := page.next) is None:
            return seen, pages
        pages.append(len(page.persons))


def hold(happened: Sequence[Happening], pause: int = 0) -> None:
    """Hold what is found against what is there, and a read model that followed against one that was built anew."""
    with tempfile.TemporaryDirectory() as folder:
        centre, history = Searching(Path(folder)), History()
        facts = [list(history.facts(what, by, first, second)) for what, by, first, second in happened]
        centre.happened([*history.beginning(), *(fact for some in facts[:pause] for fact in some)])
        centre.happened(fact for some in facts[pause:] for fact in some)
        for worker in WORKERS:
            there = {one for one in PEOPLE if not centre.models.hides([one], who(worker))} - history.forgotten
            seen, pages = found(centre, worker)
            assert len(seen) == len(set(seen))
            assert set(seen) == there
            assert set(pages) <= {2}
        everybody = centre.ask(SearchPersons(name="Jonas"), who("s-1", Role.SUPERVISOR)).persons
        assert {entry.person for entry in everybody} == set(PEOPLE) - history.forgotten
        before = centre.rows(PersonSearch)
        centre.projector.rebuild(PersonSearch.name)
        assert centre.rows(PersonSearch) == before
        centre.close()


@settings(max_examples=30, deadline=None)
@given(st.lists(happenings, max_size=25), st.integers(0, 25))
def test_whoever_is_there_is_found_and_nobody_else(happened: Sequence[Happening], pause: int) -> None:
    hold(happened, pause)


def test_a_link_hides_nothing_from_whoever_made_it() -> None:
    """For others the linked record is of a case that is not theirs."""
    hold([OPENED, ("note", "w-2", CASES[0], PEOPLE[1]), ("link", "w-2", PEOPLE[1], PEOPLE[2])])


def deaf(what: str) -> Callable[[pytest.MonkeyPatch], None]:
    """A search that does not take in events of one kind."""

    def patched(patch: pytest.MonkeyPatch) -> None:
        def passing(self: PersonSearch, e: Any, rows: Any) -> None:
            pass

        passing._on = getattr(PersonSearch, what)._on  # type: ignore[attr-defined]
        patch.setattr(PersonSearch, what, passing)

    return patched


def closing_what_is_open(patch: pytest.MonkeyPatch) -> None:
    """A search in which nobody finds who belongs to no case."""
    patch.setitem(Audiences.of.__globals__, "OPEN", "closed")


def keeping_teams(patch: pytest.MonkeyPatch) -> None:
    """A search by the team that a case had at first."""
    heard = Audiences.worked_on

    def at_first(self: Audiences, e: Any, rows: Any) -> Iterator[Any]:
        return heard(self, e, rows) if isinstance(e.event, CaseOpened) else iter(())

    patch.setattr(Audiences, "worked_on", at_first)


def seeing_nobody_around(patch: pytest.MonkeyPatch) -> None:
    """A search in which nobody is there for being somebody's relative."""
    union = Audiences._worked_out.__globals__["_union"]

    def without(known: Any, column: str) -> set[str]:
        return set() if column == "around" else union(known, column)

    patch.setitem(Audiences._worked_out.__globals__, "_union", without)


@pytest.mark.parametrize(
    ("mutant", "history"),
    [
        (keeping_teams, [OPENED, ("hand over", "w-1", CASES[0], "w-2")]),
        (
            seeing_nobody_around,
            [
                OPENED,
                ("open", "w-2", CASES[1], PEOPLE[2]),
                ("note", "w-3", CASES[0], PEOPLE[1]),
                ("relate", "w-3", PEOPLE[1], PEOPLE[2]),
            ],
        ),
        (
            deaf("suspected"),
            [
                OPENED,
                ("open", "w-2", CASES[1], PEOPLE[1]),
                ("report", "w-1", CASES[0], PEOPLE[0]),
                ("suspect", "w-3", CASES[0], PEOPLE[1]),
            ],
        ),
        (deaf("forgotten"), [("forget", "w-1", CASES[0], PEOPLE[1])]),
        (closing_what_is_open, []),
    ],
    ids=["teams", "ties", "suspects", "forgetting", "open"],
)
def test_a_search_that_misses_something_is_noticed(
    mutant: Callable[[pytest.MonkeyPatch], None], history: Sequence[Happening], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(history)
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        hold(history)

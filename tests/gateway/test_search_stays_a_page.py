"""A page of a search or of the case list makes as much work in a large centre as in a small one, whoever asks.

Work is counted in the steps of SQLite's virtual machine: each row that is looked at takes some.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.cases.case.intake import CaseAssigned, CaseOpened, Channel
from services.cases.case.record import CaseKind
from services.cases.person.names import NameAdded, PersonName
from services.cases.projections.case_files import ListCases
from services.cases.projections.person_search import PersonSearch, SearchPersons
from services.cases.relationship import RelationshipKind, RelationshipRecorded
from shared.messages import Origin, Query, Role
from tests.cases.examples import DAY, an_id
from tests.gateway.searching import Fact, Searching, who

SMALL, LARGE = 120, 1_200
LIMIT = 3
WORKERS = 4


def facts(size: int) -> Iterator[Fact]:
    """Everybody is a Jonas, but for the Onas of w-0. Every second has a case, the others are their brothers."""
    for number in range(size):
        person, case, tie = an_id(number), an_id(10**6 + number), an_id(2 * 10**6 + number)
        worker = f"w-{number // 2 % WORKERS}"
        given = "Ona" if worker == "w-0" else "Jonas"
        value = PersonName(given=given, family="Petraitis" if number % 3 else "Kazlauskas")
        yield worker, f"person-{person}", NameAdded(person=person, name=an_id(3 * 10**6 + number), value=value)
        if number % 2 == 0:
            kind = CaseKind.TRAFFICKING if number % 4 else CaseKind.FAMILY_SUPPORT
            opened = CaseOpened(case=case, kind=kind, channel=Channel.WALK_IN, person=person, occurred=DAY)
            yield worker, f"case-{case}", opened
            yield worker, f"case-{case}", CaseAssigned(case=case, worker=worker, occurred=DAY)
        else:
            kin = RelationshipKind.SIBLING
            yield (
                worker,
                f"relationship-{tie}",
                RelationshipRecorded(
                    relationship=tie, person=an_id(number - 1), relative=person, kind=kin, inverse=kin
                ),
            )


@pytest.fixture(scope="module")
def centres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Searching, Searching]]:
    """A small one, and a large one."""
    both = []
    for size in (SMALL, LARGE):
        centre = Searching(tmp_path_factory.mktemp("searching"))
        centre.happened(facts(size))
        both.append(centre)
    yield both[0], both[1]
    for centre in both:
        centre.close()


ASKERS = {"a supervisor": who("s-1", Role.SUPERVISOR), "a worker": who("w-1"), "on duty": who("d-1", Role.DUTY_OFFICER)}
QUESTIONS: dict[str, Query[Any]] = {
    "a common word": SearchPersons(name="jonas", limit=LIMIT),
    "a common word, last page": SearchPersons(name="jonas", limit=LIMIT, after=20),
    "two words": SearchPersons(name="Jonas Petraitis", limit=LIMIT),
    "a common word of others": SearchPersons(name="Ona", limit=LIMIT),
    "nobody": SearchPersons(name="Xyzzy", limit=LIMIT),
    "cases": ListCases(limit=LIMIT),
    "cases, last page": ListCases(limit=LIMIT, after=20),
    "cases of a kind": ListCases(limit=LIMIT, kind=CaseKind.TRAFFICKING),
    "cases of a worker": ListCases(limit=LIMIT, worker="w-1"),
    "cases of a person": ListCases(limit=LIMIT, person=an_id(2)),
}


def work_of(centres: tuple[Searching, Searching], query: Query[Any], asker: Origin) -> tuple[int, int]:
    """What it takes in the small one, and in the large one."""
    small, large = (centre.work(lambda centre=centre: centre.ask(query, asker)) for centre in centres)
    return small, large


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("asker", ASKERS)
def test_a_page_is_as_much_work_in_a_centre_of_ten_times_the_size(
    centres: tuple[Searching, Searching], question: str, asker: str
) -> None:
    small, large = work_of(centres, QUESTIONS[question], ASKERS[asker])
    assert 0 < large < small * 1.3


def test_how_many_cases_another_has_makes_no_difference(centres: tuple[Searching, Searching]) -> None:
    theirs = {"w-0": ListCases(worker="w-0", limit=LIMIT), "nobody": ListCases(worker="w-99", limit=LIMIT)}
    many, none = (centres[1].work(lambda query=query: centres[1].ask(query, who("w-1"))) for query in theirs.values())
    assert many == none


def test_reviews_that_were_missed_are_found_without_reading_all_cases(centres: tuple[Searching, Searching]) -> None:
    small, large = work_of(centres, ListCases(review_missed=True), ASKERS["a supervisor"])
    assert 0 < large < small * 1.3


def test_the_count_would_notice_what_is_read_and_not_shown(centres: tuple[Searching, Searching]) -> None:
    """Whoever asks for all of them makes the more work the more there are."""
    small, large = work_of(centres, SearchPersons(name="jonas", limit=500), ASKERS["a supervisor"])
    assert large > small * 4


def test_nobody_of_many_bearers_is_found_by_who_knows_of_none(centres: tuple[Searching, Searching]) -> None:
    assert len(centres[1].ask(SearchPersons(name="Ona"), ASKERS["a supervisor"]).persons) == 50
    assert centres[1].ask(SearchPersons(name="Ona"), ASKERS["a worker"]).persons == ()


def test_what_is_kept_of_somebody_does_not_grow_with_their_cases(tmp_path: Path) -> None:
    """Each event about them reads it, and writes it again."""
    longest = []
    for count in (3, 300):
        centre, person = Searching(tmp_path / str(count)), an_id(1)
        cases = [an_id(10**6 + number) for number in range(count)]
        kind, channel = CaseKind.FAMILY_SUPPORT, Channel.WALK_IN
        centre.happened(
            ("w-1", f"case-{case}", CaseOpened(case=case, kind=kind, channel=channel, person=person, occurred=DAY))
            for case in cases
        )
        centre.happened(
            ("w-1", f"case-{case}", CaseAssigned(case=case, worker=f"w-{number % 3}", occurred=DAY))
            for number, case in enumerate(cases)
        )
        longest.append(max(len(str(row)) for rows in centre.rows(PersonSearch).values() for row in rows))
        centre.close()
    assert longest[1] <= longest[0] + 20  # digits of counts

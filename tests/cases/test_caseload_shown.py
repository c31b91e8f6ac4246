"""Caseloads: the open cases of each worker, and what waits in them."""

from __future__ import annotations

from datetime import date

from services.cases.case.closing import CaseClosed, CaseReopened, OpenItemKept, OpenItemKind, OpenItemSettled
from services.cases.case.intake import CaseAssigned, CaseOpened, Channel
from services.cases.case.record import CaseKind, Outcome
from services.cases.case.review import ReviewMissed
from shared.messages import Event
from tests.cases.centre import Centre
from tests.cases.centre import centre as centre
from tests.cases.examples import (
    CASE,
    DAY,
    PERSON,
    SIGHTING,
    an_id,
    assessed,
    assigned,
    opened,
)


def a_case(number: int, worker: str | None, kind: CaseKind = CaseKind.TRAFFICKING) -> tuple[Event, ...]:
    case = an_id(number)
    facts: tuple[Event, ...] = (CaseOpened(case=case, kind=kind, channel=Channel.WALK_IN, person=PERSON, occurred=DAY),)
    return (*facts, CaseAssigned(case=case, worker=worker, occurred=DAY)) if worker else facts


def test_the_caseload_counts_the_open_cases_of_each_worker(centre: Centre) -> None:
    centre.happened(
        *a_case(210, "w-1"), *a_case(211, "w-1", CaseKind.MISSING_PERSON), *a_case(212, "w-2"), *a_case(213, None)
    )
    loads = centre.caseloads().caseloads
    assert [(load.worker, load.cases, load.trafficking, load.missing_person) for load in loads] == [
        (None, 1, 1, 0),
        ("w-1", 2, 1, 1),
        ("w-2", 1, 1, 0),
    ]


def test_the_caseload_says_what_waits(centre: Centre) -> None:
    centre.happened(
        opened(),
        assigned(),
        assessed(date(2008, 12, 5)),
        OpenItemKept(case=CASE, item=SIGHTING, kind=OpenItemKind.SIGHTING, occurred=DAY),
    )
    (load,) = centre.caseloads(worker="w-1").caseloads
    assert (load.next_review, load.open_items, load.reviews_missed) == (date(2008, 12, 5), 1, 0)
    centre.happened(
        ReviewMissed(case=CASE, due=date(2008, 12, 5)),
        OpenItemSettled(case=CASE, item=SIGHTING, occurred=DAY),
    )
    (load,) = centre.caseloads(worker="w-1").caseloads
    assert (load.open_items, load.reviews_missed) == (0, 1)


def test_a_closed_case_is_nobody_s_work_until_it_is_reopened(centre: Centre) -> None:
    closed = CaseClosed(case=CASE, outcome=Outcome.NEEDS_MET, asked_by="w-1", approved_by="w-2", occurred=DAY)
    centre.happened(opened(), assigned(), closed)
    assert centre.caseloads().caseloads == ()
    centre.happened(CaseReopened(case=CASE, person=PERSON, worker="w-4", grounds="x", occurred=DAY))
    assert [load.worker for load in centre.caseloads().caseloads] == ["w-4"]


def test_caseloads_are_shown_page_by_page(centre: Centre) -> None:
    for number in range(5):
        centre.happened(*a_case(220 + number, f"w-{number}"))
    first = centre.caseloads(limit=3)
    second = centre.caseloads(limit=3, after=first.next)
    assert [load.worker for load in (*first.caseloads, *second.caseloads)] == [f"w-{n}" for n in range(5)]
    assert second.next is None

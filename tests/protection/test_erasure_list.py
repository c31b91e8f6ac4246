"""The list of erasures says where each stands, also of those whose request the log does not hold any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from services import protection
from services.protection.erasure import (
    EntryShredded,
    ErasureApproved,
    ErasureEvent,
    ErasureFailed,
    ErasureRequested,
    Ground,
    PersonForgotten,
)
from services.protection.projections import ErasureRow, ListErasures
from shared.messages import Role
from tests.assembled import Assembled

ERASURE, PERSON, SAME_PERSON = (str(uuid4()) for _ in range(3))
REQUESTED = ErasureRequested(erasure=ERASURE, subject=PERSON, ground=Ground.OBJECTION, asked_by="dpo-1")
APPROVED = ErasureApproved(erasure=ERASURE, subject=PERSON, subjects=(PERSON, SAME_PERSON))
FORGOTTEN = PersonForgotten(erasure=ERASURE, subject=PERSON, destroyed=(), kept=())
FORGOTTEN_TOO = PersonForgotten(erasure=ERASURE, subject=SAME_PERSON, destroyed=(), kept=())


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Assembled]:
    assembled = Assembled(tmp_path, [protection.context])
    yield assembled
    assembled.close()


def listed(centre: Assembled, *events: ErasureEvent) -> ErasureRow:
    centre.record(f"erasure-{ERASURE}", *events)
    (row,) = centre.ask(ListErasures(), Role.AUDITOR).erasures
    assert isinstance(row, ErasureRow)
    return row


def test_an_erasure_is_done_once_every_linked_record_is_certified(centre: Assembled) -> None:
    assert listed(centre, REQUESTED).stage == "requested"
    assert listed(centre, APPROVED).stage == "approved"
    assert listed(centre, FORGOTTEN).stage == "approved"
    done = listed(centre, FORGOTTEN_TOO)
    assert (done.stage, done.certificate_position, done.restored) == ("done", 4, False)


def test_one_that_failed_for_a_linked_record_is_asked_for_again(centre: Assembled) -> None:
    failed = listed(
        centre, REQUESTED, APPROVED, FORGOTTEN, ErasureFailed(erasure=ERASURE, subject=SAME_PERSON, why="A new record.")
    )
    assert (failed.stage, failed.why_failed) == ("requested", "A new record.")
    again = APPROVED.model_copy(update={"subjects": (PERSON, SAME_PERSON)})
    assert listed(centre, again, FORGOTTEN, FORGOTTEN_TOO).stage == "done"


def test_one_that_failed_is_not_done_by_the_certificate_of_a_linked_record(centre: Assembled) -> None:
    failed = ErasureFailed(erasure=ERASURE, subject=PERSON, why="A new record.")
    assert listed(centre, REQUESTED, APPROVED, failed, FORGOTTEN_TOO).stage == "requested"


@pytest.mark.parametrize(
    "certificate",
    [
        FORGOTTEN.model_copy(update={"restored": True}),
        EntryShredded(erasure=ERASURE, subject=PERSON, destroyed=(), restored=True),
    ],
)
def test_one_whose_request_is_in_no_log_any_more_is_listed_by_its_certificate(
    centre: Assembled, certificate: ErasureEvent
) -> None:
    row = listed(centre, certificate)
    assert (row.subject, row.stage, row.restored, row.certificate_position) == (PERSON, "done", True, 1)
    assert (row.ground, row.asked_by, row.requested_at) == (None, None, None)


def test_one_that_was_asked_for_and_done_again_after_a_restore_says_both(centre: Assembled) -> None:
    row = listed(centre, REQUESTED, FORGOTTEN.model_copy(update={"restored": True}))
    assert (row.stage, row.restored, row.ground) == ("done", True, "objection")

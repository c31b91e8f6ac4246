"""Erasure takes two people, and says what it did."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.protection.erasure import (
    ApproveErasure,
    EntryShredded,
    ErasureApproved,
    ErasureFailed,
    ErasureRefused,
    ErasureRequested,
    Ground,
    KeyErased,
    PersonForgotten,
    RecordErasure,
    RecordErasureFailed,
    RefuseErasure,
    RequestErasure,
    RequestShredding,
    Stage,
    erasure,
)
from shared.privacy.personal import Retention
from shared.testing import given

KEY = str(UUID(int=1))
PERSON = str(UUID(int=2))
SAME_PERSON = str(UUID(int=3))
NOTE = str(UUID(int=4))

requested = ErasureRequested(erasure=KEY, subject=PERSON, ground=Ground.OBJECTION, asked_by="dpo-1")
approved = ErasureApproved(erasure=KEY, subject=PERSON, subjects=(PERSON, SAME_PERSON))
gone = (KeyErased(key="00", subject=PERSON, keep=Retention.IDENTITY, record=f"person-{PERSON}"),)
forgotten = PersonForgotten(erasure=KEY, subject=PERSON, destroyed=gone, kept=())


def record(subject: str = PERSON, **more: object) -> RecordErasure:
    return RecordErasure.model_validate(
        {"erasure": KEY, "subject": subject, "whole_person": True, "destroyed": gone, **more}
    )


def test_a_request_names_the_person_the_ground_and_who_asked() -> None:
    given(erasure).when(RequestErasure(erasure=KEY, subject=PERSON, ground=Ground.OBJECTION), by="dpo-1").then(
        requested
    )


def test_a_request_that_was_made_is_not_made_again() -> None:
    given(erasure, requested).when(RequestErasure(erasure=KEY, subject=PERSON, ground=Ground.OBJECTION)).then()


def test_a_whole_person_is_never_in_the_wrong_file() -> None:
    wrong = RequestErasure(erasure=KEY, subject=PERSON, ground=Ground.WRONG_FILE)
    given(erasure).when(wrong).refused("wrong-file-is-for-entries")


def test_one_entry_can_be_asked_for_alone() -> None:
    given(erasure).when(RequestShredding(erasure=KEY, subject=PERSON, record=NOTE), by="w-1").then(
        ErasureRequested(erasure=KEY, subject=PERSON, record=NOTE, ground=Ground.WRONG_FILE, asked_by="w-1")
    )


def test_a_second_person_approves_all_that_the_dry_run_named() -> None:
    approve = ApproveErasure(erasure=KEY, subjects=(PERSON, SAME_PERSON))
    given(erasure, requested).when(approve, by="s-1").then(approved)


def test_nobody_approves_what_they_asked_for() -> None:
    given(erasure, requested).when(ApproveErasure(erasure=KEY, subjects=(PERSON,)), by="dpo-1").refused("second-person")


def test_an_approval_covers_the_person_who_was_asked_about() -> None:
    approve = ApproveErasure(erasure=KEY, subjects=(SAME_PERSON,))
    given(erasure, requested).when(approve, by="s-1").refused("approve-what-was-shown")


def test_what_was_refused_is_not_approved_later() -> None:
    refused = ErasureRefused(erasure=KEY, subject=PERSON)
    given(erasure, requested).when(RefuseErasure(erasure=KEY), by="s-1").then(refused)
    given(erasure, requested, refused).when(ApproveErasure(erasure=KEY, subjects=(PERSON,)), by="s-1").refused(
        "not-open"
    )


def test_an_erasure_that_nobody_asked_for_is_not_there() -> None:
    given(erasure).when(ApproveErasure(erasure=KEY, subjects=(PERSON,))).refused("not-found")
    given(erasure).when(record()).refused("not-found")


def test_nothing_is_recorded_as_destroyed_before_it_was_approved() -> None:
    given(erasure, requested).when(record()).then()


def test_what_the_key_store_destroyed_is_certified_for_each_person() -> None:
    given(erasure, requested, approved).when(record()).then(forgotten)
    assert given(erasure, requested, approved, forgotten).state().stage is Stage.APPROVED
    other = PersonForgotten(erasure=KEY, subject=SAME_PERSON, destroyed=(), kept=())
    assert given(erasure, requested, approved, forgotten, other).state().stage is Stage.DONE


def test_a_certificate_is_written_once() -> None:
    given(erasure, requested, approved, forgotten).when(record()).then()


def test_a_shredded_entry_has_a_certificate_of_its_own() -> None:
    entry = ErasureRequested(erasure=KEY, subject=PERSON, record=NOTE, ground=Ground.WRONG_FILE, asked_by="w-1")
    agreed = ErasureApproved(erasure=KEY, subject=PERSON, subjects=(PERSON,), record=NOTE)
    given(erasure, entry, agreed).when(record(whole_person=False)).then(
        EntryShredded(erasure=KEY, subject=PERSON, destroyed=gone)
    )


def test_an_erasure_that_failed_can_be_approved_anew() -> None:
    failed = ErasureFailed(erasure=KEY, subject=PERSON, why="new records")
    given(erasure, requested, approved).when(RecordErasureFailed(erasure=KEY, subject=PERSON, why="new records")).then(
        failed
    )
    anew = ApproveErasure(erasure=KEY, subjects=(PERSON, SAME_PERSON))
    given(erasure, requested, approved, failed).when(anew, by="dpo-1").refused("second-person")
    given(erasure, requested, approved, failed).when(anew, by="s-1").then(approved)


def test_what_was_destroyed_of_a_linked_record_is_certified_though_another_failed_before_it() -> None:
    failed = ErasureFailed(erasure=KEY, subject=PERSON, why="new records")
    other = PersonForgotten(erasure=KEY, subject=SAME_PERSON, destroyed=gone, kept=())
    given(erasure, requested, approved, failed).when(record(SAME_PERSON)).then(other)
    assert given(erasure, requested, approved, failed, other).state().stage is Stage.REQUESTED
    assert given(erasure, requested, approved, failed, other, approved, forgotten, other).state().stage is Stage.DONE


@pytest.mark.parametrize("history", [(), (requested, approved, forgotten)], ids=["older log", "same log"])
def test_after_a_restore_the_certificate_is_written_again(history: tuple[ErasureRequested, ...]) -> None:
    given(erasure, *history).when(record(restored=True)).then(
        PersonForgotten(erasure=KEY, subject=PERSON, destroyed=gone, kept=(), restored=True)
    )

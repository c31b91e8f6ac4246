"""Who sees which personal values."""

from __future__ import annotations

import pytest

from services.gateway.contexts import registry
from services.gateway.need_to_know import CLOSED, OWN_WORK, may_see
from shared.messages import Origin, Role
from shared.privacy.personal import Place


def sees(role: Role, type_name: str) -> bool:
    return may_see(Origin("w-1", frozenset({role})), Place("stream", "id", type_name, "text", "subject"))


@pytest.mark.parametrize(
    ("role", "type_name"),
    [
        (Role.CAMPAIGNER, "campaigns.AdvocacyActionTaken"),
        (Role.PROJECT_MANAGER, "campaigns.JointWorkDone"),
        (Role.ACCOUNTANT, "projects.ExpenseRecorded"),
        (Role.PROJECT_MANAGER, "projects.FunderRegistered"),
        (Role.SUPERVISOR, "campaigns.AdvocacyActionTaken"),
        (Role.DATA_PROTECTION_OFFICER, "projects.ExpenseRecorded"),
        (Role.CASEWORKER, "cases.NoteAdded"),
        (Role.SHELTER_MANAGER, "rehabilitation.GoalSet"),
        (Role.LAWYER, "rehabilitation.CounselNoteKept"),
        (Role.PSYCHOLOGIST, "rehabilitation.PsychologistNoteKept"),
    ],
)
def test_who_works_with_something_reads_it(role: Role, type_name: str) -> None:
    assert sees(role, type_name)


@pytest.mark.parametrize(
    ("role", "type_name"),
    [
        (Role.CAMPAIGNER, "cases.NoteAdded"),
        (Role.CAMPAIGNER, "projects.ExpenseRecorded"),
        (Role.ACCOUNTANT, "campaigns.AdvocacyActionTaken"),
        (Role.ACCOUNTANT, "rehabilitation.GoalSet"),
        (Role.CASEWORKER, "projects.ExpenseRecorded"),
        (Role.AUDITOR, "campaigns.AdvocacyActionTaken"),
        (Role.ANALYST, "cases.NoteAdded"),
        (Role.ADMINISTRATOR, "cases.NoteAdded"),
    ],
)
def test_nobody_else_does(role: Role, type_name: str) -> None:
    assert not sees(role, type_name)


@pytest.mark.parametrize("role", sorted(Role))
@pytest.mark.parametrize("type_name", sorted(CLOSED))
def test_closed_notes_open_for_their_own_profession_alone(role: Role, type_name: str) -> None:
    assert sees(role, type_name) == (role in CLOSED[type_name])


def test_the_table_names_contexts_and_events_that_there_are() -> None:
    known = registry()
    assert {context.name for context in known.contexts} >= set(OWN_WORK)
    assert known.event_classes().keys() >= CLOSED.keys()

"""The safety sheet: whom to call, and what never to do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.audit.access import AccessLog
from services.cases.case.assessment import AssessmentCorrected, RiskFactor, RiskLevel
from services.cases.case.notes import EntryRetracted
from services.cases.case.record import EntryKind
from services.cases.disappearance.finding import WishesRecorded
from services.cases.disappearance.record import FoundAs, Learns
from services.cases.disappearance.reporting import ImplicatedCleared
from services.cases.link import RecordsLinked
from services.cases.person.names import PersonName
from services.cases.projections.person_files import GetPerson
from services.cases.projections.safety_sheet import GetSafetySheet
from services.cases.relationship import (
    RelationshipEnded,
    RelationshipKind,
)
from shared.errors import Forbidden, NotFound, Unavailable
from shared.eventstore.sqlite import open_store
from shared.messages import Origin, Role
from shared.privacy.personal import Retention
from shared.privacy.port import KeyName
from shared.projections.declaration import Redacted
from shared.projections.read_models import ReadModels
from tests.cases.centre import AGREED, IMPLICATED, LINKED, TWIN, Centre, named, sibling
from tests.cases.centre import centre as centre
from tests.cases.examples import (
    ASSESSMENT,
    CASE,
    DAY,
    NAME,
    PERSON,
    SISTER,
    an_id,
    assessed,
    assigned,
    opened,
    registered,
)
from tests.cases.missing import BROTHER, DISAPPEARANCE, FOUND, STRANGER, published
from tests.cases.test_relationship import RELATIONSHIP, SIBLINGS


def test_the_sheet_says_whom_to_call_and_what_never_to_do(centre: Centre) -> None:
    reached = AGREED.model_copy(update={"person": SISTER, "code_word": "bread"})
    centre.happened(opened(), assigned(), assessed(), named(PERSON, "Rūta"), AGREED)
    centre.happened(SIBLINGS, named(SISTER, "Ona"), reached)
    sheet = centre.sheet()
    assert (sheet.worker, sheet.person.names[0].value) == ("w-1", PersonName(given="Rūta"))
    assert sheet.person.treated_as_child
    assert sheet.person.safe_contact is not None
    assert sheet.person.safe_contact.code_word == "the library"
    assert sheet.person.safe_contact.never == ("+370 600 11111",)
    assert sheet.danger is not None
    assert (sheet.danger.level, sheet.danger.factors) == (RiskLevel.HIGH, (RiskFactor.THREATS,))
    (ona,) = sheet.may_be_called
    assert (ona.kind, ona.relative.person) == (RelationshipKind.SIBLING, SISTER)
    assert ona.relative.safe_contact is not None
    assert ona.relative.safe_contact.code_word == "bread"


def test_who_may_be_the_danger_is_not_among_those_who_may_be_called(centre: Centre) -> None:
    centre.happened(opened(), *published(), SIBLINGS, sibling(202, BROTHER), IMPLICATED)
    sheet = centre.sheet()
    assert [one.person for one in sheet.never_tell] == [BROTHER]
    assert [one.relative.person for one in sheet.may_be_called] == [SISTER]
    centre.happened(ImplicatedCleared(disappearance=DISAPPEARANCE, person=PERSON, suspect=BROTHER, occurred=DAY))
    assert len(centre.sheet().may_be_called) == 2


def test_another_record_of_who_may_be_the_danger_is_not_called_either(centre: Centre) -> None:
    same = RecordsLinked(link=an_id(83), first=STRANGER, second=BROTHER, grounds="Same passport.", occurred=DAY)
    centre.happened(opened(), *published(), sibling(202, STRANGER), IMPLICATED, same)
    assert centre.sheet().may_be_called == ()
    assert {one.person for one in centre.sheet().never_tell} == {BROTHER, STRANGER}


def test_what_is_said_of_another_record_of_the_person_holds_for_them(centre: Centre) -> None:
    of_twin = AGREED.model_copy(update={"person": TWIN, "never": ("the uncle",)})
    centre.happened(opened(), of_twin, sibling(203, SISTER, person=TWIN), LINKED)
    sheet = centre.sheet()
    assert [one.safe_contact.never for one in sheet.linked if one.safe_contact] == [("the uncle",)]
    assert [one.relative.person for one in sheet.may_be_called] == [SISTER]


def test_nobody_is_called_on_the_strength_of_what_is_over(centre: Centre) -> None:
    centre.happened(opened(), SIBLINGS)
    centre.happened(RelationshipEnded(relationship=RELATIONSHIP, person=PERSON, relative=SISTER, occurred=DAY))
    assert centre.sheet().may_be_called == ()


def test_the_sheet_shows_the_last_assessment_that_stands(centre: Centre) -> None:
    later = assessed().model_copy(update={"assessment": an_id(84), "level": RiskLevel.LOW})
    corrected = AssessmentCorrected.model_validate(later.model_dump() | {"level": "medium"})
    centre.happened(opened(), assessed(), later, corrected)
    danger = centre.sheet().danger
    assert danger is not None
    assert danger.level is RiskLevel.MEDIUM
    centre.happened(EntryRetracted(case=CASE, entry=an_id(84), kind=EntryKind.ASSESSMENT, about=PERSON))
    danger = centre.sheet().danger
    assert danger is not None
    assert danger.level is RiskLevel.HIGH


def test_the_sheet_says_what_the_family_may_learn_of_somebody_found(centre: Centre) -> None:
    wishes = WishesRecorded(disappearance=DISAPPEARANCE, person=PERSON, family_learns=Learns.ALIVE, occurred=DAY)
    centre.happened(opened(), *published(), FOUND)
    assert [(one.found, one.family_learns) for one in centre.sheet().searches] == [(FoundAs.ALIVE, None)]
    centre.happened(wishes)
    assert centre.sheet().searches[0].family_learns is Learns.ALIVE


def test_the_sheet_of_a_forgotten_person_says_that_and_nothing_else(centre: Centre) -> None:
    centre.happened(opened(), assessed(), named(PERSON, "Rūta"), AGREED)
    keys = [
        KeyName(PERSON, Retention.IDENTITY, NAME),
        KeyName(PERSON, Retention.CONTACT, f"person-{PERSON}"),
        KeyName(PERSON, Retention.CASE_FILE, ASSESSMENT),
    ]
    centre.vault.keys.forget(PERSON, destroy=keys, keep=[], certificate="c", at=datetime(2026, 1, 1, tzinfo=UTC))
    sheet, forgotten = centre.sheet(), Redacted(hidden="forgotten")
    assert sheet.person.names[0].value == forgotten
    assert sheet.person.safe_contact is not None
    assert sheet.person.safe_contact.never == forgotten
    assert sheet.danger is not None
    assert sheet.danger.level == forgotten


def test_whom_a_forgotten_person_has_barred_is_not_called_and_not_named(centre: Centre) -> None:
    of_twin = AGREED.model_copy(update={"person": TWIN, "never_tell": (BROTHER,)})
    centre.happened(opened(), of_twin, LINKED, SIBLINGS, sibling(202, BROTHER))
    assert [one.person for one in centre.sheet().never_tell] == [BROTHER]
    keys = [KeyName(TWIN, Retention.CONTACT, f"person-{TWIN}")]
    centre.vault.keys.forget(TWIN, destroy=keys, keep=[], certificate="c", at=datetime(2026, 1, 1, tzinfo=UTC))
    sheet = centre.sheet()
    assert [one.relative.person for one in sheet.may_be_called] == [SISTER]
    assert sheet.never_tell == ()


def test_a_case_without_anything_has_a_sheet_that_warns(centre: Centre) -> None:
    centre.happened(opened())
    sheet = centre.sheet()
    assert (sheet.danger, sheet.person.safe_contact, sheet.worker, sheet.closed) == (None, None, None, False)
    with pytest.raises(NotFound):
        centre.ask(GetSafetySheet(case=an_id(85)), Role.DUTY_OFFICER)
    with pytest.raises(Forbidden):
        centre.sheet(Role.ACCOUNTANT)


def test_the_sheet_opens_even_if_the_access_log_fails_and_the_record_waits_in_a_spool(
    centre: Centre, tmp_path: Path
) -> None:
    centre.happened(opened(), registered(), named(PERSON, "Rūta"))
    centre.projector.catch_up()
    access = open_store(tmp_path / "access")
    spool = tmp_path / "access.spool"
    disclosures = AccessLog(lambda: access, centre.vault, spool)
    on_record = ReadModels(centre.engine, centre.projections, centre.vault, disclosures=disclosures)
    access.close()
    officer = Origin("d-1", frozenset({Role.DUTY_OFFICER, Role.CASEWORKER}))
    sheet = on_record.ask(GetSafetySheet(case=CASE), officer).answer
    assert sheet.person.names[0].value == PersonName(given="Rūta")
    assert b"cases.GetSafetySheet" in spool.read_bytes() and b"d-1" in spool.read_bytes()
    with pytest.raises(Unavailable):
        on_record.ask(GetPerson(person=PERSON), officer)

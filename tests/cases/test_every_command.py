"""What every command respects: nothing without a beginning, nothing of tomorrow, no new work on what is closed."""

from __future__ import annotations

from datetime import date

import pytest

from services.cases.case import case
from services.cases.case.assessment import RiskLevel
from services.cases.case.closing import CaseClosed, OpenItemKind
from services.cases.case.indicators import RecordIndicators
from services.cases.case.intake import Channel
from services.cases.case.plan import AgreePlan
from services.cases.case.record import CaseKind, Outcome
from services.cases.case.support import Recipient
from services.cases.htcds import StatusDecidedBy, TraffickingStatus
from services.cases.person import person
from services.cases.person.age import AgeBasis, BirthSource
from services.cases.person.channels import ChannelKind
from services.cases.person.names import PersonName, RegisterPerson
from services.cases.person.record import Purpose
from services.cases.referral import referral
from services.cases.referral.disclosure import StopReason, StopSharing
from services.cases.vocabulary import RecipientKind, ServiceKind
from shared.messages import Command, union_members
from shared.testing import given
from tests.cases.examples import (
    ASSESSMENT,
    CASE,
    CONSENT,
    DAY,
    DOCUMENT,
    INDICATORS,
    NAME,
    NOTE,
    PERSON,
    PLAN,
    REFERRAL,
    SISTER,
    SUPPORT,
    assessed,
    opened,
    referral_made,
)

VALUES = {
    "case": CASE,
    "person": PERSON,
    "about": PERSON,
    "worker": "w-2",
    "giver": "w-1",
    "member": "law-2",
    "message": NOTE,
    "disappearance": NOTE,
    "by_means": ChannelKind.PHONE,
    "kind": {
        "OpenCase": CaseKind.TRAFFICKING,
        "CorrectOpening": CaseKind.TRAFFICKING,
        "GiveSupport": ServiceKind.CRISIS,
        "CorrectSupport": ServiceKind.CRISIS,
        "KeepOpenItem": OpenItemKind.REFERRAL,
    },
    "channel": Channel.WALK_IN,
    "recipient": {
        "GiveSupport": Recipient.VICTIM,
        "CorrectSupport": Recipient.VICTIM,
        "GiveConsent": "police",
        "RestOnConsent": None,
        "CheckRecipient": SISTER,
        "BarRecipient": SISTER,
        "UnbarRecipient": SISTER,
    },
    "minutes": 30,
    "support": SUPPORT,
    "note": NOTE,
    "entry": NOTE,
    "item": REFERRAL,
    "referral": REFERRAL,
    "assessment": ASSESSMENT,
    "indicators": INDICATORS,
    "plan": PLAN,
    "name": NAME,
    "document": DOCUMENT,
    "consent": CONSENT,
    "value": PersonName(given="Rūta"),
    "birth": "1990",
    "source": BirthSource.DOCUMENT,
    "adult": True,
    "basis": AgeBasis.COURT,
    "details": "passport",
    "channels": (),
    "purpose": {"GiveConsent": Purpose.SHARING, "RecordIndicators": ()},
    "to": RecipientKind.POLICE,
    "until": date(2009, 9, 1),
    "decision": "court",
    "level": RiskLevel.LOW,
    "factors": (),
    "status": TraffickingStatus.POSSIBLE,
    "decided_by": StatusDecidedBy.NGO,
    "aims": ("A room",),
    "text": "words",
    "findings": "words",
    "summary": "words",
    "grounds": "words",
    "outcome": Outcome.NEEDS_MET,
    "review_due": date(2008, 9, 8),
    "due": date(2008, 9, 8),
    "occurred": DAY,
}
CLOSED = CaseClosed(case=CASE, outcome=Outcome.NEEDS_MET, asked_by="w-1", approved_by="w-2", occurred=DAY)
NEW_WORK = {"AssignCase", "HandOverCase", "AssessRisk", "CorrectAssessment", "RecordIndicators", "AgreePlan"} | {
    *("GiveSupport", "AddNote", "HoldReview", "AskToClose")
}


def example(kind: type[Command], **changes: object) -> Command:
    """A command of this kind, as somebody might send it."""
    stated = {}
    for field in kind.model_fields.keys() & VALUES.keys():
        value = VALUES[field]
        stated[field] = value[kind.__name__] if isinstance(value, dict) else value
    return kind.model_validate(stated | changes)


CASE_COMMANDS, PERSON_COMMANDS = union_members(case.commands), union_members(person.commands)


@pytest.mark.parametrize("kind", [kind for kind in CASE_COMMANDS if kind.__name__ != "OpenCase"])
def test_nothing_happens_to_a_case_that_was_never_opened(kind: type[Command]) -> None:
    given(case).when(example(kind)).refused("not-found")


@pytest.mark.parametrize("kind", [kind for kind in PERSON_COMMANDS if kind is not RegisterPerson])
def test_nothing_is_recorded_of_a_person_who_was_never_registered(kind: type[Command]) -> None:
    given(person).when(example(kind)).refused("not-found")


@pytest.mark.parametrize("kind", [kind for kind in CASE_COMMANDS if kind.__name__ in NEW_WORK])
def test_a_closed_case_takes_no_new_work(kind: type[Command]) -> None:
    given(case, opened(), assessed(), CLOSED).when(example(kind)).refused("case-is-closed")


@pytest.mark.parametrize("kind", [kind for kind in CASE_COMMANDS if "occurred" in kind.model_fields])
def test_nothing_in_a_case_is_of_tomorrow(kind: type[Command]) -> None:
    history = () if kind.__name__ == "OpenCase" else (opened(), assessed())
    tomorrow = example(kind, occurred="2008-10-03")
    given(case, *history).when(tomorrow).refused("not-in-the-future")


def test_the_kinds_of_new_work_are_all_there() -> None:
    assert {kind.__name__ for kind in CASE_COMMANDS} >= NEW_WORK


def test_a_plan_is_about_the_person_of_the_case_and_its_id_is_used_once() -> None:
    plan = example(AgreePlan)
    history = (opened(), assessed())
    given(case, *history).when(example(AgreePlan, person=SISTER)).refused("about-the-person-of-the-case")
    given(case, *history, *given(case, *history).when(plan).events).when(plan).refused("entry-id-taken")


def test_the_id_of_indicators_is_used_once() -> None:
    indicators = example(RecordIndicators)
    recorded = given(case, opened()).when(indicators).events
    given(case, opened(), *recorded).when(indicators).refused("entry-id-taken")


def test_a_corrected_assessment_is_reviewed_in_time_too() -> None:
    correction = next(kind for kind in CASE_COMMANDS if kind.__name__ == "CorrectAssessment")
    late = example(correction, review_due=date(2010, 1, 1))
    given(case, opened(), assessed()).when(late).refused("review-in-time")


def test_a_person_is_not_registered_with_an_empty_name() -> None:
    given(person).when(example(RegisterPerson, value=PersonName())).refused("name-is-not-empty")


def test_sharing_does_not_stop_tomorrow() -> None:
    stop = StopSharing(referral=REFERRAL, reason=StopReason.CONSENT_WITHDRAWN, occurred="2008-10-03")
    given(referral, referral_made()).when(stop).refused("not-in-the-future")

"""Plan: what the person and the centre agree to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from services.cases.case.assessment import LATEST_REVIEW
from services.cases.case.record import (
    Case,
    CaseCommand,
    CaseEvent,
    EntryKind,
    PersonOfCase,
    ReviewDue,
    must_be_about,
    must_be_new,
    must_be_open,
)
from services.cases.vocabulary import CASE_TEAM, EntryId, PersonId, Text
from shared.dates import Occurred, latest, must_have_happened
from shared.errors import DomainError
from shared.messages import new_id
from shared.privacy.personal import About, Hidden


class AgreePlan(CaseCommand, route="POST /cases/{case}/plan", roles=CASE_TEAM):
    """Agree with the person what will be done. A later plan takes the place of the one before."""

    plan: EntryId = new_id()
    person: PersonOfCase
    aims: Annotated[
        tuple[Text, ...],
        About("person", record="plan"),
        Field(min_length=1, description="What is agreed", examples=[["A safe place to sleep", "New identity papers"]]),
    ]
    review_due: ReviewDue
    occurred: Occurred


class PlanAgreed(CaseEvent):
    """A plan was agreed."""

    plan: EntryId
    person: PersonId
    aims: Annotated[tuple[str, ...] | Hidden, About("person", record="plan")]
    review_due: date
    occurred: Occurred


Commands = AgreePlan
Events = PlanAgreed


def decide(command: Commands, state: Case) -> Sequence[Events]:
    """A plan, if it rests on an assessment and is looked at again."""
    must_be_open(state)
    must_have_happened(command.occurred, command.now)
    must_be_about(command.person, state)
    must_be_new(state, command.plan)
    if not state.has(EntryKind.ASSESSMENT):
        raise DomainError(
            "A plan rests on an assessment, and this case has none: assess the risk first.",
            rule="plan-needs-assessment",
        )
    agreed = latest(command.occurred)
    if not timedelta(0) < command.review_due - agreed <= LATEST_REVIEW:
        raise DomainError(
            f"A plan is reviewed after it is agreed ({command.occurred}), within {LATEST_REVIEW.days} days, not by "
            f"{command.review_due}: give a day between.",
            rule="review-after-plan",
        )
    if state.review_due is not None and agreed < state.review_due < command.review_due:
        raise DomainError(
            f"A plan puts off no review: this case is looked at again by {state.review_due}, and the plan says "
            f"{command.review_due}: give that day or an earlier one, or review the case first.",
            rule="plan-puts-off-no-review",
        )
    return [PlanAgreed(**command.stated())]


def evolve(state: Case, event: Events) -> Case:
    """The case with its plan."""
    entered = state.with_entry(event.plan, EntryKind.PLAN, event.person)
    return replace(entered, review_due=event.review_due, review_missed=False)

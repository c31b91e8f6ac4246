"""Review: a case is looked at again by its day, or it is on record that nobody did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.case.assessment import LATEST_REVIEW
from services.cases.case.record import (
    Case,
    CaseCommand,
    CaseEvent,
    PersonOfCase,
    ReviewDue,
    must_be_about,
    must_be_open,
)
from services.cases.vocabulary import CASE_TEAM, PersonId, Text
from shared.dates import Occurred, latest, must_have_happened, today
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Role
from shared.privacy.personal import About, Hidden


class HoldReview(CaseCommand, route="POST /cases/{case}/reviews", roles=CASE_TEAM):
    """Record that a case was reviewed, and by when it is reviewed next."""

    person: PersonOfCase
    findings: Annotated[
        Text, About("person"), Field(description="What the review found", examples=["The plan holds; papers arrived."])
    ]
    review_due: ReviewDue
    occurred: Occurred


class RecordReviewMissed(CaseCommand, roles=[Role.POLICY]):
    """Record that the day of a review has passed without one. Sent by the deadline, not by a person."""

    due: Annotated[date, Field(description="The day that passed", examples=["2008-10-09"])]


class ReviewHeld(CaseEvent):
    """A case was reviewed."""

    person: PersonId
    findings: Annotated[str | Hidden, About("person")]
    review_due: date
    occurred: Occurred


class ReviewMissed(CaseEvent):
    """The day of a review passed without one."""

    due: date


Commands = HoldReview | RecordReviewMissed
Events = ReviewHeld | ReviewMissed


def decide(command: Commands, state: Case) -> Sequence[Events]:
    """What follows from a command."""
    match command:
        case HoldReview():
            must_be_open(state)
            must_have_happened(command.occurred, command.now)
            must_be_about(command.person, state)
            if state.review_due is None:
                raise DomainError(
                    "A review looks again at an assessment or a plan, and this case has neither: assess it first.",
                    rule="nothing-to-review",
                )
            if not timedelta(0) < command.review_due - latest(command.occurred) <= LATEST_REVIEW:
                raise DomainError(
                    f"The next review comes after this one ({command.occurred}), within {LATEST_REVIEW.days} days, not "
                    f"by {command.review_due}: give a day between.",
                    rule="next-review-in-time",
                )
            return [ReviewHeld(**command.stated())]
        case RecordReviewMissed(case=case, due=due, now=now):
            must_exist(state.kind is not None, "case")
            overdue = due == state.review_due and due < today(now)
            if state.closed or state.review_missed or not overdue:
                return []
            return [ReviewMissed(case=case, due=due)]
        case _:
            assert_never(command)


def evolve(state: Case, event: Events) -> Case:
    """What a case is after an event."""
    match event:
        case ReviewHeld(review_due=due):
            return replace(state, review_due=due, review_missed=False)
        case ReviewMissed():
            return replace(state, review_missed=True)
        case _:
            assert_never(event)

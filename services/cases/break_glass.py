"""Break-glass: a duty officer opens a case that is not theirs, with a reason and an end.

Until it ends, whatever belongs to the case is there for them as for its team, but for the compartment of suspects;
what they may do with it is still a matter of their role. A supervisor looks at every one within a day, or it is on
record that nobody did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, assert_never

from pydantic import AwareDatetime, Field

from services.cases.vocabulary import CaseId, PersonId, Staff, Text
from shared.decider import Decider, must_exist
from shared.errors import DomainError
from shared.messages import LONG_AGO, Command, Event, Id, Role, new_id
from shared.privacy.personal import About, Hidden, Retention

AccessId = Annotated[Id, Field(description="The access", examples=["e1d2c3b4-a5f6-4789-9abc-def012345678"])]

AT_MOST = timedelta(hours=12)
"""The longest that one reason holds: a night on duty."""
REVIEW_WITHIN = timedelta(hours=24)
"""A supervisor looks at it within this time after it was broken."""


class BreakGlassCommand(Command, context="cases"):
    """An instruction about one access."""

    access: AccessId


class BreakGlassEvent(Event, context="cases"):
    """A fact of one access."""

    access: AccessId
    case: CaseId


class BreakGlass(BreakGlassCommand, route="POST /break-glass", roles=[Role.DUTY_OFFICER]):
    """Open a case that is not yours, for a reason that cannot wait. It is recorded, and looked at by a supervisor."""

    access: AccessId = new_id()
    case: CaseId
    person: Annotated[PersonId, Field(description="The person whose case it is")]
    grounds: Annotated[
        Text,
        About("person", Retention.REASON),
        Field(description="Why it cannot wait", examples=["She calls from the street and gives this case's number."]),
    ]
    until: Annotated[
        AwareDatetime, Field(description="When it ends, with its zone", examples=["2008-10-02T22:00:00+03:00"])
    ]


class EndAccess(BreakGlassCommand, route="POST /break-glass/{access}/end", roles=[Role.DUTY_OFFICER, Role.SUPERVISOR]):
    """End an access before its time."""


class ReviewAccess(BreakGlassCommand, route="POST /break-glass/{access}/review", roles=[Role.SUPERVISOR]):
    """Look at an access after the fact, as somebody other than who had it."""

    person: Annotated[PersonId, Field(description="The person whose case it is")]
    justified: Annotated[bool, Field(description="Whether it was right", examples=[True])]
    grounds: Annotated[
        Text,
        About("person", Retention.REASON),
        Field(description="Why, or why not", examples=["She needed a bed that night."]),
    ]


class RecordAccessUnreviewed(BreakGlassCommand, roles=[Role.POLICY]):
    """Record that nobody looked at it in time. Sent by the deadline."""


class GlassBroken(BreakGlassEvent):
    """A case was opened by somebody on duty, until a time."""

    person: PersonId
    worker: Staff
    grounds: Annotated[str | Hidden, About("person", Retention.REASON)]
    since: AwareDatetime
    until: AwareDatetime


class AccessEnded(BreakGlassEvent):
    """The access ended before its time."""

    worker: Staff
    at: AwareDatetime


class AccessReviewed(BreakGlassEvent):
    """A supervisor looked at it. What was not justified has ended."""

    person: PersonId
    justified: bool
    grounds: Annotated[str | Hidden, About("person", Retention.REASON)]
    reviewed_by: Staff


class AccessReviewMissed(BreakGlassEvent):
    """Nobody looked at it in time."""


Commands = BreakGlass | EndAccess | ReviewAccess | RecordAccessUnreviewed
Events = GlassBroken | AccessEnded | AccessReviewed | AccessReviewMissed


@dataclass(frozen=True, slots=True)
class Access:
    """One access. `worker` is empty before the glass is broken."""

    case: CaseId = ""
    person: PersonId = ""
    worker: str = ""
    until: datetime = LONG_AGO
    ended: bool = False
    reviewed: bool = False
    review_missed: bool = False


def decide(command: Commands, state: Access) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(bool(state.worker) or isinstance(command, BreakGlass), "access")
    match command:
        case BreakGlass(until=until, by=by, now=now):
            if state.worker:
                raise DomainError("Glass is broken once; this id is taken: leave it out.", rule="broken-once")
            if not now < until <= now + AT_MOST:
                raise DomainError(
                    f"An access ends within {AT_MOST // timedelta(hours=1)} hours from now; this one would end "
                    f"{until.isoformat()}: give an earlier end that is still to come.",
                    rule="access-has-an-end",
                )
            return [GlassBroken(**command.stated(), worker=by, since=now)]
        case EndAccess(access=access, now=now):
            if state.ended or now >= state.until:
                return []
            return [AccessEnded(access=access, case=state.case, worker=state.worker, at=now)]
        case ReviewAccess(by=by):
            return review(command, by, state)
        case RecordAccessUnreviewed(access=access):
            settled = state.reviewed or state.review_missed
            return [] if settled else [AccessReviewMissed(access=access, case=state.case)]
        case _:
            assert_never(command)


def review(command: ReviewAccess, by: str, state: Access) -> Sequence[Events]:
    """A second person's finding; an access that was not right and still runs ends with it."""
    if by == state.worker:
        raise DomainError(
            "A second person looks at an access, and this one was yours: let another look.",
            rule="reviewer-is-not-the-author",
        )
    if command.person != state.person:
        raise DomainError(
            "The review is about the person whose case was opened; another is named.",
            rule="about-the-person-of-the-case",
        )
    if state.reviewed:
        raise DomainError("An access is reviewed once, and this one was.", rule="reviewed-once")
    reviewed = AccessReviewed(**command.stated(), case=state.case, reviewed_by=by)
    if command.justified or state.ended or command.now >= state.until:
        return [reviewed]
    return [
        reviewed,
        AccessEnded(access=command.access, case=state.case, worker=state.worker, at=command.now),
    ]


def evolve(state: Access, event: Events) -> Access:
    """What is kept of an access after an event."""
    match event:
        case GlassBroken():
            return Access(event.case, event.person, event.worker, event.until)
        case AccessEnded():
            return replace(state, ended=True)
        case AccessReviewed():
            return replace(state, reviewed=True)
        case AccessReviewMissed():
            return replace(state, review_missed=True)
        case _:
            assert_never(event)


break_glass = Decider(
    category="break-glass",
    key="access",
    initial=Access(),
    decide=decide,
    evolve=evolve,
    commands=Commands,
    events=Events,
)

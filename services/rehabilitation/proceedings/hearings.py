"""Hearings: scheduled, moved, held, adjourned, cancelled. A reminder is for the time that stands when it comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, assert_never

from pydantic import AwareDatetime, Field

from services.rehabilitation.proceedings.record import (
    LEGAL_TEAM,
    At,
    Beneficiary,
    CourtCode,
    Hearing,
    HearingId,
    HearingState,
    PersonId,
    Proceedings,
    ProceedingsCommand,
    ProceedingsEvent,
    Text,
    must_be_about,
)
from shared.dates import Occurred, earliest, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Role, new_id
from shared.privacy.personal import About, Hidden, Retention

Minutes = Annotated[int, Field(ge=5, le=24 * 60, description="How long it is expected to take", examples=[60])]
Account = Annotated[
    Text | None,
    About("beneficiary", Retention.LEGAL, record="hearing"),
    Field(description="What happened", examples=["Gave evidence behind a screen."]),
]


class ScheduleHearing(ProceedingsCommand, route="POST /proceedings/{proceedings}/hearings", roles=LEGAL_TEAM):
    """Schedule a hearing. Reminders come a week and a day before."""

    hearing: HearingId = new_id()
    at: At
    minutes: Minutes = 60
    court: CourtCode
    occurred: Occurred


class MoveHearing(
    ProceedingsCommand, route="POST /proceedings/{proceedings}/hearings/{hearing}/move", roles=LEGAL_TEAM
):
    """Move a hearing to another time, also one that was adjourned without a day. Its reminders move with it."""

    hearing: HearingId
    at: At
    court: CourtCode | None = None
    occurred: Occurred


class AdjournHearing(
    ProceedingsCommand, route="POST /proceedings/{proceedings}/hearings/{hearing}/adjournment", roles=LEGAL_TEAM
):
    """Record that a hearing was adjourned, to another time or to one that is not known yet."""

    hearing: HearingId
    at: Annotated[
        AwareDatetime | None, Field(description="When it goes on", examples=["2009-01-14T10:00:00+02:00"])
    ] = None
    occurred: Occurred


class RecordHearingHeld(
    ProceedingsCommand, route="POST /proceedings/{proceedings}/hearings/{hearing}/holding", roles=LEGAL_TEAM
):
    """Record that a hearing was held."""

    hearing: HearingId
    beneficiary: Beneficiary
    attended: Annotated[bool, Field(description="Whether the person was there", examples=[True])]
    account: Account = None
    occurred: Occurred


class CancelHearing(
    ProceedingsCommand, route="POST /proceedings/{proceedings}/hearings/{hearing}/cancellation", roles=LEGAL_TEAM
):
    """Record that a hearing does not take place."""

    hearing: HearingId
    occurred: Occurred


class RemindOfHearing(ProceedingsCommand, roles=[Role.POLICY]):
    """A hearing is near. Sent by deadline."""

    hearing: HearingId
    at: AwareDatetime
    days: int


class HearingScheduled(ProceedingsEvent):
    """There is to be a hearing."""

    hearing: HearingId
    at: AwareDatetime
    minutes: int
    court: CourtCode
    occurred: Occurred


class HearingMoved(ProceedingsEvent):
    """It is at another time."""

    hearing: HearingId
    at: AwareDatetime
    court: CourtCode | None = None
    occurred: Occurred


class HearingAdjourned(ProceedingsEvent):
    """It goes on later."""

    hearing: HearingId
    at: AwareDatetime | None = None
    occurred: Occurred


class HearingHeld(ProceedingsEvent):
    """It was held."""

    hearing: HearingId
    beneficiary: PersonId
    attended: bool
    account: Annotated[str | Hidden | None, About("beneficiary", Retention.LEGAL, record="hearing")] = None
    occurred: Occurred


class HearingCancelled(ProceedingsEvent):
    """It does not take place."""

    hearing: HearingId
    occurred: Occurred


class HearingReminded(ProceedingsEvent):
    """Whoever prepares the person is reminded that a hearing is so many days away."""

    hearing: HearingId
    at: AwareDatetime
    days: int


Commands = ScheduleHearing | MoveHearing | AdjournHearing | RecordHearingHeld | CancelHearing | RemindOfHearing
Events = HearingScheduled | HearingMoved | HearingAdjourned | HearingHeld | HearingCancelled | HearingReminded


def decide(command: Commands, state: Proceedings) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(bool(state.beneficiary), "proceedings")
    if isinstance(command, RemindOfHearing):
        # Moved meanwhile, or over: this reminder is for nobody, and another one comes. One that is late is still told,
        # but not of what has begun.
        stands = _stands(state.hearings.get(command.hearing), command.at) and command.now < command.at
        return [HearingReminded(**command.stated())] if stands else []
    must_have_happened(command.occurred, command.now)
    match command:
        case ScheduleHearing(hearing=hearing, at=at):
            if hearing in state.hearings:
                raise DomainError("Each hearing has an id of its own; this is taken: leave it out.", rule="id-taken")
            if state.final:
                raise DomainError(
                    "These proceedings have come to their end: there is nothing to hear.", rule="proceedings-go-on"
                )
            _must_lie_ahead(at, command.occurred)
            return [HearingScheduled(**command.stated())]
        case MoveHearing(hearing=hearing, at=at, court=court):
            known = _must_be_coming(hearing, state)
            _must_lie_ahead(at, command.occurred)
            return [] if known.at == at and court is None else [HearingMoved(**command.stated())]
        case AdjournHearing(hearing=hearing, at=at):
            known = _must_be_coming(hearing, state)
            if at is not None:
                _must_lie_ahead(at, command.occurred)
            if at is None and known.state is HearingState.ADJOURNED:
                return []
            return [HearingAdjourned(**command.stated())]
        case RecordHearingHeld(hearing=hearing, beneficiary=beneficiary):
            must_be_about(beneficiary, state)
            known = _must_be_coming(hearing, state)
            if known.at is None or known.at > command.now:
                raise DomainError(
                    "A hearing is held at its time; this one is to come, or has none: move it first.",
                    rule="held-at-its-time",
                )
            return [HearingHeld(**command.stated())]
        case CancelHearing(hearing=hearing):
            known = _must_be_known(hearing, state)
            if known.state is HearingState.CANCELLED:
                return []
            _must_be_coming(hearing, state)
            return [HearingCancelled(**command.stated())]
        case _:
            assert_never(command)


def _stands(hearing: Hearing | None, at: datetime) -> bool:
    return hearing is not None and hearing.state is HearingState.SCHEDULED and hearing.at == at


def _must_be_known(hearing: str, state: Proceedings) -> Hearing:
    if hearing not in state.hearings:
        raise DomainError("These proceedings have no such hearing: name one of their own.", rule="no-such-hearing")
    return state.hearings[hearing]


def _must_be_coming(hearing: str, state: Proceedings) -> Hearing:
    known = _must_be_known(hearing, state)
    if known.state in {HearingState.HELD, HearingState.CANCELLED}:
        raise DomainError(f"This hearing was {known.state}: schedule a new one.", rule="hearing-is-over")
    return known


def _must_lie_ahead(at: datetime, occurred: str) -> None:
    """Of the day on which it became known, not of today: what is recorded late may be over."""
    if at.date() < earliest(occurred):
        raise DomainError(
            f"A hearing lies ahead of the day on which its time became known ({occurred}); this one is at {at}: give a "
            "later time.",
            rule="hearing-lies-ahead",
        )


def evolve(state: Proceedings, event: Events) -> Proceedings:
    """What proceedings are after an event."""
    match event:
        case HearingScheduled(at=at) | HearingMoved(at=at):
            changed = Hearing(at)
        case HearingAdjourned(at=at):
            changed = Hearing(at, HearingState.SCHEDULED if at else HearingState.ADJOURNED)
        case HearingHeld():
            changed = replace(state.hearings[event.hearing], state=HearingState.HELD)
        case HearingCancelled():
            changed = replace(state.hearings[event.hearing], state=HearingState.CANCELLED)
        case HearingReminded():
            return state
        case _:
            assert_never(event)
    return replace(state, hearings=state.hearings.having(event.hearing, changed))

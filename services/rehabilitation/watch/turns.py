"""Turns: who was really there. A shift that is planned covers nothing before somebody has taken over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, assert_never
from uuid import uuid5

from pydantic import AwareDatetime, Field

from services.rehabilitation.programme.record import Text
from services.rehabilitation.roster import Year
from services.rehabilitation.watch.incidents import IncidentRecorded
from services.rehabilitation.watch.record import (
    ON_DUTY,
    Expected,
    IncidentKind,
    Moment,
    Severity,
    ShiftId,
    ShiftKind,
    Turn,
    Watch,
    WatchCommand,
    WatchEvent,
    must_have_been,
)
from shared.errors import DomainError
from shared.messages import Role
from shared.privacy.personal import About, Hidden, Retention

EARLIEST = timedelta(hours=2)  # before its start that a shift can be taken over
Summary = Annotated[
    Text | None,
    About("shift", Retention.CASE_FILE),
    Field(description="What the next one must know", examples=["The door of the yard does not lock."]),
]


class ExpectShift(WatchCommand, roles=[Role.POLICY]):
    """A shift of the plan stands, or has another worker. Sent by policy."""

    shift: ShiftId
    kind: ShiftKind
    worker: str
    starts: AwareDatetime
    ends: AwareDatetime


class DropShift(WatchCommand, roles=[Role.POLICY]):
    """A shift is no longer in the plan. Sent by policy."""

    shift: ShiftId


class TakeOver(WatchCommand, route="POST /watches/{post}/{year}/turns/{shift}", roles=ON_DUTY):
    """Take over: you are there. Names the shift that you relieve, if somebody was; that one ends with it."""

    shift: ShiftId
    relieves: Annotated[ShiftId | None, Field(description="The shift that hands over to you")] = None
    relieves_year: Annotated[
        Year | None, Field(description="The year in which it started; left out: the same", examples=[2007])
    ] = None
    occurred: Moment


class HandOver(WatchCommand, route="POST /watches/{post}/{year}/turns/{shift}/handover", roles=ON_DUTY):
    """Hand over: say what the next one must know. Your shift stays open until they have taken over."""

    shift: ShiftId
    summary: Summary = None
    occurred: Moment


class LeavePost(WatchCommand, route="POST /watches/{post}/{year}/turns/{shift}/leaving", roles=ON_DUTY):
    """Leave without being relieved. If nobody else is there, that is an incident, and the one on call is alerted."""

    shift: ShiftId
    occurred: Moment


class AcknowledgeHandover(WatchCommand, roles=[Role.POLICY]):
    """Somebody has taken over from this shift. Sent by policy: they may be in another year's watch."""

    shift: ShiftId
    by_shift: ShiftId
    occurred: AwareDatetime


class RecordNotStarted(WatchCommand, roles=[Role.POLICY]):
    """Nobody has taken this shift over within the grace period. Sent by deadline."""

    shift: ShiftId


class ShiftExpected(WatchEvent):
    """Somebody is to be there."""

    shift: ShiftId
    kind: ShiftKind
    worker: str
    starts: AwareDatetime
    ends: AwareDatetime


class ShiftDropped(WatchEvent):
    """Nobody is expected any more."""

    shift: ShiftId


class TakenOver(WatchEvent):
    """Somebody is there."""

    shift: ShiftId
    worker: str
    instead_of: str | None = None
    relieves: ShiftId | None = None
    relieves_year: int | None = None
    occurred: AwareDatetime


class HandedOver(WatchEvent):
    """Whoever is there has said what the next one must know."""

    shift: ShiftId
    worker: str
    summary: Annotated[str | Hidden | None, About("shift", Retention.CASE_FILE)] = None
    occurred: AwareDatetime


class HandoverAcknowledged(WatchEvent):
    """The next one is there: this shift is over."""

    shift: ShiftId
    by_shift: ShiftId
    occurred: AwareDatetime


class PostLeft(WatchEvent):
    """Somebody left without being relieved."""

    shift: ShiftId
    worker: str
    unrelieved: bool
    occurred: AwareDatetime


class ShiftNotStarted(WatchEvent):
    """Nobody came within the grace period."""

    shift: ShiftId
    worker: str
    starts: AwareDatetime


class FallbackAlerted(WatchEvent):
    """The one on call is to come. Without a worker nobody is on call: whoever manages the post must find somebody."""

    shift: ShiftId
    worker: str | None = None


Commands = ExpectShift | DropShift | TakeOver | HandOver | LeavePost | AcknowledgeHandover | RecordNotStarted
Events = (
    ShiftExpected
    | ShiftDropped
    | TakenOver
    | HandedOver
    | HandoverAcknowledged
    | PostLeft
    | ShiftNotStarted
    | FallbackAlerted
)


def decide(command: Commands, state: Watch) -> Sequence[Events | IncidentRecorded]:
    """What follows from a command."""
    match command:
        case ExpectShift(shift=shift, kind=kind, worker=worker, starts=starts, ends=ends):
            same = Expected(kind, worker, starts, ends)
            known = state.expected.get(shift)
            return [] if known and replace(known, missed=False) == same else [ShiftExpected(**command.stated())]
        case DropShift(shift=shift):
            return [ShiftDropped(**command.stated())] if state.expected.get(shift) else []
        case TakeOver():
            return _taken_over(command, state)
        case HandOver(shift=shift, occurred=occurred):
            turn = _must_be_there(shift, state, occurred, command.now)
            return [HandedOver(**command.stated(), worker=turn.worker)]
        case LeavePost(shift=shift, occurred=occurred):
            turn = _must_be_there(shift, state, occurred, command.now)
            unrelieved = state.open == {shift}
            left = PostLeft(**command.stated(), worker=turn.worker, unrelieved=unrelieved)
            if not unrelieved:
                return [left]
            return [left, *_alarm(command, IncidentKind.LEFT_UNRELIEVED, turn.worker, occurred, state)]
        case AcknowledgeHandover(shift=shift):
            if shift not in state.turns:
                raise DomainError("Nobody took this shift over: it cannot be relieved.", rule="no-such-turn")
            if shift not in state.open:
                return []
            if command.occurred < state.turns[shift].since:
                since = state.turns[shift].since
                raise DomainError(
                    f"A shift is relieved after it was taken over, {since}; this was {command.occurred}: give a later "
                    "time.",
                    rule="in-order",
                )
            return [HandoverAcknowledged(**command.stated())]
        case RecordNotStarted(shift=shift):
            known = state.expected.get(shift)
            if known is None or known.missed or shift in state.turns or known.starts > command.now:
                return []
            where = {"post": command.post, "year": command.year, "shift": shift}
            missed = ShiftNotStarted(**where, worker=known.worker, starts=known.starts)
            return [missed, *_alarm(command, IncidentKind.NOT_STARTED, known.worker, command.now, state)]
        case _:
            assert_never(command)


def _taken_over(command: TakeOver, state: Watch) -> Sequence[Events]:
    must_have_been(command.occurred, command.now)
    expected = state.expected.get(command.shift)
    if expected is None or expected.kind is not ShiftKind.DUTY:
        raise DomainError("No such shift is to start here: name one of the plan.", rule="no-such-shift")
    if turn := state.turns.get(command.shift):
        if turn.worker == command.by:
            return []
        raise DomainError("Somebody has taken this shift over already: relieve them with the next.", rule="one-turn")
    if not expected.starts - EARLIEST <= command.occurred < expected.ends:
        raise DomainError(
            f"A shift is taken over at its time, {expected.starts} to {expected.ends}; this was {command.occurred}: "
            "name the shift of that time.",
            rule="at-its-time",
        )
    if command.relieves == command.shift:
        raise DomainError("Nobody relieves their own shift: name the one before, or none.", rule="relieves-another")
    instead_of = None if command.by == expected.worker else expected.worker
    relieves_year = (command.relieves_year or command.year) if command.relieves else None
    if command.relieves and relieves_year == command.year and command.relieves not in state.turns:
        raise DomainError(
            "Nobody took over the shift that is to be relieved: name one that goes on, or none.", rule="no-such-turn"
        )
    stated = command.stated() | {"relieves_year": relieves_year}
    return [TakenOver(**stated, worker=command.by, instead_of=instead_of)]


def _must_be_there(shift: str, state: Watch, occurred: datetime, now: datetime) -> Turn:
    must_have_been(occurred, now)
    turn = state.turns.get(shift)
    if turn is None or turn.until is not None:
        raise DomainError("Nobody is there on this shift: name one that goes on.", rule="no-such-turn")
    if occurred < turn.since:
        raise DomainError(
            f"This shift was taken over at {turn.since}; this was {occurred}: give a later time.", rule="in-order"
        )
    return turn


def _alarm(
    command: LeavePost | RecordNotStarted, kind: IncidentKind, worker: str, at: datetime, state: Watch
) -> Sequence[IncidentRecorded | FallbackAlerted]:
    """The incident, and whoever is on call."""
    incident = str(uuid5(command.command_id, "incident"))
    return [
        IncidentRecorded(
            post=command.post,
            year=command.year,
            incident=incident,
            about=incident,
            kind=kind,
            severity=Severity.HIGH,
            shift=command.shift,
            occurred=at,
        ),
        FallbackAlerted(
            post=command.post, year=command.year, shift=command.shift, worker=state.on_call(at, but=worker)
        ),
    ]


def evolve(state: Watch, event: Events) -> Watch:
    """The watch after an event."""
    match event:
        case ShiftExpected(shift=shift, kind=kind, worker=worker, starts=starts, ends=ends):
            return replace(state, expected=state.expected.having(shift, Expected(kind, worker, starts, ends)))
        case ShiftDropped(shift=shift):
            return replace(state, expected=state.expected.having(shift, None))
        case TakenOver(shift=shift, worker=worker, occurred=occurred):
            return replace(state, turns=state.turns.having(shift, Turn(worker, occurred)), open=state.open | {shift})
        case HandoverAcknowledged(shift=shift, occurred=occurred) | PostLeft(shift=shift, occurred=occurred):
            ended = replace(state.turns[shift], until=occurred)
            return replace(state, turns=state.turns.having(shift, ended), open=state.open - {shift})
        case ShiftNotStarted(shift=shift):
            known = state.expected[shift]
            missed = replace(known, missed=True) if known else None
            return replace(state, expected=state.expected.having(shift, missed))
        case HandedOver() | FallbackAlerted():
            return state
        case _:
            assert_never(event)

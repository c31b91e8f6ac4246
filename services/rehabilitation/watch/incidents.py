"""Incidents with their severity, and calls to 112 with their times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, assert_never

from pydantic import AwareDatetime, Field

from services.rehabilitation.programme.record import Text
from services.rehabilitation.watch.record import (
    ON_DUTY,
    Call,
    CallId,
    IncidentId,
    IncidentKind,
    Moment,
    Severity,
    ShiftId,
    Watch,
    WatchCommand,
    WatchEvent,
    must_have_been,
)
from shared.errors import DomainError
from shared.messages import Id, new_id
from shared.privacy.personal import About, Hidden


class RecordIncident(WatchCommand, route="POST /watches/{post}/{year}/incidents", roles=ON_DUTY):
    """Record an incident."""

    incident: IncidentId = new_id()
    kind: Annotated[IncidentKind, Field(description="What happened", examples=["threat"])]
    severity: Annotated[Severity, Field(description="How bad it is", examples=["high"])]
    about: Annotated[Id, Field()] = new_id("Whom it is about; left out: nobody in particular")
    account: Annotated[
        Text | None,
        About("about", record="incident"),
        Field(description="In words", examples=["A stranger asked for her at the door."]),
    ] = None
    shift: ShiftId | None = None
    occurred: Moment


class CallEmergency(WatchCommand, route="POST /watches/{post}/{year}/emergency-calls", roles=ON_DUTY):
    """Record that 112 was called."""

    call: CallId = new_id()
    incident: IncidentId | None = None
    occurred: Moment


class RecordCallAnswered(
    WatchCommand, route="POST /watches/{post}/{year}/emergency-calls/{call}/answer", roles=ON_DUTY
):
    """Record when 112 answered."""

    call: CallId
    occurred: Moment


class RecordHelpArrived(
    WatchCommand, route="POST /watches/{post}/{year}/emergency-calls/{call}/arrival", roles=ON_DUTY
):
    """Record when help arrived."""

    call: CallId
    occurred: Moment


class IncidentRecorded(WatchEvent):
    """Something happened."""

    incident: IncidentId
    kind: IncidentKind
    severity: Severity
    about: Id
    account: Annotated[str | Hidden | None, About("about", record="incident")] = None
    shift: ShiftId | None = None
    occurred: AwareDatetime


class EmergencyCalled(WatchEvent):
    """112 was called."""

    call: CallId
    incident: IncidentId | None = None
    occurred: AwareDatetime


class EmergencyCallAnswered(WatchEvent):
    """112 answered."""

    call: CallId
    occurred: AwareDatetime


class HelpArrived(WatchEvent):
    """Help is there."""

    call: CallId
    occurred: AwareDatetime


Commands = RecordIncident | CallEmergency | RecordCallAnswered | RecordHelpArrived
Events = IncidentRecorded | EmergencyCalled | EmergencyCallAnswered | HelpArrived


def decide(command: Commands, state: Watch) -> Sequence[Events]:
    """What follows from a command."""
    must_have_been(command.occurred, command.now)
    match command:
        case RecordIncident(incident=incident):
            if incident in state.incidents:
                raise DomainError("Each incident has an id of its own; this is taken: leave it out.", rule="id-taken")
            return [IncidentRecorded(**command.stated())]
        case CallEmergency(call=call, incident=incident):
            if call in state.calls:
                raise DomainError("Each call has an id of its own; this is taken: leave it out.", rule="id-taken")
            if incident is not None and incident not in state.incidents:
                raise DomainError("This watch has no such incident: record it first.", rule="no-such-incident")
            return [EmergencyCalled(**command.stated())]
        case RecordCallAnswered(call=call, occurred=occurred):
            known = _must_be_call(call, state)
            if known.answered is not None:
                return []
            _must_follow(occurred, known.called)
            return [EmergencyCallAnswered(**command.stated())]
        case RecordHelpArrived(call=call, occurred=occurred):
            known = _must_be_call(call, state)
            if known.arrived is not None:
                return []
            _must_follow(occurred, known.answered or known.called)
            return [HelpArrived(**command.stated())]
        case _:
            assert_never(command)


def _must_be_call(call: str, state: Watch) -> Call:
    if call not in state.calls:
        raise DomainError("This watch has no such call: name one of its own.", rule="no-such-call")
    return state.calls[call]


def _must_follow(at: datetime, before: datetime) -> None:
    if at < before:
        raise DomainError(
            f"A call is made, answered, and help comes; {at} is before {before}: give a later time.", rule="in-order"
        )


def evolve(state: Watch, event: Events) -> Watch:
    """The watch after an event."""
    match event:
        case IncidentRecorded(incident=incident):
            return replace(state, incidents=state.incidents.having(incident, True))
        case EmergencyCalled(call=call, occurred=occurred):
            return replace(state, calls=state.calls.having(call, Call(occurred)))
        case EmergencyCallAnswered(call=call, occurred=occurred):
            return replace(state, calls=state.calls.having(call, replace(state.calls[call], answered=occurred)))
        case HelpArrived(call=call, occurred=occurred):
            return replace(state, calls=state.calls.having(call, replace(state.calls[call], arrived=occurred)))
        case _:
            assert_never(event)

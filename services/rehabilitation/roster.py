"""Roster: one worker's time, over all posts and months. Nobody is on two shifts at once.

A rota knows its own post and month alone. A shift asks here before it stands, so that of two that overlap the second is
refused, wherever the first was planned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, assert_never

from pydantic import AwareDatetime, Field, StringConstraints

from shared.decider import Decider
from shared.growing import Growing
from shared.messages import Command, Event, Id, Role

Post = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,15}$"), Field(description="The post", examples=["shelter"])
]
ShiftId = Annotated[Id, Field(description="The shift", examples=["2b3c4d5e-6f70-4182-9394-a5b6c7d8e9f0"])]
Year = Annotated[int, Field(ge=1990, le=2200, description="The year", examples=[2008])]
Month = Annotated[int, Field(ge=1, le=12, description="The month", examples=[10])]


class RosterCommand(Command, context="rehabilitation"):
    """To the roster of one worker, about a shift."""

    worker: str
    shift: ShiftId


class RosterEvent(Event, context="rehabilitation"):
    """Of the roster of one worker, about a shift."""

    worker: str
    shift: ShiftId


class TakeTime(RosterCommand, roles=[Role.POLICY]):
    """A shift is planned for this worker: are they free? Sent by policy."""

    post: Post
    year: Year
    month: Month
    starts: AwareDatetime
    ends: AwareDatetime


class FreeTime(RosterCommand, roles=[Role.POLICY]):
    """This worker no longer has the shift. Sent by policy."""


class TimeTaken(RosterEvent):
    """The worker's time is the shift's."""

    post: Post
    year: Year
    month: Month
    starts: AwareDatetime
    ends: AwareDatetime


class TimeRefused(RosterEvent):
    """The worker is on another shift then."""

    post: Post
    year: Year
    month: Month


class TimeFreed(RosterEvent):
    """The worker's time is their own again."""


Commands = TakeTime | FreeTime
Events = TimeTaken | TimeRefused | TimeFreed


@dataclass(frozen=True, slots=True)
class Roster:
    """All shifts of one worker. None: given back."""

    shifts: Growing[str, tuple[datetime, datetime] | None] = field(default_factory=Growing)


def decide(command: Commands, state: Roster) -> Sequence[Events]:
    """What follows from a command."""
    match command:
        case TakeTime(worker=worker, shift=shift, starts=starts, ends=ends):
            if state.shifts.get(shift):
                return []
            if any(held and starts < held[1] and held[0] < ends for held in state.shifts.values()):
                where = {"post": command.post, "year": command.year, "month": command.month}
                return [TimeRefused(worker=worker, shift=shift, **where)]
            return [TimeTaken(**command.stated())]
        case FreeTime(shift=shift):
            return [TimeFreed(**command.stated())] if state.shifts.get(shift) else []
        case _:
            assert_never(command)


def evolve(state: Roster, event: Events) -> Roster:
    """The roster after an event."""
    match event:
        case TimeTaken(shift=shift, starts=starts, ends=ends):
            return replace(state, shifts=state.shifts.having(shift, (starts, ends)))
        case TimeFreed(shift=shift):
            return replace(state, shifts=state.shifts.having(shift, None))
        case TimeRefused():
            return state
        case _:
            assert_never(event)


roster = Decider("roster", "worker", Roster(), decide, evolve, Commands, Events)

"""Rota: the plan of one post for one month: who is on which shift, who is on call, and who swaps with whom.

A shift belongs to the month in which it starts, by the clock of the centre, and may reach into the next. It stands once
the worker's own roster has confirmed that they are free.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, assert_never
from uuid import uuid5

from pydantic import AwareDatetime, Field

from services.rehabilitation.cover import at_the_centre
from services.rehabilitation.roster import Month, Post, ShiftId, Year
from shared.dates import HERE
from shared.decider import Decider
from shared.errors import DomainError
from shared.growing import Growing
from shared.messages import Command, Event, Role, StaffId, new_id

PLANNERS = (Role.SHELTER_MANAGER, Role.SUPERVISOR)
ON_DUTY = (*PLANNERS, Role.DUTY_OFFICER, Role.CASEWORKER, Role.PSYCHOLOGIST)
LONGEST = timedelta(hours=24)  # by the clock on the wall; a weekend on call may be longer
LONGEST_ON_CALL = timedelta(days=4)

Starts = Annotated[AwareDatetime, Field(description="When it starts", examples=["2008-10-02T22:00:00+03:00"])]
Ends = Annotated[AwareDatetime, Field(description="When it ends", examples=["2008-10-03T06:00:00+03:00"])]


class ShiftKind(StrEnum):
    """Being there, or being reachable in case somebody is not."""

    DUTY = "duty"
    ON_CALL = "on_call"


class ShiftState(StrEnum):
    """How a shift of the plan stands. Only `confirmed` covers what is to come."""

    PLANNED = "planned"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class RotaCommand(Command, context="rehabilitation"):
    """An instruction to the plan of one post and month."""

    post: Post
    year: Year
    month: Month

    @property
    def book(self) -> str:
        """`shelter-2008-10`: what names the plan."""
        return f"{self.post}-{self.year}-{self.month:02}"


class RotaEvent(Event, context="rehabilitation"):
    """A fact of the plan of one post and month."""

    post: Post
    year: Year
    month: Month
    shift: ShiftId


class PlanShift(RotaCommand, route="POST /rotas/{post}/{year}/{month}/shifts", roles=PLANNERS):
    """Plan a shift. It stands once it is known that the worker is on no other, at any post, in any month."""

    shift: ShiftId = new_id()
    kind: Annotated[ShiftKind, Field(description="On duty or on call", examples=["duty"])] = ShiftKind.DUTY
    worker: StaffId
    starts: Starts
    ends: Ends


class PlanMonth(RotaCommand, route="POST /rotas/{post}/{year}/{month}/plan", roles=PLANNERS):
    """Plan duty around the clock for a whole month: shifts change at these times of day, workers take turns."""

    changes: Annotated[
        tuple[time, ...],
        Field(min_length=1, max_length=12, description="When shifts change", examples=[["06:00", "14:00", "22:00"]]),
    ]
    workers: Annotated[
        tuple[StaffId, ...], Field(min_length=1, max_length=60, description="Who, in turn", examples=[["w-1", "w-2"]])
    ]


class CancelShift(RotaCommand, route="POST /rotas/{post}/{year}/{month}/shifts/{shift}/cancellation", roles=PLANNERS):
    """Take a shift out of the plan."""

    shift: ShiftId


class AskToSwap(RotaCommand, route="POST /rotas/{post}/{year}/{month}/shifts/{shift}/swap", roles=ON_DUTY):
    """Ask a colleague to take your shift."""

    shift: ShiftId
    to: StaffId


class AgreeToSwap(RotaCommand, route="POST /rotas/{post}/{year}/{month}/shifts/{shift}/swap/agreement", roles=ON_DUTY):
    """Agree to take a colleague's shift. It is yours once it is known that you are on no other then."""

    shift: ShiftId


class DeclineSwap(RotaCommand, route="POST /rotas/{post}/{year}/{month}/shifts/{shift}/swap/refusal", roles=ON_DUTY):
    """Do not take a colleague's shift."""

    shift: ShiftId


class ConfirmShift(RotaCommand, roles=[Role.POLICY]):
    """The worker is free. Sent by policy."""

    shift: ShiftId
    worker: str


class RefuseShift(RotaCommand, roles=[Role.POLICY]):
    """The worker is on another shift then. Sent by policy."""

    shift: ShiftId
    worker: str


class ShiftPlanned(RotaEvent):
    """A shift is to be; whether the worker is free is not known yet."""

    kind: ShiftKind
    worker: str
    starts: AwareDatetime
    ends: AwareDatetime


class ShiftConfirmed(RotaEvent):
    """The shift stands."""

    kind: ShiftKind
    worker: str
    starts: AwareDatetime
    ends: AwareDatetime


class ShiftRefused(RotaEvent):
    """The worker is on another shift then: somebody else is needed."""

    worker: str


class ShiftCancelled(RotaEvent):
    """The shift is no longer in the plan."""

    workers: tuple[str, ...]  # whose time it had, or had asked for
    ends: AwareDatetime


class SwapAsked(RotaEvent):
    """A colleague is asked to take the shift."""

    worker: str
    to: str


class SwapAgreed(RotaEvent):
    """The colleague agrees; whether they are free is not known yet."""

    to: str
    starts: AwareDatetime
    ends: AwareDatetime


class SwapDeclined(RotaEvent):
    """The colleague does not."""

    to: str


class SwapRefused(RotaEvent):
    """The colleague is on another shift then: it stays with whom it was."""

    to: str


class ShiftReassigned(RotaEvent):
    """The shift is the colleague's."""

    kind: ShiftKind
    worker: str
    previous: str
    starts: AwareDatetime
    ends: AwareDatetime


Commands = PlanShift | PlanMonth | CancelShift | AskToSwap | AgreeToSwap | DeclineSwap | ConfirmShift | RefuseShift
Events = (
    ShiftPlanned
    | ShiftConfirmed
    | ShiftRefused
    | ShiftCancelled
    | SwapAsked
    | SwapAgreed
    | SwapDeclined
    | SwapRefused
    | ShiftReassigned
)


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of the plan. `to` is who was asked to take it."""

    kind: ShiftKind
    worker: str
    starts: datetime
    ends: datetime
    state: ShiftState = ShiftState.PLANNED
    to: str | None = None
    agreed: bool = False

    @property
    def stands(self) -> bool:
        """Whether it takes somebody's time, or may."""
        return self.state in {ShiftState.PLANNED, ShiftState.CONFIRMED}


@dataclass(frozen=True, slots=True)
class Rota:
    """The plan of one post for one month."""

    shifts: Growing[str, Shift] = field(default_factory=Growing)


def decide(command: Commands, state: Rota) -> Sequence[Events]:
    """What follows from a command."""
    match command:
        case PlanShift(shift=shift):
            if shift in state.shifts:
                raise DomainError("Each shift has an id of its own; this is taken: leave it out.", rule="id-taken")
            planned = ShiftPlanned(**command.stated())
            _must_be_plannable(planned, state)
            return [planned]
        case PlanMonth():
            return _month(command, state)
        case CancelShift(shift=shift):
            known = _must_be_known(shift, state)
            if not known.stands:
                return []
            workers = (known.worker, *([known.to] if known.to and known.agreed else []))
            return [ShiftCancelled(**command.stated(), workers=workers, ends=known.ends)]
        case AskToSwap(shift=shift, to=to):
            known = _must_be_swappable(command, state)
            if command.by != known.worker:
                raise DomainError("A shift is given away by whom it is: ask them.", rule="own-shift")
            if to == known.worker:
                raise DomainError(
                    "A swap is between two people; one is named twice: name a colleague.", rule="two-people"
                )
            if known.to is not None:
                if known.to == to:
                    return []
                raise DomainError("A colleague was asked already: wait for their answer.", rule="one-swap-at-a-time")
            return [SwapAsked(**command.stated(), worker=known.worker)]
        case AgreeToSwap(shift=shift):
            known = _must_be_swappable(command, state)
            to = _must_be_asked(command.by, known)
            if known.agreed:
                return []
            return [SwapAgreed(**command.stated(), to=to, starts=known.starts, ends=known.ends)]
        case DeclineSwap(shift=shift):
            known = _must_be_known(shift, state)
            to = _must_be_asked(command.by, known)
            if known.agreed:
                raise DomainError("You agreed to this swap: ask for another.", rule="swap-is-agreed")
            return [SwapDeclined(**command.stated(), to=to)]
        case ConfirmShift():
            return _confirmed(command, state)
        case RefuseShift(shift=shift, worker=worker):
            known = _must_be_known(shift, state)
            where = command.stated() | {"worker": worker}
            if known.state is ShiftState.PLANNED and known.worker == worker:
                return [ShiftRefused(**where)]
            if known.state is ShiftState.CONFIRMED and known.to == worker:
                return [SwapRefused(**command.stated(), to=worker)]
            return []
        case _:
            assert_never(command)


def _month(command: PlanMonth, state: Rota) -> Sequence[Events]:
    planned: list[Events] = []
    for number, (starts, ends) in enumerate(rounds(command.year, command.month, command.changes)):
        shift = ShiftPlanned(
            post=command.post,
            year=command.year,
            month=command.month,
            shift=str(uuid5(command.command_id, f"shift/{number}")),
            kind=ShiftKind.DUTY,
            worker=command.workers[number % len(command.workers)],
            starts=starts,
            ends=ends,
        )
        _must_be_plannable(shift, state)
        planned.append(shift)
    return planned


def rounds(year: int, month: int, changes: Sequence[time]) -> Iterator[tuple[datetime, datetime]]:
    """Every shift that starts in a month, each from one change until the next, by the clock of the centre."""
    at = sorted(set(changes))
    day = date(year, month, 1)
    while day.month == month:
        following = day + timedelta(days=1)
        instants = {*(at_the_centre(day, clock) for clock in at), at_the_centre(following, at[0])}
        yield from pairwise(sorted(instants))  # in a night with an hour left out, times of day may change places
        day = following


def _must_be_plannable(planned: ShiftPlanned, state: Rota) -> None:
    here = planned.starts.astimezone(HERE)
    if (here.year, here.month) != (planned.year, planned.month):
        raise DomainError(
            f"A shift belongs to the month in which it starts, by the clock of the centre: plan this one in "
            f"{here:%Y-%m}.",
            rule="month-of-its-start",
        )
    ends = planned.ends.astimezone(HERE)
    length = ends.replace(tzinfo=None) - here.replace(tzinfo=None)
    longest = LONGEST if planned.kind is ShiftKind.DUTY else LONGEST_ON_CALL
    if planned.ends <= planned.starts or length > longest:
        raise DomainError(
            f"A shift ends after it starts, within {longest // timedelta(hours=1)} hours: this one does not.",
            rule="length-of-a-shift",
        )
    for other in state.shifts.values():
        overlaps = planned.starts < other.ends and other.starts < planned.ends
        if other.stands and other.worker == planned.worker and overlaps:
            raise DomainError(
                "Nobody is on two shifts at once; this worker has one here then: name somebody else.",
                rule="one-person-one-shift",
            )


def _must_be_known(shift: str, state: Rota) -> Shift:
    if shift not in state.shifts:
        raise DomainError("This plan has no such shift: name one of its own.", rule="no-such-shift")
    return state.shifts[shift]


def _must_be_swappable(command: AskToSwap | AgreeToSwap, state: Rota) -> Shift:
    known = _must_be_known(command.shift, state)
    if known.state is not ShiftState.CONFIRMED or known.starts <= command.now:
        raise DomainError(
            f"A shift can be swapped once it stands and before it starts; this one is {known.state}, and starts "
            f"{known.starts}: name another.",
            rule="shift-lies-ahead",
        )
    return known


def _must_be_asked(by: str, shift: Shift) -> str:
    if shift.to is None or by != shift.to:
        raise DomainError("A swap is answered by who was asked; you were not: let them answer.", rule="asked-to-swap")
    return shift.to


def _confirmed(command: ConfirmShift, state: Rota) -> Sequence[Events]:
    known = _must_be_known(command.shift, state)
    facts = command.stated() | {"kind": known.kind, "starts": known.starts, "ends": known.ends}
    if known.state is ShiftState.PLANNED and known.worker == command.worker:
        return [ShiftConfirmed(**facts)]
    if known.state is ShiftState.CONFIRMED and known.to == command.worker:
        return [ShiftReassigned(**facts, previous=known.worker)]
    return []  # it was cancelled meanwhile, and the worker's time is given back


def evolve(state: Rota, event: Events) -> Rota:
    """The plan after an event."""
    match event:
        case ShiftPlanned(kind=kind, worker=worker, starts=starts, ends=ends):
            changed = Shift(kind, worker, starts, ends)
        case ShiftConfirmed():
            changed = replace(state.shifts[event.shift], state=ShiftState.CONFIRMED)
        case ShiftRefused():
            changed = replace(state.shifts[event.shift], state=ShiftState.REFUSED)
        case ShiftCancelled():
            changed = replace(state.shifts[event.shift], state=ShiftState.CANCELLED)
        case SwapAsked(to=to):
            changed = replace(state.shifts[event.shift], to=to)
        case SwapAgreed():
            changed = replace(state.shifts[event.shift], agreed=True)
        case SwapDeclined() | SwapRefused():
            changed = replace(state.shifts[event.shift], to=None, agreed=False)
        case ShiftReassigned(worker=worker):
            changed = replace(state.shifts[event.shift], worker=worker, to=None, agreed=False)
        case _:
            assert_never(event)
    return replace(state, shifts=state.shifts.having(event.shift, changed))


rota = Decider("rota", "book", Rota(), decide, evolve, Commands, Events)

"""What events mean for duty: shifts ask their worker's roster, watches expect them, and who is missing is missed."""

from __future__ import annotations

from collections.abc import Iterable

from services.rehabilitation.roster import FreeTime, TakeTime, TimeRefused, TimeTaken
from services.rehabilitation.rota import (
    ConfirmShift,
    RefuseShift,
    ShiftCancelled,
    ShiftConfirmed,
    ShiftKind,
    ShiftPlanned,
    ShiftReassigned,
    SwapAgreed,
)
from services.rehabilitation.watch.record import GRACE
from services.rehabilitation.watch.turns import (
    AcknowledgeHandover,
    DropShift,
    ExpectShift,
    RecordNotStarted,
    ShiftDropped,
    ShiftExpected,
    TakenOver,
)
from shared.codec import Recorded
from shared.dates import HERE
from shared.policies import Cancel, Deadline, Policy, Reaction, on


class NobodyIsOnTwoShifts(Policy):
    """A shift, or a swap, stands once the worker's roster has taken it; what is given up is given back."""

    name = "nobody_is_on_two_shifts"

    @on(ShiftPlanned)
    def planned(self, e: Recorded[ShiftPlanned]) -> Iterable[Reaction]:
        """Asked of the one who knows all posts and months."""
        yield _take(e.event, e.event.worker)

    @on(SwapAgreed)
    def agreed(self, e: Recorded[SwapAgreed]) -> Iterable[Reaction]:
        """The colleague's roster is asked before the shift changes hands."""
        yield _take(e.event, e.event.to)

    @on(TimeTaken)
    def taken(self, e: Recorded[TimeTaken]) -> Iterable[Reaction]:
        """Free."""
        taken = e.event
        yield ConfirmShift(post=taken.post, year=taken.year, month=taken.month, shift=taken.shift, worker=taken.worker)

    @on(TimeRefused)
    def refused(self, e: Recorded[TimeRefused]) -> Iterable[Reaction]:
        """Not free."""
        refused = e.event
        yield RefuseShift(
            post=refused.post, year=refused.year, month=refused.month, shift=refused.shift, worker=refused.worker
        )

    @on(ShiftReassigned)
    def reassigned(self, e: Recorded[ShiftReassigned]) -> Iterable[Reaction]:
        """Whose it was is free."""
        yield FreeTime(worker=e.event.previous, shift=e.event.shift)

    @on(ShiftCancelled)
    def cancelled(self, e: Recorded[ShiftCancelled]) -> Iterable[Reaction]:
        """So is everybody whom it had asked."""
        for worker in e.event.workers:
            yield FreeTime(worker=worker, shift=e.event.shift)


class ShiftsAreExpected(Policy):
    """The watch of the year in which a shift starts expects it; on call into the next year, so does that one's."""

    name = "shifts_are_expected"

    @on(ShiftConfirmed, ShiftReassigned)
    def stands(self, e: Recorded[ShiftConfirmed | ShiftReassigned]) -> Iterable[Reaction]:
        """Expected, with whom the plan says."""
        shift = e.event
        until = shift.ends.astimezone(HERE).year if shift.kind is ShiftKind.ON_CALL else shift.year
        for year in range(shift.year, until + 1):
            yield ExpectShift(
                post=shift.post,
                year=year,
                shift=shift.shift,
                kind=shift.kind,
                worker=shift.worker,
                starts=shift.starts,
                ends=shift.ends,
            )

    @on(ShiftCancelled)
    def cancelled(self, e: Recorded[ShiftCancelled]) -> Iterable[Reaction]:
        """Expected no more."""
        for year in range(e.event.year, e.event.ends.astimezone(HERE).year + 1):
            yield DropShift(post=e.event.post, year=year, shift=e.event.shift)


class MissingOnesAreMissed(Policy):
    """A shift that nobody has taken over after its grace period is an incident, and the one on call is alerted."""

    name = "missing_ones_are_missed"

    @on(ShiftExpected)
    def expected(self, e: Recorded[ShiftExpected]) -> Iterable[Reaction]:
        """From its start on, or from when it was planned if that was later, whoever has it."""
        shift = e.event
        if shift.kind is ShiftKind.DUTY:
            missed = RecordNotStarted(post=shift.post, year=shift.year, shift=shift.shift)
            yield Deadline(_key(shift.shift), max(shift.starts, e.recorded_at) + GRACE, missed)

    @on(TakenOver)
    def taken_over(self, e: Recorded[TakenOver]) -> Iterable[Reaction]:
        """Somebody is there."""
        yield Cancel(_key(e.event.shift))

    @on(ShiftDropped)
    def dropped(self, e: Recorded[ShiftDropped]) -> Iterable[Reaction]:
        """Nobody is to be there."""
        yield Cancel(_key(e.event.shift))


class TakingOverRelieves(Policy):
    """Whoever takes over acknowledges the handover: the shift before ends, in whichever year's watch it is."""

    name = "taking_over_relieves"

    @on(TakenOver)
    def taken_over(self, e: Recorded[TakenOver]) -> Iterable[Reaction]:
        """At that very moment."""
        taken = e.event
        if taken.relieves:
            yield AcknowledgeHandover(
                post=taken.post,
                year=taken.relieves_year or taken.year,
                shift=taken.relieves,
                by_shift=taken.shift,
                occurred=taken.occurred,
            )


def _take(shift: ShiftPlanned | SwapAgreed, worker: str) -> TakeTime:
    return TakeTime(
        worker=worker,
        shift=shift.shift,
        post=shift.post,
        year=shift.year,
        month=shift.month,
        starts=shift.starts,
        ends=shift.ends,
    )


def _key(shift: str) -> str:
    return f"start-{shift}"


policies: tuple[Policy, ...] = (
    NobodyIsOnTwoShifts(),
    ShiftsAreExpected(),
    MissingOnesAreMissed(),
    TakingOverRelieves(),
)

"""Cover: which minutes nobody was there. Instants are compared as instants, so that a clock that is put forward or back
takes no minute away and adds none: a day here has 1,380, 1,440 or 1,500 of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from shared.dates import HERE

MINUTE = timedelta(minutes=1)


class Span(NamedTuple):
    """From one instant until another, in UTC; the last one is not part of it."""

    since: datetime
    until: datetime

    @property
    def minutes(self) -> int:
        """How long it is."""
        return (self.until - self.since) // MINUTE


def span(since: datetime, until: datetime) -> Span:
    """A span between two instants of any zone."""
    return Span(since.astimezone(UTC), until.astimezone(UTC))


def days(first: date, last: date) -> Span:
    """From midnight here on the first day to midnight here after the last."""
    return span(midnight(first), midnight(last + timedelta(days=1)))


def midnight(day: date) -> datetime:
    """When a day begins at the centre."""
    return at_the_centre(day, time.min)


def at_the_centre(day: date, clock: time) -> datetime:
    """The instant at which clocks here show `clock`: the first of two, and one that is left out an hour later.

    In UTC: two instants of one zone are compared by what clocks show, which is wrong when they are changed.
    """
    return datetime.combine(day, clock, HERE).astimezone(UTC)


def uncovered(cover: Iterable[Span], within: Span) -> Sequence[Span]:
    """The parts of `within` in which nobody is there, widened to whole minutes: a minute in part covered is a gap."""
    gaps = []
    reached = within.since
    for one in sorted(cover):
        if one.since > reached:
            gaps.append(Span(reached, min(one.since, within.until)))
        reached = max(reached, one.until)
        if reached >= within.until:
            break
    if reached < within.until:
        gaps.append(Span(reached, within.until))
    return [_whole_minutes(gap) for gap in gaps if gap.since < gap.until]


def _whole_minutes(gap: Span) -> Span:
    since = gap.since.replace(second=0, microsecond=0)
    until = gap.until.replace(second=0, microsecond=0)
    return Span(since, until if until == gap.until else until + MINUTE)

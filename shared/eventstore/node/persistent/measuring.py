"""How busy a subscription and its consumers are, and how long consumers take.

As the server counts (`PersistentSubscriptionStats.cs`, `RequestStatistics.cs`): a rate is that since somebody last
asked for it, and times are the latest thousand, in whole milliseconds.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

_LATEST = 1000
_LARGEST = (1 << 31) - 1  # that the protocol's field holds
_PERCENTS = {"90%": 90, "95%": 95, "99%": 99, "99.5%": 99.5, "99.9%": 99.9}

Clock = Callable[[], float]


class Rate(NamedTuple):
    """How many since somebody last asked, and how many that is in a second."""

    latest: int
    per_second: int


class Meter:
    """Counts what is delivered."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self.total = 0
        self._clock = clock
        self._asked_at = clock()
        self._asked_total = 0

    def rate(self) -> Rate:
        """The rate since this was last called, or since the beginning."""
        now = self._clock()
        latest, passed = self.total - self._asked_total, now - self._asked_at
        self._asked_total, self._asked_at = self.total, now
        return Rate(latest, min(int(latest / passed), _LARGEST) if passed > 0 else 0)


class Times:
    """How long a consumer took for each of its latest events, from its delivery to whatever became of it."""

    def __init__(self) -> None:
        self._milliseconds: deque[int] = deque(maxlen=_LATEST)

    def add(self, seconds: float) -> None:
        """One more event is out of its hands."""
        self._milliseconds.append(int(seconds * 1000))

    def measurements(self) -> dict[str, int]:
        """What clients know by these names; nothing before the first event. Quintile 1 begins with the fastest."""
        times = sorted(self._milliseconds)
        if not times:
            return {}

        def at(percent: float) -> int:
            return times[min(int(len(times) * percent / 100), len(times) - 1)]

        return {
            "Mean": sum(times) // len(times),
            "Median": at(50),
            "Fastest": times[0],
            **{f"Quintile {number}": at(20 * (number - 1)) for number in range(1, 6)},
            **{name: at(percent) for name, percent in _PERCENTS.items()},
            "Highest": times[-1],
        }

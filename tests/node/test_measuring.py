"""What a persistent subscription measures.

Sources, both of the server: `PersistentSubscriptionStats.cs` (rates since the last look) and `RequestStatistics.cs`
(which times, by which names).
"""

from __future__ import annotations

from shared.eventstore.node.persistent.measuring import Meter, Times


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_rate_is_that_since_the_last_look() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.total += 30
    clock.now += 10
    assert meter.rate() == (30, 3)
    meter.total += 8
    clock.now += 2
    assert meter.rate() == (8, 4)
    clock.now += 2
    assert meter.rate() == (0, 0)
    assert meter.total == 38


def test_a_look_at_the_very_same_moment_makes_no_rate_of_nothing() -> None:
    meter = Meter(Clock())
    meter.total += 5
    assert meter.rate() == (5, 0)


def test_a_rate_is_never_more_than_its_field_holds() -> None:
    clock = Clock()
    meter = Meter(clock)
    meter.total += 10**6
    clock.now += 1e-6
    assert meter.rate().per_second == 2**31 - 1


def test_times_are_told_by_the_names_that_clients_know() -> None:
    times = Times()
    assert times.measurements() == {}
    for milliseconds in range(100, 0, -1):
        times.add((milliseconds + 0.5) / 1000)
    assert times.measurements() == {
        "Mean": 50,
        "Median": 51,
        "Fastest": 1,
        "Quintile 1": 1,
        "Quintile 2": 21,
        "Quintile 3": 41,
        "Quintile 4": 61,
        "Quintile 5": 81,
        "90%": 91,
        "95%": 96,
        "99%": 100,
        "99.5%": 100,
        "99.9%": 100,
        "Highest": 100,
    }


def test_times_are_of_the_latest_thousand() -> None:
    times = Times()
    for _ in range(10):
        times.add(60)
    for _ in range(1000):
        times.add(0.0071)
    assert times.measurements()["Highest"] == 7

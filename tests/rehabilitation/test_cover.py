"""Minutes in which nobody was there, across midnight, month ends and both changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rehabilitation.cover import MINUTE, Span, at_the_centre, days, span, uncovered
from services.rehabilitation.rota import rounds

NOON = datetime(2008, 10, 2, 12, 0, tzinfo=UTC)


def minutes(since: int, until: int) -> Span:
    return Span(NOON + timedelta(minutes=since), NOON + timedelta(minutes=until))


@pytest.mark.parametrize(
    ("day", "length"),
    [(date(2008, 3, 30), 1380), (date(2008, 10, 26), 1500), (date(2008, 10, 2), 1440), (date(2026, 3, 29), 1380)],
)
def test_a_day_has_the_minutes_that_clocks_here_give_it(day: date, length: int) -> None:
    assert days(day, day).minutes == length


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    first, second = (datetime.fromisoformat(f"2008-10-26T03:30:00{zone}") for zone in ("+03:00", "+02:00"))
    assert span(first, second).minutes == 60
    assert at_the_centre(date(2008, 10, 26), time(3, 30)) == first


def test_the_hour_that_is_left_out_takes_no_minute() -> None:
    before, after = (at_the_centre(date(2008, 3, 30), clock) for clock in (time(2, 59), time(4, 0)))
    assert span(before, after).minutes == 1


def test_gaps_are_before_between_and_after() -> None:
    assert uncovered([minutes(10, 20), minutes(30, 40)], minutes(0, 60)) == [
        minutes(0, 10),
        minutes(20, 30),
        minutes(40, 60),
    ]


def test_who_overlaps_leaves_no_gap_and_who_is_there_within_another_covers_nothing_more() -> None:
    assert uncovered([minutes(0, 30), minutes(5, 10), minutes(20, 60)], minutes(0, 60)) == []


def test_a_minute_that_is_covered_in_part_is_a_gap() -> None:
    half = timedelta(seconds=30)
    cover = [Span(minutes(0, 0).since, minutes(0, 10).until - half), minutes(11, 60)]
    assert uncovered(cover, minutes(0, 60)) == [minutes(9, 11)]


@given(
    st.lists(st.tuples(st.integers(-20, 140), st.integers(0, 60)), max_size=8),
    st.integers(0, 120),
    st.integers(1, 120),
)
def test_gaps_are_the_minutes_that_no_span_holds(spans: list[tuple[int, int]], since: int, length: int) -> None:
    cover = [minutes(start, start + long) for start, long in spans]
    found = uncovered(cover, minutes(since, since + length))
    for minute in range(since, since + length):
        at = NOON + timedelta(minutes=minute)
        held = any(one.since <= at and at + MINUTE <= one.until for one in cover)
        in_gap = any(gap.since <= at < gap.until for gap in found)
        assert in_gap != held


@given(
    st.integers(2000, 2030),
    st.integers(1, 12),
    st.sets(st.builds(time, st.integers(0, 23), st.integers(0, 59)), min_size=1, max_size=4),
)
def test_a_month_is_planned_without_a_gap_and_joins_the_next(year: int, month: int, changes: set[time]) -> None:
    planned = [span(*one) for one in rounds(year, month, tuple(changes))]
    assert uncovered(planned, Span(planned[0].since, planned[-1].until)) == []
    following = (year + month // 12, month % 12 + 1)
    first_of_next = next(iter(rounds(*following, tuple(changes))))[0]
    assert planned[-1].until == first_of_next.astimezone(UTC)


def test_changes_within_the_hour_that_is_left_out_still_follow_each_other() -> None:
    changes = (time(3, 30), time(4, 0), time(16, 0))
    planned = [span(*one) for one in rounds(2008, 3, changes)]
    assert all(one.since < one.until for one in planned)
    assert uncovered(planned, Span(planned[0].since, planned[-1].until)) == []

"""What the report tells of duty: hours with somebody there, each once."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.rehabilitation.projections.figures import covered_seconds

HOUR = 3600


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2008, 10, day, hour, minute, tzinfo=UTC)


def hours(*turns: tuple[datetime, datetime], first: date = date(2008, 10, 1), last: date = date(2008, 10, 31)) -> float:
    return covered_seconds(turns, first, last) / HOUR


def test_a_turn_counts_from_takeover_to_handover() -> None:
    assert hours((at(2, 6), at(2, 18))) == 12


def test_two_people_at_once_count_once() -> None:
    assert hours((at(2, 6), at(2, 18, 15)), (at(2, 18), at(3, 6))) == 24
    assert hours((at(2, 6), at(2, 18)), (at(2, 8), at(2, 9))) == 12


def test_nobody_is_counted_where_nobody_was() -> None:
    assert hours((at(2, 6), at(2, 7)), (at(2, 9), at(2, 10))) == 2
    assert hours() == 0


@pytest.mark.parametrize(("first", "last", "counted"), [(2, 2, 3), (3, 3, 9), (2, 3, 12), (4, 4, 0)])
def test_a_night_is_shared_between_its_two_days_by_the_wall_clock_in_vilnius(
    first: int, last: int, counted: int
) -> None:
    night = (at(2, 18), at(3, 6))  # 21:00 to 09:00 in Vilnius
    assert hours(night, first=date(2008, 10, first), last=date(2008, 10, last)) == counted


def test_the_day_on_which_the_clock_goes_back_has_25_hours() -> None:
    day = date(2008, 10, 26)
    assert hours((at(24, 0), at(28, 0)), first=day, last=day) == 25

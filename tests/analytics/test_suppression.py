"""Counts of persons that would tell of a few are not shown, and cannot be worked out from those that are."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from services.analytics.suppression import SMALLEST, hidden_cells, range_may_be_shown

CELLS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 40), max_size=8)
PATTERNS = st.dictionaries(st.integers(1, 31), st.integers(1, 25), min_size=1, max_size=12)  # of five years


def helped(*years_of_persons: tuple[int, str]) -> Counter[int]:
    """So many persons for each pattern; `"110"` is the first two of three years."""
    return Counter({int(pattern[::-1], 2): number for number, pattern in years_of_persons})


def test_a_small_cell_takes_the_smallest_other_with_it() -> None:
    assert hidden_cells({"Vilnius": 60, "Alytus": 40, "Kaunas": 4}) == {"Kaunas", "Alytus"}


def test_small_cells_that_come_to_ten_together_hide_each_other() -> None:
    assert hidden_cells({"Vilnius": 60, "Alytus": 6, "Kaunas": 5}) == {"Alytus", "Kaunas"}
    assert hidden_cells({"Vilnius": 60, "Alytus": 3, "Kaunas": 4}) == {"Alytus", "Kaunas", "Vilnius"}


def test_a_cell_of_nobody_tells_of_nobody() -> None:
    assert hidden_cells({"Vilnius": 60, "Alytus": 0}) == frozenset()


@given(CELLS)
def test_what_is_hidden_cannot_be_worked_out_from_the_sum(cells: dict[str, int]) -> None:
    hidden = hidden_cells(cells)
    assert all(name in hidden for name, count in cells.items() if 0 < count < SMALLEST)
    if hidden and set(cells) - hidden - {name for name, count in cells.items() if not count}:
        assert len(hidden) >= 2
        assert sum(cells[name] for name in hidden) >= SMALLEST


def test_one_year_is_shown_from_ten_persons_on() -> None:
    assert not range_may_be_shown(helped((9, "1")), 1)
    assert range_may_be_shown(helped((10, "1")), 1)


def test_a_range_is_not_shown_that_has_a_few_more_than_a_shorter_one() -> None:
    assert range_may_be_shown(helped((20, "10"), (12, "01")), 2)
    assert not range_may_be_shown(helped((20, "10"), (12, "11"), (3, "01")), 2)


def test_a_range_is_shown_that_has_nobody_more_than_a_shorter_one() -> None:
    assert range_may_be_shown(helped((20, "10"), (12, "11")), 2)


def test_a_range_is_not_shown_if_a_year_that_is_too_small_is_what_is_left_of_it() -> None:
    assert not range_may_be_shown(helped((20, "100"), (5, "010"), (30, "001")), 3)


def test_a_few_who_were_helped_first_and_last_but_not_between_are_not_told_of() -> None:
    assert not range_may_be_shown(helped((20, "111"), (20, "010"), (3, "101")), 3)


@given(PATTERNS)
def test_no_two_ranges_that_are_shown_differ_by_a_few(patterns: dict[int, int]) -> None:
    def count(first: int, end: int) -> int:
        window = (1 << end) - (1 << first)
        return sum(number for pattern, number in patterns.items() if pattern & window)

    def within(first: int, end: int) -> Counter[int]:
        cut: Counter[int] = Counter()
        for pattern, number in patterns.items():
            if part := pattern >> first & (1 << end - first) - 1:
                cut[part] += number
        return cut

    shown = [
        (first, end)
        for first in range(5)
        for end in range(first + 1, 6)
        if range_may_be_shown(within(first, end), end - first)
    ]
    for first, end in shown:
        assert count(first, end) >= SMALLEST
        for inner_first, inner_end in shown:
            if first <= inner_first and inner_end <= end:
                assert not 0 < count(first, end) - count(inner_first, inner_end) < SMALLEST

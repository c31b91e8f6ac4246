"""Counts of persons that would tell of a few are not shown, and cannot be worked out from those that are."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.analytics.suppression import (
    SMALLEST,
    hidden_cells,
    hidden_kinds,
    range_may_be_shown,
    years_may_be_shown,
)

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


YEARS = st.lists(st.one_of(st.just(0), st.integers(1, 9), st.integers(10, 30)), min_size=1, max_size=9)


def ranges(years: int) -> list[range]:
    """Every range of so many years."""
    return [range(first, end) for first in range(years) for end in range(first + 1, years + 1)]


def worked_out(known: list[list[int]], wanted: list[int]) -> bool:
    """Whether a sum can be worked out from others by adding and subtracting, however cleverly (Gauss)."""
    rows: list[tuple[int, list[Fraction]]] = []  # each with the place of its first number, which is 1
    for row in [*known, wanted]:
        rest = [Fraction(number) for number in row]
        for place, pivot in rows:
            if rest[place]:
                rest = [one - rest[place] * other for one, other in zip(rest, pivot, strict=True)]
        place = next((place for place, number in enumerate(rest) if number), None)
        if row is wanted:
            return place is None
        if place is not None:
            rows.append((place, [number / rest[place] for number in rest]))
    raise AssertionError("nothing was wanted")


def of_years(years: range, count: int) -> list[int]:
    """The sum over some of so many years."""
    return [int(year in years) for year in range(count)]


@settings(deadline=None)
@given(YEARS)
@example([20, 4, 30, 5, 30, 6, 20])  # two ranges and a year tell of the four
def test_a_few_who_were_helped_in_one_year_cannot_be_worked_out_from_any_ranges(counts: list[int]) -> None:
    def shown(years: range) -> bool:
        return range_may_be_shown(
            Counter({1 << at: counts[year] for at, year in enumerate(years) if counts[year]}), len(years)
        )

    known = [of_years(years, len(counts)) for years in ranges(len(counts)) if shown(years)]
    for years in ranges(len(counts)):
        if 0 < sum(counts[year] for year in years) < SMALLEST:
            assert not worked_out(known, of_years(years, len(counts)))


@settings(deadline=None)
@given(YEARS)
@example([6, 7, 5, 8])
def test_a_few_facts_cannot_be_worked_out_from_any_ranges_of_years(counts: list[int]) -> None:
    by_year = dict(enumerate(counts))
    known = [of_years(years, len(counts)) for years in ranges(len(counts)) if years_may_be_shown(by_year, years)]
    for years in ranges(len(counts)):
        if 0 < sum(counts[year] for year in years) < SMALLEST:
            assert not worked_out(known, of_years(years, len(counts)))


def test_years_of_a_few_facts_are_told_together() -> None:
    by_year = {2004: 6, 2005: 6, 2006: 7, 2007: 7, 2008: 10}
    shown = {(first, last) for first in by_year for last in by_year if first <= last
             and years_may_be_shown(by_year, range(first, last + 1))}  # fmt: skip
    assert shown == {(2004, 2005), (2006, 2007), (2004, 2007), (2008, 2008), (2006, 2008), (2004, 2008)}


@given(YEARS, st.integers(0, 30))
def test_another_year_changes_nothing_that_was_shown(counts: list[int], another: int) -> None:
    before, after = dict(enumerate(counts)), dict(enumerate([*counts, another]))
    for years in ranges(len(counts)):
        assert years_may_be_shown(before, years) <= years_may_be_shown(after, years)


KINDS = ("missing_person", "trafficking", "family_support")
TABLES = st.lists(st.tuples(*(st.one_of(st.just(0), st.integers(0, 12), st.integers(8, 40)),) * 3), max_size=5)


@settings(deadline=None, max_examples=60)
@given(TABLES)
@example([(6, 13, 0), (6, 14, 0), (7, 15, 0), (7, 14, 0), (10, 0, 0)])
@example([(12, 60, 2), (12, 60, 3), (12, 60, 5)])
def test_a_few_of_one_kind_cannot_be_worked_out_even_by_who_knows_the_sums(table: list[tuple[int, ...]]) -> None:
    by_year = {year: dict(zip(KINDS, row, strict=True)) for year, row in enumerate(table)}
    places = {(year, kind): at for at, (year, kind) in enumerate((y, k) for y in range(len(table)) for k in KINDS)}

    def total(cells: set[tuple[int, str]]) -> list[int]:
        row = [0] * len(places)
        for cell in cells:
            row[places[cell]] = 1
        return row

    sums = {year: sum(row) for year, row in enumerate(table)}
    known = [
        total({(year, kind) for year in years for kind in KINDS})
        for years in ranges(len(table))
        if years_may_be_shown(sums, years)
    ]
    for years in ranges(len(table)):
        for kind in set(KINDS) - hidden_kinds(KINDS, by_year, years):
            cells = {(year, kind) for year in years}
            none = not any(by_year[year][kind] for year in years)
            known += [total({cell}) for cell in cells] if none else [total(cells)]
    for years in ranges(len(table)):
        for kind in KINDS:
            if 0 < sum(by_year[year][kind] for year in years) < SMALLEST:
                assert not worked_out(known, total({(year, kind) for year in years}))


def test_kinds_that_are_common_are_told_beside_two_that_are_not() -> None:
    by_year = {2007: {"missing_person": 60, "trafficking": 14, "family_support": 3}}
    assert hidden_kinds(KINDS, by_year, range(2007, 2008)) == {"trafficking", "family_support"}

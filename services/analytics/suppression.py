"""Which counts of persons may be shown. In a small country a few are easily recognised.

A count below ten is never shown, and none that would tell of one. Two ways lead from what is shown to what is not, and
both are closed here: a table whose parts add up to a total that is known, and ranges of years that overlap, whose
counts can be subtracted from each other. Facts that happen once, such as a case that is opened, add up over the years;
persons do not, since one may be helped in several: hence a rule for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

SMALLEST = 10
"""Counts of persons below this are not published."""


def hidden_cells(cells: Mapping[str, int]) -> frozenset[str]:
    """Which cells of a table to hide, where their sum is known: all small ones, and as many more as keep them hidden.

    What is hidden comes to ten persons or more, in two cells or more; otherwise the sum, less what is shown, would tell
    of a few. The smallest of the others are hidden for it. A cell of 0 stays: it tells of nobody.
    """
    hidden = [name for name, count in cells.items() if 0 < count < SMALLEST]
    others = sorted((name for name, count in cells.items() if count >= SMALLEST), key=lambda name: (cells[name], name))
    while hidden and others and (len(hidden) < 2 or sum(cells[name] for name in hidden) < SMALLEST):
        hidden.append(others.pop(0))
    return frozenset(hidden)


@dataclass(frozen=True, slots=True)
class Block:
    """Years that are told of together or not at all, and their counts."""

    years: frozenset[int]
    counts: tuple[int, ...]

    @property
    def may_be_shown(self) -> bool:
        """None of the counts is of a few."""
        return not any(0 < count < SMALLEST for count in self.counts)


def blocks_of(parts: Sequence[Block]) -> Iterator[Block]:
    """Put years, in their order, together until they may be shown. What may be shown alone stays alone.

    What comes before such a one and is of a few still, or comes last, is a block that may not be shown. Later years
    complete the last block, and change no other: what is printed this year takes nothing from what was printed before.
    """
    gathered: list[Block] = []
    for part in parts:
        if part.may_be_shown:
            if gathered and any(part.counts):
                yield _together(gathered)
                gathered = []
            yield part
            continue
        gathered.append(part)
        if _together(gathered).may_be_shown:
            yield _together(gathered)
            gathered = []
    if gathered:
        yield _together(gathered)


def _together(parts: Sequence[Block]) -> Block:
    years = frozenset().union(*(part.years for part in parts))
    return Block(years, tuple(map(sum, zip(*(part.counts for part in parts), strict=True))))


def made_of(years: range, blocks: Sequence[Block]) -> bool:
    """Whether a range of years is one of whole blocks, all of which may be shown.

    Then two such ranges, and any sums and differences of them, differ by whole blocks: by nobody, or by ten or more.
    """
    asked = frozenset(years)
    return all(block.years <= asked and block.may_be_shown for block in blocks if block.years & asked)


def years_may_be_shown(by_year: Mapping[int, int], years: range) -> bool:
    """Whether the number of facts in a range of years may be shown. `by_year` has every year in which there was any."""
    return made_of(years, list(blocks_of([Block(frozenset([year]), (by_year[year],)) for year in sorted(by_year)])))


def hidden_kinds(of: Sequence[str], by_year: Mapping[int, Mapping[str, int]], years: range) -> frozenset[str]:
    """Which kinds `of` facts to hide in a range of years. `by_year` has every year in which there was any, by kind.

    Their sum may be known, so the two rarest kinds are shown together or not at all, and the others only in years in
    which those two come to ten or to none. A cell of 0 is hidden with the others: beside it, the sum would tell more.
    """
    total = {kind: sum(counts.get(kind, 0) for counts in by_year.values()) for kind in of}
    *others, second, rarest = sorted(of, key=lambda kind: (-total[kind], kind))
    kinds = (*others, second, rarest)

    def counts_of(in_years: frozenset[int]) -> tuple[int, ...]:
        return tuple(sum(by_year[year].get(kind, 0) for year in in_years) for kind in kinds)

    singly = [(year, counts_of(frozenset([year]))) for year in sorted(by_year)]
    coarse = list(blocks_of([Block(frozenset([year]), (*some[:-2], sum(some[-2:]))) for year, some in singly]))
    fine = [Block(block.years, counts_of(block.years)) for block in coarse if block.may_be_shown]
    if not made_of(years, coarse):
        return frozenset(kinds)
    return frozenset() if made_of(years, list(blocks_of(fine))) else frozenset((second, rarest))


def range_may_be_shown(helped: Mapping[int, int], years: int) -> bool:
    """Whether the number of persons helped in a range of years may be shown, held against those of shorter ranges.

    `helped` says how many persons have each pattern of years; bit 0 of a pattern is the first of the `years`. Not shown
    are:

    - fewer than ten persons;
    - a range of which a shorter one within it has all persons but one to nine: the difference would tell of these;
    - a range that has years in a row whose own count is too small to be shown, and in which one to nine persons were
      helped only in these: what is left after subtracting the years before and after would tell of them.

    Neither looks at whether the shorter range is shown itself, so that the answer does not depend on who asked before.
    """
    if sum(helped.values()) < SMALLEST:
        return False
    if years == 1:
        return True
    in_years = [sum(count for pattern, count in helped.items() if pattern >> year & 1) for year in range(years)]
    for small, row in groupby(range(years), key=lambda year: in_years[year] < SMALLEST):
        in_row = sum(1 << year for year in row)
        if small and 0 < sum(count for pattern, count in helped.items() if not pattern & ~in_row) < SMALLEST:
            return False
    breaks = _breaks(helped, years)
    for first, end in combinations(range(years + 1), 2):
        outside = sum(count for (begun, over), count in breaks.items() if begun <= first and end <= over)
        if end - first < years and 0 < outside < SMALLEST:
            return False
    return True


def _breaks(helped: Mapping[int, int], years: int) -> Counter[tuple[int, int]]:
    """How many persons have each longest run of years without help, from its first year to the one after it.

    Whoever is missing from a range of years has such a break around it, and just one.
    """
    breaks: Counter[tuple[int, int]] = Counter()
    for pattern, count in helped.items():
        begun = 0
        for year in range(years + 1):
            if year == years or pattern >> year & 1:
                if year > begun:
                    breaks[begun, year] += count
                begun = year + 1
    return breaks

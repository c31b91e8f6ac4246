"""Which counts of persons may be shown. In a small country a few are easily recognised.

A count below ten is never shown, and none that would tell of one. Two ways lead from what is shown to what is not, and
both are closed here: a table whose parts add up to a total that is shown, and ranges of years that overlap, whose
counts can be subtracted from each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations

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


def range_may_be_shown(helped: Mapping[int, int], years: int) -> bool:
    """Whether the number of persons helped in a range of years may be shown, held against those of shorter ranges.

    `helped` says how many persons have each pattern of years; bit 0 of a pattern is the first of the `years`. Not shown
    are:

    - fewer than ten persons;
    - a range of which a shorter one within it has all persons but one to nine: the difference would tell of these;
    - a range in which one to nine persons were helped only in years whose own count is too small to be shown: what is
      left after subtracting the other years would tell of these.

    Neither looks at whether the shorter range is shown itself, so that the answer does not depend on who asked before.
    """
    if sum(helped.values()) < SMALLEST:
        return False
    if years == 1:
        return True
    in_years = [sum(count for pattern, count in helped.items() if pattern >> year & 1) for year in range(years)]
    shown = sum(1 << year for year in range(years) if in_years[year] >= SMALLEST)
    if 0 < sum(count for pattern, count in helped.items() if not pattern & shown) < SMALLEST:
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

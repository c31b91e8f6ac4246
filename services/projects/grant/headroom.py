"""What is left of an earmark on every day, and a mapping that grows without copying itself."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Generic, TypeVar

V = TypeVar("V")
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Headroom:
    """Earmark less reservations and charges, as steps: `left[i]` holds from `days[i]` to the day before `days[i + 1]`.

    It grows with the days that have entries, not with the entries, and looking ahead from a day costs the steps
    after it: an entry of today costs next to nothing, however many came before.
    """

    days: tuple[date, ...] = ()
    left: tuple[Decimal, ...] = ()

    def on(self, day: date) -> Decimal:
        """What is left at the end of `day`."""
        step = bisect_right(self.days, day) - 1
        return self.left[step] if step >= 0 else NOTHING

    def least_from(self, day: date, before: date = date.max) -> Decimal:
        """The least that is left on `day` or any later one (before `before`): what an entry of that day may take."""
        first, end = bisect_right(self.days, day), bisect_left(self.days, before)
        return min((self.on(day), *self.left[first:end]))

    def changed(self, day: date, by: Decimal) -> Headroom:
        """With `by` more (or less) from `day` on."""
        at = bisect_left(self.days, day)
        there = at < len(self.days) and self.days[at] == day
        days = self.days if there else (*self.days[:at], day, *self.days[at:])
        later = self.left[at:] if there else (self.on(day), *self.left[at:])
        return Headroom(days, self.left[:at] + tuple(left + by for left in later))


class Entries(Generic[V]):
    """An immutable mapping by id, in 256 buckets by the id's first two characters: adding copies one small bucket."""

    __slots__ = ("_buckets",)

    def __init__(self, buckets: dict[str, dict[str, V]] | None = None) -> None:
        self._buckets = buckets or {}

    def get(self, entry: str) -> V | None:
        """The entry, if there."""
        return self._buckets.get(entry[:2], {}).get(entry)

    def put(self, entry: str, value: V) -> Entries[V]:
        """With `value` as the entry."""
        return Entries({**self._buckets, entry[:2]: {**self._buckets.get(entry[:2], {}), entry: value}})

    def drop(self, entry: str) -> Entries[V]:
        """Without the entry."""
        bucket = {key: value for key, value in self._buckets.get(entry[:2], {}).items() if key != entry}
        return Entries({**self._buckets, entry[:2]: bucket})

    def values(self) -> Iterator[V]:
        """All entries, in no order that means anything."""
        return (value for bucket in self._buckets.values() for value in bucket.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entries) and self._filled() == other._filled()

    def __hash__(self) -> int:
        return hash(frozenset(key for bucket in self._buckets.values() for key in bucket))

    def _filled(self) -> dict[str, dict[str, V]]:
        return {key: bucket for key, bucket in self._buckets.items() if bucket}

"""What the processes of an installation have done since they started, added up: for a look at a glance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from services.gateway.telling import Told


def work_of(told: Iterable[Told]) -> dict[str, Any]:
    """How many commands and appends, within how many seconds half and 99 of 100 of them ended, and what was retried."""
    buckets: dict[str, Counter[float]] = {"command": Counter(), "append": Counter()}
    retries: Counter[str] = Counter()
    for one in told:
        for family in one.families():
            for sample in family.samples:
                for what, counted in buckets.items():
                    if sample.name == f"forgetmenot_{what}_seconds_bucket":
                        counted[float(sample.labels["le"])] += int(sample.value)
                if sample.name == "forgetmenot_retries_total":
                    retries[sample.labels["of"]] += int(sample.value)
    return {
        "commands": _summary(buckets["command"]),
        "appends": _summary(buckets["append"]),
        "retries": dict(sorted(retries.items())),
    }


def _summary(buckets: Counter[float]) -> dict[str, Any]:
    count = buckets[float("inf")]
    return {"count": count, "half_within": _within(buckets, count, 0.5), "most_within": _within(buckets, count, 0.99)}


def _within(buckets: Counter[float], count: int, share: float) -> float | None:
    """The lowest bound under which that share of them is; None if there were none, or they took longer than any."""
    reached = [bound for bound, under in sorted(buckets.items()) if under >= share * count]
    return reached[0] if count and reached and reached[0] != float("inf") else None

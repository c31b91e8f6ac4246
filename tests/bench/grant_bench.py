"""A grant of 10,000 entries: charge decisions a second, today's and backdated.

`decide` alone is the rule; `decide and evolve` what a command costs before its append; `fold` all of it read anew.
An ordinary grant spreads its entries over three years; the worst has each on a day of its own, over 27 years.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from time import perf_counter
from typing import Any
from uuid import UUID, uuid5

from services.projects.grant import grant
from services.projects.grant.award import EarmarkedLine, GrantAwarded
from services.projects.grant.spending import ChargeGrant, CostCharged
from services.projects.grant.state import Grant
from services.projects.terms import Category
from shared.money import Money

ENTRIES = 10_000
FIRST = date(1998, 1, 1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOME_ID = UUID("6f1c9d7e-0b1a-4c55-9a53-2f6f0d0c2008")
KEY = str(SOME_ID)
A_EURO = Money(amount=Decimal("1.00"))
REPEATS = 7


def history(days: int) -> list[Any]:
    """An award, and charges of a euro spread evenly over so many days."""
    last = FIRST + timedelta(days=days - 1)
    whole = Money(amount=Decimal(ENTRIES * 2))
    line = EarmarkedLine(line="food", category=Category.FOOD, amount=whole, first_day=FIRST, last_day=last)
    awarded = GrantAwarded(
        grant=KEY,
        project=KEY,
        funder=KEY,
        amount=whole,
        eligible_from=FIRST,
        eligible_until=last,
        lines=(line,),
        occurred=FIRST,
    )
    charges = (
        CostCharged(
            grant=KEY,
            charge=str(uuid5(SOME_ID, str(number))),
            line="food",
            amount=A_EURO,
            reference="a voucher",
            occurred=FIRST + timedelta(days=number * days // ENTRIES),
        )
        for number in range(ENTRIES)
    )
    return [awarded, *charges]


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """The median time of `work`."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return statistics.median(times)


def run() -> list[dict[str, Any]]:
    """Each kind of grant, each kind of charge."""
    rows = []
    for name, days in (("three years", 1096), ("a day each", ENTRIES)):
        events = history(days)
        folding = seconds(lambda events=events: grant.fold(events), 3)  # type: ignore[misc]
        state = grant.fold(events)
        row: dict[str, Any] = {"grant": name, "days with entries": days, "fold, events/s": round(len(events) / folding)}
        for when, day in (("today", FIRST + timedelta(days=days - 1)), ("backdated to the first day", FIRST)):
            charge = ChargeGrant(grant=KEY, line="food", amount=A_EURO, reference="a voucher", occurred=day)
            stamped = charge.stamped(UUID(int=1), "w-1", NOW)

            def decide(command: ChargeGrant = stamped, state: Grant = state) -> Any:
                return grant.decide(command, state)

            def both(command: ChargeGrant = stamped, state: Grant = state) -> Any:
                return grant.fold(grant.decide(command, state), state)

            row[f"{when}: decide/s"] = round(100 / seconds(lambda: [decide() for _ in range(100)], REPEATS))
            row[f"{when}: decide and evolve/s"] = round(100 / seconds(lambda: [both() for _ in range(100)], REPEATS))
        rows.append(row)
    return rows

"""The source, replayed: what it says exactly is exact; what it leaves open is invented, and marked so.

From the centre's account: 77 projects since the beginnings, 8 of them in 2008; 56 victims of trafficking helped in
2004-2007; Emmaüs Europe's support of "Girl power" for food, salaries and utilities; 25 May; 2 October 2008.
Invented: when the other projects began, their names, funders and amounts; everything about single persons; the
partners, of whom the source says only that they are in Lithuania and elsewhere; who governs the organisation.
That the 77 run to 31 December 2008 is an assumption: the account is not dated.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from services.cases.case.intake import Channel
from services.cases.case.record import Outcome
from services.history import money, people, profile, public, shelter, wording
from services.history.money import Earmark, Funder, ProjectPlan
from services.history.people import WORKERS, Family, Victim
from services.history.steps import Step, Story
from services.projects.funder import FunderKind
from services.projects.terms import Category
from services.rehabilitation.programme.record import ServiceKind

SOURCE = Story("source")
PROJECTS_BY_YEAR = {
    1996: 2, 1997: 3, 1998: 4, 1999: 5, 2000: 5, 2001: 6, 2002: 6, 2003: 7, 2004: 7, 2005: 8, 2006: 8, 2007: 8, 2008: 8,
}  # fmt: skip
VICTIMS_BY_YEAR = {2004: 13, 2005: 14, 2006: 15, 2007: 14}  # 56 in all; the split is invented
FAMILIES_BY_YEAR = {2004: 6, 2005: 6, 2006: 7, 2007: 7, 2008: 10}

FUNDERS = (
    Funder("government", FunderKind.GOVERNMENT, "Government of the Republic of Lithuania", "LT", from_source=True),
    Funder("emmaus", FunderKind.FOREIGN_ORGANISATION, "Emmaüs Europe", "FR", from_source=True),
    Funder("foreign-1", FunderKind.FOREIGN_ORGANISATION, "A fund of a foreign organisation (1)", "SE"),
    Funder("foreign-2", FunderKind.FOREIGN_ORGANISATION, "A fund of a foreign organisation (2)", "NL"),
    Funder("embassy-1", FunderKind.EMBASSY, "An embassy in Lithuania (1)", "GB"),
    Funder("embassy-2", FunderKind.EMBASSY, "An embassy in Lithuania (2)", "NO"),
)
GIRL_POWER = ProjectPlan(
    "girl-power",
    "Girl power",
    "Girl power",
    "emmaus",
    date(2007, 1, 15),
    date(2008, 12, 31),
    (
        Earmark(Category.FOOD, Decimal("6000.00")),
        Earmark(Category.SALARIES, Decimal("12000.00"), spent=90),
        Earmark(Category.UTILITIES, Decimal("4000.00"), spent=75),
    ),
    completed=False,
    from_source=True,
    by_documents=True,
)
CHANNELS = (Channel.POLICE, Channel.PARTNER, Channel.WALK_IN, Channel.EMBASSY, Channel.TELEPHONE)


def the_source() -> Iterator[Step]:
    """Every step, the same on every run."""
    dice = random.Random(20081002)  # noqa: S311  (a fixed history, not a secret)
    yield from profile.organisation(SOURCE)
    for partner in profile.PARTNERS:
        yield from profile.partner(SOURCE, partner)
    yield from money.funders(SOURCE, FUNDERS, date(1996, 1, 2))
    for plan in _projects(dice):
        yield from money.project(SOURCE, plan)
    victims = list(_victims(dice))
    for victim in victims:
        yield from people.victim(SOURCE, victim)
    yield from shelter.house(SOURCE, victims)
    for family in _families(dice):
        yield from people.family(SOURCE, family)
    yield from public.missing_childrens_day(SOURCE)
    yield from public.against_trafficking(SOURCE)
    yield from public.dont_sell_yourself(SOURCE)
    yield from wording.translations(SOURCE)


def steps_in_source() -> int:
    """How many steps there are, for a progress bar."""
    return sum(1 for _ in the_source())


def _projects(dice: random.Random) -> Iterator[ProjectPlan]:
    for year, count in PROJECTS_BY_YEAR.items():
        for number in range(1, count + 1):
            if (year, number) == (2007, 1):
                yield GIRL_POWER
                continue
            starts = date(year, 1, 10) + timedelta(days=dice.randrange(300))
            ends = starts + timedelta(days=dice.choice((180, 270, 360)))
            funder = dice.choice([funder.key for funder in FUNDERS if funder.key != "emmaus"])
            earmarks = tuple(
                Earmark(category, Decimal(dice.randrange(10, 80)) * 100)
                for category in dice.sample((Category.SERVICES, Category.MATERIALS, Category.SALARIES), 2)
            )
            title = f"Project {year}-{number} (name not in the source)"
            yield ProjectPlan(f"{year}-{number}", title, None, funder, starts, ends, earmarks)


def _victims(dice: random.Random) -> Iterator[Victim]:
    number = 0
    for year, count in VICTIMS_BY_YEAR.items():
        for _ in range(count):
            number += 1
            services = [(ServiceKind.CRISIS, 0)] + [
                (dice.choice(list(ServiceKind)), 3 + 9 * week) for week in range(dice.randrange(6, 12))
            ]
            yield Victim(
                f"victim-{number}",
                number,
                date(year, 1, 5) + timedelta(days=dice.randrange(200)),
                services,
                dice.choice(WORKERS),
                dice.choice(CHANNELS),
                family=1 if number % 3 == 0 else 0,
                partner=profile.PARTNERS[number % len(profile.PARTNERS)].key if number % 4 == 0 else None,
            )


def _families(dice: random.Random) -> Iterator[Family]:
    number = 0
    for year, count in FAMILIES_BY_YEAR.items():
        for _ in range(count):
            number += 1
            yield Family(
                f"family-{number}",
                number,
                date(year, 1, 5) + timedelta(days=dice.randrange(200)),
                dice.choice(WORKERS),
                dice.choice(CHANNELS),
                relatives=1 + number % 2,
                outcome=dice.choice((Outcome.FOUND_ALIVE, Outcome.RETURNED, None)),
            )

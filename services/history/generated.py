"""A history of any size and of the source's shape, invented from a seed: for trying things at scale.

It claims none of the source's figures. It is made as it is read, so that its size costs time and no memory.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain

from services.campaigns.campaign.groups import RegisterGroup
from services.campaigns.campaign.holding import HoldCampaign
from services.campaigns.campaign.planning import PlanCampaign
from services.campaigns.campaign.state import Kind
from services.campaigns.partner import CooperationField, PartnerKind
from services.campaigns.quantity import exactly
from services.cases.case.record import Outcome
from services.history import money, people, profile, shelter
from services.history.money import Earmark, Funder, ProjectPlan
from services.history.people import WORKERS, Family, Victim
from services.history.source import CHANNELS
from services.history.steps import Step, Steps, Story
from services.projects.funder import FunderKind
from services.projects.terms import Category
from services.rehabilitation.programme.record import ServiceKind
from shared.messages import Role
from shared.money import LITAS_PEGGED

FIRST_DAY = date(2000, 1, 3)
DAYS = 24 * 365
TOWNS = ("Vilnius", "Alytus", "Kaunas", "Klaipėda", "Šiauliai", "Panevėžys")
PARTNERS = tuple(f"partner {number}" for number in range(8))
FUNDERS = tuple(Funder(f"funder-{number}", kind, f"Funder {number}", "LT") for number, kind in enumerate(FunderKind))


def generated(events: int, seed: int) -> Iterator[Step]:
    """Steps that make at least `events` events, the same for the same numbers. Streams: nothing is kept."""
    story = Story(f"generated/{seed}")
    dice = random.Random(seed)  # noqa: S311  (a repeatable history, not a secret)
    made = 0
    for step in chain(money.funders(story, FUNDERS, FIRST_DAY), *(_partner(story, key) for key in PARTNERS)):
        made += 1
        yield step
    number = 0
    while made < events:
        number += 1
        for kind in KINDS:
            for step in kind(story, dice, number):
                made += 1  # nearly every step is one event
                yield step
            if made >= events:
                return


def _partner(story: Story, key: str) -> Steps:
    fields = (CooperationField.PREVENTION,)
    return profile.partner(story, profile.Partner(key, key.title(), PartnerKind.NGO, "LT", fields, FIRST_DAY))


def _day(dice: random.Random) -> date:
    return FIRST_DAY + timedelta(days=dice.randrange(DAYS))


def _project(story: Story, dice: random.Random, number: int) -> Steps:
    starts = _day(dice)
    earmarks = tuple(
        Earmark(category, Decimal(dice.randrange(10, 80)) * 100) for category in dice.sample(list(Category), 3)
    )
    plan = ProjectPlan(
        f"{number}",
        f"Project {number}",
        "Programme" if number % 8 == 0 else None,
        dice.choice(FUNDERS).key,
        starts,
        starts + timedelta(days=270),
        earmarks,
        by_documents=number % 4 == 0 and starts > LITAS_PEGGED,
    )
    return money.project(story, plan)


def _victim(story: Story, dice: random.Random, number: int) -> Steps:
    services = [(dice.choice(list(ServiceKind)), 9 * week) for week in range(8)]
    plan = Victim(
        f"victim-{number}",
        number,
        _day(dice),
        services,
        dice.choice(WORKERS),
        dice.choice(CHANNELS),
        family=number % 2,
        partner=PARTNERS[number % len(PARTNERS)] if number % 4 == 0 else None,
    )
    return people.victim(story, plan)


def _family(story: Story, dice: random.Random, number: int) -> Steps:
    outcome = dice.choice((Outcome.FOUND_ALIVE, Outcome.RETURNED, None))
    plan = Family(
        f"family-{number}", number, _day(dice), dice.choice(WORKERS), dice.choice(CHANNELS), 1 + number % 2, outcome
    )
    return people.family(story, plan)


def _campaign(story: Story, dice: random.Random, number: int) -> Steps:
    campaign, day = story.id("campaign", number), _day(dice).isoformat()
    planned = PlanCampaign(
        campaign=campaign,
        kind=Kind.PREVENTION_LESSON,
        title=f"Lesson {number}",
        aim="That young people know the danger",
        planned_for=day,
        town=dice.choice(TOWNS),
        occurred=day,
    )
    yield story.step(planned, Role.CAMPAIGNER, by="camp-1")
    pupils = dice.randrange(12, 30)
    group = RegisterGroup(
        campaign=campaign,
        group=story.id("group", number),
        school=f"School {number % 200}",
        town=dice.choice(TOWNS),
        pupils=exactly(pupils),
        teachers=exactly(1 + pupils // 15),
        occurred=day,
    )
    yield story.step(group, Role.CAMPAIGNER, by="camp-1")
    held = HoldCampaign(campaign=campaign, attendance=exactly(pupils), occurred=day)
    yield story.step(held, Role.CAMPAIGNER, by="camp-1")


def _house(story: Story, dice: random.Random, number: int) -> Steps:
    centre, day = f"C{number}", _day(dice)
    person, other = (story.id("person", f"{kind}-{number}") for kind in ("victim", "family"))
    yield from shelter.centre(story, centre, day)
    ends = day + timedelta(days=dice.randrange(20, 90))
    yield from shelter.stay(story, centre, shelter.Stay(centre, person, dice.choice(shelter.beds()), day, ends))
    yield from shelter.tension(story, centre, centre, person, other, day + timedelta(days=5))
    yield from shelter.trial(story, centre, person, day + timedelta(days=30), f"l-{number}")
    yield from shelter.watched(story, f"post{number}", day, (f"n-{number}", f"o-{number}"), 2)


KINDS: tuple[Callable[[Story, random.Random, int], Steps], ...] = (_project, _victim, _family, _campaign, _house)

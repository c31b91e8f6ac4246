"""The house of a history: who slept where, a tension, a trial prepared and attended, nights that somebody watched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from services.history.people import WORKERS, Victim
from services.history.steps import Step, Steps, Story
from services.rehabilitation.cover import at_the_centre
from services.rehabilitation.placement.house import AddRoom, AddShelter, OpenCentre
from services.rehabilitation.placement.record import AgeGroup, Scope
from services.rehabilitation.placement.stays import CheckIn, CheckOut
from services.rehabilitation.proceedings.assistance import HoldPreparation, RepresentPerson
from services.rehabilitation.proceedings.ending import Outcome, RecordOutcome
from services.rehabilitation.proceedings.hearings import MoveHearing, RecordHearingHeld, ScheduleHearing
from services.rehabilitation.proceedings.mandate import GrantMandate, OpenProceedings
from services.rehabilitation.proceedings.record import Authority, Standing
from services.rehabilitation.rota import PlanShift
from services.rehabilitation.tension.easing import DecideSeparation, HoldMediation
from services.rehabilitation.tension.ending import Ending, ResolveTension
from services.rehabilitation.tension.record import Effect, Sign
from services.rehabilitation.tension.signs import NoteTension
from services.rehabilitation.watch.incidents import RecordIncident
from services.rehabilitation.watch.record import IncidentKind, Severity
from services.rehabilitation.watch.turns import HandOver, TakeOver
from shared.messages import Command, Role

MANAGER = "m-1"
SHELTER = "A"
ROOMS, BEDS_IN_A_ROOM = 4, 3
POST = "shelter"
WATCHED_FROM, WATCHED_SHIFTS = date(2008, 9, 29), 10  # over the end of a month


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody who slept here."""

    key: str
    person: str
    bed: str
    begins: date
    ends: date


def _by_manager(story: Story, command: Command, *, settle: bool = False) -> Step:
    return story.step(command, Role.SHELTER_MANAGER, by=MANAGER, settle=settle)


def centre(story: Story, key: str, opened: date) -> Steps:
    """A centre with one shelter, and its beds."""
    where = story.id("centre", key)
    yield _by_manager(story, OpenCentre(centre=where, code=key, occurred=opened))
    capacity = ROOMS * BEDS_IN_A_ROOM
    yield _by_manager(story, AddShelter(centre=where, shelter=SHELTER, capacity=capacity, occurred=opened))
    for room in range(1, ROOMS + 1):
        beds = tuple(f"A{room}-{bed}" for bed in range(1, BEDS_IN_A_ROOM + 1))
        added = AddRoom(centre=where, shelter=SHELTER, room=f"A{room}", beds=beds, occurred=opened)
        yield _by_manager(story, added)


def house(story: Story, victims: Sequence[Victim]) -> Steps:
    """A centre in which every other victim slept for a while, and what happened there."""
    key = "VNO"
    yield from centre(story, key, date(min(victim.begins.year for victim in victims), 1, 2))
    for plan in _bedded(story, sorted(victims[::2], key=lambda victim: victim.begins)):
        yield from stay(story, key, plan)
    first, second = victims[-3], victims[-1]
    after = max(first.begins, second.begins) + timedelta(days=10)
    names = (story.id("person", first.key), story.id("person", second.key))
    yield from tension(story, key, "quarrel", *names, after)
    for number, victim in enumerate(victims[::14]):
        begins = victim.begins + timedelta(days=100)
        yield from trial(story, victim.key, story.id("person", victim.key), begins, f"l-{1 + number % 2}")
    yield from watched(story, POST, WATCHED_FROM, WORKERS, WATCHED_SHIFTS)


def _bedded(story: Story, victims: Iterable[Victim]) -> Iterator[Stay]:
    """Each in a bed that is free by then."""
    free_from = dict.fromkeys(beds(), date.min)
    for victim in victims:
        begins = victim.begins + timedelta(days=2)
        bed = next(bed for bed, day in free_from.items() if day <= begins)
        ends = free_from[bed] = begins + timedelta(days=40 + 10 * (victim.number % 6))
        yield Stay(victim.key, story.id("person", victim.key), bed, begins, ends)


def beds() -> tuple[str, ...]:
    """Every bed, by its code."""
    return tuple(f"A{room}-{bed}" for room in range(1, ROOMS + 1) for bed in range(1, BEDS_IN_A_ROOM + 1))


def stay(story: Story, centre_key: str, plan: Stay) -> Steps:
    """Somebody comes, and goes."""
    where, which = story.id("centre", centre_key), story.id("stay", plan.key)
    came = CheckIn(
        centre=where,
        stay=which,
        person=plan.person,
        bed=plan.bed,
        age=AgeGroup.ADULT,
        house_rules="1",
        occurred=plan.begins,
    )
    yield _by_manager(story, came)
    yield _by_manager(story, CheckOut(centre=where, stay=which, occurred=plan.ends))


def tension(story: Story, centre_key: str, key: str, first: str, second: str, begins: date) -> Steps:
    """A quarrel, a talk that helped a little, two who are kept out of one room, and peace."""
    which, day = story.id("tension", key), begins.isoformat()
    noted = NoteTension(
        tension=which,
        entry=story.id("tension", key, "sign"),
        centre=story.id("centre", centre_key),
        parties=(first, second),
        sign=Sign.QUARREL,
        about=first,
        account="Invented: what was noticed.",
        occurred=day,
    )
    yield _by_manager(story, noted)
    mediated = HoldMediation(
        tension=which,
        entry=story.id("tension", key, "mediation"),
        present=(first, second),
        effect=Effect.EASED,
        about=second,
        occurred=(begins + timedelta(days=2)).isoformat(),
    )
    yield _by_manager(story, mediated)
    apart = DecideSeparation(
        tension=which,
        order=story.id("order", key),
        first=first,
        second=second,
        scope=Scope.ROOM,
        occurred=(begins + timedelta(days=3)).isoformat(),
    )
    yield _by_manager(story, apart)
    over = ResolveTension(tension=which, how=Ending.MEDIATED, occurred=(begins + timedelta(days=20)).isoformat())
    yield _by_manager(story, over)


def trial(story: Story, key: str, person: str, begins: date, counsel: str) -> Steps:
    """A mandate, preparation, a hearing that moved, representation, an outcome."""

    def by_counsel(command: Command, *, settle: bool = False) -> Step:
        return story.step(command, Role.LAWYER, by=counsel, settle=settle)

    def day(after: int) -> str:
        return (begins + timedelta(days=after)).isoformat()

    file, mandate, hearing = (story.id(what, key) for what in ("proceedings", "mandate", "hearing"))
    opened = OpenProceedings(
        proceedings=file, beneficiary=person, standing=Standing.VICTIM, court="C-1", occurred=day(0)
    )
    yield by_counsel(opened)
    granted = GrantMandate(
        proceedings=file,
        mandate=mandate,
        beneficiary=person,
        counsel=counsel,
        scope=(Authority.COURT, Authority.PROSECUTOR),
        until=begins + timedelta(days=730),
        occurred=day(1),
    )
    yield by_counsel(granted)
    at = datetime.combine(begins + timedelta(days=60), time(10), at_the_centre(begins, time.min).tzinfo)
    yield by_counsel(ScheduleHearing(proceedings=file, hearing=hearing, at=at, court="C-1", occurred=day(10)))
    for number in range(2):
        prepared = HoldPreparation(
            proceedings=file,
            entry=story.id("preparation", key, number),
            beneficiary=person,
            minutes=60,
            occurred=day(30 + 20 * number),
        )
        yield by_counsel(prepared)
    later = at + timedelta(days=14)
    yield by_counsel(MoveHearing(proceedings=file, hearing=hearing, at=later, occurred=day(55)))
    represented = RepresentPerson(
        proceedings=file,
        entry=story.id("representation", key),
        beneficiary=person,
        mandate=mandate,
        before=Authority.COURT,
        minutes=120,
        occurred=day(74),
    )
    yield by_counsel(represented, settle=True)
    held = RecordHearingHeld(proceedings=file, hearing=hearing, beneficiary=person, attended=True, occurred=day(74))
    yield by_counsel(held)
    ended = RecordOutcome(
        proceedings=file,
        entry=story.id("outcome", key),
        beneficiary=person,
        outcome=Outcome.CONVICTION,
        final=True,
        occurred=day(90),
    )
    yield by_counsel(ended)


def watched(story: Story, post: str, first: date, workers: tuple[str, ...], shifts: int) -> Steps:
    """Shifts of twelve hours, one after the other: planned, taken over and handed over to the next."""
    planned = []
    for number in range(shifts):
        day, evening = first + timedelta(days=number // 2), number % 2
        starts = at_the_centre(day, time(20) if evening else time(8))
        ends = at_the_centre(day + timedelta(days=evening), time(8) if evening else time(20))
        shift = story.id("shift", post, first, number)
        worker = workers[number % len(workers)]
        plan = PlanShift(
            post=post, year=day.year, month=day.month, shift=shift, worker=worker, starts=starts, ends=ends
        )
        planned.append(plan)
        yield _by_manager(story, plan)
    before: PlanShift | None = None
    for number, plan in enumerate(planned):
        taken = TakeOver(
            post=post,
            year=plan.year,
            shift=plan.shift,
            relieves=before.shift if before else None,
            relieves_year=before.year if before else None,
            occurred=plan.starts,
        )
        yield story.step(taken, Role.DUTY_OFFICER, by=plan.worker, settle=not number)
        handed = HandOver(
            post=post, year=plan.year, shift=plan.shift, summary="Invented: what to know.", occurred=plan.ends
        )
        yield story.step(handed, Role.DUTY_OFFICER, by=plan.worker)
        before = plan
    incident = story.id("incident", post, first)
    reported = RecordIncident(
        post=post,
        year=planned[0].year,
        incident=incident,
        about=incident,
        kind=IncidentKind.TECHNICAL,
        severity=Severity.LOW,
        account="Invented: what happened.",
        occurred=planned[0].starts,
    )
    yield story.step(reported, Role.DUTY_OFFICER, by=planned[0].worker)

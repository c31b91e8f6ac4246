"""Age: when somebody was born, as far as it is known. Who is not shown to be an adult is treated as a child."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.person.record import Person, PersonCommand, PersonEvent
from services.cases.vocabulary import CASE_TEAM, HELPERS
from shared.dates import Occurred, earliest, latest, must_have_happened, today
from shared.decider import must_exist
from shared.errors import DomainError
from shared.privacy.personal import About, Hidden, Retention

AGE_OF_MAJORITY = 18
"""Article 1 of the Convention on the Rights of the Child."""


class BirthSource(StrEnum):
    """What a birth date rests on."""

    DOCUMENT = "document"
    REGISTER = "register"
    RELATIVE = "relative"
    OWN_ACCOUNT = "own_account"
    ESTIMATE = "estimate"


RELIABLE = frozenset({BirthSource.DOCUMENT, BirthSource.REGISTER})
"""Only these show that somebody is an adult: trafficked children are made to say that they are older."""


class AgeBasis(StrEnum):
    """What a finding on somebody's age rests on, where no birth date can."""

    COURT = "court"
    AGE_ASSESSMENT = "age_assessment"
    IDENTIFIED = "identified"
    CAME_OF_AGE = "came_of_age"


Birth = Annotated[
    Occurred,
    About("person", Retention.IDENTITY),
    Field(description="Birth date, as exactly as it is known (EDTF)", examples=["1987-05-12", "1990~", "1988-22"]),
]
HiddenBirth = Annotated[str | Hidden, About("person", Retention.IDENTITY)]
Source = Annotated[BirthSource, Field(description="What the date rests on", examples=["document"])]


class RecordBirthDate(PersonCommand, route="POST /persons/{person}/birth", roles=HELPERS):
    """Record when a person was born, as exactly as it is known."""

    birth: Birth
    source: Source


class CorrectBirthDate(PersonCommand, route="POST /persons/{person}/birth/correction", roles=CASE_TEAM):
    """Put a birth date right: what stands was never true."""

    birth: Birth
    source: Source


class DetermineAge(PersonCommand, route="POST /persons/{person}/age", roles=CASE_TEAM):
    """Record a finding that a person is, or is not shown to be, an adult."""

    adult: Annotated[bool, Field(description="Whether they are shown to be an adult", examples=[True])]
    basis: Annotated[AgeBasis, Field(description="What that rests on", examples=["age_assessment"])]
    occurred: Occurred


class BirthDateRecorded(PersonEvent):
    """A birth date became known. `shows_adult` is all of it that decisions need."""

    birth: HiddenBirth
    source: BirthSource
    shows_adult: bool


class BirthDateCorrected(PersonEvent):
    """The birth date that stood was never true; this one is."""

    birth: HiddenBirth
    source: BirthSource
    shows_adult: bool


class AgeDetermined(PersonEvent):
    """It was found whether somebody is shown to be an adult."""

    adult: bool
    basis: AgeBasis
    occurred: Occurred


Commands = RecordBirthDate | CorrectBirthDate | DetermineAge

Events = BirthDateRecorded | BirthDateCorrected | AgeDetermined


def decide(command: Commands, state: Person) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(state.registered, "person")
    match command:
        case RecordBirthDate(person=person, birth=birth, source=source, now=now):
            if state.has_birth_date:
                raise DomainError(
                    "Nobody is born twice, and a birth date stands: if it is wrong, correct it.", rule="born-once"
                )
            adult = must_be_born(birth, source, now)
            return [BirthDateRecorded(person=person, birth=birth, source=source, shows_adult=adult)]
        case CorrectBirthDate(person=person, birth=birth, source=source, now=now):
            if not state.has_birth_date:
                raise DomainError("There is no birth date to correct: record one.", rule="nothing-to-correct")
            adult = must_be_born(birth, source, now)
            return [BirthDateCorrected(person=person, birth=birth, source=source, shows_adult=adult)]
        case DetermineAge(person=person, adult=adult, basis=basis, occurred=occurred):
            must_have_happened(occurred, command.now)
            if adult == state.shown_adult:
                return []
            return [AgeDetermined(person=person, adult=adult, basis=basis, occurred=occurred)]
        case _:
            assert_never(command)


def must_be_born(birth: str, source: BirthSource, now: datetime) -> bool:
    """Refuses a birth that is to come. The answer says whether the date shows an adult, on every reading of it."""
    if earliest(birth) > today(now):
        # Not the date itself: a refusal carries nothing personal.
        raise DomainError("Somebody has been born; this date is to come.", rule="not-in-the-future")
    return source in RELIABLE and is_adult(birth, now)


def is_adult(birth: str, now: datetime) -> bool:
    """Whether somebody born on the last day that `birth` may mean has come of age."""
    youngest, day = latest(birth), today(now)
    had_birthday = (day.month, day.day) >= (youngest.month, youngest.day)
    return day.year - youngest.year - (not had_birthday) >= AGE_OF_MAJORITY


def findings_end(source: BirthSource) -> bool:
    """Whether a birth date ends an earlier finding, made for want of papers. Papers do, somebody's word does not."""
    return source in RELIABLE


def evolve(state: Person, event: Events) -> Person:
    """What is kept of a person after an event."""
    match event:
        case BirthDateRecorded(source=source, shows_adult=adult) | BirthDateCorrected(source=source, shows_adult=adult):
            found = None if findings_end(source) else state.found_adult
            return replace(state, has_birth_date=True, born_adult=adult, found_adult=found)
        case AgeDetermined(adult=adult):
            return replace(state, found_adult=adult)
        case _:
            assert_never(event)

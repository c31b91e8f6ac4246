"""Age: when somebody was born, as far as it is known. Who is not shown to be an adult is treated as a child."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, assert_never

from pydantic import Field

from services.cases.person.record import Person, PersonCommand, PersonEvent
from services.cases.vocabulary import CASE_TEAM, HELPERS
from shared.dates import Occurred, earliest, must_have_happened, today, widest
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import upcasts
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
AsOf = Annotated[
    Occurred | None,
    Field(description="When it was said or estimated, if not now (EDTF): about 1970, as of 2006", examples=["2006"]),
]


class RecordBirthDate(PersonCommand, route="POST /persons/{person}/birth", roles=HELPERS):
    """Record when a person was born, as exactly as it is known."""

    birth: Birth
    source: Source
    as_of: AsOf = None


class CorrectBirthDate(PersonCommand, route="POST /persons/{person}/birth/correction", roles=CASE_TEAM):
    """Put a birth date right: what stands was never true."""

    birth: Birth
    source: Source
    as_of: AsOf = None


class DetermineAge(PersonCommand, route="POST /persons/{person}/age", roles=CASE_TEAM):
    """Record a finding that a person is, or is not shown to be, an adult."""

    adult: Annotated[bool, Field(description="Whether they are shown to be an adult", examples=[True])]
    basis: Annotated[AgeBasis, Field(description="What that rests on", examples=["age_assessment"])]
    occurred: Occurred


class BirthDateRecorded(PersonEvent, version=2):
    """A birth date became known. `shows_adult` is all of it that decisions need."""

    birth: HiddenBirth
    source: BirthSource
    as_of: Occurred | None = None
    shows_adult: bool


@upcasts(BirthDateRecorded, 1)
def recorded_when_it_was_said(data: dict[str, Any]) -> dict[str, Any]:
    """When it was said was not told apart."""
    return data


class BirthDateCorrected(PersonEvent, version=2, puts_right=("person", "BirthDateRecorded.person")):
    """The birth date that stood was never true; this one is."""

    birth: HiddenBirth
    source: BirthSource
    as_of: Occurred | None = None
    shows_adult: bool


@upcasts(BirthDateCorrected, 1)
def corrected_when_it_was_said(data: dict[str, Any]) -> dict[str, Any]:
    """When it was said was not told apart."""
    return data


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
        case RecordBirthDate():
            if state.has_birth_date:
                raise DomainError(
                    "Nobody is born twice, and a birth date stands: if it is wrong, correct it.", rule="born-once"
                )
            return [BirthDateRecorded(**command.stated(), shows_adult=must_be_born(command))]
        case CorrectBirthDate():
            if not state.has_birth_date:
                raise DomainError("There is no birth date to correct: record one.", rule="nothing-to-correct")
            return [BirthDateCorrected(**command.stated(), shows_adult=must_be_born(command))]
        case DetermineAge(person=person, adult=adult, basis=basis, occurred=occurred):
            must_have_happened(occurred, command.now)
            if adult == state.shown_adult:
                return []
            return [AgeDetermined(person=person, adult=adult, basis=basis, occurred=occurred)]
        case _:
            assert_never(command)


def must_be_born(command: RecordBirthDate | CorrectBirthDate) -> bool:
    """Refuses a birth that is to come. The answer says whether the date shows an adult, on every reading of it."""
    if command.as_of is not None:
        must_have_happened(command.as_of, command.now)
    if earliest(command.birth) > today(command.now):
        # Not the date itself: a refusal carries nothing personal.
        raise DomainError("Somebody has been born; this date is to come.", rule="not-in-the-future")
    return command.source in RELIABLE and is_adult(command.birth, command.now)


def is_adult(birth: str, now: datetime) -> bool:
    """Whether somebody born on the last day that `birth` may mean, about that long ago included, has come of age."""
    youngest, day = widest(birth)[1], today(now)
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

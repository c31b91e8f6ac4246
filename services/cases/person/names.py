"""Registration and names: the same person may be written in several languages, and have had several names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.cases.person.record import Person, PersonCommand, PersonEvent
from services.cases.vocabulary import CASE_TEAM, HELPERS, PersonId
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Id, new_id
from shared.privacy.personal import About, Hidden, Retention

NameId = Annotated[Id, Field(description="The name", examples=["e4eaaaf2-d142-11e1-b3e4-080027620cdd"])]


class NameKind(StrEnum):
    """What kind of name."""

    LEGAL = "legal"
    AT_BIRTH = "at_birth"
    MARRIED = "married"
    FORMER = "former"
    KNOWN_AS = "known_as"
    FALSE = "false"  # in forged papers, or given by a trafficker
    TRANSLITERATED = "transliterated"


class PersonName(BaseModel):
    """A name, with its language: the same person may be written in several."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    given: Annotated[str | None, Field(max_length=200, description="Given names", examples=["Rūta"])] = None
    family: Annotated[str | None, Field(max_length=200, description="Family name", examples=["Ąžuolaitė"])] = None
    kind: Annotated[NameKind, Field(description="What kind of name", examples=["legal"])] = NameKind.LEGAL
    language: Annotated[
        str,
        StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?$"),
        Field(description="Language, and script if need be (BCP 47)", examples=["lt"]),
    ] = "lt"


Name = Annotated[PersonName, About("person", Retention.IDENTITY, record="name"), Field(description="The name")]
HiddenName = Annotated[PersonName | Hidden, About("person", Retention.IDENTITY, record="name")]


class RegisterPerson(PersonCommand, route="POST /persons", roles=HELPERS):
    """Register a person, with a name if one is known."""

    person: PersonId = new_id()
    name: NameId = new_id()
    value: Annotated[
        PersonName | None, About("person", Retention.IDENTITY, record="name"), Field(description="A name, if known")
    ] = None
    occurred: Occurred


class AddName(PersonCommand, route="POST /persons/{person}/names", roles=HELPERS):
    """Add a name that a person has, had, or goes by."""

    name: NameId = new_id()
    value: Name


class CorrectName(PersonCommand, route="POST /persons/{person}/names/{name}/correction", roles=HELPERS):
    """Put a name right that was written down wrongly."""

    name: NameId
    value: Name


class RetractName(PersonCommand, route="POST /persons/{person}/names/{name}/retraction", roles=CASE_TEAM):
    """Take back a name that is somebody else's."""

    name: NameId


class PersonRegistered(PersonEvent):
    """A person was registered."""

    occurred: Occurred


class NameAdded(PersonEvent):
    """A name was added."""

    name: NameId
    value: HiddenName


class NameCorrected(PersonEvent, puts_right=("name", "NameAdded.name")):
    """A name was written down wrongly; this is how it is."""

    name: NameId
    value: HiddenName


class NameRetracted(PersonEvent, puts_right=("name", "NameAdded.name")):
    """A name was somebody else's."""

    name: NameId


Commands = RegisterPerson | AddName | CorrectName | RetractName

Events = PersonRegistered | NameAdded | NameCorrected | NameRetracted


def decide(command: Commands, state: Person) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(state.registered or isinstance(command, RegisterPerson), "person")
    match command:
        case RegisterPerson(person=person, name=name, value=value, occurred=occurred):
            if state.registered:
                raise DomainError(
                    "A person is registered once; this id is taken: leave it out.", rule="registered-once"
                )
            must_have_happened(occurred, command.now)
            registered = PersonRegistered(person=person, occurred=occurred)
            if value is None:
                return [registered]
            must_say_something(value)
            return [registered, NameAdded(person=person, name=name, value=value)]
        case AddName(person=person, name=name, value=value):
            must_say_something(value)
            if name in state.names:
                raise DomainError("Each name has an id of its own; this one is taken: leave it out.", rule="id-taken")
            return [NameAdded(person=person, name=name, value=value)]
        case CorrectName(person=person, name=name, value=value):
            must_say_something(value)
            if not state.names.get(name):
                raise DomainError("This person has no such name: name one that stands.", rule="no-such-name")
            return [NameCorrected(person=person, name=name, value=value)]
        case RetractName(person=person, name=name):
            if name not in state.names:
                raise DomainError("This person has no such name: name one of theirs.", rule="no-such-name")
            return [NameRetracted(person=person, name=name)] if state.names[name] else []
        case _:
            assert_never(command)


def must_say_something(name: PersonName) -> None:
    """Refuses a name without any part."""
    if not (name.given or name.family):
        raise DomainError("A name has a given or a family part; this one has neither.", rule="name-is-not-empty")


def evolve(state: Person, event: Events) -> Person:
    """What is kept of a person after an event."""
    match event:
        case PersonRegistered():
            return replace(state, registered=True)
        case NameAdded(name=name):
            return replace(state, names=state.names.having(name, True))
        case NameRetracted(name=name):
            return replace(state, names=state.names.having(name, False))
        case NameCorrected():
            return state
        case _:
            assert_never(event)

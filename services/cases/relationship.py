"""Relationship: what two people are to each other, said in both directions, from when until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.vocabulary import CASE_TEAM, HELPERS, PersonId, Text
from shared.dates import Occurred, earliest, latest, must_have_happened
from shared.decider import Decider, must_exist
from shared.errors import DomainError
from shared.messages import Command, Event, Id, new_id
from shared.privacy.personal import About, Hidden

RelationshipId = Annotated[Id, Field(description="The relationship", examples=["9b2f6d14-6c3a-4f0d-8a55-0d9c1e2f3a40"])]


class RelationshipKind(StrEnum):
    """What somebody is to another."""

    PARENT = "parent"
    CHILD = "child"
    SIBLING = "sibling"
    SPOUSE = "spouse"
    PARTNER = "partner"
    GRANDPARENT = "grandparent"
    GRANDCHILD = "grandchild"
    AUNT_OR_UNCLE = "aunt_or_uncle"
    NIECE_OR_NEPHEW = "niece_or_nephew"
    COUSIN = "cousin"
    IN_LAW = "in_law"
    GUARDIAN = "guardian"
    WARD = "ward"
    FRIEND = "friend"
    OTHER = "other"


_ONE_WAY = {
    RelationshipKind.PARENT: RelationshipKind.CHILD,
    RelationshipKind.GRANDPARENT: RelationshipKind.GRANDCHILD,
    RelationshipKind.AUNT_OR_UNCLE: RelationshipKind.NIECE_OR_NEPHEW,
    RelationshipKind.GUARDIAN: RelationshipKind.WARD,
}
INVERSE = {
    **{kind: kind for kind in RelationshipKind},
    **_ONE_WAY,
    **{there: back for back, there in _ONE_WAY.items()},
}
"""Who is a parent has a child; who is a cousin has a cousin."""

Kind = Annotated[
    RelationshipKind,
    Field(description="What the relative is to the person: the person's sibling", examples=["sibling"]),
]
Since = Annotated[
    Occurred | None, Field(description="From when (EDTF); left out: from birth, or not known", examples=["1998"])
]
Until = Annotated[Occurred | None, Field(description="Until when (EDTF), if it has ended", examples=["2006-21"])]
Note = Annotated[
    Text | None,
    About("person", record="relationship"),
    Field(description="What helps to understand it", examples=["Grew up together at the grandmother's."]),
]


class RelationshipCommand(Command, context="cases"):
    """An instruction about one relationship."""

    relationship: RelationshipId


class RelationshipEvent(Event, context="cases"):
    """A fact of one relationship."""

    relationship: RelationshipId
    person: PersonId
    relative: PersonId


class RecordRelationship(RelationshipCommand, route="POST /relationships", roles=HELPERS):
    """Record what a relative is to a person. The other direction follows."""

    relationship: RelationshipId = new_id()
    person: PersonId
    relative: Annotated[PersonId, Field(examples=["2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"])]
    kind: Kind
    since: Since = None
    until: Until = None
    note: Note = None


class CorrectRelationship(RelationshipCommand, route="POST /relationships/{relationship}/correction", roles=CASE_TEAM):
    """Put a relationship right: it was never so. It stays between the same two people."""

    person: PersonId
    kind: Kind
    since: Since = None
    until: Until = None
    note: Note = None


class EndRelationship(RelationshipCommand, route="POST /relationships/{relationship}/end", roles=HELPERS):
    """Record that a relationship has ended: a divorce, a guardianship taken away, a death."""

    occurred: Occurred


class RetractRelationship(RelationshipCommand, route="POST /relationships/{relationship}/retraction", roles=CASE_TEAM):
    """Take back a relationship that never was, or is between others."""


class RelationshipRecorded(RelationshipEvent):
    """The relative is `kind` to the person, and the person is `inverse` to the relative."""

    kind: RelationshipKind
    inverse: RelationshipKind
    since: Occurred | None = None
    until: Occurred | None = None
    note: Annotated[str | Hidden | None, About("person", record="relationship")] = None


class RelationshipCorrected(RelationshipEvent, puts_right=("relationship", "RelationshipRecorded.relationship")):
    """What was recorded of a relationship was wrong; this is what is true."""

    kind: RelationshipKind
    inverse: RelationshipKind
    since: Occurred | None = None
    until: Occurred | None = None
    note: Annotated[str | Hidden | None, About("person", record="relationship")] = None


class RelationshipEnded(RelationshipEvent):
    """A relationship ended."""

    occurred: Occurred


class RelationshipRetracted(RelationshipEvent, puts_right=("relationship", "RelationshipRecorded.relationship")):
    """A relationship never was."""


Commands = RecordRelationship | CorrectRelationship | EndRelationship | RetractRelationship
Events = RelationshipRecorded | RelationshipCorrected | RelationshipEnded | RelationshipRetracted


@dataclass(frozen=True, slots=True)
class Relationship:
    """One relationship. `person` is empty before it is recorded."""

    person: PersonId = ""
    relative: PersonId = ""
    since: str | None = None
    until: str | None = None
    retracted: bool = False


def decide(command: Commands, state: Relationship) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(bool(state.person) or isinstance(command, RecordRelationship), "relationship")
    match command:
        case RecordRelationship(person=person, relative=relative, kind=kind):
            if state.person:
                raise DomainError(
                    "A relationship is recorded once; this id is taken: leave it out.", rule="recorded-once"
                )
            if person == relative:
                raise DomainError("A relationship is between two people; the same is named twice.", rule="two-people")
            must_be_in_order(command)
            return [RelationshipRecorded(**command.stated(), inverse=INVERSE[kind])]
        case CorrectRelationship(kind=kind):
            must_stand(state)
            if command.person != state.person:
                raise DomainError(
                    "A relationship is corrected from the side it was recorded on; another person is named: name the "
                    "first of the two, or retract it and record a new one.",
                    rule="corrected-for-the-same-person",
                )
            must_be_in_order(command)
            return [RelationshipCorrected(**command.stated(), relative=state.relative, inverse=INVERSE[kind])]
        case EndRelationship(relationship=relationship, occurred=occurred):
            must_stand(state)
            must_have_happened(occurred, command.now)
            if state.until is not None:
                return []
            if state.since is not None and latest(occurred) < earliest(state.since):
                raise DomainError(
                    f"A relationship ends after it begins ({state.since}), not on {occurred}: give a later date.",
                    rule="ends-after-it-begins",
                )
            return [
                RelationshipEnded(
                    relationship=relationship, person=state.person, relative=state.relative, occurred=occurred
                )
            ]
        case RetractRelationship(relationship=relationship):
            if state.retracted:
                return []
            return [RelationshipRetracted(relationship=relationship, person=state.person, relative=state.relative)]
        case _:
            assert_never(command)


def must_stand(state: Relationship) -> None:
    """Refuses to change what was taken back."""
    if state.retracted:
        raise DomainError(
            "A retracted relationship stays retracted: record a new one.", rule="relationship-is-retracted"
        )


def must_be_in_order(stated: RecordRelationship | CorrectRelationship) -> None:
    """Refuses a beginning or an end that is to come, and an end before the beginning."""
    for day in filter(None, (stated.since, stated.until)):
        must_have_happened(day, stated.now)
    if stated.since and stated.until and latest(stated.until) < earliest(stated.since):
        raise DomainError(
            f"A relationship ends after it begins ({stated.since}), not on {stated.until}: give a later date.",
            rule="ends-after-it-begins",
        )


def evolve(state: Relationship, event: Events) -> Relationship:
    """What is kept of a relationship after an event."""
    match event:
        case RelationshipRecorded(person=person, relative=relative, since=since, until=until):
            return Relationship(person, relative, since, until)
        case RelationshipCorrected(since=since, until=until):
            return replace(state, since=since, until=until)
        case RelationshipEnded(occurred=occurred):
            return replace(state, until=occurred)
        case RelationshipRetracted():
            return replace(state, retracted=True)
        case _:
            assert_never(event)


relationship = Decider(
    category="relationship",
    key="relationship",
    initial=Relationship(),
    decide=decide,
    evolve=evolve,
    commands=Commands,
    events=Events,
)

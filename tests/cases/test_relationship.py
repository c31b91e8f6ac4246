"""What two people are to each other is said once, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from services.cases.relationship import (
    INVERSE,
    CorrectRelationship,
    EndRelationship,
    RecordRelationship,
    RelationshipCorrected,
    RelationshipEnded,
    RelationshipKind,
    RelationshipRecorded,
    RelationshipRetracted,
    RetractRelationship,
    relationship,
)
from shared.testing import given
from tests.cases.examples import DAY, PERSON, SISTER, an_id

RELATIONSHIP = an_id(91)
SIBLINGS = RelationshipRecorded(
    relationship=RELATIONSHIP,
    person=PERSON,
    relative=SISTER,
    kind=RelationshipKind.SIBLING,
    inverse=RelationshipKind.SIBLING,
    since="1990",
)
ENDED = RelationshipEnded(relationship=RELATIONSHIP, person=PERSON, relative=SISTER, occurred=DAY)
RETRACTED = RelationshipRetracted(relationship=RELATIONSHIP, person=PERSON, relative=SISTER)
END = EndRelationship(relationship=RELATIONSHIP, occurred=DAY)


def recording(**changes: Any) -> RecordRelationship:
    stated = {"relationship": RELATIONSHIP, "person": PERSON, "relative": SISTER, "kind": "sibling", "since": "1990"}
    return RecordRelationship.model_validate(stated | changes)


def correcting(**changes: Any) -> CorrectRelationship:
    stated = {"relationship": RELATIONSHIP, "person": PERSON, "kind": "guardian", "since": "1998"}
    return CorrectRelationship.model_validate(stated | changes)


def test_a_relationship_is_recorded_in_both_directions() -> None:
    given(relationship).when(recording()).then(SIBLINGS)
    (event,) = given(relationship).when(recording(kind="parent")).events
    assert isinstance(event, RelationshipRecorded)
    assert event.inverse is RelationshipKind.CHILD


@pytest.mark.parametrize("kind", RelationshipKind)
def test_the_way_back_leads_back(kind: RelationshipKind) -> None:
    assert INVERSE[INVERSE[kind]] is kind


def test_a_relationship_is_recorded_once() -> None:
    given(relationship, SIBLINGS).when(recording()).refused("recorded-once")


def test_a_relationship_is_between_two_people() -> None:
    given(relationship).when(recording(relative=PERSON)).refused("two-people")


def test_a_relationship_begins_before_it_ends_and_neither_is_to_come() -> None:
    given(relationship).when(recording(since="2005", until="2004")).refused("ends-after-it-begins")
    given(relationship).when(recording(since="2009")).refused("not-in-the-future")
    given(relationship).when(recording(until="2009")).refused("not-in-the-future")
    assert given(relationship).when(recording(since="2004", until="2004")).events


def test_a_relationship_is_put_right_between_the_same_two_people() -> None:
    given(relationship, SIBLINGS).when(correcting()).then(
        RelationshipCorrected(
            relationship=RELATIONSHIP,
            person=PERSON,
            relative=SISTER,
            kind=RelationshipKind.GUARDIAN,
            inverse=RelationshipKind.WARD,
            since="1998",
        )
    )
    given(relationship, SIBLINGS).when(correcting(person=SISTER)).refused("corrected-for-the-same-person")
    given(relationship, SIBLINGS).when(correcting(until="1997")).refused("ends-after-it-begins")


def test_a_relationship_ends_once_after_it_began() -> None:
    given(relationship, SIBLINGS).when(END).then(ENDED)
    given(relationship, SIBLINGS, ENDED).when(END).then()
    early = EndRelationship(relationship=RELATIONSHIP, occurred="1989")
    given(relationship, SIBLINGS).when(early).refused("ends-after-it-begins")
    tomorrow = EndRelationship(relationship=RELATIONSHIP, occurred="2008-10-03")
    given(relationship, SIBLINGS).when(tomorrow).refused("not-in-the-future")


def test_what_never_was_is_retracted_once_and_stays_so() -> None:
    retract = RetractRelationship(relationship=RELATIONSHIP)
    given(relationship, SIBLINGS).when(retract).then(RETRACTED)
    given(relationship, SIBLINGS, RETRACTED).when(retract).then()
    given(relationship, SIBLINGS, RETRACTED).when(correcting()).refused("relationship-is-retracted")
    given(relationship, SIBLINGS, RETRACTED).when(END).refused("relationship-is-retracted")


def test_a_relationship_that_nobody_recorded_is_not_found() -> None:
    for command in (correcting(), END, RetractRelationship(relationship=RELATIONSHIP)):
        given(relationship).when(command).refused("not-found")

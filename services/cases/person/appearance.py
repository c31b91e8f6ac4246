"""Appearance and papers: what somebody looks like, their photographs, their identity documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.person.record import Person, PersonCommand, PersonEvent
from services.cases.vocabulary import CASE_TEAM, HELPERS, Text
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Id, new_id
from shared.privacy.personal import About, Hidden, Retention

DocumentId = Annotated[Id, Field(description="The document", examples=["1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"])]
Description = Annotated[
    Text,
    About("person", Retention.IDENTITY),
    Field(description="Appearance, marks, clothes", examples=["Tall, short brown hair, a scar on the left hand."]),
]
HiddenDescription = Annotated[str | Hidden, About("person", Retention.IDENTITY)]


class DescribePerson(PersonCommand, route="POST /persons/{person}/description", roles=HELPERS):
    """Say what a person looks like now; a later description says what has changed."""

    text: Description
    occurred: Occurred


class CorrectDescription(PersonCommand, route="POST /persons/{person}/description/correction", roles=HELPERS):
    """Put the description right: it was wrong when it was written."""

    text: Description


class RecordDocument(PersonCommand, route="POST /persons/{person}/documents", roles=HELPERS):
    """Record an identity document, or a photograph among the encrypted files."""

    document: DocumentId = new_id()
    details: Annotated[
        Text,
        About("person", Retention.IDENTITY, record="document"),
        Field(description="Kind, number and issuer, or the photograph's reference", examples=["passport LT 00000000"]),
    ]


class RetractDocument(PersonCommand, route="POST /persons/{person}/documents/{document}/retraction", roles=CASE_TEAM):
    """Take back a document that is somebody else's."""

    document: DocumentId


class PersonDescribed(PersonEvent):
    """What somebody looks like now."""

    text: HiddenDescription
    occurred: Occurred


class DescriptionCorrected(PersonEvent, puts_right=("person", "PersonDescribed.person")):
    """The description was wrong; this is what it should have said."""

    text: HiddenDescription


class DocumentRecorded(PersonEvent):
    """An identity document or a photograph was recorded."""

    document: DocumentId
    details: Annotated[str | Hidden, About("person", Retention.IDENTITY, record="document")]


class DocumentRetracted(PersonEvent, puts_right=("document", "DocumentRecorded.document")):
    """A document was somebody else's."""

    document: DocumentId


Commands = DescribePerson | CorrectDescription | RecordDocument | RetractDocument

Events = PersonDescribed | DescriptionCorrected | DocumentRecorded | DocumentRetracted


def decide(command: Commands, state: Person) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(state.registered, "person")
    match command:
        case DescribePerson(person=person, text=text, occurred=occurred):
            must_have_happened(occurred, command.now)
            return [PersonDescribed(person=person, text=text, occurred=occurred)]
        case CorrectDescription(person=person, text=text):
            if not state.described:
                raise DomainError("There is no description to correct: describe them first.", rule="nothing-to-correct")
            return [DescriptionCorrected(person=person, text=text)]
        case RecordDocument(person=person, document=document, details=details):
            if document in state.documents:
                raise DomainError("Each document has an id of its own; this is taken: leave it out.", rule="id-taken")
            return [DocumentRecorded(person=person, document=document, details=details)]
        case RetractDocument(person=person, document=document):
            if document not in state.documents:
                raise DomainError("This person has no such document: name one of theirs.", rule="no-such-document")
            return [DocumentRetracted(person=person, document=document)] if state.documents[document] else []
        case _:
            assert_never(command)


def evolve(state: Person, event: Events) -> Person:
    """What is kept of a person after an event."""
    match event:
        case PersonDescribed():
            return replace(state, described=True)
        case DocumentRecorded(document=document):
            return replace(state, documents=state.documents.having(document, True))
        case DocumentRetracted(document=document):
            return replace(state, documents=state.documents.having(document, False))
        case DescriptionCorrected():
            return state
        case _:
            assert_never(event)

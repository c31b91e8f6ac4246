"""Persons: names, age, safe contact, consents and standing, sealed in the rows, opened for those who may see."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlalchemy import Boolean, Column, String, Text, select

from services.cases.person.age import AgeDetermined, BirthDateCorrected, BirthDateRecorded, BirthSource, findings_end
from services.cases.person.appearance import (
    DescriptionCorrected,
    DocumentRecorded,
    DocumentRetracted,
    PersonDescribed,
)
from services.cases.person.checking import WayDoubted
from services.cases.person.consent import ConsentGiven, ConsentWithdrawn
from services.cases.person.contact import SafeContactAgreed, SafeContactCorrected
from services.cases.person.names import NameAdded, NameCorrected, NameRetracted, PersonName, PersonRegistered
from services.cases.person.record import Purpose, Standing
from services.cases.person.standing import DeclaredDead, DeclaredMissing, Reappeared
from services.cases.projections import safe_contact
from services.cases.projections.safe_contact import SafeContactShown
from services.cases.vocabulary import HELPERS, PersonId
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Id, Query
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table


class NameShown(BaseModel):
    """A name of a person."""

    name: Id
    value: PersonName | Redacted


class DocumentShown(BaseModel):
    """A document of a person."""

    document: Id
    details: str | Redacted


class ConsentShown(BaseModel):
    """A consent as it stands. Whether it has expired follows from the day on which one asks."""

    consent: Id
    purpose: Purpose
    recipient: str
    until: date
    given: str
    withdrawn: str | None
    guardian: Id | None


class PersonFile(BaseModel):
    """A person, as far as the asker may see them."""

    person: PersonId
    registered: str
    names: tuple[NameShown, ...]
    birth: str | Redacted | None = Field(description="Birth date, as exactly as it is known (EDTF)")
    birth_source: BirthSource | None
    birth_as_of: str | None = Field(description="When that was said or estimated, if not when it was recorded (EDTF)")
    treated_as_child: bool = Field(description="Until it is shown that they are an adult")
    description: str | Redacted | None
    documents: tuple[DocumentShown, ...]
    safe_contact: SafeContactShown | None
    consents: tuple[ConsentShown, ...]
    standing: Standing
    decision: str | Redacted | None = Field(description="The court's decision behind it")


class GetPerson(
    Query[PersonFile],
    context="cases",
    route="GET /persons/{person}",
    roles=HELPERS,
):
    """The file of a person."""

    person: Annotated[PersonId, Field(description="Whose file")]


class PersonFiles(Projection):
    """Every person as they stand."""

    name = "person_files"
    version = 4

    persons = table(
        "persons",
        Column("person", String, primary_key=True),
        Column("registered", String),
        Column("birth", Text),
        Column("birth_source", String),
        Column("birth_as_of", String),
        Column("born_adult", Boolean),
        Column("found_adult", Boolean),
        Column("description", Text),
        *safe_contact.columns(),
        Column("standing", String),
        Column("decision", Text),
    )
    names = table(
        "person_names",
        Column("person", String, primary_key=True),
        Column("name", String, primary_key=True),
        Column("value", Text),
    )
    documents = table(
        "person_documents",
        Column("person", String, primary_key=True),
        Column("document", String, primary_key=True),
        Column("details", Text),
    )
    consents = table(
        "person_consents",
        Column("person", String, primary_key=True),
        Column("consent", String, primary_key=True),
        Column("purpose", String),
        Column("recipient", String),
        Column("until", String),
        Column("given", String),
        Column("withdrawn", String),
        Column("guardian", String),
    )

    @on(PersonRegistered)
    def registered(self, e: Recorded[PersonRegistered], rows: Rows) -> None:
        """A new file."""
        rows.put(
            self.persons,
            person=e.event.person,
            registered=e.event.occurred,
            born_adult=False,
            standing=Standing.UNDECLARED,
        )

    @on(NameAdded, NameCorrected)
    def named(self, e: Recorded[NameAdded | NameCorrected], rows: Rows) -> None:
        """A name, or how it is really written."""
        rows.put(self.names, person=e.event.person, name=e.event.name, value=e.sealed("value"))

    @on(NameRetracted)
    def name_retracted(self, e: Recorded[NameRetracted], rows: Rows) -> None:
        """Somebody else's name."""
        rows.drop(self.names, (e.event.person, e.event.name))

    @on(BirthDateRecorded, BirthDateCorrected)
    def born(self, e: Recorded[BirthDateRecorded | BirthDateCorrected], rows: Rows) -> None:
        """When they were born."""
        found: dict[str, Any] = {"found_adult": None} if findings_end(e.event.source) else {}
        rows.change(
            self.persons,
            (e.event.person,),
            birth=e.sealed("birth"),
            birth_source=e.event.source,
            birth_as_of=e.event.as_of,
            born_adult=e.event.shows_adult,
            **found,
        )

    @on(AgeDetermined)
    def age_determined(self, e: Recorded[AgeDetermined], rows: Rows) -> None:
        """Whether they are shown to be an adult."""
        rows.change(self.persons, (e.event.person,), found_adult=e.event.adult)

    @on(PersonDescribed, DescriptionCorrected)
    def described(self, e: Recorded[PersonDescribed | DescriptionCorrected], rows: Rows) -> None:
        """What they look like."""
        rows.change(self.persons, (e.event.person,), description=e.sealed("text"))

    @on(DocumentRecorded)
    def document_recorded(self, e: Recorded[DocumentRecorded], rows: Rows) -> None:
        """A document of theirs."""
        rows.put(self.documents, person=e.event.person, document=e.event.document, details=e.sealed("details"))

    @on(DocumentRetracted)
    def document_retracted(self, e: Recorded[DocumentRetracted], rows: Rows) -> None:
        """Somebody else's document."""
        rows.drop(self.documents, (e.event.person, e.event.document))

    @on(SafeContactAgreed, SafeContactCorrected)
    def safe_contact_agreed(self, e: Recorded[SafeContactAgreed | SafeContactCorrected], rows: Rows) -> None:
        """How they can be reached."""
        rows.change(self.persons, (e.event.person,), **safe_contact.agreed(e))

    @on(WayDoubted)
    def doubted(self, e: Recorded[WayDoubted], rows: Rows) -> None:
        """Somebody else answered there."""
        key = (e.event.person,)
        rows.change(self.persons, key, **safe_contact.doubted(rows.get(self.persons, key), e.event.by_means))

    @on(ConsentGiven)
    def consented(self, e: Recorded[ConsentGiven], rows: Rows) -> None:
        """A consent of theirs."""
        given = e.event
        rows.put(
            self.consents,
            person=given.person,
            consent=given.consent,
            purpose=given.purpose,
            recipient=given.recipient,
            until=given.until.isoformat(),
            given=given.occurred,
            guardian=given.guardian,
        )

    @on(ConsentWithdrawn)
    def withdrawn(self, e: Recorded[ConsentWithdrawn], rows: Rows) -> None:
        """Not any more."""
        rows.change(self.consents, (e.event.person, e.event.consent), withdrawn=e.event.occurred)

    @on(DeclaredMissing)
    def declared_missing(self, e: Recorded[DeclaredMissing], rows: Rows) -> None:
        """A court said so."""
        rows.change(self.persons, (e.event.person,), standing=Standing.DECLARED_MISSING, decision=e.sealed("decision"))

    @on(DeclaredDead)
    def declared_dead(self, e: Recorded[DeclaredDead], rows: Rows) -> None:
        """A court said so."""
        rows.change(self.persons, (e.event.person,), standing=Standing.DECLARED_DEAD, decision=e.sealed("decision"))

    @on(Reappeared)
    def reappeared(self, e: Recorded[Reappeared], rows: Rows) -> None:
        """They came back."""
        rows.change(self.persons, (e.event.person,), standing=Standing.REAPPEARED)

    @answers(GetPerson)
    def get_person(self, query: GetPerson, asking: Asking) -> PersonFile:
        """Everything, opened as far as the asker may see it."""
        persons = asking.live(self.persons)
        found = asking.rows(select(persons).where(persons.c.person == query.person))
        if not found:
            raise NotFound("There is no such person.")
        row = found[0]
        names, documents, consents = (asking.live(one) for one in (self.names, self.documents, self.consents))
        return PersonFile(
            person=row["person"],
            registered=row["registered"],
            names=tuple(
                NameShown(name=name["name"], value=asking.reveal(name["value"]))
                for name in asking.rows(select(names).where(names.c.person == query.person).order_by(names.c.name))
            ),
            birth=asking.reveal(row["birth"]),
            birth_source=row["birth_source"],
            birth_as_of=row["birth_as_of"],
            treated_as_child=not (row["born_adult"] if row["found_adult"] is None else row["found_adult"]),
            description=asking.reveal(row["description"]),
            documents=tuple(
                DocumentShown(document=one["document"], details=asking.reveal(one["details"]))
                for one in asking.rows(
                    select(documents).where(documents.c.person == query.person).order_by(documents.c.document)
                )
            ),
            safe_contact=safe_contact.shown(row, asking),
            consents=tuple(
                ConsentShown(**{name: one[name] for name in ConsentShown.model_fields})
                for one in asking.rows(
                    select(consents).where(consents.c.person == query.person).order_by(consents.c.consent)
                )
            ),
            standing=row["standing"],
            decision=asking.reveal(row["decision"]),
        )

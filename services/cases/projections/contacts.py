"""Contacts: every call and visit, and the help that was given in it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Column, Index, Integer, RowMapping, String, Text, select

from services.cases.case.intake import Channel
from services.cases.case.support import Recipient
from services.cases.contact import (
    AnonymousContactMade,
    ContactAttached,
    ContactId,
    ContactKind,
    ContactMade,
    ContactSupportRetracted,
    CrisisSupportGiven,
)
from services.cases.vocabulary import HELPERS, CaseId, EntryId, PersonId, ServiceKind
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Query
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page


class ContactEntry(BaseModel):
    """A contact in the list: codes and pseudonyms, nothing personal."""

    model_config = ConfigDict(frozen=True)

    contact: ContactId
    kind: ContactKind
    channel: Channel
    person: PersonId | None = Field(description="Who it was; null: they did not say, or it is safer not to know")
    case: CaseId | None
    minutes: int
    staff: str
    occurred: str = Field(description="When (EDTF)", examples=["2008-10-02"])


class ContactPage(BaseModel):
    """Contacts, the newest first."""

    contacts: tuple[ContactEntry, ...]
    next: Next


class HelpInContact(BaseModel):
    """Help that was given in a contact."""

    model_config = ConfigDict(frozen=True)

    support: EntryId
    recipient: Recipient
    kind: ServiceKind
    minutes: int
    staff: str
    occurred: str


class ContactShown(BaseModel):
    """A contact, with what was said as far as the asker may see it."""

    contact: ContactEntry
    account: str | Redacted | None
    help: tuple[HelpInContact, ...]


class ListContacts(Query[ContactPage], context="cases", route="GET /contacts", roles=HELPERS):
    """Calls and visits, the newest first."""

    person: Annotated[PersonId | None, Field(description="Only with this person")] = None
    case: Annotated[CaseId | None, Field(description="Only of this case")] = None
    channel: Annotated[Channel | None, Field(description="Only by this channel", examples=["telephone"])] = None
    after: After = None
    limit: Limit = 50


class GetContact(Query[ContactShown], context="cases", route="GET /contacts/{contact}", roles=HELPERS):
    """A call or a visit, with the help that was given in it."""

    contact: ContactId


class Contacts(Projection):
    """Every contact as it stands."""

    name = "contacts"

    contacts = table(
        "contacts",
        Column("contact", String, primary_key=True),
        Column("position", BigInteger),
        Column("kind", String),
        Column("channel", String),
        Column("person", String),
        Column("case", String),
        Column("minutes", Integer),
        Column("staff", String),
        Column("account", Text),
        Column("occurred", String),
        Index("contacts_newest", "position"),
        Index("contacts_by_person", "person", "position"),
        Index("contacts_by_case", "case", "position"),
        Index("contacts_by_channel", "channel", "position"),
    )
    help = table(
        "help_in_contacts",
        Column("contact", String, primary_key=True),
        Column("support", String, primary_key=True),
        Column("recipient", String),
        Column("kind", String),
        Column("minutes", Integer),
        Column("staff", String),
        Column("occurred", String),
    )

    @on(ContactMade, AnonymousContactMade)
    def made(self, e: Recorded[ContactMade | AnonymousContactMade], rows: Rows) -> None:
        """Somebody called or came."""
        made = e.event
        rows.put(
            self.contacts,
            contact=made.contact,
            position=e.position,
            kind=made.kind,
            channel=made.channel,
            person=made.person if isinstance(made, ContactMade) else None,
            case=made.case if isinstance(made, ContactMade) else None,
            minutes=made.minutes,
            staff=made.staff,
            account=e.sealed("account"),
            occurred=made.occurred,
        )

    @on(ContactAttached)
    def attached(self, e: Recorded[ContactAttached], rows: Rows) -> None:
        """It belongs to a case."""
        rows.change(self.contacts, (e.event.contact,), case=e.event.case)

    @on(CrisisSupportGiven)
    def helped(self, e: Recorded[CrisisSupportGiven], rows: Rows) -> None:
        """Help was given in it."""
        given = e.event
        rows.put(
            self.help,
            contact=given.contact,
            support=given.support,
            recipient=given.recipient,
            kind=given.kind,
            minutes=given.minutes,
            staff=given.staff,
            occurred=given.occurred,
        )

    @on(ContactSupportRetracted)
    def retracted(self, e: Recorded[ContactSupportRetracted], rows: Rows) -> None:
        """It was not."""
        rows.drop(self.help, (e.event.contact, e.event.support))

    @answers(ListContacts)
    def list_contacts(self, query: ListContacts, asking: Asking) -> ContactPage:
        """Filtered, and paged by the position at which each was recorded."""
        contacts = asking.live(self.contacts)
        statement = select(contacts).where(asking.sight.within(case=contacts.c.case, person=contacts.c.person))
        statement = statement.order_by(contacts.c.position.desc()).limit(query.limit + 1)
        for column in ("person", "case", "channel"):
            if (wanted := getattr(query, column)) is not None:
                statement = statement.where(contacts.c[column] == wanted)
        if query.after is not None:
            statement = statement.where(contacts.c.position < query.after)
        entries, more = page(asking.rows(statement), query.limit, _entry)
        return ContactPage(contacts=entries, next=more)

    @answers(GetContact)
    def get_contact(self, query: GetContact, asking: Asking) -> ContactShown:
        """What was said, and what was done."""
        contacts, given = asking.live(self.contacts), asking.live(self.help)
        found = asking.rows(select(contacts).where(contacts.c.contact == query.contact))
        if not found:
            raise NotFound("There is no such contact.")
        of_contact = select(given).where(given.c.contact == query.contact).order_by(given.c.support)
        return ContactShown(
            contact=_entry(found[0]),
            account=asking.reveal(found[0]["account"]),
            help=tuple(
                HelpInContact(**{name: row[name] for name in HelpInContact.model_fields})
                for row in asking.rows(of_contact)
            ),
        )


def _entry(row: RowMapping) -> ContactEntry:
    return ContactEntry(**{name: row[name] for name in ContactEntry.model_fields})

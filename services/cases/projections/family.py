"""The family around a person: who is what to them, and the help that each has had; and the records of one person.

Records that are linked are of one person, so the family is that of all of them. Nothing is merged: dissolve the link,
and each has its own again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Column, Index, Integer, RowMapping, String, Text, func, or_, select

from services.cases.case.notes import EntryRetracted
from services.cases.case.record import EntryKind
from services.cases.case.support import SupportCorrected, SupportGiven
from services.cases.contact import ContactSupportRetracted, CrisisSupportGiven
from services.cases.link import LinkId, RecordsLinked, RecordsUnlinked
from services.cases.person.names import PersonRegistered
from services.cases.projections.linked import same_people
from services.cases.relationship import (
    RelationshipCorrected,
    RelationshipEnded,
    RelationshipId,
    RelationshipKind,
    RelationshipRecorded,
    RelationshipRetracted,
)
from services.cases.vocabulary import HELPERS, PersonId, ServiceKind
from shared.codec import Recorded
from shared.errors import NotFound
from shared.messages import Query
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page


class HelpGiven(BaseModel):
    """Help of one kind that somebody has had."""

    model_config = ConfigDict(frozen=True)

    kind: ServiceKind
    services: int
    minutes: int


class FamilyMember(BaseModel):
    """Somebody of the family."""

    model_config = ConfigDict(frozen=True)

    relationship: RelationshipId
    person: PersonId
    kind: RelationshipKind = Field(description="What they are to the person")
    of: PersonId = Field(description="On which record it stands, where several are linked")
    since: str | None
    until: str | None
    note: str | Redacted | None
    help: tuple[HelpGiven, ...] = Field(description="What help they have had, in cases and in calls")


class Family(BaseModel):
    """The family around a person, as it was recorded."""

    person: PersonId
    records: tuple[PersonId, ...] = Field(description="All records of this person: their own, and those linked to it")
    help: tuple[HelpGiven, ...] = Field(description="What help the person themselves has had")
    members: tuple[FamilyMember, ...]
    next: Next


class LinkShown(BaseModel):
    """Two records of one person."""

    model_config = ConfigDict(frozen=True)

    link: LinkId
    first: PersonId
    second: PersonId
    grounds: str | Redacted | None
    since: str = Field(description="When it was found (EDTF)", examples=["2008-10-02"])


class LinkedRecords(BaseModel):
    """All records of one person, and the links that say so."""

    person: PersonId
    records: tuple[PersonId, ...]
    links: tuple[LinkShown, ...]


class GetFamily(Query[Family], context="cases", route="GET /persons/{person}/family", roles=HELPERS):
    """The family around a person, in both directions, with the help that each has had."""

    person: PersonId
    after: After = None
    limit: Limit = 50


class ListLinkedRecords(Query[LinkedRecords], context="cases", route="GET /persons/{person}/links", roles=HELPERS):
    """The records that are of the same person, directly or through others."""

    person: PersonId


class Families(Projection):
    """Relationships, help given to each, and which records are of one person."""

    name = "families"
    version = 2

    persons = table("family_persons", Column("person", String, primary_key=True))
    relationships = table(
        "relationships",
        Column("relationship", String, primary_key=True),
        Column("position", BigInteger),
        Column("person", String),
        Column("relative", String),
        Column("kind", String),
        Column("inverse", String),
        Column("since", String),
        Column("until", String),
        Column("note", Text),
        Index("relationships_of_person", "person", "position"),
        Index("relationships_of_relative", "relative", "position"),
    )
    help = table(
        "help_given",
        Column("support", String, primary_key=True),
        Column("person", String),
        Column("kind", String),
        Column("minutes", Integer),
        Index("help_to_person", "person"),
    )
    links = table(
        "links",
        Column("link", String, primary_key=True),
        Column("first", String),
        Column("second", String),
        Column("grounds", Text),
        Column("since", String),
        Index("links_by_first", "first"),
        Index("links_by_second", "second"),
    )

    @on(PersonRegistered)
    def registered(self, e: Recorded[PersonRegistered], rows: Rows) -> None:
        """Somebody, with or without a family."""
        rows.put(self.persons, person=e.event.person)

    @on(RelationshipRecorded)
    def recorded(self, e: Recorded[RelationshipRecorded], rows: Rows) -> None:
        """What somebody is to another."""
        event = e.event
        rows.put(
            self.relationships,
            relationship=event.relationship,
            position=e.position,
            person=event.person,
            relative=event.relative,
            kind=event.kind,
            inverse=event.inverse,
            since=event.since,
            until=event.until,
            note=e.sealed("note"),
        )

    @on(RelationshipCorrected)
    def corrected(self, e: Recorded[RelationshipCorrected], rows: Rows) -> None:
        """What it really is."""
        event = e.event
        rows.change(
            self.relationships,
            (event.relationship,),
            kind=event.kind,
            inverse=event.inverse,
            since=event.since,
            until=event.until,
            note=e.sealed("note"),
        )

    @on(RelationshipEnded)
    def ended(self, e: Recorded[RelationshipEnded], rows: Rows) -> None:
        """It is over."""
        rows.change(self.relationships, (e.event.relationship,), until=e.event.occurred)

    @on(RelationshipRetracted)
    def retracted(self, e: Recorded[RelationshipRetracted], rows: Rows) -> None:
        """It never was."""
        rows.drop(self.relationships, (e.event.relationship,))

    @on(SupportGiven, SupportCorrected, CrisisSupportGiven)
    def helped(self, e: Recorded[SupportGiven | SupportCorrected | CrisisSupportGiven], rows: Rows) -> None:
        """Help that somebody had, or what it really was."""
        given = e.event
        rows.put(self.help, support=given.support, person=given.person, kind=given.kind, minutes=given.minutes)

    @on(EntryRetracted)
    def help_retracted(self, e: Recorded[EntryRetracted], rows: Rows) -> None:
        """Help that was not given, among other entries that were taken back."""
        if e.event.kind is EntryKind.SUPPORT:
            rows.drop(self.help, (e.event.entry,))

    @on(ContactSupportRetracted)
    def call_retracted(self, e: Recorded[ContactSupportRetracted], rows: Rows) -> None:
        """Help that was not given in that call."""
        rows.drop(self.help, (e.event.support,))

    @on(RecordsLinked)
    def linked(self, e: Recorded[RecordsLinked], rows: Rows) -> None:
        """Two records of one person."""
        link = e.event
        rows.put(
            self.links,
            link=link.link,
            first=link.first,
            second=link.second,
            grounds=e.sealed("grounds"),
            since=link.occurred,
        )

    @on(RecordsUnlinked)
    def unlinked(self, e: Recorded[RecordsUnlinked], rows: Rows) -> None:
        """They are of two."""
        rows.drop(self.links, (e.event.link,))

    @answers(GetFamily)
    def get_family(self, query: GetFamily, asking: Asking) -> Family:
        """In the order in which it was recorded. Somebody without family has none; that is no error."""
        records = self._records_of(query.person, asking)
        self._must_be_there(query.person, records, asking)
        own = asking.live(self.relationships)
        statement = select(own).where(or_(own.c.person.in_(records), own.c.relative.in_(records)))
        if query.after is not None:
            statement = statement.where(own.c.position > query.after)
        rows = asking.rows(statement.order_by(own.c.position).limit(query.limit + 1))
        others = {row["relative"] if row["person"] in records else row["person"] for row in rows}
        help_to = self._help_to({*others, *records}, asking)
        members, more = page(rows, query.limit, lambda row: _member(row, records, help_to, asking))
        return Family(
            person=query.person,
            records=tuple(records),
            help=_together(help_to.get(record, {}) for record in records),
            members=members,
            next=more,
        )

    @answers(ListLinkedRecords)
    def list_links(self, query: ListLinkedRecords, asking: Asking) -> LinkedRecords:
        """However many links it takes to get there."""
        records = self._records_of(query.person, asking)
        self._must_be_there(query.person, records, asking)
        links = asking.live(self.links)
        found = asking.rows(select(links).where(links.c.first.in_(records)).order_by(links.c.link))
        shown = tuple(
            LinkShown(
                link=row["link"],
                first=row["first"],
                second=row["second"],
                grounds=asking.reveal(row["grounds"]),
                since=row["since"],
            )
            for row in found
        )
        return LinkedRecords(person=query.person, records=tuple(records), links=shown)

    def _records_of(self, person: str, asking: Asking) -> list[str]:
        """The person's records: the one asked for first, then the others in order."""
        return [person, *sorted(same_people([person], self.links, asking) - {person})]

    def _must_be_there(self, person: str, records: list[str], asking: Asking) -> None:
        """Raises `NotFound` for somebody who was never registered, and whom nothing speaks of."""
        persons, own, given = asking.live(self.persons), asking.live(self.relationships), asking.live(self.help)
        known = (
            select(persons.c.person).where(persons.c.person == person),
            select(own.c.person).where(or_(own.c.person == person, own.c.relative == person)).limit(1),
            select(given.c.person).where(given.c.person == person).limit(1),
        )
        if len(records) == 1 and not any(asking.rows(one) for one in known):
            raise NotFound("There is no such person.")

    def _help_to(self, people: Iterable[str], asking: Asking) -> dict[str, dict[str, tuple[int, int]]]:
        """Of each of these, services and minutes by kind."""
        given = asking.live(self.help)
        counted = (
            select(
                given.c.person, given.c.kind, func.count().label("services"), func.sum(given.c.minutes).label("minutes")
            )
            .where(given.c.person.in_(sorted(people)))
            .group_by(given.c.person, given.c.kind)
        )
        found: dict[str, dict[str, tuple[int, int]]] = {}
        for row in asking.rows(counted):
            found.setdefault(row["person"], {})[row["kind"]] = (row["services"], row["minutes"])
        return found


def _together(parts: Iterable[Mapping[str, tuple[int, int]]]) -> tuple[HelpGiven, ...]:
    total: dict[str, tuple[int, int]] = {}
    for part in parts:
        for kind, (services, minutes) in part.items():
            before = total.get(kind, (0, 0))
            total[kind] = (before[0] + services, before[1] + minutes)
    return tuple(
        HelpGiven(kind=ServiceKind(kind), services=services, minutes=minutes)
        for kind, (services, minutes) in sorted(total.items())
    )


def _member(row: RowMapping, records: list[str], help_to: Mapping[str, Any], asking: Asking) -> FamilyMember:
    """The other end, seen from the person's side."""
    from_here = row["person"] in records
    other = row["relative" if from_here else "person"]
    return FamilyMember(
        relationship=row["relationship"],
        person=other,
        kind=row["kind" if from_here else "inverse"],
        of=row["person" if from_here else "relative"],
        since=row["since"],
        until=row["until"],
        note=asking.reveal(row["note"]),
        help=_together([help_to.get(other, {})]),
    )

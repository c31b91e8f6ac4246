"""Assistance: services delivered by kind and period, and how many people were assisted in a period.

A service counts in the period in which it happened; one whose date is known only in part, in that of the first day that
it may mean, so that no service counts in two periods that follow each other. Help is counted as what the person was
helped as: a trafficking victim, a family member. Records that are linked, because they are of one person, count once.
Nothing here is personal, so that forgetting a person changes no figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Column, ColumnElement, Index, Integer, String, Table, func, select

from services.rehabilitation.programme.record import Ground, ProjectId, ServiceKind
from services.rehabilitation.programme.services import ServiceCorrected, ServiceDelivered, ServiceRetracted
from shared.codec import Recorded
from shared.dates import earliest
from shared.errors import Forbidden, Invalid
from shared.messages import Query, Role, View
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table

READERS = (Role.SUPERVISOR, Role.CASEWORKER, Role.PROJECT_MANAGER, Role.AUDITOR)
AT_ONCE = 500  # ids in one statement


class SupportGiven(View, of="cases.SupportGiven"):
    """Crisis or family help within a case."""

    support: str
    person: str
    recipient: str
    kind: str
    minutes: int
    project: str | None = None
    occurred: str


class SupportCorrected(View, of="cases.SupportCorrected"):
    """What that help really was."""

    support: str
    person: str
    recipient: str
    kind: str
    minutes: int
    project: str | None = None
    occurred: str


class CrisisSupportGiven(View, of="cases.CrisisSupportGiven"):
    """Help in a call or a visit, without any case. Who called may not have said who they are."""

    support: str
    person: str | None = None
    recipient: str
    kind: str
    minutes: int
    project: str | None = None
    occurred: str


class ContactSupportRetracted(View, of="cases.ContactSupportRetracted"):
    """That help was not given."""

    support: str


class EntryRetracted(View, of="cases.EntryRetracted"):
    """An entry of a case was taken back, perhaps one of help."""

    entry: str


class RecordsLinked(View, of="cases.RecordsLinked"):
    """Two records are of the same person."""

    link: str
    first: str
    second: str


class RecordsUnlinked(View, of="cases.RecordsUnlinked"):
    """They are not, after all."""

    link: str


HELPED_AS = {
    "victim": Ground.TRAFFICKING_VICTIM,
    "family_member": Ground.FAMILY_MEMBER,
    "missing_person": Ground.MISSING_PERSON,
}
"""As what somebody was helped in a case, in this context's words. Others are counted with their services only."""


class KindDelivered(BaseModel):
    """What was delivered of one kind."""

    model_config = ConfigDict(frozen=True)

    kind: ServiceKind
    services: int
    minutes: int


class ServicesDelivered(BaseModel):
    """Services by kind, in programmes, in cases and in calls together."""

    since: date
    until: date
    by_kind: tuple[KindDelivered, ...]
    services: int
    minutes: int


class BeneficiariesAssisted(BaseModel):
    """How many people were assisted, each once."""

    since: date
    until: date
    trafficking_victims: int = Field(description="Distinct victims of trafficking", examples=[56])
    family_members_supported: int = Field(description="Distinct family members")
    missing_persons: int = Field(description="Distinct persons who were missing, helped after they were found")


class ListServicesDelivered(
    Query[ServicesDelivered], context="rehabilitation", route="GET /rehabilitation/services", roles=READERS
):
    """Services delivered in a period, by kind. Periods other than whole calendar years are for supervisors."""

    since: Annotated[date, Field(description="The first day", examples=["2004-01-01"])]
    until: Annotated[date, Field(description="The last day", examples=["2007-12-31"])]
    project: Annotated[ProjectId | None, Field(description="Only what is attributed to this project")] = None


class CountBeneficiaries(
    Query[BeneficiariesAssisted], context="rehabilitation", route="GET /rehabilitation/beneficiaries", roles=READERS
):
    """Distinct people assisted in a period. Periods other than whole calendar years are for supervisors."""

    since: Annotated[date, Field(description="The first day", examples=["2004-01-01"])]
    until: Annotated[date, Field(description="The last day", examples=["2007-12-31"])]


class Assistance(Projection):
    """Every service, as codes and ids, and which records are of one person."""

    name = "assistance"
    version = 2

    services = table(
        "services_delivered",
        Column("service", String, primary_key=True),
        Column("person", String),
        Column("ground", String),
        Column("kind", String),
        Column("minutes", Integer),
        Column("project", String),
        Column("day", String),
        Index("services_by_day", "day", "kind"),
        Index("services_by_person", "ground", "day", "person"),
    )
    links = table(
        "linked_records",
        Column("link", String, primary_key=True),
        Column("first", String),
        Column("second", String),
    )

    @on(ServiceDelivered, ServiceCorrected)
    def delivered(self, e: Recorded[ServiceDelivered | ServiceCorrected], rows: Rows) -> None:
        """In a programme."""
        service = e.event
        rows.put(
            self.services,
            service=service.service,
            person=service.beneficiary,
            ground=service.ground,
            kind=service.kind,
            minutes=service.minutes,
            project=service.project,
            day=earliest(service.occurred).isoformat(),
        )

    @on(ServiceRetracted)
    def retracted(self, e: Recorded[ServiceRetracted], rows: Rows) -> None:
        """Not delivered here."""
        rows.drop(self.services, (e.event.service,))

    @on(SupportGiven, SupportCorrected, CrisisSupportGiven)
    def supported(self, e: Recorded[SupportGiven | SupportCorrected | CrisisSupportGiven], rows: Rows) -> None:
        """In a case, or in a call. A caller without a name is a service, and no person to count."""
        support = e.event
        rows.put(
            self.services,
            service=support.support,
            person=support.person,
            ground=HELPED_AS.get(support.recipient),
            kind=support.kind,
            minutes=support.minutes,
            project=support.project,
            day=earliest(support.occurred).isoformat(),
        )

    @on(EntryRetracted)
    def support_retracted(self, e: Recorded[EntryRetracted], rows: Rows) -> None:
        """Not in that case. Entries other than help have no row here."""
        rows.drop(self.services, (e.event.entry,))

    @on(ContactSupportRetracted)
    def call_retracted(self, e: Recorded[ContactSupportRetracted], rows: Rows) -> None:
        """Not in that call."""
        rows.drop(self.services, (e.event.support,))

    @on(RecordsLinked)
    def linked(self, e: Recorded[RecordsLinked], rows: Rows) -> None:
        """Two records, one person."""
        rows.put(self.links, link=e.event.link, first=e.event.first, second=e.event.second)

    @on(RecordsUnlinked)
    def unlinked(self, e: Recorded[RecordsUnlinked], rows: Rows) -> None:
        """Two people."""
        rows.drop(self.links, (e.event.link,))

    @answers(ListServicesDelivered)
    def services_delivered(self, query: ListServicesDelivered, asking: Asking) -> ServicesDelivered:
        """Added up by kind."""
        must_be_a_period_for(query.since, query.until, asking)
        services = asking.live(self.services)
        totals = (func.count().label("services"), func.sum(services.c.minutes).label("minutes"))
        statement = (
            select(services.c.kind, *totals)
            .where(*_within(services, query.since, query.until))
            .group_by(services.c.kind)
            .order_by(services.c.kind)
        )
        if query.project is not None:
            statement = statement.where(services.c.project == query.project)
        by_kind = tuple(KindDelivered(**row) for row in asking.rows(statement))
        return ServicesDelivered(
            since=query.since,
            until=query.until,
            by_kind=by_kind,
            services=sum(one.services for one in by_kind),
            minutes=sum(one.minutes for one in by_kind),
        )

    @answers(CountBeneficiaries)
    def beneficiaries_assisted(self, query: CountBeneficiaries, asking: Asking) -> BeneficiariesAssisted:
        """Counted by ground, linked records once."""
        must_be_a_period_for(query.since, query.until, asking)
        services, links = asking.live(self.services), asking.live(self.links)
        same = same_persons((row["first"], row["second"]) for row in asking.rows(select(links)))

        def people(ground: Ground) -> int:
            helped = (*_within(services, query.since, query.until), services.c.ground == ground)
            records = asking.rows(select(func.count(services.c.person.distinct()).label("number")).where(*helped))
            linked = [record for person in same for record in person]
            found: set[str] = set()
            for start in range(0, len(linked), AT_ONCE):
                some = services.c.person.in_(linked[start : start + AT_ONCE])
                rows = asking.rows(select(services.c.person).distinct().where(*helped, some))
                found.update(row["person"] for row in rows)
            return int(records[0]["number"]) - sum(max(len(found & person) - 1, 0) for person in same)

        return BeneficiariesAssisted(
            since=query.since,
            until=query.until,
            trafficking_victims=people(Ground.TRAFFICKING_VICTIM),
            family_members_supported=people(Ground.FAMILY_MEMBER),
            missing_persons=people(Ground.MISSING_PERSON),
        )


def same_persons(links: Iterable[tuple[str, str]]) -> Sequence[frozenset[str]]:
    """Groups of records that are of one person each, however many links join them."""
    group_of: dict[str, set[str]] = {}
    for first, second in links:
        joined = group_of.get(first, {first}) | group_of.get(second, {second})
        for record in joined:
            group_of[record] = joined
    return list({id(group): frozenset(group) for group in group_of.values()}.values())


def must_be_a_period_for(since: date, until: date, asking: Asking) -> None:
    """Refuses a period that ends before it begins, and one that is not whole years to all but supervisors.

    Figures of freely chosen periods, one subtracted from the other, tell of single people.
    """
    if until < since:
        raise Invalid(f"A period ends after it begins: {until} is before {since}.")
    begins, ends = (since.month, since.day) == (1, 1), (until + timedelta(days=1)).timetuple().tm_yday == 1
    if not (begins and ends) and Role.SUPERVISOR not in asking.origin.roles:
        raise Forbidden("Periods other than whole calendar years are for: supervisor.", allowed=["supervisor"])


def _within(services: Table, since: date, until: date) -> Sequence[ColumnElement[bool]]:
    return (services.c.day >= since.isoformat(), services.c.day <= until.isoformat())

"""The part of the activity's read model that is about persons: cases, referrals, programmes and services.

A service keeps a row of its own, so that a correction replaces it and a retraction removes it; beside them services are
counted by kind and day. Persons appear by id, and only to be counted once: forgetting one changes no figure.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, Integer, SmallInteger, String

from services.analytics.dating import dated, day_columns
from services.analytics.views.people import (
    PARTNER,
    VICTIM,
    CaseOpened,
    EntryRetracted,
    OpeningCorrected,
    ProgrammeAdmitted,
    ProgrammeRequested,
    RecordsLinked,
    RecordsUnlinked,
    ReferralMade,
    ReferralRevoked,
    ServiceCorrected,
    ServiceDelivered,
    ServiceRetracted,
    SupportCorrected,
    SupportGiven,
)
from shared.codec import Recorded
from shared.projections.declaration import Projection, Rows, on, table


class People(Projection):
    """Who was helped, with what, and how they came."""

    services = table(
        "activity_services",
        Column("service", String, primary_key=True),
        Column("ground", String),
        Column("person", String),
        Column("kind", String),
        *day_columns(),
        Index("activity_services_by_person", "ground", "day", "person", "vague", "synthetic"),
    )
    service_days = table(
        "activity_service_days",
        Column("kind", String, primary_key=True),
        Column("day", Integer, primary_key=True, autoincrement=False),
        Column("vague", SmallInteger, primary_key=True, autoincrement=False),
        Column("synthetic", SmallInteger, primary_key=True, autoincrement=False),
        Column("number", Integer),
    )
    programmes = table(
        "activity_programmes",
        Column("programme", String, primary_key=True),
        Column("ground", String),
        Column("person", String),
        *day_columns(),  # of the admission
        Index("activity_programmes_by_day", "ground", "day"),
    )
    links = table(
        "activity_links", Column("link", String, primary_key=True), Column("first", String), Column("second", String)
    )
    cases = table(
        "activity_cases",
        Column("case", String, primary_key=True),
        Column("kind", String),
        Column("channel", String),
        *day_columns(),
        Index("activity_cases_by_day", "day", "kind", "channel", "vague", "synthetic"),
    )
    referrals = table(
        "activity_referrals",
        Column("referral", String, primary_key=True),
        *day_columns(),
        Index("activity_referrals_by_day", "day"),
    )

    @on(SupportGiven)
    def supported(self, e: Recorded[SupportGiven], rows: Rows) -> None:
        """Help within a case."""
        it = e.event
        self._count(rows, e, it.support, it.person, _ground(it.recipient), it.kind, it.occurred)

    @on(SupportCorrected)
    def support_corrected(self, e: Recorded[SupportCorrected], rows: Rows) -> None:
        """It was another help, or somebody else's."""
        it = e.event
        self._uncount(rows, it.support)
        self._count(rows, e, it.support, it.person, _ground(it.recipient), it.kind, it.occurred)

    @on(EntryRetracted)
    def retracted(self, e: Recorded[EntryRetracted], rows: Rows) -> None:
        """It should not have been there. Entries that are no help given have no row."""
        self._uncount(rows, e.event.entry)

    @on(ServiceDelivered)
    def delivered(self, e: Recorded[ServiceDelivered], rows: Rows) -> None:
        """A service of a programme."""
        it = e.event
        self._count(rows, e, it.service, it.beneficiary, it.ground, it.kind, it.occurred)

    @on(ServiceCorrected)
    def delivery_corrected(self, e: Recorded[ServiceCorrected], rows: Rows) -> None:
        """It was another service, or on another day."""
        it = e.event
        self._uncount(rows, it.service)
        self._count(rows, e, it.service, it.beneficiary, it.ground, it.kind, it.occurred)

    @on(ServiceRetracted)
    def not_delivered(self, e: Recorded[ServiceRetracted], rows: Rows) -> None:
        """It was not delivered."""
        self._uncount(rows, e.event.service)

    @on(RecordsLinked)
    def linked(self, e: Recorded[RecordsLinked], rows: Rows) -> None:
        """Two records, one person."""
        rows.put(self.links, link=e.event.link, first=e.event.first, second=e.event.second)

    @on(RecordsUnlinked)
    def unlinked(self, e: Recorded[RecordsUnlinked], rows: Rows) -> None:
        """Two persons after all."""
        rows.drop(self.links, (e.event.link,))

    @on(ProgrammeRequested)
    def requested(self, e: Recorded[ProgrammeRequested], rows: Rows) -> None:
        """Whom a programme would be for."""
        rows.put(self.programmes, programme=e.event.programme, person=e.event.beneficiary, ground=e.event.ground)

    @on(ProgrammeAdmitted)
    def admitted(self, e: Recorded[ProgrammeAdmitted], rows: Rows) -> None:
        """Assisted from here on."""
        day, _, vague = dated(e.event.occurred)
        rows.change(self.programmes, (e.event.programme,), day=day, vague=vague, synthetic=int(e.synthetic))

    @on(CaseOpened, OpeningCorrected)
    def opened(self, e: Recorded[CaseOpened | OpeningCorrected], rows: Rows) -> None:
        """Somebody came, or was brought."""
        it = e.event
        day, _, vague = dated(it.occurred)
        synthetic = int(e.synthetic)
        rows.put(self.cases, case=it.case, kind=it.kind, channel=it.channel, day=day, vague=vague, synthetic=synthetic)

    @on(ReferralMade)
    def referred(self, e: Recorded[ReferralMade], rows: Rows) -> None:
        """Somebody was sent on to a partner."""
        if e.event.to == PARTNER:
            day, _, vague = dated(e.event.occurred)
            rows.put(self.referrals, referral=e.event.referral, day=day, vague=vague, synthetic=int(e.synthetic))

    @on(ReferralRevoked)
    def referral_revoked(self, e: Recorded[ReferralRevoked], rows: Rows) -> None:
        """They were not sent on after all."""
        rows.drop(self.referrals, (e.event.referral,))

    def _count(
        self, rows: Rows, e: Recorded[Any], service: str, person: str, ground: str, kind: str, occurred: str
    ) -> None:
        day, _, vague = dated(occurred)
        synthetic = int(e.synthetic)
        rows.put(
            self.services,
            service=service,
            ground=ground,
            person=person,
            kind=kind,
            day=day,
            vague=vague,
            synthetic=synthetic,
        )
        rows.add(self.service_days, (kind, day, vague, synthetic), number=1)

    def _uncount(self, rows: Rows, service: str) -> None:
        if was := rows.get(self.services, (service,)):
            rows.add(self.service_days, (was["kind"], was["day"], was["vague"], was["synthetic"]), number=-1)
            rows.drop(self.services, (service,))


def _ground(recipient: str) -> str:
    return VICTIM if recipient == "victim" else recipient

"""The part of the activity's read model that is about persons: cases, referrals, programmes and services.

A service keeps a row of its own, so that a correction replaces it and a retraction removes it; the index by day holds
all that the report reads of them. Persons appear by id, and only to be counted once: forgetting one changes no figure.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, String

from services.analytics.dating import dated, day_columns
from services.analytics.views.people import (
    PARTNER,
    VICTIM,
    CaseOpened,
    ContactSupportRetracted,
    CrisisSupportGiven,
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
        Index("activity_services_by_day", "day", "ground", "person", "kind", "vague", "synthetic"),
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

    @on(SupportGiven, SupportCorrected)
    def supported(self, e: Recorded[SupportGiven | SupportCorrected], rows: Rows) -> None:
        """Help within a case."""
        it = e.event
        day, _, vague = dated(it.occurred)
        rows.put(
            self.services,
            service=it.support,
            ground=VICTIM if it.recipient == "victim" else it.recipient,
            person=it.person,
            kind=it.kind,
            day=day,
            vague=vague,
            synthetic=int(e.synthetic),
        )

    @on(CrisisSupportGiven)
    def helped_in_a_call(self, e: Recorded[CrisisSupportGiven], rows: Rows) -> None:
        """Help without any case. A caller without a name is a service on no ground, so that no person is counted."""
        it = e.event
        day, _, vague = dated(it.occurred)
        ground = VICTIM if it.recipient == "victim" else it.recipient
        rows.put(
            self.services,
            service=it.support,
            ground=ground if it.person else None,
            person=it.person,
            kind=it.kind,
            day=day,
            vague=vague,
            synthetic=int(e.synthetic),
        )

    @on(ContactSupportRetracted)
    def not_helped_in_a_call(self, e: Recorded[ContactSupportRetracted], rows: Rows) -> None:
        """It was not given."""
        rows.drop(self.services, (e.event.support,))

    @on(EntryRetracted)
    def retracted(self, e: Recorded[EntryRetracted], rows: Rows) -> None:
        """It should not have been there. Entries that are no help given have no row."""
        rows.drop(self.services, (e.event.entry,))

    @on(ServiceDelivered, ServiceCorrected)
    def delivered(self, e: Recorded[ServiceDelivered | ServiceCorrected], rows: Rows) -> None:
        """A service of a programme."""
        it = e.event
        day, _, vague = dated(it.occurred)
        rows.put(
            self.services,
            service=it.service,
            ground=it.ground,
            person=it.beneficiary,
            kind=it.kind,
            day=day,
            vague=vague,
            synthetic=int(e.synthetic),
        )

    @on(ServiceRetracted)
    def not_delivered(self, e: Recorded[ServiceRetracted], rows: Rows) -> None:
        """It was not delivered."""
        rows.drop(self.services, (e.event.service,))

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

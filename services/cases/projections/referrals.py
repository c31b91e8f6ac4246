"""The referral pipeline: who was referred where, how far each has come, which disclosures wait for a second look."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Boolean, Column, Index, RowMapping, String, func, select

from services.cases.referral.answering import (
    ReferralAccepted,
    ReferralCompleted,
    ReferralDeclined,
    ReferralRevoked,
)
from services.cases.referral.disclosure import DisclosureReviewed, DisclosureReviewMissed, SharingStopped, StopReason
from services.cases.referral.making import LegalBasis, ReferralMade
from services.cases.referral.record import Status
from services.cases.vocabulary import HELPERS, CaseId, Ground, PersonId, RecipientKind, ReferralId
from shared.codec import Recorded
from shared.messages import Id, Query
from shared.projections.declaration import Asking, Projection, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page


class SecondLook(StrEnum):
    """How a disclosure without consent stands."""

    NOT_NEEDED = "not_needed"
    DUE = "due"
    MISSED = "missed"
    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"


class ReferralEntry(BaseModel):
    """A referral in the pipeline: codes and pseudonyms, nothing personal."""

    model_config = ConfigDict(frozen=True)

    referral: ReferralId
    case: CaseId
    person: PersonId
    to: RecipientKind
    recipient: Id | None
    ground: Ground
    status: Status
    legal_basis: LegalBasis
    second_look: SecondLook
    sharing_stopped: StopReason | None
    until: date
    made: str = Field(description="When it was made (EDTF)", examples=["2008-10-02"])
    answered: str | None = Field(description="When it was last answered (EDTF)", examples=["2008-10-06"])


class ReferralPage(BaseModel):
    """Referrals, the newest first, and how many there are of each status."""

    referrals: tuple[ReferralEntry, ...]
    by_status: dict[Status, int] = Field(description="Of all that fit, whatever their status")
    next: Next


class ListReferrals(Query[ReferralPage], context="cases", route="GET /referrals", roles=HELPERS):
    """The referral pipeline."""

    status: Annotated[Status | None, Field(description="Only with this status", examples=["made"])] = None
    to: Annotated[RecipientKind | None, Field(description="Only to this kind", examples=["rehabilitation"])] = None
    case: Annotated[CaseId | None, Field(description="Only of this case")] = None
    second_look: Annotated[SecondLook | None, Field(description="Only these disclosures", examples=["due"])] = None
    after: After = None
    limit: Limit = 50


class Referrals(Projection):
    """Every referral as it stands."""

    name = "referrals"

    referrals = table(
        "referrals",
        Column("referral", String, primary_key=True),
        Column("position", BigInteger),
        Column("case", String),
        Column("person", String),
        Column("to", String),
        Column("recipient", String),
        Column("ground", String),
        Column("status", String),
        Column("legal_basis", String),
        Column("second_look", String),
        Column("sharing_stopped", String),
        Column("until", String),
        Column("made", String),
        Column("answered", String),
        Column("left_early", Boolean),
        Index("referrals_newest", "position"),
        Index("referrals_by_status", "status", "position"),
        Index("referrals_by_case", "case", "position"),
    )

    @on(ReferralMade)
    def made(self, e: Recorded[ReferralMade], rows: Rows) -> None:
        """It is in the pipeline."""
        made = e.event
        consented = made.legal_basis is LegalBasis.CONSENT
        rows.put(
            self.referrals,
            referral=made.referral,
            position=e.position,
            case=made.case,
            person=made.person,
            to=made.to,
            recipient=made.recipient,
            ground=made.ground,
            status=Status.MADE,
            legal_basis=made.legal_basis,
            second_look=SecondLook.NOT_NEEDED if consented else SecondLook.DUE,
            until=made.until.isoformat(),
            made=made.occurred,
            left_early=False,
        )

    @on(ReferralAccepted)
    def accepted(self, e: Recorded[ReferralAccepted], rows: Rows) -> None:
        """The recipient takes the person on."""
        rows.change(self.referrals, (e.event.referral,), status=Status.ACCEPTED, answered=e.event.occurred)

    @on(ReferralDeclined)
    def declined(self, e: Recorded[ReferralDeclined], rows: Rows) -> None:
        """The recipient does not."""
        rows.change(self.referrals, (e.event.referral,), status=Status.DECLINED, answered=e.event.occurred)

    @on(ReferralRevoked)
    def revoked(self, e: Recorded[ReferralRevoked], rows: Rows) -> None:
        """It was taken back."""
        rows.change(self.referrals, (e.event.referral,), status=Status.REVOKED)

    @on(ReferralCompleted)
    def completed(self, e: Recorded[ReferralCompleted], rows: Rows) -> None:
        """It has come to its end."""
        rows.change(
            self.referrals,
            (e.event.referral,),
            status=Status.COMPLETED,
            answered=e.event.occurred,
            left_early=e.event.left_early,
        )

    @on(DisclosureReviewed)
    def reviewed(self, e: Recorded[DisclosureReviewed], rows: Rows) -> None:
        """A second person looked."""
        look = SecondLook.JUSTIFIED if e.event.justified else SecondLook.NOT_JUSTIFIED
        rows.change(self.referrals, (e.event.referral,), second_look=look)

    @on(DisclosureReviewMissed)
    def review_missed(self, e: Recorded[DisclosureReviewMissed], rows: Rows) -> None:
        """Nobody looked in time."""
        rows.change(self.referrals, (e.event.referral,), second_look=SecondLook.MISSED)

    @on(SharingStopped)
    def stopped(self, e: Recorded[SharingStopped], rows: Rows) -> None:
        """Nothing more is shared."""
        rows.change(self.referrals, (e.event.referral,), sharing_stopped=e.event.reason)

    @answers(ListReferrals)
    def list_referrals(self, query: ListReferrals, asking: Asking) -> ReferralPage:
        """Filtered, and paged by the position at which each was made."""
        referrals = asking.live(self.referrals)
        fits = [
            referrals.c[column] == wanted
            for column in ("to", "case", "second_look")
            if (wanted := getattr(query, column)) is not None
        ]
        fits.append(asking.sight.within(case=referrals.c.case))
        counts = asking.rows(
            select(referrals.c.status, func.count().label("number")).where(*fits).group_by(referrals.c.status)
        )
        listed = select(referrals).where(*fits).order_by(referrals.c.position.desc()).limit(query.limit + 1)
        if query.status is not None:
            listed = listed.where(referrals.c.status == query.status)
        if query.after is not None:
            listed = listed.where(referrals.c.position < query.after)
        entries, more = page(asking.rows(listed), query.limit, _entry)
        by_status = {Status(row["status"]): row["number"] for row in counts}
        return ReferralPage(referrals=entries, by_status=by_status, next=more)


def _entry(row: RowMapping) -> ReferralEntry:
    return ReferralEntry(**{name: row[name] for name in ReferralEntry.model_fields})

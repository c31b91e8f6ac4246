"""Cases, referrals and programmes as the activity report sees them: what it counts persons and services by."""

from __future__ import annotations

from shared.messages import View

VICTIM = "trafficking_victim"
FAMILY_MEMBER = "family_member"
PARTNER = "partner"


class SupportGiven(View, of="cases.SupportGiven"):
    """Somebody was helped within a case."""

    support: str
    person: str
    recipient: str
    kind: str
    occurred: str


class SupportCorrected(View, of="cases.SupportCorrected"):
    """It was another help, or somebody else's."""

    support: str
    person: str
    recipient: str
    kind: str
    occurred: str


class CrisisSupportGiven(View, of="cases.CrisisSupportGiven"):
    """Somebody was helped in a call or a visit. Who called may not have said who they are."""

    support: str
    person: str | None = None
    recipient: str
    kind: str
    occurred: str


class ContactSupportRetracted(View, of="cases.ContactSupportRetracted"):
    """That help was not given."""

    support: str


class EntryRetracted(View, of="cases.EntryRetracted"):
    """An entry of a case, perhaps of a help given, should not have been there."""

    entry: str


class RecordsLinked(View, of="cases.RecordsLinked"):
    """Two records are of one person, who counts once."""

    link: str
    first: str
    second: str


class RecordsUnlinked(View, of="cases.RecordsUnlinked"):
    """They are of two people after all."""

    link: str


class ProgrammeRequested(View, of="rehabilitation.ProgrammeRequested"):
    """Whom a programme is for, and on which ground."""

    programme: str
    beneficiary: str
    ground: str


class ProgrammeAdmitted(View, of="rehabilitation.ProgrammeAdmitted"):
    """From here its beneficiary is assisted."""

    programme: str
    occurred: str


class ServiceDelivered(View, of="rehabilitation.ServiceDelivered"):
    """A service of a programme."""

    service: str
    beneficiary: str
    ground: str
    kind: str
    occurred: str


class ServiceCorrected(View, of="rehabilitation.ServiceCorrected"):
    """It was another service, or on another day."""

    service: str
    beneficiary: str
    ground: str
    kind: str
    occurred: str


class ServiceRetracted(View, of="rehabilitation.ServiceRetracted"):
    """It was not delivered."""

    service: str


class CaseOpened(View, of="cases.CaseOpened"):
    """A case, which somebody brought."""

    case: str
    kind: str
    channel: str
    occurred: str


class OpeningCorrected(View, of="cases.OpeningCorrected"):
    """It was of another kind, or came another way."""

    case: str
    kind: str
    channel: str
    occurred: str


class ReferralMade(View, of="cases.ReferralMade"):
    """Somebody was sent on to where there is more help."""

    referral: str
    person: str
    to: str
    occurred: str


class ReferralRevoked(View, of="cases.ReferralRevoked"):
    """They were not sent on after all."""

    referral: str

"""Campaigns, advocacy, partners and the organisation itself as the activity report sees them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from shared.messages import View


class Count(BaseModel):
    """A quantity as campaigns state it."""

    model_config = ConfigDict(frozen=True)

    number: int | None = None
    precision: str = "exact"


class CampaignHeld(View, of="campaigns.CampaignHeld"):
    """Public work that took place."""

    campaign: str
    kind: str
    title: str
    slogan: str | None = None
    venue: str | None = None
    town: str | None = None
    attendance: Count
    occurred: str


class AttendanceCorrected(View, of="campaigns.AttendanceCorrected"):
    """Another number took part."""

    campaign: str
    attendance: Count


class CampaignCorrected(View, of="campaigns.CampaignCorrected"):
    """What was recorded of it wrongly."""

    campaign: str
    title: str | None = None
    slogan: str | None = None
    aim: str | None = None
    venue: str | None = None
    town: str | None = None
    held_on: str | None = None


class CampaignPlanned(View, of="campaigns.CampaignPlanned"):
    """Public work was planned."""

    campaign: str
    aim: str


class Body(BaseModel):
    """Whom an objective was addressed to."""

    model_config = ConfigDict(frozen=True)

    name: str


class Act(BaseModel):
    """What an objective led to, as far as its source states it."""

    model_config = ConfigDict(frozen=True)

    body: str
    title: str | None = None
    reference: str | None = None
    adopted: str


class Kept(BaseModel):
    """A day kept every year."""

    model_config = ConfigDict(frozen=True)

    name: str
    month: int
    day: int
    origin: str


class AdvocacyConcluded(View, of="campaigns.AdvocacyConcluded"):
    """What came of an objective."""

    advocacy: str
    title: str
    objective: str
    addressee: Body
    outcome: str
    legal_act: Act | None = None
    observance: Kept | None = None
    occurred: str


class GroupRegistered(View, of="campaigns.GroupRegistered"):
    """A group will come to a campaign."""

    campaign: str
    group: str
    town: str
    pupils: Count
    teachers: Count


class GroupChanged(View, of="campaigns.GroupChanged"):
    """More or fewer of a group will come."""

    campaign: str
    group: str
    pupils: Count
    teachers: Count


class GroupAttended(View, of="campaigns.GroupAttended"):
    """So many of a group came."""

    campaign: str
    group: str
    town: str
    pupils: Count
    teachers: Count


class GroupWithdrawn(View, of="campaigns.GroupWithdrawn"):
    """A group did not come."""

    campaign: str
    group: str


class Measure(BaseModel):
    """How large a thing is."""

    model_config = ConfigDict(frozen=True)

    dimension: str
    value: Decimal
    unit: str


class ArtefactMade(View, of="campaigns.ArtefactMade"):
    """A thing was made for a campaign, or at it."""

    campaign: str
    artefact: str
    kind: str
    message: str | None = None
    measures: tuple[Measure, ...] = ()


class ArtefactWithdrawn(View, of="campaigns.ArtefactWithdrawn"):
    """It is not shown any more."""

    campaign: str
    artefact: str


class AdvocacyBegun(View, of="campaigns.AdvocacyBegun"):
    """Work towards an objective began."""

    advocacy: str
    title: str
    objective: str
    addressee: Body
    occurred: str


class AdvocacyActionTaken(View, of="campaigns.AdvocacyActionTaken"):
    """Something was done towards it."""

    advocacy: str
    action: str
    occurred: str


class FactStated(View, of="campaigns.FactStated"):
    """What one source says."""

    advocacy: str
    statement: str
    fact: str
    says: str
    source: str


class PartnerRegistered(View, of="campaigns.PartnerRegistered"):
    """An organisation works with the centre."""

    partner: str
    name: str
    kind: str
    country: str
    occurred: str


class PartnerCorrected(View, of="campaigns.PartnerCorrected"):
    """It is called otherwise, or is elsewhere."""

    partner: str
    name: str
    kind: str
    country: str


class AgreementSigned(View, of="campaigns.AgreementSigned"):
    """There is an agreement with a partner."""

    partner: str
    agreement: str
    valid_from: date
    valid_until: date | None = None


class AgreementEnded(View, of="campaigns.AgreementEnded"):
    """It ended on another day than it said."""

    partner: str
    agreement: str
    ended: date


class JointWorkDone(View, of="campaigns.JointWorkDone"):
    """Something was done together."""

    partner: str
    work: str
    occurred: str


class Wording(BaseModel):
    """What it is, in one more language."""

    model_config = ConfigDict(frozen=True)

    language: str
    name: str
    legal_form: str
    mission: str


class Saying(BaseModel):
    """A remark in one language."""

    model_config = ConfigDict(frozen=True)

    language: str
    text: str


class Description(BaseModel):
    """What the organisation is."""

    model_config = ConfigDict(frozen=True)

    name: str
    legal_form: str
    independent: bool
    non_profit: bool
    mission: str
    founded: str | None = None
    seat: str | None = None
    country: str
    in_other_languages: tuple[Wording, ...] = ()


class OrganisationDescribed(View, of="campaigns.OrganisationDescribed"):
    """This is what it is from then on."""

    description: Description
    occurred: str


class DescriptionCorrected(View, of="campaigns.DescriptionCorrected"):
    """It never was what was recorded."""

    description: Description


class Seats(BaseModel):
    """How many sit in a body, and whose they are."""

    model_config = ConfigDict(frozen=True)

    all: int
    of_public_authorities: int = 0
    of_funders: int = 0


class BodyConstituted(View, of="campaigns.BodyConstituted"):
    """A body governs."""

    body: str
    kind: str
    seats: Seats
    appointed_by: str
    occurred: str


class BodyDissolved(View, of="campaigns.BodyDissolved"):
    """It governs no longer."""

    body: str
    occurred: str


class FigureRemarked(View, of="campaigns.FigureRemarked"):
    """What readers of a figure are to know."""

    remark: str
    figure: str
    first_year: int
    last_year: int
    says: tuple[Saying, ...]


class TextTranslated(View, of="campaigns.TextTranslated"):
    """How a recorded text is said in other languages."""

    text: str
    written_in: str
    says: tuple[Saying, ...]


class RemarkWithdrawn(View, of="campaigns.RemarkWithdrawn"):
    """They need not know it any more."""

    remark: str

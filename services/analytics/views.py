"""Other contexts' events as the activity report sees them: only the fields that it counts by."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from shared.dates import Occurred
from shared.messages import View

VICTIM = "trafficking_victim"
FAMILY_MEMBER = "family_member"


class ProjectStarted(View, of="projects.ProjectStarted"):
    """A project counts from here, in this year."""

    project: str
    year: int
    occurred: Occurred


class ProjectStartCorrected(View, of="projects.ProjectStartCorrected"):
    """It counts in another year."""

    project: str
    year: int
    occurred: Occurred


class FunderRegistered(View, of="projects.FunderRegistered"):
    """What kind a funder is."""

    funder: str
    kind: str


class FunderCorrected(View, of="projects.FunderCorrected"):
    """It is of another kind."""

    funder: str
    kind: str


class GrantAwarded(View, of="projects.GrantAwarded"):
    """A funder pays for a project."""

    grant: str
    project: str
    funder: str
    occurred: Occurred


class SupportGiven(View, of="cases.SupportGiven"):
    """Somebody was helped within a case."""

    support: str
    person: str
    recipient: str
    kind: str
    occurred: Occurred


class SupportCorrected(View, of="cases.SupportCorrected"):
    """It was another help, or somebody else's."""

    support: str
    person: str
    recipient: str
    kind: str
    occurred: Occurred


class EntryRetracted(View, of="cases.EntryRetracted"):
    """An entry of a case, perhaps of a help given, should not have been there."""

    entry: str


class ProgrammeRequested(View, of="rehabilitation.ProgrammeRequested"):
    """Whom a programme is for, and on which ground."""

    programme: str
    beneficiary: str
    ground: str


class ProgrammeAdmitted(View, of="rehabilitation.ProgrammeAdmitted"):
    """From here its beneficiary is assisted."""

    programme: str
    occurred: Occurred


class ServiceDelivered(View, of="rehabilitation.ServiceDelivered"):
    """A service of a programme."""

    service: str
    beneficiary: str
    ground: str
    kind: str
    occurred: Occurred


class ServiceCorrected(View, of="rehabilitation.ServiceCorrected"):
    """It was another service, or on another day."""

    service: str
    beneficiary: str
    ground: str
    kind: str
    occurred: Occurred


class ServiceRetracted(View, of="rehabilitation.ServiceRetracted"):
    """It was not delivered."""

    service: str


class RecordsLinked(View, of="cases.RecordsLinked"):
    """Two records are of one person, who counts once."""

    link: str
    first: str
    second: str


class RecordsUnlinked(View, of="cases.RecordsUnlinked"):
    """They are of two people after all."""

    link: str


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
    occurred: Occurred


class AttendanceCorrected(View, of="campaigns.AttendanceCorrected"):
    """Another number took part."""

    campaign: str
    attendance: Count


class CampaignCorrected(View, of="campaigns.CampaignCorrected"):
    """What was recorded of it wrongly."""

    campaign: str
    title: str | None = None
    slogan: str | None = None
    venue: str | None = None
    town: str | None = None
    held_on: Occurred | None = None


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
    occurred: Occurred

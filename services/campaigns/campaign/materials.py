"""What a campaign makes and shows, with its measures and its message, and what the media made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self, assert_never

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.campaigns.campaign.state import ArtefactId, Campaign, CampaignCommand, CampaignEvent, GroupId, Status
from services.campaigns.quantity import UNSTATED, Precision, Quantity
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Id, Role, new_id
from shared.privacy.personal import About, Hidden


class ArtefactKind(StrEnum):
    """What sort of thing was made."""

    POSTER = "poster"
    BANNER = "banner"
    LEAFLET = "leaflet"
    FILM = "film"
    EXHIBITION = "exhibition"
    LESSON_MATERIAL = "lesson_material"
    OTHER = "other"


class Dimension(StrEnum):
    """What is measured."""

    LENGTH = "length"
    WIDTH = "width"
    HEIGHT = "height"
    DURATION = "duration"
    COPIES = "copies"


class Unit(StrEnum):
    """What it is measured in."""

    METRE = "m"
    CENTIMETRE = "cm"
    MINUTE = "min"
    COPY = "copies"


_UNITS = {
    Dimension.LENGTH: {Unit.METRE, Unit.CENTIMETRE},
    Dimension.WIDTH: {Unit.METRE, Unit.CENTIMETRE},
    Dimension.HEIGHT: {Unit.METRE, Unit.CENTIMETRE},
    Dimension.DURATION: {Unit.MINUTE},
    Dimension.COPIES: {Unit.COPY},
}


class Measure(BaseModel):
    """One measure of a thing: 20 m long."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"dimension": "length", "value": "20", "unit": "m"}]},
    )

    dimension: Dimension = Field(examples=["length"])
    value: Decimal = Field(gt=0, max_digits=9, decimal_places=2, allow_inf_nan=False, examples=["20"])
    unit: Unit = Field(examples=["m"])
    precision: Precision = Precision.EXACT

    @model_validator(mode="after")
    def _unit_fits(self) -> Self:
        if self.unit not in _UNITS[self.dimension]:
            raise ValueError(f"{self.dimension} is measured in {' or '.join(sorted(_UNITS[self.dimension]))}")
        if self.precision is Precision.UNSTATED:
            raise ValueError("leave out a measure that nobody stated")
        return self


class Medium(StrEnum):
    """Where the media reported."""

    PRESS = "press"
    RADIO = "radio"
    TELEVISION = "television"
    ONLINE = "online"


class WhyWithdrawn(StrEnum):
    """Why a thing is not to be shown any more. Nothing tells more than that: why a person was found is theirs."""

    PERSON_FOUND = "person_found"
    ASKED_FOR = "asked_for"
    MISTAKE = "mistake"


class RecordArtefact(
    CampaignCommand, route="POST /campaigns/{campaign}/artefacts", roles=[Role.CAMPAIGNER, Role.SUPERVISOR]
):
    """Record a thing that was made for a campaign or at it."""

    artefact: ArtefactId = new_id()
    kind: ArtefactKind = Field(examples=["poster"])
    message: str | None = Field(
        default=None, max_length=500, description="What it says", examples=["No to trafficking, in our own way"]
    )
    measures: tuple[Measure, ...] = Field(default=(), max_length=10)
    made_by: tuple[GroupId, ...] = Field(default=(), max_length=500, description="The groups that made it together")
    shows: Id | None = Field(default=None, description="The missing person whose picture it carries")
    occurred: Occurred


class WithdrawArtefact(
    CampaignCommand,
    route="POST /campaigns/{campaign}/artefacts/{artefact}/withdrawal",
    roles=[Role.CAMPAIGNER, Role.SUPERVISOR],
):
    """Withdraw a thing: it is not to be shown any more."""

    artefact: ArtefactId = Field(examples=["7a6f2b1e-5c64-4a0f-9c62-3f1f5e8f3f21"])
    why: WhyWithdrawn = Field(examples=["asked_for"])
    occurred: Occurred


class RecordCoverage(
    CampaignCommand, route="POST /campaigns/{campaign}/coverage", roles=[Role.CAMPAIGNER, Role.SUPERVISOR]
):
    """Record what the media reported of a campaign."""

    coverage: Id = new_id()
    outlet: str = Field(min_length=1, max_length=200, description="Who reported", examples=["Lithuanian Radio"])
    medium: Medium = Field(examples=["radio"])
    headline: Annotated[str | None, About("campaign"), Field(max_length=500)] = None
    audience: Quantity = UNSTATED
    occurred: Occurred


class ArtefactMade(CampaignEvent):
    """A thing was made."""

    artefact: ArtefactId
    kind: ArtefactKind
    message: str | None = None
    measures: tuple[Measure, ...] = ()
    made_by: tuple[GroupId, ...] = ()
    shows: Id | None = None


class ArtefactWithdrawn(CampaignEvent):
    """A thing is not shown any more."""

    artefact: ArtefactId
    why: WhyWithdrawn


class CoverageRecorded(CampaignEvent):
    """The media reported."""

    coverage: Id
    outlet: str
    medium: Medium
    headline: Annotated[str | Hidden | None, About("campaign")] = None
    audience: Quantity


MaterialCommand = RecordArtefact | WithdrawArtefact | RecordCoverage
MaterialEvent = ArtefactMade | ArtefactWithdrawn | CoverageRecorded


def decide(command: MaterialCommand, campaign: Campaign) -> Sequence[MaterialEvent]:
    """What follows from a command about things and reports."""
    must_have_happened(command.occurred, command.now)
    match command:
        case RecordArtefact(artefact=artefact, made_by=groups):
            campaign.must_be(Status.PLANNED, Status.HELD)
            if artefact in campaign.artefacts:
                return []
            if strangers := set(groups) - campaign.groups.keys():
                raise DomainError(
                    f"{len(strangers)} of the groups that made it did not register for this campaign: register them "
                    "first, or leave them out.",
                    rule="made-by-registered-groups",
                )
            return [ArtefactMade(**command.stated())]
        case WithdrawArtefact(artefact=artefact):
            campaign.must_be(Status.PLANNED, Status.HELD, Status.CANCELLED)
            must_exist(artefact in campaign.artefacts, "artefact of this campaign")
            if not campaign.artefacts[artefact]:
                return []
            return [ArtefactWithdrawn(**command.stated())]
        case RecordCoverage(coverage=coverage):
            campaign.must_be(Status.PLANNED, Status.HELD, Status.CANCELLED)
            if coverage in campaign.coverage:
                return []
            return [CoverageRecorded(**command.stated())]
        case _:
            assert_never(command)


def evolve(campaign: Campaign, event: MaterialEvent) -> Campaign:
    """The campaign after an event about things and reports."""
    match event:
        case ArtefactMade(artefact=artefact):
            return replace(campaign, artefacts={**campaign.artefacts, artefact: True})
        case ArtefactWithdrawn(artefact=artefact):
            return replace(campaign, artefacts={**campaign.artefacts, artefact: False})
        case CoverageRecorded(coverage=coverage):
            return replace(campaign, coverage=campaign.coverage | {coverage})
        case _:
            assert_never(event)

"""The organisation itself: what it is, what it is for, who governs it. One record, the centre's own.

Who governs is told by bodies and numbers of seats. That so many seats are the state's, or a funder's, shows how
independent it is; names of members are nobody's business here. What readers of a published figure must know, such as
an assumption that it rests on, is remarked here too, and printed with the figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Literal, Self, assert_never

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.dates import Occurred, earliest, latest, must_have_happened
from shared.decider import Decider, must_exist
from shared.errors import DomainError
from shared.messages import Command, Event, Id, Role, new_id

KEEPERS = (Role.SUPERVISOR, Role.PROJECT_MANAGER)
Line = Annotated[str, Field(min_length=1, max_length=300)]
TheCentre = Literal["centre"]
Year = Annotated[int, Field(ge=1900, le=2999)]
Figure = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z_]{1,60}$"),
    Field(description="The figure's name in the activity report", examples=["projects_total"]),
]


class BodyKind(StrEnum):
    """What sort of body governs."""

    GENERAL_MEETING = "general_meeting"
    BOARD = "board"
    DIRECTOR = "director"
    SUPERVISORY_BODY = "supervisory_body"
    AUDIT = "audit"
    ADVISORY_BODY = "advisory_body"


class Language(StrEnum):
    """The languages that the organisation publishes in."""

    LITHUANIAN = "lt"
    ENGLISH = "en"
    FRENCH = "fr"


class Wording(BaseModel):
    """How the organisation calls itself, and what it is for, in one more language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: Language = Field(examples=["fr"])
    name: Line = Field(examples=["Centre de soutien aux familles de personnes disparues"])
    legal_form: Line = Field(examples=["Organisation publique"])
    mission: Annotated[str, Field(min_length=1, max_length=4000)] = Field(
        examples=["Aider les familles de personnes disparues"]
    )


class Saying(BaseModel):
    """A remark in one language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: Language = Field(examples=["en"])
    text: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        examples=["That the 77 projects run to 31 December 2008 is an assumption."]
    )


class Description(BaseModel):
    """What the organisation is, in the words that it uses of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line = Field(examples=["Missing Persons' Families Support Centre"])
    legal_form: Line = Field(examples=["Public organisation"])
    independent: bool = Field(description="Of the state and of any party", examples=[True])
    non_profit: bool = Field(examples=[True])
    mission: Annotated[str, Field(min_length=1, max_length=4000)] = Field(
        examples=["To help families of missing persons, victims of trafficking and their families"]
    )
    founded: Occurred | None = Field(default=None, examples=["1996"])
    seat: Line | None = Field(default=None, examples=["Vilnius"])
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(examples=["LT"])
    in_other_languages: tuple[Wording, ...] = Field(default=(), max_length=3, description="For what is printed")


class Seats(BaseModel):
    """How many sit in a body, and whom they are of. What is left over is the organisation's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    all: int = Field(ge=1, le=1000, examples=[5])
    of_public_authorities: int = Field(default=0, ge=0, examples=[0])
    of_funders: int = Field(default=0, ge=0, examples=[0])

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        if self.of_public_authorities + self.of_funders > self.all:
            raise ValueError("more seats are given away than there are")
        return self


class OrganisationCommand(Command, context="campaigns"):
    """An instruction about the organisation."""

    organisation: TheCentre = "centre"


class OrganisationEvent(Event, context="campaigns"):
    """A fact about the organisation."""

    organisation: TheCentre = "centre"
    occurred: Occurred


class DescribeOrganisation(OrganisationCommand, route="POST /organisation/descriptions", roles=KEEPERS):
    """Say what the organisation is from a day on. Earlier reports keep the description of their time."""

    description: Description
    occurred: Occurred = Field(description="From when it is so", examples=["2004-01-01"])


class CorrectDescription(OrganisationCommand, route="POST /organisation/description-correction", roles=KEEPERS):
    """Put right the description in force: it was never as it was recorded."""

    description: Description
    occurred: Occurred = Field(description="When the mistake was found")


class ConstituteBody(OrganisationCommand, route="POST /organisation/bodies", roles=KEEPERS):
    """Record a body that governs, with its seats."""

    body: Id = new_id()
    kind: BodyKind = Field(examples=["board"])
    seats: Seats
    appointed_by: Line = Field(description="Who appoints its members", examples=["General meeting"])
    occurred: Occurred


class DissolveBody(OrganisationCommand, route="POST /organisation/bodies/{body}/dissolution", roles=KEEPERS):
    """Record that a body governs no longer."""

    body: Id = Field(examples=["4f0f2f52-8f42-4a5f-8b87-8c2a7a0b8a3e"])
    occurred: Occurred


class RemarkOnFigure(OrganisationCommand, route="POST /organisation/remarks", roles=KEEPERS):
    """Say what readers of a published figure must know: an assumption, a source, a change of method."""

    remark: Id = new_id()
    figure: Figure
    first_year: Year = Field(description="Printed in reports that end in this year", examples=[2008])
    last_year: Year = Field(description="... up to this one", examples=[2008])
    says: tuple[Saying, ...] = Field(min_length=1, max_length=3, description="Public: no name, no personal data")
    occurred: Occurred


class WithdrawRemark(OrganisationCommand, route="POST /organisation/remarks/{remark}/withdrawal", roles=KEEPERS):
    """Take a remark on a figure back: it is not printed any more."""

    remark: Id = Field(examples=["7a5d7b61-95b0-4f0e-8d52-61c3f3ab2f10"])
    occurred: Occurred


class OrganisationDescribed(OrganisationEvent):
    """This is what it is from then on."""

    description: Description


class DescriptionCorrected(OrganisationEvent):
    """The description in force was wrong; it is this."""

    description: Description


class BodyConstituted(OrganisationEvent):
    """A body governs."""

    body: Id
    kind: BodyKind
    seats: Seats
    appointed_by: str


class BodyDissolved(OrganisationEvent):
    """A body governs no longer."""

    body: Id


class FigureRemarked(OrganisationEvent):
    """Readers of a figure are to know this."""

    remark: Id
    figure: str
    first_year: int
    last_year: int
    says: tuple[Saying, ...]


class RemarkWithdrawn(OrganisationEvent):
    """Readers need not know it any more."""

    remark: Id


AnyOrganisationCommand = (
    DescribeOrganisation | CorrectDescription | ConstituteBody | DissolveBody | RemarkOnFigure | WithdrawRemark
)
AnyOrganisationEvent = (
    OrganisationDescribed | DescriptionCorrected | BodyConstituted | BodyDissolved | FigureRemarked | RemarkWithdrawn
)


@dataclass(frozen=True, slots=True)
class Organisation:
    """What is known of it. `bodies`: since when each governs, None if dissolved. `remarks`: which are in force."""

    description: Description | None = None
    described_from: str = ""
    bodies: Mapping[Id, str | None] = field(default_factory=lambda: MappingProxyType({}))
    remarks: Mapping[Id, bool] = field(default_factory=lambda: MappingProxyType({}))


def decide(command: AnyOrganisationCommand, organisation: Organisation) -> Sequence[AnyOrganisationEvent]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    match command:
        case DescribeOrganisation(description=description, occurred=occurred):
            if description == organisation.description:
                return []
            if organisation.description and latest(occurred) < earliest(organisation.described_from):
                raise DomainError(
                    f"What it is was last described from {organisation.described_from} on; {occurred} lies before "
                    "that: correct the description, or give a later day.",
                    rule="described-in-order",
                )
            return [OrganisationDescribed(**command.stated())]
        case CorrectDescription(description=description):
            must_exist(organisation.description is not None, "description of the organisation")
            return [] if description == organisation.description else [DescriptionCorrected(**command.stated())]
        case ConstituteBody(body=body):
            return [] if body in organisation.bodies else [BodyConstituted(**command.stated())]
        case DissolveBody(body=body, occurred=occurred):
            must_exist(body in organisation.bodies, "body of the organisation")
            since = organisation.bodies[body]
            if since is None:
                return []
            if latest(occurred) < earliest(since):
                raise DomainError(
                    f"It governs since {since}, and cannot have ended on {occurred}: give a later day.",
                    rule="dissolved-after-constituted",
                )
            return [BodyDissolved(**command.stated())]
        case RemarkOnFigure(remark=remark, first_year=first, last_year=last):
            if last < first:
                raise DomainError(
                    f"A remark is on reports from one year to a later one; {last} lies before {first}: "
                    "give the earlier year first.",
                    rule="remark-years-in-order",
                )
            return [] if remark in organisation.remarks else [FigureRemarked(**command.stated())]
        case WithdrawRemark(remark=remark):
            must_exist(remark in organisation.remarks, "remark on a figure")
            return [RemarkWithdrawn(**command.stated())] if organisation.remarks[remark] else []
        case _:
            assert_never(command)


def evolve(organisation: Organisation, event: AnyOrganisationEvent) -> Organisation:
    """The organisation after an event."""
    match event:
        case OrganisationDescribed(description=description, occurred=occurred):
            return replace(organisation, description=description, described_from=occurred)
        case DescriptionCorrected(description=description):
            return replace(organisation, description=description)
        case BodyConstituted(body=body, occurred=occurred):
            return replace(organisation, bodies={**organisation.bodies, body: occurred})
        case BodyDissolved(body=body):
            return replace(organisation, bodies={**organisation.bodies, body: None})
        case FigureRemarked(remark=remark):
            return replace(organisation, remarks={**organisation.remarks, remark: True})
        case RemarkWithdrawn(remark=remark):
            return replace(organisation, remarks={**organisation.remarks, remark: False})
        case _:
            assert_never(event)


organisation: Decider[AnyOrganisationCommand, AnyOrganisationEvent, Organisation] = Decider(
    category="organisation",
    key="organisation",
    initial=Organisation(),
    decide=decide,
    evolve=evolve,
    commands=AnyOrganisationCommand,
    events=AnyOrganisationEvent,
)

"""A partner: an organisation that works with the Centre, the agreements with it, and what was done together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, assert_never

from pydantic import Field, StringConstraints

from shared.dates import Occurred, must_have_happened
from shared.decider import Decider, must_exist
from shared.errors import DomainError, NotFound
from shared.messages import Command, Event, Id, Role, new_id
from shared.privacy.personal import About, Hidden

PartnerId = Id
AgreementId = Id
KEEPERS = [Role.CAMPAIGNER, Role.PROJECT_MANAGER, Role.SUPERVISOR]


class CooperationField(StrEnum):
    """What the Centre and a partner do together."""

    PREVENTION = "prevention"
    CRISIS_ASSISTANCE = "crisis_assistance"
    SHELTER = "shelter"
    REHABILITATION = "rehabilitation"
    LEGAL_AID = "legal_aid"
    SEARCH = "search"
    RETURN = "return"
    ADVOCACY = "advocacy"
    TRAINING = "training"


class PartnerKind(StrEnum):
    """What sort of organisation it is."""

    NGO = "ngo"
    NETWORK = "network"
    PUBLIC_BODY = "public_body"
    POLICE = "police"
    SCHOOL = "school"
    EMBASSY = "embassy"
    OTHER = "other"


Country = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(description="ISO 3166-1 code", examples=["LT"])
]
Name = Annotated[str, Field(min_length=1, max_length=200, description="The organisation", examples=["Emmaüs Europe"])]


class PartnerCommand(Command, context="campaigns"):
    """An instruction about one partner."""

    partner: PartnerId = Field(examples=["0d9d4e0a-3f4e-4b61-a1b0-1f7c6f1f8a77"])


class PartnerEvent(Event, context="campaigns"):
    """A fact about one partner."""

    partner: PartnerId
    occurred: Occurred


class RegisterPartner(PartnerCommand, route="POST /partners", roles=KEEPERS):
    """Register an organisation that the Centre works with."""

    partner: PartnerId = new_id()
    name: Name
    kind: PartnerKind = Field(examples=["ngo"])
    country: Country
    fields: tuple[CooperationField, ...] = Field(min_length=1, examples=[["prevention", "search"]])
    contact_role: str | None = Field(
        default=None, max_length=200, description="Whom to ask for: a role, never a name", examples=["Coordinator"]
    )
    occurred: Occurred


class CorrectPartner(PartnerCommand, route="POST /partners/{partner}/correction", roles=KEEPERS):
    """Put right what was recorded of a partner."""

    name: Name
    kind: PartnerKind = Field(examples=["ngo"])
    country: Country
    fields: tuple[CooperationField, ...] = Field(min_length=1, examples=[["prevention"]])
    contact_role: str | None = Field(default=None, max_length=200, examples=["Coordinator"])
    occurred: Occurred = Field(description="When the mistake was found")


class SignAgreement(PartnerCommand, route="POST /partners/{partner}/agreements", roles=KEEPERS):
    """Record an agreement with a partner."""

    agreement: AgreementId = new_id()
    subject: str = Field(min_length=1, max_length=500, examples=["Joint prevention lessons"])
    valid_from: date = Field(examples=["2008-01-01"])
    valid_until: date | None = Field(default=None, description="Left out: until it is ended", examples=["2009-12-31"])
    occurred: Occurred = Field(description="When it was signed")


class EndAgreement(PartnerCommand, route="POST /partners/{partner}/agreements/{agreement}/end", roles=KEEPERS):
    """Record that an agreement ended before its time, or that an open one ended."""

    agreement: AgreementId = Field(examples=["2f0f2f52-8f42-4a5f-8b87-8c2a7a0b8a3c"])
    ended: date = Field(description="Its last day", examples=["2008-12-31"])
    occurred: Occurred


class RecordJointWork(PartnerCommand, route="POST /partners/{partner}/joint-work", roles=KEEPERS):
    """Record something that was done together."""

    work: Id = new_id()
    field: CooperationField = Field(examples=["prevention"])
    campaign: Id | None = Field(default=None, description="The campaign, if it was one")
    project: Id | None = Field(default=None, description="The project, if it was one")
    summary: Annotated[str | None, About("partner"), Field(max_length=4000)] = None
    occurred: Occurred


class PartnerRegistered(PartnerEvent):
    """An organisation works with the Centre."""

    name: str
    kind: PartnerKind
    country: str
    fields: tuple[CooperationField, ...]
    contact_role: str | None = None


class PartnerCorrected(PartnerEvent):
    """What was recorded of it was wrong; it is this."""

    name: str
    kind: PartnerKind
    country: str
    fields: tuple[CooperationField, ...]
    contact_role: str | None = None


class AgreementSigned(PartnerEvent):
    """An agreement was signed."""

    agreement: AgreementId
    subject: str
    valid_from: date
    valid_until: date | None = None


class AgreementEnded(PartnerEvent):
    """An agreement ended on another day than it said."""

    agreement: AgreementId
    ended: date


class JointWorkDone(PartnerEvent):
    """Something was done together."""

    work: Id
    field: CooperationField
    campaign: Id | None = None
    project: Id | None = None
    summary: Annotated[str | Hidden | None, About("partner")] = None


AnyPartnerCommand = RegisterPartner | CorrectPartner | SignAgreement | EndAgreement | RecordJointWork
AnyPartnerEvent = PartnerRegistered | PartnerCorrected | AgreementSigned | AgreementEnded | JointWorkDone


@dataclass(frozen=True, slots=True)
class Profile:
    """Which organisation it is."""

    name: str
    kind: PartnerKind
    country: str
    fields: tuple[CooperationField, ...]
    contact_role: str | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """From when until when."""

    valid_from: date
    valid_until: date | None
    ended: date | None = None


@dataclass(frozen=True, slots=True)
class Partner:
    """What is known of a partner."""

    profile: Profile | None = None
    agreements: Mapping[AgreementId, Agreement] = field(default_factory=lambda: MappingProxyType({}))
    works: frozenset[Id] = frozenset()


def decide(command: AnyPartnerCommand, partner: Partner) -> Sequence[AnyPartnerEvent]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    if isinstance(command, RegisterPartner):
        if partner.profile is None:
            return [PartnerRegistered(**command.stated())]
        if partner.profile == _profile(command):
            return []
        raise DomainError("This partner is registered already: correct it instead.", rule="registered-once")
    must_exist(partner.profile is not None, "partner")
    match command:
        case CorrectPartner():
            return [] if partner.profile == _profile(command) else [PartnerCorrected(**command.stated())]
        case SignAgreement(agreement=agreement, valid_from=start, valid_until=end):
            if agreement in partner.agreements:
                return []
            _in_order(start, end)
            return [AgreementSigned(**command.stated())]
        case EndAgreement(agreement=name, ended=ended):
            signed = partner.agreements.get(name)
            if signed is None:
                raise NotFound("There is no such agreement with this partner.")
            if signed.ended == ended:
                return []
            _in_order(signed.valid_from, ended)
            if signed.valid_until is not None and ended > signed.valid_until:
                raise DomainError(
                    f"It was to run until {signed.valid_until}: what goes on longer is a new agreement.",
                    rule="longer-is-a-new-agreement",
                )
            return [AgreementEnded(**command.stated())]
        case RecordJointWork(work=work):
            return [] if work in partner.works else [JointWorkDone(**command.stated())]
        case _:
            assert_never(command)


def _in_order(start: date, end: date | None) -> None:
    if end is not None and end < start:
        raise DomainError(
            f"It would end on {end}, before it starts on {start}: give a later end.", rule="ends-after-start"
        )


def _profile(message: RegisterPartner | CorrectPartner | PartnerRegistered | PartnerCorrected) -> Profile:
    return Profile(message.name, message.kind, message.country, message.fields, message.contact_role)


def evolve(partner: Partner, event: AnyPartnerEvent) -> Partner:
    """The partner after an event."""
    match event:
        case PartnerRegistered() | PartnerCorrected():
            return replace(partner, profile=_profile(event))
        case AgreementSigned(agreement=name, valid_from=start, valid_until=end):
            return replace(partner, agreements={**partner.agreements, name: Agreement(start, end)})
        case AgreementEnded(agreement=name, ended=ended):
            agreement = replace(partner.agreements[name], ended=ended)
            return replace(partner, agreements={**partner.agreements, name: agreement})
        case JointWorkDone(work=work):
            return replace(partner, works=partner.works | {work})
        case _:
            assert_never(event)


partner: Decider[AnyPartnerCommand, AnyPartnerEvent, Partner] = Decider(
    category="partner",
    key="partner",
    initial=Partner(),
    decide=decide,
    evolve=evolve,
    commands=AnyPartnerCommand,
    events=AnyPartnerEvent,
)

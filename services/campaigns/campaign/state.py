"""What a campaign is made of: the values that its messages share, and its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from pydantic import Field

from services.campaigns.quantity import Quantity
from shared.dates import Occurred
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Command, Event, Id
from shared.money import Money

CampaignId = Id
GroupId = Id
ArtefactId = Id
PartnerId = Id
GrantId = Id
ObservanceId = Id


class Kind(StrEnum):
    """What sort of public work it is."""

    PUBLIC_ACTION = "public_action"
    COMMEMORATION = "commemoration"
    PREVENTION_LESSON = "prevention_lesson"
    MEDIA = "media"


class Status(StrEnum):
    """How far a campaign has come."""

    DRAFT = "draft"
    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"


class CampaignCommand(Command, context="campaigns"):
    """An instruction to one campaign."""

    campaign: CampaignId = Field(description="The campaign", examples=["5f0c3a52-6f43-4c56-9c5b-0a6a1d6b2c11"])


class CampaignEvent(Event, context="campaigns"):
    """A fact about one campaign."""

    campaign: CampaignId
    occurred: Occurred


@dataclass(frozen=True, slots=True)
class Plan:
    """What was planned. Commands and events that state a plan have fields of the same names."""

    kind: Kind
    title: str
    slogan: str | None
    aim: str
    planned_for: str
    venue: str | None
    town: str | None
    organisers: tuple[str, ...]
    partners: tuple[PartnerId, ...]
    grant: GrantId | None
    budget: Money | None
    observance: ObservanceId | None
    occurred: str

    @classmethod
    def of(cls, message: Any) -> Self:
        """The plan that a command or an event states."""
        return cls(**{part.name: getattr(message, part.name) for part in fields(cls)})


@dataclass(frozen=True, slots=True)
class Group:
    """A group that registered, and who came of it. Counts only, never a name."""

    school: str
    town: str
    pupils: Quantity
    teachers: Quantity
    minors: bool
    withdrawn: bool = False
    pupils_came: Quantity | None = None
    teachers_came: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """Public work from its draft to its evaluation."""

    status: Status | None = None
    plan: Plan | None = None
    groups: Mapping[GroupId, Group] = field(default_factory=lambda: MappingProxyType({}))
    artefacts: Mapping[ArtefactId, bool] = field(default_factory=lambda: MappingProxyType({}))  # shown, or withdrawn
    coverage: frozenset[Id] = frozenset()
    evaluations: frozenset[Id] = frozenset()
    held_on: str | None = None
    attendance: Quantity | None = None

    def must_be(self, *statuses: Status) -> Plan:
        """Its plan, if it has come as far as one of `statuses`. Raises `NotFound` or `DomainError`."""
        must_exist(self.status is not None, "campaign")
        if self.status not in statuses or self.plan is None:
            raise DomainError(
                f"The campaign is {self.status}; this is for one that is {' or '.join(statuses)}.",
                rule="campaign-status",
                status=self.status,
            )
        return self.plan

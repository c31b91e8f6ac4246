"""A funder: who pays for projects. A government, a foreign organisation, an embassy, a municipality, a donor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field, StringConstraints

from services.projects.terms import KEEPS_BOOKS, FunderId, Title
from shared.dates import Occurred, must_have_happened
from shared.decider import Decider, must_exist
from shared.errors import Conflict, DomainError
from shared.messages import Command, Event, Id, new_id
from shared.privacy.personal import About, Hidden, Retention


class FunderKind(StrEnum):
    """What kind of funder: how far the centre depends on whom is read from it."""

    GOVERNMENT = "government"
    FOREIGN_ORGANISATION = "foreign_organisation"
    EMBASSY = "embassy"
    MUNICIPALITY = "municipality"
    PRIVATE = "private"


Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(description="ISO 3166 code", examples=["FR"])]
PublicName = Annotated[
    Title,
    Field(
        description="The name that reports print. A private person's is never theirs: write 'a private donor'",
        examples=["Emmaüs Europe"],
    ),
]
Kind = Annotated[FunderKind, Field(description="What kind of funder", examples=["foreign_organisation"])]


class FunderCommand(Command, context="projects"):
    """To one funder."""

    funder: FunderId


class FunderEvent(Event, context="projects"):
    """Of one funder."""

    funder: Id


class RegisterFunder(FunderCommand, route="POST /funders", roles=KEEPS_BOOKS):
    """Register a funder."""

    funder: Id = new_id()
    kind: Kind
    name: PublicName
    country: Country
    donor: Annotated[str | None, About("funder", keep=Retention.IDENTITY)] = Field(
        None, max_length=300, description="Who a private donor is"
    )
    occurred: Occurred


class CorrectFunder(FunderCommand, route="POST /funders/{funder}/correction", roles=KEEPS_BOOKS):
    """Put right what was recorded of a funder. It was always so: reports of earlier years follow."""

    kind: Kind
    name: PublicName
    country: Country


class FunderRegistered(FunderEvent):
    """A funder is known from now on."""

    kind: FunderKind
    name: str
    country: str
    donor: Annotated[str | Hidden | None, About("funder", keep=Retention.IDENTITY)] = None
    occurred: Occurred


class FunderCorrected(FunderEvent, puts_right=("funder", "FunderRegistered.funder")):
    """What was recorded of a funder was wrong; it is this."""

    kind: FunderKind
    name: str
    country: str


FunderCommands = RegisterFunder | CorrectFunder
FunderEvents = FunderRegistered | FunderCorrected


@dataclass(frozen=True, slots=True)
class Funder:
    """What is known of a funder."""

    kind: FunderKind | None = None
    name: str = ""
    country: str = ""


def decide(command: FunderCommands, funder: Funder) -> Sequence[FunderEvents]:
    """The rules of a funder."""
    match command:
        case RegisterFunder():
            if funder.kind:
                raise Conflict("This funder is registered already: correct it, or register another under a new id.")
            if command.donor and command.kind is not FunderKind.PRIVATE:
                raise DomainError(
                    f"Only a private donor may need hiding; this funder is a {command.kind.replace('_', ' ')}; "
                    "leave the donor out.",
                    rule="donor-is-private",
                )
            must_have_happened(command.occurred, command.now)
            return [
                FunderRegistered(
                    funder=command.funder,
                    kind=command.kind,
                    name=command.name,
                    country=command.country,
                    donor=command.donor,
                    occurred=command.occurred,
                )
            ]
        case CorrectFunder(kind=kind, name=name, country=country):
            must_exist(funder.kind is not None, "funder")
            if Funder(kind, name, country) == funder:
                return []
            return [FunderCorrected(funder=command.funder, kind=kind, name=name, country=country)]
        case _:
            assert_never(command)


def evolve(funder: Funder, event: FunderEvents) -> Funder:
    """A funder after `event`."""
    match event:
        case (
            FunderRegistered(kind=kind, name=name, country=country)
            | FunderCorrected(kind=kind, name=name, country=country)
        ):
            return Funder(kind, name, country)
        case _:
            assert_never(event)


funder = Decider("funder", "funder", Funder(), decide, evolve, FunderCommands, FunderEvents)

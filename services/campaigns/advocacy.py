"""Advocacy: a policy objective, what was done towards it, who took which position, and what came of it.

What is said of an observance's origin is public history, such as the act itself tells; it is not sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Self, assert_never

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.dates import Occurred, earliest, latest, must_have_happened
from shared.decider import Decider, must_exist
from shared.errors import DomainError
from shared.messages import Command, Event, Id, Role, new_id
from shared.privacy.personal import About, Hidden

AdvocacyId = Id
ADVOCATES = [Role.CAMPAIGNER, Role.SUPERVISOR]
DAYS_OF_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class AddresseeKind(StrEnum):
    """Who decides on the objective."""

    PARLIAMENT = "parliament"
    GOVERNMENT = "government"
    MINISTRY = "ministry"
    MUNICIPALITY = "municipality"
    EU = "eu"
    OTHER = "other"


class ActionKind(StrEnum):
    """What was done towards an objective."""

    LETTER = "letter"
    MEETING = "meeting"
    HEARING = "hearing"
    DRAFT_AMENDMENT = "draft_amendment"
    PETITION = "petition"
    STATEMENT = "statement"
    OTHER = "other"


class Stance(StrEnum):
    """Where somebody stands on an objective."""

    FOR = "for"
    AGAINST = "against"
    UNDECIDED = "undecided"


class Result(StrEnum):
    """What came of an objective."""

    ADOPTED = "adopted"
    PARTLY = "partly"
    REFUSED = "refused"


class Addressee(BaseModel):
    """The body that can bring the objective about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: AddresseeKind = Field(examples=["parliament"])
    name: str = Field(min_length=1, max_length=200, examples=["Seimas of the Republic of Lithuania"])


class LegalAct(BaseModel):
    """The act that an objective led to. `reference` is left out where the source does not give it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    body: str = Field(min_length=1, max_length=200, description="Who adopted it", examples=["Seimas"])
    title: str | None = Field(default=None, max_length=500)
    reference: str | None = Field(default=None, max_length=200, description="Its number, as the body writes it")
    adopted: Occurred = Field(examples=["2008"])


class Observance(BaseModel):
    """A day that recurs every year (so not 29 February), and where it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    observance: Id = Field(examples=["9c1d4c3a-54a0-4a5e-8f0e-0b7a3d1f2e55"])
    name: str = Field(min_length=1, max_length=200, examples=["International Missing Children's Day"])
    month: int = Field(ge=1, le=12, examples=[5])
    day: int = Field(ge=1, le=31, examples=[25])
    aim: str = Field(
        min_length=1,
        max_length=2000,
        description="What keeping it is meant to change",
        examples=["That people know the danger and fewer children go missing"],
    )
    origin: str = Field(
        min_length=1,
        max_length=2000,
        description="Public history only",
        examples=["Kept by a growing number of nations since 1983, in memory of a child missing since 25 May 1979"],
    )

    @model_validator(mode="after")
    def _is_a_day(self) -> Self:
        if self.day > DAYS_OF_MONTH[self.month - 1]:
            raise ValueError(f"month {self.month} has no day {self.day} in every year")
        return self


class AdvocacyCommand(Command, context="campaigns"):
    """An instruction to one advocacy."""

    advocacy: AdvocacyId = Field(examples=["b3a7c0de-2f4b-4f0e-8a64-5f7d1c9e4a21"])


class AdvocacyEvent(Event, context="campaigns"):
    """A fact about one advocacy."""

    advocacy: AdvocacyId
    occurred: Occurred


class BeginAdvocacy(AdvocacyCommand, route="POST /advocacies", roles=ADVOCATES):
    """Begin to work towards a policy objective."""

    advocacy: AdvocacyId = new_id()
    title: str = Field(min_length=1, max_length=200, examples=["25 May recognised"])
    objective: str = Field(
        min_length=1,
        max_length=2000,
        examples=["Parliament recognises 25 May as International Missing Children's Day"],
    )
    addressee: Addressee
    occurred: Occurred


class RecordAdvocacyAction(AdvocacyCommand, route="POST /advocacies/{advocacy}/actions", roles=ADVOCATES):
    """Record what was done towards an objective: a letter, a meeting, a hearing, a draft amendment."""

    action: Id = new_id()
    kind: ActionKind = Field(examples=["letter"])
    addressed_to: str | None = Field(default=None, max_length=200, description="A body, when not the addressee itself")
    partners: tuple[Id, ...] = Field(default=(), max_length=50, description="Partners who acted with us")
    summary: Annotated[str | None, About("advocacy"), Field(max_length=4000)] = None
    occurred: Occurred


class RecordPosition(AdvocacyCommand, route="POST /advocacies/{advocacy}/positions", roles=ADVOCATES):
    """Record where a body stands on an objective. A later position of the same body stands beside the earlier."""

    position: Id = new_id()
    held_by: str = Field(min_length=1, max_length=200, description="A body", examples=["Committee on Human Rights"])
    stance: Stance = Field(examples=["for"])
    remarks: Annotated[str | None, About("advocacy"), Field(max_length=4000)] = None
    occurred: Occurred


class StateFact(AdvocacyCommand, route="POST /advocacies/{advocacy}/facts", roles=ADVOCATES):
    """State what a source says of a fact. Where sources disagree, each statement stands beside the others."""

    statement: Id = new_id()
    fact: str = Field(min_length=1, max_length=100, description="What it is about", examples=["kept since"])
    says: str = Field(min_length=1, max_length=500, examples=["1983"])
    source: str = Field(min_length=1, max_length=300, examples=["The Centre's description of its work"])
    occurred: Occurred = Field(description="When the source was read")


class ConcludeAdvocacy(AdvocacyCommand, route="POST /advocacies/{advocacy}/outcome", roles=ADVOCATES):
    """Record what came of an objective: the legal act, and the observance that it creates."""

    outcome: Result = Field(examples=["adopted"])
    legal_act: LegalAct | None = None
    observance: Observance | None = None
    occurred: Occurred


class ResumeAdvocacy(AdvocacyCommand, route="POST /advocacies/{advocacy}/resumption", roles=ADVOCATES):
    """Take up an objective again that was refused or only partly reached."""

    occurred: Occurred


class AdvocacyBegun(AdvocacyEvent):
    """Work towards an objective began."""

    title: str
    objective: str
    addressee: Addressee


class AdvocacyActionTaken(AdvocacyEvent):
    """Something was done towards it."""

    action: Id
    kind: ActionKind
    addressed_to: str | None = None
    partners: tuple[Id, ...] = ()
    summary: Annotated[str | Hidden | None, About("advocacy")] = None


class PositionTaken(AdvocacyEvent):
    """A body said where it stands."""

    position: Id
    held_by: str
    stance: Stance
    remarks: Annotated[str | Hidden | None, About("advocacy")] = None


class FactStated(AdvocacyEvent):
    """A source says this of a fact."""

    statement: Id
    fact: str
    says: str
    source: str


class AdvocacyConcluded(AdvocacyEvent):
    """This came of it. What it was about is repeated, so that who counts outcomes needs no other event."""

    title: str
    objective: str
    addressee: Addressee
    outcome: Result
    legal_act: LegalAct | None = None
    observance: Observance | None = None


class AdvocacyResumed(AdvocacyEvent):
    """It is pursued again."""


AnyAdvocacyCommand = (
    BeginAdvocacy | RecordAdvocacyAction | RecordPosition | StateFact | ConcludeAdvocacy | ResumeAdvocacy
)
AnyAdvocacyEvent = (
    AdvocacyBegun | AdvocacyActionTaken | PositionTaken | FactStated | AdvocacyConcluded | AdvocacyResumed
)


@dataclass(frozen=True, slots=True)
class Advocacy:
    """How far an objective has come."""

    begun: AdvocacyBegun | None = None
    entries: frozenset[Id] = frozenset()  # actions, positions and statements by id
    last_action: str | None = None
    statements: Mapping[tuple[str, str], str] = field(default_factory=lambda: MappingProxyType({}))
    concluded: AdvocacyConcluded | None = None


def decide(command: AnyAdvocacyCommand, advocacy: Advocacy) -> Sequence[AnyAdvocacyEvent]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    if isinstance(command, BeginAdvocacy):
        return _begin(command, advocacy)
    must_exist(advocacy.begun is not None, "advocacy")
    match command:
        case RecordAdvocacyAction(action=action):
            if action in advocacy.entries:
                return []
            _must_be_under_way(advocacy)
            return [AdvocacyActionTaken(**command.stated())]
        case RecordPosition(position=position):
            if position in advocacy.entries:
                return []
            _must_be_under_way(advocacy)
            return [PositionTaken(**command.stated())]
        case StateFact(statement=statement, fact=fact, source=source, says=says):
            if statement in advocacy.entries or advocacy.statements.get((fact, source)) == says:
                return []
            if (fact, source) in advocacy.statements:
                raise DomainError(
                    f"This source says {advocacy.statements[fact, source]!r} already: name the other place in it that "
                    "says otherwise as a source of its own.",
                    rule="a-source-says-one-thing",
                )
            return [FactStated(**command.stated())]
        case ConcludeAdvocacy():
            return _conclude(command, advocacy)
        case ResumeAdvocacy():
            if advocacy.concluded is None:
                return []
            if advocacy.concluded.outcome is Result.ADOPTED:
                raise DomainError("What was adopted is reached: begin a new objective.", rule="adopted-is-reached")
            return [AdvocacyResumed(**command.stated())]
        case _:
            assert_never(command)


def _begin(command: BeginAdvocacy, advocacy: Advocacy) -> Sequence[AnyAdvocacyEvent]:
    begun = AdvocacyBegun(**command.stated())
    if advocacy.begun is None:
        return [begun]
    if advocacy.begun == begun:
        return []
    raise DomainError("This objective was begun already, in other words: begin another one.", rule="begun-once")


def _must_be_under_way(advocacy: Advocacy) -> None:
    if advocacy.concluded is not None:
        raise DomainError(
            f"The objective was concluded on {advocacy.concluded.occurred} ({advocacy.concluded.outcome}): resume it "
            "first.",
            rule="concluded",
        )


def _conclude(command: ConcludeAdvocacy, advocacy: Advocacy) -> Sequence[AnyAdvocacyEvent]:
    begun = advocacy.begun
    if begun is None:
        return []
    event = AdvocacyConcluded(
        title=begun.title, objective=begun.objective, addressee=begun.addressee, **command.stated()
    )
    if event == advocacy.concluded:
        return []
    _must_be_under_way(advocacy)
    if advocacy.last_action is None:
        raise DomainError(
            "An outcome follows from something that was done; nothing is recorded yet: record an action first.",
            rule="outcome-needs-action",
        )
    if latest(command.occurred) < earliest(begun.occurred):
        raise DomainError(
            f"An outcome on {command.occurred} lies before the beginning on {begun.occurred}.",
            rule="outcome-after-beginning",
        )
    if command.outcome is Result.REFUSED and (command.legal_act or command.observance):
        raise DomainError(
            "What was refused led to no act and created no observance: leave them out, or say 'partly'.",
            rule="refused-creates-nothing",
        )
    if command.outcome is not Result.REFUSED and command.legal_act is None:
        raise DomainError(
            "What was adopted stands in an act: name the body and the date, and its reference if it is known.",
            rule="adopted-names-its-act",
        )
    return [event]


def evolve(advocacy: Advocacy, event: AnyAdvocacyEvent) -> Advocacy:
    """The objective after an event."""
    match event:
        case AdvocacyBegun():
            return replace(advocacy, begun=event)
        case AdvocacyActionTaken(action=action, occurred=occurred):
            return replace(advocacy, entries=advocacy.entries | {action}, last_action=occurred)
        case PositionTaken(position=position):
            return replace(advocacy, entries=advocacy.entries | {position})
        case FactStated(statement=statement, fact=fact, source=source, says=says):
            known = {**advocacy.statements, (fact, source): says}
            return replace(advocacy, entries=advocacy.entries | {statement}, statements=known)
        case AdvocacyConcluded():
            return replace(advocacy, concluded=event)
        case AdvocacyResumed():
            return replace(advocacy, concluded=None)
        case _:
            assert_never(event)


advocacy: Decider[AnyAdvocacyCommand, AnyAdvocacyEvent, Advocacy] = Decider(
    category="advocacy",
    key="advocacy",
    initial=Advocacy(),
    decide=decide,
    evolve=evolve,
    commands=AnyAdvocacyCommand,
    events=AnyAdvocacyEvent,
)

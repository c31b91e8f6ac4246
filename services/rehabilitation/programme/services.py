"""Services: help that is delivered within an open programme, its minutes attributed to a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.programme.record import (
    ENDED,
    HELPERS,
    OPEN,
    PLANNERS,
    Ground,
    Minutes,
    PersonId,
    Programme,
    ProgrammeCommand,
    ProgrammeEvent,
    ProjectId,
    ServiceId,
    ServiceKind,
    Text,
    must_be,
    must_be_open,
)
from shared.dates import Occurred, earliest, latest, must_have_happened
from shared.errors import DomainError
from shared.messages import StaffId, new_id
from shared.privacy.personal import About, Hidden

Kind = Annotated[ServiceKind, Field(description="What kind of help", examples=["psychological"])]
Giver = Annotated[StaffId | None, Field(description="Who gave it; left out: who records it")]
Beneficiary = Annotated[PersonId, Field(description="The person whose programme it is")]
Account = Annotated[
    Text | None,
    About("beneficiary", record="service"),
    Field(description="What was done", examples=["Went to the employment office together."]),
]
HiddenAccount = Annotated[str | Hidden | None, About("beneficiary", record="service")]


class DeliverService(ProgrammeCommand, route="POST /programmes/{programme}/services", roles=HELPERS):
    """Record a service that was delivered."""

    service: ServiceId = new_id()
    beneficiary: Beneficiary
    kind: Kind
    minutes: Minutes
    staff: Giver = None
    project: ProjectId | None = None
    account: Account = None
    occurred: Occurred


class CorrectService(
    ProgrammeCommand, route="POST /programmes/{programme}/services/{service}/correction", roles=HELPERS
):
    """Put right what was recorded of a service. Possible after the programme has ended."""

    service: ServiceId
    beneficiary: Beneficiary
    kind: Kind
    minutes: Minutes
    staff: Giver = None
    project: ProjectId | None = None
    account: Account = None
    occurred: Occurred


class RetractService(
    ProgrammeCommand, route="POST /programmes/{programme}/services/{service}/retraction", roles=PLANNERS
):
    """Take back a service that was not delivered here."""

    service: ServiceId


class ServiceDelivered(ProgrammeEvent):
    """A service was delivered."""

    service: ServiceId
    beneficiary: PersonId
    ground: Ground
    kind: ServiceKind
    minutes: int
    staff: str
    project: ProjectId | None = None
    account: HiddenAccount = None
    occurred: Occurred


class ServiceCorrected(ProgrammeEvent):
    """What was recorded of a service was wrong; this is what is true."""

    service: ServiceId
    beneficiary: PersonId
    ground: Ground
    kind: ServiceKind
    minutes: int
    staff: str
    project: ProjectId | None = None
    account: HiddenAccount = None
    occurred: Occurred


class ServiceRetracted(ProgrammeEvent, puts_right=("service", "ServiceDelivered.service")):
    """A service was not delivered here. `beneficiary` and `service` name the key that its words can be shredded by."""

    service: ServiceId
    beneficiary: PersonId


Commands = DeliverService | CorrectService | RetractService
Events = ServiceDelivered | ServiceCorrected | ServiceRetracted


def decide(command: Commands, state: Programme) -> Sequence[Events]:
    """What follows from a command."""
    match command:
        case DeliverService():
            must_be_open(state)
            if command.service in state.services:
                raise DomainError("Each service has an id of its own; this is taken: leave it out.", rule="id-taken")
            must_be_deliverable(command, state)
            return [ServiceDelivered(**command.stated() | {"staff": command.staff or command.by}, ground=state.ground)]
        case CorrectService():
            must_be(state, OPEN | ENDED, "there is nothing to correct yet")
            if not must_be_known(command.service, state):
                raise DomainError("A retracted service stays retracted: record a new one.", rule="service-is-retracted")
            must_be_deliverable(command, state)
            return [ServiceCorrected(**command.stated() | {"staff": command.staff or command.by}, ground=state.ground)]
        case RetractService(programme=programme, service=service):
            must_be(state, OPEN | ENDED, "there is nothing to retract yet")
            if not must_be_known(service, state):
                return []
            return [ServiceRetracted(programme=programme, service=service, beneficiary=state.beneficiary)]
        case _:
            assert_never(command)


def must_be_known(service: ServiceId, state: Programme) -> bool:
    """Refuses a service that is none of this programme's. The answer says whether it stands."""
    if service not in state.services:
        raise DomainError("This programme has no such service: name one of its own.", rule="no-such-service")
    return state.services[service]


def must_be_deliverable(service: DeliverService | CorrectService, state: Programme) -> None:
    """Refuses a service to somebody else, without time, to come, or before the person was admitted."""
    must_have_happened(service.occurred, service.now)
    if service.beneficiary != state.beneficiary:
        raise DomainError(
            "A programme serves the person whose it is; another is named: record it in their own programme or case.",
            rule="about-the-beneficiary",
        )
    if service.minutes == 0 and service.kind is not ServiceKind.MATERIAL:
        raise DomainError(
            f"Only material help may take no time; this is {service.kind}: give its minutes.", rule="help-takes-time"
        )
    if latest(service.occurred) < earliest(state.admitted):
        raise DomainError(
            f"Services of a programme follow admission ({state.admitted}); this is dated {service.occurred}: record "
            "earlier help in the case.",
            rule="service-after-admission",
        )


def evolve(state: Programme, event: Events) -> Programme:
    """What a programme is after an event."""
    match event:
        case ServiceDelivered(service=service):
            return replace(state, services=state.services.having(service, True))
        case ServiceRetracted(service=service):
            return replace(state, services=state.services.having(service, False))
        case ServiceCorrected():
            return state
        case _:
            assert_never(event)

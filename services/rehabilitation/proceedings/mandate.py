"""Opening, and the mandate: counsel acts for a person within its scope, until it ends, and for no opposing client.

Whether counsel has an opposing client is known to counsel's own register alone (`counsel`): a mandate that is granted
is in force once the register has confirmed it, and says so if it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.proceedings.record import (
    LEGAL_TEAM,
    Authority,
    Beneficiary,
    CourtCode,
    Mandate,
    MandateId,
    MandateState,
    PersonId,
    Proceedings,
    ProceedingsCommand,
    ProceedingsEvent,
    ProceedingsId,
    Standing,
    must_be_about,
)
from services.rehabilitation.programme.record import ProgrammeId
from shared.dates import Occurred, earliest, latest, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Role, StaffId, new_id

Scope = Annotated[
    tuple[Authority, ...],
    Field(min_length=1, description="Before whom counsel may act", examples=[["court", "prosecutor"]]),
]
Counsel = Annotated[StaffId, Field(description="Counsel, by pseudonym", examples=["l-3"])]


class OpenProceedings(ProceedingsCommand, route="POST /proceedings", roles=LEGAL_TEAM):
    """Open the file of a person's legal case."""

    proceedings: ProceedingsId = new_id()
    beneficiary: Beneficiary
    programme: ProgrammeId | None = None
    standing: Annotated[Standing, Field(description="As what the person takes part", examples=["victim"])]
    court: CourtCode | None = None
    occurred: Occurred


class ChangeStanding(ProceedingsCommand, route="POST /proceedings/{proceedings}/standing", roles=LEGAL_TEAM):
    """Record that the person takes part as something else from now on."""

    standing: Annotated[Standing, Field(description="As what", examples=["civil_plaintiff"])]
    occurred: Occurred


class GrantMandate(ProceedingsCommand, route="POST /proceedings/{proceedings}/mandates", roles=LEGAL_TEAM):
    """Record that the person gave counsel a mandate. In force once counsel's register knows no opposing client."""

    mandate: MandateId = new_id()
    beneficiary: Beneficiary
    counsel: Counsel
    scope: Scope
    opponents: Annotated[tuple[PersonId, ...], Field(max_length=50, description="Who is on the other side")] = ()
    until: Annotated[date, Field(description="Its last day", examples=["2009-12-31"])]
    occurred: Occurred


class RevokeMandate(
    ProceedingsCommand, route="POST /proceedings/{proceedings}/mandates/{mandate}/revocation", roles=LEGAL_TEAM
):
    """Record that the person took the mandate back. Nobody acts under it after that day."""

    mandate: MandateId
    occurred: Occurred


class ConfirmMandate(ProceedingsCommand, roles=[Role.POLICY]):
    """Counsel has no opposing client. Sent by policy."""

    mandate: MandateId


class RefuseMandate(ProceedingsCommand, roles=[Role.POLICY]):
    """Counsel has an opposing client. Sent by policy."""

    mandate: MandateId


class ProceedingsOpened(ProceedingsEvent):
    """A person's legal case has a file."""

    beneficiary: PersonId
    programme: ProgrammeId | None = None
    standing: Standing
    court: CourtCode | None = None
    occurred: Occurred


class StandingChanged(ProceedingsEvent):
    """The person takes part as something else."""

    standing: Standing
    occurred: Occurred


class MandateGranted(ProceedingsEvent):
    """The person gave a mandate; whether counsel may take it is not known yet."""

    mandate: MandateId
    beneficiary: PersonId
    counsel: str
    scope: tuple[Authority, ...]
    opponents: tuple[PersonId, ...] = ()
    until: date
    occurred: Occurred


class MandateConfirmed(ProceedingsEvent):
    """It is in force."""

    mandate: MandateId
    counsel: str


class MandateRefused(ProceedingsEvent):
    """Counsel has an opposing client: another counsel is needed."""

    mandate: MandateId
    counsel: str


class MandateRevoked(ProceedingsEvent):
    """The person took it back."""

    mandate: MandateId
    counsel: str
    occurred: Occurred


Commands = OpenProceedings | ChangeStanding | GrantMandate | RevokeMandate | ConfirmMandate | RefuseMandate
Events = ProceedingsOpened | StandingChanged | MandateGranted | MandateConfirmed | MandateRefused | MandateRevoked


def decide(command: Commands, state: Proceedings) -> Sequence[Events]:
    """What follows from a command."""
    match command:
        case OpenProceedings():
            must_have_happened(command.occurred, command.now)
            if state.beneficiary:
                raise DomainError("Proceedings are opened once; this id is taken: leave it out.", rule="opened-once")
            return [ProceedingsOpened(**command.stated())]
        case ChangeStanding(standing=standing):
            must_have_happened(command.occurred, command.now)
            must_exist(bool(state.beneficiary), "proceedings")
            return [] if standing is state.standing else [StandingChanged(**command.stated())]
        case GrantMandate():
            return _granted(command, state)
        case RevokeMandate(proceedings=proceedings, mandate=mandate, occurred=occurred):
            must_have_happened(occurred, command.now)
            known = must_be_mandate(mandate, state)
            if known.state in {MandateState.REVOKED, MandateState.REFUSED}:
                return []
            counsel = known.counsel
            return [MandateRevoked(proceedings=proceedings, mandate=mandate, counsel=counsel, occurred=occurred)]
        case ConfirmMandate(proceedings=proceedings, mandate=mandate):
            known = must_be_mandate(mandate, state)
            if known.state is not MandateState.GRANTED:
                return []
            return [MandateConfirmed(proceedings=proceedings, mandate=mandate, counsel=known.counsel)]
        case RefuseMandate(proceedings=proceedings, mandate=mandate):
            known = must_be_mandate(mandate, state)
            if known.state is not MandateState.GRANTED:
                return []
            return [MandateRefused(proceedings=proceedings, mandate=mandate, counsel=known.counsel)]
        case _:
            assert_never(command)


def _granted(command: GrantMandate, state: Proceedings) -> Sequence[Events]:
    must_have_happened(command.occurred, command.now)
    must_be_about(command.beneficiary, state)
    if command.mandate in state.mandates:
        raise DomainError("Each mandate has an id of its own; this is taken: leave it out.", rule="id-taken")
    if command.until < latest(command.occurred):
        raise DomainError(
            f"A mandate given {command.occurred} ends later; its last day is {command.until}: give a later one.",
            rule="ends-after-it-begins",
        )
    if command.beneficiary in command.opponents:
        raise DomainError(
            "Nobody is on the other side of their own proceedings: leave the person out of the opponents.",
            rule="opposes-themselves",
        )
    return [MandateGranted(**command.stated())]


def must_be_mandate(mandate: str, state: Proceedings) -> Mandate:
    """Refuses a mandate that is none of these proceedings'."""
    must_exist(bool(state.beneficiary), "proceedings")
    if mandate not in state.mandates:
        raise DomainError("These proceedings have no such mandate: name one of their own.", rule="no-such-mandate")
    return state.mandates[mandate]


def evolve(state: Proceedings, event: Events) -> Proceedings:
    """What proceedings are after an event."""
    match event:
        case ProceedingsOpened(beneficiary=beneficiary, standing=standing):
            return Proceedings(beneficiary, standing)
        case StandingChanged(standing=standing):
            return replace(state, standing=standing)
        case MandateGranted(mandate=mandate, counsel=counsel, scope=scope, until=until, occurred=occurred):
            granted = Mandate(counsel, frozenset(scope), earliest(occurred), until)
            return replace(state, mandates=state.mandates.having(mandate, granted))
        case MandateConfirmed(mandate=mandate):
            return _standing_now(state, mandate, MandateState.CONFIRMED)
        case MandateRefused(mandate=mandate):
            return _standing_now(state, mandate, MandateState.REFUSED)
        case MandateRevoked(mandate=mandate, occurred=occurred):
            return _standing_now(state, mandate, MandateState.REVOKED, earliest(occurred))
        case _:
            assert_never(event)


def _standing_now(state: Proceedings, mandate: str, now: MandateState, revoked: date | None = None) -> Proceedings:
    known = state.mandates[mandate]
    confirmed = known.confirmed or now is MandateState.CONFIRMED
    changed = replace(known, state=now, confirmed=confirmed, revoked=revoked)
    return replace(state, mandates=state.mandates.having(mandate, changed))

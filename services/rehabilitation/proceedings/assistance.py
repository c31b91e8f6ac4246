"""Assistance: preparing a person for what is asked of them in court, and representing them, under a mandate alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.proceedings.mandate import must_be_mandate
from services.rehabilitation.proceedings.record import (
    LEGAL_TEAM,
    READERS,
    Authority,
    Beneficiary,
    EntryId,
    EntryKind,
    Mandate,
    MandateId,
    PersonId,
    Proceedings,
    ProceedingsCommand,
    ProceedingsEvent,
    Text,
    must_be_about,
    must_be_new,
)
from services.rehabilitation.programme.record import Minutes
from shared.dates import Occurred, earliest, latest, must_have_happened
from shared.errors import DomainError
from shared.messages import StaffId, new_id
from shared.privacy.personal import About, Hidden, Retention

Account = Annotated[
    Text | None,
    About("beneficiary", Retention.LEGAL, record="entry"),
    Field(description="What was done", examples=["Went through the questions that may come."]),
]
HiddenAccount = Annotated[str | Hidden | None, About("beneficiary", Retention.LEGAL, record="entry")]
Giver = Annotated[StaffId | None, Field(description="Who; left out: who records it")]


class HoldPreparation(ProceedingsCommand, route="POST /proceedings/{proceedings}/preparations", roles=READERS):
    """Record a session in which the person was prepared for trial."""

    entry: EntryId = new_id()
    beneficiary: Beneficiary
    minutes: Annotated[Minutes, Field(ge=1)]
    staff: Giver = None
    account: Account = None
    occurred: Occurred


class RepresentPerson(ProceedingsCommand, route="POST /proceedings/{proceedings}/representations", roles=LEGAL_TEAM):
    """Record that counsel represented the person, under a mandate that was in force and says so."""

    entry: EntryId = new_id()
    beneficiary: Beneficiary
    mandate: MandateId
    before: Annotated[Authority, Field(description="Before whom", examples=["court"])]
    minutes: Annotated[Minutes, Field(ge=1)]
    account: Account = None
    occurred: Occurred


class PreparationHeld(ProceedingsEvent):
    """The person was prepared."""

    entry: EntryId
    beneficiary: PersonId
    minutes: int
    staff: str
    account: HiddenAccount = None
    occurred: Occurred


class PersonRepresented(ProceedingsEvent):
    """Counsel acted for the person."""

    entry: EntryId
    beneficiary: PersonId
    mandate: MandateId
    counsel: str
    before: Authority
    minutes: int
    account: HiddenAccount = None
    occurred: Occurred


Commands = HoldPreparation | RepresentPerson
Events = PreparationHeld | PersonRepresented


def decide(command: Commands, state: Proceedings) -> Sequence[Events]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    must_be_about(command.beneficiary, state)
    must_be_new(command.entry, state)
    match command:
        case HoldPreparation(staff=staff):
            return [PreparationHeld(**command.stated() | {"staff": staff or command.by})]
        case RepresentPerson(mandate=mandate, before=before, occurred=occurred):
            known = must_be_mandate(mandate, state)
            _must_be_in_force(known, occurred)
            if before not in known.scope:
                raise DomainError(
                    f"This mandate is for: {', '.join(sorted(known.scope))}; this was before: {before}. It needs "
                    "another mandate.",
                    rule="within-the-mandate",
                )
            return [PersonRepresented(**command.stated(), counsel=known.counsel)]
        case _:
            assert_never(command)


def _must_be_in_force(mandate: Mandate, occurred: str) -> None:
    """Refuses a day on which, on some reading of its date, nobody could act under this mandate."""
    last = mandate.until if mandate.revoked is None else min(mandate.until, mandate.revoked)
    if not (mandate.confirmed and mandate.since <= earliest(occurred) and latest(occurred) <= last):
        raise DomainError(
            f"Representing somebody needs a mandate in force; this one is {mandate.state}, from {mandate.since} until "
            f"{last}, and this is dated {occurred}: name another, or have one given.",
            rule="mandate-in-force",
        )


def evolve(state: Proceedings, event: Events) -> Proceedings:
    """What proceedings are after an event."""
    match event:
        case PreparationHeld(entry=entry):
            return state.with_entry(entry, EntryKind.PREPARATION)
        case PersonRepresented(entry=entry):
            return state.with_entry(entry, EntryKind.REPRESENTATION)
        case _:
            assert_never(event)

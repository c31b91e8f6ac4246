"""Outcome and compensation: how proceedings end, what the person is awarded and gets. Sealed: it is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.proceedings.record import (
    LEGAL_TEAM,
    Beneficiary,
    EntryId,
    EntryKind,
    PersonId,
    Proceedings,
    ProceedingsCommand,
    ProceedingsEvent,
    Standing,
    Text,
    must_be_about,
    must_be_new,
)
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import new_id
from shared.money import Money
from shared.privacy.personal import About, Hidden, Retention


class Outcome(StrEnum):
    """What came of it."""

    CONVICTION = "conviction"
    ACQUITTAL = "acquittal"
    DISCONTINUED = "discontinued"
    SETTLEMENT = "settlement"
    CLAIM_GRANTED = "claim_granted"
    CLAIM_DISMISSED = "claim_dismissed"


_legal = About("beneficiary", Retention.LEGAL, record="entry")


class RecordOutcome(ProceedingsCommand, route="POST /proceedings/{proceedings}/outcome", roles=LEGAL_TEAM):
    """Record what came of the proceedings. One that is not final may be followed by another."""

    entry: EntryId = new_id()
    beneficiary: Beneficiary
    outcome: Annotated[Outcome, _legal, Field(description="What came of it", examples=["conviction"])]
    final: Annotated[bool, Field(description="Whether it can no longer be appealed against", examples=[False])]
    account: Annotated[
        Text | None, _legal, Field(description="In words", examples=["Four years in the first court."])
    ] = None
    occurred: Occurred


class AwardCompensation(ProceedingsCommand, route="POST /proceedings/{proceedings}/compensations", roles=LEGAL_TEAM):
    """Record that the person was awarded compensation."""

    entry: EntryId = new_id()
    beneficiary: Beneficiary
    amount: Annotated[Money, _legal, Field(description="How much")]
    occurred: Occurred


class RecordCompensationPaid(
    ProceedingsCommand, route="POST /proceedings/{proceedings}/compensations/{entry}/payment", roles=LEGAL_TEAM
):
    """Record that compensation was paid in full."""

    entry: EntryId
    occurred: Occurred


class OutcomeRecorded(ProceedingsEvent):
    """Proceedings came to an outcome."""

    entry: EntryId
    beneficiary: PersonId
    outcome: Annotated[Outcome | Hidden, _legal]
    final: bool
    account: Annotated[str | Hidden | None, _legal] = None
    occurred: Occurred


class CompensationAwarded(ProceedingsEvent):
    """The person is to get compensation."""

    entry: EntryId
    beneficiary: PersonId
    amount: Annotated[Money | Hidden, _legal]
    occurred: Occurred


class CompensationPaid(ProceedingsEvent):
    """The person got it."""

    entry: EntryId
    occurred: Occurred


Commands = RecordOutcome | AwardCompensation | RecordCompensationPaid
Events = OutcomeRecorded | CompensationAwarded | CompensationPaid


def decide(command: Commands, state: Proceedings) -> Sequence[Events]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    match command:
        case RecordOutcome(entry=entry, beneficiary=beneficiary):
            must_be_about(beneficiary, state)
            must_be_new(entry, state)
            if state.final:
                raise DomainError(
                    "These proceedings have their final outcome already: take it back first if it is wrong.",
                    rule="one-final-outcome",
                )
            return [OutcomeRecorded(**command.stated())]
        case AwardCompensation(entry=entry, beneficiary=beneficiary):
            must_be_about(beneficiary, state)
            must_be_new(entry, state)
            if state.standing is Standing.WITNESS:
                raise DomainError(
                    "A witness is awarded no compensation: change the person's standing first.",
                    rule="witness-claims-nothing",
                )
            return [CompensationAwarded(**command.stated())]
        case RecordCompensationPaid(entry=entry):
            must_exist(bool(state.beneficiary), "proceedings")
            known = state.entries.get(entry)
            if known is None or known.kind is not EntryKind.AWARD or not known.stands:
                raise DomainError("These proceedings have no such award: name one of their own.", rule="no-such-award")
            return [] if entry in state.paid else [CompensationPaid(**command.stated())]
        case _:
            assert_never(command)


def evolve(state: Proceedings, event: Events) -> Proceedings:
    """What proceedings are after an event."""
    match event:
        case OutcomeRecorded(entry=entry, final=final):
            return state.with_entry(entry, EntryKind.OUTCOME, final=final)
        case CompensationAwarded(entry=entry):
            return state.with_entry(entry, EntryKind.AWARD)
        case CompensationPaid(entry=entry):
            return replace(state, paid=state.paid | {entry})
        case _:
            assert_never(event)

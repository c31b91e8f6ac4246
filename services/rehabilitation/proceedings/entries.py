"""Entries put right: a preparation is corrected; whatever does not belong here is taken back, with what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.proceedings.assistance import Account, Giver, HiddenAccount
from services.rehabilitation.proceedings.record import (
    LEGAL_TEAM,
    READERS,
    Beneficiary,
    Entry,
    EntryId,
    EntryKind,
    PersonId,
    Proceedings,
    ProceedingsCommand,
    ProceedingsEvent,
    must_be_about,
)
from services.rehabilitation.programme.record import Minutes
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError


class CorrectPreparation(
    ProceedingsCommand, route="POST /proceedings/{proceedings}/preparations/{entry}/correction", roles=READERS
):
    """Put right what was recorded of a preparation."""

    entry: EntryId
    beneficiary: Beneficiary
    minutes: Annotated[Minutes, Field(ge=1)]
    staff: Giver = None
    account: Account = None
    occurred: Occurred


class RetractProceedingsEntry(
    ProceedingsCommand, route="POST /proceedings/{proceedings}/entries/{entry}/retraction", roles=LEGAL_TEAM
):
    """Take back a preparation, a representation, an outcome or an award that does not belong here."""

    entry: EntryId


class PreparationCorrected(ProceedingsEvent):
    """What was recorded of a preparation was wrong; this is what is true."""

    entry: EntryId
    beneficiary: PersonId
    minutes: int
    staff: str
    account: HiddenAccount = None
    occurred: Occurred


class ProceedingsEntryRetracted(
    ProceedingsEvent,
    puts_right=(
        "entry",
        "PreparationHeld.entry",
        "PersonRepresented.entry",
        "OutcomeRecorded.entry",
        "CompensationAwarded.entry",
    ),
):
    """An entry does not belong here. `beneficiary` and `entry` name the key that its words can be shredded by."""

    entry: EntryId
    kind: EntryKind
    beneficiary: PersonId


Commands = CorrectPreparation | RetractProceedingsEntry
Events = PreparationCorrected | ProceedingsEntryRetracted


def decide(command: Commands, state: Proceedings) -> Sequence[Events]:
    """What follows from a command."""
    match command:
        case CorrectPreparation(entry=entry, beneficiary=beneficiary, staff=staff):
            must_be_about(beneficiary, state)
            _must_be_standing_preparation(entry, state)
            must_have_happened(command.occurred, command.now)
            return [PreparationCorrected(**command.stated() | {"staff": staff or command.by})]
        case RetractProceedingsEntry(entry=entry):
            must_exist(bool(state.beneficiary), "proceedings")
            known = _must_be_known(entry, state)
            if not known.stands:
                return []
            return [ProceedingsEntryRetracted(**command.stated(), kind=known.kind, beneficiary=state.beneficiary)]
        case _:
            assert_never(command)


def _must_be_known(entry: str, state: Proceedings) -> Entry:
    if entry not in state.entries:
        raise DomainError("These proceedings have no such entry: name one of their own.", rule="no-such-entry")
    return state.entries[entry]


def _must_be_standing_preparation(entry: str, state: Proceedings) -> None:
    known = _must_be_known(entry, state)
    if known.kind is not EntryKind.PREPARATION:
        raise DomainError(
            f"This corrects a preparation; the entry is of kind {known.kind}: take it back, and record it anew.",
            rule="kind-of-entry",
        )
    if not known.stands:
        raise DomainError("An entry that was taken back stays so: record a new one.", rule="entry-is-retracted")


def evolve(state: Proceedings, event: Events) -> Proceedings:
    """What proceedings are after an event."""
    match event:
        case PreparationCorrected():
            return state
        case ProceedingsEntryRetracted(entry=entry):
            known = replace(state.entries[entry], stands=False)
            return replace(state, entries=state.entries.having(entry, known))
        case _:
            assert_never(event)

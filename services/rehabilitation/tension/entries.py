"""Entries put right: what was recorded wrongly is corrected, what belongs elsewhere is taken back.

Possible after a tension has ended too: what is written of somebody has to be true then as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.placement.record import PersonId
from services.rehabilitation.tension.easing import Present
from services.rehabilitation.tension.record import (
    HOUSE,
    MEDIATORS,
    Account,
    Effect,
    Entry,
    EntryId,
    EntryKind,
    HiddenAccount,
    OneOfThem,
    Sign,
    Tension,
    TensionCommand,
    TensionEvent,
    must_be_parties,
)
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError


class CorrectSign(TensionCommand, route="POST /tensions/{tension}/signs/{entry}/correction", roles=HOUSE):
    """Put a sign right that was written down wrongly."""

    entry: EntryId
    sign: Annotated[Sign, Field(description="What was noticed", examples=["insults"])]
    about: OneOfThem
    account: Account = None
    occurred: Occurred


class CorrectMediation(TensionCommand, route="POST /tensions/{tension}/mediations/{entry}/correction", roles=MEDIATORS):
    """Put right what was written down of a talk."""

    entry: EntryId
    present: Present
    effect: Annotated[Effect, Field(description="What it changed", examples=["eased"])]
    about: OneOfThem
    account: Account = None
    occurred: Occurred


class RetractTensionEntry(TensionCommand, route="POST /tensions/{tension}/entries/{entry}/retraction", roles=MEDIATORS):
    """Take back a sign or a talk that does not belong here. Without a sign that stands there is no tension."""

    entry: EntryId


class SignCorrected(TensionEvent):
    """A sign was written down wrongly; this is what was noticed."""

    entry: EntryId
    sign: Sign
    about: PersonId
    account: HiddenAccount = None
    occurred: Occurred


class MediationCorrected(TensionEvent):
    """A talk was written down wrongly; this is what it was."""

    entry: EntryId
    present: tuple[PersonId, ...]
    effect: Effect
    about: PersonId
    account: HiddenAccount = None
    occurred: Occurred


class TensionEntryRetracted(
    TensionEvent, puts_right=("entry", "TensionNoted.entry", "SignAdded.entry", "MediationHeld.entry")
):
    """An entry does not belong here. `about` and `entry` name the key that its words can be shredded by."""

    entry: EntryId
    kind: EntryKind
    about: PersonId


Commands = CorrectSign | CorrectMediation | RetractTensionEntry
Events = SignCorrected | MediationCorrected | TensionEntryRetracted


def decide(command: Commands, state: Tension) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(bool(state.parties), "tension")
    match command:
        case CorrectSign(entry=entry, about=about):
            _must_stand(entry, EntryKind.SIGN, state)
            must_have_happened(command.occurred, command.now)
            must_be_parties([about], state.parties)
            return [SignCorrected(**command.stated())]
        case CorrectMediation(entry=entry, about=about, present=present):
            _must_stand(entry, EntryKind.MEDIATION, state)
            must_have_happened(command.occurred, command.now)
            must_be_parties([about, *present], state.parties)
            return [MediationCorrected(**command.stated())]
        case RetractTensionEntry(entry=entry):
            known = _must_be_known(entry, state)
            return (
                [TensionEntryRetracted(**command.stated(), kind=known.kind, about=known.about)] if known.stands else []
            )
        case _:
            assert_never(command)


def _must_be_known(entry: str, state: Tension) -> Entry:
    if entry not in state.entries:
        raise DomainError("This tension has no such entry: name one of its own.", rule="no-such-entry")
    return state.entries[entry]


def _must_stand(entry: str, kind: EntryKind, state: Tension) -> None:
    known = _must_be_known(entry, state)
    if known.kind is not kind:
        raise DomainError(f"This corrects a {kind}; the entry is a {known.kind}: name another.", rule="kind-of-entry")
    if not known.stands:
        raise DomainError("An entry that was taken back stays so: record a new one.", rule="entry-is-retracted")


def evolve(state: Tension, event: Events) -> Tension:
    """What a tension is after an event."""
    match event:
        case SignCorrected(entry=entry, about=about) | MediationCorrected(entry=entry, about=about):
            known = replace(state.entries[entry], about=about)
            return replace(state, entries=state.entries.having(entry, known))
        case TensionEntryRetracted(entry=entry):
            known = replace(state.entries[entry], stands=False)
            return replace(state, entries=state.entries.having(entry, known), mediations=state.mediations - {entry})
        case _:
            assert_never(event)

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
from services.rehabilitation.tension.ending import TensionResolved, came_about
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
    Resolution,
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


class TensionReopened(TensionEvent, puts_right=("entry", "MediationHeld.entry")):
    """The talk by which it had ended was taken back: it did not end."""

    entry: EntryId


Commands = CorrectSign | CorrectMediation | RetractTensionEntry
Events = SignCorrected | MediationCorrected | TensionEntryRetracted | TensionReopened


def decide(command: Commands, state: Tension) -> Sequence[Events | TensionResolved]:
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
            if not known.stands:
                return []
            retracted = TensionEntryRetracted(**command.stated(), kind=known.kind, about=known.about)
            return [retracted, *_what_came_of_it(retracted, state)]
        case _:
            assert_never(command)


def _what_came_of_it(retracted: TensionEntryRetracted, state: Tension) -> Sequence[TensionReopened | TensionResolved]:
    """A tension does not stay ended by a talk that was none, nor open by a sign that was none."""
    left = evolve(state, retracted)
    if state.ended:
        stays = state.ended.how is not Resolution.MEDIATED or came_about(Resolution.MEDIATED, left)
        return [] if stays else [TensionReopened(tension=retracted.tension, entry=retracted.entry)]
    ended = state.before.ended if state.before and left.before is not state.before else None
    if ended and came_about(ended.how, left):
        return [TensionResolved(tension=retracted.tension, how=ended.how, occurred=ended.occurred)]
    return []


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
            entries = state.entries.having(entry, replace(state.entries[entry], stands=False))
            left = replace(state, entries=entries, mediations=state.mediations - {entry})
            if left.before is None or left.has_sign(since=left.before):
                return left
            # It did not begin again: what had been tried and accepted before counts as it did.
            tried = {talk for talk in left.before.mediations if entries[talk].stands}
            agreed = left.agreed | left.before.agreed
            return replace(left, before=left.before.before, mediations=left.mediations | tried, agreed=agreed)
        case TensionReopened():
            return replace(state, ended=None)
        case _:
            assert_never(event)

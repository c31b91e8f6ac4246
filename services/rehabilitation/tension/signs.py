"""Signs: that there is a tension, and that it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.placement.record import CentreId, PersonId
from services.rehabilitation.tension.record import (
    HOUSE,
    Account,
    Entry,
    EntryId,
    EntryKind,
    HiddenAccount,
    OneOfThem,
    Sign,
    Tension,
    TensionCommand,
    TensionEvent,
    TensionId,
    must_be_new,
    must_be_parties,
)
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import new_id

Parties = Annotated[
    tuple[PersonId, ...],
    Field(
        min_length=2,
        max_length=20,
        description="Between whom",
        examples=[["8d6b1a52-0c6f-4f0e-8a51-6f6f0f2f9b21", "2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"]],
    ),
]


class NoteTension(TensionCommand, route="POST /tensions", roles=HOUSE):
    """Note the first sign of a tension between residents."""

    tension: TensionId = new_id()
    entry: EntryId = new_id()
    centre: CentreId
    parties: Parties
    sign: Annotated[Sign, Field(description="What was noticed", examples=["quarrel"])]
    about: OneOfThem
    account: Account = None
    occurred: Occurred


class AddSign(TensionCommand, route="POST /tensions/{tension}/signs", roles=HOUSE):
    """Note that a tension goes on. One that had been resolved is open again."""

    entry: EntryId = new_id()
    sign: Annotated[Sign, Field(description="What was noticed", examples=["insults"])]
    about: OneOfThem
    account: Account = None
    occurred: Occurred


class TensionNoted(TensionEvent):
    """There is a tension between residents."""

    entry: EntryId
    centre: CentreId
    parties: tuple[PersonId, ...]
    sign: Sign
    about: PersonId
    account: HiddenAccount = None
    occurred: Occurred


class SignAdded(TensionEvent):
    """It goes on."""

    entry: EntryId
    sign: Sign
    about: PersonId
    account: HiddenAccount = None
    occurred: Occurred


Commands = NoteTension | AddSign
Events = TensionNoted | SignAdded


def decide(command: Commands, state: Tension) -> Sequence[Events]:
    """What follows from a command."""
    must_have_happened(command.occurred, command.now)
    match command:
        case NoteTension(parties=parties, about=about):
            if state.parties:
                raise DomainError(
                    "A tension is noted once; this id is taken: leave it out, or add a sign.", rule="noted-once"
                )
            if len(set(parties)) < len(parties):
                raise DomainError(
                    "A tension is between different people; one is named twice: name each once.", rule="two-people"
                )
            must_be_parties([about], frozenset(parties))
            return [TensionNoted(**command.stated())]
        case AddSign(entry=entry, about=about):
            must_exist(bool(state.parties), "tension")
            must_be_parties([about], state.parties)
            must_be_new(entry, state)
            return [SignAdded(**command.stated())]
        case _:
            assert_never(command)


def evolve(state: Tension, event: Events) -> Tension:
    """What a tension is after an event."""
    if isinstance(event, TensionNoted):
        state = Tension(event.centre, frozenset(event.parties))
    elif not state.goes_on:
        # What was accepted or tried before did not end it.
        state = replace(state, ended=None, before=state, mediations=frozenset(), agreed=frozenset())
    return replace(state, entries=state.entries.having(event.entry, Entry(EntryKind.SIGN, event.about)))

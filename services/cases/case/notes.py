"""Notes, and taking back what stands in the wrong file.

Each entry of a file has a record key of its own, so that one that is retracted can also be shredded alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.case.record import Case, CaseCommand, CaseEvent, EntryKind, must_be_new, must_be_open, standing
from services.cases.vocabulary import CASE_TEAM, HELPERS, EntryId, PersonId, Text
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import new_id
from shared.privacy.personal import About, Hidden

NoteText = Annotated[
    Text,
    About("about", record="note"),
    Field(description="What is to be remembered", examples=["Prefers to be called in the morning."]),
]
Subject = Annotated[PersonId, Field(description="Whom the note is about")]


class AddNote(CaseCommand, route="POST /cases/{case}/notes", roles=HELPERS):
    """Add a note to a case."""

    note: EntryId = new_id()
    about: Subject
    text: NoteText
    occurred: Occurred


class CorrectNote(CaseCommand, route="POST /cases/{case}/notes/{note}/correction", roles=HELPERS):
    """Put a note right: it was wrong when it was written."""

    note: EntryId
    about: Subject
    text: NoteText


class RetractEntry(CaseCommand, route="POST /cases/{case}/entries/{entry}/retraction", roles=CASE_TEAM):
    """Take back an entry that should not be in this file. Possible in a closed case too."""

    entry: EntryId


class NoteAdded(CaseEvent):
    """A note was added."""

    note: EntryId
    about: PersonId
    text: Annotated[str | Hidden, About("about", record="note")]
    occurred: Occurred


class NoteCorrected(CaseEvent, puts_right=("note", "NoteAdded.note")):
    """A note was wrong; this is what it should have said."""

    note: EntryId
    about: PersonId
    text: Annotated[str | Hidden, About("about", record="note")]


class EntryRetracted(
    CaseEvent,
    puts_right=(
        "entry",
        "NoteAdded.note",
        "RiskAssessed.assessment",
        "IndicatorsRecorded.indicators",
        "PlanAgreed.plan",
        "SupportGiven.support",
    ),
):
    """An entry was taken back. `about` and `entry` name the key that its words can be shredded by."""

    entry: EntryId
    kind: EntryKind
    about: PersonId


Commands = AddNote | CorrectNote | RetractEntry
Events = NoteAdded | NoteCorrected | EntryRetracted


def decide(command: Commands, state: Case) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(state.kind is not None, "case")
    match command:
        case AddNote(case=case, note=note, about=about, text=text, occurred=occurred):
            must_be_open(state)
            must_have_happened(occurred, command.now)
            must_be_new(state, note)
            return [NoteAdded(case=case, note=note, about=about, text=text, occurred=occurred)]
        case CorrectNote(case=case, note=note, about=about, text=text):
            if standing(state, note, EntryKind.NOTE).about != about:
                raise DomainError(
                    "A note is corrected under the person it is about; another is named: retract it, and write it "
                    "where it belongs.",
                    rule="corrected-for-the-same-person",
                )
            return [NoteCorrected(case=case, note=note, about=about, text=text)]
        case RetractEntry(case=case, entry=entry):
            found = state.entries.get(entry)
            if found is None:
                raise DomainError("This case has no such entry: name one of its own.", rule="no-such-entry")
            if found.retracted:
                return []
            return [EntryRetracted(case=case, entry=entry, kind=found.kind, about=found.about)]
        case _:
            assert_never(command)


def evolve(state: Case, event: Events) -> Case:
    """What a case is after an event."""
    match event:
        case NoteAdded(note=note, about=about):
            return state.with_entry(note, EntryKind.NOTE, about)
        case NoteCorrected():
            return state
        case EntryRetracted(entry=entry):
            retracted = state.entries[entry]._replace(retracted=True)
            return replace(state, entries=state.entries.having(entry, retracted))
        case _:
            assert_never(event)

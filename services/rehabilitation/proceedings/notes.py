"""Closed notes: what counsel and psychologist write down for their own work. Supervisors do not read them either.

`CounselNoteKept` and `PsychologistNoteKept` are the only events that hold their words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import Field

from services.rehabilitation.proceedings.record import (
    Note,
    NoteId,
    PersonId,
    Proceedings,
    ProceedingsCommand,
    ProceedingsEvent,
    Text,
    must_be_about,
)
from shared.dates import Occurred, must_have_happened
from shared.errors import DomainError
from shared.messages import Role, new_id
from shared.privacy.personal import About, Hidden, Retention

Whom = Annotated[PersonId, Field(description="The person whose proceedings they are")]
Words = Annotated[
    Text, About("about", Retention.LEGAL, record="note"), Field(description="The note", examples=["A line of defence."])
]
HiddenWords = Annotated[str | Hidden, About("about", Retention.LEGAL, record="note")]


class KeepCounselNote(ProceedingsCommand, route="POST /proceedings/{proceedings}/counsel-notes", roles=[Role.LAWYER]):
    """Keep a note of counsel. Nobody reads it but those who act for the person."""

    note: NoteId = new_id()
    about: Whom
    text: Words
    occurred: Occurred


class RetractCounselNote(
    ProceedingsCommand,
    route="POST /proceedings/{proceedings}/counsel-notes/{note}/retraction",
    roles=[Role.LAWYER],
):
    """Take back a note of counsel that does not belong here."""

    note: NoteId


class KeepPsychologistNote(
    ProceedingsCommand, route="POST /proceedings/{proceedings}/psychologist-notes", roles=[Role.PSYCHOLOGIST]
):
    """Keep a note of the psychologist. Nobody reads it but psychologists."""

    note: NoteId = new_id()
    about: Whom
    text: Words
    occurred: Occurred


class RetractPsychologistNote(
    ProceedingsCommand,
    route="POST /proceedings/{proceedings}/psychologist-notes/{note}/retraction",
    roles=[Role.PSYCHOLOGIST],
):
    """Take back a note of the psychologist that does not belong here."""

    note: NoteId


class CounselNoteKept(ProceedingsEvent):
    """Counsel wrote something down."""

    note: NoteId
    about: PersonId
    text: HiddenWords
    occurred: Occurred


class CounselNoteRetracted(ProceedingsEvent, puts_right=("note", "CounselNoteKept.note")):
    """A note of counsel was taken back. `about` and `note` name the key that its words can be shredded by."""

    note: NoteId
    about: PersonId


class PsychologistNoteKept(ProceedingsEvent):
    """The psychologist wrote something down."""

    note: NoteId
    about: PersonId
    text: HiddenWords
    occurred: Occurred


class PsychologistNoteRetracted(ProceedingsEvent, puts_right=("note", "PsychologistNoteKept.note")):
    """A note of the psychologist was taken back. `about` and `note` name the key of its words."""

    note: NoteId
    about: PersonId


Commands = KeepCounselNote | RetractCounselNote | KeepPsychologistNote | RetractPsychologistNote
Events = CounselNoteKept | CounselNoteRetracted | PsychologistNoteKept | PsychologistNoteRetracted

COUNSEL, PSYCHOLOGIST = "counsel", "psychologist"


def decide(command: Commands, state: Proceedings) -> Sequence[Events]:
    """What follows from a command."""
    match command:
        case KeepCounselNote():
            _must_be_new(command, state)
            return [CounselNoteKept(**command.stated())]
        case KeepPsychologistNote():
            _must_be_new(command, state)
            return [PsychologistNoteKept(**command.stated())]
        case RetractCounselNote():
            stands = _must_be_note(command.note, COUNSEL, state)
            return [CounselNoteRetracted(**command.stated(), about=state.beneficiary)] if stands else []
        case RetractPsychologistNote():
            stands = _must_be_note(command.note, PSYCHOLOGIST, state)
            return [PsychologistNoteRetracted(**command.stated(), about=state.beneficiary)] if stands else []
        case _:
            assert_never(command)


def _must_be_new(command: KeepCounselNote | KeepPsychologistNote, state: Proceedings) -> None:
    must_have_happened(command.occurred, command.now)
    must_be_about(command.about, state)
    if command.note in state.notes:
        raise DomainError("Each note has an id of its own; this is taken: leave it out.", rule="id-taken")


def _must_be_note(note: str, whose: str, state: Proceedings) -> bool:
    """Refuses a note that is not there, or another's: the answer is the same. Says whether it stands."""
    known = state.notes.get(note)
    if known is None or known.whose != whose:
        raise DomainError("These proceedings have no such note of yours: name another.", rule="no-such-note")
    return known.stands


def evolve(state: Proceedings, event: Events) -> Proceedings:
    """What proceedings are after an event."""
    match event:
        case CounselNoteKept(note=note):
            kept = Note(COUNSEL)
        case PsychologistNoteKept(note=note):
            kept = Note(PSYCHOLOGIST)
        case CounselNoteRetracted(note=note) | PsychologistNoteRetracted(note=note):
            kept = replace(state.notes[note], stands=False)
        case _:
            assert_never(event)
    return replace(state, notes=state.notes.having(note, kept))

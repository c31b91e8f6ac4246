"""A small aggregate that exercises everything a real one may use: a diary whose entries are about people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, assert_never

from shared.context import Context
from shared.decider import Decider
from shared.errors import DomainError
from shared.messages import Command, Event, Id, Role, new_id, upcasts
from shared.privacy.personal import About, Hidden


class DiaryCommand(Command, context="toy"):
    diary: Id


class DiaryEvent(Event, context="toy"):
    diary: Id


class OpenDiary(DiaryCommand, route="POST /diaries", roles=[Role.CASEWORKER]):
    """Open a diary."""

    diary: Id = new_id()
    pages: int


class WriteEntry(DiaryCommand, route="POST /diaries/{diary}/entries", roles=[Role.CASEWORKER]):
    """Write about a person."""

    person: Id
    text: Annotated[str, About("person")]


class CloseDiary(DiaryCommand, route="POST /diaries/{diary}/closure", roles=[Role.SUPERVISOR]):
    """Close it."""


class DiaryOpened(DiaryEvent, version=2):
    pages: int


@upcasts(DiaryOpened, 1)
def _pages_were_sheets(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "pages": data["sheets"] * 2}


class EntryWritten(DiaryEvent):
    person: Id
    text: Annotated[str | Hidden, About("person")]


class DiaryClosed(DiaryEvent):
    pass


DiaryCommands = OpenDiary | WriteEntry | CloseDiary
DiaryEvents = DiaryOpened | EntryWritten | DiaryClosed


@dataclass(frozen=True, slots=True)
class Diary:
    pages: int = 0
    written: int = 0
    closed: bool = False


def decide(command: DiaryCommands, diary: Diary) -> Sequence[DiaryEvents]:
    match command:
        case OpenDiary(diary=key, pages=pages):
            return [DiaryOpened(diary=key, pages=pages)]
        case WriteEntry() if diary.closed or diary.written >= diary.pages:
            raise DomainError("The diary is full: open another one.", rule="diary-full")
        case WriteEntry(diary=key, person=person, text=text):
            return [EntryWritten(diary=key, person=person, text=text)]
        case CloseDiary() if diary.closed:
            return []
        case CloseDiary(diary=key):
            return [DiaryClosed(diary=key)]
        case _:
            assert_never(command)


def evolve(diary: Diary, event: DiaryEvents) -> Diary:
    match event:
        case DiaryOpened(pages=pages):
            return Diary(pages)
        case EntryWritten():
            return replace(diary, written=diary.written + 1)
        case DiaryClosed():
            return replace(diary, closed=True)
        case _:
            assert_never(event)


diary = Decider("diary", "diary", Diary(), decide, evolve, DiaryCommands, DiaryEvents)
toy = Context("toy", "A diary", deciders=(diary,))

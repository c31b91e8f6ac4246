"""Closed notes: counsel's for those who act for the person, and the psychologist's for psychologists. Nobody else's."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Index, String, Text, or_, select

from services.rehabilitation.proceedings.mandate import MandateConfirmed, MandateGranted, MandateRefused, MandateRevoked
from services.rehabilitation.proceedings.notes import (
    CounselNoteKept,
    CounselNoteRetracted,
    PsychologistNoteKept,
    PsychologistNoteRetracted,
)
from services.rehabilitation.proceedings.record import NoteId, ProceedingsId
from shared.codec import Recorded
from shared.dates import today
from shared.messages import Query, Role
from shared.projections.declaration import Asking, Projection, Redacted, Rows, answers, on, table
from shared.projections.paging import After, Limit, Next, page


class ClosedNote(BaseModel):
    """A note."""

    model_config = ConfigDict(frozen=True)

    note: NoteId
    by: str
    text: str | Redacted
    occurred: str
    recorded: datetime


class ClosedNotePage(BaseModel):
    """Notes, the newest first."""

    notes: tuple[ClosedNote, ...]
    next: Next


class ListCounselNotes(
    Query[ClosedNotePage],
    context="rehabilitation",
    route="GET /proceedings/{proceedings}/counsel-notes",
    roles=[Role.LAWYER],
):
    """Notes of counsel: your own, and all of them while you act for the person."""

    proceedings: ProceedingsId
    after: After = None
    limit: Limit = 50


class ListPsychologistNotes(
    Query[ClosedNotePage],
    context="rehabilitation",
    route="GET /proceedings/{proceedings}/psychologist-notes",
    roles=[Role.PSYCHOLOGIST],
):
    """Notes of the psychologist."""

    proceedings: ProceedingsId
    after: After = None
    limit: Limit = 50


class ClosedNotes(Projection):
    """Notes, apart from every file, and who acts for whom."""

    name = "closed_notes"
    version = 2

    notes = table(
        "closed_notes",
        Column("note", String, primary_key=True),
        Column("position", BigInteger),
        Column("proceedings", String),
        Column("whose", String),
        Column("by", String),
        Column("text", Text),
        Column("occurred", String),
        Column("recorded", String),
        Index("closed_notes_of", "proceedings", "whose", "position"),
    )
    acting = table(
        "acting_counsel",
        Column("mandate", String, primary_key=True),
        Column("proceedings", String),
        Column("counsel", String),
        Column("until", String),
        Column("confirmed", Boolean),
    )

    @on(CounselNoteKept, PsychologistNoteKept)
    def kept(self, e: Recorded[CounselNoteKept | PsychologistNoteKept], rows: Rows) -> None:
        """A note."""
        note = e.event
        rows.put(
            self.notes,
            note=note.note,
            position=e.position,
            proceedings=note.proceedings,
            whose="counsel" if isinstance(note, CounselNoteKept) else "psychologist",
            by=e.metadata.actor,
            text=e.sealed("text"),
            occurred=note.occurred,
            recorded=e.recorded_at.isoformat(),
        )

    @on(CounselNoteRetracted, PsychologistNoteRetracted)
    def retracted(self, e: Recorded[CounselNoteRetracted | PsychologistNoteRetracted], rows: Rows) -> None:
        """Nothing of it is left here."""
        rows.drop(self.notes, (e.event.note,))

    @on(MandateGranted)
    def granted(self, e: Recorded[MandateGranted], rows: Rows) -> None:
        """Somebody is to act for the person, until a day."""
        given = e.event
        rows.put(
            self.acting,
            mandate=given.mandate,
            proceedings=given.proceedings,
            counsel=given.counsel,
            until=given.until.isoformat(),
            confirmed=False,
        )

    @on(MandateConfirmed)
    def acts(self, e: Recorded[MandateConfirmed], rows: Rows) -> None:
        """They do."""
        rows.change(self.acting, (e.event.mandate,), confirmed=True)

    @on(MandateRefused, MandateRevoked)
    def acts_no_more(self, e: Recorded[MandateRefused | MandateRevoked], rows: Rows) -> None:
        """No more."""
        rows.drop(self.acting, (e.event.mandate,))

    @answers(ListCounselNotes)
    def counsel_notes(self, query: ListCounselNotes, asking: Asking) -> ClosedNotePage:
        """Another counsel, perhaps the other side's, gets an empty page: as if there were none."""
        notes, acting = asking.live(self.notes), asking.live(self.acting)
        me, day = asking.origin.actor, today(datetime.now(UTC)).isoformat()
        mine = select(acting.c.proceedings).where(
            acting.c.counsel == me, acting.c.confirmed.is_(True), acting.c.until >= day
        )
        return self._page(query, "counsel", asking, or_(notes.c.by == me, notes.c.proceedings.in_(mine)))

    @answers(ListPsychologistNotes)
    def psychologist_notes(self, query: ListPsychologistNotes, asking: Asking) -> ClosedNotePage:
        """All of them."""
        return self._page(query, "psychologist", asking)

    def _page(
        self,
        query: ListCounselNotes | ListPsychologistNotes,
        whose: str,
        asking: Asking,
        *more: ColumnElement[bool],
    ) -> ClosedNotePage:
        notes = asking.live(self.notes)
        statement = select(notes).where(notes.c.proceedings == query.proceedings, notes.c.whose == whose, *more)
        if query.after is not None:
            statement = statement.where(notes.c.position < query.after)
        found = asking.rows(statement.order_by(notes.c.position.desc()).limit(query.limit + 1))
        shown, following = page(
            found,
            query.limit,
            lambda row: ClosedNote(
                note=row["note"],
                by=row["by"],
                text=asking.reveal(row["text"]),
                occurred=row["occurred"],
                recorded=row["recorded"],
            ),
        )
        return ClosedNotePage(notes=shown, next=following)

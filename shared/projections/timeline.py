"""A timeline: every event of a record, one line each, with what it says of people still sealed.

An entry that has an id of its own keeps its line when it is corrected or retracted; that this happened is a line too.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, Boolean, Column, Index, RowMapping, String, Table, Text

from shared.codec import Recorded
from shared.messages import Event, Id
from shared.privacy.personal import personal_fields
from shared.projections.declaration import Asking, Redacted, Rows, table


class TimelineEntry(BaseModel):
    """One line of a timeline."""

    model_config = ConfigDict(frozen=True)

    entry: Id = Field(description="The entry's own id, or the event's")
    what: str = Field(description="What happened", examples=["SupportGiven"])
    occurred: str | None = Field(description="When it happened (EDTF), where that is stated", examples=["2008-10-02"])
    recorded: datetime = Field(description="When it was recorded")
    by: str = Field(description="Who recorded it, by pseudonym", examples=["w-7"])
    facts: dict[str, Any] = Field(description="What is not personal")
    said: dict[str, Any | Redacted] = Field(description="What is personal, as far as the asker may see it")
    corrected: bool = Field(description="Whether this is how it reads after a correction")
    retracted: bool = Field(description="Whether it was taken back; nothing of it is shown then")


class Timeline(NamedTuple):
    """The lines of one kind of record."""

    lines: Table
    record: str  # the field of its events that names the record

    @classmethod
    def of(cls, name: str, record: str) -> Timeline:
        """A timeline whose table is called `name`."""
        return cls(
            table(
                name,
                Column("record", String, primary_key=True),
                Column("entry", String, primary_key=True),
                Column("position", BigInteger),
                Column("what", String),
                Column("occurred", String),
                Column("recorded", String),
                Column("actor", String),
                Column("facts", Text),
                Column("said", Text),
                Column("corrected", Boolean),
                Column("retracted", Boolean),
                Index(f"{name}_in_order", "record", "position"),
            ),
            record,
        )

    def add(self, e: Recorded[Any], rows: Rows, entry: str | None = None) -> None:
        """A line for an event, under the entry's own id if it has one."""
        metadata = orjson.loads(e.raw.metadata)  # two fields of it: parsing it whole costs more than all the rest
        rows.put(
            self.lines,
            record=getattr(e.event, self.record),
            entry=entry or e.id_text,
            position=e.position,
            what=type(e.event).__name__,
            occurred=getattr(e.event, "occurred", None),
            recorded=metadata["recorded_at"],
            actor=metadata["actor"],
            facts=_facts(e.event),
            said=_said(e),
            corrected=False,
            retracted=False,
        )

    def correct(self, e: Recorded[Any], rows: Rows, entry: str) -> None:
        """The entry reads as `e` says, and that it was corrected is a line without words."""
        key = (getattr(e.event, self.record), entry)
        dated = {"occurred": e.event.occurred} if "occurred" in type(e.event).model_fields else {}
        rows.change(self.lines, key, facts=_facts(e.event), said=_said(e), corrected=True, **dated)
        self._note(e, rows, entry)

    def retract(self, e: Recorded[Any], rows: Rows, entry: str) -> None:
        """Nothing of the entry is shown any more, and that it was retracted is a line."""
        rows.change(self.lines, (getattr(e.event, self.record), entry), facts="{}", said="{}", retracted=True)
        self._note(e, rows, entry)

    def _note(self, e: Recorded[Any], rows: Rows, entry: str) -> None:
        self.add(e, rows)
        key = (getattr(e.event, self.record), e.id_text)
        rows.change(self.lines, key, facts=orjson.dumps({"entry": entry}).decode(), said="{}")


def shown(row: RowMapping, asking: Asking) -> TimelineEntry:
    """A line, with its personal values opened for the asker."""
    return TimelineEntry(
        entry=row["entry"],
        what=row["what"],
        occurred=row["occurred"],
        recorded=row["recorded"],
        by=row["actor"],
        facts=orjson.loads(row["facts"]),
        said={name: asking.reveal(sealed) for name, sealed in orjson.loads(row["said"]).items()},
        corrected=row["corrected"],
        retracted=row["retracted"],
    )


def _facts(event: Event) -> str:
    # As `model_dump_json`, without what it does around it for every one of millions of events.
    kind = type(event)
    return kind.__pydantic_serializer__.to_json(event, exclude=_shown_elsewhere(kind), exclude_none=True).decode()


@cache
def _shown_elsewhere(kind: type[Event]) -> set[str]:
    return {*personal_fields(kind), "occurred"}


def _said(e: Recorded[Any]) -> str:
    kind: type[BaseModel] = type(e.event)
    if not (fields := personal_fields(kind)):
        return "{}"
    sealed = {name: text for name in fields if (text := e.sealed(name)) is not None}
    return orjson.dumps(sealed).decode()

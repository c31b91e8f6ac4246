"""What is kept of a post's watch over a year, and the words of the field."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from services.rehabilitation.roster import Post, Year
from services.rehabilitation.roster import ShiftId as ShiftId
from services.rehabilitation.rota import ON_DUTY as ON_DUTY
from services.rehabilitation.rota import ShiftKind as ShiftKind
from shared.errors import DomainError
from shared.growing import Growing
from shared.messages import Command, Event, Id

IncidentId = Annotated[Id, Field(description="The incident", examples=["3c4d5e6f-7081-4293-84a5-b6c7d8e9f0a1"])]
CallId = Annotated[Id, Field(description="The call", examples=["4d5e6f70-8192-43a4-95b6-c7d8e9f0a1b2"])]
Moment = Annotated[AwareDatetime, Field(description="When, to the minute", examples=["2008-10-02T10:00:00+03:00"])]


GRACE = timedelta(minutes=15)
"""So late somebody may come to a shift before they are missed, and the one on call is alerted."""


class WatchCommand(Command, context="rehabilitation"):
    """An instruction to the watch of one post in one year."""

    post: Post
    year: Year

    @property
    def book(self) -> str:
        """`shelter-2008`: what names the watch."""
        return f"{self.post}-{self.year}"


class WatchEvent(Event, context="rehabilitation"):
    """A fact of the watch of one post in one year."""

    post: Post
    year: Year


class IncidentKind(StrEnum):
    """What happened."""

    NOT_STARTED = "not_started"
    LEFT_UNRELIEVED = "left_unrelieved"
    THREAT = "threat"
    VIOLENCE = "violence"
    INTRUSION = "intrusion"
    MEDICAL = "medical"
    SELF_HARM = "self_harm"
    MISSING = "missing"
    TECHNICAL = "technical"
    OTHER = "other"


class Severity(StrEnum):
    """How bad it is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Expected:
    """A shift that is to start."""

    kind: ShiftKind
    worker: str
    starts: datetime
    ends: datetime
    missed: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """A shift that started. It stays open until somebody has taken over, or left."""

    worker: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call to 112."""

    called: datetime
    answered: datetime | None = None
    arrived: datetime | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """One post in one year."""

    expected: Growing[str, Expected | None] = field(default_factory=Growing)  # None: no longer
    turns: Growing[str, Turn] = field(default_factory=Growing)
    incidents: Growing[str, bool] = field(default_factory=Growing)
    calls: Growing[str, Call] = field(default_factory=Growing)
    open: frozenset[str] = frozenset()  # the turns that go on

    def on_call(self, at: datetime, but: str) -> str | None:
        """Who is on call at an instant, other than `but`."""
        return next(
            (
                one.worker
                for one in self.expected.values()
                if one and one.kind is ShiftKind.ON_CALL and one.starts <= at < one.ends and one.worker != but
            ),
            None,
        )


def must_have_been(at: datetime, now: datetime) -> None:
    """Refuses an instant that is to come."""
    if at > now:
        raise DomainError(
            f"What is recorded has happened; {at} is to come: give the time of the fact.", rule="not-in-the-future"
        )

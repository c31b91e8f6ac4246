"""A small context of its own, so that the edges are tested whatever the real contexts say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, assert_never
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.tokens import Tokens, open_tokens
from shared.bus import Answered, DirectBus
from shared.codec import decode_open
from shared.context import Context, Registry
from shared.dates import Occurred
from shared.decider import Decider
from shared.errors import DomainError, NotFound
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.messages import Command, Event, Id, Origin, Query, Role, new_id
from shared.money import Money
from shared.privacy.personal import About, Hidden
from shared.privacy.vault import AesGcmVault
from shared.projections.declaration import Asking, Projection, answers


class Kind(StrEnum):
    HOME = "home"
    OFFICE = "office"


class VisitCommand(Command, context="visits"):
    visit: Id


class VisitEvent(Event, context="visits"):
    visit: Id


class RecordVisit(VisitCommand, route="POST /visits", roles=[Role.CASEWORKER]):
    """Record a visit to a family.

    The note is sealed before it is stored.
    """

    visit: Id = new_id()
    person: Id = Field(description="Who was visited", examples=["b3a3f6de-52ab-4a42-9f62-0a4c1c7f5d10"])
    kind: Kind = Field(description="Where it was", examples=["home"])
    note: Annotated[str, About("person")] = Field(max_length=500, examples=["All is well"])
    occurred: Occurred
    guests: int = Field(0, ge=0)
    cost: Money | None = None


class CloseVisit(VisitCommand, route="POST /visits/{visit}/closure", roles=[Role.CASEWORKER, Role.SUPERVISOR]):
    """Close a visit."""


class Recount(VisitCommand, route="POST /visits/{visit}/guests/{guests}", roles=[Role.CASEWORKER]):
    """Say how many there were."""

    guests: int = Field(ge=1, examples=[3])


class VisitRecorded(VisitEvent):
    person: Id
    kind: Kind
    note: Annotated[str | Hidden, About("person")]
    occurred: Occurred
    guests: int


class VisitClosed(VisitEvent):
    pass


class Recounted(VisitEvent):
    guests: int


@dataclass(frozen=True, slots=True)
class Visit:
    there: bool = False
    closed: bool = False
    guests: int = 0


VisitCommands = RecordVisit | CloseVisit | Recount
VisitEvents = VisitRecorded | VisitClosed | Recounted


def decide(command: VisitCommands, visit: Visit) -> Sequence[VisitEvents]:
    match command:
        case RecordVisit():
            if command.guests > 40:
                raise DomainError("A visit has at most 40 guests: say fewer.", rule="at-most-forty-guests", most=40)
            if command.guests == 13:
                raise RuntimeError(f"a bug that holds {command.note}")
            return [VisitRecorded(**command.model_dump(include=set(VisitRecorded.model_fields)))]
        case CloseVisit(visit=key):
            if not visit.there:
                raise NotFound("There is no such visit.")
            return [] if visit.closed else [VisitClosed(visit=key)]
        case Recount(visit=key, guests=guests):
            return [Recounted(visit=key, guests=guests)]
        case _:
            assert_never(command)


def evolve(visit: Visit, event: VisitEvents) -> Visit:
    match event:
        case VisitRecorded(guests=guests):
            return replace(visit, there=True, guests=guests)
        case VisitClosed():
            return replace(visit, closed=True)
        case Recounted(guests=guests):
            return replace(visit, guests=guests)
        case _:
            assert_never(event)


visit = Decider("visit", "visit", Visit(), decide, evolve, VisitCommands, VisitEvents)


class VisitFile(BaseModel):
    """One visit."""

    visit: Id
    kind: Kind
    note: str
    guests: int


class VisitPage(BaseModel):
    """Some visits, and what was asked for."""

    visits: list[VisitFile]
    kinds: list[Kind]
    from_: date | None = Field(None, alias="from", serialization_alias="from")


class ReadVisit(Query[VisitFile], context="visits", route="GET /visits/{visit}", roles=[Role.CASEWORKER]):
    """Read one visit."""

    visit: Id


class ListVisits(Query[VisitPage], context="visits", route="GET /visits", roles=[Role.CASEWORKER, Role.AUDITOR]):
    """List visits."""

    kind: tuple[Kind, ...] = Field((), description="Only these kinds", examples=[["home"]])
    from_: date | None = Field(None, alias="from", description="From this day on", examples=["2008-01-01"])
    limit: int = Field(50, ge=1, le=500)


class SearchVisits(Query[VisitPage], context="visits", route="POST /visits/search", roles=[Role.CASEWORKER]):
    """Search the notes. The words are personal: they never stand in a URL."""

    words: str = Field(max_length=50, examples=["well"])


class VisitList(Projection):
    name = "visit_list"

    @answers(ReadVisit, ListVisits, SearchVisits)
    def never(self, query: Query[Any], asking: Asking) -> Any:
        raise AssertionError("these tests are answered from the log, see `World`")


context = Context("visits", "Visits", deciders=(visit,), projections=(VisitList(),))


class World:
    """The real log, vault and handler behind a direct bus. Queries read the log: read models have their own tests."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(folder)
        self.vault = AesGcmVault.in_memory()
        handler = CommandHandler(self.store, Registry([context]), self.vault)
        self.bus = DirectBus(handler, self._answer)
        self.tokens: Tokens = open_tokens(folder)
        self.asked: list[tuple[Query[Any], Origin, int]] = []
        self.not_ready: dict[str, str] = {}

    def close(self) -> None:
        self.store.close()

    def _answer(self, query: Query[Any], origin: Origin, wait_for: int) -> Answered:
        self.asked.append((query, origin, wait_for))
        files = [self._file(UUID(key)) for key in self._visits()]
        match query:
            case ReadVisit(visit=wanted):
                found = [file for file in files if file.visit == wanted]
                if not found:
                    raise NotFound("There is no such visit.")
                return Answered(found[0], self.store.head())
            case ListVisits(kind=kinds, from_=first):
                chosen = [file for file in files if not kinds or file.kind in kinds]
                return Answered(VisitPage(visits=chosen, kinds=list(kinds), **{"from": first}), self.store.head())
            case SearchVisits(words=words):
                chosen = [file for file in files if words in file.note]
                return Answered(VisitPage(visits=chosen, kinds=[]), self.store.head())
            case _:
                raise AssertionError(query)

    def _visits(self) -> list[str]:
        return [raw.stream.removeprefix("visit-") for raw in self.store.read_all() if raw.revision == 0]

    def _file(self, key: UUID) -> VisitFile:
        raws = list(self.store.read_stream(f"visit-{key}"))
        event = decode_open(raws[0], VisitRecorded, self.vault)
        return VisitFile(visit=event.visit, kind=event.kind, note=str(event.note), guests=event.guests)


PERSON = "b3a3f6de-52ab-4a42-9f62-0a4c1c7f5d10"


def a_visit(**fields: Any) -> dict[str, Any]:
    """What `POST /visits` takes."""
    return {"person": PERSON, "kind": "home", "note": "All is well", "occurred": "2008-10-02", **fields}

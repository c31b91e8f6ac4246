"""Any question of an earlier time: what a read model would have answered then.

The read model is made anew of the events that count, for this one question: those recorded by a moment (`as_of`: what
was *known*), those that happened by a day (`on`: what was *true*), or both. Who may see what is a matter of today, and
so is forgetting: what was forgotten since is not there, whatever moment is asked of.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.audit.moment import Moment, TrueBy, was_known
from services.audit.replay import LogAccess
from shared.bus import permit_kind
from shared.codec import decode
from shared.errors import DomainError, Forbidden, Invalid, NotFound, Unavailable
from shared.eventstore.port import Filter, RecordedEvent
from shared.messages import Origin, Query, Role
from shared.projections.declaration import Projection
from shared.projections.read_models import ReadModels
from shared.projections.rebuilt import DoesNotFit, rebuilt
from shared.wire import body_of, read_query

log = structlog.get_logger()

PUBLISHED = "analytics"
"""The context whose figures are published with small numbers left out: two moments compared would tell them."""

FORGETTING = frozenset({"protection.PersonForgotten", "protection.EntryShredded", "protection.RetentionApplied"})

_one_at_a_time = threading.Lock()  # each takes as much memory as its read model
_TURN_SECONDS = 2.0  # that an asker waits for another; longer, and a few of them would leave no thread to other queries


class AnswerAsOf(BaseModel):
    """An answer of an earlier time. `answer` is what the question answers by itself.

    `position` is of the last event that counted; `events` says how many did that the read model takes in, `later` how
    many were recorded after the moment, or happened after the date.
    """

    model_config = ConfigDict(frozen=True)

    question: str
    as_of: str | None
    on: date | None
    position: int
    events: int
    later: int
    answer: Any


class AskAsOf(
    Query[AnswerAsOf],
    context="audit",
    route="POST /audit/questions",
    roles=[Role.AUDITOR, Role.SUPERVISOR, Role.DATA_PROTECTION_OFFICER],
):
    """Ask a question of an earlier time: what was known at a moment (`as_of`), what was true on a day (`on`), or both.

    The question is one that the asker's role may ask today. A large log takes a while, for a read model is made anew.
    """

    question: Annotated[str, StringConstraints(max_length=100)] = Field(
        description="The query, by the name that the catalogue has", examples=["projects.ShowPortfolio"]
    )
    parameters: dict[str, Any] = Field({}, description="What the query takes, by name", examples=[{}])
    as_of: Moment | None = None
    on: date | None = Field(None, description="Only what had happened by the end of this day", examples=["2008-05-25"])


def ask_as_of(query: AskAsOf, log_access: LogAccess, read_models: ReadModels) -> AnswerAsOf:
    """The answer. Raises `NotFound` if no read model answers such a question, `Unavailable` while others are answered.

    Raises what the question itself raises.
    """
    found = read_models.answering(query.question)
    if found is None:
        raise NotFound(
            "No read model answers such a question: name a query as the catalogue does, such as projects.ShowPortfolio."
        )
    kind, projection = found
    _permit(kind, log_access.origin)
    if query.as_of is None and query.on is None:
        raise Invalid("Say of when: as_of (what was known then), on (what was true then), or both.")
    asked = read_query(kind, query.parameters)
    log.info(
        "a question of an earlier time",
        actor=log_access.origin.actor,
        question=query.question,
        as_of=query.as_of,
        on=query.on and query.on.isoformat(),
    )
    reading = _Reading(query, log_access, projection)
    try:
        with _turn(), rebuilt(projection, reading.events) as rows:
            answered = read_models.ask_of(rows, asked, log_access.origin)
    except DoesNotFit as error:
        if query.on is None:
            raise Unavailable(f"{projection.name} cannot be made of these events: look at its status.") from error
        raise DomainError(
            f"This cannot be answered of {query.on}: an event builds on one that is dated later. Ask of a later day.",
            rule="replay-needs-what-it-builds-on",
        ) from error
    body = body_of(kind, answered.answer)
    return AnswerAsOf(
        question=query.question,
        as_of=query.as_of,
        on=query.on,
        position=reading.position,
        events=reading.counted,
        later=reading.later,
        answer=orjson.loads(body) if kind.media_type is None else body.decode(),
    )


@contextmanager
def _turn() -> Iterator[None]:
    if not _one_at_a_time.acquire(timeout=_TURN_SECONDS):
        raise Unavailable("Another question of an earlier time is being answered: ask again in a while.")
    try:
        yield
    finally:
        _one_at_a_time.release()


def _permit(kind: type[Query[Any]], origin: Origin) -> None:
    permit_kind(kind, origin)
    if kind.context == PUBLISHED and Role.SUPERVISOR not in origin.roles:
        raise Forbidden(
            f"Published figures of another moment are for: {Role.SUPERVISOR}. Two of them tell what lies between.",
            allowed=[Role.SUPERVISOR],
        )


class _Reading:
    """Gives a read model the events that count, and remembers how many did."""

    def __init__(self, query: AskAsOf, log_access: LogAccess, projection: Projection) -> None:
        self._query = query
        self._log = log_access
        # What a read model derives from personal values of its own follows every forgetting, whenever that was.
        derives = any(table.info["personal"] for table in projection.tables().values())
        self._always = FORGETTING if derives else frozenset[str]()
        self.position = self.counted = self.later = 0

    def events(self, wanted: Filter) -> Iterator[RecordedEvent]:
        known = self._log.registry.event_classes()
        true_by = TrueBy(self._query.on, [known[name] for name in wanted.types or known if name in known])
        # With what corrections put right, which dates them, even where the read model does not want it itself.
        beside = true_by.put_right - set(wanted.types) if wanted.types else frozenset[str]()
        for raw in self._log.store.read_all(filter=replace(wanted, types=(*wanted.types, *beside))):
            counts = self._counts(raw, true_by)
            if raw.type in beside:
                continue
            if counts:
                self.position, self.counted = raw.position, self.counted + 1
                yield raw
            elif raw.type in self._always:
                yield raw
            else:
                self.later += 1

    def _counts(self, raw: RecordedEvent, true_by: TrueBy) -> bool:
        if not was_known(raw, self._query.as_of):
            return False
        cls = self._log.registry.event_class(raw.type) if self._query.on else None
        return true_by.counts(raw, decode(raw, cls) if cls else None)

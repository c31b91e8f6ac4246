"""Generations that read the log together: each event is decoded once for each class that they know it as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.codec import Recorded, decode
from shared.deciding import NOTHING_CHANGED
from shared.errors import Invalid
from shared.eventstore.port import CaughtUp, Checkpoint, Filter, RecordedEvent
from shared.messages import Stored
from shared.projections.declaration import Anything
from shared.projections.engine import is_circumstance
from shared.projections.generations import Generation, Handler
from shared.projections.traced import TracedEvents
from shared.tracing import is_tracing

Route = tuple[type[Stored], list[tuple[Generation, Handler]]]

_ANYTHING = Anything()


class UnknownEvent(Invalid):
    """A read model that skips nothing met an event that it has no handler for."""


class ReadingGroup:
    """What `members` make of the events that they are given, gathered in their rows.

    `failed` says which of them could not take something, with an error code that holds names of classes only,
    never an exception's text, which might hold what an event says of a person.
    """

    def __init__(self, members: Sequence[Generation]) -> None:
        self.members = members
        self.failed: dict[Generation, str] = {}
        self.taken = TracedEvents()
        self._routes: dict[str, list[Route]] = {}

    @property
    def position(self) -> int:
        """Where to read on: what the hindmost has committed. The others pass over what they have had."""
        return min(member.position for member in self.members)

    def end_reading(self) -> None:
        """Let go of what their stored rows were read through, before anything is written."""
        for member in self.members:
            member.rows.end_reading()

    def filter(self) -> Filter:
        """What they need of the log."""
        if any(member.takes_all for member in self.members):
            return Filter()
        return Filter(types=tuple(sorted({name for member in self.members for name in member.handlers})))

    def take(self, batch: Sequence[RecordedEvent | CaughtUp | Checkpoint]) -> bool:
        """Let the handlers see a batch. Tells whether its end is the log's end for now."""
        caught_up = False
        routes = self._routes
        failed = self.failed
        traced = is_tracing()
        for raw in batch:
            if type(raw) is not RecordedEvent:
                caught_up = type(raw) is CaughtUp
                continue
            caught_up = False
            position = raw[0]
            found = routes.get(raw[4])
            if found is None:
                found = self._find_routes(raw[4])
            if traced:
                self.taken.note(raw, [taker for _, takers in found for taker, _ in takers if taker.position < position])
            for cls, takers in found:
                recorded: Recorded[Any] | None = None
                for member, handler in takers:
                    if member.position >= position or member in failed:
                        continue
                    try:
                        if recorded is None:
                            recorded = Recorded(_ANYTHING if cls is Anything else decode(raw, cls), raw)
                        handler(recorded, member.rows)
                    except Exception as error:
                        if is_circumstance(error):
                            raise
                        self.fail(member, error, handler.__name__ if recorded else "decode", raw.type)
        return caught_up

    def fail(self, member: Generation, error: Exception, where: str, what: str = "") -> None:
        """`member` cannot go on; what it gathered does not count."""
        self.failed[member] = f"{type(error).__name__}@{where}({what})"
        member.rows.forget()

    def _find_routes(self, type_name: str) -> list[Route]:
        takers: dict[type[Stored], list[tuple[Generation, Handler]]] = {}
        for member in self.members:
            handlers = member.handlers
            known = [handlers[name] for name in (type_name, Anything.type_name) if name in handlers]
            if not known and not member.projection.skips_unknown and type_name != NOTHING_CHANGED:
                known = [(Anything, _refuse_unknown)]
            for cls, handler in known:
                takers.setdefault(cls, []).append((member, handler))
        self._routes[type_name] = routes = list(takers.items())
        return routes


def _refuse_unknown(_: Recorded[Any], __: Any) -> None:
    raise UnknownEvent("This read model skips nothing and has no handler for this event: add one.")

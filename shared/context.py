"""A context: the aggregates, policies, projections and queries that belong together and are deployed together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.decider import Decider
from shared.messages import Command, Event, Query

if TYPE_CHECKING:
    from shared.policies import Policy
    from shared.projections.declaration import Projection

AnyDecider = Decider[Any, Any, Any]


@dataclass(frozen=True)
class Context:
    """What `services/<name>/__init__.py` offers to those who run it."""

    name: str
    title: str
    deciders: tuple[AnyDecider, ...] = ()
    policies: tuple[Policy, ...] = ()
    projections: tuple[Projection, ...] = ()

    def commands(self) -> Iterator[type[Command]]:
        """The commands that it takes."""
        for decider in self.deciders:
            yield from decider.command_types()

    def queries(self) -> Iterator[type[Query[Any]]]:
        """The queries that it answers."""
        for projection in self.projections:
            yield from projection.queries()


class Registry:
    """Finds the decider of a command or a stream, and the class of a stored event. Raises ValueError on a clash."""

    def __init__(self, contexts: Iterable[Context]) -> None:
        self.contexts = tuple(contexts)
        self._deciders: dict[type[Command], AnyDecider] = {}
        self._categories: dict[str, AnyDecider] = {}
        self._events: dict[str, type[Event]] = {}
        self._commands: dict[str, type[Command]] = {}
        for context in self.contexts:
            for decider in context.deciders:
                self._add(decider)

    def _add(self, decider: AnyDecider) -> None:
        if self._categories.setdefault(decider.category, decider) is not decider:
            raise ValueError(f"two aggregates share the stream category {decider.category!r}")
        for command in decider.command_types():
            if self._commands.setdefault(command.wire_type(), command) is not command:
                raise ValueError(f"two commands are named {command.wire_type()}")
            self._deciders[command] = decider
        for event in decider.event_types():
            if self._events.setdefault(event.type_name, event) is not event:
                raise ValueError(f"two events are stored as {event.type_name}")
            if missing := [step for step in range(1, event.version) if step not in event.upcasters]:
                raise ValueError(f"{event.type_name} has no upcaster from version {missing[0]}")

    def decider_for(self, command: Command) -> AnyDecider:
        """The aggregate that takes `command`. Raises KeyError if none does."""
        return self._deciders[type(command)]

    def decider_of_stream(self, stream: str) -> AnyDecider | None:
        """The aggregate that `stream` belongs to. Categories may contain hyphens: the longest that fits."""
        parts = stream.split("-")
        for end in range(len(parts) - 1, 0, -1):
            if decider := self._categories.get("-".join(parts[:end])):
                return decider
        return None

    def event_class(self, type_name: str) -> type[Event] | None:
        """The class of a stored type; None if this program does not know it."""
        return self._events.get(type_name)

    def command_class(self, wire_type: str) -> type[Command] | None:
        """The class of a command by its wire name."""
        return self._commands.get(wire_type)

    def event_classes(self) -> dict[str, type[Event]]:
        """Every event, by stored type."""
        return dict(self._events)

"""An aggregate is a decider: what it may be told, what has happened to it, and two pure functions.

`decide(command, state)` gives the events that follow (none for a repeat) or raises a `DomainError`;
`evolve(state, event)` gives the next state. Replay, as-of questions and tests are the same fold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, Generic, TypeVar

from shared.errors import NotFound
from shared.messages import Command, Event, union_members
from shared.privacy.personal import personal_fields

C = TypeVar("C", bound=Command)
E = TypeVar("E", bound=Event)
S = TypeVar("S")


@dataclass(frozen=True)
class Decider(Generic[C, E, S]):
    """One aggregate. `category` starts its stream names; `key` names the field of its commands that ends them."""

    category: str
    key: str
    initial: S
    decide: Callable[[C, S], Sequence[E]]
    evolve: Callable[[S, E], S]
    commands: Any  # the union of its commands
    events: Any  # the union of its events
    about: str = ""  # the field that names whom a record is about, where no personal field does

    def stream_of(self, command: Command) -> str:
        """`case-4b1f...`: the stream that `command` is for."""
        return f"{self.category}-{getattr(command, self.key)}"

    def command_types(self) -> tuple[type[Command], ...]:
        """The commands that it takes."""
        return union_members(self.commands)

    def event_types(self) -> tuple[type[Event], ...]:
        """The events that it is made of."""
        return union_members(self.events)

    def whom(self, *places: object) -> str | None:
        """Whom it concerns, by the first of `places` (events, a command, the state) that names somebody."""
        for place in places:
            for name in self._subjects:
                if isinstance(found := getattr(place, name, None), str) and found:
                    return found
        return None

    @cached_property
    def _subjects(self) -> tuple[str, ...]:
        """The fields that name whom a personal field is about."""
        messages = (*self.command_types(), *self.event_types())
        marked = [mark.subject for message in messages for mark in personal_fields(message).values()]
        return tuple(dict.fromkeys([*marked, *([self.about] if self.about else [])]))

    def fold(self, events: Iterable[E], state: S | None = None) -> S:
        """The state after `events`, from the beginning or from `state` on."""
        return reduce(self.evolve, events, self.initial if state is None else state)


def must_exist(there: bool, what: str) -> None:
    """For `decide`: refuses a command to an aggregate that was never started. Raises `NotFound`."""
    if not there:
        raise NotFound(f"There is no such {what}.")

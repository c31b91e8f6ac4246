"""Given these events, when this command comes, then these events follow.

given(case, CaseOpened(...)).when(CloseCase(...), by="w-2").then(CaseClosed(...))
given(case, CaseOpened(...)).when(CloseCase(...)).refused("closing-needs-approval")
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.decider import Decider
from shared.errors import ForgetMeNotError
from shared.messages import Command, Event

NOW = datetime(2008, 10, 2, 10, 0, tzinfo=UTC)


class Given:
    """A history, ready for a command."""

    def __init__(self, decider: Decider[Any, Any, Any], events: Sequence[Event]) -> None:
        self._decider = decider
        self._events = events

    def when(self, command: Command, *, by: str = "w-1", now: datetime = NOW) -> Outcome:
        """Send a command, stamped as an edge would."""
        stamped = command.stamped(UUID(int=1), by, now)
        state = self._decider.fold(self._events)
        try:
            return Outcome(list(self._decider.decide(stamped, state)), None)
        except ForgetMeNotError as error:
            return Outcome([], error)

    def state(self) -> Any:
        """What the history amounts to."""
        return self._decider.fold(self._events)


class Outcome:
    """What came of it."""

    def __init__(self, events: list[Event], error: ForgetMeNotError | None) -> None:
        self.events = events
        self.error = error

    def then(self, *expected: Event) -> None:
        """Exactly these events follow; none, if none are named."""
        if self.error:
            raise AssertionError(f"refused: {self.error}") from self.error
        assert self.events == list(expected), f"\n     got {self.events}\nexpected {list(expected)}"  # noqa: S101

    def refused(self, rule: str) -> ForgetMeNotError:
        """The rule of this name (a `DomainError`'s `rule`, or an error's code) refuses it. Gives the error."""
        assert self.error is not None, f"not refused: {self.events}"  # noqa: S101
        assert rule in {self.error.facts.get("rule"), self.error.code}, f"refused by {self.error.facts}: {self.error}"  # noqa: S101
        return self.error


def given(decider: Decider[Any, Any, Any], *events: Event) -> Given:
    """Start from a history."""
    return Given(decider, events)

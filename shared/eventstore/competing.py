"""A group of readers who share the events between them, the port: persistent subscriptions, as EventStoreDB has them.

The store gives each event to one of the group's readers, wherever it runs, and remembers what is done. Whoever fails at
one gives it back, to be tried again, or parks it for a person; what is parked can be looked at and replayed. Events
come at least once and in no order that could be relied on: that is for work whose repeats are harmless and in which no
event depends on another. `kurrent/competing.py` implements it.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Protocol, Self
from uuid import UUID

from shared.eventstore.port import RecordedEvent


class Turn(NamedTuple):
    """An event that it is this reader's turn to deal with."""

    event: RecordedEvent
    id: UUID  # what it is answered for by: one that is replayed has another than its event
    attempt: int  # how often it was given back, or not answered for, before


class Consumer(Iterator[Turn], Protocol):
    """One reader of a group: an endless iterator of turns. One thread iterates and answers; any thread may close.

    A turn that is answered for neither way before its time is over is given to another. A broken connection is made
    again; `Unavailable` is raised once that fails for longer than the store's patience.
    """

    def done(self, turn: Turn) -> None:
        """It is dealt with."""
        ...

    def again(self, turn: Turn) -> None:
        """It is to be tried again, by whomever; the store parks what was tried too often."""
        ...

    def park(self, turn: Turn) -> None:
        """It cannot be dealt with until somebody looks."""
        ...

    def close(self) -> None:
        """End the iteration. What was not answered for is given to others."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Group(Protocol):
    """Readers who share the events of some types."""

    @property
    def name(self) -> str:
        """What the store knows it by."""
        ...

    def consumer(self) -> Consumer:
        """One more reader."""
        ...

    def parked(self) -> list[RecordedEvent]:
        """What is parked, oldest first."""
        ...

    def replay_parked(self) -> None:
        """Give all that is parked to the readers again, ahead of what is new."""
        ...

    def delete(self) -> None:
        """Forget the group, where it has come to, and what it parked. The events stay."""
        ...

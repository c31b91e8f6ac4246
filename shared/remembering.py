"""What a process remembers of the streams that it handles: each folded as far as it was read, and whose turn it is."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakValueDictionary

import orjson

from shared.eventstore.port import RecordedEvent

LONGEST_TURN_SECONDS = 10.0


class PastCommand(NamedTuple):
    """What a stream remembers of a command that it took."""

    fingerprint: str
    revision: int
    position: int
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """A stream as far as it has been read. `commands` only ever grows, by facts, so copies may share it."""

    state: Any
    revision: int  # -1: the stream does not exist
    commands: dict[UUID, PastCommand]
    generation: int  # of the key store, when it was folded


def note(commands: dict[UUID, PastCommand], raw: RecordedEvent) -> None:
    """Have `commands` know the one that this event came from."""
    metadata = orjson.loads(raw.metadata)
    command_id = UUID(metadata["command_id"])
    known = commands.get(command_id)
    types = () if known is None or raw.revision <= known.revision else known.events
    if known is None or raw.revision > known.revision:
        commands[command_id] = PastCommand(metadata["fingerprint"], raw.revision, raw.position, (*types, raw.type))


class StateCache:
    """Folded streams, the least recently used dropped first. `size=0` keeps none."""

    def __init__(self, size: int = 4096) -> None:
        self._size = size
        self._folded: OrderedDict[str, Folded] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, stream: str) -> Folded | None:
        """What is remembered of `stream`."""
        with self._lock:
            if folded := self._folded.get(stream):
                self._folded.move_to_end(stream)
            return folded

    def put(self, stream: str, folded: Folded) -> None:
        """Remember it, unless something newer is remembered already."""
        with self._lock:
            known = self._folded.get(stream)
            if known is None or folded.revision >= known.revision or folded.generation != known.generation:
                self._folded[stream] = folded
                self._folded.move_to_end(stream)
            while len(self._folded) > self._size:
                self._folded.popitem(last=False)


class Turns:
    """One at a time for each stream, in this process: whoever waits decides on what those before have done.

    That is a courtesy, and ends with patience: what was decided on too little, the log refuses.

    Without it, many callers of one stream mostly undo each other's work. Other processes still meet as conflicts.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, Turn] = WeakValueDictionary()
        self._guard = threading.Lock()

    def of(self, stream: str) -> Turn:
        """The turn of `stream`: the same one for all who have it in hand."""
        with self._guard:
            turn = self._locks.get(stream)
            if turn is None:
                turn = self._locks[stream] = Turn()
            return turn


class Turn:
    """A lock that can be referred to weakly."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def taken_at_once(self) -> bool:
        """Take it, if nobody has it."""
        return self._lock.acquire(blocking=False)

    def give_back(self) -> None:
        """Let the next one have it. Any thread may, for the one that took it."""
        self._lock.release()

    @contextmanager
    def waited_for(self) -> Iterator[None]:
        """In turn; after a while out of turn, for only conflicts come of that: a log's owner may not answer."""
        taken = self._lock.acquire(timeout=LONGEST_TURN_SECONDS)
        try:
            yield
        finally:
            if taken:
                self._lock.release()

"""Moving house: a log carried from one store to another, and two logs held against each other.

What is carried are the events of all streams but the store's own (`$...`), in the global order, with their ids,
revisions, types, data and metadata: all that the Merkle tree covers, so that its root stays what it is. Positions and
the store's clock are the new store's. Deletions and truncations are not carried: they are no part of a log of ours.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import groupby, islice, takewhile, zip_longest
from pathlib import Path
from typing import NamedTuple, cast

from shared.errors import Conflict, NotFound, WrongExpectedRevision
from shared.eventstore import log
from shared.eventstore.kurrent.address import is_address
from shared.eventstore.kurrent.store import open_cluster
from shared.eventstore.port import AppendResult, EventStore, Expected, Filter, NewEvent, RecordedEvent, StreamState
from shared.eventstore.sqlite import EmbeddedLog, open_store
from shared.merkle.leaf import event_leaf_hashes
from shared.merkle.tree import Frontier

CARRIED = Filter()
_COMPARED = ("id", "stream", "revision", "type", "data", "metadata", "is_json")
_BATCH_EVENTS = 500
_BATCH_BYTES = 900_000  # of one append: servers take 1 MiB by default
_UNDER_WAY = 200  # appends handed to a log of this machine before the first is waited for
_PAGE = 1000

Progress = Callable[[int], None]
"""Told how many events are done."""


class Copied(NamedTuple):
    """What a copy came to."""

    found: int  # events that were there already, from a copy that was cut short
    carried: int


class Difference(NamedTuple):
    """The first place at which two logs are not the same."""

    number: int  # which event, from 1
    here: RecordedEvent | None  # None: this log ends before it
    there: RecordedEvent | None
    fields: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What differs, without saying what it holds."""
        if self.here is None or self.there is None:
            only = cast(RecordedEvent, self.here or self.there)
            which = "first" if self.here else "second"
            return (
                f"Event {self.number:,} ({only.stream}, revision {only.revision}) is in the {which} log only: "
                "the other ends before it."
            )
        here, there = self.here, self.there
        return (
            f"Event {self.number:,} differs in {', '.join(self.fields)}: {here.stream}, revision {here.revision}, at "
            f"position {here.position:,} of the first log; {there.stream}, revision {there.revision}, at position "
            f"{there.position:,} of the second."
        )


class Comparison(NamedTuple):
    """How two logs compare: the events that are the same, the root of the tree over them, and where they part."""

    same: int
    root: bytes
    difference: Difference | None


def open_log(where: str, *, must_exist: bool, patience: float = 30.0, one_thread: bool = False) -> EventStore:
    """The log at `where`: a cluster's address, or a folder. Raises `NotFound` for a folder without one.

    `patience` is how many seconds a call may take before `Unavailable` is raised; `one_thread`, see `open_cluster`.
    """
    if is_address(where):
        return open_cluster(where, patience=patience, one_thread=one_thread)
    if must_exist and not log.path_of(Path(where)).exists():
        raise NotFound(f"There is no log in {where}.")
    return open_store(Path(where), patience=patience)


def copy(source: EventStore, target: EventStore, progress: Progress = lambda done: None) -> Copied:
    """Carry what `source` holds by now and `target` lacks. Nobody else may write to `target`.

    A copy that was cut short, however, is gone on with. Raises `Conflict` if `target` holds anything else. Whether all
    of it arrived unaltered is for `compare` to say.
    """
    until = source.head()
    last = next(target.read_all(backwards=True, limit=1, filter=CARRIED), None)
    found = sum(1 for _ in target.read_all(filter=CARRIED)) if last else 0
    progress(found)
    events = source.read_all(start=_counterpart(source, last) if last else None, filter=CARRIED)
    missing = islice(events, 1 if last else 0, None)
    carried = 0
    under_way: deque[Future[AppendResult]] = deque()
    try:
        for batch in _batches(takewhile(lambda event: event.position <= until, missing)):
            first = batch[0]
            expected: Expected = first.revision - 1 if first.revision else StreamState.NO_STREAM
            given = [NewEvent(e.id, e.type, e.data, e.metadata, e.is_json) for e in batch]
            if isinstance(target, EmbeddedLog):
                under_way.append(target.submit(first.stream, given, expected))
                if len(under_way) > _UNDER_WAY:
                    under_way.popleft().result()
            else:
                target.append(first.stream, given, expected)
            carried += len(batch)
            progress(found + carried)
        while under_way:
            under_way.popleft().result()
    except WrongExpectedRevision as error:
        raise Conflict(
            f"The log that is copied to has changed by itself ({error.facts['stream']}): copy into an empty one."
        ) from error
    return Copied(found, carried)


def compare(
    first: EventStore, second: EventStore, count: int | None = None, progress: Progress = lambda done: None
) -> Comparison:
    """Hold two logs against each other, event by event, up to the first difference; `count` stops before that."""
    frontier = Frontier()
    pairs = zip_longest(first.read_all(filter=CARRIED), second.read_all(filter=CARRIED))
    while page := list(islice(pairs, _PAGE if count is None else min(_PAGE, count - frontier.size))):
        for number, (here, there) in enumerate(page):
            fields = _differing(here, there)
            if fields or here is None or there is None:
                frontier.extend(event_leaf_hashes([mine for mine, _ in page[:number]]))
                difference = Difference(frontier.size + 1, here, there, fields)
                return Comparison(frontier.size, frontier.root(), difference)
        frontier.extend(event_leaf_hashes([mine for mine, _ in page]))
        progress(frontier.size)
    return Comparison(frontier.size, frontier.root(), None)


def translate(source: EventStore, target: EventStore, position: int) -> int:
    """Where in `target` a reader goes on who had read `source` up to `position`: the same event's position there.

    Raises `Conflict` if `target` does not hold that event.
    """
    reached = next(source.read_all(start=position, backwards=True, limit=1, filter=CARRIED), None) if position else None
    if reached is None:
        return 0
    found = next(target.read_stream(reached.stream, start=reached.revision, limit=1), None)
    if _differing(reached, found) or found is None:
        raise Conflict(f"The other log lacks the event at {reached.position:,}: copy it there first.")
    return found.position


def _differing(here: RecordedEvent | None, there: RecordedEvent | None) -> tuple[str, ...]:
    if here is None or there is None:
        return ()
    return tuple(field for field in _COMPARED if getattr(here, field) != getattr(there, field))


def _counterpart(source: EventStore, last: RecordedEvent) -> int:
    """Where `source` has the event that the target ends with."""
    found = next(source.read_stream(last.stream, start=last.revision, limit=1), None)
    if found is None or _differing(found, last):
        raise Conflict(
            f"The log that is copied to ends with an event that the other lacks ({last.stream}, revision "
            f"{last.revision}): copy into an empty one."
        )
    return found.position


def _batches(events: Iterator[RecordedEvent]) -> Iterator[list[RecordedEvent]]:
    """Neighbours of one stream together, as far as one append may hold them."""
    for _, neighbours in groupby(events, key=lambda event: event.stream):
        batch: list[RecordedEvent] = []
        size = 0
        for event in neighbours:
            size += len(event.data) + len(event.metadata) + len(event.type)
            if batch and (size > _BATCH_BYTES or len(batch) == _BATCH_EVENTS):
                yield batch
                batch, size = [], len(event.data) + len(event.metadata) + len(event.type)
            batch.append(event)
        yield batch

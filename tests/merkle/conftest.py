"""Small histories for the tests of the tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid5

import pytest

from shared.eventstore.port import Filter, RecordedEvent
from shared.merkle import CheckpointFile, MerkleLog, SigningKey

ORIGIN = "log.example/forget-me-not"
_NAMESPACE = UUID("6f8f5f6e-3c53-4a55-9a6f-0f4f3d1c2b11")


def recorded(position: int, stream: str, revision: int, data: bytes = b"") -> RecordedEvent:
    """An event as a store delivers it."""
    identity = uuid5(_NAMESPACE, f"{stream} {revision}")
    content = data or f'{{"note":"{position}"}}'.encode()
    return RecordedEvent(
        position,
        stream,
        revision,
        identity.bytes,
        "cases.Noted",
        content,
        b'{"actor":"w-1"}',
        True,
        1_700_000_000_000_000,
    )


class WrittenLog:
    """A log whose rows are given: what a store would deliver if somebody had written exactly these into its file."""

    def __init__(self, events: Sequence[RecordedEvent]) -> None:
        self._events = events

    def read_all(
        self, *, start: int | None = None, limit: int | None = None, filter: Filter | None = None
    ) -> Iterator[RecordedEvent]:
        """See `EventStore.read_all`."""
        assert filter == Filter()
        later = (event for event in self._events if event.position >= (start or 0) and not event.stream.startswith("$"))
        return islice(later, limit)


@pytest.fixture
def history() -> list[RecordedEvent]:
    """Thirteen events of three streams, with gaps in the positions where other events stood."""
    events: list[RecordedEvent] = []
    revisions = {"case-1": 0, "case-2": 0, "grant-7": 0}
    for number, stream in enumerate(["case-1", "case-1", "grant-7", "case-2", "case-1", "grant-7"] * 2 + ["case-2"]):
        events.append(recorded(3 * number + 1, stream, revisions[stream]))
        revisions[stream] += 1
    return events


@pytest.fixture(scope="session")
def written() -> Callable[[Sequence[RecordedEvent]], WrittenLog]:
    """A log with exactly these rows."""
    return WrittenLog


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[MerkleLog]:
    """An empty tree in its file."""
    with MerkleLog(tmp_path / "merkle.db") as tree:
        yield tree


@pytest.fixture
def key() -> SigningKey:
    """A log's key."""
    return SigningKey(ORIGIN, bytes(range(32)))


@pytest.fixture
def checkpoints(tmp_path: Path, key: SigningKey) -> CheckpointFile:
    """The file that gathers the checkpoints."""
    return CheckpointFile(tmp_path / "checkpoints.txt", key)

"""Is this the log that was signed? Recomputes the tree from the events and compares it with checkpoints.

Checkpoints alone tell between which two of them the log departs from what was signed. With the stored
tree (`merkle.db`) as evidence the first event that is altered, gone, new or moved is named; and where the
evidence itself leads to the signed root, the naming is proven, since nobody can make up other leaves that do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from shared.eventstore.port import EventStore, RecordedEvent
from shared.merkle.checkpoint import Checkpoint, open_checkpoint
from shared.merkle.leaf import event_leaf_hashes
from shared.merkle.log import BATCH, COVERED, Leaf, MerkleLog
from shared.merkle.note import VerifierKey
from shared.merkle.tree import Frontier


class Kind(StrEnum):
    """How a log departs from what was signed."""

    ALTERED = "altered"  # another event stands in its place, or it says something else
    DROPPED = "dropped"
    INSERTED = "inserted"
    REORDERED = "reordered"
    ROLLED_BACK = "rolled back"  # the end is missing
    SPLIT_VIEW = "split view"  # two histories were signed or kept
    CHANGED = "changed"  # somewhere in an interval; what it was cannot be told
    TREE_DAMAGED = "tree damaged"  # the log is as signed, the stored tree is not


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first departure. `index`, `stream` and `revision` name the event where the evidence allows it."""

    kind: Kind
    sentence: str
    after: int  # up to this size the log is as signed
    until: int | None  # the size of the checkpoint that it contradicts; None: no checkpoint reaches so far
    proven: bool  # a signature vouches for what stood there, not the stored tree alone
    index: int | None = None
    stream: str | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. The log is good if `divergence` is None."""

    size: int  # events in the log
    root: bytes
    agreed: tuple[Checkpoint, ...]
    divergence: Divergence | None

    @property
    def ok(self) -> bool:
        """Whether the log agrees with every checkpoint and with the stored tree."""
        return self.divergence is None


def verify_log(
    store: EventStore,
    checkpoints: Iterable[str],
    key: VerifierKey,
    evidence: MerkleLog | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Compare every event of `store` with the signed `checkpoints` (notes, in any order) and the stored tree.

    `progress` is told the number of events read so far. Raises `InvalidProof` if a checkpoint is not signed
    by `key`, `StoreCorrupt` if the store cannot read an event.
    """
    signed = sorted({open_checkpoint(note, key) for note in checkpoints}, key=lambda each: (each.size, each.root))
    walk = _Walk(evidence)
    agreed: list[Checkpoint] = []
    contradicted: list[Checkpoint] = []
    events = store.read_all(filter=COVERED)
    for checkpoint in signed:
        for size in walk.to(checkpoint.size, events):
            if progress:
                progress(size)
        same = (walk.frontier.size, walk.frontier.root()) == (checkpoint.size, checkpoint.root)
        (agreed if same else contradicted).append(checkpoint)
    for size in walk.to(None, events):
        if progress:
            progress(size)
    walk.finish()
    divergence = _verdict(walk, agreed, contradicted[0] if contradicted else None)
    return Report(walk.frontier.size, walk.frontier.root(), tuple(agreed), divergence)


@dataclass(slots=True)
class _Parting:
    """Where the log and the stored tree first differ."""

    expected: Leaf
    event: RecordedEvent | None  # None: the log ends here
    expected_found_later: bool = False


class _Walk:
    """One pass over the log, beside the leaves that the stored tree remembers."""

    def __init__(self, evidence: MerkleLog | None) -> None:
        self.frontier = Frontier()
        self.evidence = evidence
        self.remembered = evidence.size if evidence else 0  # before the log is read, as both may grow meanwhile
        self.parting: _Parting | None = None

    def to(self, size: int | None, events: Iterator[RecordedEvent]) -> Iterator[int]:
        """Read on to `size` (None: to the end), yielding the size reached after each batch."""
        while size is None or self.frontier.size < size:
            room = BATCH if size is None else min(BATCH, size - self.frontier.size)
            batch = list(islice(events, room))
            if not batch:
                return
            hashes = event_leaf_hashes(batch)
            self._compare(batch, hashes)
            self.frontier.extend(hashes)
            yield self.frontier.size

    def finish(self) -> None:
        """The log has ended; so should the stored tree."""
        if self.parting is None and self.evidence is not None and self.remembered > self.frontier.size:
            self.parting = _Parting(self.evidence.leaf(self.frontier.size), None)

    def _compare(self, batch: Sequence[RecordedEvent], hashes: Sequence[bytes]) -> None:
        if self.evidence is None:
            return
        if self.parting is None:
            stored = self.evidence.leaf_hashes(self.frontier.size, len(batch))  # fewer if it has not caught up
            if stored == hashes[: len(stored)]:
                return
            first = next(i for i, leaf in enumerate(stored) if leaf != hashes[i])
            self.parting = _Parting(self.evidence.leaf(self.frontier.size + first), batch[first])
            batch = batch[first + 1 :]
        sought = (self.parting.expected.stream, self.parting.expected.id_bytes)
        if any((event.stream, event.id_bytes) == sought for event in batch):
            self.parting.expected_found_later = True


def _verdict(walk: _Walk, agreed: Sequence[Checkpoint], contradicted: Checkpoint | None) -> Divergence | None:
    parting, size = walk.parting, walk.frontier.size
    if contradicted is None:
        after = agreed[-1].size if agreed else 0
        if parting is None:
            return None
        if parting.expected.number < after:
            sentence = (
                f"The log is as signed up to size {after}, but the stored tree differs at leaf "
                f"{parting.expected.number}: the tree was damaged. Delete merkle.db; it is built again."
            )
            leaf = parting.expected
            return Divergence(Kind.TREE_DAMAGED, sentence, after, None, True, leaf.number, leaf.stream, leaf.revision)
        return _named(walk, parting, after, None, proven=False)

    after = max((each.size for each in agreed if each.size < contradicted.size), default=0)
    until = contradicted.size
    later = next((each for each in agreed if each.size >= until), None)
    if later is not None:
        sentence = (
            f"The log agrees with the checkpoint of size {later.size}, but another root was signed for size {until}: "
            "two histories were signed. Ask whoever holds the key."
        )
        return Divergence(Kind.SPLIT_VIEW, sentence, after, until, proven=True)
    # Before `after` the log is as signed, so a tree that differs there was altered itself and tells nothing.
    if parting is not None and after <= parting.expected.number < until:
        return _named(walk, parting, after, until, _leads_to(walk.evidence, contradicted))
    if size < until:
        sentence = f"The log has {size} events, but {until} were signed: it was rolled back, or events were dropped"
        return Divergence(Kind.ROLLED_BACK, f"{sentence} after the first {after}.", after, until, proven=True)
    agree = parting is None or parting.expected.number >= until
    if agree and walk.evidence is not None and walk.evidence.size >= until:
        sentence = (
            f"The log and its stored tree agree with one another, but not with the checkpoint of size {until}: another "
            f"history was signed, or both were rewritten after the first {after} events."
        )
        return Divergence(Kind.SPLIT_VIEW, sentence, after, until, proven=True)
    sentence = (
        f"The log is not what was signed: it was changed among the events {after} to {until - 1}. "
        "Only the stored tree of that time, unaltered, could tell where."
    )
    return Divergence(Kind.CHANGED, sentence, after, until, proven=True)


def _named(walk: _Walk, parting: _Parting, after: int, until: int | None, proven: bool) -> Divergence:
    expected, event = parting.expected, parting.event
    kind = _kind(walk.evidence, parting)
    stream, revision = expected.stream, expected.revision
    if kind is Kind.INSERTED and event is not None:
        stream, revision = event.stream, event.revision
    what = {
        Kind.ALTERED: "was altered",
        Kind.DROPPED: "is missing",
        Kind.INSERTED: "was inserted; it was not there",
        Kind.REORDERED: "was moved",
        Kind.ROLLED_BACK: "and what followed it are missing",
    }[kind]
    vouched = "a signed checkpoint vouches for it" if proven else "the stored tree alone says so, no checkpoint"
    sentence = f"The event in leaf {expected.number} ({stream}, revision {revision}) {what}: {vouched}."
    return Divergence(kind, sentence, after, until, proven, expected.number, stream, revision)


def _kind(evidence: MerkleLog | None, parting: _Parting) -> Kind:
    expected, event = parting.expected, parting.event
    if event is None:
        return Kind.ROLLED_BACK
    if (event.stream, event.id_bytes) == (expected.stream, expected.id_bytes) or evidence is None:
        return Kind.ALTERED
    # Looked up by id, not by hash: who drops or inserts an event may also renumber what follows.
    came_later = evidence.find(event.stream, event.id_bytes, after=expected.number) is not None
    match came_later, parting.expected_found_later:
        case True, True:
            return Kind.REORDERED
        case True, False:
            return Kind.DROPPED
        case False, True:
            return Kind.INSERTED
        case _:
            return Kind.ALTERED


def _leads_to(evidence: MerkleLog | None, checkpoint: Checkpoint) -> bool:
    """Whether the stored leaves, hashed again, give the root that was signed."""
    if evidence is None or evidence.size < checkpoint.size:
        return False
    frontier = Frontier()
    while frontier.size < checkpoint.size:
        frontier.extend(evidence.leaf_hashes(frontier.size, min(BATCH, checkpoint.size - frontier.size)))
    return frontier.root() == checkpoint.root

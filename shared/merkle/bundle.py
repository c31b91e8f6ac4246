"""Proofs to hand out: one JSON document that `verifier.py` checks without our code. README.md gives its format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from shared.errors import NotFound
from shared.eventstore.port import RecordedEvent
from shared.merkle.checkpoint import open_checkpoint
from shared.merkle.errors import LogDiverged
from shared.merkle.leaf import event_leaf_hash
from shared.merkle.log import MerkleLog
from shared.merkle.note import VerifierKey, encoded
from shared.merkle.verifier import FORMAT


def proof_bundle(
    log: MerkleLog, checkpoint: str, key: VerifierKey, events: Iterable[RecordedEvent] = (), earlier: Sequence[str] = ()
) -> dict[str, Any]:
    """The proofs that `events` are in the log that `checkpoint` signs, and that it extends the `earlier` checkpoints.

    Raises `NotFound` for an event that the checkpoint does not cover yet, `InvalidProof` for a checkpoint that
    `key` did not sign, `LogDiverged` if the tree, an event or an earlier checkpoint is not what was signed:
    a document that would not verify is never handed out.
    """
    head = open_checkpoint(checkpoint, key)
    if log.root(head.size) != head.root:
        raise LogDiverged(f"The tree of size {head.size} is not the one that was signed. Verify the log.")
    return {
        "format": FORMAT,
        "checkpoint": checkpoint,
        "events": [_included(log, event, head.size) for event in events],
        "earlier": [_extended(log, note, key, head.size) for note in earlier],
    }


def _included(log: MerkleLog, event: RecordedEvent, size: int) -> dict[str, Any]:
    index = log.index_of(event.position)
    if log.leaf(index).hash != event_leaf_hash(event):
        raise LogDiverged(f"Event {index} of {event.stream} is not the one that the tree covers. Verify the log.")
    if index >= size:
        raise NotFound(f"The checkpoint of size {size} does not cover event {index} yet: take a later one.")
    return {
        "index": index,
        "id": str(event.id),
        "stream": event.stream,
        "revision": event.revision,
        "type": event.type,
        "data": encoded(event.data),
        "metadata": encoded(event.metadata),
        "proof": [encoded(node) for node in log.inclusion(index, size)],
    }


def _extended(log: MerkleLog, note: str, key: VerifierKey, size: int) -> dict[str, Any]:
    first = open_checkpoint(note, key)
    if first.size > size or log.root(first.size) != first.root:
        raise LogDiverged(f"The checkpoint of size {size} does not extend that of size {first.size}. Verify the log.")
    return {"checkpoint": note, "proof": [encoded(node) for node in log.consistency(first.size, size)]}

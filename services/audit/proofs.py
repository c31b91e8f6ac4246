"""What the log can prove of itself, for whoever asks: signed checkpoints, and proofs against them.

A proof is the document that `verifier.py` reads, exactly: save what the API answers, and check it without our code.
The log answers these questions itself, since no read model could vouch for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog
from pydantic import BaseModel, ConfigDict, Field

from shared.errors import Invalid, NotFound, Unavailable
from shared.eventstore.port import EventStore, Filter, RecordedEvent
from shared.feed import Feed
from shared.merkle import (
    CheckpointFile,
    MerkleLog,
    VerifierKey,
    open_checkpoint,
    proof_bundle,
    signing_key,
    split_checkpoints,
)
from shared.messages import Id, Origin, Query, Role
from shared.privacy.durable import sync_folder

ORIGIN = "forget-me-not/log"
"""The log's name in its checkpoints. What tells two installations apart is their key."""

TREE, KEY, CHECKPOINTS = "merkle.db", "checkpoint-key", "checkpoints.txt"
COVERED = Filter()

READERS = [Role.AUDITOR, Role.SUPERVISOR, Role.DATA_PROTECTION_OFFICER, Role.ADMINISTRATOR]

_PACE_SECONDS = 0.5  # between two looks at the log, so that a busy one is added to the tree in few commits
_LONGEST_PAUSE = 15.0

log = structlog.get_logger()


class SignedCheckpoint(BaseModel):
    """The size and root of the log's Merkle tree, and the note that signs them. Keep the note."""

    model_config = ConfigDict(frozen=True)

    origin: str
    size: int = Field(description="How many events it covers")
    root: str = Field(description="Base64")
    note: str = Field(description="The signed note (c2sp.org/tlog-checkpoint), to be kept word for word")


class ProvenEvent(BaseModel):
    """An event as the tree covers it: personal values are ciphertext here, whoever asks."""

    model_config = ConfigDict(frozen=True)

    index: int
    id: Id
    stream: str
    revision: int
    type: str
    data: str = Field(description="Base64")
    metadata: str = Field(description="Base64")
    proof: tuple[str, ...] = Field(description="Inclusion proof, RFC 9162 section 2.1.3")


class ProvenExtension(BaseModel):
    """An earlier checkpoint, and the proof that the log begins with what it covers."""

    model_config = ConfigDict(frozen=True)

    checkpoint: str
    proof: tuple[str, ...] = Field(description="Consistency proof, RFC 9162 section 2.1.4")


class ProofDocument(BaseModel):
    """A proof. Save it as proof.json and run `python verifier.py proof.json --vkey KEY`."""

    model_config = ConfigDict(frozen=True)

    format: str
    checkpoint: str
    events: tuple[ProvenEvent, ...]
    earlier: tuple[ProvenExtension, ...]


class LogKey(BaseModel):
    """The public key that checkpoints are checked with."""

    model_config = ConfigDict(frozen=True)

    origin: str
    verifier_key: str = Field(description="One line, name+hash+base64: what the verifier takes as --vkey")


class ShowCheckpoint(Query[SignedCheckpoint], context="audit", route="GET /audit/checkpoint", roles=READERS):
    """A signed checkpoint of the log as it stands: the last one, or a new one if events came since."""


class ProveInclusion(
    Query[ProofDocument], context="audit", route="GET /audit/proofs/inclusion/{position}", roles=READERS
):
    """The proof that an event is in the log, unaltered."""

    position: int = Field(ge=1, description="The event's place in the log, as receipts name it", examples=[1])


class ProveConsistency(Query[ProofDocument], context="audit", route="GET /audit/proofs/consistency", roles=READERS):
    """The proof that the log of one checkpoint begins with that of an earlier one: nothing was changed between."""

    first_size: int = Field(ge=1, description="The size of the checkpoint that you hold", examples=[1])
    second_size: int | None = Field(None, ge=1, description="The size of a later one; left out: the newest")


class ShowVerifierKey(Query[LogKey], context="audit", route="GET /audit/verifier-key", roles=READERS):
    """The key that checkpoints are checked with. Compare it once with a copy that came another way."""


class Proofs:
    """The tree, the key and the checkpoints of a log, in `folder`. Methods may be called from any thread.

    All but the key raise `LogDiverged` if the log is not the one that the tree or a checkpoint vouches for,
    `InvalidProof` for a damaged checkpoint file, and what the store and the tree raise.
    """

    def __init__(self, folder: Path, store: EventStore, origin: str = ORIGIN) -> None:
        """Makes the folder and the key at first use. Raises `InvalidProof` for a key that is damaged or not secret."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = signing_key(folder / KEY, origin)
        self.verifier: VerifierKey = key.verifier
        self._store = store
        self._path = folder / CHECKPOINTS
        self._checkpoints = CheckpointFile(self._path, key)
        self._tree = MerkleLog(folder / TREE)
        self._newest: str | None = None  # that this process has seen; another may have signed since

    def checkpoint(self, progress: Callable[[int], None] | None = None) -> str:
        """The signed note over the log as it stands; the last one if nothing was added. Raises `Invalid` if empty.

        `progress` is told how many events the tree covers so far.
        """
        self._tree.catch_up(self._store, progress)
        self._newest = note = self._checkpoints.issue(self._tree)
        return note

    def show(self) -> SignedCheckpoint:
        """`checkpoint`, with what it says."""
        note = self.checkpoint()
        origin, size, root = note.split("\n")[:3]
        return SignedCheckpoint(origin=origin, size=int(size), root=root, note=note)

    def proof_of(self, position: int) -> dict[str, Any]:
        """The verifier's document for the event at `position`. Raises `NotFound`."""
        event = next(self._store.read_all(start=position, limit=1, filter=COVERED), None)
        if event is None or event.position != position:
            raise NotFound(f"There is no event at position {position} that proofs cover.", position=position)
        return self.document([event])

    def document(self, events: Sequence[RecordedEvent], held: Sequence[str] = ()) -> dict[str, Any]:
        """The verifier's document for `events`, in order, which also extends the `held` checkpoints."""
        newest = self._covering(events[-1].position) if events and not held else self.checkpoint()
        return proof_bundle(self._tree, newest, self.verifier, events, held)

    def inclusion(self, position: int) -> ProofDocument:
        """The same as `proof_of`, as the API answers it."""
        return ProofDocument.model_validate(self.proof_of(position))

    def consistency(self, first_size: int, second_size: int | None = None) -> ProofDocument:
        """That the checkpoint of `second_size` (None: the newest) extends that of `first_size`.

        Raises `NotFound` for a size of which no checkpoint was signed, `Invalid` if the first is the larger.
        """
        if second_size is not None and second_size < first_size:
            raise Invalid("The first checkpoint is the smaller one: exchange the two sizes.")
        newest = self.checkpoint()
        second = newest if second_size is None else self._signed(second_size)
        document = proof_bundle(self._tree, second, self.verifier, earlier=[self._signed(first_size)])
        return ProofDocument.model_validate(document)

    def follow(self, stop: threading.Event, every_seconds: float = 3600.0) -> None:
        """Keep the tree near the log's head until `stop` is set. Sign what was added: at most so often, and at last.

        What is out of reach for now is tried again, with growing pauses. Raises `LogDiverged`: then nothing more
        is signed, and an operator must look.
        """
        pause = due = 0.0
        while not stop.wait(pause):
            try:
                with Feed(self._store.subscribe(after=self._store.head(), filter=COVERED)) as feed:
                    size = self._tree.catch_up(self._store)
                    pause = 0.0
                    while not stop.is_set():
                        if size and time.monotonic() >= due:
                            self.checkpoint()
                            due = time.monotonic() + every_seconds
                        if feed.next(_PACE_SECONDS):
                            size = self._tree.catch_up(self._store)
                            stop.wait(_PACE_SECONDS)
            except Unavailable as error:
                log.warning("proofs wait for the log or their disk", error=type(error).__name__)
                pause = min(max(pause * 2, _PACE_SECONDS), _LONGEST_PAUSE)
        try:
            if self._tree.catch_up(self._store):
                self.checkpoint()
        except Unavailable as error:
            log.warning("what was added last is signed at the next start", error=type(error).__name__)

    def close(self) -> None:
        """Let go of the files."""
        self._tree.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _covering(self, position: int) -> str:
        if (newest := self._newest) is not None:
            with suppress(NotFound):  # not in the tree yet
                if self._tree.index_of(position) < open_checkpoint(newest, self.verifier).size:
                    return newest
        return self.checkpoint()

    def _signed(self, size: int) -> str:
        # Signatures are checked where a note is used: there may be tens of thousands of them here.
        for note in split_checkpoints(self._path.read_bytes()):
            if note.split("\n")[1] == str(size):
                return note
        raise NotFound(f"No checkpoint of size {size} was signed here.", size=size)


def set_aside(folder: Path, when: datetime) -> list[Path]:
    """Put tree and checkpoints aside, as evidence, so that a log put back from a backup is signed from its beginning.

    Answers where they are. Whoever holds one of those checkpoints will find that the log was put back: tell them why.
    """
    kept = []
    for name in (TREE, f"{TREE}-wal", f"{TREE}-shm", CHECKPOINTS):
        path = folder / name
        if path.exists():
            kept.append(path.rename(folder / f"{name}.until-{when:%Y%m%dT%H%M%SZ}"))
    sync_folder(folder)
    return kept


def queries(proofs: Proofs) -> dict[type[Query[Any]], Callable[[Any, Origin], Any]]:
    """What answers each of the queries above."""
    key = LogKey(origin=proofs.verifier.name, verifier_key=str(proofs.verifier))
    return {
        ShowCheckpoint: lambda query, origin: proofs.show(),
        ProveInclusion: lambda query, origin: proofs.inclusion(query.position),
        ProveConsistency: lambda query, origin: proofs.consistency(query.first_size, query.second_size),
        ShowVerifierKey: lambda query, origin: key,
    }

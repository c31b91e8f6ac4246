"""What proofs and verification cost: `python -m tests.bench.merkle_bench`.

Proof size and time at 10^4, 10^5 and 10^6 events, which should grow with the logarithm; and how fast a
log is verified, beside bare SHA-256 over the same bytes. Medians; what is compared runs in turns.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from shared.eventstore.port import Filter, RecordedEvent
from shared.merkle import MerkleLog, SigningKey, verify_log
from shared.merkle.checkpoint import Checkpoint
from shared.merkle.leaf import event_leaf_hash, leaf_entry
from shared.merkle.tree import verify_consistency, verify_inclusion

SIZES = (10_000, 100_000, 1_000_000)
_DATA = 180  # bytes; with stream, type and metadata an entry has about 330, as encrypted domain events do


class _Log:
    """A log of `size` events, held in memory, so that the tree is measured and not a store."""

    def __init__(self, size: int) -> None:
        dice = random.Random(7)
        revisions = [0] * (size // 20 + 1)
        self.events: list[RecordedEvent] = []
        for position in range(1, size + 1):
            number = dice.randrange(len(revisions))
            metadata = f'{{"actor":"w-{number % 40}","command":"{dice.getrandbits(128):032x}"}}'.encode()
            self.events.append(
                RecordedEvent(
                    position, f"case-{number:032x}", revisions[number], dice.randbytes(16), "cases.ContactNoted",
                    dice.randbytes(_DATA), metadata, True, position,
                )
            )  # fmt: skip
            revisions[number] += 1

    def read_all(
        self, *, start: int | None = None, limit: int | None = None, filter: Filter | None = None
    ) -> Iterator[RecordedEvent]:
        """See `EventStore.read_all`."""
        return islice(self.events, (start or 1) - 1, None if limit is None else (start or 1) - 1 + limit)


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def run(sizes: tuple[int, ...] = SIZES, repeats: int = 5) -> list[dict[str, Any]]:
    """One row a size."""
    return [_row(size, repeats) for size in sizes]


def _row(size: int, repeats: int) -> dict[str, Any]:
    log: Any = _Log(size)
    dice = random.Random(size)
    with tempfile.TemporaryDirectory() as folder, MerkleLog(Path(folder) / "merkle.db") as tree:
        build = _seconds(lambda: tree.catch_up(log))
        root = tree.root()
        inclusions, checks, consistencies, lengths = [], [], [], []
        for _ in range(200):
            index, first = dice.randrange(size), dice.randrange(1, size)
            start = perf_counter()
            proof = tree.inclusion(index, size)
            inclusions.append(perf_counter() - start)
            leaf = event_leaf_hash(log.events[index])
            start = perf_counter()
            verify_inclusion(leaf, index, size, proof, root)
            checks.append(perf_counter() - start)
            start = perf_counter()
            extension = tree.consistency(first, size)
            consistencies.append(perf_counter() - start)
            verify_consistency(first, size, tree.root(first), root, extension)
            lengths.append(len(proof))

        key = SigningKey("bench.example", bytes(32))
        note = key.sign(Checkpoint("bench.example", size, root).text())
        entries = [leaf_entry(event) for event in log.events]

        def bare() -> None:
            for entry in entries:
                sha256(entry).digest()

        works: dict[str, Callable[[], object]] = {
            "bare": bare,
            "verify": lambda: verify_log(log, [note], key.verifier),
            "beside": lambda: verify_log(log, [note], key.verifier, tree),
        }
        times: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(repeats):
            for name, work in works.items():
                times[name].append(_seconds(work))
        if not verify_log(log, [note], key.verifier, tree).ok:
            raise AssertionError("the log that was measured does not verify")
        rate = {name: size / statistics.median(seconds) for name, seconds in times.items()}
        return {
            "events": size,
            "entry_bytes": round(statistics.mean(map(len, entries))),
            "file_bytes_per_event": round(sum(f.stat().st_size for f in Path(folder).iterdir()) / size),
            "build_events_per_s": round(size / build),
            "proof_hashes_max": max(lengths),
            "proof_bytes_max": 32 * max(lengths),
            "inclusion_us": round(1e6 * statistics.median(inclusions), 1),
            "consistency_us": round(1e6 * statistics.median(consistencies), 1),
            "check_us": round(1e6 * statistics.median(checks), 1),
            "verify_events_per_s": round(rate["verify"]),
            "verify_with_tree_events_per_s": round(rate["beside"]),
            "bare_sha256_per_s": round(rate["bare"]),
            "verify_to_bare": round(rate["verify"] / rate["bare"], 3),
        }


def main() -> None:
    """Print one line a figure, one column a size."""
    rows = run()
    for name in rows[0]:
        sys.stdout.write(f"{name:32}" + "".join(f"{row[name]:>14,}" for row in rows) + "\n")


if __name__ == "__main__":
    main()

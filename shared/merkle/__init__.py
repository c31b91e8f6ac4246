"""The log proves itself: a Merkle tree over its events, signed checkpoints, proofs and their verification.

`MerkleLog` follows an event store, `CheckpointFile` signs its root, `proof_bundle` hands out proofs, which
`verifier.py` checks without the rest, and `verify_log` checks a whole log. README.md has the formats.
"""

from shared.merkle.bundle import proof_bundle
from shared.merkle.checkpoint import Checkpoint, CheckpointFile, open_checkpoint, split_checkpoints
from shared.merkle.errors import InvalidProof, LogDiverged
from shared.merkle.log import Leaf, MerkleLog
from shared.merkle.note import SigningKey, VerifierKey, signing_key
from shared.merkle.verify import Divergence, Kind, Report, verify_log

__all__ = [
    "Checkpoint",
    "CheckpointFile",
    "Divergence",
    "InvalidProof",
    "Kind",
    "Leaf",
    "LogDiverged",
    "MerkleLog",
    "Report",
    "SigningKey",
    "VerifierKey",
    "open_checkpoint",
    "proof_bundle",
    "signing_key",
    "split_checkpoints",
    "verify_log",
]

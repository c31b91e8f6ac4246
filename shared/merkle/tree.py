"""Merkle tree hashing, proofs and their verification, by RFC 6962 section 2.1 and RFC 9162 section 2.1.

Pure: the nodes come from a function `node(level, index)`, which answers the hash of the complete
subtree over the leaves `index << level` up to, not including, `(index + 1) << level`. Complete
subtrees never change again, so they can be kept for good, and every proof is a logarithmic number of
them. Consistency with a tree of size 0 is an error: everything extends it, so it would prove nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from shared.errors import Invalid
from shared.merkle.errors import InvalidProof

NodeReader = Callable[[int, int], bytes]

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf. The prefix keeps a leaf from passing for an inner node."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over its two children."""
    return sha256(b"\x01" + left + right).digest()


def complete_subtrees(size: int) -> list[tuple[int, int]]:
    """The complete subtrees, as (level, index) from left to right, that a tree of `size` leaves is made of."""
    levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
    return [(level, (size >> level) - 1) for level in levels]


class Frontier:
    """The right edge of a growing tree: all that is needed to append leaves and to know the root."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        """`peaks` are the hashes of `complete_subtrees(size)`."""
        self.size = size
        self._peaks = list(peaks)

    def extend(self, leaves: Iterable[bytes]) -> list[bytes]:
        """Append leaf hashes. Returns the inner nodes that became complete, children before their parent."""
        peaks, size = self._peaks, self.size
        completed: list[bytes] = []
        for node in leaves:
            index = size
            while index & 1:
                node = sha256(b"\x01" + peaks.pop() + node).digest()
                completed.append(node)
                index >>= 1
            peaks.append(node)
            size += 1
        self.size = size
        return completed

    def root(self) -> bytes:
        """The root of the tree as it stands."""
        if not self._peaks:
            return EMPTY_ROOT
        *rest, root = self._peaks
        for peak in reversed(rest):
            root = node_hash(peak, root)
        return root


def root(node: NodeReader, size: int) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return _range_root(node, 0, size) if size else EMPTY_ROOT


def inclusion_proof(node: NodeReader, index: int, size: int) -> list[bytes]:
    """The path of siblings from leaf `index` up to the root of the first `size` leaves. Raises `Invalid`."""
    if not 0 <= index < size:
        raise Invalid(f"A tree of {size} leaves has no leaf {index}: ask for one from 0 on and below the size.")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _largest_power_below(end - start)
        if index < split:
            path.append(_range_root(node, split, end))
            end = split
        else:
            path.append(_range_root(node, start, split))
            start = split
    return path[::-1]


def consistency_proof(node: NodeReader, first: int, second: int) -> list[bytes]:
    """What shows that the tree of `second` leaves begins with the tree of `first` leaves. Raises `Invalid`."""
    if not 0 < first <= second:
        raise Invalid(f"There is no consistency proof from size {first} to size {second}: the first must be 1 or more.")
    path: list[bytes] = []
    start, end = 0, second
    while end != first:
        split = start + _largest_power_below(end - start)
        if first <= split:
            path.append(_range_root(node, split, end))
            end = split
        else:
            path.append(_range_root(node, start, split))
            start = split
    if start:  # otherwise this node is the first tree's root, which the verifier has
        path.append(_range_root(node, start, end))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash stands at `index` of the tree (RFC 9162 section 2.1.3.2). Raises `InvalidProof`."""
    if not 0 <= index < size:
        raise InvalidProof(f"Leaf {index} is not in a tree of {size} leaves.")
    _require_hashes(leaf, *proof)
    position, last = index, size - 1
    for sibling in proof:
        if last == 0:
            raise InvalidProof("The inclusion proof is longer than the tree is high.")
        if position & 1 or position == last:
            leaf = node_hash(sibling, leaf)
            while position and not position & 1:  # levels at which the right edge has no sibling
                position, last = position >> 1, last >> 1
        else:
            leaf = node_hash(leaf, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise InvalidProof("The inclusion proof is shorter than the tree is high.")
    if leaf != root:
        raise InvalidProof(f"The inclusion proof does not lead from leaf {index} to the root.")


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the second tree begins with the first (RFC 9162 section 2.1.4.2). Raises `InvalidProof`."""
    if not 0 < first <= second:
        raise InvalidProof(f"A tree of size {second} cannot be shown to extend one of size {first}.")
    _require_hashes(*proof)
    if first == second:
        if proof or first_root != second_root:
            raise InvalidProof(f"Two trees of size {first} have different roots, or a proof where none is due.")
        return
    if not proof:
        raise InvalidProof("The consistency proof is empty.")
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise InvalidProof("The consistency proof is longer than the tree is high.")
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise InvalidProof("The consistency proof is shorter than the tree is high.")
    if old != first_root or new != second_root:
        raise InvalidProof(f"The tree of size {second} does not begin with the tree of size {first}.")


def _range_root(node: NodeReader, start: int, end: int) -> bytes:
    """The hash over leaves `start` to `end`; one stored node if they fill a subtree, as `start` is always aligned."""
    size = end - start
    if size & (size - 1) == 0:
        return node(size.bit_length() - 1, start // size)
    split = start + _largest_power_below(size)
    return node_hash(_range_root(node, start, split), _range_root(node, split, end))


def _largest_power_below(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def _require_hashes(*hashes: bytes) -> None:
    # Without this, bytes could be shifted between the two children of a node and hash the same.
    if any(len(each) != HASH_SIZE for each in hashes):
        raise InvalidProof(f"Every hash of a proof has {HASH_SIZE} bytes.")

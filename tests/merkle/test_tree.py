"""Hashing and proofs by RFC 6962: published vectors, and properties that hold for every tree."""

from __future__ import annotations

import json
import os
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.merkle import InvalidProof, tree, verifier

STANDARDS = Path(os.environ.get("STANDARDS_DIR", Path(__file__).parents[3] / "shared" / "standards"))
VECTORS = STANDARDS / "rfc6962-merkle-vectors"


def vectors(kind: str) -> list[Any]:
    files = sorted((VECTORS / kind).rglob("*.json"))
    if not files:
        reason = f"the RFC 6962 vectors are not in {VECTORS.name} below STANDARDS_DIR"
        return [pytest.param(None, id=f"{kind}-vectors-absent", marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(json.loads(file.read_text()), id=str(file.relative_to(VECTORS))) for file in files]


def outcome(check: Any, *arguments: Any) -> bool:
    """Whether the check accepts; it may refuse with its own error only."""
    try:
        check(*arguments)
    except (InvalidProof, verifier.Refused):
        return False
    return True


@pytest.mark.parametrize("vector", vectors("inclusion"))
def test_inclusion_vectors_are_accepted_and_refused_as_published(vector: dict[str, Any]) -> None:
    proof = [b64decode(node) for node in vector["proof"] or []]
    arguments = b64decode(vector["leafHash"]), vector["leafIdx"], vector["treeSize"], proof, b64decode(vector["root"])
    assert outcome(tree.verify_inclusion, *arguments) is not vector["wantErr"]
    if all(len(node) == 32 for node in (arguments[0], *proof)):  # the verifier sees to that when it reads a document
        assert outcome(verifier.check_inclusion, *arguments) is not vector["wantErr"]


@pytest.mark.parametrize("vector", vectors("consistency"))
def test_consistency_vectors_are_accepted_and_refused_as_published(vector: dict[str, Any]) -> None:
    proof = [b64decode(node) for node in vector["proof"] or []]
    roots = b64decode(vector["root1"]), b64decode(vector["root2"])
    arguments = vector["size1"], vector["size2"], *roots, proof
    assert outcome(tree.verify_consistency, *arguments) is not vector["wantErr"]
    if all(len(node) == 32 for node in proof):
        assert outcome(verifier.check_consistency, *arguments) is not vector["wantErr"]


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


def some_leaves(count: int) -> list[bytes]:
    return [tree.leaf_hash(str(number).encode()) for number in range(count)]


def reader_of(leaves: list[bytes]) -> tree.NodeReader:
    return lambda level, index: by_definition(leaves[index << level : index + 1 << level])


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert tree.Frontier().root() == sha256(b"").digest() == tree.root(reader_of([]), 0)


@given(st.lists(st.integers(1, 40), max_size=6))
def test_leaves_appended_in_any_batches_give_the_root_of_the_definition(batches: list[int]) -> None:
    leaves = some_leaves(sum(batches))
    frontier, start = tree.Frontier(), 0
    for count in batches:
        frontier.extend(leaves[start : start + count])
        start += count
        assert frontier.root() == by_definition(leaves[:start])
    assert tree.root(reader_of(leaves), len(leaves)) == frontier.root()


@given(st.integers(1, 70).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_every_leaf_is_proven_to_be_included_and_nothing_else_is(place: tuple[int, int]) -> None:
    index, size = place
    leaves = some_leaves(size)
    root = by_definition(leaves)
    proof = tree.inclusion_proof(reader_of(leaves), index, size)
    assert len(proof) <= size.bit_length()
    for check in (tree.verify_inclusion, verifier.check_inclusion):
        check(leaves[index], index, size, proof, root)
        assert not outcome(check, tree.leaf_hash(b"another"), index, size, proof, root)
        assert not outcome(check, leaves[index], index, size, proof, tree.leaf_hash(b"another"))
        assert not outcome(check, leaves[index], size, size, proof, root)
        assert not outcome(check, leaves[index], index, size, [*proof, root], root)
        assert not outcome(check, leaves[index], index, size, proof[:-1], root) or not proof
        for other in range(size):
            assert outcome(check, leaves[index], other, size, proof, root) is (other == index)


@given(st.integers(1, 70).flatmap(lambda size: st.tuples(st.integers(1, size), st.just(size))))
def test_every_tree_is_proven_to_extend_its_beginnings_and_no_other(sizes: tuple[int, int]) -> None:
    first, second = sizes
    leaves = some_leaves(second)
    old, new = by_definition(leaves[:first]), by_definition(leaves)
    proof = tree.consistency_proof(reader_of(leaves), first, second)
    for check in (tree.verify_consistency, verifier.check_consistency):
        check(first, second, old, new, proof)
        assert not outcome(check, first, second, tree.leaf_hash(b"another"), new, proof)
        assert not outcome(check, first, second, old, tree.leaf_hash(b"another"), proof)
        assert not outcome(check, 0, second, old, new, proof)
        assert not outcome(check, first, second, old, new, [*proof, old])
        assert not outcome(check, first, second, old, new, proof[:-1]) or not proof


def test_every_flipped_bit_of_a_proof_is_refused() -> None:
    leaves = some_leaves(11)
    reader, root, old = reader_of(leaves), by_definition(leaves), by_definition(leaves[:6])
    included, extended = tree.inclusion_proof(reader, 9, 11), tree.consistency_proof(reader, 6, 11)
    for check_inclusion in (tree.verify_inclusion, verifier.check_inclusion):
        for proof in flipped(included):
            assert not outcome(check_inclusion, leaves[9], 9, 11, proof, root)
    for check_consistency in (tree.verify_consistency, verifier.check_consistency):
        for proof in flipped(extended):
            assert not outcome(check_consistency, 6, 11, old, root, proof)


def flipped(proof: list[bytes]) -> list[list[bytes]]:
    """The proof with each of its bits changed, one at a time."""
    changed = []
    for place, node in enumerate(proof):
        for bit in range(8 * len(node)):
            other = (int.from_bytes(node) ^ 1 << bit).to_bytes(len(node))
            changed.append([*proof[:place], other, *proof[place + 1 :]])
    return changed


@given(
    st.integers(-2, 80), st.integers(-2, 80), st.binary(max_size=40), st.binary(max_size=40),
    st.lists(st.binary(min_size=31, max_size=33), max_size=9),
)  # fmt: skip
def test_nonsense_is_refused_with_one_kind_of_error(
    one: int, two: int, left: bytes, right: bytes, proof: list[bytes]
) -> None:
    outcome(tree.verify_inclusion, left, one, two, proof, right)
    outcome(tree.verify_consistency, one, two, left, right, proof)


def test_bytes_shifted_between_two_children_are_refused() -> None:
    leaves = some_leaves(2)
    longer, shorter = leaves[0] + leaves[1][:1], leaves[1][1:]
    assert tree.node_hash(longer, shorter) == by_definition(leaves)
    assert not outcome(tree.verify_inclusion, longer, 0, 2, [shorter], by_definition(leaves))


def test_a_proof_outside_the_tree_cannot_be_asked_for() -> None:
    reader = reader_of(some_leaves(4))
    with pytest.raises(Invalid):
        tree.inclusion_proof(reader, 4, 4)
    with pytest.raises(Invalid):
        tree.consistency_proof(reader, 0, 4)
    with pytest.raises(Invalid):
        tree.consistency_proof(reader, 5, 4)

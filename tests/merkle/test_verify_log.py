"""Whatever is done to a log, the verification finds it and, with the stored tree, names it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.eventstore.port import NewEvent, RecordedEvent
from shared.eventstore.sqlite import open_store
from shared.merkle import (
    Checkpoint,
    CheckpointFile,
    InvalidProof,
    Kind,
    MerkleLog,
    SigningKey,
    open_checkpoint,
    verify_log,
)
from shared.merkle import verify as verify_module
from shared.merkle.leaf import leaf_entry

Events = list[RecordedEvent]


@pytest.fixture
def notes(tree: MerkleLog, checkpoints: CheckpointFile, written: Any, history: Events) -> list[str]:
    """Checkpoints of size 4, 9 and 13; the tree holds the whole history."""
    for size in (4, 9, 13):
        tree.catch_up(written(history[:size]))
        checkpoints.issue(tree)
    return checkpoints.notes()


def stranger(after: RecordedEvent) -> RecordedEvent:
    return after._replace(stream="case-9", revision=0, id_bytes=uuid4().bytes, data=b'{"note":"new"}')


def renumbered(events: Events) -> Events:
    """What a careful forger leaves: positions and revisions without gaps."""
    revisions: dict[str, int] = {}
    result = []
    for position, event in enumerate(events, 1):
        revision = revisions.get(event.stream, -1) + 1
        revisions[event.stream] = revision
        result.append(event._replace(position=position, revision=revision))
    return result


def test_an_untouched_log_agrees_with_all_its_checkpoints(
    tree: MerkleLog, key: SigningKey, notes: list[str], written: Any, history: Events
) -> None:
    seen: list[int] = []
    for evidence in (tree, None):
        report = verify_log(written(history), reversed(notes), key.verifier, evidence, progress=seen.append)
        assert report.ok
        assert [checkpoint.size for checkpoint in report.agreed] == [4, 9, 13]
        assert (report.size, report.root) == (13, tree.root())
    assert seen == [4, 9, 13] * 2


def test_a_log_that_has_grown_since_still_agrees(
    key: SigningKey, notes: list[str], written: Any, history: Events, tree: MerkleLog
) -> None:
    grown = [*history, stranger(history[-1])._replace(position=99)]
    report = verify_log(written(grown), notes, key.verifier, tree)
    assert report.ok
    assert report.size == 14


CHANGES: list[Any] = [
    pytest.param(lambda e: [*e[:6], e[6]._replace(data=b"{}"), *e[7:]], Kind.ALTERED, ("case-1", 3), id="altered"),
    pytest.param(lambda e: [*e[:6], stranger(e[6]), *e[7:]], Kind.ALTERED, ("case-1", 3), id="replaced"),
    pytest.param(lambda e: [*e[:6], *e[7:]], Kind.DROPPED, ("case-1", 3), id="dropped"),
    pytest.param(lambda e: [*e[:6], *e[7:], stranger(e[6])], Kind.DROPPED, ("case-1", 3), id="dropped, another added"),
    pytest.param(lambda e: [*e[:6], stranger(e[5]), *e[6:]], Kind.INSERTED, ("case-9", 0), id="inserted"),
    pytest.param(lambda e: [*e[:6], e[5], *e[6:]], Kind.INSERTED, ("grant-7", 1), id="doubled"),
    pytest.param(lambda e: [*e[:6], e[8], e[7], e[6], *e[9:]], Kind.REORDERED, ("case-1", 3), id="swapped"),
    pytest.param(lambda e: [*e[:6], *e[7:11], e[6], *e[11:]], Kind.REORDERED, ("case-1", 3), id="moved back"),
    pytest.param(lambda e: e[:6], Kind.ROLLED_BACK, ("case-1", 3), id="rolled back"),
]


@pytest.mark.parametrize("tidy", [list, renumbered], ids=["as is", "renumbered"])
@pytest.mark.parametrize(("change", "kind", "named"), CHANGES)
def test_with_the_stored_tree_the_first_change_is_named(
    tree: MerkleLog, key: SigningKey, notes: list[str], written: Any, history: Events, tidy: Callable[[Events], Events],
    change: Callable[[Events], Events], kind: Kind, named: tuple[str, int],
) -> None:  # fmt: skip
    report = verify_log(written(tidy(change(history))), notes, key.verifier, tree)
    assert not report.ok
    found = report.divergence
    assert found
    assert (found.kind, found.index, found.after, found.until, found.proven) == (kind, 6, 4, 9, True)
    if tidy is list or kind is not Kind.INSERTED:  # a renumbered stranger has the number that the forger gave it
        assert (found.stream, found.revision) == named
    assert f"The event in leaf 6 ({found.stream}, revision {found.revision})" in found.sentence


@pytest.mark.parametrize(("change", "kind", "named"), CHANGES)
def test_without_the_stored_tree_the_interval_is_named(
    key: SigningKey, notes: list[str], written: Any, history: Events, change: Callable[[Events], Events], kind: Kind,
    named: tuple[str, int],
) -> None:  # fmt: skip
    report = verify_log(written(change(history)), notes, key.verifier)
    found = report.divergence
    assert found
    expected = Kind.ROLLED_BACK if kind is Kind.ROLLED_BACK else Kind.CHANGED
    assert (found.kind, found.index, found.after, found.until) == (expected, None, 4, 9)


def test_a_change_beyond_the_last_checkpoint_is_found_by_the_stored_tree_alone(
    tree: MerkleLog, key: SigningKey, notes: list[str], written: Any, history: Events
) -> None:
    changed = [*history[:11], history[11]._replace(metadata=b"{}"), history[12]]
    found = verify_log(written(changed), notes[:2], key.verifier, tree).divergence
    assert found
    assert (found.kind, found.index, found.after, found.until, found.proven) == (Kind.ALTERED, 11, 9, None, False)
    found = verify_log(written(history[:11]), notes[:2], key.verifier, tree).divergence
    assert found
    assert (found.kind, found.index, found.proven) == (Kind.ROLLED_BACK, 11, False)


def test_a_log_and_a_tree_that_were_rewritten_together_contradict_a_checkpoint_held_outside(
    tmp_path: Path, key: SigningKey, notes: list[str], written: Any, history: Events
) -> None:
    rewritten = [*history[:6], history[6]._replace(data=b"{}"), *history[7:]]
    with MerkleLog(tmp_path / "rewritten.db") as other:
        other.catch_up(written(rewritten))
        # The forger signs the new history too; the auditor still holds what was signed before.
        own = key.sign(Checkpoint(key.verifier.name, 13, other.root()).text())
        found = verify_log(written(rewritten), notes[:2], key.verifier, other).divergence
        assert found
        assert (found.kind, found.after, found.until) == (Kind.SPLIT_VIEW, 4, 9)
        for held in ([own, *notes], [own, notes[1]]):
            found = verify_log(written(rewritten), held, key.verifier, other).divergence
            assert found
            assert (found.kind, found.until) == (Kind.SPLIT_VIEW, 9)
            assert "two histories were signed" in found.sentence


def test_a_rolled_back_log_whose_tree_was_built_again_contradicts_a_checkpoint_held_outside(
    tmp_path: Path, key: SigningKey, notes: list[str], written: Any, history: Events
) -> None:
    with MerkleLog(tmp_path / "rebuilt.db") as rebuilt:
        rebuilt.catch_up(written(history[:10]))
        found = verify_log(written(history[:10]), notes, key.verifier, rebuilt).divergence
    assert found
    assert (found.kind, found.after, found.until) == (Kind.ROLLED_BACK, 9, 13)
    assert "has 10 events, but 13 were signed" in found.sentence


def test_a_damaged_tree_is_not_taken_for_a_damaged_log(
    tmp_path: Path, key: SigningKey, notes: list[str], written: Any, history: Events
) -> None:
    with MerkleLog(tmp_path / "damaged.db") as damaged:
        damaged.catch_up(written([*history[:2], history[2]._replace(data=b"{}"), *history[3:]]))
        found = verify_log(written(history), notes, key.verifier, damaged).divergence
        assert found
        assert (found.kind, found.index) == (Kind.TREE_DAMAGED, 2)
        changed = [*history[:6], history[6]._replace(data=b"{}"), *history[7:]]
        found = verify_log(written(changed), notes, key.verifier, damaged).divergence
        assert found
        assert (found.kind, found.index, found.after, found.until) == (Kind.CHANGED, None, 4, 9)


def test_every_flipped_bit_of_a_small_log_is_found_and_named(
    tree: MerkleLog, key: SigningKey, notes: list[str], written: Any, history: Events
) -> None:
    fields = ("stream", "revision", "id_bytes", "type", "data", "metadata")
    for index, event in enumerate(history):
        for field in fields:
            for changed in flipped(getattr(event, field)):
                altered = event._replace(**{field: changed})
                assert leaf_entry(altered) != leaf_entry(event)
                found = verify_log(
                    written([*history[:index], altered, *history[index + 1 :]]), notes[2:], key.verifier, tree
                ).divergence
                assert found
                assert (found.kind, found.index, found.proven) == (Kind.ALTERED, index, True)
                assert (found.stream, found.revision) == (event.stream, event.revision)


def flipped(value: str | int | bytes) -> list[Any]:
    """The value with each of its bits changed, one at a time, where the result is still such a value."""
    if isinstance(value, int):
        return [value ^ 1 << bit for bit in range(64)]
    raw = value.encode() if isinstance(value, str) else value
    changed = [(int.from_bytes(raw) ^ 1 << bit).to_bytes(len(raw)) for bit in range(8 * len(raw))]
    if isinstance(value, bytes):
        return changed
    texts = [other.decode(errors="ignore") for other in changed]
    return [text for text in texts if len(text) == len(value) and not text.startswith("$")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_any_one_change_anywhere_is_found_with_and_without_the_tree(
    data: st.DataObject, tree: MerkleLog, key: SigningKey, notes: list[str], written: Any, history: Events
) -> None:
    first = data.draw(st.integers(0, 11))
    other = data.draw(st.integers(first + 1, 12))
    before, event, after = history[:first], history[first], history[first + 1 :]
    between, later, rest = history[first + 1 : other], history[other], history[other + 1 :]
    changed = data.draw(
        st.sampled_from(
            [
                [*before, *after],
                [*before, stranger(event), event, *after],
                [*before, event._replace(type="cases.Other"), *after],
                [*before, later, *between, event, *rest],
            ]
        )
    )
    named = verify_log(written(changed), notes, key.verifier, tree).divergence
    assert named
    assert (named.index, named.proven) == (first, True)
    unnamed = verify_log(written(changed), notes, key.verifier).divergence
    assert unnamed
    assert unnamed.until
    assert unnamed.after <= first < unnamed.until


def test_a_log_that_grows_while_it_is_read_is_not_taken_for_a_rolled_back_one(
    tree: MerkleLog, key: SigningKey, notes: list[str], written: Any, history: Events
) -> None:
    grown = [*history, stranger(history[-1])._replace(position=99)]
    report = verify_log(
        written(history), notes, key.verifier, tree, progress=lambda _: tree.catch_up(written(grown)) and None
    )
    assert report.ok
    assert (report.size, tree.size) == (13, 14)


def test_batches_and_checkpoints_need_not_meet(
    tree: MerkleLog, key: SigningKey, notes: list[str], written: Any, history: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_module, "BATCH", 2)
    assert verify_log(written(history), notes, key.verifier, tree).ok
    moved = [*history[:6], *history[7:12], history[6], history[12]]
    found = verify_log(written(moved), notes, key.verifier, tree).divergence
    assert found
    assert (found.kind, found.index) == (Kind.REORDERED, 6)


def test_a_checkpoint_that_the_log_did_not_sign_is_refused(
    key: SigningKey, notes: list[str], written: Any, history: Events
) -> None:
    forger = SigningKey(key.verifier.name, bytes(32))
    forged = forger.sign(open_checkpoint(notes[0], key.verifier).text())
    with pytest.raises(InvalidProof):
        verify_log(written(history), [*notes, forged], key.verifier)


def test_a_real_store_is_verified_and_one_restored_from_a_backup_is_found(
    tmp_path: Path, tree: MerkleLog, checkpoints: CheckpointFile, key: SigningKey
) -> None:
    events = [NewEvent(uuid4(), "cases.Noted", b'{"n":1}') for _ in range(9)]
    with open_store(tmp_path / "log") as store, open_store(tmp_path / "backup") as backup:
        store.append("case-1", events[:5])
        backup.append("case-1", events[:5])
        store.append("case-2", events[5:])
        tree.catch_up(store)
        note = checkpoints.issue(tree)
        assert verify_log(store, [note], key.verifier, tree).ok
        found = verify_log(backup, [note], key.verifier, tree).divergence
    assert found
    assert (found.kind, found.stream, found.revision) == (Kind.ROLLED_BACK, "case-2", 0)

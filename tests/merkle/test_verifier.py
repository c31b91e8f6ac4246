"""What is handed out verifies at an auditor's, with one file and none of our code; nothing else does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import NotFound
from shared.eventstore.port import RecordedEvent
from shared.merkle import (
    Checkpoint,
    CheckpointFile,
    InvalidProof,
    LogDiverged,
    MerkleLog,
    SigningKey,
    proof_bundle,
    verifier,
)

Events = list[RecordedEvent]


@dataclass
class Auditor:
    """An empty folder with the verifier in it, and nothing else of ours."""

    folder: Path

    def verify(self, document: Any, key: str, *held: str) -> subprocess.CompletedProcess[str]:
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        (self.folder / "proof.json").write_bytes(content)
        options = []
        for number, notes in enumerate(held):
            (self.folder / f"held-{number}.txt").write_text(notes)
            options += ["--checkpoint", f"held-{number}.txt"]
        command = [sys.executable, "-I", "verifier.py", "proof.json", "--vkey", key, *options]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)


@pytest.fixture
def auditor(tmp_path: Path) -> Auditor:
    folder = tmp_path / "auditor"
    folder.mkdir()
    shutil.copy(Path(verifier.__file__), folder / "verifier.py")
    return Auditor(folder)


@pytest.fixture
def notes(tree: MerkleLog, checkpoints: CheckpointFile, written: Any, history: Events) -> list[str]:
    """Checkpoints of size 4, 8 and 13."""
    for size in (4, 8, 13):
        tree.catch_up(written(history[:size]))
        checkpoints.issue(tree)
    return checkpoints.notes()


@pytest.fixture
def document(tree: MerkleLog, key: SigningKey, notes: list[str], history: Events) -> dict[str, Any]:
    """The proofs of three events and of two earlier checkpoints."""
    chosen = [history[0], history[6], history[12]]
    return proof_bundle(tree, notes[2], key.verifier, chosen, notes[:2])


def test_a_document_verifies_without_our_code(
    auditor: Auditor, document: dict[str, Any], key: SigningKey, notes: list[str]
) -> None:
    answer = auditor.verify(document, str(key.verifier), "".join(notes), notes[1])
    assert answer.stderr == ""
    assert answer.returncode == 0
    assert "included    event 6: 'case-1' revision 3, 'cases.Noted'" in answer.stdout
    assert "extends     the checkpoint of 8 events" in answer.stdout
    assert "agrees      with the checkpoint of 4 events that you hold" in answer.stdout
    assert answer.stdout.endswith("OK: everything in the document is proven\n")


def refused(answer: subprocess.CompletedProcess[str], why: str) -> bool:
    return answer.returncode == 1 and answer.stdout == "" and answer.stderr.startswith(f"REFUSED: {why}")


def test_a_changed_event_is_refused(auditor: Auditor, document: dict[str, Any], key: SigningKey) -> None:
    document["events"][1]["revision"] = 4
    assert refused(auditor.verify(document, str(key.verifier)), "event 6 is not in the tree, or was altered")


def test_another_key_is_refused(auditor: Auditor, document: dict[str, Any]) -> None:
    stranger = str(SigningKey("log.example/forget-me-not", bytes(32)).verifier)
    assert refused(auditor.verify(document, stranger), "the checkpoint is not signed by the verifier key")


def test_a_split_view_is_refused_by_who_holds_the_other_checkpoint(
    auditor: Auditor, document: dict[str, Any], key: SigningKey
) -> None:
    other = key.sign(Checkpoint(key.verifier.name, 8, bytes(32)).text())
    why = "nothing shows that the log extends the checkpoint of 8 events that you hold"
    assert refused(auditor.verify(document, str(key.verifier), other), why)


def test_a_rolled_back_log_is_refused_by_who_holds_a_later_checkpoint(
    auditor: Auditor, tree: MerkleLog, key: SigningKey, notes: list[str]
) -> None:
    shown = proof_bundle(tree, notes[1], key.verifier, earlier=notes[:1])
    why = "nothing shows that the log extends the checkpoint of 13 events that you hold"
    assert refused(auditor.verify(shown, str(key.verifier), notes[2]), why)


@pytest.mark.parametrize(("content", "why"), [
    (b"", "malformed"),
    (b"\xff\xfe", "malformed"),
    (b"[" * 100_000, "malformed"),
    (b"{}", "the document does not have exactly the fields"),
    (b'{"format": "a", "format": "b"}', "the document names a field twice"),
])  # fmt: skip
def test_a_file_that_is_no_proof_is_refused_in_a_sentence(
    auditor: Auditor, key: SigningKey, content: bytes, why: str
) -> None:
    assert refused(auditor.verify(content, str(key.verifier)), why)


def test_a_file_that_is_not_there_is_refused_in_a_sentence(auditor: Auditor, key: SigningKey) -> None:
    command = [sys.executable, "-I", "verifier.py", "missing.json", "--vkey", str(key.verifier)]
    answer = subprocess.run(command, cwd=auditor.folder, capture_output=True, text=True, check=False)
    assert refused(answer, "[Errno 2] No such file")


def test_a_damaged_file_of_checkpoints_is_refused(
    auditor: Auditor, document: dict[str, Any], key: SigningKey, notes: list[str]
) -> None:
    answer = auditor.verify(document, str(key.verifier), notes[0] + notes[1][:-1])
    assert refused(answer, "the file of checkpoints is cut short or damaged")


def check(document: Any, key: SigningKey) -> bool:
    """Whether the verifier, called in this process, accepts; it may refuse with its own error only."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    try:
        verifier.check_document(content, str(key.verifier))
    except verifier.Refused:
        return False
    return True


def test_every_flipped_bit_of_a_document_is_refused_or_says_the_same(document: dict[str, Any], key: SigningKey) -> None:
    content = json.dumps(document).encode()
    assert check(content, key)
    for bit in range(8 * len(content)):
        other = bytearray(content)
        other[bit // 8] ^= 1 << bit % 8
        if check(bytes(other), key):  # another space between two fields, another case in an escape
            assert json.loads(bytes(other)) == document


@pytest.mark.parametrize("change", [
    lambda d: d.update(note="riding along"),
    lambda d: d["events"][0].update(plain="riding along"),
    lambda d: d["events"][0].update(index=True),
    lambda d: d["events"][0].update(index=13),
    lambda d: d["events"][0].update(index=-1),
    lambda d: d["events"][0].update(revision=-1),
    lambda d: d["events"][0].update(revision=2**64),
    lambda d: d["events"][0].update(stream="\ud800"),
    lambda d: d["events"][0].update(id=d["events"][0]["id"].upper()),
    lambda d: d["events"][0].update(id="no-uuid"),
    lambda d: d["events"][0].update(data=d["events"][0]["data"] + "\n"),
    lambda d: d["events"][0].update(proof=[]),
    lambda d: d["events"][0].update(proof=[None]),
    lambda d: d["events"][0]["proof"].append(d["events"][0]["proof"][0]),
    lambda d: d["earlier"][0].update(proof=[]),
    lambda d: d["earlier"][0]["proof"].reverse(),
    lambda d: d["earlier"].append([]),
    lambda d: d.update(format="forget-me-not proof 2"),
    lambda d: d.update(checkpoint=d["earlier"][0]["checkpoint"]),
])  # fmt: skip
def test_a_document_with_anything_else_in_it_is_refused(
    document: dict[str, Any], key: SigningKey, change: Callable[[dict[str, Any]], object]
) -> None:
    change(document)
    assert not check(document, key)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
KEY = SigningKey("log.example", bytes(range(32)))
NOTE = KEY.sign(Checkpoint("log.example", 1, bytes(32)).text())


@given(json_values, json_values, json_values, st.sampled_from(["", NOTE]) | st.text(max_size=20))
def test_nonsense_is_refused_with_one_kind_of_error(events: Any, earlier: Any, field: Any, note: str) -> None:
    names = [*verifier.EVENT, "proof"]
    shapes = [events, [events], [dict.fromkeys(names, field)]]
    for shape in shapes:
        head = {"format": verifier.FORMAT, "checkpoint": note, "events": shape, "earlier": earlier}
        assert not check(head, KEY) or (shape == [] and earlier == [])
    check(json.dumps(events).encode(), KEY)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_document_are_refused_with_one_kind_of_error(content: bytes) -> None:
    assert not check(content, KEY)
    with pytest.raises(verifier.Refused):
        verifier.check_document(b"{}", str(KEY.verifier), [content])


def test_an_event_that_the_checkpoint_does_not_cover_yet_is_not_found(
    tree: MerkleLog, key: SigningKey, notes: list[str], history: Events
) -> None:
    with pytest.raises(NotFound, match="take a later one"):
        proof_bundle(tree, notes[0], key.verifier, [history[4]])


def test_no_document_is_made_that_would_not_verify(
    tree: MerkleLog, key: SigningKey, notes: list[str], history: Events
) -> None:
    def signed(size: int) -> str:
        return key.sign(Checkpoint(key.verifier.name, size, bytes(32)).text())

    with pytest.raises(LogDiverged):
        proof_bundle(tree, signed(4), key.verifier)
    with pytest.raises(LogDiverged):
        proof_bundle(tree, notes[1], key.verifier, earlier=[signed(4)])
    with pytest.raises(LogDiverged):
        proof_bundle(tree, notes[0], key.verifier, earlier=[notes[1]])
    with pytest.raises(LogDiverged):
        proof_bundle(tree, notes[2], key.verifier, [history[3]._replace(data=b"{}")])
    with pytest.raises(InvalidProof):
        proof_bundle(tree, notes[2].replace("13", "12"), key.verifier)


def test_the_verifier_needs_none_of_our_code() -> None:
    imports = [line for line in Path(verifier.__file__).read_text().splitlines() if line.startswith(("import", "from"))]
    modules = {line.split()[1].split(".")[0] for line in imports}
    assert modules - sys.stdlib_module_names == {"cryptography"}

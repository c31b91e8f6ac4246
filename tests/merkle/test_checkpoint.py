"""Signed checkpoints, their keys and the file that gathers them."""

from __future__ import annotations

import base64
import errno
import fcntl
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid, StoreFull, Unavailable
from shared.eventstore.port import RecordedEvent
from shared.merkle import (
    Checkpoint,
    CheckpointFile,
    InvalidProof,
    LogDiverged,
    MerkleLog,
    SigningKey,
    VerifierKey,
    open_checkpoint,
    signing_key,
    split_checkpoints,
    verifier,
)
from shared.merkle.note import open_note

KEY = SigningKey("log.example/forget-me-not", bytes(range(32)))
CHECKPOINT = Checkpoint(KEY.verifier.name, 42, hashlib.sha256(b"root").digest())
NOTE = KEY.sign(CHECKPOINT.text())


def test_a_note_is_made_as_the_format_says() -> None:
    text, signature = NOTE.split("\n\n")
    assert text.split("\n") == [
        "log.example/forget-me-not", "42", base64.b64encode(hashlib.sha256(b"root").digest()).decode(),
    ]  # fmt: skip
    dash, name, encoded = signature.removesuffix("\n").split(" ")
    raw = base64.b64decode(encoded)
    public = KEY.verifier.public
    assert (dash, name) == ("\u2014", "log.example/forget-me-not")
    assert raw[:4] == hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], (text + "\n").encode())
    assert str(KEY.verifier) == name + "+" + raw[:4].hex() + "+" + base64.b64encode(b"\x01" + public).decode()


def test_a_checkpoint_is_read_back() -> None:
    assert open_checkpoint(NOTE, KEY.verifier) == CHECKPOINT
    assert open_checkpoint(NOTE, VerifierKey.parse(str(KEY.verifier))) == CHECKPOINT
    assert verifier.open_checkpoint(NOTE, str(KEY.verifier)) == (CHECKPOINT.size, CHECKPOINT.root)


def test_every_flipped_bit_of_a_checkpoint_is_refused() -> None:
    raw = NOTE.encode()
    for bit in range(8 * len(raw)):
        other = bytearray(raw)
        other[bit // 8] ^= 1 << bit % 8
        assert not accepted(bytes(other).decode(errors="surrogateescape"))


def test_every_flipped_bit_of_a_verifier_key_is_refused() -> None:
    raw = str(KEY.verifier).encode()
    for bit in range(8 * len(raw)):
        other = bytearray(raw)
        other[bit // 8] ^= 1 << bit % 8
        changed = bytes(other).decode(errors="surrogateescape")
        with pytest.raises(InvalidProof):
            open_checkpoint(NOTE, VerifierKey.parse(changed))
        with pytest.raises((verifier.Refused, ValueError)):
            verifier.open_checkpoint(NOTE, changed)


def accepted(note: str) -> bool:
    """Whether the note is accepted, which both implementations must agree on."""
    try:
        open_checkpoint(note, KEY.verifier)
        ours = True
    except InvalidProof:
        ours = False
    try:
        verifier.open_checkpoint(note, str(KEY.verifier))
        theirs = True
    except (verifier.Refused, ValueError):
        theirs = False
    assert ours is theirs
    return ours


@given(st.text(max_size=30) | st.text("ab\n— =+A1 ", max_size=60))
def test_nonsense_is_no_checkpoint_no_key_and_no_file_of_checkpoints(text: str) -> None:
    assert not accepted(text)
    for parse in (Checkpoint.parse, VerifierKey.parse, lambda text: split_checkpoints(text.encode(errors="replace"))):
        try:
            parse(text)
        except InvalidProof:
            continue


def signed(text: str) -> str:
    return KEY.sign(text)


ROOT = base64.b64encode(CHECKPOINT.root).decode()


@pytest.mark.parametrize("text", [
    "another.example\n42\n" + ROOT + "\n",
    KEY.verifier.name + "\n042\n" + ROOT + "\n",
    KEY.verifier.name + "\n-1\n" + ROOT + "\n",
    KEY.verifier.name + "\n+1\n" + ROOT + "\n",
    KEY.verifier.name + "\n٤٢\n" + ROOT + "\n",
    KEY.verifier.name + "\n42\n" + ROOT[:-4] + "\n",
    KEY.verifier.name + "\n42\n" + ROOT + "\nan extension\n",
    KEY.verifier.name + "\n42\n",
    KEY.verifier.name + "\n42\n" + ROOT + "\n\n",
    "\n42\n" + ROOT + "\n",
])  # fmt: skip
def test_a_malformed_checkpoint_is_refused_although_it_is_signed(text: str) -> None:
    assert not accepted(signed(text))


def test_a_witness_may_sign_beside_the_log_and_not_in_its_place() -> None:
    witness = SigningKey("witness.example", bytes(32))
    line = witness.sign(CHECKPOINT.text()).partition("\n\n")[2]
    assert accepted(NOTE + line)
    assert not accepted(CHECKPOINT.text() + "\n" + line)
    same_name = SigningKey(KEY.verifier.name, bytes(32)).sign(CHECKPOINT.text()).partition("\n\n")[2]
    assert accepted(NOTE + same_name)
    assert not accepted(CHECKPOINT.text() + "\n" + same_name)


def test_a_text_with_empty_lines_is_a_note_too() -> None:
    assert open_note(KEY.sign("one\n\ntwo\n"), KEY.verifier) == "one\n\ntwo\n"


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\u00a0b", "a\tb", "a\nb"])
def test_a_key_cannot_have_a_name_that_a_note_cannot_carry(name: str) -> None:
    with pytest.raises(InvalidProof):
        SigningKey(name, bytes(32))


def test_a_key_is_made_on_first_use_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    first = signing_key(path, "log.example")
    assert path.stat().st_mode & 0o777 == 0o600
    assert signing_key(path, "log.example").verifier == first.verifier
    assert signing_key(tmp_path / "other.key", "log.example").verifier != first.verifier
    assert sorted(each.name for each in tmp_path.iterdir()) == ["log.key", "other.key"]


def test_two_first_users_of_a_key_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: signing_key(tmp_path / "log.key", "log.example").verifier, range(8)))
    assert len(set(keys)) == 1


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    signing_key(path, "log.example")
    path.chmod(0o640)
    with pytest.raises(InvalidProof, match="open to other users"):
        signing_key(path, "log.example")


def test_the_key_of_another_log_is_refused(tmp_path: Path) -> None:
    signing_key(tmp_path / "log.key", "log.example")
    with pytest.raises(InvalidProof, match="another log"):
        signing_key(tmp_path / "log.key", "other.example")


def test_every_flipped_bit_of_a_key_file_that_changes_the_key_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    signing_key(path, "log.example")
    raw = path.read_bytes()
    public = signing_key(path, "log.example").verifier
    for bit in range(8 * (len(raw) - 1)):
        other = bytearray(raw)
        other[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(other))
        with pytest.raises(InvalidProof):
            signing_key(path, public.name)


def test_the_file_grows_by_one_checkpoint_when_the_log_has_grown(
    tree: MerkleLog, checkpoints: CheckpointFile, tmp_path: Path, written: Any, history: list[RecordedEvent]
) -> None:
    assert checkpoints.notes() == []
    tree.catch_up(written(history[:4]))
    first = checkpoints.issue(tree)
    assert checkpoints.issue(tree) == first
    tree.catch_up(written(history))
    second = checkpoints.issue(tree)
    assert checkpoints.notes() == [first, second]
    assert (tmp_path / "checkpoints.txt").read_text() == first + second
    assert open_checkpoint(second, KEY.verifier) == Checkpoint(KEY.verifier.name, len(history), tree.root())


def test_an_empty_log_is_not_signed(tree: MerkleLog, checkpoints: CheckpointFile) -> None:
    with pytest.raises(Invalid, match="empty"):
        checkpoints.issue(tree)
    assert checkpoints.notes() == []


@pytest.mark.parametrize("rewrite", [
    pytest.param(lambda events: events[:5], id="rolled back"),
    pytest.param(lambda events: [events[0]._replace(data=b"{}"), *events[1:]], id="altered"),
    pytest.param(lambda events: [*events[:2], *events[3:], *events[:1]], id="dropped"),
    pytest.param(lambda events: [events[1], events[0], *events[2:]], id="reordered"),
])  # fmt: skip
def test_a_fork_is_not_signed(
    tree: MerkleLog, checkpoints: CheckpointFile, tmp_path: Path, written: Any, history: list[RecordedEvent],
    rewrite: Callable[[list[RecordedEvent]], list[RecordedEvent]],
) -> None:  # fmt: skip
    tree.catch_up(written(history[:8]))
    signed = checkpoints.issue(tree)
    with MerkleLog(tmp_path / "rebuilt.db") as rebuilt:
        rewritten = [event._replace(position=n) for n, event in enumerate(rewrite(history), 1)]
        rebuilt.catch_up(written(rewritten))
        with pytest.raises(LogDiverged, match="Nothing was signed"):
            checkpoints.issue(rebuilt)
    assert checkpoints.notes() == [signed]


def test_what_a_power_cut_left_of_a_checkpoint_is_replaced(
    tree: MerkleLog, checkpoints: CheckpointFile, tmp_path: Path, written: Any, history: list[RecordedEvent]
) -> None:
    path = tmp_path / "checkpoints.txt"
    tree.catch_up(written(history[:4]))
    first = checkpoints.issue(tree)
    tree.catch_up(written(history))
    second = checkpoints.issue(tree)
    for length in range(len(second.encode())):
        path.write_bytes(first.encode() + second.encode()[:length])
        if length:
            with pytest.raises(InvalidProof, match="cut short"):
                checkpoints.notes()
        assert checkpoints.issue(tree) == second
        assert checkpoints.notes() == [first, second]


def test_no_flipped_bit_of_the_file_passes_for_a_power_cut(
    tree: MerkleLog, checkpoints: CheckpointFile, tmp_path: Path, written: Any, history: list[RecordedEvent]
) -> None:
    path = tmp_path / "checkpoints.txt"
    for size in (4, 9):
        tree.catch_up(written(history[:size]))
        checkpoints.issue(tree)
    tree.catch_up(written(history))
    content = path.read_bytes()
    first = len(checkpoints.notes()[0].encode())
    for bit in range(8 * len(content)):
        other = bytearray(content)
        other[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(other))
        with pytest.raises(InvalidProof):
            checkpoints.notes()
        if bit // 8 >= first:  # signing looks at the last checkpoint only
            with pytest.raises(InvalidProof):
                checkpoints.issue(tree)
            assert path.read_bytes() == bytes(other)


def test_a_full_disk_says_so_and_the_next_checkpoint_is_whole(
    tree: MerkleLog, checkpoints: CheckpointFile, written: Any, history: list[RecordedEvent],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    tree.catch_up(written(history))
    write = os.pwrite

    def nearly_full(file: int, data: bytes, offset: int) -> int:
        if offset >= 50:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[:50], offset)

    with monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", nearly_full)
        with pytest.raises(StoreFull, match="Nothing was signed"):
            checkpoints.issue(tree)
    assert checkpoints.issue(tree) == checkpoints.notes()[0]


def test_a_folder_that_is_not_there_says_so(
    tree: MerkleLog, tmp_path: Path, written: Any, history: list[RecordedEvent]
) -> None:
    tree.catch_up(written(history))
    with pytest.raises(Unavailable):
        CheckpointFile(tmp_path / "missing" / "checkpoints.txt", KEY).issue(tree)


def test_nobody_else_can_sign_while_one_signs(tmp_path: Path, written: Any, history: list[RecordedEvent]) -> None:
    path = tmp_path / "checkpoints.txt"

    class Watched(MerkleLog):
        """A tree that looks, when it is asked for its root, whether the file could be locked a second time."""

        def root(self, size: int | None = None) -> bytes:
            with path.open() as file, pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return super().root(size)

    with Watched(tmp_path / "watched.db") as tree:
        tree.catch_up(written(history))
        CheckpointFile(path, KEY).issue(tree)
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_two_signers_at_once_write_one_checkpoint(
    tree: MerkleLog, tmp_path: Path, written: Any, history: list[RecordedEvent]
) -> None:
    tree.catch_up(written(history))
    files = [CheckpointFile(tmp_path / "checkpoints.txt", KEY) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        notes = set(pool.map(lambda file: file.issue(tree), files))
    assert files[0].notes() == list(notes)


def test_a_checkpoint_is_on_disk_before_it_is_handed_out(
    tree: MerkleLog, checkpoints: CheckpointFile, written: Any, history: list[RecordedEvent],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    calls: list[str] = []
    write, sync = os.pwrite, os.fsync
    monkeypatch.setattr(os, "pwrite", lambda *a: (calls.append("write"), write(*a))[1])
    monkeypatch.setattr(os, "fsync", lambda *a: (calls.append("sync"), sync(*a))[1])
    tree.catch_up(written(history))
    checkpoints.issue(tree)
    assert calls == ["sync", "write", "sync"]  # the folder, for the new name; then the note

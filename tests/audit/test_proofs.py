"""What the log proves of itself holds at an auditor's, and a log that was tampered with is found out."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from click.testing import Result
from typer.testing import CliRunner

from services.audit.proofs import (
    CHECKPOINTS,
    TREE,
    Proofs,
    ProveConsistency,
    ProveInclusion,
    ShowCheckpoint,
    ShowVerifierKey,
    queries,
)
from services.gateway.cli.audit import app
from shared.context import Registry
from shared.errors import Invalid, NotFound
from shared.eventstore.log import checksum, path_of
from shared.eventstore.sqlite import EmbeddedLog, open_store
from shared.handling import CommandHandler
from shared.merkle import LogDiverged, split_checkpoints, verifier
from shared.messages import Origin, Role
from shared.privacy.vault import AesGcmVault
from shared.wire import answer_adapter
from tests.kernel.toy import OpenDiary, WriteEntry, toy

AUDITOR = Origin("a-1", frozenset({Role.AUDITOR}))
WORKER = Origin("w-1", frozenset({Role.CASEWORKER}))
PERSON = str(uuid4())


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("DATA_DIR", str(folder))
    return folder


@pytest.fixture
def store(data: Path) -> Iterator[EmbeddedLog]:
    with open_store(data / "log") as opened:
        yield opened


@pytest.fixture
def proofs(data: Path, store: EmbeddedLog) -> Iterator[Proofs]:
    with Proofs(data / "proofs", store) as opened:
        yield opened


def write(store: EmbeddedLog, entries: int, text: str = "met her sister") -> None:
    """A diary with so many entries: one event more."""
    handler = CommandHandler(store, Registry([toy]), AesGcmVault.in_memory())
    diary = handler.handle(OpenDiary(pages=100), WORKER, command_id=uuid4()).ids["diary"]
    for _ in range(entries):
        handler.handle(WriteEntry(diary=diary, person=PERSON, text=text), WORKER, command_id=uuid4())


def grow(data: Path, entries: int, *, sign: bool = True) -> str:
    """Open an installation, write, sign, and let go of it. Gives the note."""
    with open_store(data / "log") as store, Proofs(data / "proofs", store) as proofs:
        write(store, entries)
        return proofs.checkpoint() if sign else ""


def check_alone(folder: Path, document: bytes, key: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier in a folder of its own, with none of our code in reach."""
    folder.mkdir(exist_ok=True)
    shutil.copy(Path(verifier.__file__), folder / "verifier.py")
    (folder / "proof.json").write_bytes(document)
    command = [sys.executable, "-I", "verifier.py", "proof.json", "--vkey", key, *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def size_of(note: str) -> int:
    return int(note.split("\n")[1])


def test_a_new_checkpoint_is_signed_only_when_the_log_grew(store: EmbeddedLog, proofs: Proofs, data: Path) -> None:
    write(store, 2)
    first = proofs.checkpoint()
    assert proofs.checkpoint() == first
    write(store, 0)
    second = proofs.checkpoint()
    assert (size_of(first), size_of(second)) == (3, 4)
    assert (data / "proofs" / CHECKPOINTS).read_text() == first + second


def test_an_empty_log_has_nothing_to_sign(proofs: Proofs) -> None:
    with pytest.raises(Invalid):
        proofs.checkpoint()


def test_what_the_api_answers_is_what_the_verifier_reads(store: EmbeddedLog, proofs: Proofs, tmp_path: Path) -> None:
    write(store, 3)
    answers = queries(proofs)
    answered = answers[ProveInclusion](ProveInclusion(position=store.head()), AUDITOR)
    saved = answer_adapter(ProveInclusion).dump_json(answered, by_alias=True)
    key = answers[ShowVerifierKey](ShowVerifierKey(), AUDITOR).verifier_key
    checked = check_alone(tmp_path / "auditor", saved, key)
    assert checked.returncode == 0
    assert "included    event 3" in checked.stdout and "'toy.EntryWritten'" in checked.stdout


def test_personal_values_are_ciphertext_in_a_proof(store: EmbeddedLog, proofs: Proofs) -> None:
    write(store, 1, text="a-word-to-look-for")
    document = proofs.proof_of(store.head())
    (event,) = document["events"]
    assert b"a-word-to-look-for" not in orjson.dumps(document) + verifier.unbase64(event["data"])


def test_a_proof_names_a_checkpoint_that_covers_its_event_and_needs_no_new_one_for_an_older_event(
    store: EmbeddedLog, proofs: Proofs
) -> None:
    write(store, 1)
    first = proofs.checkpoint()
    write(store, 0)
    assert proofs.proof_of(1)["checkpoint"] == first
    assert size_of(proofs.proof_of(store.head())["checkpoint"]) == 3


def test_there_is_no_proof_of_an_event_that_is_not_there(store: EmbeddedLog, proofs: Proofs) -> None:
    write(store, 0)
    with pytest.raises(NotFound):
        proofs.proof_of(store.head() + 1)


def test_whoever_holds_a_checkpoint_can_have_it_proven_that_the_log_extends_it(
    store: EmbeddedLog, proofs: Proofs, tmp_path: Path
) -> None:
    write(store, 2)
    held = proofs.checkpoint()
    write(store, 4)
    answered = queries(proofs)[ProveConsistency](ProveConsistency(first_size=size_of(held)), AUDITOR)
    saved = answer_adapter(ProveConsistency).dump_json(answered, by_alias=True)
    (tmp_path / "held.txt").write_text(held)
    checked = check_alone(tmp_path / "auditor", saved, str(proofs.verifier), "--checkpoint", "../held.txt")
    assert checked.returncode == 0
    assert "agrees      with the checkpoint of 3 events that you hold" in checked.stdout


def test_consistency_is_proven_between_any_two_signed_sizes_and_no_others(store: EmbeddedLog, proofs: Proofs) -> None:
    notes = []
    for _ in range(3):
        write(store, 1)
        notes.append(proofs.checkpoint())
    document = proofs.consistency(2, 4)
    assert (document.checkpoint, document.earlier[0].checkpoint) == (notes[1], notes[0])
    with pytest.raises(NotFound):
        proofs.consistency(3, 4)
    with pytest.raises(Invalid):
        proofs.consistency(4, 2)


def test_the_answered_checkpoint_says_what_its_note_says(store: EmbeddedLog, proofs: Proofs) -> None:
    write(store, 1)
    shown = queries(proofs)[ShowCheckpoint](ShowCheckpoint(), AUDITOR)
    assert shown.note.startswith(f"{shown.origin}\n{shown.size}\n{shown.root}\n\n— {shown.origin} ")


@pytest.mark.parametrize("query", [ShowCheckpoint, ProveInclusion, ProveConsistency, ShowVerifierKey])
def test_proofs_are_for_those_who_oversee(query: type) -> None:
    overseers = {Role.AUDITOR, Role.SUPERVISOR, Role.DATA_PROTECTION_OFFICER, Role.ADMINISTRATOR}
    assert query.roles == overseers  # type: ignore[attr-defined]


def signed(data: Path) -> list[str]:
    return split_checkpoints((data / "proofs" / CHECKPOINTS).read_bytes())


def test_who_follows_the_log_signs_what_was_added_at_most_so_often_and_at_last(
    store: EmbeddedLog, proofs: Proofs, data: Path
) -> None:
    write(store, 2)
    first, stop = store.head(), threading.Event()
    following = threading.Thread(target=proofs.follow, args=(stop, 3600.0))
    following.start()
    try:
        until(lambda: (data / "proofs" / CHECKPOINTS).exists())
        write(store, 4)
        until(lambda: leaves(data) == store.head())
        assert len(signed(data)) == 1, "the hour is not over"
    finally:
        stop.set()
        following.join()
    assert [size_of(note) for note in signed(data)] == [first, store.head()]


def test_who_is_told_to_stop_before_following_began_signs_all_the_same(
    store: EmbeddedLog, proofs: Proofs, data: Path
) -> None:
    write(store, 2)
    stop = threading.Event()
    stop.set()
    proofs.follow(stop)
    assert [size_of(note) for note in signed(data)] == [store.head()]


def test_following_goes_on_once_its_files_can_be_written_again(data: Path, proofs: Proofs, store: EmbeddedLog) -> None:
    checkpoints, aside = data / "proofs" / CHECKPOINTS, data / "proofs" / "aside"
    checkpoints.mkdir()  # nothing can be appended to it
    stop = threading.Event()
    write(store, 1)
    following = threading.Thread(target=proofs.follow, args=(stop, 0.0))
    following.start()
    try:
        until(lambda: leaves(data) == store.head())
        checkpoints.rename(aside)
        until(checkpoints.is_file)
    finally:
        stop.set()
        following.join()


def test_who_follows_a_log_that_is_not_what_was_signed_stops_and_says_so(data: Path) -> None:
    note = grow(data, 2)
    forge(data, 3, b'{"forged":true}')
    with open_store(data / "log") as store, Proofs(data / "proofs", store) as proofs, pytest.raises(LogDiverged):
        proofs.follow(threading.Event(), 0.0)
    assert (data / "proofs" / CHECKPOINTS).read_text() == note


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread brings about."""
    while not holds():
        time.sleep(0.01)


def leaves(data: Path) -> int:
    with closing(sqlite3.connect(data / "proofs" / TREE)) as tree:
        ((count,),) = tree.execute("SELECT count(*) FROM leaf")
        return int(count)


# -- the command line ------------------------------------------------------------------------------------------------


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def forge(data: Path, position: int, content: bytes) -> None:
    """Rewrite an event's data and its checksum, as somebody could who knows the format and can write the file."""
    with closing(sqlite3.connect(path_of(data / "log"))) as log, log:
        (row,) = log.execute("SELECT * FROM events WHERE position = ?", (position,))
        _, stream, revision, event_id, kind, _, metadata, is_json, created, _ = row
        right = checksum(position, stream, revision, event_id, kind, content, metadata, is_json, created)
        log.execute("UPDATE events SET data = ?, checksum = ? WHERE position = ?", (content, right, position))


def test_a_log_that_is_as_signed_is_found_good(data: Path) -> None:
    grow(data, 5)
    grow(data, 1, sign=False)
    result = run("verify")
    assert result.exit_code == 0
    assert "This is the log that was signed: 8 events" in result.stdout
    assert "The last 2 events are not signed yet." in result.stdout
    assert "compare with one that somebody else" in result.stdout


def test_one_altered_event_is_named(data: Path) -> None:
    grow(data, 5)
    forge(data, 3, b'{"forged":true}')
    result = run("verify")
    assert result.exit_code == 1
    assert "NOT the log that was signed" in result.stdout
    assert "The event in leaf 2 (diary-" in result.stdout
    assert "was altered: a signed checkpoint vouches for it." in result.stdout


def test_programs_are_told_the_same(data: Path) -> None:
    grow(data, 5)
    assert json.loads(run("verify", "--json").stdout)["ok"] is True
    forge(data, 3, b'{"forged":true}')
    result = run("verify", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["divergence"]["kind"], found["divergence"]["index"], found["ok"]) == ("altered", 2, False)


def test_a_log_that_was_rolled_back_with_all_its_checkpoints_is_found_against_one_held_outside(
    data: Path, tmp_path: Path
) -> None:
    grow(data, 3)
    shutil.copytree(data, tmp_path / "backup")
    (tmp_path / "held.txt").write_text(grow(data, 3))
    assert run("verify", "--checkpoint", tmp_path / "held.txt").exit_code == 0
    shutil.rmtree(data)
    shutil.copytree(tmp_path / "backup", data)
    assert run("verify").exit_code == 0, "by itself it is a good log"
    result = run("verify", "--checkpoint", tmp_path / "held.txt")
    assert result.exit_code == 1
    assert "The log has 4 events, but 8 were signed: it was rolled back" in result.stdout


def test_a_split_view_is_found_against_a_checkpoint_held_outside(data: Path, tmp_path: Path) -> None:
    grow(data, 3)
    shutil.copytree(data, tmp_path / "shown-to-others")
    grow(data, 3)
    (tmp_path / "held.txt").write_text(grow(tmp_path / "shown-to-others", 2))
    assert run("verify").exit_code == 0
    result = run("verify", "--checkpoint", tmp_path / "held.txt")
    assert result.exit_code == 1
    assert "two histories were signed" in result.stdout


def test_nothing_is_signed_once_the_log_is_not_what_was_signed(data: Path) -> None:
    note = grow(data, 3)
    (data / "proofs" / TREE).unlink()
    forge(data, 2, b'{"forged":true}')
    with open_store(data / "log") as store, Proofs(data / "proofs", store) as proofs:
        write(store, 1)
        with pytest.raises(LogDiverged):
            proofs.checkpoint()
    assert (data / "proofs" / CHECKPOINTS).read_text() == note


def test_an_auditor_names_the_key_and_a_checkpoint_of_another_key_is_refused(data: Path, tmp_path: Path) -> None:
    grow(data, 1)
    other = grow(tmp_path / "other", 1)
    with open_store(data / "log") as store, Proofs(data / "proofs", store) as proofs:
        key = str(proofs.verifier)
    (tmp_path / "key.txt").write_text(key + "\n")
    (tmp_path / "other.txt").write_text(other)
    assert run("verify", "--key", key).exit_code == run("verify", "--key", tmp_path / "key.txt").exit_code == 0
    result = run("verify", "--checkpoint", tmp_path / "other.txt")
    assert result.exit_code == 1
    assert "is not signed by 'forget-me-not/log' with the key that is trusted" in result.stderr


def test_without_any_checkpoint_nothing_is_called_good(data: Path) -> None:
    grow(data, 1, sign=False)
    result = run("verify")
    assert result.exit_code == 1
    assert result.stderr == "There is no checkpoint to compare the log with: name one with --checkpoint.\n"


@pytest.mark.parametrize("command", [["verify"], ["checkpoint"], ["proof", "1"], ["bundle", "--from", "1", "-o", "b"]])
def test_where_there_is_no_log_none_is_made(data: Path, command: list[str]) -> None:
    result = run(*command)
    assert result.exit_code == 1
    assert result.stderr.startswith("There is no log in ") and result.stdout == ""
    assert not data.exists()


def test_a_checkpoint_is_printed_word_for_word_so_that_it_can_be_kept(data: Path, tmp_path: Path) -> None:
    grow(data, 2, sign=False)
    printed = run("checkpoint").stdout
    (tmp_path / "held.txt").write_text(printed)
    assert run("checkpoint", "--output", tmp_path / "again.txt").exit_code == 0
    assert (tmp_path / "again.txt").read_text() == printed == json.loads(run("checkpoint", "--json").stdout)["note"]
    assert run("verify", "--checkpoint", tmp_path / "held.txt").exit_code == 0


def test_a_proof_is_written_to_a_file_that_verifies(data: Path, tmp_path: Path) -> None:
    grow(data, 2)
    assert run("proof", "2", "--output", tmp_path / "proof.json").exit_code == 0
    key = json.loads(run("checkpoint", "--json").stdout)["verifier_key"]
    assert check_alone(tmp_path / "auditor", (tmp_path / "proof.json").read_bytes(), key).returncode == 0
    assert json.loads(run("proof", "2", "--json").stdout) == json.loads((tmp_path / "proof.json").read_bytes())


def test_a_position_without_an_event_is_one_sentence(data: Path) -> None:
    grow(data, 1)
    result = run("proof", "99")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "There is no event at position 99 that proofs cover.\n"

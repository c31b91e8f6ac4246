"""A bundle is one file that an outsider reads and checks offline; it opens no more than its asker may see."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from services.audit.access import AccessLog, ShowAccessHistory
from services.audit.bundle import CompileBundle, compile_bundle
from services.audit.proofs import Proofs
from services.gateway.cli.audit import app
from shared.context import Registry
from shared.errors import Invalid, NotFound, Unavailable
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.messages import Origin, Query, Receipt, Role
from shared.privacy.personal import Place
from shared.privacy.vault import open_vault
from tests.kernel.toy import CloseDiary, OpenDiary, WriteEntry, toy

WORKER = Origin("w-1", frozenset({Role.CASEWORKER}), on_behalf_of="s-1", reason="she asked for it")
AUDITOR = Origin("a-1", frozenset({Role.AUDITOR}))
OFFICER = Origin("dpo-1", frozenset({Role.DATA_PROTECTION_OFFICER}), reason="the court's letter of 4 May")
MORNING = datetime(2026, 5, 25, 8, 0, tzinfo=UTC)
HERS, OTHERS = "saw him at the market", "sleeps badly"


class Centre:
    """An installation with one diary about two people, an entry an hour."""

    def __init__(self, folder: Path) -> None:
        self.store = open_store(folder / "log")
        self.vault = open_vault(folder)
        self.proofs = Proofs(folder / "proofs", self.store)
        self.access = AccessLog(lambda: open_store(folder / "access"), self.vault, folder / "access.spool")
        self.now = MORNING - timedelta(hours=1)
        self.handler = CommandHandler(self.store, Registry([toy]), self.vault, clock=lambda: self.now)
        self.person, self.other = str(uuid4()), str(uuid4())
        self.diary = self.send(OpenDiary(pages=9)).ids["diary"]
        self.stream = f"diary-{self.diary}"
        self.send(WriteEntry(diary=self.diary, person=self.person, text=HERS))
        self.send(WriteEntry(diary=self.diary, person=self.other, text=OTHERS))
        self.send(CloseDiary(diary=self.diary))

    def send(self, command: Any) -> Receipt:
        self.now += timedelta(hours=1)
        return self.handler.handle(command, WORKER, command_id=uuid4())

    def forget(self, person: str) -> None:
        names = [facts.name for facts in self.vault.keys.keys_of(person)]
        self.vault.keys.forget(person, destroy=names, keep=(), certificate="1:1", at=self.now)

    def bundle(self, origin: Origin, **choice: Any) -> Bundle:
        query = CompileBundle(**(choice or {"stream": self.stream}))
        content = compile_bundle(
            query, origin, store=self.store, proofs=self.proofs, vault=self.vault, disclosures=self.access
        )
        return Bundle(content)

    def close(self) -> None:
        self.proofs.close()
        self.store.close()


class Bundle:
    """What came out of the zip file."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            self.files = {name: archive.read(name) for name in archive.namelist()}
        self.events = json.loads(self.files["events.json"])
        self.proof = json.loads(self.files["proof.json"])
        self.summary = self.files["summary.md"].decode()

    def facts(self, name: str) -> list[Any]:
        return [event["facts"][name] for event in self.events if name in event["facts"]]

    def unpack(self, folder: Path) -> Path:
        folder.mkdir(exist_ok=True)
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            archive.extractall(folder)
        return folder


def check(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What the summary tells its reader to run."""
    key = (folder / "verifier-key.txt").read_text().strip()
    command = [sys.executable, "-I", "verifier.py", "proof.json", "--vkey", key, *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    opened = Centre(tmp_path / "data")
    yield opened
    opened.close()


def test_a_bundle_verifies_in_an_empty_folder_and_one_altered_byte_is_refused(centre: Centre, tmp_path: Path) -> None:
    folder = centre.bundle(AUDITOR).unpack(tmp_path / "court")
    assert {path.name for path in folder.iterdir()} == {
        *("summary.md", "events.json", "proof.json", "checkpoint.txt", "verifier.py", "verifier-key.txt")
    }
    checked = check(folder)
    assert checked.returncode == 0
    assert checked.stdout.count("included    event") == 4
    document = json.loads((folder / "proof.json").read_bytes())
    altered = bytearray(base64.b64decode(document["events"][1]["data"]))
    altered[20] ^= 1
    document["events"][1]["data"] = base64.b64encode(altered).decode()
    (folder / "proof.json").write_text(json.dumps(document))
    refused = check(folder)
    assert refused.returncode == 1
    assert refused.stderr.startswith("REFUSED: ")


def test_the_checkpoint_of_a_bundle_is_the_one_that_its_proofs_lead_to(centre: Centre) -> None:
    bundle = centre.bundle(AUDITOR)
    assert bundle.files["checkpoint.txt"].decode() == bundle.proof["checkpoint"] == centre.proofs.checkpoint()


def test_the_readable_events_say_what_the_proven_bytes_say(centre: Centre) -> None:
    bundle = centre.bundle(OFFICER)
    for readable, proven in zip(bundle.events, bundle.proof["events"], strict=True):
        stored = json.loads(base64.b64decode(proven["data"]))
        assert (readable["id"], readable["stream"], readable["type"]) == (
            proven["id"],
            proven["stream"],
            proven["type"],
        )
        assert readable["facts"].keys() == stored.keys()
        clear = {name: value for name, value in stored.items() if name != "text"}
        assert {name: value for name, value in readable["facts"].items() if name != "text"} == clear
        stated = json.loads(base64.b64decode(proven["metadata"]))
        assert (readable["actor"], readable["command_id"]) == (stated["actor"], stated["command_id"])


def test_an_auditor_sees_that_something_was_said_and_by_whom_and_not_what(centre: Centre) -> None:
    bundle = centre.bundle(AUDITOR)
    assert bundle.facts("text") == [{"hidden": "withheld"}] * 2
    assert {(event["actor"], event["on_behalf_of"]) for event in bundle.events} == {("w-1", "s-1")}
    assert all(event["reason"] == {"hidden": "withheld"} for event in bundle.events)
    everything = b"".join(bundle.files.values())
    assert not any(text.encode() in everything for text in (HERS, OTHERS, "she asked for it"))


def test_the_data_protection_officer_sees_what_was_said_and_that_is_put_on_record(centre: Centre) -> None:
    bundle = centre.bundle(OFFICER)
    assert bundle.facts("text") == [{"opened": HERS}, {"opened": OTHERS}]
    (seen,) = centre.access.history(ShowAccessHistory(subject=centre.other)).disclosures
    assert (seen.actor, seen.query, seen.purpose) == ("dpo-1", "audit.CompileBundle", "the court's letter of 4 May")
    assert "toy.EntryWritten.text" in seen.fields


def test_nothing_leaves_if_what_was_opened_cannot_be_put_on_record(centre: Centre) -> None:
    class FullDisk:
        def record(self, origin: Origin, query: Query[Any], revealed: Sequence[Place]) -> None:
            raise Unavailable("The disk is full.")

    with pytest.raises(Unavailable):
        compile_bundle(
            CompileBundle(stream=centre.stream),
            OFFICER,
            store=centre.store,
            proofs=centre.proofs,
            vault=centre.vault,
            disclosures=FullDisk(),
        )


def test_the_composer_may_open_more_or_less_than_the_rule(centre: Centre) -> None:
    content = compile_bundle(
        CompileBundle(stream=centre.stream),
        AUDITOR,
        store=centre.store,
        proofs=centre.proofs,
        vault=centre.vault,
        disclosures=centre.access,
        may_see=lambda origin, place: place.field == "text" and place.subject == centre.other,
    )
    assert Bundle(content).facts("text") == [{"hidden": "withheld"}, {"opened": OTHERS}]


def test_what_was_forgotten_stays_so_and_its_events_still_verify(centre: Centre, tmp_path: Path) -> None:
    centre.forget(centre.person)
    bundle = centre.bundle(OFFICER)
    assert bundle.facts("text") == [{"hidden": "forgotten"}, {"opened": OTHERS}]
    assert "*forgotten*" in bundle.summary
    assert check(bundle.unpack(tmp_path / "court")).returncode == 0


def test_a_persons_bundle_holds_the_events_that_name_them(centre: Centre) -> None:
    centre.send(OpenDiary(pages=1))
    bundle = centre.bundle(OFFICER, people=(centre.person,))
    assert bundle.facts("text") == [{"opened": HERS}]
    assert [event["position"] for event in bundle.events] == [2]
    linked = centre.bundle(OFFICER, people=(centre.person, centre.other))
    assert linked.facts("text") == [{"opened": HERS}, {"opened": OTHERS}]


def test_a_persons_bundle_opens_nothing_about_others(centre: Centre) -> None:
    own = centre.send(OpenDiary(diary=centre.person, pages=2)).ids["diary"]  # its stream names the person
    centre.send(WriteEntry(diary=own, person=centre.other, text="told of her brother"))
    bundle = centre.bundle(OFFICER, people=(centre.person,))
    assert bundle.facts("text") == [{"opened": HERS}, {"hidden": "withheld"}]


def test_a_range_begins_and_ends_where_it_says(centre: Centre) -> None:
    bundle = centre.bundle(AUDITOR, first=2, last=3)
    assert [event["position"] for event in bundle.events] == [2, 3]
    assert [event["position"] for event in centre.bundle(AUDITOR, first=3).events] == [3, 4]


@pytest.mark.parametrize("as_of", ["2", (MORNING + timedelta(hours=1, minutes=30)).isoformat()])
def test_as_of_a_position_or_a_time_only_what_was_known_then_is_told(centre: Centre, as_of: str) -> None:
    bundle = centre.bundle(AUDITOR, stream=centre.stream, as_of=as_of)
    assert [event["type"] for event in bundle.events] == ["toy.DiaryOpened", "toy.EntryWritten"]
    assert f"as known at {as_of}" in bundle.summary


def test_a_reader_who_holds_a_checkpoint_finds_it_extended(centre: Centre, tmp_path: Path) -> None:
    held = centre.proofs.checkpoint()
    centre.send(OpenDiary(pages=1))
    folder = centre.bundle(AUDITOR, stream=centre.stream, held=(held,)).unpack(tmp_path / "court")
    (folder / "held.txt").write_text(held)
    assert check(folder, "--checkpoint", "held.txt").returncode == 0
    other = Centre(tmp_path / "elsewhere")
    (folder / "held.txt").write_text(other.proofs.checkpoint())
    other.close()
    assert check(folder, "--checkpoint", "held.txt").returncode == 1


def test_the_summary_tells_the_events_in_order_and_what_is_not_proven(centre: Centre) -> None:
    summary = centre.bundle(OFFICER).summary
    told = [line for line in summary.splitlines() if line.startswith("### ")]
    assert told == ["### 1. `toy.DiaryOpened`", *("### 2. `toy.EntryWritten`", "### 3. `toy.EntryWritten`"), told[-1]]
    assert "- recorded: 2026-05-25 08:00:00 UTC, at position 1" in summary
    assert "- by: `w-1` (`caseworker`), on behalf of `s-1`" in summary
    assert "- through the command `toy.OpenDiary` " in summary
    assert f'- `text`: `"{HERS}"` (*opened*)' in summary
    assert '- for the reason: `"she asked for it"` (*opened*)' in summary
    assert str(centre.proofs.verifier) in summary
    assert "the proof covers the\n  encrypted form" in summary


def test_nothing_that_somebody_wrote_acts_as_markup_in_the_summary(centre: Centre) -> None:
    text = "``` ![x](http://example.org/seen)\n# A heading\u2028<script>"
    diary = centre.send(OpenDiary(pages=1)).ids["diary"]
    centre.send(WriteEntry(diary=diary, person=centre.person, text=text))
    summary = centre.bundle(OFFICER, stream=f"diary-{diary}").summary
    (line,) = [line for line in summary.split("\n") if line.startswith("- `text`")]
    assert line.startswith('- `text`: ```` "``` ![x](') and line.endswith("```` (*opened*)")
    assert "\n# A heading" not in summary


def test_the_same_question_gives_the_same_bytes(centre: Centre) -> None:
    assert centre.bundle(AUDITOR).content == centre.bundle(AUDITOR).content


def test_there_is_no_bundle_without_events(centre: Centre) -> None:
    with pytest.raises(NotFound):
        centre.bundle(AUDITOR, stream="diary-1")
    with pytest.raises(NotFound):
        centre.bundle(AUDITOR, stream=centre.stream, as_of=MORNING.replace(year=2000).isoformat())


def test_more_events_than_a_bundle_holds_are_refused_not_cut_off(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.audit.bundle.MOST_EVENTS", 3)
    with pytest.raises(Invalid):
        centre.bundle(AUDITOR)
    assert len(centre.bundle(AUDITOR, first=1, last=3).events) == 3


@pytest.mark.parametrize(
    "choice", [{}, {"stream": "diary-1", "first": 1}, {"people": (str(uuid4()),), "last": 3}, {"stream": "$all"}]
)
def test_one_thing_that_proofs_cover_is_chosen(choice: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CompileBundle(**choice)


# -- the command line ------------------------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_the_command_writes_a_bundle_for_its_owners_eyes_that_verifies(data: Path, tmp_path: Path) -> None:
    centre = Centre(data)
    centre.close()
    made = CliRunner().invoke(app, ["bundle", "--stream", centre.stream, "-o", str(tmp_path / "bundle.zip")])
    assert made.exit_code == 0, made.stderr
    assert (tmp_path / "bundle.zip").stat().st_mode & 0o077 == 0
    bundle = Bundle((tmp_path / "bundle.zip").read_bytes())
    assert bundle.facts("text") == [{"hidden": "withheld"}] * 2
    assert check(bundle.unpack(tmp_path / "court")).returncode == 0


def test_the_command_opens_personal_values_for_a_reason_only_and_on_record(data: Path, tmp_path: Path) -> None:
    centre = Centre(data)
    output = str(tmp_path / "bundle.zip")
    asked = ["bundle", "--person", centre.person, "-o", output, "--role", "data_protection_officer", "--actor", "dpo-1"]
    refused = CliRunner().invoke(app, asked)
    assert (refused.exit_code, (tmp_path / "bundle.zip").exists()) == (1, False)
    assert refused.stderr.startswith("Say for what personal values are opened") and refused.stderr.count("\n") == 1
    made = CliRunner().invoke(app, [*asked, "--reason", "the court's letter", "--json"])
    assert made.exit_code == 0, made.stderr
    assert Bundle(Path(output).read_bytes()).facts("text") == [{"opened": HERS}]
    (seen,) = centre.access.history(ShowAccessHistory(subject=centre.person)).disclosures
    assert (seen.actor, seen.purpose) == ("dpo-1", "the court's letter")
    centre.close()


def test_the_command_is_for_those_who_may(data: Path, tmp_path: Path) -> None:
    Centre(data).close()
    refused = CliRunner().invoke(app, ["bundle", "--from", "1", "-o", str(tmp_path / "b.zip"), "--role", "analyst"])
    assert refused.exit_code == 1
    assert refused.stderr.startswith("CompileBundle is for: ")

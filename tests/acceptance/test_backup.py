"""A backup is taken while others write, put back elsewhere, and is what it was; whoever was forgotten stays so."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from tests.acceptance import records
from tests.acceptance.records import File
from tests.acceptance.serving import Api, Refused, Server
from tests.acceptance.store import ON_A_NODE
from tests.acceptance.test_documents import CONTENT, keep
from tests.acceptance.test_forgetting import DPO, FORGOTTEN, forget, timeline
from tests.acceptance.test_running import one_sentence


class BackedUp(NamedTuple):
    """An installation that was backed up under load and went on, and what is known of it."""

    server: Server
    folder: Path
    told: dict[str, Any]
    forgotten: File
    other: File
    document: str
    before: list[str]  # notes acknowledged before the backup began
    erasure: str

    def lay_out(self, data: Path, *, ledger: bool = True) -> None:
        """What has copies of its own, put where a restore looks for it."""
        data.mkdir(parents=True, exist_ok=True)
        for name in ("master.key", "erasures.ledger")[: 1 + ledger]:
            shutil.copy(self.server.data / name, data / name)

    def restore(self, into: Server, source: str = "log") -> Any:
        return into.run("restore", str(self.folder / source), "--keys", str(self.folder / "keys"))


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackedUp]:
    folder = tmp_path_factory.mktemp("backup")
    server = Server(folder)
    try:
        server.start()
        server.wait_until_ready()
        api = Api(server)
        forgotten, other = records.file(api, account="What nobody may read."), records.file(api, account="What stays.")
        document, gone = keep(api, other), keep(api, forgotten, CONTENT[::-1])
        notes: list[str] = []
        enough = threading.Event()

        def write() -> None:
            while not enough.is_set():
                notes.append(records.note(api, other, f"Note {len(notes)}."))

        writing = threading.Thread(target=write)
        writing.start()
        try:
            server.eventually(lambda: len(notes) >= 10, "no notes were written")
            before = list(notes)
            made = server.run("backup", str(folder / "log"), "--keys", str(folder / "keys"), "--json")
            assert made.returncode == 0, made.stderr
            during = len(notes)
        finally:
            enough.set()
            writing.join()
        assert during > len(before), "the writer had to wait for the backup"
        certificate = forget(api, forgotten.person)
        assert not list((server.data / "documents").glob(f"*/{gone}")) and list((folder / "log").rglob(gone))
        api.close()
        assert server.interrupt() == 0
        erasure = str(certificate["erasure"])
        yield BackedUp(server, folder, orjson.loads(made.stdout), forgotten, other, document, before, erasure)
    finally:
        server.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """A server on a folder where nothing is yet, not started."""
    own = Server(tmp_path)
    yield own
    own.close()


def test_what_is_put_back_is_served_and_whoever_was_forgotten_since_stays_forgotten(
    backed_up: BackedUp, fresh: Server
) -> None:
    backed_up.lay_out(fresh.data)
    restored = backed_up.restore(fresh)
    assert restored.returncode == 0, restored.stderr
    assert f"Restored {backed_up.told['log']['events']:,} events" in restored.stdout
    assert f"Root of the log: {backed_up.told['log']['root']}, the same" in restored.stdout
    assert "1 were done again" in restored.stdout and "1 documents went" in restored.stdout
    assert fresh.run("audit", "verify").returncode == 0
    assert orjson.loads(fresh.run("log", "verify", "--json").stdout)["sound"]

    fresh.start()
    fresh.wait_until_ready()
    api = Api(fresh)
    shown = timeline(api, backed_up.other)
    assert records.said(shown, "CaseOpened") == [{"account": "What stays."}]
    found = [entry["entry"] for entry in shown if entry["what"] == "NoteAdded"]
    assert found[: len(backed_up.before)] == backed_up.before and len(found) == len(set(found))
    assert records.said(timeline(api, backed_up.forgotten), "CaseOpened")[0]["account"] == FORGOTTEN
    (certified,) = api.ask(DPO, f"/protection/erasures/{backed_up.erasure}/certificate")["certified"]
    assert certified["restored"] and certified["subject"] == backed_up.forgotten.person
    assert api.request("GET", f"/documents/{backed_up.document}", "caseworker").content == CONTENT
    with pytest.raises(Refused, match="410"):
        records.note(api, backed_up.other, "Once more.", about=backed_up.forgotten.person)
    assert records.note(api, backed_up.other, "It goes on.")
    api.close()
    assert fresh.interrupt() == 0


def there(server: Server) -> list[str]:
    """What is in its data folder, but for the log of a node beside it."""
    return sorted(path.name for path in server.data.iterdir() if not (ON_A_NODE and path.name == "log"))


def test_without_the_ledger_nothing_is_put_back(backed_up: BackedUp, fresh: Server) -> None:
    backed_up.lay_out(fresh.data, ledger=False)
    refused = backed_up.restore(fresh)
    assert refused.returncode == 1 and one_sentence(refused.stderr) and "erasures.ledger" in refused.stderr
    assert there(fresh) == ["master.key"]


def test_a_backup_that_was_altered_is_not_put_back(backed_up: BackedUp, fresh: Server) -> None:
    altered = backed_up.folder / "altered"
    shutil.copytree(backed_up.folder / "log", altered)
    told = orjson.loads((altered / "backup.json").read_bytes())
    told["log"]["root"] = "0" * 64
    (altered / "backup.json").write_bytes(orjson.dumps(told))
    backed_up.lay_out(fresh.data)
    refused = backed_up.restore(fresh, "altered")
    assert refused.returncode == 1 and "is not what was backed up (root)" in refused.stderr
    assert there(fresh) == ["erasures.ledger", "master.key"]


def test_what_is_left_of_an_installation_is_not_overwritten(backed_up: BackedUp, fresh: Server) -> None:
    backed_up.lay_out(fresh.data)
    left = fresh.data / "access" / "log.db"
    left.parent.mkdir()
    left.write_bytes(b"who looked at whom since the backup")
    refused = backed_up.restore(fresh)
    assert refused.returncode == 1 and one_sentence(refused.stderr) and "(access)" in refused.stderr
    assert left.read_bytes() == b"who looked at whom since the backup"


def test_an_installation_is_not_overwritten_and_a_backup_neither(backed_up: BackedUp) -> None:
    refused = backed_up.restore(backed_up.server)
    assert refused.returncode == 1 and "There is an installation in" in refused.stderr
    again = backed_up.server.run(
        "backup", str(backed_up.folder / "log"), "--keys", str(backed_up.folder / "more" / "keys")
    )
    assert again.returncode == 1 and one_sentence(again.stderr) and "There is something in" in again.stderr


def test_log_and_keys_do_not_go_into_one_place(backed_up: BackedUp, tmp_path: Path) -> None:
    refused = backed_up.server.run("backup", str(tmp_path / "all"), "--keys", str(tmp_path / "all" / "keys"))
    assert refused.returncode == 1 and "not be in the same backup" in refused.stderr
    assert not (tmp_path / "all").exists()

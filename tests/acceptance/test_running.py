"""Starting, stopping, dying and starting again: one sentence for what cannot be, and nothing acknowledged is lost."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from services.gateway.greeting import greet
from services.gateway.installation import Installation
from services.gateway.tokens import open_tokens
from shared.settings import Settings
from tests.acceptance import records
from tests.acceptance.serving import Api, Refused, Server, clean_environment, command, free_port


def is_running(pid: int) -> bool:
    """Whether that process is there, and more than a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def one_sentence(text: str) -> bool:
    return text.count("\n") == 1 and text.endswith(".\n") and "Traceback" not in text


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on an empty folder, for tests that leave it as it is."""
    started = Server(tmp_path_factory.mktemp("running"))
    started.start()
    try:
        started.wait_until_ready()
        yield started
    finally:
        started.close()


def test_it_greets_with_its_address_a_token_and_questions_that_are_answered_to_who_pastes_them(running: Server) -> None:
    running.eventually(lambda: "Ctrl-C stops it" in running.said(), "it did not greet")
    said = running.said()
    assert f"{running.url}/docs" in said and "No real person's data belongs in it." in said
    pasted = [line for line in said.splitlines() if line.startswith(("TOKEN=", "ask() {", "ask "))]
    answers = subprocess.run(["sh", "-c", "\n".join(pasted)], capture_output=True, text=True, check=True).stdout
    # Without the history there is neither grant nor campaign to ask about, and nobody is told to.
    assert len(pasted) == 3 and '"projects_total":0' in answers


@pytest.mark.parametrize("columns", [40, 80])
def test_nothing_that_is_there_to_be_copied_is_cut_on_a_narrow_terminal(tmp_path: Path, columns: int) -> None:
    written = io.StringIO()
    narrow = Console(file=written, force_terminal=True, color_system=None, width=columns)
    with Installation(Settings(data_dir=tmp_path)) as installation:
        installation.projector().catch_up()
        greet(installation, dict, "::1", 8000, narrow)
        said = written.getvalue()
        (token,) = (line.removeprefix("TOKEN=") for line in said.splitlines() if line.startswith("TOKEN="))
        assert open_tokens(installation.folder).identify(token).actor == "trial"
    assert 'ask() { curl -s -H "Authorization: Bearer $TOKEN" "http://[::1]:8000$1"; }' in said.splitlines()


def test_a_folder_on_which_another_one_runs_is_said_in_one_sentence(running: Server) -> None:
    refused = running.run("serve", PORT=str(free_port()))
    assert refused.returncode == 1 and one_sentence(refused.stderr) and "Another serve runs on" in refused.stderr
    assert httpx.get(f"{running.url}/health/ready", timeout=30).status_code == 200


def test_health_and_the_document_need_no_token_and_everything_else_does(running: Server) -> None:
    with httpx.Client(base_url=running.url, timeout=30) as client:
        for path in "/health/live", "/health/ready", "/openapi.json", "/docs":
            assert client.get(path).status_code == 200
        document = client.get("/openapi.json").json()
        assert {"/documents", "/policies/parked", "/reports/activity", "/cases/{case}"} <= set(document["paths"])
        for path in "/cases", "/reports/activity", "/audit/trail", "/policies/parked", f"/documents/{'0' * 64}":
            assert client.get(path).status_code == 401


def test_ctrl_c_stops_everything_is_no_failure_and_the_next_start_goes_on(empty_server: Server) -> None:
    empty_server.start()
    empty_server.wait_until_ready()
    api = Api(empty_server)
    of, token, position = records.file(api), api.token("caseworker", "caseworker-1"), api.head()
    api.close()
    (worker,) = empty_server.workers()
    assert empty_server.interrupt() == 0
    assert not is_running(worker)
    assert "Stopped. Everything that was acknowledged is on disk." in empty_server.said()
    assert "Traceback" not in empty_server.said() and not empty_server.lines("the worker ended; it is started again")

    empty_server.start()
    empty_server.wait_until_ready()
    path, headers = f"/cases/{of.case}", {"Authorization": f"Bearer {token}"}  # the token of before still holds
    asked = httpx.get(empty_server.url + path, params={"wait_for": position}, headers=headers, timeout=30)
    assert len(asked.json()["timeline"]) == 2


def test_nothing_acknowledged_is_lost_when_server_and_worker_are_killed(empty_server: Server) -> None:
    empty_server.start()
    empty_server.wait_until_ready()
    api = Api(empty_server)
    of = records.file(api)
    acknowledged: list[str] = []

    def write() -> None:
        with suppress(httpx.TransportError):
            while True:
                try:
                    acknowledged.append(records.note(api, of, f"Note {len(acknowledged)}."))
                except Refused as refused:  # one part of it may still be there when another is gone
                    assert "503" in str(refused), refused
                    return

    writing = threading.Thread(target=write)
    writing.start()
    empty_server.eventually(lambda: len(acknowledged) >= 20, "no notes were written")
    (worker,) = empty_server.workers()
    os.kill(worker, signal.SIGKILL)
    empty_server.kill()
    writing.join()
    api.close()

    empty_server.start()
    empty_server.wait_until_ready()
    again = Api(empty_server)
    timeline = again.ask("caseworker", f"/cases/{of.case}", params={"limit": 500}, wait_for=again.head())["timeline"]
    found = [entry["entry"] for entry in timeline if entry["what"] == "NoteAdded"]
    # One more may have been committed, whose answer was never sent.
    assert found[: len(acknowledged)] == acknowledged and len(found) <= len(acknowledged) + 1
    assert [said["text"] for said in records.said(timeline, "NoteAdded")][:3] == ["Note 0.", "Note 1.", "Note 2."]
    again.close()
    assert empty_server.interrupt() == 0
    assert "The log is whole" in empty_server.run("log", "verify").stdout
    assert "This is the log that was signed" in empty_server.run("audit", "verify").stdout


def test_a_worker_that_dies_is_started_again_and_one_whose_server_dies_goes_with_it(empty_server: Server) -> None:
    empty_server.start()
    empty_server.wait_until_ready()
    api = Api(empty_server)
    (first,) = empty_server.workers()
    os.kill(first, signal.SIGKILL)
    of = records.file(api)  # recorded while nobody fills the read models
    empty_server.eventually(lambda: len(empty_server.workers()) == 2, "the worker was not started again")
    empty_server.wait_until_ready()
    position = api.head()

    def shown() -> bool:
        answer = api.request("GET", f"/cases/{of.case}", "caseworker", params={"wait_for": position})
        return answer.status_code == 200

    empty_server.eventually(shown, "the new worker did not catch up")
    api.close()
    empty_server.kill()
    second = empty_server.workers()[-1]
    empty_server.eventually(lambda: not is_running(second), "the worker outlived its server")


def test_a_port_that_is_in_use_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = command("serve", environment=clean_environment(tmp_path / "data", PORT=str(port)))
    assert refused.returncode == 1 and one_sentence(refused.stderr) and f"Port {port} is in use" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_a_setting_that_makes_no_sense_is_named_in_one_sentence(tmp_path: Path) -> None:
    refused = command("serve", environment=clean_environment(tmp_path / "data", PORT="nonsense"))
    assert refused.returncode == 1 and one_sentence(refused.stderr)
    assert "PORT" in refused.stderr and "nonsense" not in refused.stderr


def test_a_data_folder_that_cannot_be_one_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("A file is no folder.")
    refused = command("serve", environment=clean_environment(tmp_path / "data", PORT=str(free_port())))
    assert refused.returncode == 1 and one_sentence(refused.stderr) and "data" in refused.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o500)
    refused = command("serve", environment=clean_environment(tmp_path / "data", PORT=str(free_port())))
    assert refused.returncode == 1 and one_sentence(refused.stderr) and "cannot be written" in refused.stderr

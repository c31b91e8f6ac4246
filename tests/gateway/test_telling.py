"""What each process tells of itself, and what is made of it: metrics, probes, status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from services.gateway.http.metrics import Metrics, Standing
from services.gateway.telling import Told, asked, telling, wrong_with
from services.gateway.work import work_of
from shared import measures
from shared.errors import Conflict, Unavailable
from shared.measures import APPENDS, RETRIES, measured, turned, turning

TELLER = """
import sys, time
from pathlib import Path
from services.gateway.telling import telling
with telling(Path(sys.argv[1]), "projector", lambda: None):
    print("told", flush=True)
    time.sleep(600)
"""


def answers_of(folder: Path) -> list[Told]:
    """What those say that answer."""
    return [told for told in asked(folder).values() if told]


def another_process(folder: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", TELLER, str(folder)], stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline() == b"told\n"
    return process


def test_a_process_tells_its_part_its_loops_and_what_it_counts(tmp_path: Path) -> None:
    with telling(tmp_path, "projector", lambda: None), turning("read models"):
        (told,) = answers_of(tmp_path)
        assert (told.part, told.pid, told.wrong) == ("projector", os.getpid(), [])
        assert 0 <= told.loops["read models"] < 60
        assert {"forgetmenot_append_seconds", "forgetmenot_retries"} <= {family.name for family in told.families()}
    assert answers_of(tmp_path) == []


def test_a_folder_whose_path_is_too_long_for_a_socket_will_do(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    with telling(folder, "log", lambda: None):
        assert [told.part for told in answers_of(folder)] == ["log"]


def test_a_loop_that_is_stuck_and_a_log_out_of_reach_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_reach() -> None:
        raise Unavailable("The log is out of reach.")

    with telling(tmp_path, "policies", out_of_reach), turning("policies"):
        monkeypatch.setitem(measures._turned, "policies", measures._turned["policies"] - 1000)
        (told,) = answers_of(tmp_path)
        assert told.wrong[0].startswith("The loop of policies has not turned for 1") and told.wrong[1:] == [
            "The log is out of reach."
        ]
        assert wrong_with(tmp_path) == {"policies": told.wrong[0]}
        turned("policies")
        assert answers_of(tmp_path)[0].wrong == ["The log is out of reach."]


def test_one_that_hangs_is_told_from_one_that_was_killed(tmp_path: Path) -> None:
    process = another_process(tmp_path)
    try:
        process.send_signal(signal.SIGSTOP)
        (run,) = asked(tmp_path)
        assert wrong_with(tmp_path) == {run: "This process runs and does not answer."}
        page = Metrics(lambda: Standing(0, [], []), lambda: asked(tmp_path)).page().decode()
        assert f'forgetmenot_process_wrong{{part="projector",process="{run.partition("-")[2]}"}} 1.0' in page
        process.send_signal(signal.SIGCONT)
        assert [told.part for told in answers_of(tmp_path)] == ["projector"]
    finally:
        process.kill()
        process.wait()
    assert asked(tmp_path) == {} == wrong_with(tmp_path)


def test_one_page_has_what_every_process_counts(tmp_path: Path) -> None:
    process = another_process(tmp_path)
    try:
        with telling(tmp_path, "gateway", lambda: None):
            APPENDS.observe(0.003)
            page = Metrics(lambda: Standing(0, [], []), lambda: asked(tmp_path)).page().decode()
    finally:
        process.kill()
        process.wait()
    counts = [line for line in page.splitlines() if line.startswith("forgetmenot_append_seconds_count")]
    assert len(counts) == 2 and any('part="gateway"' in line for line in counts)
    assert any('part="projector"' in line and line.endswith(" 0.0") for line in counts)
    assert page.count("# TYPE forgetmenot_append_seconds histogram") == 1
    assert "_created" not in page.partition("forgetmenot_process_wrong")[2]


def test_a_command_is_counted_by_how_it_ended_and_status_adds_all_up() -> None:
    def told() -> list[Told]:
        return [Told("cases", "1", "here", 1, "", [], {}, measures_of())]

    before = work_of(told())
    with pytest.raises(Conflict), measured("kitchens.Cook"):
        raise Conflict("Somebody was faster.")
    with measured("kitchens.Cook"):
        threading.Event().wait(0.003)
    RETRIES.labels("command").inc()
    after = work_of(told())
    assert after["commands"]["count"] == before["commands"]["count"] + 2
    assert after["retries"]["command"] == before["retries"]["command"] + 1
    assert after["commands"]["most_within"] is not None
    outcomes = {
        sample.labels["outcome"]
        for family in told()[0].families()
        for sample in family.samples
        if sample.labels.get("command") == "kitchens.Cook"
    }
    assert outcomes == {"conflict", "done"}


def measures_of() -> list[object]:
    from services.gateway.telling import _measured

    return _measured()

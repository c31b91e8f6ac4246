"""What an operator sees of an installation that runs: status, probes, health, metrics."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.gateway.telling import asked
from tests.acceptance import records
from tests.acceptance.serving import DISTRIBUTED, Api, Server

FILLS_READ_MODELS = "projector" if DISTRIBUTED else "worker"
PARTS = {"gateway", FILLS_READ_MODELS} | ({"log", "policies", "cases", "audit"} if DISTRIBUTED else set())
CARRIES_COMMANDS = "cases" if DISTRIBUTED else "gateway"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this module's own: one of its processes is held."""
    server = Server(tmp_path_factory.mktemp("outside"))
    server.start()
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.close()


def test_status_and_metrics_say_what_each_process_has_done_and_that_nothing_is_wrong(running: Server) -> None:
    api = Api(running)
    records.file(api)
    refused = api.request("POST", "/cases", "auditor", json={})
    api.close()
    assert refused.status_code == 403
    told = running.run("status", "--json")
    found = json.loads(told.stdout)
    assert (told.returncode, found["wrong"]) == (0, []), found["wrong"]
    assert {one["part"] for one in found["processes"]} >= PARTS
    assert found["work"]["appends"]["count"] > 0 and found["work"]["commands"]["most_within"]
    assert {"command", "read_model", "policy", "broker"} <= found["work"]["retries"].keys()
    shown = running.run("status")
    assert shown.returncode == 0 and "Nothing is wrong." in shown.stdout and shown.stderr == ""
    page = httpx.get(f"{running.url}/metrics", timeout=60).text.splitlines()
    opened = [line for line in page if line.startswith("forgetmenot_command_seconds_count") and "OpenCase" in line]
    assert opened and all(f'part="{CARRIES_COMMANDS}"' in line and 'outcome="done"' in line for line in opened)
    assert any(line.startswith("forgetmenot_read_model_lag_seconds") for line in page)


@pytest.mark.skipif(not DISTRIBUTED, reason="parts are processes of their own in the other topology")
def test_each_part_is_probed_by_its_name(running: Server) -> None:
    for part in ("log", "projector", "policies", "cases", "gateway"):
        probed = running.run("probe", part)
        assert probed.returncode == 0, probed.stderr


def test_a_process_that_hangs_is_named_by_health_and_status_until_it_goes_on(running: Server) -> None:
    (held,) = [one for one in asked(running.data).values() if one and one.part == FILLS_READ_MODELS]
    name = f"{held.part}-{held.id}"
    os.kill(held.pid, signal.SIGSTOP)
    try:
        answer = httpx.get(f"{running.url}/health/ready", timeout=60)
        assert answer.status_code == 503
        assert answer.json()["waiting_for"][name] == "This process runs and does not answer."
        assert httpx.get(f"{running.url}/health/live", timeout=60).status_code == 200
        told = running.run("status")
        assert told.returncode == 1 and f"{name.capitalize()} runs and does not answer." in told.stdout
        if DISTRIBUTED:
            probed = running.run("probe", held.part)
            assert probed.returncode == 1 and "does not answer" in probed.stderr
    finally:
        os.kill(held.pid, signal.SIGCONT)
    running.wait_until_ready()
    assert running.run("status").returncode == 0


def test_a_part_that_is_not_there_fails_its_probe_in_one_sentence(tmp_path: Path) -> None:
    server = Server(tmp_path)
    probed = server.run("probe", "projector")
    assert probed.returncode == 1 and probed.stderr.startswith("No process of the part projector answers here")
    server.close()

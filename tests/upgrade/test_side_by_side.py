"""A rolling upgrade: for a while an old and a new version of the program work on one log, in two processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest


class Process:
    """One version of it."""

    def __init__(self, version: str, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.upgrade.ledger", version, str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._numbers = (f"{version}-{n}" for n in count())

    def ask(self, what: str, key: str = "-", number: str | None = None) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{what} {key} {number or next(self._numbers)}\n")
        self.process.stdin.flush()
        return orjson.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate()


@pytest.fixture
def versions(tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    """The old one, which owns the log, and the new one beside it."""
    old = Process("old", tmp_path)
    assert "position" in old.ask("open", "a")
    new = Process("new", tmp_path)
    yield old, new
    new.close()
    old.close()


def test_the_new_one_reads_what_the_old_one_writes(versions: tuple[Process, Process]) -> None:
    old, new = versions
    old.ask("enter", "a")
    assert "position" in new.ask("enter", "a")
    assert new.ask("project")["totals"] == [["a", 600, 2]]


@pytest.mark.parametrize("what", ["enter", "strike"], ids=["a newer version of an event", "an event of a new type"])
def test_the_old_one_refuses_records_that_it_does_not_understand_and_goes_on_with_others(
    versions: tuple[Process, Process], what: str
) -> None:
    old, new = versions
    old.ask("open", "b")
    new.ask(what, "a")
    refused = old.ask("enter", "a", "the-same")
    assert refused["refused"] == "newer-event" and "once the upgrade is done" in refused["said"]
    assert "position" in old.ask("enter", "b")
    assert "position" in new.ask("enter", "a", "the-same")  # sent again, it reaches the new one


def test_a_read_model_of_the_old_one_stops_alone_and_goes_on_in_the_new_one(versions: tuple[Process, Process]) -> None:
    old, new = versions
    old.ask("enter", "a")
    assert old.ask("project")["totals"] == [["a", 300, 1]]
    new.ask("enter", "a")
    old.ask("open", "b")
    stopped = old.ask("project")
    assert stopped["states"]["totals"] == ["stopped", "NewerEvent@decode(ledgers.Entered)"]
    assert stopped["states"]["opened"] == ["live", None] and stopped["totals"] == [["a", 300, 1]]
    done = new.ask("project")
    assert done["states"] == {"totals": ["live", None], "opened": ["live", None]}
    assert done["totals"] == [["a", 600, 2]]


def test_a_policy_of_the_old_one_waits_and_the_new_one_reacts_once(versions: tuple[Process, Process]) -> None:
    old, new = versions
    old.ask("enter", "a")
    new.ask("enter", "a")
    assert old.ask("react") == {"noted": 1, "waiting": "newer-event", "parked": 0}
    assert new.ask("react") == {"noted": 2, "waiting": None, "parked": 0}
    assert old.ask("react")["noted"] == 2

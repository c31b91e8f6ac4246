"""Killed at any moment, a process loses no acknowledged event and leaves no half-written append."""

from __future__ import annotations

import random
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

import pytest

from shared.eventstore.port import NewEvent
from shared.eventstore.sqlite import open_store
from tests.eventstore.processes import Writing, hear, numbered, start, tell

BATCH = 3
CALLERS = 4


def assert_whole(folder: Path, acknowledged: Counter[str]) -> tuple[int, int]:
    """What is acknowledged is there, appends are there whole, and the log goes on.

    Gives how many appends were committed without an answer, and how many callers lost the one on its way.
    """
    unanswered = 0
    with open_store(folder) as store:
        assert store.verify().sound
        for number in range(CALLERS):
            stream = f"s-{number}"
            recorded = list(store.read_stream(stream))
            assert len(recorded) % BATCH == 0
            assert [e.id for e in recorded] == [numbered(stream, n).id for n in range(len(recorded))]
            assert acknowledged[stream] <= len(recorded) <= acknowledged[stream] + BATCH
            unanswered += (len(recorded) - acknowledged[stream]) // BATCH
        was_there = store.revision("s-0") is not None
        assert store.append("s-0", [numbered("s-0", n) for n in range(BATCH)]).written is not was_there
        assert store.append("after", [NewEvent(numbered("after", 1).id, "t", b"{}")]).written
    return unanswered, CALLERS - unanswered


@pytest.mark.parametrize("moment", ["before-commit", "after-commit", "before-answer"])
@pytest.mark.parametrize("commit", [1, 2, 7, 30])
def test_killed_at_a_moment_of_a_commit(
    tmp_path: Path, moment: str, commit: int, capfd: pytest.CaptureFixture[str]
) -> None:
    writing = Writing(
        tmp_path, "s", CALLERS, BATCH, module="tests.eventstore.dying", env={"FMN_DIE": f"{moment}:{commit}"}
    )
    writing.go()
    writing.join()
    assert capfd.readouterr().err == moment  # it died where it should, and of nothing else
    unanswered, _ = assert_whole(tmp_path, writing.acknowledged)
    if moment != "before-commit":
        assert unanswered > 0


@pytest.mark.parametrize("moment", ["write", "before-sync", "after-sync"])
@pytest.mark.parametrize("count", [1, 5, 40])
def test_killed_in_the_middle_of_the_disks_work(
    tmp_path: Path, disk: Path, moment: str, count: int, capfd: pytest.CaptureFixture[str]
) -> None:
    with open_store(tmp_path):
        pass  # the file is there: it is an append that gets killed, not the making of the log
    writing = Writing(tmp_path, "s", CALLERS, BATCH, env={"LD_PRELOAD": str(disk), "FMN_PULL": f"{moment}:{count}"})
    writing.go()
    writing.join()
    assert capfd.readouterr().err == moment
    assert_whole(tmp_path, writing.acknowledged)


def test_killed_at_random_moments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], record_property: pytest.RecordProperty
) -> None:
    choose = random.Random(77)
    hit: Counter[str] = Counter()
    for number in range(12):
        folder = tmp_path / str(number)
        writing = Writing(folder, "s", CALLERS, BATCH)
        writing.go()
        writing.more(BATCH)
        time.sleep(choose.uniform(0, 0.03))
        writing.kill()
        unanswered, lost = assert_whole(folder, writing.acknowledged)
        hit["after the commit, before the answer"] += unanswered
        hit["before the commit"] += lost
    for moment, count in hit.items():
        record_property(moment, count)
    with capsys.disabled():
        print("\n  appends under way when killed:", ", ".join(f"{count} {moment}" for moment, count in hit.items()))


def test_a_caller_that_is_interrupted_leaves_the_log_to_the_others(tmp_path: Path) -> None:
    process = start(__name__, tmp_path)
    for _ in range(25):
        assert hear(process) == "appending"
        time.sleep(0.003)
        process.send_signal(signal.SIGINT)
    assert hear(process) == "appending"
    tell(process, "stop")
    output, _ = process.communicate(timeout=60)
    assert output == "sound\n"
    assert process.returncode == 0


def append_until_told_to_stop(folder: str) -> None:
    """One thread appends in the background, the main thread until it is interrupted, again and again."""
    stopping = threading.Event()

    def background() -> None:
        number = 0
        while not stopping.is_set():
            store.append("background", [numbered("background", number)])
            number += 1

    def foreground() -> None:
        try:
            print("appending", flush=True)
            while not stopping.is_set():
                store.append("foreground", [NewEvent(uuid4(), "t", b"{}")])
        except KeyboardInterrupt:
            return

    def listen() -> None:
        sys.stdin.readline()
        stopping.set()

    with open_store(Path(folder)) as store:
        threads = [threading.Thread(target=background), threading.Thread(target=listen)]
        for thread in threads:
            thread.start()
        while not stopping.is_set():
            foreground()
        for thread in threads:
            thread.join()
        print("sound" if store.verify().sound else "damaged")


if __name__ == "__main__":
    append_until_told_to_stop(sys.argv[1])

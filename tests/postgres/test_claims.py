"""Of several projectors one works on each read model, and another takes over when it is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.gateway.distributed.claims import run_claimed
from shared.context import Registry
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.logging import configure_logging
from shared.privacy.vault import AesGcmVault
from shared.projections.engine import read_model_engine
from shared.projections.projector import Projector
from shared.projections.read_models import ReadModels
from tests.projections.shelter_log import WORKER, CountRooms, Rooms, Trail, commands, shelter
from tests.servers.databases import own_url
from tests.servers.fixtures import database as database
from tests.servers.running import Server

PATIENCE_SECONDS = 60


class Projecting:
    """Projectors as processes of their own, which say what they have claimed."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        """One more."""
        command = [sys.executable, "-m", __name__, str(self.folder), self.url]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        assert said(process) == "looking"
        return process

    def close(self) -> None:
        """End those that are left."""
        for process in self.processes:
            process.kill()
            process.communicate()


@pytest.fixture
def projecting(tmp_path: Path, database: Server) -> Iterator[Projecting]:
    projecting = Projecting(tmp_path, own_url(database))
    yield projecting
    projecting.close()


def said(process: subprocess.Popen[str]) -> str:
    """The next thing that it says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_one_projector_works_on_a_read_model_and_another_takes_over_when_it_is_killed(projecting: Projecting) -> None:
    with open_store(projecting.folder / "log") as store:
        handler = CommandHandler(store, Registry([shelter]), AesGcmVault.in_memory())
        read_models = ReadModels(
            read_model_engine(projecting.url), [Rooms()], handler.vault, wait_seconds=PATIENCE_SECONDS
        )

        def do(numbers: range) -> int:
            position = 0
            for command in commands(numbers):
                position = handler.handle(command, WORKER, command_id=uuid4()).position
            return position

        first = projecting.start()
        assert said(first) == "claimed rooms trail"
        second = projecting.start()
        do(range(30))
        position = do(range(30, 60))
        assert read_models.ask(CountRooms(), WORKER, wait_for=position).answer.rooms["r0"] == (20, 20)
        heard = threading.Event()

        def listen() -> None:
            assert said(second) == "claimed rooms trail"
            heard.set()

        listening = threading.Thread(target=listen)
        listening.start()
        assert not heard.wait(1.5), "two work on the same read model"
        os.kill(first.pid, signal.SIGKILL)
        position = do(range(60, 90))
        assert heard.wait(PATIENCE_SECONDS), "nobody took over"
        listening.join()
        rooms = read_models.ask(CountRooms(), WORKER, wait_for=position).answer.rooms
        assert rooms == {"r0": (30, 30), "r1": (30, 30), "r2": (30, 30)}


def test_a_claim_that_is_lost_with_its_connection_is_taken_again(database: Server) -> None:
    engine = read_model_engine(own_url(database))
    working: list[Sequence[str]] = []
    stopped = threading.Event()
    stop = threading.Event()

    def work(names: Sequence[str], until: threading.Event) -> None:
        working.append(names)
        until.wait()
        stopped.set()

    thread = threading.Thread(target=run_claimed, args=(engine, "lost", ["a", "b"], work, stop))
    thread.start()
    eventually(lambda: working == [["a", "b"]])
    with engine.begin() as connection:
        others = (
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        )
        connection.execute(text(others))
    assert stopped.wait(PATIENCE_SECONDS)
    eventually(lambda: working == [["a", "b"], ["a", "b"]])
    stop.set()
    thread.join()
    engine.dispose()


def test_work_that_fails_ends_the_process_that_runs_it(database: Server) -> None:
    engine = read_model_engine(own_url(database))

    def work(names: Sequence[str], until: threading.Event) -> None:
        raise LookupError("this is broken")

    with pytest.raises(LookupError):
        run_claimed(engine, "broken", ["a"], work, threading.Event())
    engine.dispose()


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until it does."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def project(folder: Path, url: str) -> None:
    """A projector process."""
    configure_logging()
    engine = read_model_engine(url)
    projections = {projection.name: projection for projection in (Rooms(), Trail())}
    with open_store(folder / "log") as store:

        def work(names: Sequence[str], stop: threading.Event) -> None:
            print("claimed", *names, flush=True)
            Projector(store, engine, [projections[name] for name in names]).run(stop)

        print("looking", flush=True)
        run_claimed(engine, "projection", projections, work, threading.Event())


if __name__ == "__main__":
    project(Path(sys.argv[1]), sys.argv[2])

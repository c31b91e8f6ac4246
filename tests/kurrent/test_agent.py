"""The store agent: it may die, be slow or find no store, and its process goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from shared.errors import Invalid, Unavailable
from shared.eventstore.agent.client import AgentLog, open_agent
from shared.eventstore.port import NewEvent, StreamState
from shared.feed import Feed
from tests.acceptance.serving import free_port
from tests.eventstore.processes import ROOT
from tests.kurrent.test_following import Following
from tests.node.process import NodeProcess
from tests.node.running import running


def event() -> NewEvent:
    return NewEvent(uuid4(), "tests.Happened", b"{}")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AgentLog]:
    """A log's folder through an agent: what is behind it makes no difference here."""
    with open_agent(str(tmp_path / "log")) as opened:
        yield opened


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def agent_of(store: AgentLog) -> int:
    eventually(lambda: store._process is not None)
    assert store._process is not None
    return store._process.pid


def test_an_agent_that_is_killed_is_replaced_and_nothing_is_lost_or_doubled(store: AgentLog) -> None:
    given = [event() for _ in range(40)]
    with Feed(store.subscribe()) as feed:
        following = Following(feed)
        for revision, one in enumerate(given):
            if revision % 10 == 5:
                os.kill(agent_of(store), signal.SIGKILL)
            expected = revision - 1 if revision else StreamState.NO_STREAM
            assert store.append("a", [one], expected).revision == revision
        following.until(lambda: len(following.ids) >= len(given))
    assert following.ids == [one.id for one in given] == [e.id for e in store.read_stream("a")]


def test_a_stream_is_followed_by_its_revisions_across_agents(store: AgentLog) -> None:
    given = [event() for _ in range(4)]
    with Feed(store.subscribe(stream="a")) as feed:
        following = Following(feed)
        for one in given:
            store.append("b", [event()])
            store.append("a", [one])
            following.until(lambda: following.ids[-1:] == [one.id])  # noqa: B023
            os.kill(agent_of(store), signal.SIGKILL)
    assert following.ids == [one.id for one in given]


def test_closing_it_ends_the_agent(tmp_path: Path) -> None:
    store = open_agent(str(tmp_path / "log"))
    store.append("a", [event()])
    pid = agent_of(store)
    store.close()
    assert not is_there(pid)


def test_an_agent_does_not_outlive_its_process(tmp_path: Path) -> None:
    code = (
        "import sys, time; from shared.eventstore.agent.client import open_agent; "
        f"store = open_agent({str(tmp_path / 'log')!r}); store.head(); print(store._process.pid, flush=True); "
        "time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout
    pid = int(process.stdout.readline())
    process.kill()
    process.communicate()
    eventually(lambda: not is_there(pid))


def test_a_reader_that_does_not_read_holds_up_nobody(store: AgentLog) -> None:
    big = NewEvent(uuid4(), "tests.Happened", b"x" * 500_000)
    subscription = store.subscribe()
    batches = subscription.batches()
    store.append("a", [big])
    assert next(batches)
    for _ in range(30):
        store.append("a", [big._replace(id=uuid4())])  # and none of it is fetched
    assert store.revision("a") == 30
    subscription.close()


def test_many_callers_share_one_connection(store: AgentLog) -> None:
    def call(number: int) -> None:
        for revision in range(20):
            assert store.append(f"s-{number}", [event()]).revision == revision

    threads = [threading.Thread(target=call, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.head() == 320


def test_a_store_that_is_nowhere_is_told_to_whoever_asks(tmp_path: Path) -> None:
    with running(tmp_path / "gone") as gone:
        address = gone.address
    with open_agent(address, patience=0.5) as store:
        with pytest.raises(Unavailable, match="out of reach"):
            store.head()
        with pytest.raises(Unavailable, match="out of reach"):
            next(iter(store.subscribe()))
    with open_agent("esdb://somebody:secret@host?tls=false") as store, pytest.raises(Invalid, match="encrypted"):
        store.head()


def test_the_whole_contract_holds_inside_a_nameko_container(tmp_path: Path) -> None:
    node = NodeProcess(tmp_path / "log")
    try:
        command = [sys.executable, "-m", "tests.kurrent.container", node.address]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
        assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
        assert " passed" in ran.stdout
    finally:
        node.stop()


def test_the_service_that_the_document_shows_keeps_its_notes(tmp_path: Path) -> None:
    node, port = NodeProcess(tmp_path / "log"), free_port()
    command = [sys.executable, "-m", "tests.kurrent.notes", node.address, str(port)]
    service = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert service.stdout and service.stdout.readline() == "serves\n"
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            id = uuid4()
            written = [client.put(f"/notes/a/{one}", content="Labas.") for one in (id, uuid4(), id)]
            assert [answer.text for answer in written] == ["0", "1", "0"]  # the third is the first again
            assert client.get("/notes/a").text == "Labas.\nLabas."
            assert client.get("/notes/b").text == ""
    finally:
        service.communicate(timeout=60)
        node.stop()
    assert service.returncode == 0

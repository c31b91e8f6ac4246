"""One process owns the log; the others attach, share its commits, and take over when it is gone."""

from __future__ import annotations

import os
import signal
import stat
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from threading import Barrier, Thread
from uuid import uuid4

import pytest

from shared.errors import EventTooLarge, Unavailable, WrongExpectedRevision
from shared.eventstore import ownership
from shared.eventstore.port import AppendResult, CaughtUp, Filter, NewEvent, RecordedEvent, StreamState, Subscription
from shared.eventstore.sqlite import EmbeddedLog, open_store
from tests.eventstore.processes import Writing, numbered, own, serving


def event() -> NewEvent:
    return NewEvent(uuid4(), "tests.Happened", b"{}")


def assert_nothing_lost_or_doubled(store: EmbeddedLog, acknowledged: Counter[str]) -> None:
    """Each caller's stream holds its events once and in order, at least those it was told of."""
    for stream, count in acknowledged.items():
        recorded = list(store.read_stream(stream))
        assert [e.id for e in recorded] == [numbered(stream, number).id for number in range(len(recorded))]
        assert len(recorded) >= count
    positions = [e.position for e in store.read_all()]
    assert positions == list(range(1, len(positions) + 1))
    assert store.verify().sound


def test_the_first_is_the_owner_and_the_next_attaches(tmp_path: Path) -> None:
    with open_store(tmp_path) as first, open_store(tmp_path) as second:
        assert [first.describe().role, second.describe().role] == ["owner", "attached"]
        assert first.describe().owner_pid == second.describe().owner_pid == os.getpid()
        second.append("a", [event()])
        first.append("a", [event()])
        assert [e.revision for e in second.read_stream("a")] == [0, 1]


def test_an_attached_store_gets_the_owners_refusals_as_they_are(tmp_path: Path) -> None:
    with open_store(tmp_path), open_store(tmp_path) as attached:
        attached.append("a", [event()])
        with pytest.raises(WrongExpectedRevision) as conflict:
            attached.append("a", [event()], StreamState.NO_STREAM)
        assert conflict.value.facts == {"stream": "a", "expected": "no_stream", "actual": 0}
        with pytest.raises(EventTooLarge):
            attached.append("a", [NewEvent(uuid4(), "t", b"x" * (2 << 20))])


def test_an_attached_store_takes_over_when_the_owner_closes(tmp_path: Path) -> None:
    owner = open_store(tmp_path)
    with open_store(tmp_path) as attached:
        attached.append("a", [event()])
        owner.close()
        assert attached.append("a", [event()]).revision == 1
        assert attached.describe().role == "owner"
        with open_store(tmp_path) as next_one:
            assert next_one.describe().role == "attached"
            assert next_one.append("a", [event()]).revision == 2


def test_a_subscription_of_an_attached_store_goes_on_through_a_change_of_owner(tmp_path: Path) -> None:
    owner = open_store(tmp_path)
    with open_store(tmp_path) as attached, open_store(tmp_path) as another:
        seen: list[int] = []

        def follow() -> None:
            with_position = another.subscribe(filter=Filter(types=("tests.Happened",)))
            for item in with_position:
                if isinstance(item, RecordedEvent):
                    seen.append(item.position)
                if len(seen) == 6:
                    return

        thread = Thread(target=follow)
        thread.start()
        for _ in range(3):
            owner.append("a", [event()])
        owner.close()
        for _ in range(3):
            attached.append("a", [event()])
        thread.join(30)
        assert seen == [1, 2, 3, 4, 5, 6]


def test_killing_the_owner_under_load_loses_and_doubles_nothing(tmp_path: Path) -> None:
    writing = [Writing(tmp_path, f"p{number}", callers=4) for number in range(4)]
    for process in writing:
        process.go()
    acknowledged: Counter[str] = Counter()
    while writing:
        for process in writing:
            process.more(20)  # all of them are served, by whoever is the owner now
        owner_pid = ownership.owner_pid(tmp_path)
        (owner,) = [process for process in writing if process.process.pid == owner_pid]
        owner.kill()
        acknowledged |= owner.acknowledged
        writing.remove(owner)
    assert len(acknowledged) == 16
    with open_store(tmp_path) as store:
        assert_nothing_lost_or_doubled(store, acknowledged)
        assert store.append("p0-0", [event()]).written


def test_a_lone_caller_is_served_beside_greedy_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], record_property: pytest.RecordProperty
) -> None:
    greedy_owner = Writing(tmp_path, "owner", callers=8)
    greedy, lone = Writing(tmp_path, "greedy", callers=16), Writing(tmp_path, "lone")
    everyone = [greedy_owner, greedy, lone]
    for process in everyone:
        process.go()
    for process in (lone, greedy, greedy_owner):
        process.more(50)  # each single caller of each process, while the others go on
    for process in everyone:
        process.kill()
    assert [len(process.acknowledged) for process in everyone] == [8, 16, 1]
    worst = {
        name: max(process.slowest.values()) for name, process in zip(("owner", "greedy", "lone"), everyone, strict=True)
    }
    for name, seconds in worst.items():
        record_property(f"worst_wait_ms_{name}", round(1000 * seconds, 1))
    with capsys.disabled():
        print("\n  worst wait for an append:", ", ".join(f"{n} {1000 * s:.0f} ms" for n, s in worst.items()))


def append_once_it_answers(store: EmbeddedLog) -> AppendResult:
    while True:
        with suppress(Unavailable):
            return store.append("b", [event()])


def test_an_owner_that_hangs_is_reported_and_served_again_when_it_wakes(tmp_path: Path) -> None:
    with serving() as process:
        own(process, tmp_path)
        with open_store(tmp_path, patience=0.5) as store:
            store.append("a", [event()])
            os.kill(process.pid, signal.SIGSTOP)
            try:
                with pytest.raises(Unavailable):
                    store.append("a", [event()])
            finally:
                os.kill(process.pid, signal.SIGCONT)
            assert append_once_it_answers(store).written


def test_only_this_user_can_reach_the_log(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir(mode=0o755)
    with open_store(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / ownership.SOCKET).stat().st_mode) == 0o600


def test_a_folder_may_have_a_name_longer_than_a_sockets_address(tmp_path: Path) -> None:
    folder = tmp_path / ("long-" * 20) / ("longer-" * 20)
    with open_store(folder) as owner, open_store(folder) as attached:
        assert attached.describe().role == "attached"
        attached.append("a", [event()])
        assert owner.revision("a") == 0


def test_what_a_killed_owner_left_does_not_stop_the_next(tmp_path: Path) -> None:
    with serving() as process:
        own(process, tmp_path)
        process.kill()
        process.wait()
    assert (tmp_path / ownership.SOCKET).exists()
    with open_store(tmp_path) as store:
        assert store.describe().role == "owner"
        assert store.append("a", [event()]).written


def test_a_fork_does_not_keep_the_log_from_the_next_owner(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    waiting, done = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(done)
        os.read(waiting, 1)
        os._exit(0)
    try:
        store.close()
        with open_store(tmp_path) as next_one:
            assert next_one.describe().role == "owner"
    finally:
        os.close(done)
        os.waitpid(child, 0)
        os.close(waiting)


def test_a_stranger_at_the_door_is_shown_out(tmp_path: Path) -> None:
    with open_store(tmp_path) as store, ownership.connect(tmp_path) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        stranger.settimeout(30)
        assert stranger.recv(100) == b""
        assert store.append("a", [event()]).written


@pytest.mark.skipif(sys.platform != "linux", reason="counts wake-ups in Linux's /proc")
def test_who_waits_for_events_sleeps_until_it_is_woken(tmp_path: Path) -> None:
    with open_store(tmp_path) as owner, open_store(tmp_path) as attached:
        subscriptions = [owner.subscribe(), attached.subscribe(), attached.subscribe(stream="a")]
        caught_up = Barrier(len(subscriptions) + 1)

        def follow(subscription: Subscription) -> None:
            for item in subscription:
                if isinstance(item, CaughtUp):
                    caught_up.wait()
                else:
                    return

        followers = [Thread(target=follow, args=(subscription,)) for subscription in subscriptions]
        for follower in followers:
            follower.start()
        caught_up.wait()
        time.sleep(0.1)
        threads = [t for t in threading.enumerate() if t in followers or t.name.startswith("event log")]
        before = [wake_ups(thread) for thread in threads]
        time.sleep(0.3)
        assert [wake_ups(thread) for thread in threads] == before
        owner.append("a", [event()])
        for follower in followers:
            follower.join(30)
        assert not any(follower.is_alive() for follower in followers)


def wake_ups(thread: Thread) -> str:
    """How often the thread has gone to sleep so far."""
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
    return next(line for line in status.splitlines() if line.startswith("voluntary_ctxt_switches"))

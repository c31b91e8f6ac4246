"""A policy that several processes share on a cluster: each event takes effect once, whoever's turn it was."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest

from shared.codec import Recorded
from shared.context import Registry
from shared.errors import DomainError, Invalid, Unavailable
from shared.eventstore.competing import Group
from shared.eventstore.kurrent.store import ClusterLog, open_cluster
from shared.eventstore.port import NewEvent
from shared.handling import CommandHandler
from shared.messages import Command, Origin, Receipt, Role
from shared.metadata import Metadata
from shared.policies import Policy, Reaction, on
from shared.privacy.vault import AesGcmVault
from shared.reacting.competing import CompetingPolicy, group_of
from tests.acceptance.serving import COMMAND, clean_environment, command
from tests.node.running import running
from tests.projections.shelter_log import BeginStay, EndStay, StayBegun, StayEnded, shelter


class RoomIsCleaned(Policy):
    """When somebody leaves, the cleaners move in."""

    name = "room_is_cleaned"
    in_any_order = True

    @on(StayEnded)
    def clean(self, e: Recorded[StayEnded]) -> Iterable[Reaction]:
        """One command."""
        yield BeginStay(stay=f"cleaning-{e.event.stay}", person="cleaner", room="any")


class InOrder(Policy):
    """Says nothing of order."""

    name = "in_order"

    @on(StayBegun)
    def begun(self, e: Recorded[StayBegun]) -> Iterable[Reaction]:
        """Nothing."""
        return ()


class Shelter:
    """A shelter on a cluster, whose policy is shared."""

    def __init__(self, store: ClusterLog) -> None:
        self.store = store
        self.handler = CommandHandler(store, Registry([shelter]), AesGcmVault.in_memory())
        self.policy = RoomIsCleaned()
        self.group: Group = store.group(group_of(self.policy), list(self.policy.handlers()))
        self.failures: list[Exception] = []
        self.reacted: list[str] = []

    def send(self, command: Command, origin: Origin, command_id: UUID) -> Receipt:
        """The bus of this test: what is in `failures` happens first."""
        if self.failures:
            raise self.failures.pop(0)
        self.reacted.append(threading.current_thread().name)
        return self.handler.handle(command, origin, command_id=command_id)

    def stays_that_ended(self, count: int) -> None:
        """So many whole stays."""
        origin = Origin("w-1", frozenset({Role.CASEWORKER}))
        for _ in range(count):
            stay = str(uuid4())
            self.handler.handle(BeginStay(stay=stay, person="p", room="r1"), origin, command_id=uuid4())
            self.handler.handle(EndStay(stay=stay), origin, command_id=uuid4())

    def cleanings(self) -> int:
        """How many began; each once, or this fails."""
        found = [e.stream for e in self.store.read_all() if "cleaning-" in e.stream]
        assert len(found) == len(set(found))
        return len(found)

    @contextmanager
    def reacting(self, *names: str) -> Iterator[None]:
        """Threads of these names share the policy."""
        stop = threading.Event()
        threads = [
            threading.Thread(target=CompetingPolicy(self.policy, self.group, self.send).run, args=(stop,), name=name)
            for name in names
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(30)
                assert not thread.is_alive()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Shelter]:
    with running(tmp_path / "log") as node, open_cluster(node.address) as store:
        yield Shelter(store)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_two_share_the_events_and_each_takes_effect_once(own: Shelter) -> None:
    own.stays_that_ended(10)
    with own.reacting("one", "two"):
        own.stays_that_ended(10)
        until(lambda: own.cleanings() == 20)
    assert set(own.reacted) == {"one", "two"}


def test_what_may_succeed_later_is_tried_again(own: Shelter) -> None:
    own.failures = [Unavailable("away"), Unavailable("away")]
    own.stays_that_ended(1)
    with own.reacting("one"):
        until(lambda: own.cleanings() == 1)
    assert own.group.parked() == []


def test_what_a_rule_refuses_is_parked_and_replayed_once_somebody_has_looked(own: Shelter) -> None:
    own.failures = [DomainError("Not now.", rule="not-now")]
    own.stays_that_ended(2)
    with own.reacting("one"):
        until(lambda: len(own.group.parked()) == 1 and own.cleanings() == 1)
        assert [event.type for event in own.group.parked()] == [StayEnded.type_name]
        own.group.replay_parked()
        until(lambda: own.cleanings() == 2)
        assert own.group.parked() == []


def test_a_policy_that_needs_the_order_is_not_shared() -> None:
    with pytest.raises(Invalid, match="order"):
        group_of(InOrder())


def metadata() -> bytes:
    """Of an event that somebody recorded."""
    now, id = datetime.now(UTC), uuid4()
    return Metadata(1, "cases.StopSharing", id, id, None, "w-1", (Role.CASEWORKER,), now, "").to_json()


def test_processes_share_a_policy_of_the_product_by_command(tmp_path: Path) -> None:
    """`recipients_are_told` asks for a notice each time that sharing stops."""
    name = "recipients_are_told"
    with running(tmp_path / "node") as node, open_cluster(node.address) as store:
        environment = clean_environment(tmp_path / "data", EVENTSTORE_URI=node.address)

        def stop_sharing(referral: str) -> None:
            said = {"referral": referral, "case": str(uuid4()), "reason": "not_justified", "occurred": "2008-10-02"}
            given = NewEvent(uuid4(), "cases.SharingStopped", orjson.dumps(said), metadata())
            store.append(f"referral-{referral}", [given])

        stop_sharing("no referral's id")  # nobody can be told of that
        for _ in range(8):
            stop_sharing(str(uuid4()))
        sharing = [
            subprocess.Popen([COMMAND, "policies", "share", name], env=environment, stdout=subprocess.DEVNULL)
            for _ in range(2)
        ]
        try:
            until(lambda: sum(e.type == "cases.NoticeRequested" for e in store.read_all()) == 8)
            group = store.group(f"policy-{name}", ["cases.SharingStopped"])
            until(lambda: len(group.parked()) == 1)
            (wrong,) = group.parked()
            replayed = command("policies", "replay", name, "--json", environment=environment)
            assert replayed.returncode == 0, replayed.stderr
            assert [(one["id"], one["type"]) for one in orjson.loads(replayed.stdout)] == [(str(wrong.id), wrong.type)]
            until(lambda: len(group.parked()) == 1)  # it is as wrong as it was
        finally:
            for process in sharing:
                process.send_signal(signal.SIGINT)
        assert [process.wait(60) for process in sharing] == [0, 0]

        refused = command("policies", "share", "referral_becomes_programme", environment=environment)
        assert refused.returncode == 1 and "order" in refused.stderr
        unknown = command("policies", "share", "nobody", environment=environment)
        assert unknown.returncode == 1 and "policies status" in unknown.stderr
    embedded = command("policies", "share", name, environment=clean_environment(tmp_path / "embedded"))
    assert embedded.returncode == 1 and "EVENTSTORE_URI" in embedded.stderr

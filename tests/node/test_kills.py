"""The node killed under load: no acknowledged event is lost, and none is doubled by asking again with the same ids."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from kurrentdbclient import KurrentDBClient, NewEvent, StreamState
from kurrentdbclient.exceptions import KurrentDBClientError, WrongCurrentVersionError

from shared.eventstore.sqlite import open_store
from tests.eventstore.processes import numbered
from tests.node.process import NodeProcess

CALLERS = 6
BATCH = 3


class Caller(threading.Thread):
    """Appends to a stream of its own, and asks again with the same ids whenever the node was not there to answer."""

    def __init__(self, number: int, address: str, gate: threading.Event, stopping: threading.Event) -> None:
        super().__init__(daemon=True)
        self.stream = f"caller-{number}"
        self.acknowledged = 0
        self.under_way = False
        self.failure: BaseException | None = None
        self._size = BATCH if number % 2 else 1
        self._exact = number % 3 == 0
        self._address = address
        self._gate = gate
        self._stopping = stopping

    def run(self) -> None:
        try:
            with KurrentDBClient(self._address) as client:
                while not self._stopping.is_set():
                    self._append(client)
        except BaseException as error:
            self.failure = error

    def _append(self, client: KurrentDBClient) -> None:
        first = self.acknowledged
        events = [self._event(number) for number in range(first, first + self._size)]
        expected: int | StreamState = StreamState.ANY
        if self._exact:
            expected = first - 1 if first else StreamState.NO_STREAM
        while True:
            self._gate.wait()
            self.under_way = True
            try:
                client.append_to_stream(self.stream, current_version=expected, events=events, timeout=10)
            except WrongCurrentVersionError:
                raise
            except KurrentDBClientError:
                self._gate.wait()
                time.sleep(0.05)
            else:
                self.acknowledged = first + self._size
                self.under_way = False
                return

    def _event(self, number: int) -> NewEvent:
        event = numbered(self.stream, number)
        return NewEvent(id=event.id, type=event.type, data=event.data)


def rounds(folder: Path, count: int) -> Counter[str]:
    """Kill the node `count` times under load. How many appends were hit, by phase."""
    choose = random.Random(1509)
    node = NodeProcess(folder)
    gate, stopping = threading.Event(), threading.Event()
    gate.set()
    callers = [Caller(number, node.address, gate, stopping) for number in range(CALLERS)]
    hit: Counter[str] = Counter()
    for caller in callers:
        caller.start()
    for _ in range(count):
        time.sleep(choose.uniform(0.05, 0.4))
        gate.clear()
        node.kill()
        under_way = [caller for caller in callers if caller.under_way]
        hit["between appends"] += len(callers) - len(under_way)
        with open_store(folder) as store:
            assert store.verify().sound
            for caller in callers:
                last = store.revision(caller.stream)
                there = 0 if last is None else last + 1
                assert there >= caller.acknowledged, f"{caller.stream} lost an acknowledged event"
                if caller in under_way:
                    answered = there > caller.acknowledged
                    hit["committed, not answered" if answered else "not committed"] += 1
        node.restart()
        gate.set()
    time.sleep(0.5)
    stopping.set()
    for caller in callers:
        caller.join(30)
        assert caller.failure is None
    node.stop()
    with open_store(folder) as store:
        for caller in callers:
            ids = [event.id for event in store.read_stream(caller.stream)]
            assert ids == [numbered(caller.stream, number).id for number in range(caller.acknowledged)]
    return hit


@pytest.mark.parametrize("count", [4, pytest.param(100, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
def test_kills_lose_nothing_acknowledged_and_double_nothing(
    tmp_path: Path, count: int, capsys: pytest.CaptureFixture[str], record_property: pytest.RecordProperty
) -> None:
    hit = rounds(tmp_path / "log", count)
    for phase, times in hit.items():
        record_property(phase, times)
    with capsys.disabled():
        print(f"\n  {count} kills; callers found", ", ".join(f"{phase}: {times}" for phase, times in hit.items()))

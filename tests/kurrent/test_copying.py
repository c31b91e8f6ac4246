"""Moving house: a log is the same wherever it is carried, however often the carrying was cut short."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from shared.errors import Conflict
from shared.eventstore.copying import compare, copy, translate
from shared.eventstore.kurrent.store import open_cluster
from shared.eventstore.kurrent.wholeness import Missing, look
from shared.eventstore.port import EventStore, NewEvent, RecordedEvent
from shared.eventstore.sqlite import EmbeddedLog, open_store
from shared.merkle.log import MerkleLog
from tests.acceptance.serving import COMMAND, clean_environment, command
from tests.kurrent.offsets import offsets
from tests.node.process import NodeProcess
from tests.node.running import running


def event(data: bytes = b'{"a": "\xc5\xbe"}', **changes: object) -> NewEvent:
    return NewEvent(uuid4(), "tests.Happened", data, b'{"by": "w-1"}')._replace(**changes)  # type: ignore[arg-type]


def fill(store: EmbeddedLog, count: int) -> None:
    """A log in which streams alternate, repeat and hold more than one kind of event."""
    for number in range(count):
        stream = f"case-{number % 7 if number % 5 else 0}"
        given = [event(), event(b"\x00\xff", is_json=False)] if number % 11 == 0 else [event()]
        store.submit(stream, given)
    store.append("last", [event(b"x" * 400_000), event(b"y" * 400_000), event(b"z" * 400_000)])


@pytest.fixture
def source(tmp_path: Path) -> Iterator[EmbeddedLog]:
    with open_store(tmp_path / "source") as store:
        fill(store, 300)
        yield store


def content(store: EventStore) -> list[RecordedEvent]:
    return [event._replace(position=0, created_us=0) for event in store.read_all()]


def test_from_file_to_cluster_to_node_to_file_it_stays_the_same_log(source: EmbeddedLog, tmp_path: Path) -> None:
    with (
        running(tmp_path / "one") as one,
        running(tmp_path / "two") as two,
        offsets(one.port) as port,
        open_cluster(f"esdb://127.0.0.1:{port}?tls=false") as cluster,
        open_cluster(two.address) as node,
        open_store(tmp_path / "back") as back,
        MerkleLog(tmp_path / "tree") as tree,
    ):
        assert copy(source, cluster).carried == source.head()
        assert copy(cluster, node).carried == copy(node, back).carried == source.head()
        assert content(source) == content(cluster) == content(node) == content(back)
        tree.catch_up(source)
        for other in cluster, node, back:
            assert compare(source, other) == (source.head(), tree.root(), None)


def test_a_checkpoint_is_translated_to_the_same_event(source: EmbeddedLog, tmp_path: Path) -> None:
    source.append("$settings", [event()])
    last = source.append("case-1", [event()]).position
    with (
        running(tmp_path / "one") as one,
        offsets(one.port) as port,
        open_cluster(f"esdb://127.0.0.1:{port}?tls=false") as cluster,
    ):
        copy(source, cluster)
        assert translate(source, cluster, 0) == translate(cluster, source, 0) == 0
        for position in (1, 17, 300, last):
            there = translate(source, cluster, position)
            assert there != position and translate(cluster, source, there) == position
            rest = [e.id for e in source.read_all(start=position + 1) if e.stream != "$settings"]
            assert [e.id for e in cluster.read_all(start=there + 1)] == rest
        assert translate(source, cluster, last - 1) == translate(source, cluster, last - 2)  # what is not carried
        source.append("case-1", [event()])
        with pytest.raises(Conflict, match="lacks the event"):
            translate(source, cluster, source.head())


def test_the_store_s_own_streams_stay_at_home(source: EmbeddedLog, tmp_path: Path) -> None:
    source.append("$settings", [event()])
    with open_store(tmp_path / "target") as target:
        copy(source, target)
        assert target.revision("$settings") is None
        assert compare(source, target).difference is None


def test_a_copy_that_stopped_goes_on_and_one_that_is_done_has_nothing_to_do(
    source: EmbeddedLog, tmp_path: Path
) -> None:
    with open_store(tmp_path / "target") as target:
        first = list(source.read_all(limit=100))
        for one in first:
            target.append(one.stream, [NewEvent(one.id, one.type, one.data, one.metadata, one.is_json)])
        assert copy(source, target) == (100, source.head() - 100)
        assert copy(source, target) == (source.head(), 0)
        source.append("case-1", [event()])
        assert copy(source, target) == (source.head() - 1, 1)
        assert compare(source, target).difference is None


def test_a_log_that_holds_something_else_is_not_copied_over(source: EmbeddedLog, tmp_path: Path) -> None:
    with open_store(tmp_path / "target") as target:
        target.append("case-1", [event()])
        with pytest.raises(Conflict, match="case-1, revision 0"):
            copy(source, target)
        assert target.head() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"data": b"{}"}, "data"),
        ({"metadata": b"{}"}, "metadata"),
        ({"type": "tests.Other"}, "type"),
        ({"id": uuid4()}, "id"),
        ({"is_json": False}, "is_json"),
    ],
)
def test_the_first_difference_is_named(tmp_path: Path, change: dict[str, object], field: str) -> None:
    given = [event() for _ in range(20)]
    with open_store(tmp_path / "a") as first, open_store(tmp_path / "b") as second:
        first.append("case-1", given)
        second.append("case-1", [*given[:13], given[13]._replace(**change), event(), *given[15:]])  # type: ignore[arg-type]
        found = compare(first, second)
        assert found.same == 13
        assert found.difference is not None
        assert (found.difference.number, found.difference.fields) == (14, (field,))
        assert "case-1, revision 13" in found.difference.sentence


def test_a_log_that_ends_early_differs_from_there(source: EmbeddedLog, tmp_path: Path) -> None:
    with open_store(tmp_path / "target") as target:
        copy(source, target)
        source.append("case-1", [event()])
        for pair in (source, target), (target, source):
            found = compare(*pair)
            assert found.difference is not None
            assert (found.same, found.difference.number) == (source.head() - 1, source.head())
            which = "first" if pair[0] is source else "second"
            assert f"is in the {which} log only" in found.difference.sentence


def test_events_that_somebody_deleted_are_missing_from_their_stream(source: EmbeddedLog, tmp_path: Path) -> None:
    with running(tmp_path / "one") as node, open_cluster(node.address) as store:
        copy(source, store)
        assert look(store).missing == ()
        node.node.log.append("$$case-3", [NewEvent(uuid4(), "$metadata", b'{"$tb": 4}')])
        node.node.log.scavenge()
        found = look(store).missing
        assert [(gap.stream, gap.first, gap.last) for gap in found] == [("case-3", 0, 3)]
        assert isinstance(found[0], Missing)


def test_a_copy_that_is_killed_goes_on_and_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with open_store(tmp_path / "source") as source:
        fill(source, 4000)
    node = NodeProcess(tmp_path / "node")
    try:
        environment = clean_environment(tmp_path / "data")
        arguments = ("log", "copy", "--from", str(tmp_path / "source"), "--to", node.address, "--json")
        with open_cluster(node.address) as target:
            for part in (200, 900):
                copying = subprocess.Popen([COMMAND, *arguments], env=environment, stdout=subprocess.DEVNULL)
                while target.head() < part:
                    assert copying.poll() is None
                    time.sleep(0.01)
                copying.kill()
                copying.wait()
            assert target.head() < 4000
        done = command(*arguments, environment=environment)
        assert done.returncode == 0, done.stderr
        said = orjson.loads(done.stdout)
        assert said["same"] is True and said["found"] >= 900
        assert said["found"] + said["copied"] == said["events"] > 4000
        there = command("log", "translate", "0", "7", *arguments[2:6], environment=environment)
        assert there.stdout.split() == ["0", "7"], there.stderr  # the node counts as the file does
        verified = command("log", "verify", node.address, str(tmp_path / "source"), environment=environment)
        assert verified.returncode == 0 and said["root"] in verified.stdout
    finally:
        node.stop()


def test_two_logs_that_differ_end_the_command_with_a_failure_and_a_sentence(tmp_path: Path) -> None:
    for name in "a", "b":
        with open_store(tmp_path / name) as store:
            store.append("case-1", [event()])
    places = str(tmp_path / "a"), str(tmp_path / "b")
    refused = command("log", "verify", *places, environment=clean_environment(tmp_path / "data"))
    assert refused.returncode == 1 and "Event 1 differs in id" in refused.stdout
    copied = command("log", "copy", "--from", places[0], "--to", places[1], environment=clean_environment(tmp_path))
    assert copied.returncode == 1 and "copy into an empty one" in copied.stderr

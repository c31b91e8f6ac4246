"""Scavenging: what is deleted is gone from the file, and nothing else is.

Source: the server's docs, "Scavenging" (events of deleted streams, and beyond $tb, $maxCount and $maxAge, go from $all
and from disk; the tombstone stays).
"""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from kurrentdbclient import KurrentDBClient, NewEvent, StreamState
from kurrentdbclient.exceptions import NotFoundError, StreamIsDeletedError

from shared.errors import DomainError
from shared.eventstore import log
from shared.eventstore.node import protocol
from shared.eventstore.port import NewEvent as LogEvent
from shared.eventstore.sqlite import open_store
from tests.node.conftest import an_event, some
from tests.node.running import RunningNode, connected, running

ANY = StreamState.ANY


def call(node: RunningNode, method: str, request: Any) -> Any:
    """Call `Operations`, which the Python client does not."""
    with grpc.insecure_channel(f"127.0.0.1:{node.port}") as channel:
        answer = channel.unary_unary(f"/event_store.client.operations.Operations/{method}")(request.SerializeToString())
    return protocol.ScavengeResp.FromString(answer)


def scavenge(node: RunningNode) -> None:
    """Scavenge, and wait until it is done. If one is going on already, it will do as well."""
    call(node, "StartScavenge", protocol.StartScavengeReq())
    while node.node.log.scavenge().events:
        time.sleep(0.05)


def shown(client: KurrentDBClient, stream: str) -> list[str]:
    """What the log shows of a stream, by type and number."""
    events = client.read_all(filter_exclude=[])
    return [f"{event.type} {event.stream_position}" for event in events if event.stream_name == stream]


def secret(number: int) -> NewEvent:
    return an_event(number, data=b'{"secret": "swordfish-%d"}' % number)


def in_file(folder: Path, text: bytes) -> bool:
    """Whether the log's file has `text` anywhere in it."""
    return text in log.path_of(folder).read_bytes()


def test_deleted_and_truncated_events_go_and_all_others_stay(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    with running(folder) as node, connected(node) as client:
        for name in ("kept", "deleted", "tombstoned", "truncated", "counted"):
            client.append_to_stream(name, current_version=ANY, events=[secret(number) for number in range(4)])
        client.delete_stream("deleted", current_version=ANY)
        client.tombstone_stream("tombstoned", current_version=ANY)
        client.set_stream_metadata("truncated", metadata={"$tb": 3})
        client.set_stream_metadata("counted", metadata={"$maxCount": 9})
        client.set_stream_metadata("counted", metadata={"$maxCount": 2})
        client.append_to_stream("last", current_version=ANY, events=some(1))
        scavenge(node)
        assert shown(client, "kept") == [f"Deposited {number}" for number in range(4)]
        assert shown(client, "deleted") == []
        assert shown(client, "$$deleted") == ["$metadata 0"]
        assert shown(client, "tombstoned") == ["$streamDeleted 4"]
        assert shown(client, "truncated") == ["Deposited 3"]
        assert shown(client, "counted") == ["Deposited 2", "Deposited 3"]
        assert shown(client, "$$counted") == ["$metadata 1"]
        with pytest.raises(NotFoundError):
            client.get_stream("deleted")
        with pytest.raises(StreamIsDeletedError):
            client.get_stream("tombstoned")
        client.append_to_stream("deleted", current_version=3, events=some(1))
        assert [event.stream_position for event in client.get_stream("deleted")] == [4]
        back = client.read_all(backwards=True, filter_exclude=[], limit=100)
        assert len(list(back)) == len(list(client.read_all(filter_exclude=[])))
        assert node.node.log.verify().sound
    with running(folder) as node, connected(node) as client:
        assert node.node.log.describe().refusal is None
        assert shown(client, "truncated") == ["Deposited 3"]


def test_what_is_scavenged_is_gone_from_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    with running(folder) as node, connected(node) as client:
        client.append_to_stream("a", current_version=ANY, events=[an_event(data=b'{"secret": "swordfish"}')])
        client.append_to_stream("b", current_version=ANY, events=some(1))
        client.delete_stream("a", current_version=ANY)
        scavenge(node)
    assert not in_file(folder, b"swordfish")
    assert in_file(folder, b"Deposited")


def test_old_events_go_by_age(tmp_path: Path) -> None:
    with running(tmp_path / "log") as node, connected(node) as client:
        client.append_to_stream("aged", current_version=ANY, events=some(2))
        client.set_stream_metadata("aged", metadata={"$maxAge": 1})
        time.sleep(1.1)
        client.append_to_stream("aged", current_version=1, events=some(1))
        scavenge(node)
        assert shown(client, "aged") == ["Deposited 2"]


def test_subscriptions_pass_over_what_is_gone(tmp_path: Path) -> None:
    with running(tmp_path / "log") as node, connected(node) as client:
        client.append_to_stream("a", current_version=ANY, events=some(600))
        client.append_to_stream("b", current_version=ANY, events=some(2))
        client.delete_stream("a", current_version=ANY)
        scavenge(node)
        with client.subscribe_to_all() as subscription:
            assert [next(subscription).stream_name for _ in range(2)] == ["b", "b"]
        found = islice(node.node.log.subscribe(), 2)
        assert [event.stream for event in found] == ["b", "b"]


def test_a_repeat_of_what_is_scavenged_is_still_a_repeat(tmp_path: Path) -> None:
    with running(tmp_path / "log") as node, connected(node) as client:
        events = some(3)
        client.append_to_stream("a", current_version=ANY, events=events)
        client.set_stream_metadata("a", metadata={"$tb": 3})
        client.append_to_stream("b", current_version=ANY, events=some(1))
        scavenge(node)
        client.append_to_stream("a", current_version=ANY, events=events)
        assert client.get_stream("a") == ()


def test_appends_go_on_while_a_scavenge_is_under_way(tmp_path: Path) -> None:
    with running(tmp_path / "log") as node, connected(node) as client:
        for _ in range(10):
            client.append_to_stream("a", current_version=ANY, events=some(500))
        client.delete_stream("a", current_version=ANY)
        call(node, "StartScavenge", protocol.StartScavengeReq())
        for _ in range(20):
            client.append_to_stream("b", current_version=ANY, events=some(1))
        scavenge(node)
        assert len(client.get_stream("b")) == 20
        assert shown(client, "a") == []


def test_a_scavenge_is_stopped_by_its_id_only(node: RunningNode) -> None:
    started = call(node, "StartScavenge", protocol.StartScavengeReq())
    assert started.scavenge_result == protocol.SCAVENGE_STARTED
    stopped = call(node, "StopScavenge", protocol.StopScavengeReq(options={"scavenge_id": started.scavenge_id}))
    assert (stopped.scavenge_id, stopped.scavenge_result) == (started.scavenge_id, protocol.SCAVENGE_STOPPED)
    with pytest.raises(grpc.RpcError) as refusal:
        call(node, "StopScavenge", protocol.StopScavengeReq(options={"scavenge_id": "another"}))
    assert refusal.value.code() == grpc.StatusCode.NOT_FOUND
    assert dict(refusal.value.trailing_metadata())["exception"] == "scavenge-not-found"


def test_a_log_that_keeps_everything_is_not_scavenged(tmp_path: Path) -> None:
    with open_store(tmp_path / "log") as store:
        store.append("cases-1", [LogEvent(uuid4(), "cases.CaseOpened", b"{}")])
        with pytest.raises(DomainError, match="keeps everything"):
            store.scavenge()
    with running(tmp_path / "log") as node, pytest.raises(grpc.RpcError) as refusal:
        call(node, "StartScavenge", protocol.StartScavengeReq())
    assert refusal.value.code() == grpc.StatusCode.FAILED_PRECONDITION


def test_formats_tell_a_log_that_keeps_everything_from_one_that_does_not(tmp_path: Path) -> None:
    with open_store(tmp_path / "a") as keeps, open_store(tmp_path / "b", deletion=True) as deletes:
        assert (keeps.describe().format, deletes.describe().format) == (log.FORMAT, log.FORMAT_WITH_DELETION)
    with open_store(tmp_path / "a", deletion=True) as keeps, open_store(tmp_path / "b") as deletes:
        assert (keeps.describe().format, deletes.describe().format) == (log.FORMAT, log.FORMAT_WITH_DELETION)

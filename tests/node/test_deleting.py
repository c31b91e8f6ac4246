"""Deleting streams, and what their metadata hides.

Sources: `StorageWriterService` and `IndexReader` in the server's repository; its docs, "Deleting streams and events"
and "Stream metadata and reserved names".
"""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

import pytest
from kurrentdbclient import KurrentDBClient, NewEvent, StreamState
from kurrentdbclient.exceptions import (
    FailedPreconditionError,
    NotFoundError,
    StreamIsDeletedError,
    WrongCurrentVersionError,
)

from shared.eventstore.port import NewEvent as LogEvent
from shared.eventstore.sqlite import open_store
from tests.node.conftest import an_event, some
from tests.node.running import RunningNode, connected, running

ANY, NO_STREAM, EXISTS = StreamState.ANY, StreamState.NO_STREAM, StreamState.EXISTS


@pytest.fixture
def deleted(client: KurrentDBClient, stream: str) -> str:
    """A stream of three events that has been deleted."""
    client.append_to_stream(stream, current_version=ANY, events=some(3))
    client.delete_stream(stream, current_version=2)
    return stream


@pytest.fixture
def tombstoned(client: KurrentDBClient, stream: str) -> str:
    """A stream of three events that has been deleted for ever."""
    client.append_to_stream(stream, current_version=ANY, events=some(3))
    client.tombstone_stream(stream, current_version=2)
    return stream


def test_a_deleted_stream_is_not_found(client: KurrentDBClient, deleted: str) -> None:
    with pytest.raises(NotFoundError):
        client.get_stream(deleted)
    assert client.get_current_version(deleted) is NO_STREAM


def test_the_log_still_shows_what_a_deleted_stream_had(client: KurrentDBClient, deleted: str) -> None:
    shown = [event for event in client.read_all() if event.stream_name == deleted]
    assert len(shown) == 3


@pytest.mark.parametrize("expected", [ANY, NO_STREAM, 2])
def test_a_deleted_stream_goes_on_with_its_next_number(
    client: KurrentDBClient, deleted: str, expected: int | StreamState
) -> None:
    client.append_to_stream(deleted, current_version=expected, events=some(2))
    assert [event.stream_position for event in client.get_stream(deleted)] == [3, 4]
    metadata, _ = client.get_stream_metadata(deleted)
    assert metadata == {"$tb": 3}


def test_nobody_who_expects_it_to_exist_appends_to_a_deleted_stream(client: KurrentDBClient, deleted: str) -> None:
    with pytest.raises(StreamIsDeletedError):
        client.append_to_stream(deleted, current_version=EXISTS, events=some(1))
    with pytest.raises(WrongCurrentVersionError) as refusal:
        client.append_to_stream(deleted, current_version=1, events=some(1))
    assert refusal.value.actual_version == 2


def test_metadata_brings_a_deleted_stream_back_without_its_events(client: KurrentDBClient, deleted: str) -> None:
    """`SoftUndeleteMetastream`."""
    client.set_stream_metadata(deleted, metadata={"colour": "blue"})
    metadata, _ = client.get_stream_metadata(deleted)
    assert metadata == {"colour": "blue", "$tb": 3}
    assert client.get_stream(deleted) == ()


@pytest.mark.parametrize("expected", [ANY, NO_STREAM, EXISTS, 3])
def test_a_stream_that_never_was_cannot_be_deleted(
    client: KurrentDBClient, stream: str, expected: int | StreamState
) -> None:
    with pytest.raises(NotFoundError):
        client.delete_stream(stream, current_version=expected)


def test_a_stream_is_deleted_only_where_it_is_expected(client: KurrentDBClient, stream: str) -> None:
    client.append_to_stream(stream, current_version=ANY, events=some(3))
    with pytest.raises(WrongCurrentVersionError) as refusal:
        client.delete_stream(stream, current_version=1)
    assert (refusal.value.expected_version, refusal.value.actual_version) == (1, 2)
    with pytest.raises(WrongCurrentVersionError):
        client.delete_stream(stream, current_version=NO_STREAM)
    client.delete_stream(stream, current_version=EXISTS)


def test_deleting_twice_is_allowed_unless_the_stream_is_to_exist(client: KurrentDBClient, deleted: str) -> None:
    client.delete_stream(deleted, current_version=ANY)
    client.delete_stream(deleted, current_version=2)
    with pytest.raises(StreamIsDeletedError):
        client.delete_stream(deleted, current_version=EXISTS)


@pytest.mark.parametrize("expected", [ANY, NO_STREAM, EXISTS, 2])
def test_a_tombstone_is_the_end(client: KurrentDBClient, tombstoned: str, expected: int | StreamState) -> None:
    with pytest.raises(StreamIsDeletedError):
        client.append_to_stream(tombstoned, current_version=expected, events=some(1))
    with pytest.raises(StreamIsDeletedError):
        client.delete_stream(tombstoned, current_version=expected)
    with pytest.raises(StreamIsDeletedError):
        client.tombstone_stream(tombstoned, current_version=expected)


def test_a_stream_with_a_tombstone_and_its_metadata_cannot_be_read(client: KurrentDBClient, tombstoned: str) -> None:
    with pytest.raises(StreamIsDeletedError):
        client.get_stream(tombstoned)
    with pytest.raises(StreamIsDeletedError):
        client.get_stream_metadata(tombstoned)
    with pytest.raises(FailedPreconditionError, match="is deleted"):
        client.set_stream_metadata(tombstoned, metadata={})


def test_the_log_shows_the_tombstone(client: KurrentDBClient, tombstoned: str) -> None:
    shown = [event.type for event in client.read_all(filter_exclude=[]) if event.stream_name == tombstoned]
    assert shown == ["Deposited"] * 3 + ["$streamDeleted"]


def test_a_name_can_be_closed_before_it_is_used(client: KurrentDBClient, stream: str) -> None:
    client.tombstone_stream(stream, current_version=NO_STREAM)
    with pytest.raises(StreamIsDeletedError):
        client.append_to_stream(stream, current_version=ANY, events=some(1))


def test_truncate_before_hides_the_events_before(client: KurrentDBClient, stream: str) -> None:
    client.append_to_stream(stream, current_version=ANY, events=some(5))
    client.set_stream_metadata(stream, metadata={"$tb": 3})
    assert numbers(client, stream) == [3, 4]
    assert numbers(client, stream, backwards=True) == [4, 3]
    client.set_stream_metadata(stream, metadata={"$tb": 9})
    assert numbers(client, stream) == []


def test_max_count_shows_the_last_events_only(client: KurrentDBClient, stream: str) -> None:
    client.append_to_stream(stream, current_version=ANY, events=some(5))
    client.set_stream_metadata(stream, metadata={"$maxCount": 2})
    assert numbers(client, stream) == [3, 4]
    client.append_to_stream(stream, current_version=4, events=some(1))
    assert numbers(client, stream) == [4, 5]


def test_max_age_hides_what_is_older(client: KurrentDBClient, stream: str) -> None:
    client.append_to_stream(stream, current_version=ANY, events=some(2))
    client.set_stream_metadata(stream, metadata={"$maxAge": 1})
    time.sleep(1.1)
    client.append_to_stream(stream, current_version=1, events=some(1))
    assert numbers(client, stream) == [2]
    assert numbers(client, stream, backwards=True) == [2]


def test_metadata_counts_by_its_last_event_and_expects_as_other_streams_do(
    client: KurrentDBClient, stream: str
) -> None:
    assert client.get_stream_metadata(stream) == ({}, NO_STREAM)
    client.set_stream_metadata(stream, metadata={"a": 1}, current_version=NO_STREAM)
    client.set_stream_metadata(stream, metadata={"a": 2}, current_version=0)
    assert client.get_stream_metadata(stream) == ({"a": 2}, 1)
    with pytest.raises(WrongCurrentVersionError):
        client.set_stream_metadata(stream, metadata={"a": 3}, current_version=0)


@pytest.mark.parametrize(
    "data", [b"nonsense", b"[1]", b'{"$maxCount": "two"}', b'{"$tb": -1}', b"\xff", b"[" * 100_000]
)
def test_metadata_that_makes_no_sense_hides_nothing(client: KurrentDBClient, stream: str, data: bytes) -> None:
    client.append_to_stream(stream, current_version=ANY, events=some(2))
    client.append_to_stream(f"$${stream}", current_version=ANY, events=[NewEvent("$metadata", data)])
    assert numbers(client, stream) == [0, 1]


def numbers(client: KurrentDBClient, stream: str, backwards: bool = False) -> list[int]:
    return [event.stream_position for event in client.get_stream(stream, backwards=backwards)]


# Links (docs, "Linking between streams"): `$>` with `revision@stream`


def link_to(place: str) -> NewEvent:
    return NewEvent("$>", place.encode(), content_type="application/octet-stream")


def test_a_link_is_resolved_if_asked_for(client: KurrentDBClient, stream: str) -> None:
    client.append_to_stream(stream, current_version=ANY, events=some(2))
    client.append_to_stream(f"{stream}-links", current_version=ANY, events=[link_to(f"1@{stream}")])
    (plain,) = client.get_stream(f"{stream}-links")
    assert (plain.type, plain.data) == ("$>", f"1@{stream}".encode())
    (resolved,) = client.get_stream(f"{stream}-links", resolve_links=True)
    assert (resolved.stream_name, resolved.stream_position) == (stream, 1)
    assert resolved.link is not None
    assert (resolved.link.stream_name, resolved.link.stream_position) == (f"{stream}-links", 0)


@pytest.mark.parametrize("how", ["deleted", "tombstoned", "truncated", "beyond the end", "no stream", "no number"])
def test_a_link_to_what_is_gone_is_not_resolved(client: KurrentDBClient, stream: str, how: str) -> None:
    client.append_to_stream(stream, current_version=ANY, events=some(2))
    place = {"beyond the end": f"7@{stream}", "no stream": "0@", "no number": f"one@{stream}"}.get(how, f"1@{stream}")
    client.append_to_stream(f"{stream}-links", current_version=ANY, events=[link_to(place), an_event()])
    match how:
        case "deleted":
            client.delete_stream(stream, current_version=ANY)
        case "tombstoned":
            client.tombstone_stream(stream, current_version=ANY)
        case "truncated":
            client.set_stream_metadata(stream, metadata={"$tb": 2})
    found = client.get_stream(f"{stream}-links", resolve_links=True)
    assert [event.stream_position for event in found if event is not None] == [1]  # the client passes over it


# A log that keeps everything


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A log made by an installation, with one domain event."""
    with open_store(tmp_path / "log") as store:
        store.append("cases-1", [LogEvent(uuid4(), "cases.CaseOpened", b"{}")])
    return tmp_path / "log"


def test_the_log_of_an_installation_can_be_read_and_appended_to(installation: Path) -> None:
    with running(installation) as node, connected(node) as client:
        assert [event.type for event in client.get_stream("cases-1")] == ["cases.CaseOpened"]
        client.append_to_stream("cases-1", current_version=0, events=some(1))


def test_the_log_of_an_installation_refuses_delete_tombstone_and_truncation(installation: Path) -> None:
    with running(installation) as node, connected(node) as client:
        refused = pytest.raises(FailedPreconditionError, match="keeps everything")
        with refused:
            client.delete_stream("cases-1", current_version=0)
        with refused:
            client.tombstone_stream("cases-1", current_version=ANY)
        for metadata in ({"$tb": 1}, {"$maxCount": 1}, {"$maxAge": 10}):
            with refused:
                client.append_event(
                    "$$cases-1",
                    current_version=ANY,
                    event=NewEvent("$metadata", repr(metadata).replace("'", '"').encode()),
                )
        client.set_stream_metadata("cases-1", metadata={"$acl": {"$r": "auditors"}})
        assert len(client.get_stream("cases-1")) == 1


def test_deletes_hold_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path / "log") as node, connected(node) as client:
        for name in ("soft", "hard", "again"):
            client.append_to_stream(name, current_version=ANY, events=some(2))
        client.delete_stream("soft", current_version=ANY)
        client.delete_stream("again", current_version=ANY)
        client.append_to_stream("again", current_version=NO_STREAM, events=some(1))
        client.tombstone_stream("hard", current_version=ANY)
    with running(tmp_path / "log") as node, connected(node) as client:
        with pytest.raises(NotFoundError):
            client.get_stream("soft")
        with pytest.raises(StreamIsDeletedError):
            client.append_to_stream("hard", current_version=ANY, events=some(1))
        assert numbers(client, "again") == [2]
        client.append_to_stream("soft", current_version=1, events=some(1))
        assert numbers(client, "soft") == [2]


def test_a_node_attached_to_the_owner_deletes_and_appends_jointly_through_it(node: RunningNode, stream: str) -> None:
    with running(node.settings.folder) as attached, connected(attached) as client, connected(node) as owner:
        assert attached.node.log.describe().role == "attached"
        client.append_to_stream(stream, current_version=ANY, events=some(2))
        client.delete_stream(stream, current_version=1)
        with pytest.raises(NotFoundError):
            owner.get_stream(stream)
        with pytest.raises(WrongCurrentVersionError):
            client.delete_stream(stream, current_version=0)
        client.tombstone_stream(stream, current_version=1)
        with pytest.raises(StreamIsDeletedError):
            owner.append_to_stream(stream, current_version=ANY, events=some(1))
        with pytest.raises(StreamIsDeletedError):
            client.append_to_stream(stream, current_version=ANY, events=some(1))

"""From a command to its receipt, over the real log and the real vault."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest

from shared.codec import decode, decode_open
from shared.context import Registry
from shared.errors import CommandIdReused, DomainError, NewerEvent, WrongExpectedRevision
from shared.eventstore.port import EventStore, NewEvent
from shared.eventstore.sqlite import open_store
from shared.handling import NOTHING_CHANGED, CommandHandler
from shared.messages import Origin, Role
from shared.metadata import Metadata
from shared.privacy.personal import Hidden
from shared.privacy.port import Vault
from shared.privacy.vault import AesGcmVault
from shared.remembering import StateCache
from tests.kernel.toy import CloseDiary, DiaryOpened, EntryWritten, OpenDiary, WriteEntry, diary, toy

WORKER = Origin("w-1", frozenset({Role.CASEWORKER}))
PERSON = str(uuid4())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def vault() -> Vault:
    return AesGcmVault.in_memory()


@pytest.fixture
def handler(store: EventStore, vault: Vault) -> CommandHandler:
    return CommandHandler(store, Registry([toy]), vault)


def open_diary(handler: CommandHandler, pages: int = 100) -> str:
    return handler.handle(OpenDiary(pages=pages), WORKER, command_id=uuid4()).ids["diary"]


def test_a_receipt_says_where_the_effect_stands(handler: CommandHandler, store: EventStore) -> None:
    receipt = handler.handle(OpenDiary(pages=3), WORKER, command_id=uuid4())
    assert receipt.stream == f"diary-{receipt.ids['diary']}"
    assert (receipt.revision, receipt.position, receipt.events) == (0, store.head(), ("toy.DiaryOpened",))
    assert not receipt.repeated


def test_a_repeated_command_is_answered_with_its_first_receipt(handler: CommandHandler, store: EventStore) -> None:
    command_id = uuid4()
    first = handler.handle(OpenDiary(pages=3), WORKER, command_id=command_id)
    handler.handle(CloseDiary(diary=first.ids["diary"]), WORKER, command_id=uuid4())
    again = handler.handle(OpenDiary(pages=3), WORKER, command_id=command_id)
    assert again == first._replace(repeated=True)
    assert store.head() == 2


def test_a_repeat_is_recognised_after_a_restart(handler: CommandHandler, store: EventStore, vault: Vault) -> None:
    command_id = uuid4()
    key = open_diary(handler)
    write = WriteEntry(diary=key, person=PERSON, text="came today")
    first = handler.handle(write, WORKER, command_id=command_id)
    restarted = CommandHandler(store, Registry([toy]), vault)
    assert restarted.handle(write, WORKER, command_id=command_id) == first._replace(repeated=True)


def test_a_command_that_changed_nothing_answers_its_repeat_alike(handler: CommandHandler, store: EventStore) -> None:
    key = open_diary(handler)
    handler.handle(CloseDiary(diary=key), WORKER, command_id=uuid4())
    command_id = uuid4()
    first = handler.handle(CloseDiary(diary=key), WORKER, command_id=command_id)
    assert first.events == (NOTHING_CHANGED,)
    assert handler.handle(CloseDiary(diary=key), WORKER, command_id=command_id) == first._replace(repeated=True)


@pytest.mark.parametrize("fresh", [False, True], ids=["in the same process", "after a restart"])
def test_another_payload_under_a_used_command_id_is_refused(
    handler: CommandHandler, store: EventStore, vault: Vault, fresh: bool
) -> None:
    key, command_id = open_diary(handler), uuid4()
    handler.handle(WriteEntry(diary=key, person=PERSON, text="one"), WORKER, command_id=command_id)
    if fresh:
        handler = CommandHandler(store, Registry([toy]), vault)
    with pytest.raises(CommandIdReused):
        handler.handle(WriteEntry(diary=key, person=PERSON, text="two"), WORKER, command_id=command_id)
    with pytest.raises(CommandIdReused):
        handler.handle(WriteEntry(diary=key, person=str(uuid4()), text="one"), WORKER, command_id=command_id)


def test_a_stale_expected_revision_is_refused_and_nothing_is_written(
    handler: CommandHandler, store: EventStore
) -> None:
    key = open_diary(handler)
    handler.handle(CloseDiary(diary=key), WORKER, command_id=uuid4(), expected=0)
    with pytest.raises(WrongExpectedRevision) as refusal:
        handler.handle(CloseDiary(diary=key), WORKER, command_id=uuid4(), expected=0)
    assert refusal.value.facts["actual"] == 1
    assert store.head() == 2


def test_a_refused_command_leaves_nothing(handler: CommandHandler, store: EventStore) -> None:
    key = open_diary(handler, pages=0)
    with pytest.raises(DomainError):
        handler.handle(WriteEntry(diary=key, person=PERSON, text="x"), WORKER, command_id=uuid4())
    assert store.head() == 1


def test_rules_hold_when_many_decide_at_once(store: EventStore, vault: Vault) -> None:
    """Two handlers stand for two processes: neither sees the other's cache, only the log."""
    handlers = [CommandHandler(store, Registry([toy]), vault) for _ in range(2)]
    key = open_diary(handlers[0], pages=10)
    refused: list[Exception] = []

    def write(number: int) -> None:
        try:
            entry = WriteEntry(diary=key, person=PERSON, text=str(number))
            handlers[number % 2].handle(entry, WORKER, command_id=uuid4())
        except Exception as error:
            refused.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert handlers[0].load(diary, f"diary-{key}").state.written == 16 - len(refused) <= 10
    assert len(refused) >= 6


def test_what_is_personal_is_sealed_in_the_log_and_opens_for_who_may(
    handler: CommandHandler, store: EventStore, vault: Vault
) -> None:
    key = open_diary(handler)
    origin = Origin("w-1", frozenset({Role.CASEWORKER}), reason="because of Ona")
    handler.handle(WriteEntry(diary=key, person=PERSON, text="Ona came"), origin, command_id=uuid4())
    raw = list(store.read_stream(f"diary-{key}"))[-1]
    assert b"Ona" not in raw.data + raw.metadata
    assert isinstance(decode(raw, EntryWritten).text, Hidden)
    assert decode_open(raw, EntryWritten, vault).text == "Ona came"


def test_metadata_names_who_why_and_from_which_command(handler: CommandHandler, store: EventStore) -> None:
    cause = uuid4()
    origin = Origin("w-1", frozenset({Role.CASEWORKER}), on_behalf_of="w-2", causation_id=cause, synthetic=True)
    command_id = uuid4()
    handler.handle(OpenDiary(pages=1), origin, command_id=command_id)
    metadata = Metadata.from_json(next(store.read_all()).metadata)
    assert metadata.command == "toy.OpenDiary"
    assert (metadata.command_id, metadata.causation_id) == (command_id, cause)
    assert (metadata.actor, metadata.on_behalf_of, metadata.synthetic) == ("w-1", "w-2", True)


def test_an_old_version_is_brought_up_to_date_when_read(handler: CommandHandler, store: EventStore) -> None:
    key = str(uuid4())
    metadata = {"version": 1, "command_id": str(uuid4()), "fingerprint": ""}
    data = orjson.dumps({"diary": key, "sheets": 4})
    store.append(f"diary-{key}", [NewEvent(uuid4(), DiaryOpened.type_name, data, orjson.dumps(metadata))])
    assert handler.load(diary, f"diary-{key}").state.pages == 8


def test_an_event_that_nobody_knows_stops_the_fold_and_is_named(handler: CommandHandler, store: EventStore) -> None:
    key = open_diary(handler)
    metadata = orjson.dumps({"version": 1, "command_id": str(uuid4()), "fingerprint": ""})
    store.append(f"diary-{key}", [NewEvent(uuid4(), "toy.FromTomorrow", b"{}", metadata)])
    with pytest.raises(NewerEvent, match=r"toy\.FromTomorrow at position 2"):
        handler.handle(CloseDiary(diary=key), WORKER, command_id=uuid4())


def test_a_cache_of_any_size_gives_the_same_answers(store: EventStore, vault: Vault) -> None:
    for size in (0, 1, 4096):
        handler = CommandHandler(store, Registry([toy]), vault, cache=StateCache(size))
        keys = [open_diary(handler, pages=2) for _ in range(3)]
        for key in keys * 2:
            handler.handle(WriteEntry(diary=key, person=PERSON, text="x"), WORKER, command_id=uuid4())
        assert [handler.load(diary, f"diary-{key}").state.written for key in keys] == [2, 2, 2]


def test_ids_of_new_things_follow_from_the_command_id() -> None:
    command_id = UUID(int=7)
    made = [OpenDiary(pages=1).stamped(command_id, "w-1", OpenDiary(pages=1).now).diary for _ in range(2)]
    assert made[0] == made[1] != ""

"""A command that takes nothing but what is at hand is begun by a thread that must not wait; any other is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared import remembering
from shared.context import Context, Registry
from shared.decider import Decider
from shared.errors import DomainError, NotAvailable, StoreFull, Unavailable, WrongExpectedRevision
from shared.eventstore.port import Appended, Expected, NewEvent
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.measures import RETRIES
from shared.messages import Command, Event, Id, Origin, Receipt, Role, new_id
from shared.privacy.vault import AesGcmVault
from tests.kernel.test_recorded_refusals import AskForSeat, hall
from tests.kernel.toy import CloseDiary, OpenDiary, WriteEntry, toy

WORKER = Origin("w-1", frozenset({Role.CASEWORKER}))
PERSON = str(UUID(int=9))


class Finds(StrEnum):
    SOMEBODY = "somebody"
    NOBODY = "nobody"
    A_FAULT = "a fault"


class Knock(Command, context="doors"):
    """Knock at a door, where nothing is remembered of it."""

    door: Id = new_id()
    finds: Finds


class Knocked(Event, context="doors"):
    """Somebody was in."""

    door: Id


def knocks(command: Knock, state: None) -> Sequence[Knocked]:
    match command.finds:
        case Finds.NOBODY:
            raise DomainError("Nobody is in: come again.", rule="nobody-in")
        case Finds.A_FAULT:
            raise ZeroDivisionError
    return [Knocked(door=command.door)]


door = Decider("door", "door", None, knocks, lambda state, event: None, Knock, Knocked)


class Watched:
    """A log that counts how often it is read, and answers what it is given to append when it is told to."""

    tells_repeats = True

    def __init__(self, store: Any) -> None:
        self.append = store.append
        self._store = store
        self.reads = 0
        self.answers_at_once = True
        self.held: list[Callable[[], None]] = []
        self.fails: Appended | None = None

    def read_stream(self, *given: Any, **named: Any) -> Any:
        self.reads += 1
        return self._store.read_stream(*given, **named)

    def append_then(
        self, stream: str, events: list[NewEvent], expected: Expected, then: Callable[[Appended], None]
    ) -> None:
        if self.fails is not None:
            then(self.fails)
        elif self.answers_at_once:
            self._store.append_then(stream, events, expected, then)
        else:
            self.held.append(lambda: self._store.append_then(stream, events, expected, then))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Watched]:
    with open_store(tmp_path) as store:
        yield Watched(store)


def handler_of(log: Any) -> CommandHandler:
    registry = Registry([toy, Context("seats", "Seats", (hall,)), Context("doors", "Doors", (door,))])
    return CommandHandler(log, registry, AesGcmVault.in_memory())


@pytest.fixture
def handler(log: Watched) -> CommandHandler:
    return handler_of(log)


def begun(handler: CommandHandler, command: Command, origin: Origin = WORKER, **given: Any) -> Any:
    """What a command that is begun comes to; False if it is not begun."""
    told: SimpleQueue[Any] = SimpleQueue()
    given = {"command_id": uuid4()} | given
    return handler.begin(command, origin, told.put, **given) and told.get(timeout=10)


def a_diary(handler: CommandHandler) -> str:
    return handler.handle(OpenDiary(pages=2), WORKER, command_id=uuid4()).ids["diary"]


def test_its_receipt_is_the_one_that_a_repeat_gets_and_nothing_is_read_for_it(
    handler: CommandHandler, log: Watched
) -> None:
    command_id, other_id = uuid4(), uuid4()
    receipt = begun(handler, OpenDiary(pages=2), command_id=command_id)
    closed = begun(handler, CloseDiary(diary=receipt.ids["diary"]), command_id=other_id, expected=0)
    again = begun(handler, CloseDiary(diary=receipt.ids["diary"]))
    assert [one.events for one in (receipt, closed, again)] == [
        ("toy.DiaryOpened",), ("toy.DiaryClosed",), ("kernel.NothingChanged",),
    ]  # fmt: skip
    assert log.reads == 0
    for kept, command, id in ((receipt, OpenDiary(pages=2), command_id), (closed, CloseDiary(**receipt.ids), other_id)):
        assert handler_of(log).handle(command, WORKER, command_id=id) == kept._replace(repeated=True)


@pytest.mark.parametrize("why", ["personal", "reason", "stale", "repeat", "not remembered", "no such log"])
def test_it_is_left_alone_where_it_takes_more(why: str, handler: CommandHandler, log: Watched) -> None:
    diary, command_id = a_diary(handler), uuid4()
    command: Command = CloseDiary(diary=diary)
    origin, given = WORKER, {}
    match why:
        case "personal":
            command = WriteEntry(diary=diary, person=PERSON, text="x")
        case "reason":
            origin = replace(WORKER, reason="because")
        case "stale":
            given = {"expected": 7}
        case "repeat":
            handler.handle(command, WORKER, command_id=command_id)
            given = {"command_id": command_id}
        case "not remembered":
            handler = handler_of(log)
        case "no such log":
            log.tells_repeats = False
    head = len(list(log.read_stream(f"diary-{diary}")))
    assert begun(handler, command, origin, **given) is False
    assert len(list(log.read_stream(f"diary-{diary}"))) == head
    if why != "stale":
        assert handler.handle(command, origin, command_id=command_id).stream == f"diary-{diary}"


def test_a_refusal_is_left_to_who_has_read_the_log(handler: CommandHandler) -> None:
    knock = Knock(door=str(uuid4()), finds=Finds.NOBODY)
    assert begun(handler, knock) is False
    with pytest.raises(DomainError, match="Nobody"):
        handler.handle(knock, WORKER, command_id=uuid4())
    assert isinstance(begun(handler, Knock(door=knock.door, finds=Finds.SOMEBODY)), Receipt)


def test_a_fault_in_a_rule_is_raised_and_the_turn_given_back(handler: CommandHandler) -> None:
    knock = Knock(door=str(uuid4()), finds=Finds.A_FAULT)
    with pytest.raises(ZeroDivisionError):
        begun(handler, knock)
    assert isinstance(begun(handler, Knock(door=knock.door, finds=Finds.SOMEBODY)), Receipt)


def test_one_command_of_a_stream_at_a_time(handler: CommandHandler, log: Watched) -> None:
    diary, other = a_diary(handler), a_diary(handler)
    log.answers_at_once = False
    told: SimpleQueue[Any] = SimpleQueue()
    assert handler.begin(CloseDiary(diary=diary), WORKER, told.put, command_id=uuid4())
    assert begun(handler, CloseDiary(diary=diary)) is False
    log.answers_at_once = True
    assert begun(handler, CloseDiary(diary=other)).events == ("toy.DiaryClosed",)
    (go,) = log.held
    go()
    assert told.get(timeout=10).events == ("toy.DiaryClosed",)
    assert begun(handler, CloseDiary(diary=diary)).events == ("kernel.NothingChanged",)


def test_who_waits_for_a_turn_that_does_not_end_goes_on_without_it(
    handler: CommandHandler, log: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "LONGEST_TURN_SECONDS", 0.05)
    diary = a_diary(handler)
    log.answers_at_once = False
    assert handler.begin(CloseDiary(diary=diary), WORKER, lambda _: None, command_id=uuid4())
    assert handler.handle(CloseDiary(diary=diary), WORKER, command_id=uuid4()).events == ("toy.DiaryClosed",)


def test_where_another_process_was_there_it_is_told_that_nothing_was_done(
    handler: CommandHandler, log: Watched
) -> None:
    def retries() -> float:
        return RETRIES.labels("command")._value.get()

    diary, command_id = a_diary(handler), uuid4()
    handler_of(log).handle(CloseDiary(diary=diary), WORKER, command_id=command_id)
    before = retries()
    assert begun(handler, CloseDiary(diary=diary)) is None
    assert retries() == before + 1
    # The same command, of which this process has not heard: the log knows its events.
    handler = handler_of(log)
    handler.handle(CloseDiary(diary=diary), WORKER, command_id=uuid4())
    assert handler.handle(CloseDiary(diary=diary), WORKER, command_id=command_id).repeated


def test_what_the_log_refuses_is_told_and_the_turn_given_back(handler: CommandHandler, log: Watched) -> None:
    diary = a_diary(handler)
    log.fails = StoreFull("The disk is full.")
    assert isinstance(begun(handler, CloseDiary(diary=diary)), StoreFull)
    log.fails = WrongExpectedRevision(f"diary-{diary}", 0, 1)
    assert begun(handler, CloseDiary(diary=diary)) is None
    log.fails = None
    assert isinstance(begun(handler, CloseDiary(diary=diary)), Receipt)


def test_a_log_that_is_closed_is_left_to_handling_which_says_so(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    handler = handler_of(store)
    diary = a_diary(handler)
    store.close()
    assert begun(handler, CloseDiary(diary=diary)) is False
    with pytest.raises(Unavailable):
        handler.handle(CloseDiary(diary=diary), WORKER, command_id=uuid4())


def test_a_refusal_on_record_is_told_as_such(handler: CommandHandler) -> None:
    ask = AskForSeat(hall=str(uuid4()))
    handler.handle(ask, WORKER, command_id=uuid4())
    told = begun(handler, ask)
    assert isinstance(told, NotAvailable)
    assert "no seat" in str(told)

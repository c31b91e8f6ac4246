"""Retention runs by a durable schedule: at the start, each night, and late for nights that nobody was there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from services import protection
from services.protection.execution import RetentionExecution, start_schedule
from services.protection.hold import HoldGround, PlaceHold
from services.protection.restoring import certificates
from shared.codec import open_data
from shared.context import Registry
from shared.eventstore.port import RecordedEvent
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.messages import Command, Origin, Receipt, Role
from shared.privacy.personal import Hidden, Retention
from shared.privacy.port import KeyName
from shared.privacy.vault import open_vault
from shared.projections.engine import read_model_engine
from shared.reacting.runner import PolicyRunner
from tests.kernel.toy import OpenDiary, WriteEntry, toy

LAWYER = Origin("law-1", frozenset({Role.LAWYER}))
SYSTEM = Origin("system:schedule", frozenset({Role.POLICY}))


class Nights:
    """An installation whose clock is set by hand; the log's own clock is today's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.swept = 0
        self.elsewhere: dict[str, date] = {}  # record -> when its keys were last used there
        self.open()
        self.now = datetime.now(UTC).replace(hour=12)

    def open(self) -> None:
        self.store = open_store(self.folder / "log")
        self.vault = open_vault(self.folder)
        self.engine = read_model_engine(self.folder / "read-models.db")
        self.handler = CommandHandler(self.store, Registry([toy, protection.context]), self.vault, clock=self.clock)
        policy = RetentionExecution(self.store, self.vault.keys, self.sweep, lambda key: self.elsewhere.get(key.record))
        self.runner = PolicyRunner(self.store, self.engine, [policy], self.react, clock=self.clock)

    def close(self) -> None:
        self.store.close()
        self.engine.dispose()

    def clock(self) -> datetime:
        return self.now

    def sweep(self) -> None:
        self.swept += 1

    def react(self, command: Command, origin: Origin, command_id: UUID) -> Receipt:
        return self.handler.handle(command, origin, command_id=command_id)

    def send(self, command: Command, origin: Origin = LAWYER) -> Receipt:
        return self.handler.handle(command, origin, command_id=uuid4())

    def start(self) -> None:
        """What the worker does at every start."""
        start_schedule(lambda command, command_id: self.react(command, SYSTEM, command_id), self.now.date())
        self.runner.catch_up()

    def night(self, days: int = 1) -> int:
        """It becomes three in the morning, `days` later; tells how many deadlines fired."""
        self.now = (self.now + timedelta(days=days)).replace(hour=3)
        return self.runner.fire_due(self.now)

    def events(self, name: str) -> list[RecordedEvent]:
        return [raw for raw in self.store.read_all() if raw.type == f"protection.{name}"]

    def days(self, name: str) -> list[date]:
        return [date.fromisoformat(orjson.loads(raw.data)["day"]) for raw in self.events(name)]

    def diary(self, text: str) -> str:
        diary = self.send(OpenDiary(pages=3)).ids["diary"]
        self.person = str(uuid4())
        self.send(WriteEntry(diary=diary, person=self.person, text=text))
        return f"diary-{diary}"

    def texts_of(self, diary: str) -> list[Any]:
        written = [raw for raw in self.store.read_stream(diary) if b'"sealed"' in raw.data]
        return [open_data(raw, self.vault)["text"] for raw in written]

    def text_of(self, diary: str) -> Any:
        (text,) = self.texts_of(diary)
        return text


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Nights]:
    opened = Nights(tmp_path)
    yield opened
    opened.close()


def test_a_start_runs_today_and_each_night_runs_the_next_day(nights: Nights) -> None:
    today = nights.now.date()
    nights.start()
    for _ in range(3):
        nights.night()
        nights.runner.catch_up()
    expected = [today + timedelta(days=number) for number in range(4)]
    assert nights.days("RetentionRan") == nights.days("RetentionApplied") == expected
    assert nights.swept == 4


def test_two_starts_on_a_day_run_once(nights: Nights) -> None:
    nights.start()
    nights.start()
    assert len(nights.events("RetentionRan")) == 1


def test_a_night_that_nobody_was_there_is_made_good_by_the_next_start(nights: Nights) -> None:
    nights.start()
    nights.close()
    nights.now += timedelta(days=5)
    nights.open()
    nights.start()
    assert nights.days("RetentionRan")[-1] == nights.now.date()
    nights.night()
    nights.runner.catch_up()
    assert nights.days("RetentionRan")[-1] == nights.now.date()


def test_the_deadline_survives_a_restart(nights: Nights) -> None:
    nights.start()
    nights.close()
    nights.open()
    assert nights.night() == 1


def test_what_is_due_goes_and_what_a_hold_keeps_stays(nights: Nights) -> None:
    due, held = nights.diary("Due in ten years."), nights.diary("Held.")
    nights.send(PlaceHold(record=held, ground=HoldGround.LEGAL_CLAIMS))
    nights.start()
    assert (nights.text_of(due), nights.text_of(held)) == ("Due in ten years.", "Held.")
    nights.now += timedelta(days=366 * 10)
    nights.start()
    assert isinstance(nights.text_of(due), Hidden) and nights.text_of(held) == "Held."
    destroyed = orjson.loads(nights.events("RetentionApplied")[-1].data)["destroyed"]
    assert [key["record"] for key in destroyed] == [due]


def test_an_entry_is_as_old_as_it_says_and_not_as_the_file_that_it_was_copied_into(nights: Nights) -> None:
    nights.now = datetime(2008, 10, 2, 12, tzinfo=UTC)  # by the log's own clock it is written today
    diary = nights.diary("Due in 2018.")
    nights.now = datetime(2018, 10, 1, 12, tzinfo=UTC)
    nights.start()
    assert nights.text_of(diary) == "Due in 2018."
    nights.now = datetime(2018, 10, 2, 12, tzinfo=UTC)
    nights.start()
    assert isinstance(nights.text_of(diary), Hidden)


def test_a_night_takes_in_what_was_recorded_since_the_one_before(nights: Nights) -> None:
    nights.start()
    later = nights.diary("Due in ten years.")
    nights.now += timedelta(days=366 * 9)
    nights.send(WriteEntry(diary=later.removeprefix("diary-"), person=nights.person, text="Written again."))
    nights.now += timedelta(days=366 * 2)
    nights.start()
    assert nights.texts_of(later) == ["Due in ten years.", "Written again."]
    nights.now += timedelta(days=366 * 9)
    nights.start()
    assert all(isinstance(text, Hidden) for text in nights.texts_of(later))


def test_a_key_that_is_used_elsewhere_ages_with_its_use_there(nights: Nights) -> None:
    in_use, used = "person-search", "access-1"
    names = [KeyName(str(uuid4()), Retention.IDENTITY, record) for record in (in_use, used, "nowhere")]
    nights.vault.prepare(names)
    nights.elsewhere = {in_use: date.max, used: nights.now.date() + timedelta(days=366 * 5)}
    nights.start()
    for years, left in ((11, {in_use, used}), (16, {in_use}), (90, {in_use})):
        nights.now = datetime.now(UTC) + timedelta(days=366 * years)
        nights.start()
        live = {name.record for name in names for key in nights.vault.keys.keys_of(name.subject) if not key.destroyed}
        assert live == left


def test_each_run_is_certified_with_its_entry_in_the_ledger(nights: Nights) -> None:
    nights.start()
    ledger = nights.vault.keys.ledger  # type: ignore[attr-defined]
    assert [held.ledger for held in certificates(nights.store)] == [entry.hash for entry in ledger.entries()]

"""Every reading of personal data is on record before its answer leaves; if that fails, there is no answer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import orjson
import pytest
from pydantic import BaseModel
from typer.testing import CliRunner

from services.audit.access import AccessLog, Disclosure, ShowAccessHistory
from services.audit.spool import RESERVED, Spool
from services.cases.person.names import AddName, PersonName
from services.cases.projections.case_files import GetCase
from services.cases.projections.safety_sheet import GetSafetySheet
from services.gateway.cli.commands import app as command_line
from services.gateway.installation import Installation
from services.protection.queries import ExportSubject
from shared.errors import ForgetMeNotError, StoreFull, Unavailable
from shared.eventstore.port import NewEvent
from shared.eventstore.sqlite import open_store
from shared.messages import Origin, Query, Role
from shared.privacy.personal import Place
from shared.privacy.port import KeyName
from shared.privacy.vault import AesGcmVault
from shared.settings import Settings
from tests.protection.histories import CASES, PEOPLE, WORKER, Centre, Link, Write

LOOKING = Origin("w-1", frozenset({Role.CASEWORKER}), reason="To prepare the visit.")
PERSON, OTHER = str(uuid4()), str(uuid4())


class Nothing(BaseModel):
    """An answer that these tests do not look at."""


class ReadFile(Query[Nothing], context="toy", roles=[Role.CASEWORKER]):
    """Reads a file."""


class ReadSafetySheet(Query[Nothing], context="toy", roles=[Role.CASEWORKER]):
    """Whom to call and what to avoid tonight: it opens whatever happens to the log."""

    opens_regardless: ClassVar[bool] = True


def place(field: str, subject: str = PERSON) -> Place:
    return Place("case-1", str(uuid4()), "cases.NoteAdded", field, subject)


class Reading:
    """An access log in a folder, which can be broken and mended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vault = AesGcmVault.in_memory()
        self.open()

    def open(self) -> None:
        self.store = open_store(self.folder / "access")
        self.log = AccessLog(lambda: self.store, self.vault, self.folder / "access.spool")

    def break_off(self) -> None:
        self.store.close()

    def history(self, subject: str = PERSON, **page: Any) -> tuple[Disclosure, ...]:
        return self.log.history(ShowAccessHistory(subject=subject, **page)).disclosures


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    opened = Reading(tmp_path)
    yield opened
    opened.store.close()


def test_an_answer_is_one_entry_a_person_with_the_fields_that_were_opened(reading: Reading) -> None:
    reading.log.record(LOOKING, ReadFile(), [place("text"), place("text"), place("account"), place("text", OTHER)])
    (seen,) = reading.history()
    assert (seen.actor, seen.roles, seen.query) == ("w-1", (Role.CASEWORKER,), "toy.ReadFile")
    assert seen.fields == ("cases.NoteAdded.text", "cases.NoteAdded.account")
    assert (seen.purpose, seen.spooled) == ("To prepare the visit.", False)
    assert len(reading.history(OTHER)) == 1


def test_the_purpose_lies_on_the_disk_sealed_and_is_forgotten_with_the_person(reading: Reading) -> None:
    reading.log.record(LOOKING, ReadFile(), [place("text")])
    for path in (reading.folder / "access").iterdir():
        assert not path.is_file() or b"prepare the visit" not in path.read_bytes()
    keys = reading.vault.keys
    names = [facts.name for facts in keys.keys_of(PERSON)]
    keys.forget(PERSON, destroy=names, keep=(), certificate="c-1", at=datetime.now(UTC))
    assert reading.history()[0].purpose == "(forgotten)"
    reading.log.record(LOOKING, ReadFile(), [place("text")])  # what a hold keeps may still be seen
    assert reading.history()[0].purpose is None


def test_the_history_is_paged_from_the_newest(reading: Reading) -> None:
    for number in range(5):
        reading.log.record(Origin(f"w-{number}", LOOKING.roles), ReadFile(), [place("text")])
    page = reading.log.history(ShowAccessHistory(subject=PERSON, limit=3))
    rest = reading.log.history(ShowAccessHistory(subject=PERSON, limit=3, after=page.next))
    assert [seen.actor for seen in (*page.disclosures, *rest.disclosures)] == ["w-4", "w-3", "w-2", "w-1", "w-0"]
    assert rest.next is None


def test_the_history_is_asked_as_of_a_time(reading: Reading) -> None:
    for actor, day in ("w-1", 1), ("w-2", 2), ("w-3", 3):
        clock = partial(datetime, 2008, 10, day, tzinfo=UTC)
        then = AccessLog(lambda: reading.store, reading.vault, reading.folder / "access.spool", clock=clock)
        then.record(Origin(actor, LOOKING.roles), ReadFile(), [place("text")])
    assert [seen.actor for seen in reading.history(as_of=datetime(2008, 10, 2, 12, tzinfo=UTC))] == ["w-2", "w-1"]


def test_the_key_of_a_purpose_was_last_used_with_the_persons_last_entry(reading: Reading) -> None:
    reading.log.record(LOOKING, ReadFile(), [place("text")])
    (key,) = [facts.name for facts in reading.vault.keys.keys_of(PERSON)]
    assert reading.log.last_use(key) == reading.history()[0].at.date()
    assert reading.log.last_use(key._replace(record="case-1")) is None
    assert reading.log.last_use(KeyName(OTHER, "reason", f"access-{OTHER}")) is None


def test_answers_under_way_at_once_are_each_on_record(reading: Reading) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: reading.log.record(LOOKING, ReadFile(), [place("text")]), range(64)))
    assert len(reading.history(limit=500)) == 64


def test_what_cannot_be_recorded_is_refused(reading: Reading) -> None:
    reading.break_off()
    with pytest.raises(ForgetMeNotError):
        reading.log.record(LOOKING, ReadFile(), [place("text")])


def test_the_safety_sheet_opens_and_its_record_waits_until_the_log_is_back(reading: Reading) -> None:
    reading.break_off()
    reading.log.record(LOOKING, ReadSafetySheet(), [place("text")])
    reading.log.record(LOOKING, ReadSafetySheet(), [place("text")])
    spool = reading.folder / "access.spool"
    assert b"prepare the visit" not in spool.read_bytes() and spool.stat().st_mode & 0o077 == 0
    reading.open()  # another process, later
    reading.log.record(LOOKING, ReadFile(), [place("text", OTHER)])
    assert [(seen.query, seen.spooled) for seen in reading.history()] == [("toy.ReadSafetySheet", True)] * 2
    assert not spool.read_bytes().strip(b"\0")


def test_a_spool_that_was_cut_short_gives_what_is_whole(reading: Reading) -> None:
    reading.break_off()
    reading.log.record(LOOKING, ReadSafetySheet(), [place("text")])
    with (reading.folder / "access.spool").open("ab") as spool:
        spool.write(b'{"stream":"access-')
    reading.open()
    reading.log.record(LOOKING, ReadFile(), [place("text", OTHER)])
    assert len(reading.history()) == 1


def test_a_spool_that_was_cut_short_takes_more(reading: Reading) -> None:
    reading.break_off()
    with (reading.folder / "access.spool").open("r+b") as spool:
        spool.write(b'{"stream":"access-')
    reading.log.record(LOOKING, ReadSafetySheet(), [place("text")])
    reading.open()
    reading.log.record(LOOKING, ReadFile(), [place("text", OTHER)])
    assert len(reading.history()) == 1


def test_a_spool_that_cannot_be_emptied_refuses_no_answer_and_loses_nothing(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading.break_off()
    reading.log.record(LOOKING, ReadSafetySheet(), [place("text")])
    reading.open()

    def broken(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", broken)
        reading.log.record(LOOKING, ReadFile(), [place("text", OTHER)])
    reading.log.record(LOOKING, ReadFile(), [place("text", OTHER)])
    assert (len(reading.history()), len(reading.history(OTHER))) == (1, 2)


def test_the_space_of_the_spool_is_there_before_the_disk_is_full(reading: Reading) -> None:
    spool = reading.folder / "access.spool"
    before = spool.stat()
    reading.break_off()
    for _ in range(50):
        reading.log.record(LOOKING, ReadSafetySheet(), [place("text")])
    after = spool.stat()
    assert before.st_blocks * 512 >= RESERVED and (after.st_size, after.st_blocks) == (before.st_size, before.st_blocks)


def test_looks_beyond_the_reserved_space_are_kept_too(reading: Reading) -> None:
    spool = reading.folder / "access.spool"
    reading.break_off()
    reading.log.record(LOOKING, ReadSafetySheet(), [place("text", str(uuid4())) for _ in range(300)])
    reading.log.record(LOOKING, ReadSafetySheet(), [place("text")])
    assert spool.stat().st_size > RESERVED
    reading.open()
    reading.log.record(LOOKING, ReadFile(), [place("text", OTHER)])
    assert len(reading.history()) == 1 and spool.stat().st_size == RESERVED


def test_two_processes_share_a_spool(reading: Reading) -> None:
    reading.break_off()
    other = Spool(reading.folder / "access.spool")
    with ThreadPoolExecutor(8) as threads:
        kept = [(f"access-{PERSON}", NewEvent(uuid4(), "access.PersonalDataDisclosed", b"{}")) for _ in range(40)]
        both = [(other, kept[:20]), (Spool(reading.folder / "access.spool"), kept[20:])]
        list(threads.map(lambda one: one[0].add([one[1]]), [(spool, entry) for spool, all_ in both for entry in all_]))
    with Spool(reading.folder / "access.spool").take() as waiting:
        assert {event.id for _, event in waiting} == {event.id for _, event in kept}


def test_without_room_for_its_record_not_even_the_safety_sheet_opens(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading.break_off()
    monkeypatch.setattr(os, "pwrite", lambda descriptor, content, at: len(content) // 2)
    with pytest.raises(StoreFull, match="nowhere"):
        reading.log.record(LOOKING, ReadSafetySheet(), [place("text")])


def test_the_safety_sheet_opens_though_no_key_can_be_made_for_its_purpose(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(names: object) -> None:
        raise StoreFull("The disk is full.")

    monkeypatch.setattr(reading.vault, "prepare", full)
    with pytest.raises(StoreFull):
        reading.log.record(LOOKING, ReadFile(), [place("text")])
    reading.log.record(LOOKING, ReadSafetySheet(), [place("text")])
    assert [(seen.query, seen.purpose) for seen in reading.history()] == [("toy.ReadSafetySheet", None)]


class Damaged:
    """A centre with a note in it, whose access log is damaged before anybody has read."""

    def __init__(self, folder: Path) -> None:
        centre = Centre(folder)
        centre.play([Write(0, 0)])
        name = PersonName(given="Rūta")
        centre.send(AddName(person=PEOPLE[2], value=name), WORKER)
        centre.it.projector().catch_up()
        centre.it.access_log  # noqa: B018  (opening it makes it)
        centre.close()
        path = folder / "data" / "access" / "log.db"
        path.write_bytes(b"This is no log any more." * 200)
        self.it = Installation(Settings(data_dir=folder / "data"))


def test_a_damaged_access_log_closes_every_answer_with_personal_data_but_the_safety_sheet(tmp_path: Path) -> None:
    damaged = Damaged(tmp_path)
    try:
        sheet = damaged.it.bus().ask(GetSafetySheet(case=CASES[0]), WORKER).answer
        assert sheet.person.names[0].value == PersonName(given="Rūta")
        assert b"cases.GetSafetySheet" in (tmp_path / "data" / "access.spool").read_bytes()
        for query, origin in (
            (GetCase(case=CASES[0]), WORKER),
            (ExportSubject(subject=PEOPLE[0]), Origin("dpo-1", frozenset({Role.DATA_PROTECTION_OFFICER}))),
        ):
            with pytest.raises(Unavailable):
                damaged.it.bus().ask(query, origin)
    finally:
        damaged.it.close()


def test_a_persons_whole_history_is_printed_with_that_of_linked_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    centre = Centre(tmp_path)
    centre.play([Link(0, 1)])
    for subject, times in ((PEOPLE[0], 510), (PEOPLE[1], 1), (PEOPLE[2], 1)):
        for _ in range(times):
            centre.it.access_log.record(LOOKING, ReadFile(), [place("text", subject)])
    centre.close()
    asked = ["protection", "seen", PEOPLE[0], "--actor", "dpo-1", "--reason", "She asked who had seen it."]
    printed = CliRunner().invoke(command_line, [*asked, "--json"])
    assert printed.exit_code == 0, printed.stderr
    told = orjson.loads(printed.stdout)
    assert told["subjects"] == [PEOPLE[0], PEOPLE[1]] and len(told["disclosures"]) == 511
    again = orjson.loads(CliRunner().invoke(command_line, [*asked, "--json"]).stdout)
    newest = again["disclosures"][0]
    assert (newest["actor"], newest["query"], newest["fields"], newest["purpose"]) == (
        "dpo-1", "audit.ShowAccessHistory", ["access.PersonalDataDisclosed.purpose"], "She asked who had seen it."
    )  # fmt: skip

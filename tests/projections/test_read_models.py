"""Queries are answered from one snapshot at one position, and what is personal is shown on record or not at all."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import Column, String, select

from shared.errors import NotFound, Unavailable
from shared.messages import Origin, Query, Role
from shared.privacy.personal import Place
from shared.projections.declaration import Asking, Redacted, answers, table
from tests.projections.conftest import House
from tests.projections.shelter_log import (
    AUDITOR,
    WORKER,
    BeginStay,
    CountRooms,
    GetStay,
    Rooms,
    Stays,
    WriteNote,
    commands,
)
from tests.projections.test_projector import Fragile, notes_about


class Record:
    """A log of disclosures in memory; full, if it is told so."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, list[Place]]] = []
        self.full = False

    def record(self, origin: Origin, query: Query[Any], revealed: Sequence[Place]) -> None:
        """Keep it."""
        if self.full:
            raise OSError("no space left")
        self.kept.append((origin.actor, query.wire_type(), list(revealed)))


def test_an_answer_names_the_position_that_it_reflects(house: House) -> None:
    house.do(*commands(range(3)))
    house.projector(Rooms()).catch_up()
    house.do(*commands(range(3, 6)))
    assert house.models(Rooms()).ask(CountRooms(), WORKER).position == 6


def test_a_caller_reads_its_own_writes(house: House) -> None:
    models = house.models(Stays())
    stop = threading.Event()
    thread = threading.Thread(target=house.projector(Stays()).run, args=(stop,))
    thread.start()
    try:
        for number in range(20):
            position = house.do(
                BeginStay(stay=f"s{number}", person="p", room="r"),
                WriteNote(stay=f"s{number}", person="p", text=f"night {number}"),
            )
            answered = models.ask(GetStay(stay=f"s{number}"), WORKER, wait_for=position)
            assert answered.answer.last_note == f"night {number}"
            assert answered.position >= position
    finally:
        stop.set()
        thread.join()


def test_many_callers_wait_at_once_and_each_gets_its_answer(house: House) -> None:
    models = house.models(Stays(), wait_seconds=60)
    found: list[str] = []

    def call(number: int) -> None:
        position = house.do(BeginStay(stay=f"s{number}", person="p", room=f"r{number}"))
        found.append(models.ask(GetStay(stay=f"s{number}"), WORKER, wait_for=position).answer.room)

    callers = [threading.Thread(target=call, args=(number,)) for number in range(12)]
    for caller in callers:
        caller.start()
    stop = threading.Event()
    thread = threading.Thread(target=house.projector(Stays()).run, args=(stop,))
    thread.start()
    for caller in callers:
        caller.join()
    stop.set()
    thread.join()
    assert sorted(found) == sorted(f"r{number}" for number in range(12))


def test_one_who_waits_in_vain_is_told_what_to_do(house: House) -> None:
    house.do(*commands(range(3)))
    house.projector(Rooms()).catch_up()
    with pytest.raises(Unavailable, match=r"rooms has not reached position 7 .* ask again"):
        house.models(Rooms(), wait_seconds=0.05).ask(CountRooms(), WORKER, wait_for=7)


def test_a_stopped_read_model_answers_as_of_its_position_but_lets_nobody_wait(house: House) -> None:
    class Counted(BaseModel):
        """How many."""

        stays: int

    class CountNotes(Query[Counted], context="shelter", roles=[Role.CASEWORKER]):
        """How many."""

    class Answering(Fragile):
        """Answers, too."""

        @answers(CountNotes)
        def count(self, query: CountNotes, asking: Asking) -> Counted:
            """All."""
            return Counted(stays=len(asking.rows(select(asking.live(self.counted)))))

    house.do(*notes_about("jonas"))
    projector = house.projector(Answering())
    projector.catch_up()
    house.do(*notes_about("jonas", "ona"))
    projector.catch_up()
    models = house.models(Answering(), wait_seconds=3600)
    assert models.ask(CountNotes(), WORKER) == (Counted(stays=1), 5)
    with pytest.raises(Unavailable, match="fragile stopped at position 6"):
        models.ask(CountNotes(), WORKER, wait_for=6)


def test_a_read_model_that_is_not_built_yet_says_so(house: House) -> None:
    house.do(*commands(range(3)))
    house.projector(Rooms()).prepare()
    with pytest.raises(Unavailable, match="rooms is being built"):
        house.models(Rooms()).ask(CountRooms(), WORKER)


def test_an_outdated_one_answers_while_its_tables_have_the_same_shape(house: House) -> None:
    class Later(Rooms):
        """The next version."""

        version = 2

    class Wider(Rooms):
        """Has another column."""

        version = 2
        rooms = table(
            "rooms", *(Column(name, String, primary_key=name == "room") for name in ("room", "ever", "floor"))
        )

    house.do(*commands(range(3)))
    house.projector(Rooms()).catch_up()
    projector = house.projector(Later())
    projector.prepare()
    assert projector.status()[0].state == "outdated"
    assert house.models(Later()).ask(CountRooms(), WORKER).position == 6
    with pytest.raises(Unavailable, match="is being built"):
        house.models(Wider()).ask(CountRooms(), WORKER)


def test_what_is_personal_is_opened_for_those_who_may_see_it_and_put_on_record(house: House) -> None:
    house.do(*notes_about("jonas"))
    house.projector(Stays()).catch_up()
    record = Record()
    answered = house.models(Stays(), disclosures=record).ask(GetStay(stay="s0"), WORKER)
    assert answered.answer.last_note == "slept"
    note = list(house.store.read_stream("stay-s0"))[-1]
    place = Place("stay-s0", str(note.id), "shelter.NoteWritten", "text", "jonas")
    assert record.kept == [("w-1", "shelter.GetStay", [place])]


def test_what_is_personal_is_withheld_from_all_others_and_nothing_goes_on_record(house: House) -> None:
    house.do(*notes_about("jonas"))
    house.projector(Stays()).catch_up()
    record = Record()
    models = house.models(Stays(), disclosures=record)
    assert models.ask(GetStay(stay="s0"), AUDITOR).answer.last_note == Redacted(hidden="withheld")
    assert record.kept == []


def test_who_may_see_what_can_be_decided_by_place(house: House) -> None:
    house.do(*notes_about("jonas", "ona"))
    house.projector(Stays()).catch_up()
    models = house.models(Stays(), may_see=lambda origin, place: place.subject == "jonas")
    assert models.ask(GetStay(stay="s0"), AUDITOR).answer.last_note == "slept"
    assert models.ask(GetStay(stay="s1"), AUDITOR).answer.last_note == Redacted(hidden="withheld")


def test_nothing_is_shown_if_that_cannot_be_put_on_record(house: House) -> None:
    house.do(*notes_about("jonas"), BeginStay(stay="empty", person="p", room="r"))
    house.projector(Stays()).catch_up()
    record = Record()
    record.full = True
    models = house.models(Stays(), disclosures=record)
    with pytest.raises(Unavailable, match="cannot be put on record"):
        models.ask(GetStay(stay="s0"), WORKER)
    assert models.ask(GetStay(stay="empty"), WORKER).answer.last_note is None  # nothing personal in it


def test_what_was_forgotten_stays_forgotten_in_a_read_model(house: House) -> None:
    house.do(*notes_about("jonas"))
    house.projector(Stays()).catch_up()
    models = house.models(Stays())
    assert models.ask(GetStay(stay="s0"), WORKER).answer.last_note == "slept"
    forget(house, "jonas")
    assert models.ask(GetStay(stay="s0"), WORKER).answer.last_note == Redacted(hidden="forgotten")


def forget(house: House, person: str) -> None:
    """Destroy every key of a person."""
    keys = house.vault.keys
    names = [key.name for key in keys.keys_of(person)]
    keys.forget(person, destroy=names, keep=[], certificate="c", at=datetime.now(UTC))


def test_what_is_not_there_is_not_found(house: House) -> None:
    house.do(*notes_about("jonas"))
    house.projector(Stays()).catch_up()
    with pytest.raises(NotFound):
        house.models(Stays()).ask(GetStay(stay="s7"), WORKER)

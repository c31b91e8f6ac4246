"""Read models follow the log: exactly once, one by one stopped and mended, rebuilt beside the live one."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Index, Integer, String, event, inspect, text

import shared.projections.generations as generations
from shared.codec import Recorded
from shared.errors import NotFound, Unavailable
from shared.eventstore.port import NewEvent
from shared.projections.declaration import Projection, Rows, on, table
from shared.projections.projector import Projector
from shared.projections.status import ProjectionStatus
from tests.projections.conftest import House
from tests.projections.shelter_log import (
    WORKER,
    BeginStay,
    CountRooms,
    EndStay,
    GetStay,
    NoteWritten,
    Rooms,
    StayBegun,
    Stays,
    Trail,
    WriteNote,
    commands,
    stay_ids,
)

in_a_file = pytest.mark.parametrize("house", ["sqlite"], indirect=True)
"""For what only a database in a file of ours can do."""


class Fragile(Projection):
    """Counts notes, but cannot take one about `Ona` until it is mended."""

    name = "fragile"
    counted = table("counted", Column("stay", String, primary_key=True), Column("notes", Integer, nullable=False))
    broken = True

    @on(NoteWritten)
    def noted(self, e: Recorded[NoteWritten], rows: Rows) -> None:
        """One more."""
        if self.broken and e.event.person == "ona":
            raise RuntimeError("Ona slept badly")
        rows.add(self.counted, (e.event.stay,), notes=1)


class Unwritable(Projection):
    """Makes rows that its table refuses."""

    name = "unwritable"
    named = table("named", Column("stay", String, primary_key=True), Column("room", String, nullable=False))

    @on(StayBegun)
    def begun(self, e: Recorded[StayBegun], rows: Rows) -> None:
        """No room for the third."""
        rows.put(self.named, stay=e.event.stay, room=None if e.event.person == "ona" else e.event.room)


class SkipsNothing(Projection):
    """Must know every event."""

    name = "skips_nothing"
    skips_unknown = False
    begun_stays = table("begun_stays", Column("stay", String, primary_key=True))

    @on(StayBegun)
    def begun(self, e: Recorded[StayBegun], rows: Rows) -> None:
        """One line."""
        rows.put(self.begun_stays, stay=e.event.stay)


def status_of(projector: Projector, name: str) -> ProjectionStatus:
    """How one read model stands."""
    return next(one for one in projector.status() if one.name == name)


def notes_about(*people: str) -> list[BeginStay | WriteNote]:
    """A stay and a note for each person."""
    found: list[BeginStay | WriteNote] = []
    for number, person in enumerate(people):
        found.append(BeginStay(stay=f"s{number}", person=person, room="r"))
        found.append(WriteNote(stay=f"s{number}", person=person, text="slept"))
    return found


def test_rows_reflect_every_event_once(house: House) -> None:
    house.do(*commands(range(5)))
    projector = house.projector(Stays(), Rooms(), Trail())
    assert projector.catch_up() == house.store.head() == 10
    assert projector.catch_up() == 10
    assert house.rows("rooms") == [("r0", 2, 2), ("r1", 2, 2), ("r2", 1, 1)]
    assert len(house.rows("stays")) == 5
    assert {row[3] for row in house.rows("stays")} == {1}
    assert [position for position, _ in house.rows("trail")] == list(range(1, 11))


def test_a_repeat_that_changed_nothing_is_seen_by_those_alone_who_take_everything(house: House) -> None:
    again = BeginStay(stay="s", person="p", room="r")
    house.do(again, again)
    projector = house.projector(SkipsNothing(), Trail())
    projector.catch_up()
    assert [kind for _, kind in house.rows("trail")] == ["shelter.StayBegun", "kernel.NothingChanged"]
    assert status_of(projector, "skips_nothing").state == "live"


def test_a_restart_goes_on_where_the_checkpoint_is(house: House) -> None:
    house.do(*commands(range(3)))
    house.projector(Rooms()).catch_up()
    house.do(*commands(range(3, 6)))
    house.projector(Rooms()).catch_up()
    assert house.rows("rooms") == [("r0", 2, 2), ("r1", 2, 2), ("r2", 2, 2)]


def test_a_read_model_that_fails_stops_alone_and_says_where(house: House) -> None:
    house.do(*notes_about("jonas", "ona", "petras"))
    projector = house.projector(Fragile(), Stays())
    projector.catch_up()
    stopped = status_of(projector, "fragile")
    assert (stopped.state, stopped.position, stopped.stopped_at) == ("stopped", 3, 4)
    assert stopped.error == "RuntimeError@noted(shelter.NoteWritten)"  # and nothing of what the error says
    assert house.rows("stays") and status_of(projector, "stays").lag == 0


def test_a_mended_read_model_goes_on_without_having_lost_anything(house: House) -> None:
    house.do(*notes_about("jonas", "ona", "petras"))
    fragile = Fragile()
    projector = house.projector(fragile)
    projector.catch_up()
    fragile.broken = False
    projector.catch_up()
    assert status_of(projector, "fragile").state == "stopped"  # until somebody says so
    projector.retry("fragile")
    projector.catch_up()
    assert house.rows("counted") == [("s0", 1), ("s1", 1), ("s2", 1)]
    assert status_of(projector, "fragile").error is None


def test_a_retry_that_fails_stops_at_the_same_place(house: House) -> None:
    house.do(*notes_about("ona"))
    projector = house.projector(Fragile())
    projector.catch_up()
    before = status_of(projector, "fragile")
    projector.retry("fragile")
    projector.catch_up()
    assert status_of(projector, "fragile") == before


def test_parking_goes_on_without_the_event_on_record(house: House) -> None:
    house.do(*notes_about("jonas", "ona", "petras", "ona"))
    projector = house.projector(Fragile())
    projector.catch_up()
    projector.park("fragile")
    projector.catch_up()
    assert status_of(projector, "fragile").stopped_at == 8
    projector.park("fragile")
    projector.catch_up()
    status = status_of(projector, "fragile")
    assert (status.state, status.lag, status.parked) == ("live", 0, 2)
    assert house.rows("counted") == [("s0", 1), ("s2", 1)]
    with house.engine.connect() as connection:
        parked = [tuple(row) for row in connection.execute(text("SELECT name, position FROM parked_events"))]
    assert parked == [("fragile", 4), ("fragile", 8)]


def test_a_row_that_the_table_refuses_is_found_among_many(house: House) -> None:
    house.do(*(BeginStay(stay=f"s{n}", person="ona" if n == 37 else "jonas", room="r") for n in range(60)))
    projector = house.projector(Unwritable(), Rooms())
    projector.catch_up()
    status = status_of(projector, "unwritable")
    assert (status.stopped_at, status.error) == (38, "IntegrityError@write()")
    assert len(house.rows("named")) == 37
    assert house.rows("rooms") == [("r", 60, 60)]


def test_one_that_skips_nothing_stops_at_what_it_does_not_know(house: House) -> None:
    house.do(*notes_about("jonas"))
    projector = house.projector(SkipsNothing())
    projector.catch_up()
    status = status_of(projector, "skips_nothing")
    assert (status.stopped_at, status.error) == (2, "UnknownEvent@_refuse_unknown(shelter.NoteWritten)")


def test_an_event_that_does_not_read_as_its_class_stops_those_who_need_it(house: House) -> None:
    house.do(*notes_about("jonas"))
    house.store.append("stay-x", [NewEvent(uuid4(), "shelter.StayBegun", b'{"room": 1}')])
    projector = house.projector(Rooms(), Trail())
    projector.catch_up()
    assert status_of(projector, "rooms").error == "StoreCorrupt@decode(shelter.StayBegun)"
    assert status_of(projector, "trail").lag == 0


def test_only_what_is_stopped_can_be_retried_or_parked(house: House) -> None:
    projector = house.projector(Rooms())
    projector.catch_up()
    for attempt in (projector.retry, projector.park):
        with pytest.raises(NotFound):
            attempt("rooms")


def test_a_running_projector_takes_in_what_happens_and_goes_on_after_a_retry(house: House) -> None:
    fragile = Fragile()
    projector, models = house.projector(fragile, Stays()), house.models(Stays())
    stop = threading.Event()
    thread = threading.Thread(target=projector.run, args=(stop,))
    thread.start()
    try:
        position = house.do(*notes_about("jonas", "ona"))
        assert models.ask(GetStay(stay="s1"), WORKER, wait_for=position).answer.notes == 1
        await_state(projector, "fragile", "stopped")
        fragile.broken = False
        house.projector(Fragile()).retry("fragile")  # as another process would
        await_state(projector, "fragile", "live")
        position = house.do(WriteNote(stay="s1", person="ona", text="woke"))
        assert models.ask(GetStay(stay="s1"), WORKER, wait_for=position).answer.notes == 2
    finally:
        stop.set()
        thread.join()
    projector.catch_up()
    assert house.rows("counted") == [("s0", 1), ("s1", 2)]


def await_state(projector: Projector, name: str, state: str) -> None:
    """Until it is so; the suite's own time limit ends it otherwise."""
    moment = threading.Event()
    while status_of(projector, name).state != state:
        moment.wait(0.01)


@in_a_file
def test_a_database_that_is_locked_for_a_while_stops_nobody(house: House) -> None:
    house.engine.dispose()
    event.listen(house.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 10"))
    projector = house.projector(Rooms())
    projector.catch_up()
    stop, moment = threading.Event(), threading.Event()
    thread = threading.Thread(target=projector.run, args=(stop,))
    thread.start()
    lock = sqlite3.connect(house.folder / "read" / "read.db", isolation_level=None)
    lock.execute("PRAGMA busy_timeout = 30000")
    lock.execute("BEGIN IMMEDIATE")
    position = house.do(*commands(range(6)))
    moment.wait(0.3)
    lock.execute("ROLLBACK")
    lock.close()
    rooms = house.models(Rooms(), wait_seconds=60).ask(CountRooms(), WORKER, wait_for=position).answer.rooms
    stop.set()
    thread.join()
    assert rooms == {"r0": (2, 2), "r1": (2, 2), "r2": (2, 2)}
    assert status_of(projector, "rooms").state == "live"


def test_two_projectors_at_once_count_nothing_twice(house: House) -> None:
    stop = threading.Event()
    threads = [threading.Thread(target=house.projector(Rooms()).run, args=(stop,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    position = house.do(*commands(range(60)))
    rooms = house.models(Rooms()).ask(CountRooms(), WORKER, wait_for=position).answer.rooms
    stop.set()
    for thread in threads:
        thread.join()
    assert rooms == {"r0": (20, 20), "r1": (20, 20), "r2": (20, 20)}


def test_a_rebuild_makes_the_same_rows_beside_the_live_ones(house: House) -> None:
    house.do(*commands(range(20)), EndStay(stay=next(stay_ids([3]))))
    projector = house.projector(Stays(), Rooms())
    projector.catch_up()
    before = house.rows("rooms"), house.rows("stays"), status_of(projector, "rooms").generation
    seen: list[tuple[int, int]] = []

    def progress(position: int, head: int) -> None:
        seen.append((position, head))
        assert sum(name.startswith("rooms__") for name in house.tables()) == 2  # the live one is still there

    position = projector.rebuild("rooms", progress)

    assert position == house.store.head()
    assert seen[-1] == (house.store.head(), house.store.head())
    assert (house.rows("rooms"), house.rows("stays")) == before[:2]
    assert status_of(projector, "rooms").generation > before[2]
    assert sum(name.startswith("rooms__") for name in house.tables()) == 1  # the old one is gone


def test_a_rebuild_while_others_follow_the_log_loses_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generations, "CHUNK", 20)
    house.do(*commands(range(30)))
    projector = house.projector(Rooms(), Stays())
    projector.catch_up()
    stop = threading.Event()
    thread = threading.Thread(target=projector.run, args=(stop,))
    thread.start()
    numbers = iter(range(30, 60))

    def progress(position: int, head: int) -> None:
        if number := next(numbers, None):
            house.do(*commands([number]))

    house.projector(Rooms(), Stays()).rebuild("rooms", progress)
    position = house.do(*commands(numbers))
    rooms = house.models(Rooms()).ask(CountRooms(), WORKER, wait_for=position).answer.rooms
    stop.set()
    thread.join()
    assert rooms == {"r0": (20, 20), "r1": (20, 20), "r2": (20, 20)}


def test_a_rebuild_that_was_interrupted_is_resumed_at_the_next_start(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "CHUNK", 20)
    house.do(*commands(range(30)))
    projector = house.projector(Rooms())
    projector.catch_up()

    class Killed(BaseException):
        """The process ends here."""

    def progress(position: int, head: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        projector.rebuild("rooms", progress)
    begun = status_of(house.projector(Rooms()), "rooms")
    assert begun.rebuilding_at is not None and 0 < begun.rebuilding_at < house.store.head()

    restarted = house.projector(Rooms())
    restarted.catch_up()

    done = status_of(restarted, "rooms")
    assert (done.rebuilding_at, done.generation, done.lag) == (None, begun.generation + 1, 0)
    assert house.rows("rooms") == [("r0", 10, 10), ("r1", 10, 10), ("r2", 10, 10)]


def test_a_rebuild_that_fails_says_where_and_leaves_the_live_one_alone(house: House) -> None:
    house.do(*notes_about("jonas", "ona"))
    fragile = Fragile()
    fragile.broken = False
    projector = house.projector(fragile)
    projector.catch_up()
    fragile.broken = True
    with pytest.raises(Unavailable, match="stopped at position 4"):
        projector.rebuild("fragile")
    assert status_of(projector, "fragile").state == "live"
    projector.park("fragile")
    projector.rebuild("fragile")
    assert house.rows("counted") == [("s0", 1)]
    assert status_of(projector, "fragile").parked == 1


def test_a_rebuild_of_what_there_is_not_is_refused(house: House) -> None:
    with pytest.raises(NotFound, match="There are: rooms"):
        house.projector(Rooms()).rebuild("roms")


class Rooms2(Rooms):
    """The next version: counts what it used to, twice over."""

    version = 2

    @on(StayBegun)
    def begun(self, e: Recorded[StayBegun], rows: Rows) -> None:
        """Two more."""
        rows.add(self.rooms, (e.event.room,), ever=2, now=1)
        rows.put(self.whereabouts, stay=e.event.stay, room=e.event.room)


class RoomsOfAnotherShape(Rooms):
    """The same version, but somebody added a column and did not say so."""

    rooms = table(
        "rooms",
        Column("room", String, primary_key=True),
        Column("ever", Integer),
        Column("now", Integer),
        Column("floor", Integer),
        Index("rooms_by_floor", "floor"),
    )


def test_another_version_is_built_at_the_next_start(house: House) -> None:
    house.do(*commands(range(3)))
    house.projector(Rooms()).catch_up()
    house.projector(Rooms2()).catch_up()
    assert house.rows("rooms") == [("r0", 2, 1), ("r1", 2, 1), ("r2", 2, 1)]


def test_another_shape_is_built_at_the_next_start(house: House) -> None:
    house.do(*commands(range(3)))
    house.projector(Rooms()).catch_up()
    house.projector(RoomsOfAnotherShape()).catch_up()
    assert house.rows("rooms") == [("r0", 1, 1, None), ("r1", 1, 1, None), ("r2", 1, 1, None)]
    (table,) = [name for name in house.tables() if name.startswith("rooms__")]
    (index,) = inspect(house.engine).get_indexes(table)
    assert index["name"] and index["name"].startswith("rooms_by_floor")


def test_two_read_models_cannot_share_a_table(house: House) -> None:
    class Squatter(Rooms):
        """Wants the rooms' table."""

        name = "squatter"

    with pytest.raises(ValueError, match="both declare a table"):
        house.projector(Rooms(), Squatter())


@in_a_file
def test_read_models_are_for_their_owners_eyes_alone(house: House) -> None:
    house.do(*commands(range(3)))
    house.projector(Rooms()).catch_up()
    assert house.folder.joinpath("read").stat().st_mode & 0o077 == 0
    for path in house.folder.joinpath("read").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name


numbers = st.integers(0, 6)
happenings = st.one_of(
    numbers.map(lambda n: BeginStay(stay=f"s{n}", person=f"p{n}", room=f"r{n % 3}")),
    numbers.map(lambda n: EndStay(stay=f"s{n}")),
    numbers.map(lambda n: WriteNote(stay=f"s{n}", person=f"p{n}", text="slept")),
    st.just(None),  # a moment at which the read models catch up
)


@settings(max_examples=25, deadline=None)
@given(st.lists(happenings, max_size=30))
def test_following_the_log_comes_to_the_same_as_a_rebuild(
    history: list[BeginStay | EndStay | WriteNote | None],
) -> None:
    with TemporaryDirectory() as folder:
        house = House(Path(folder))
        projector = house.projector(Stays(), Rooms(), Trail())
        for step in history:
            if step is None:
                projector.catch_up()
                continue
            try:
                house.do(step)
            except Exception as refused:
                assert getattr(refused, "code", None) in {"rule", "not-found"}
        projector.catch_up()
        names = "stays", "rooms", "whereabouts", "trail"
        followed = [house.rows(name) for name in names]
        for name in ("stays", "rooms", "trail"):
            projector.rebuild(name)
        assert [house.rows(name) for name in names] == followed
        assert projector.catch_up() == house.store.head()
        house.close()

"""Deadlines: each fires once, late if it must, and not after it was cancelled."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared.codec import Recorded
from shared.errors import Unavailable
from shared.messages import Command, Origin, Receipt
from shared.policies import Cancel, Deadline, Policy, Reaction, on
from shared.reacting.runner import PolicyRunner
from tests.policies.test_policies import Shelter, house
from tests.projections.shelter_log import BeginStay, EndStay, NoteWritten, StayBegun, StayEnded, WriteNote
from tests.servers.fixtures import database

__all__ = ["database", "house"]


class StaysEndInTheMorning(Policy):
    """A stay ends after twelve hours by itself; every note puts that off by twelve more."""

    name = "stays_end_in_the_morning"

    @on(StayBegun, NoteWritten)
    def tonight(self, e: Recorded[StayBegun]) -> Iterable[Reaction]:
        """Set, or set anew."""
        yield Deadline(f"stay/{e.event.stay}", e.recorded_at + timedelta(hours=12), EndStay(stay=e.event.stay))

    @on(StayEnded)
    def ended(self, e: Recorded[StayEnded]) -> Iterable[Reaction]:
        """Nothing left to end."""
        yield Cancel(f"stay/{e.event.stay}")


EVENING = datetime(2030, 1, 1, 20, tzinfo=UTC)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = EVENING

    def __call__(self) -> datetime:
        """What it shows."""
        return self.now

    def advance(self, hours: float) -> datetime:
        """Jump, backwards too."""
        self.now += timedelta(hours=hours)
        return self.now


@pytest.fixture
def clock(house: Shelter) -> Clock:
    """The clock of the house."""
    clock = Clock()
    house.handler.clock = clock
    return clock


def begin(house: Shelter, stay: str, *, synthetic: bool = False) -> None:
    """Somebody moves in."""
    house.do(BeginStay(stay=stay, person=f"p-{stay}", room="r"), synthetic=synthetic)


def ends(house: Shelter, stay: str) -> list[int | None]:
    """For each end of the stay: by how much it was late."""
    events = house.store.read_stream(f"stay-{stay}")
    return [
        Recorded(None, event).metadata.late_seconds  # type: ignore[type-var]
        for event in events
        if event.type == StayEnded.type_name
    ]


def test_a_deadline_fires_when_it_is_due_and_not_before(house: Shelter, clock: Clock) -> None:
    begin(house, "s")
    runner = house.runner(StaysEndInTheMorning())
    assert runner.fire_due(clock.advance(11.99)) == 0
    assert ends(house, "s") == []
    assert runner.status()[0].deadlines == 1
    assert runner.fire_due(clock.advance(0.01)) == 1
    assert ends(house, "s") == [None]


def test_its_command_says_which_event_set_it(house: Shelter, clock: Clock) -> None:
    begin(house, "s")
    house.runner(StaysEndInTheMorning()).fire_due(clock.advance(12))
    begun, ended = house.store.read_stream("stay-s")
    metadata = Recorded(None, ended).metadata  # type: ignore[type-var]
    assert (metadata.actor, metadata.causation_id) == ("policy:stays_end_in_the_morning", begun.id)
    assert metadata.correlation_id == Recorded(None, begun).metadata.correlation_id  # type: ignore[type-var]


def test_a_deadline_that_was_missed_fires_late_and_says_by_how_much(house: Shelter, clock: Clock) -> None:
    begin(house, "s")
    house.runner(StaysEndInTheMorning()).catch_up()
    clock.advance(12 + 5)  # nothing runs meanwhile
    assert house.runner(StaysEndInTheMorning()).fire_due(clock.now) == 1
    assert ends(house, "s") == [5 * 3600]


def test_a_new_deadline_of_the_same_key_replaces_the_old_one(house: Shelter, clock: Clock) -> None:
    begin(house, "s")
    clock.advance(6)
    house.do(WriteNote(stay="s", person="p-s", text="awake"))
    runner = house.runner(StaysEndInTheMorning())
    assert runner.fire_due(clock.advance(6)) == 0
    assert runner.fire_due(clock.advance(6)) == 1
    assert ends(house, "s") == [None]


def test_a_cancelled_deadline_does_not_fire(house: Shelter, clock: Clock) -> None:
    begin(house, "s")
    runner = house.runner(StaysEndInTheMorning())
    runner.catch_up()
    house.do(EndStay(stay="s"))
    assert runner.fire_due(clock.advance(12)) == 0
    assert runner.status()[0].deadlines == 0


def test_a_deadline_fires_once_although_the_process_died_before_it_noted_that(house: Shelter, clock: Clock) -> None:
    begin(house, "s")

    class Dies(BaseException):
        """The process ends here."""

    def send(command: Command, origin: Origin, command_id: UUID) -> Receipt:
        house.send(command, origin, command_id)
        raise Dies

    clock.advance(12)
    with pytest.raises(Dies):
        PolicyRunner(house.store, house.engine, [StaysEndInTheMorning()], send).fire_due(clock.now)
    runner = house.runner(StaysEndInTheMorning())
    runner.fire_due(clock.advance(1))
    assert house.sent[0] == house.sent[-1]
    assert ends(house, "s") == [None]
    assert runner.status()[0].parked == ()
    assert runner.fire_due(clock.now) == 0


def test_deadlines_that_were_lost_are_set_again_from_the_log_and_fire_no_second_time(
    house: Shelter, clock: Clock
) -> None:
    begin(house, "fired")
    begin(house, "cancelled")
    begin(house, "open")
    house.do(EndStay(stay="cancelled"))
    house.runner(StaysEndInTheMorning()).fire_due(clock.advance(11))
    house.do(WriteNote(stay="open", person="p-open", text="awake"))
    house.runner(StaysEndInTheMorning()).fire_due(clock.advance(2))
    before = house.log()
    house.forget_checkpoints()
    with house.engine.begin() as connection:
        connection.execute(text("DELETE FROM deadlines"))
    runner = house.runner(StaysEndInTheMorning())

    runner.fire_due(clock.advance(1))

    assert house.log() == before
    assert runner.status()[0].deadlines == 1


def test_history_that_is_loaded_sets_no_deadlines(house: Shelter, clock: Clock) -> None:
    begin(house, "s", synthetic=True)
    runner = house.runner(StaysEndInTheMorning())
    assert runner.fire_due(clock.advance(13)) == 0
    assert ends(house, "s") == []


def test_a_deadline_that_a_rule_refuses_is_parked_and_can_be_tried_again(house: Shelter, clock: Clock) -> None:
    begin(house, "s")
    runner = house.runner(StaysEndInTheMorning())
    runner.catch_up()
    house.failures = [ValueError("p-s is asleep")]
    assert runner.fire_due(clock.advance(12)) == 0
    (status,) = runner.status()
    assert [(one.command, one.error) for one in status.parked] == [("shelter.EndStay", "ValueError")]
    assert status.deadlines == 0
    assert runner.retry_parked(status.parked[0].id) is not None
    assert len(ends(house, "s")) == 1


def test_a_deadline_out_of_reach_is_kept(house: Shelter, clock: Clock) -> None:
    begin(house, "s")
    runner = house.runner(StaysEndInTheMorning())
    runner.catch_up()
    house.failures = [Unavailable("away")]
    assert runner.fire_due(clock.advance(12)) == 0
    (status,) = runner.status()
    assert (status.deadlines, status.waiting, status.parked) == (1, "unavailable", ())


def test_a_running_policy_fires_what_falls_due(house: Shelter) -> None:
    house.handler.clock = lambda: datetime.now(UTC) - timedelta(hours=12) + timedelta(seconds=0.3)
    stop = threading.Event()
    thread = threading.Thread(target=house.runner(StaysEndInTheMorning()).run, args=(stop,))
    thread.start()
    begin(house, "s")
    ended = house.wait_for_stream("stay-s", after=0)
    stop.set()
    thread.join()
    assert ended.type == "shelter.StayEnded"
    assert ends(house, "s") == [None]


steps = st.one_of(
    st.tuples(st.just("begin"), st.integers(0, 4)),
    st.tuples(st.just("end"), st.integers(0, 4)),
    st.tuples(st.just("note"), st.integers(0, 4)),
    st.tuples(st.just("clock"), st.integers(-5, 15)),
    st.tuples(st.sampled_from(["fire", "deliver", "restart", "lose"]), st.just(0)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=25))
def test_each_deadline_fires_once_or_is_cancelled_whatever_happens(history: list[tuple[str, int]]) -> None:
    """By hand: the log itself says when each stay should have ended, and no stay ends early, twice or never."""
    with TemporaryDirectory() as folder:
        house, clock = Shelter(Path(folder)), Clock()
        house.handler.clock = clock
        runner = house.runner(StaysEndInTheMorning())
        by_hand: set[str] = set()
        last_touched: dict[str, datetime] = {}
        for step, number in history:
            stay = str(uuid5(UUID(int=3), str(number)))
            open_stay = stay in last_touched and not ends(house, stay)
            match step:
                case "begin" if stay not in last_touched:
                    begin(house, stay)
                    last_touched[stay] = clock.now
                case "note" if open_stay:
                    house.do(WriteNote(stay=stay, person=f"p-{stay}", text="awake"))
                    last_touched[stay] = clock.now
                case "end" if open_stay:
                    house.do(EndStay(stay=stay))
                    by_hand.add(stay)
                case "clock":
                    clock.advance(number)
                case "fire":
                    runner.fire_due(clock.now)
                case "deliver":
                    runner.catch_up()
                case "restart":
                    runner = house.runner(StaysEndInTheMorning())
                case "lose":
                    house.forget_checkpoints()
        clock.now = max([clock.now, *last_touched.values()]) + timedelta(hours=12)
        runner.fire_due(clock.now)
        assert {stay: len(ends(house, stay)) for stay in last_touched} == dict.fromkeys(last_touched, 1)
        for stay in last_touched.keys() - by_hand:
            ended = list(house.store.read_stream(f"stay-{stay}"))[-1]
            assert Recorded(None, ended).recorded_at >= last_touched[stay] + timedelta(hours=12)  # type: ignore[type-var]
        (status,) = runner.status()
        assert (status.deadlines, status.parked) == (0, ())
        house.store.close()

"""Policies: events become commands, once, and what cannot be carried out is seen by a person."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import pytest
from sqlalchemy import Engine, text

from shared.codec import Recorded
from shared.context import Registry
from shared.errors import CommandIdReused, Conflict, DomainError, NotFound, Unavailable
from shared.eventstore.port import EventStore, RecordedEvent
from shared.eventstore.sqlite import open_store
from shared.handling import CommandHandler
from shared.messages import Command, Origin, Receipt, Role
from shared.policies import Deadline, Policy, Reaction, on
from shared.privacy.vault import AesGcmVault
from shared.projections.engine import read_model_engine
from shared.reacting.runner import PolicyRunner
from tests.projections.shelter_log import (
    NAMES,
    BeginStay,
    EndStay,
    NoteWritten,
    StayBegun,
    StayEnded,
    WriteNote,
    shelter,
)
from tests.servers.databases import own_url
from tests.servers.fixtures import database as database


class RoomIsCleaned(Policy):
    """When somebody leaves, the cleaners move in for an hour."""

    name = "room_is_cleaned"

    @on(StayEnded)
    def clean(self, e: Recorded[StayEnded]) -> Iterable[Reaction]:
        """One command."""
        if not e.event.stay.startswith("cleaning"):
            yield BeginStay(stay=f"cleaning-{e.event.stay}", person="cleaner", room="any")


class EndsTwice(Policy):
    """Ends each stay that has ended: no rule allows that."""

    name = "ends_twice"

    @on(StayEnded)
    def again(self, e: Recorded[StayEnded]) -> Iterable[Reaction]:
        """One command, refused."""
        yield EndStay(stay=e.event.stay)


class Breaks(Policy):
    """Cannot take a note, until it is mended."""

    name = "breaks"
    broken = True

    @on(NoteWritten)
    def note(self, e: Recorded[NoteWritten]) -> Iterable[Reaction]:
        """Fails, with something personal in the error's text."""
        yield EndStay(stay=e.event.stay)
        if self.broken:
            raise RuntimeError("Ona")


class PutsNotesOff(Policy):
    """A deadline whose command has personal data."""

    name = "puts_notes_off"

    @on(StayBegun)
    def later(self, e: Recorded[StayBegun]) -> Iterable[Reaction]:
        """Not allowed."""
        due = e.recorded_at + timedelta(hours=1)
        yield Deadline("note", due, WriteNote(stay=e.event.stay, person=e.event.person, text="Ona"))


class Shelter:
    """A log, its handler, and policies over them."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self.store: EventStore = open_store(folder / "log")
        self.engine: Engine = read_model_engine(url or folder / "read.db")
        self.handler = CommandHandler(self.store, Registry([shelter]), AesGcmVault.in_memory())
        self.sent: list[UUID] = []
        self.failures: list[Exception] = []
        self.out_of_reach_for: set[str] = set()

    def send(self, command: Command, origin: Origin, command_id: UUID) -> Receipt:
        """The bus of this test: what is in `failures` happens first."""
        if origin.actor in self.out_of_reach_for:
            raise Unavailable("away")
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(command_id)
        return self.handler.handle(command, origin, command_id=command_id)

    def do(self, command: Command, *, synthetic: bool = False) -> Receipt:
        """A worker's own command."""
        origin = Origin("w-1", frozenset({Role.CASEWORKER}), synthetic=synthetic)
        return self.handler.handle(command, origin, command_id=uuid4())

    def stay_that_ended(self, number: int = 1) -> str:
        """A whole stay; its id."""
        stay = str(uuid5(NAMES, str(number)))
        self.do(BeginStay(stay=stay, person=f"p-{number}", room="r1"))
        self.do(EndStay(stay=stay))
        return stay

    def runner(self, *policies: Policy) -> PolicyRunner:
        """A runner that starts where the books are, as after a restart."""
        return PolicyRunner(self.store, self.engine, policies, self.send)

    def log(self) -> list[tuple[str, str]]:
        """What is in the log: streams and types."""
        return [(event.stream, event.type) for event in self.store.read_all()]

    def wait_for_stream(self, stream: str, after: int | None = None) -> RecordedEvent:
        """Its first event after a revision, once it is there."""
        subscription = self.store.subscribe(stream=stream, after=after)
        try:
            return next(event for event in subscription if isinstance(event, RecordedEvent))
        finally:
            subscription.close()

    def forget_checkpoints(self) -> None:
        """As if the books had been lost, but for what is parked."""
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE policies SET position = 0"))


@pytest.fixture(params=["sqlite", "postgres"])
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shelter]:
    """A house with an empty log, its books in either database."""
    url = own_url(request.getfixturevalue("database")) if request.param == "postgres" else None
    house = Shelter(tmp_path, url)
    yield house
    house.store.close()
    house.engine.dispose()


def test_an_event_leads_to_a_command_that_says_where_it_comes_from(house: Shelter) -> None:
    stay = house.stay_that_ended()
    house.runner(RoomIsCleaned()).catch_up()

    cause = list(house.store.read_stream(f"stay-{stay}"))[-1]
    effect = Recorded(None, next(house.store.read_stream(f"stay-cleaning-{stay}")))  # type: ignore[type-var]
    assert effect.metadata.actor == "policy:room_is_cleaned"
    assert effect.metadata.roles == (Role.POLICY,)
    assert effect.metadata.causation_id == cause.id
    assert effect.metadata.correlation_id == Recorded(None, cause).metadata.correlation_id  # type: ignore[type-var]
    assert not effect.metadata.synthetic


def test_what_follows_from_an_invented_event_is_marked_as_invented(house: Shelter) -> None:
    house.do(BeginStay(stay="s", person="p", room="r"), synthetic=True)
    house.do(EndStay(stay="s"), synthetic=True)
    house.runner(RoomIsCleaned()).catch_up()
    effect = next(house.store.read_stream("stay-cleaning-s"))
    assert Recorded(None, effect).metadata.synthetic  # type: ignore[type-var]


def test_everything_delivered_again_changes_nothing(house: Shelter) -> None:
    for number in range(5):
        house.stay_that_ended(number)
    house.runner(RoomIsCleaned(), EndsTwice()).catch_up()
    before, parked = house.log(), [status.parked for status in house.runner(RoomIsCleaned(), EndsTwice()).status()]
    first = list(house.sent)

    house.forget_checkpoints()
    runner = house.runner(RoomIsCleaned(), EndsTwice())
    runner.catch_up()

    assert house.log() == before
    assert house.sent == first * 2
    assert [status.parked for status in runner.status()] == parked


def test_a_refused_command_is_parked_where_a_person_sees_it_and_the_rest_goes_on(house: Shelter) -> None:
    stay = house.stay_that_ended()
    house.stay_that_ended(2)
    runner = house.runner(EndsTwice(), RoomIsCleaned())
    runner.catch_up()
    refused, cleaned = runner.status()
    assert [(one.command, one.error, one.rule) for one in refused.parked] == [
        ("shelter.EndStay", "rule", "ends-once"),
        ("shelter.EndStay", "rule", "ends-once"),
    ]
    assert refused.parked[0].event_id == str(list(house.store.read_stream(f"stay-{stay}"))[-1].id)
    assert refused.lag == cleaned.lag == 0
    assert cleaned.parked == ()


def test_a_parked_command_stays_parked_while_it_is_refused(house: Shelter) -> None:
    house.stay_that_ended()
    runner = house.runner(EndsTwice())
    runner.catch_up()
    (status,) = runner.status()
    with pytest.raises(DomainError, match="ends once"):
        runner.retry_parked(status.parked[0].id)
    assert runner.status() == [status]


def test_a_parked_command_leaves_the_books_once_it_succeeds(house: Shelter) -> None:
    stay = house.stay_that_ended()
    house.failures = [DomainError("not now", rule="not-now")]
    runner = house.runner(RoomIsCleaned())
    runner.catch_up()
    ((parked,),) = [status.parked for status in runner.status()]

    receipt = runner.retry_parked(parked.id)

    assert receipt is not None
    assert receipt.stream == f"stay-cleaning-{stay}"
    assert house.sent == [UUID(parked.id)]
    assert runner.status()[0].parked == ()
    with pytest.raises(NotFound):
        runner.retry_parked(parked.id)


def test_a_command_id_that_was_used_for_something_else_is_parked_not_tried_for_ever(house: Shelter) -> None:
    house.stay_that_ended()
    house.failures = [CommandIdReused("used")]
    runner = house.runner(RoomIsCleaned())
    runner.catch_up()
    assert [one.error for one in runner.status()[0].parked] == ["command-id-reused"]


def test_a_policy_that_fails_is_parked_by_the_class_of_its_error_alone_and_sends_nothing(house: Shelter) -> None:
    house.do(BeginStay(stay="s", person="p", room="r"))
    house.do(WriteNote(stay="s", person="p", text="Ona"))
    policy = Breaks()
    runner = house.runner(policy)
    runner.catch_up()
    ((parked,),) = [status.parked for status in runner.status()]
    assert (parked.command, parked.error, parked.rule) == (None, "RuntimeError", None)
    assert house.sent == []

    policy.broken = False
    assert runner.retry_parked(parked.id) is None

    assert house.log()[-1] == ("stay-s", "shelter.StayEnded")
    assert runner.status()[0].parked == ()


def test_what_is_out_of_reach_is_tried_again_and_never_skipped(house: Shelter) -> None:
    stay = house.stay_that_ended()
    house.failures = [Unavailable("away"), Conflict("busy"), Unavailable("away")]
    stop = threading.Event()
    runner = house.runner(RoomIsCleaned())
    thread = threading.Thread(target=runner.run, args=(stop,))
    thread.start()
    house.wait_for_stream(f"stay-cleaning-{stay}")
    stop.set()
    thread.join()
    assert house.failures == []
    assert runner.status()[0].parked == ()


def test_a_policy_that_has_to_wait_holds_up_no_other_and_says_so(house: Shelter) -> None:
    house.stay_that_ended()
    house.out_of_reach_for = {"policy:ends_twice"}
    runner = house.runner(EndsTwice(), RoomIsCleaned())
    runner.catch_up()
    waiting, other = runner.status()
    assert (waiting.waiting, waiting.position) == ("unavailable", 1)
    assert (other.waiting, other.lag) == (None, 0)


def test_a_deadline_with_personal_data_is_refused_and_nothing_of_it_is_kept(house: Shelter) -> None:
    house.do(BeginStay(stay="s", person="p", room="r"))
    runner = house.runner(PutsNotesOff())
    runner.catch_up()
    (status,) = runner.status()
    assert [one.error for one in status.parked] == ["invalid"]
    assert status.deadlines == 0


def test_a_running_policy_reacts_to_what_happens(house: Shelter) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=house.runner(RoomIsCleaned()).run, args=(stop,))
    thread.start()
    stay = house.stay_that_ended()
    first = house.wait_for_stream(f"stay-cleaning-{stay}")
    stop.set()
    thread.join()
    assert first.type == "shelter.StayBegun"


def test_two_policies_of_one_name_are_refused(house: Shelter) -> None:
    with pytest.raises(ValueError, match="room_is_cleaned"):
        house.runner(RoomIsCleaned(), RoomIsCleaned())

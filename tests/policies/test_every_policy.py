"""Every policy of cases and rehabilitation, over a log in which all that they react to has happened.

The events are the examples of their schemas, all of the same few records, so that most of what follows is carried out
and some is refused. Either way it is in effect once, and what was refused is there to be seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services import cases, rehabilitation
from shared.messages import Command, Event, Origin, Receipt
from shared.policies import Policy
from shared.privacy.personal import personal_fields
from shared.projections.engine import read_model_engine
from shared.reacting.runner import PolicyRunner
from tests.assembled import Assembled
from tests.golden.record import _sample

CONTEXTS = (cases.context, rehabilitation.context)
POLICIES: tuple[Policy, ...] = tuple(policy for context in CONTEXTS for policy in context.policies)
OTHERWISE: dict[str, Any] = {
    "second": "2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d",
    "year": 2008,
    "relieves_year": 2008,
    "month": 10,
    "days": 7,
}
"""Where the example of a field alone would make no sense beside the others."""


def example(kind: type[Event]) -> Event:
    """An event as its schema has it, with words where a stored one would be sealed."""
    schema = kind.model_json_schema(mode="validation")
    defs, fields = schema.get("$defs", {}), schema["properties"]
    in_words = {
        name: _sample({"anyOf": [one for one in fields[name]["anyOf"] if "Sealed" not in one.get("$ref", "")]}, defs)
        for name in personal_fields(kind)
    }
    otherwise = {name: value for name, value in OTHERWISE.items() if name in fields}
    return kind.model_validate(_sample(schema, defs) | in_words | otherwise)


class Sending:
    """Sends what policies want done, and remembers each command's id, and those that were not carried out."""

    def __init__(self, world: Assembled) -> None:
        self._world = world
        self.sent: set[str] = set()
        self.failed: set[str] = set()

    def __call__(self, command: Command, origin: Origin, command_id: UUID) -> Receipt:
        self.sent.add(str(command_id))
        try:
            return self._world.bus.send(command, origin, command_id=command_id)
        except Exception:
            self.failed.add(str(command_id))
            raise


class World(Assembled):
    """Everything has happened once, and the policies have reacted to it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, CONTEXTS)
        for context in CONTEXTS:
            for decider in context.deciders:
                for kind in decider.event_types():
                    event = example(kind)
                    self.record(f"{decider.category}-{getattr(event, decider.key, 'all')}", event)
        self.sending = Sending(self)
        self.policies = self.runner(folder / "books.db", self.sending)
        self.settle()

    def runner(self, books: Path, sending: Sending) -> PolicyRunner:
        """Policies with books of their own."""
        return PolicyRunner(self.store, read_model_engine(books), POLICIES, sending, clock=lambda: self.now)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    opened = World(tmp_path)
    yield opened
    opened.close()


def parked(runner: PolicyRunner) -> set[str]:
    return {one.id for status in runner.status() for one in status.parked}


def standing(runner: PolicyRunner) -> dict[str, Any]:
    """What is kept of each policy, but for how far it has read."""
    return {one.name: (one.deadlines, sorted(parked.id for parked in one.parked)) for one in runner.status()}


def test_all_that_a_policy_reacts_to_has_happened_and_each_reaction_is_carried_out_or_there_to_be_seen(
    world: World,
) -> None:
    handled = {type_name for policy in POLICIES for type_name in policy.handlers()}
    assert handled <= {event.type for event in world.store.read_all()}
    assert world.sending.failed == parked(world.policies)
    assert len(world.sending.sent) > 3 * len(world.sending.failed) > 0
    assert not any(one.waiting or one.lag for one in world.policies.status())


def test_all_of_it_delivered_again_after_the_books_were_lost_changes_nothing(world: World, tmp_path: Path) -> None:
    head, sending = world.store.head(), Sending(world)
    again = world.runner(tmp_path / "other-books.db", sending)
    again.catch_up()
    assert world.store.head() == head
    assert sending.sent == world.sending.sent
    assert standing(again) == standing(world.policies)


def test_what_is_due_is_done_once_by_two_who_know_of_it(world: World, tmp_path: Path) -> None:
    again = world.runner(tmp_path / "other-books.db", Sending(world))
    again.catch_up()
    world.now += timedelta(days=400)
    assert world.policies.fire_due(world.now) > 0
    world.settle()
    head = world.store.head()
    again.catch_up()
    again.fire_due(world.now)
    assert world.store.head() == head
    assert parked(again) == parked(world.policies)

"""Placement: every bed of a centre, who is in it, and who must not be together, decided by one stream.

Each part has a file with its commands, its events, and what follows from them; `rules` says who may sleep where.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from services.rehabilitation.placement import carrying, house, people, stays, tasks
from services.rehabilitation.placement.record import Placement
from shared.decider import Decider

PlacementCommands = house.Commands | stays.Commands | people.Commands | tasks.Commands | carrying.Commands
PlacementEvents = house.Events | stays.Events | people.Events | tasks.Events | carrying.Events


def decide(command: PlacementCommands, state: Placement) -> Sequence[PlacementEvents]:
    """What follows from a command, and which tasks to find a bed begin or end with it."""
    if isinstance(command, tasks.Commands):
        return tasks.decide(command, state)
    if isinstance(command, people.Commands):
        return _facts_of_people(command, state)
    events = _decided(command, state)
    comings = [event for event in events if isinstance(event, stays.CheckedIn | stays.Moved | stays.CheckedOut)]
    if not comings:
        return events
    moved = frozenset(event.person for event in comings if not isinstance(event, stays.CheckedIn))
    named = [event.person for event in comings]
    return [*events, *tasks.settled_by(_after(state, events), command, named, moved)]


def _facts_of_people(command: people.Commands, state: Placement) -> Sequence[PlacementEvents]:
    facts = people.decide(command, state)
    if not facts:
        return []
    state = _after(state, facts)
    concerned = sorted(people.concerned(facts, state))
    asked = list(tasks.asked_for(state, concerned, command))
    return [*facts, *asked, *tasks.settled_by(_after(state, asked), command, concerned)]


def _decided(
    command: house.Commands | stays.Commands | carrying.Commands, state: Placement
) -> Sequence[house.Events | stays.Events | carrying.Events]:
    if isinstance(command, house.Commands):
        return house.decide(command, state)
    if isinstance(command, stays.Commands):
        return stays.decide(command, state)
    if isinstance(command, carrying.Commands):
        return carrying.decide(command, state)
    assert_never(command)


def _after(state: Placement, events: Sequence[PlacementEvents]) -> Placement:
    for event in events:
        state = evolve(state, event)
    return state


def evolve(state: Placement, event: PlacementEvents) -> Placement:
    """The beds after an event."""
    if isinstance(event, house.Events):
        return house.evolve(state, event)
    if isinstance(event, stays.Events):
        return stays.evolve(state, event)
    if isinstance(event, people.Events):
        return people.evolve(state, event)
    if isinstance(event, tasks.Events):
        return tasks.evolve(state, event)
    if isinstance(event, carrying.Events):
        return carrying.evolve(state, event)
    assert_never(event)


placement = Decider(
    category="placement",
    key="centre",
    initial=Placement(),
    decide=decide,
    evolve=evolve,
    commands=PlacementCommands,
    events=PlacementEvents,
)

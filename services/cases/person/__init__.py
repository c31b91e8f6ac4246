"""Person: who a case is about, a relative, a contact, a caller. Other aggregates hold the id; who it is, is here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from services.cases.person import age, appearance, checking, consent, contact, names, standing
from services.cases.person.record import Person
from shared.decider import Decider

PersonCommands = (
    names.Commands
    | age.Commands
    | appearance.Commands
    | contact.Commands
    | checking.Commands
    | consent.Commands
    | standing.Commands
)
PersonEvents = (
    names.Events | age.Events | appearance.Events | contact.Events | checking.Events | consent.Events | standing.Events
)


def decide(command: PersonCommands, state: Person) -> Sequence[PersonEvents]:
    """What follows from a command."""
    if isinstance(command, names.Commands):
        return names.decide(command, state)
    if isinstance(command, age.Commands):
        return age.decide(command, state)
    if isinstance(command, appearance.Commands):
        return appearance.decide(command, state)
    if isinstance(command, contact.Commands):
        return contact.decide(command, state)
    if isinstance(command, checking.Commands):
        return checking.decide(command, state)
    if isinstance(command, consent.Commands):
        return consent.decide(command, state)
    if isinstance(command, standing.Commands):
        return standing.decide(command, state)
    assert_never(command)


def evolve(state: Person, event: PersonEvents) -> Person:
    """What is kept of a person after an event."""
    if isinstance(event, names.Events):
        return names.evolve(state, event)
    if isinstance(event, age.Events):
        return age.evolve(state, event)
    if isinstance(event, appearance.Events):
        return appearance.evolve(state, event)
    if isinstance(event, contact.Events):
        return contact.evolve(state, event)
    if isinstance(event, checking.Events):
        return checking.evolve(state, event)
    if isinstance(event, consent.Events):
        return consent.evolve(state, event)
    if isinstance(event, standing.Events):
        return standing.evolve(state, event)
    assert_never(event)


person = Decider(
    category="person",
    key="person",
    initial=Person(),
    decide=decide,
    evolve=evolve,
    commands=PersonCommands,
    events=PersonEvents,
)

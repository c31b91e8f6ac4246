"""What a court declares a person to be, and their return. Each is a state of its own, not a kind of death or absence.

Articles 2.28 to 2.32 of the Civil Code of Lithuania: missing after a year without news, dead after three years (six
months where life was in danger); a decision is set aside when the person reappears.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, assert_never

from pydantic import Field

from services.cases.person.record import Person, PersonCommand, PersonEvent, Standing
from services.cases.vocabulary import CASE_TEAM, Text
from shared.dates import Occurred, must_have_happened
from shared.decider import must_exist
from shared.errors import DomainError
from shared.messages import Role
from shared.privacy.personal import About, Hidden, Retention

Decision = Annotated[
    Text,
    About("person", Retention.LEGAL),
    Field(description="The court and its decision", examples=["Vilnius city district court, 2-0000-0000/2008"]),
]
HiddenDecision = Annotated[str | Hidden, About("person", Retention.LEGAL)]
ROLES = (*CASE_TEAM, Role.LAWYER)


class DeclareMissing(PersonCommand, route="POST /persons/{person}/declared-missing", roles=ROLES):
    """Record that a court declared a person missing."""

    decision: Decision
    occurred: Occurred


class DeclareDead(PersonCommand, route="POST /persons/{person}/declared-dead", roles=ROLES):
    """Record that a court declared a person dead."""

    decision: Decision
    occurred: Occurred


class RecordReappearance(PersonCommand, route="POST /persons/{person}/reappearance", roles=ROLES):
    """Record that a person whom a court had declared missing or dead has come back."""

    occurred: Occurred


class DeclaredMissing(PersonEvent):
    """A court declared somebody missing."""

    decision: HiddenDecision
    occurred: Occurred


class DeclaredDead(PersonEvent):
    """A court declared somebody dead."""

    decision: HiddenDecision
    occurred: Occurred


class Reappeared(PersonEvent):
    """Somebody who had been declared missing or dead came back."""

    occurred: Occurred


Commands = DeclareMissing | DeclareDead | RecordReappearance
Events = DeclaredMissing | DeclaredDead | Reappeared


def decide(command: Commands, state: Person) -> Sequence[Events]:
    """What follows from a command."""
    must_exist(state.registered, "person")
    must_have_happened(command.occurred, command.now)
    match command:
        case DeclareMissing(person=person, decision=decision, occurred=occurred):
            if state.standing is Standing.DECLARED_MISSING:
                return []
            if state.standing is Standing.DECLARED_DEAD:
                raise DomainError(
                    "Who is declared dead is not declared missing after that: record that they reappeared first.",
                    rule="dead-before-missing",
                )
            return [DeclaredMissing(person=person, decision=decision, occurred=occurred)]
        case DeclareDead(person=person, decision=decision, occurred=occurred):
            # A court may declare somebody dead without having declared them missing before.
            if state.standing is Standing.DECLARED_DEAD:
                return []
            return [DeclaredDead(person=person, decision=decision, occurred=occurred)]
        case RecordReappearance(person=person, occurred=occurred):
            if state.standing is Standing.REAPPEARED:
                return []
            if state.standing is Standing.UNDECLARED:
                raise DomainError(
                    "Only who was declared missing or dead reappears, and no court declared this person so: "
                    "close the case with its outcome.",
                    rule="nothing-to-reappear-from",
                )
            return [Reappeared(person=person, occurred=occurred)]
        case _:
            assert_never(command)


def evolve(state: Person, event: Events) -> Person:
    """What is kept of a person after an event."""
    match event:
        case DeclaredMissing():
            return replace(state, standing=Standing.DECLARED_MISSING)
        case DeclaredDead():
            return replace(state, standing=Standing.DECLARED_DEAD)
        case Reappeared():
            return replace(state, standing=Standing.REAPPEARED)
        case _:
            assert_never(event)

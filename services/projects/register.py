"""The register of a year: gives each project that started in it a number of its own, in order, never twice.

A start never waits for its number: the project starts, and a policy asks the register. Numbers belong to this stream
alone, so no rule needs two streams at once, and two projects that start at the same moment cannot get the same one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import assert_never

from shared.decider import Decider
from shared.messages import Command, Event, Id


class RegisterCommand(Command, context="projects"):
    """To the register of one year."""

    year: int
    project: Id


class RegisterEvent(Event, context="projects"):
    """Of the register of one year."""

    year: int
    project: Id
    number: int


class NumberProject(RegisterCommand):
    """Asked when a project has started: give it the year's next number."""


class WithdrawNumber(RegisterCommand):
    """Asked when a project turns out to have started in another year."""


class ProjectNumbered(RegisterEvent):
    """A project has its number within the year."""


class NumberWithdrawn(RegisterEvent):
    """A project does not belong to this year. Its number is not given again."""


RegisterCommands = NumberProject | WithdrawNumber
RegisterEvents = ProjectNumbered | NumberWithdrawn


@dataclass(frozen=True, slots=True)
class Register:
    """The numbers of a year."""

    numbers: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    last: int = 0


def decide(command: RegisterCommands, register: Register) -> Sequence[RegisterEvents]:
    """The rules of a register."""
    number = register.numbers.get(command.project)
    match command:
        case NumberProject(year=year, project=project):
            return [] if number else [ProjectNumbered(year=year, project=project, number=register.last + 1)]
        case WithdrawNumber(year=year, project=project):
            return [NumberWithdrawn(year=year, project=project, number=number)] if number else []
        case _:
            assert_never(command)


def evolve(register: Register, event: RegisterEvents) -> Register:
    """A register after `event`."""
    match event:
        case ProjectNumbered(project=project, number=number):
            return Register(MappingProxyType({**register.numbers, project: number}), number)
        case NumberWithdrawn(project=project):
            rest = {key: number for key, number in register.numbers.items() if key != project}
            return Register(MappingProxyType(rest), register.last)
        case _:
            assert_never(event)


register = Decider("project-register", "year", Register(), decide, evolve, RegisterCommands, RegisterEvents)

"""A history is a sequence of steps: who sends which command. Ids follow from names: loading twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID, uuid5

from shared.messages import Command, Role

HISTORY = UUID("5b1f3a52-3d61-5f0e-9d0e-1c52f2f70525")
"""The namespace of all ids in histories. Fixed: whoever loads again must arrive at the same ids."""


class Step(NamedTuple):
    """One command, as if somebody in that role had sent it."""

    command: Command
    command_id: UUID
    actor: str
    role: Role
    synthetic: bool
    settle: bool  # policies must have caught up first: the step builds on what one of them did


@dataclass(slots=True)
class Story:
    """Makes the steps of one history. `name` keeps the ids of several histories apart."""

    name: str

    def id(self, *what: object) -> str:
        """The id of the thing called so in this history."""
        return str(uuid5(HISTORY, "/".join((self.name, *map(str, what)))))

    def step(self, command: Command, role: Role, *, by: str, from_source: bool = False, settle: bool = False) -> Step:
        """A step; `from_source` says that nothing in it is invented. Equal commands at equal places are the same."""
        key = uuid5(HISTORY, f"{self.name}/{command.wire_type()}/{command.content().decode()}")
        return Step(command, key, by, role, synthetic=not from_source, settle=settle)


Steps = Iterator[Step]

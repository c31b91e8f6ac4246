"""The bus: how an edge reaches the services. Direct calls in one process, RPC between several."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from shared.errors import Forbidden
from shared.handling import Then
from shared.measures import ended, measured
from shared.messages import Command, Origin, Query, Receipt, Role
from shared.tracing import is_tracing, span


class Answered(NamedTuple):
    """A query's answer, and the position of the log that it reflects."""

    answer: Any
    position: int


class Bus(Protocol):
    """Carries commands and queries to whoever handles them. Errors come back as themselves."""

    def send(self, command: Command, origin: Origin, *, command_id: UUID, expected: int | None = None) -> Receipt:
        """Have `command` carried out. Raises what `CommandHandler.handle` raises, and `Forbidden`."""
        ...

    def begin(
        self, command: Command, origin: Origin, then: Then, *, command_id: UUID, expected: int | None = None
    ) -> bool:
        """As `send`, without waiting. See `CommandHandler.begin`. Raises `Forbidden`."""
        ...

    def ask(self, query: Query[Any], origin: Origin, *, wait_for: int = 0) -> Answered:
        """Have `query` answered by a read model that reflects at least position `wait_for`.

        Raises `Forbidden`, `NotFound`, and `Unavailable` if the read model does not get there in time.
        """
        ...


class Handles(Protocol):
    """Carries out commands, whoever sends them: a `CommandHandler`, or what stands before it."""

    def handle(self, command: Command, origin: Origin, *, command_id: UUID, expected: int | None = None) -> Receipt:
        """See `CommandHandler.handle`."""
        ...

    def begin(
        self, command: Command, origin: Origin, then: Then, *, command_id: UUID, expected: int | None = None
    ) -> bool:
        """See `CommandHandler.begin`."""
        ...


class DirectBus:
    """The embedded topology: handlers in this process. Checks the roles that the message declares: deny by default."""

    def __init__(self, commands: Handles, answer: Callable[[Query[Any], Origin, int], Answered]) -> None:
        self._commands = commands
        self._answer = answer

    def send(self, command: Command, origin: Origin, *, command_id: UUID, expected: int | None = None) -> Receipt:
        """See `Bus.send`."""
        name = command.wire_type()
        with measured(name), span(name, correlation_id=str(origin.correlation_id)):
            permit(command, origin)
            return self._commands.handle(command, origin, command_id=command_id, expected=expected)

    def begin(
        self, command: Command, origin: Origin, then: Then, *, command_id: UUID, expected: int | None = None
    ) -> bool:
        """See `Bus.begin`. A command that is traced is sent: its steps are shown one within the other."""
        permit(command, origin)
        if is_tracing():
            return False
        told = partial(_told, then, command.wire_type(), time.perf_counter())
        return self._commands.begin(command, origin, told, command_id=command_id, expected=expected)

    def ask(self, query: Query[Any], origin: Origin, *, wait_for: int = 0) -> Answered:
        """See `Bus.ask`."""
        with span(query.wire_type(), correlation_id=str(origin.correlation_id)):
            permit(query, origin)
            return self._answer(query, origin, wait_for)


def _told(then: Then, command: str, began: float, answer: Receipt | BaseException | None) -> None:
    if answer is not None:  # else it is sent, and measured there
        ended(command, began, answer if isinstance(answer, BaseException) else None)
    then(answer)


def permit(message: Command | Query[Any], origin: Origin) -> None:
    """Raises `Forbidden` unless one of the asker's roles may send `message`. Policies may send any command."""
    permit_kind(type(message), origin)


def permit_kind(kind: type[Command] | type[Query[Any]], origin: Origin) -> None:
    """The same, before there is a message: an edge asks it before it looks at what was sent."""
    if kind.roles & origin.roles or (issubclass(kind, Command) and Role.POLICY in origin.roles):
        return
    allowed = ", ".join(sorted(kind.roles)) or "nobody"
    raise Forbidden(f"{kind.__name__} is for: {allowed}.", allowed=sorted(kind.roles))

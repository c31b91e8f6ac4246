"""What is kept of policies: how far each has read the log, the deadlines it has set, and what could not be carried out.

All of it follows from the log. Lost, it is made again from there; commands that were sent before are then sent
again under the same ids, and change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    select,
    update,
)

from shared.codec import Recorded
from shared.errors import ForgetMeNotError, Invalid
from shared.messages import Command
from shared.policies import Deadline
from shared.privacy.personal import personal_fields

_metadata = MetaData()

_policies = Table(
    "policies",
    _metadata,
    Column("name", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("waiting", String),  # the error that it waits out before it goes on
)

_deadlines = Table(
    "deadlines",
    _metadata,
    Column("policy", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("due_us", BigInteger, nullable=False),  # microseconds since 1970 UTC
    Column("command", String, nullable=False),
    Column("content", String, nullable=False),  # JSON, with nothing personal in it
    Column("event_id", String, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("correlation_id", String, nullable=False),
    Index("deadlines_by_due", "due_us"),
)

_parked = Table(
    "parked_reactions",
    _metadata,
    Column("id", String, primary_key=True),  # the command's id, so that a repeat is parked once
    Column("policy", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("command", String),  # None: the policy itself failed
    Column("error", String, nullable=False),
    Column("rule", String),
    Column("due_us", BigInteger),  # these three for a deadline
    Column("content", String),
    Column("correlation_id", String),
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PersonalDeadline(Invalid):
    """A deadline's command would hold personal data, which nothing could forget in the table of deadlines."""


class SetDeadline(NamedTuple):
    """A deadline as it is kept."""

    policy: str
    key: str
    due_us: int
    command: str
    content: str
    event_id: str
    position: int
    correlation_id: str

    @property
    def command_id(self) -> UUID:
        """The id of its command, however often it is sent."""
        return uuid5(UUID(self.event_id), f"{self.policy}/deadline/{self.key}")

    @property
    def due(self) -> datetime:
        """When it is due."""
        return EPOCH + timedelta(microseconds=self.due_us)

    def parked(self, error: Exception) -> Parked:
        """It as a reaction that was refused."""
        code, rule = refusal(error)
        return Parked(
            str(self.command_id), self.policy, self.event_id, self.position, self.command, code, rule,
            self.due_us, self.content, self.correlation_id,
        )  # fmt: skip


class Parked(NamedTuple):
    """A reaction that was refused, for a person to look at. Holds codes and ids only."""

    id: str
    policy: str
    event_id: str
    position: int
    command: str | None
    error: str
    rule: str | None = None
    due_us: int | None = None
    content: str | None = None
    correlation_id: str | None = None


@dataclass(slots=True)
class Effects:
    """What events did to the books, to be written with the position. A key without a deadline is cancelled."""

    deadlines: dict[str, SetDeadline | None] = field(default_factory=dict)
    parked: dict[str, Parked] = field(default_factory=dict)

    def absorb(self, later: Effects) -> None:
        """Add what came after."""
        self.deadlines |= later.deadlines
        self.parked |= later.parked


def set_by(policy: str, deadline: Deadline, e: Recorded[Any]) -> SetDeadline:
    """`deadline` as it is kept. Raises `PersonalDeadline`, and `Invalid` for a time without its zone."""
    if personal_fields(type(deadline.command)):
        raise PersonalDeadline(f"{deadline.command.wire_type()} has personal fields: send an id, and let it look.")
    if deadline.due.tzinfo is None:
        raise Invalid("A deadline needs the zone of its time.")
    due_us = (deadline.due - EPOCH) // timedelta(microseconds=1)
    command = deadline.command
    content = command.content().decode()
    correlation_id = str(e.metadata.correlation_id)
    return SetDeadline(
        policy, deadline.key, due_us, command.wire_type(), content, str(e.id), e.position, correlation_id
    )


def refusal(error: Exception) -> tuple[str, str | None]:
    """The code and the rule of an error, for the books. An error that is not ours is named by its class alone."""
    if isinstance(error, ForgetMeNotError):
        return error.code, error.facts.get("rule")
    return type(error).__name__, None


def create_books(connection: Connection, policies: Iterable[str]) -> None:
    """Make the tables unless they are there, and a line for each policy that is new: it starts with the first event."""
    _metadata.create_all(connection)
    known = positions(connection)
    for name in policies:
        if name not in known:
            connection.execute(_policies.insert().values(name=name, position=0))


def positions(connection: Connection) -> dict[str, int]:
    """How far each policy has read the log."""
    return {name: position for name, position, _ in standings(connection)}


def standings(connection: Connection) -> list[tuple[str, int, str | None]]:
    """Name, position, and what it waits for, of each policy."""
    return [(name, position, waiting) for name, position, waiting in connection.execute(select(_policies))]


class Move(NamedTuple):
    """A policy has read on: from where, to where, and what came of it."""

    name: str
    was: int
    reached: int
    effects: Effects


_MOVE = (
    update(_policies)
    .where(_policies.c.name == bindparam("policy"), _policies.c.position == bindparam("was"))
    .values(position=bindparam("reached"), waiting=None)
)


def move(connection: Connection, moves: Sequence[Move]) -> list[bool]:
    """Write effects and positions together. False, and nothing written, of a policy that somebody else has moved."""
    rows = [{"policy": one.name, "was": one.was, "reached": one.reached} for one in moves]
    together = connection.begin_nested()
    if connection.execute(_MOVE, rows).rowcount == len(rows):
        together.commit()
        moved = [True] * len(rows)
    else:  # one of them at least: find out which
        together.rollback()
        moved = [bool(connection.execute(_MOVE, row).rowcount) for row in rows]
    for one, is_moved in zip(moves, moved, strict=True):
        if is_moved:
            write(connection, one.name, one.effects)
    return moved


def write(connection: Connection, name: str, effects: Effects) -> None:
    """Set and cancel deadlines, and park what was refused."""
    if effects.deadlines:
        this = (_deadlines.c.policy == name, _deadlines.c.key == bindparam("named"))
        connection.execute(delete(_deadlines).where(*this), [{"named": key} for key in effects.deadlines])
    if rows := [one._asdict() for one in effects.deadlines.values() if one]:
        connection.execute(_deadlines.insert(), rows)
    for parked in effects.parked.values():
        park(connection, parked)


def note_waiting(connection: Connection, name: str, error: str) -> None:
    """Say that a policy waits, and why."""
    connection.execute(update(_policies).where(_policies.c.name == name).values(waiting=error))


def due(connection: Connection, policies: Iterable[str], now: datetime) -> list[SetDeadline]:
    """The deadlines of these policies that are due, the oldest first."""
    now_us = (now - EPOCH) // timedelta(microseconds=1)
    query = (
        select(_deadlines)
        .where(_deadlines.c.policy.in_(list(policies)), _deadlines.c.due_us <= now_us)
        .order_by(_deadlines.c.due_us, _deadlines.c.policy, _deadlines.c.key)
    )
    return [SetDeadline(*row) for row in connection.execute(query)]


def next_due(connection: Connection, policies: Iterable[str]) -> datetime | None:
    """When the next deadline of these policies is due."""
    query = select(func.min(_deadlines.c.due_us)).where(_deadlines.c.policy.in_(list(policies)))
    found = connection.execute(query).scalar()
    return None if found is None else EPOCH + timedelta(microseconds=found)


def deadline_counts(connection: Connection) -> Mapping[str, int]:
    """How many deadlines each policy has set."""
    query = select(_deadlines.c.policy, func.count()).group_by(_deadlines.c.policy)
    return {row[0]: row[1] for row in connection.execute(query)}


def settle(connection: Connection, deadline: SetDeadline) -> None:
    """A deadline has been sent, or parked. One that was set anew meanwhile stays."""
    connection.execute(
        delete(_deadlines).where(
            _deadlines.c.policy == deadline.policy,
            _deadlines.c.key == deadline.key,
            _deadlines.c.event_id == deadline.event_id,
        )
    )


def park(connection: Connection, parked: Parked) -> None:
    """Keep a refused reaction for a person to see; the latest refusal counts."""
    unpark(connection, parked.id)
    connection.execute(_parked.insert().values(**parked._asdict()))


def unpark(connection: Connection, id: str) -> None:
    """It has been carried out."""
    connection.execute(delete(_parked).where(_parked.c.id == id))


def all_parked(connection: Connection, policies: Iterable[str]) -> list[Parked]:
    """What is parked of these policies, in the order of the log."""
    query = select(_parked).where(_parked.c.policy.in_(list(policies))).order_by(_parked.c.position, _parked.c.id)
    return [Parked(*row) for row in connection.execute(query)]


def deadline_of(parked: Parked) -> SetDeadline | None:
    """The deadline that was parked; None if it was no deadline."""
    if parked.content is None:
        return None
    assert parked.command is not None and parked.due_us is not None and parked.correlation_id is not None  # noqa: S101
    return SetDeadline(
        parked.policy,
        "",
        parked.due_us,
        parked.command,
        parked.content,
        parked.event_id,
        parked.position,
        parked.correlation_id,
    )


def command_of(deadline: SetDeadline) -> Command:
    """The command to send. Raises `Invalid` if this program does not know it, or no longer in this form."""
    for cls in _all_commands(Command):
        if cls.wire_type() == deadline.command:
            try:
                return cls.model_validate_json(deadline.content)
            except ValueError:
                raise Invalid(f"{deadline.command} no longer has the form that the deadline was set with.") from None
    raise Invalid(f"This program does not know the command {deadline.command}.")


def _all_commands(cls: type[Command]) -> Iterable[type[Command]]:
    for below in cls.__subclasses__():
        yield below
        yield from _all_commands(below)

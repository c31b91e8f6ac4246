"""Runs policies over the log.

Each policy has a checkpoint of its own, which moves after the effects. An event that comes again yields commands with
the same ids, so they take effect once. What a rule refuses, and whatever else cannot succeed by itself, is
parked for a person; what may succeed later (`Unavailable`, `Conflict`) is tried again with growing pauses, while
the other policies go on. A deadline fires once its policy has read the log to the end, so that one that was cancelled
meanwhile does not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import Engine

from shared.errors import Conflict, NewerEvent, NotFound, Unavailable
from shared.eventstore.port import CaughtUp, EventStore, Filter, RecordedEvent
from shared.feed import Batch, Feed
from shared.measures import RETRIES, turned, turning
from shared.messages import Command, Origin, Receipt
from shared.policies import Policy, policy_command_id
from shared.projections.engine import is_circumstance, writing
from shared.reacting import books
from shared.reacting.books import Effects, Parked, SetDeadline, refusal
from shared.reacting.reactions import (
    Handlers,
    commands,
    deadlines,
    origin_of,
    origin_of_deadline,
    passes,
    reactions,
)
from shared.tracing import Kind, continued, span, traceparent_in

LOOK_UP_SECONDS = 0.5  # the longest sleep, so that `stop` and a jump of the clock are noticed
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 30.0
LOOP = "policies"

Send = Callable[[Command, Origin, UUID], Receipt]

log = structlog.get_logger()


class PolicyStatus(NamedTuple):
    """How one policy stands."""

    name: str
    position: int
    head: int
    lag: int
    deadlines: int
    waiting: str | None  # the code of the error that it waits out
    parked: tuple[Parked, ...]


class _Running:
    """A policy at work. One that is `blocked` gets no more events until it is read from its position again."""

    def __init__(self, policy: Policy) -> None:
        self.name = policy.name
        self.handlers: Handlers = policy.handlers()
        self.position = 0
        self.effects = Effects()
        self.blocked = False
        self.blocked_until = 0.0  # on the monotonic clock
        self.pause = FIRST_PAUSE

    def block(self) -> None:
        """Wait a little, and longer each time in a row."""
        self.blocked = True
        self.blocked_until = time.monotonic() + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)

    def may_go_on(self) -> bool:
        """Whether it was blocked for long enough."""
        return self.blocked and time.monotonic() >= self.blocked_until


class PolicyRunner:
    """Lets `policies` react to the events of `store`, through `send`. Run by one thread; any may ask for its status."""

    def __init__(
        self,
        store: EventStore,
        engine: Engine,
        policies: Iterable[Policy],
        send: Send,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._engine = engine
        self._send = send
        self._clock = clock
        self._policies: dict[str, _Running] = {}
        for policy in policies:
            if policy.name in self._policies:
                raise ValueError(f"two policies are named {policy.name}")
            self._policies[policy.name] = _Running(policy)
        self._takers: dict[str, list[_Running]] = {}
        for one in self._policies.values():
            for type_name in one.handlers:
                self._takers.setdefault(type_name, []).append(one)
        self._filter = Filter(types=tuple(sorted(self._takers)))
        with writing(engine) as connection:
            books.create_books(connection, self._policies)

    def run(self, stop: threading.Event) -> None:
        """React until `stop` is set."""
        pause = FIRST_PAUSE
        with turning(LOOP):
            while not stop.is_set():
                try:
                    self._follow(stop)
                    pause = FIRST_PAUSE
                except Exception as error:
                    if not isinstance(error, Unavailable) and not is_circumstance(error):
                        raise
                    log.warning("policies wait for the log or their database", error=type(error).__name__)
                    RETRIES.labels("policy").inc()
                    turned(LOOP)
                    stop.wait(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)

    def catch_up(self) -> int:
        """React to all that is in the log, and to what follows from it; tells how far the hindmost policy came."""
        while self._read_up_to(head := self._store.head()):
            pass
        return min((one.position for one in self._policies.values()), default=head)

    def fire_due(self, now: datetime, stop: threading.Event | None = None) -> int:
        """Send what is due, each once; tells how many were sent. Catches up first, so that no cancelled one fires."""
        head = self._store.head()
        self._read_up_to(head, stop)
        able = [one.name for one in self._policies.values() if one.position >= head and not one.blocked]
        with self._engine.connect() as connection:
            due = books.due(connection, able, now)
        return sum(self._fire(self._policies[deadline.policy], deadline, now) for deadline in due)

    def retry_parked(self, id: str) -> Receipt | None:
        """Try again what was parked under this id; it leaves the books if it succeeds. Raises what refuses it.

        The answer is None where the policy itself had failed: its reactions have now been carried out, or parked.
        """
        with self._engine.connect() as connection:
            parked = next((one for one in books.all_parked(connection, self._policies) if one.id == id), None)
        if parked is None:
            raise NotFound("Nothing is parked under this id.")
        receipt, effects = None, Effects()
        if deadline := books.deadline_of(parked):
            origin = origin_of_deadline(deadline, self._clock())
            receipt = self._send(books.command_of(deadline), origin, UUID(id))
        else:
            one = self._policies[parked.policy]
            raw = next(self._store.read_all(start=parked.position, limit=1))
            if parked.command is None:
                effects = self._react(one, raw)
            else:
                e, found = reactions(one.handlers, raw)
                sent = {str(command_id): command for command_id, command in commands(one.name, e, found)}
                if id not in sent:
                    raise Conflict(f"{one.name} no longer reacts to this event with {parked.command}.")
                receipt = self._send(sent[id], origin_of(one.name, e), UUID(id))
        with writing(self._engine) as connection:
            books.unpark(connection, id)
            books.write(connection, parked.policy, effects)
        return receipt

    def status(self) -> list[PolicyStatus]:
        """How each policy stands, with what is parked."""
        head = self._store.head()
        with self._engine.connect() as connection:
            standings = books.standings(connection)
            deadlines = books.deadline_counts(connection)
            parked = books.all_parked(connection, self._policies)
        return [
            PolicyStatus(
                name,
                position,
                head,
                max(0, head - position),
                deadlines.get(name, 0),
                waiting,
                tuple(one for one in parked if one.policy == name),
            )
            for name, position, waiting in standings
            if name in self._policies
        ]

    def _follow(self, stop: threading.Event) -> None:
        """Follow the log until `stop`, or until a policy that was blocked may go on."""
        active = self._load()
        after = min((one.position for one in active), default=self._store.head())
        with Feed(self._store.subscribe(after=after, filter=self._filter)) as feed:
            while not stop.is_set() and not any(one.may_go_on() for one in self._policies.values()):
                turned(LOOP)
                batch = feed.next(self._idle_seconds())
                if batch:
                    self._take(batch)
                if self._seconds_to_next_due() <= 0:
                    self.fire_due(self._clock(), stop)

    def _read_up_to(self, head: int, stop: threading.Event | None = None) -> bool:
        """React to the log up to `head`, but for policies that are blocked. False if there was nothing to read."""
        behind = [one for one in self._load() if one.position < head]
        if not behind:
            return False
        subscription = self._store.subscribe(after=min(one.position for one in behind), filter=self._filter)
        try:
            for batch in subscription.batches():
                if self._take(batch) or batch[-1][0] >= head or (stop and stop.is_set()):
                    break
        finally:
            subscription.close()
        return True

    def _load(self) -> list[_Running]:
        """Where the books have the policies; gives those that can go on from there."""
        with self._engine.connect() as connection:
            positions = books.positions(connection)
        for one in self._policies.values():
            one.position = positions[one.name]
            one.effects = Effects()
            if one.may_go_on():
                one.blocked = False
        return [one for one in self._policies.values() if not one.blocked]

    def _take(self, batch: Batch) -> bool:
        """React to a batch. Tells whether its end is the log's end for now."""
        for raw in batch:
            if type(raw) is not RecordedEvent:
                continue
            for one in self._takers.get(raw.type, ()):
                if one.position >= raw.position or one.blocked:
                    continue
                try:
                    effects = self._react(one, raw)
                except (Unavailable, Conflict) as error:
                    self._move([one], raw.position - 1)
                    self._block(one, error)
                else:
                    one.effects.absorb(effects)
        self._move([one for one in self._policies.values() if not one.blocked], batch[-1][0])
        return type(batch[-1]) is CaughtUp

    def _move(self, these: Sequence[_Running], reached: int) -> None:
        """Commit what these policies did up to `reached`, and their positions with it, all at once."""
        moving = [(one, one.effects) for one in these if one.position < reached]
        for one in these:
            one.effects = Effects()
        if not moving:
            return
        with writing(self._engine) as connection:
            moved = books.move(
                connection, [books.Move(one.name, one.position, reached, effects) for one, effects in moving]
            )
        for (one, _), is_moved in zip(moving, moved, strict=True):
            if is_moved:
                one.position = reached
                one.pause = FIRST_PAUSE
            else:
                one.block()  # another runner has moved it: find out to where

    def _react(self, one: _Running, raw: RecordedEvent) -> Effects:
        """Send the commands that follow from an event. Raises `Unavailable` or `Conflict` if it has to wait."""
        effects = Effects()
        turned(LOOP)
        try:
            e, found = reactions(one.handlers, raw)
            effects.deadlines = deadlines(one.name, e, found)
        except NewerEvent:
            raise  # it waits for the upgrade; what is parked would wait for a person
        except Exception as error:
            code, rule = refusal(error)
            id = str(policy_command_id(raw.id, one.name, 0))
            self._park(effects, Parked(id, one.name, str(raw.id), raw.position, None, code, rule))
            return effects
        for command_id, command in commands(one.name, e, found):
            try:
                with continued(traceparent_in(raw.metadata)), span(f"react {one.name}", Kind.CONSUMER):
                    self._send(command, origin_of(one.name, e), command_id)
            except Exception as error:
                if passes(error):
                    raise
                code, rule = refusal(error)
                name = command.wire_type()
                parked = Parked(str(command_id), one.name, str(raw.id), raw.position, name, code, rule)
                self._park(effects, parked)
        return effects

    def _fire(self, one: _Running, deadline: SetDeadline, now: datetime) -> bool:
        if one.blocked:
            return False
        effects = Effects()
        turned(LOOP)
        try:
            self._send(books.command_of(deadline), origin_of_deadline(deadline, now), deadline.command_id)
        except Exception as error:
            if passes(error):
                self._block(one, error)
                return False
            self._park(effects, deadline.parked(error))
        with writing(self._engine) as connection:
            books.settle(connection, deadline)
            books.write(connection, one.name, effects)
        return not effects.parked

    def _block(self, one: _Running, error: Exception) -> None:
        one.block()
        RETRIES.labels("policy").inc()
        code, _ = refusal(error)
        log.warning("policy waits", policy=one.name, position=one.position, error=code)
        with writing(self._engine) as connection:
            books.note_waiting(connection, one.name, code)

    def _park(self, effects: Effects, parked: Parked) -> None:
        log.error(
            "reaction parked",
            policy=parked.policy,
            position=parked.position,
            command=parked.command,
            error=parked.error,
            rule=parked.rule,
        )
        effects.parked[parked.id] = parked

    def _seconds_to_next_due(self) -> float:
        able = [one.name for one in self._policies.values() if not one.blocked]
        with self._engine.connect() as connection:
            due = books.next_due(connection, able)
        return LOOK_UP_SECONDS if due is None else (due - self._clock()).total_seconds()

    def _idle_seconds(self) -> float:
        now = time.monotonic()
        waits = [one.blocked_until - now for one in self._policies.values() if one.blocked]
        return max(0.0, min(LOOK_UP_SECONDS, self._seconds_to_next_due(), *waits))

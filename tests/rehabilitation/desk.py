"""A duty desk in memory: aggregates and policies as they are, a clock that is set by hand, and nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from services.rehabilitation.policies import duty
from services.rehabilitation.roster import roster
from services.rehabilitation.rota import rota
from services.rehabilitation.watch import watch
from shared.codec import Recorded
from shared.context import AnyDecider
from shared.errors import DomainError
from shared.eventstore.port import RecordedEvent
from shared.messages import Command, Event, Role
from shared.metadata import Metadata
from shared.policies import Cancel, Deadline, Policy, policy_command_id

MADE = UUID("6c1d2e3f-4a5b-4c6d-8e7f-9a0b1c2d3e4f")


class Desk:
    """Commands go in; policies react when `settle` is called; deadlines fire when the clock is set."""

    def __init__(self, now: datetime, deciders: Iterable[AnyDecider] = (rota, roster, watch)) -> None:
        self.now = now
        self.states: dict[str, Any] = {}
        self.events: list[Event] = []
        self.refusals: list[DomainError] = []
        self.deadlines: dict[str, tuple[datetime, Command]] = {}
        self._deciders = {kind: decider for decider in deciders for kind in decider.command_types()}
        self._policies: tuple[Policy, ...] = duty.policies
        self._waiting: deque[Recorded[Any]] = deque()
        self._number = 0

    def send(self, command: Command, by: str = "w-1", command_id: UUID | None = None) -> Sequence[Event]:
        """Have it decided. Raises `DomainError`."""
        self._number += 1
        decider = self._deciders[type(command)]
        stamped = command.stamped(command_id or uuid5(MADE, str(self._number)), by, self.now)
        stream = decider.stream_of(stamped)
        state = self.states.get(stream, decider.initial)
        events = decider.decide(stamped, state)
        self.states[stream] = decider.fold(events, state)
        for event in events:
            self.events.append(event)
            self._waiting.append(Recorded(event, self._raw(event, stream)))
        return events

    def attempt(self, command: Command, by: str = "w-1") -> Sequence[Event]:
        """The same; a refusal is no event."""
        try:
            return self.send(command, by)
        except DomainError:
            return ()

    def settle(self) -> None:
        """Let policies react to all there is, and to what comes of that. What is refused is kept."""
        while self._waiting:
            e = self._waiting.popleft()
            for policy in self._policies:
                handlers = policy.handlers()
                if type(e.event).type_name in handlers:
                    _, react = handlers[type(e.event).type_name]
                    self._carry_out(policy, e, list(react(e)))

    def _carry_out(self, policy: Policy, e: Recorded[Any], reactions: Sequence[Any]) -> None:
        commands = 0
        for reaction in reactions:
            match reaction:
                case Deadline(key=key, due=due, command=command):
                    self.deadlines[key] = (due, command)
                case Cancel(key=key):
                    self.deadlines.pop(key, None)
                case _:
                    try:
                        self.send(reaction, f"policy:{policy.name}", policy_command_id(e.id, policy.name, commands))
                    except DomainError as error:
                        self.refusals.append(error)
                    commands += 1

    def set_clock(self, now: datetime) -> None:
        """It becomes later: what is due fires."""
        self.settle()
        self.now = now
        for key, (due, command) in sorted(self.deadlines.items(), key=lambda one: one[1][0]):
            if due <= now:
                del self.deadlines[key]
                self.send(command, "policy")
                self.settle()

    def _raw(self, event: Event, stream: str) -> RecordedEvent:
        metadata = Metadata(
            version=1,
            command="test",
            command_id=MADE,
            correlation_id=MADE,
            causation_id=None,
            actor="w-1",
            roles=(Role.POLICY,),
            recorded_at=self.now,
            fingerprint="",
        )
        position = len(self.events)
        event_id = uuid5(MADE, f"event/{position}").bytes
        return RecordedEvent(position, stream, 0, event_id, event.type_name, b"{}", metadata.to_json(), True, 0)

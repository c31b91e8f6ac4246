"""From a command to its receipt: load, fold, decide, append.

Idempotent by command id: ids of events follow from it, and a command id that is found in the stream is answered
with its first receipt, before anything is decided. Where the log tells every repeat, a command is decided at first on
what is remembered of its stream: the append would be refused if that were no longer so, and a rule's refusal is given
only after the log was read. A conflict with another writer reads and decides again, a bounded number of times.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

from shared.codec import decode, encode, key_names
from shared.context import AnyDecider, Registry
from shared.decider import must_exist as must_exist
from shared.errors import (
    CommandIdReused,
    Conflict,
    DomainError,
    NewerEvent,
    NotFound,
    WrongExpectedRevision,
)
from shared.eventstore.port import EventStore, NewEvent, RecordedEvent, StreamState
from shared.measures import APPENDS, RETRIES
from shared.messages import Command, Event, Origin, Receipt
from shared.metadata import Metadata
from shared.privacy.personal import Hidden, Place, Retention
from shared.privacy.port import KeyName, Vault
from shared.remembering import Folded, PastCommand, StateCache, Turns, note
from shared.tracing import Kind, span, traceparent

NOTHING_CHANGED = "kernel.NothingChanged"
"""Stored for a command that needed no event, so that its repeat gets the same answer whatever happened since."""

ATTEMPTS = 8


class _TakenBefore(Exception):
    """The log had these events already: the command was taken elsewhere, and what it was then is yet to be compared."""


class CommandHandler:
    """Handles the commands of every aggregate in `registry`. Safe to use from many threads."""

    def __init__(
        self,
        store: EventStore,
        registry: Registry,
        vault: Vault,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        cache: StateCache | None = None,
    ) -> None:
        self.store = store
        self.registry = registry
        self.vault = vault
        self.clock = clock
        self._cache = cache or StateCache()
        self._turns = Turns()

    def handle(self, command: Command, origin: Origin, *, command_id: UUID, expected: int | None = None) -> Receipt:
        """Carry out `command`, once for its id. `expected` is the revision that the asker has seen, if any.

        Raises `DomainError` when a rule refuses it, an event's `refusal` when that is on record (again on a repeat),
        `WrongExpectedRevision`, `CommandIdReused`, `Conflict` when others kept being faster, `NotFound` for an
        aggregate that must exist, and the store's `Unavailable`.
        """
        receipt = self._carry_out(command.stamped(command_id, origin.actor, self.clock()), origin, expected)
        for type_name in receipt.events:
            if (kind := self.registry.event_class(type_name)) and kind.refusal:
                raise copy(kind.refusal)
        return receipt

    def _carry_out(self, command: Command, origin: Origin, expected: int | None) -> Receipt:
        decider = self.registry.decider_for(command)
        stream = decider.stream_of(command)
        names = key_names([command], stream)
        with self._turns.of(stream):
            return self._decide(decider, command, origin, stream, names, expected)

    def _decide(
        self,
        decider: AnyDecider,
        command: Command,
        origin: Origin,
        stream: str,
        names: list[KeyName],
        expected: int | None,
    ) -> Receipt:
        believed = self._believed(decider, command, stream)
        if believed is not None:
            try:
                return self._attempt(decider, command, origin, stream, names, expected, believed)
            except WrongExpectedRevision:
                if expected is None:
                    RETRIES.labels("command").inc()
            except (DomainError, NotFound, Conflict, _TakenBefore):
                pass  # it may rest on what is no longer so
        for attempt in range(ATTEMPTS):
            folded = self.load(decider, stream)
            try:
                return self._attempt(decider, command, origin, stream, names, expected, folded)
            except _TakenBefore:
                continue
            except WrongExpectedRevision:
                if expected is not None:
                    raise
                RETRIES.labels("command").inc()
                time.sleep(random.uniform(0, 0.002) * 2**attempt)  # noqa: S311  (spreads retries, guards nothing)
        raise Conflict(f"Others kept changing {stream} at the same moment: try again.", stream=stream)

    def _believed(self, decider: AnyDecider, command: Command, stream: str) -> Folded | None:
        """What can be decided on before the log is read: what is remembered, and that what is made now is new.

        The append names the revision, so the log itself refuses what was decided on something else. That is enough only
        where a repeat is always told: otherwise what another process made of this command would be taken for ours.
        """
        if not self.store.tells_repeats:
            return None
        generation = self.vault.generation()
        folded = self._cache.get(stream)
        if folded is not None and folded.generation == generation:
            return folded
        if folded is None and decider.key in command.new_ids():
            return Folded(decider.initial, -1, {}, generation)
        return None

    def _attempt(
        self,
        decider: AnyDecider,
        command: Command,
        origin: Origin,
        stream: str,
        names: list[KeyName],
        expected: int | None,
        folded: Folded,
    ) -> Receipt:
        """Decide on `folded`, once."""
        if past := folded.commands.get(command.command_id):
            return self._repeat(command, names, stream, past)
        if expected is not None and expected != folded.revision:
            raise WrongExpectedRevision(stream, expected, folded.revision if folded.revision >= 0 else None)
        events = decider.decide(command, folded.state)
        return self._append(decider, command, origin, stream, folded, events, names)

    def load(self, decider: AnyDecider, stream: str) -> Folded:
        """The stream folded to its end; what is remembered of it is not read again."""
        generation = self.vault.generation()
        folded = self._cache.get(stream)
        if folded is None or folded.generation != generation:
            folded = Folded(decider.initial, -1, {}, generation)
        tail = list(self.store.read_stream(stream, start=folded.revision + 1))
        if tail:
            folded = self.fold(decider, folded, tail)
        self._cache.put(stream, folded)
        return folded

    def fold(self, decider: AnyDecider, folded: Folded, tail: Sequence[RecordedEvent]) -> Folded:
        """`folded` with the events of `tail` on top. Raises `NewerEvent` at an event that nobody knows."""
        state = folded.state
        for raw in tail:
            if raw.type != NOTHING_CHANGED:
                state = decider.evolve(state, decode(raw, self._class_of(raw)))
            note(folded.commands, raw)
        return replace(folded, state=state, revision=tail[-1].revision)

    def _class_of(self, raw: RecordedEvent) -> type[Event]:
        if cls := self.registry.event_class(raw.type):
            return cls
        raise NewerEvent(
            f"{raw.stream} holds a {raw.type} at position {raw.position}, which this version does not know: "
            "ask again once the upgrade is done.",
            position=raw.position,
            stream=raw.stream,
        )

    def _append(
        self,
        decider: AnyDecider,
        command: Command,
        origin: Origin,
        stream: str,
        folded: Folded,
        events: Sequence[Event],
        names: list[KeyName],
    ) -> Receipt:
        whom = names[0].subject if names else decider.whom(*events, command, folded.state) or stream
        reason_key = KeyName(whom, Retention.REASON, stream)
        needed = [*names, *key_names(events, stream), *([reason_key] if origin.reason else [])]
        if needed:
            self.vault.prepare(dict.fromkeys(needed))
        fingerprint = self.vault.fingerprint(command.content(), names)
        trace = traceparent()
        stored = []
        for index, event in enumerate(events or (None,)):
            event_id = uuid5(command.command_id, f"{stream}/{index}")
            type_name = event.type_name if event else NOTHING_CHANGED
            reason = None
            if origin.reason:
                place = Place(stream, str(event_id), type_name, "reason", reason_key.subject)
                reason = Hidden(self.vault.seal(origin.reason, reason_key, place), reason_key.subject)
            metadata = Metadata(
                version=event.version if event else 1,
                command=command.wire_type(),
                command_id=command.command_id,
                correlation_id=origin.correlation_id,
                causation_id=origin.causation_id,
                actor=origin.actor,
                roles=tuple(sorted(origin.roles)),
                recorded_at=command.now,
                fingerprint=fingerprint,
                on_behalf_of=origin.on_behalf_of,
                reason=reason,
                synthetic=origin.synthetic,
                late_seconds=origin.late_seconds,
                traceparent=trace,
            ).to_json()
            if event:
                stored.append(encode(event, self.vault, stream=stream, event_id=event_id, metadata=metadata))
            else:
                stored.append(NewEvent(event_id, NOTHING_CHANGED, b"{}", metadata))
        expected = folded.revision if folded.revision >= 0 else StreamState.NO_STREAM
        types = tuple(event.type for event in stored)
        with APPENDS.time(), span("append", Kind.CLIENT, events=types) as appending:
            result = self.store.append(stream, stored, expected)
            appending.note(position=result.position)
        if not result.written:
            raise _TakenBefore
        past = PastCommand(fingerprint, result.revision, result.position, types)
        if result.revision == folded.revision + len(stored):
            folded.commands[command.command_id] = past
            state = decider.fold(events, folded.state)
            self._cache.put(stream, replace(folded, state=state, revision=result.revision))
        return _receipt(command, stream, past, repeated=False)

    def _repeat(self, command: Command, names: list[KeyName], stream: str, past: PastCommand) -> Receipt:
        try:
            same = self.vault.fingerprint(command.content(), names) == past.fingerprint
        except NotFound:  # it is about somebody of whom nothing was ever sealed: not what was sent before
            same = False
        if not same:
            raise CommandIdReused(
                "This command id was used before, for something else: send a new id for a new command.",
                command_id=str(command.command_id),
            )
        return _receipt(command, stream, past, repeated=True)


def _receipt(command: Command, stream: str, past: PastCommand, *, repeated: bool) -> Receipt:
    ids = {name: str(getattr(command, name)) for name in command.new_ids()}
    return Receipt(str(command.command_id), stream, past.revision, past.position, past.events, repeated, ids)

"""A command decided: the events that it comes to, as the log takes them, and what is remembered once it has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import uuid5

from shared.codec import encode, key_names
from shared.context import AnyDecider
from shared.eventstore.port import AppendResult, Expected, NewEvent, StreamState
from shared.messages import Command, Event, Origin
from shared.metadata import Metadata
from shared.privacy.personal import Hidden, Place, Retention
from shared.privacy.port import KeyName, Vault
from shared.remembering import Folded, PastCommand
from shared.tracing import traceparent

NOTHING_CHANGED = "kernel.NothingChanged"
"""Stored for a command that needed no event, so that its repeat gets the same answer whatever happened since."""


class Decided(NamedTuple):
    """What a command comes to, on what was known of its stream."""

    decider: AnyDecider
    command: Command
    stream: str
    folded: Folded
    events: Sequence[Event]
    stored: list[NewEvent]
    fingerprint: str

    @property
    def expected(self) -> Expected:
        """Where the stream must still end for this to hold."""
        return self.folded.revision if self.folded.revision >= 0 else StreamState.NO_STREAM

    def past(self, result: AppendResult) -> PastCommand:
        """What is remembered of the command, once the log has its events."""
        return PastCommand(
            self.fingerprint, result.revision, result.position, tuple(event.type for event in self.stored)
        )

    def folded_on(self, past: PastCommand) -> Folded | None:
        """The stream with these events on top; None if they do not follow on what was known."""
        folded = self.folded
        if past.revision != folded.revision + len(self.stored):
            return None
        folded.commands[self.command.command_id] = past
        return replace(folded, state=self.decider.fold(self.events, folded.state), revision=past.revision)


def sealed(
    decider: AnyDecider,
    command: Command,
    origin: Origin,
    stream: str,
    folded: Folded,
    events: Sequence[Event],
    names: list[KeyName],
    vault: Vault,
) -> Decided:
    """What was decided, ready for the log. `names` are the keys of the command's own values.

    Keys that are not there yet are made, durably. A reason is about whom the command is about. Raises `Forgotten`.
    """
    whom = names[0].subject if names else decider.whom(*events, command, folded.state) or stream
    reason_key = KeyName(whom, Retention.REASON, stream)
    needed = [*names, *key_names(events, stream), *([reason_key] if origin.reason else [])]
    if needed:
        vault.prepare(dict.fromkeys(needed))
    fingerprint = vault.fingerprint(command.content(), names)
    trace = traceparent()
    stored = []
    for index, event in enumerate(events or (None,)):
        event_id = uuid5(command.command_id, f"{stream}/{index}")
        type_name = event.type_name if event else NOTHING_CHANGED
        reason = None
        if origin.reason:
            place = Place(stream, str(event_id), type_name, "reason", reason_key.subject)
            reason = Hidden(vault.seal(origin.reason, reason_key, place), reason_key.subject)
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
            stored.append(encode(event, vault, stream=stream, event_id=event_id, metadata=metadata))
        else:
            stored.append(NewEvent(event_id, NOTHING_CHANGED, b"{}", metadata))
    return Decided(decider, command, stream, folded, events, stored, fingerprint)

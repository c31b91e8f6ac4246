"""One policy in several processes at once: each event is one process's turn, and the store keeps the books.

For a policy that says it may have its events `in_any_order`. Its commands have the ids that they always have, so it
does no harm that a turn comes twice, or that the policies' own process reacts to the same event.
"""

from __future__ import annotations

import threading

import structlog

from shared.errors import Invalid
from shared.eventstore.competing import Consumer, Group, Turn
from shared.messages import Command
from shared.policies import Policy
from shared.reacting.books import refusal
from shared.reacting.reactions import commands, origin_of, passes, reactions
from shared.reacting.runner import Send

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0

log = structlog.get_logger()


def group_of(policy: Policy) -> str:
    """The name of the group of those who share the events of `policy`. Raises `Invalid` if it needs their order."""
    if not policy.in_any_order:
        raise Invalid(f"{policy.name} needs its events in their order: one process alone may run it.")
    return f"policy-{policy.name}"


class CompetingPolicy:
    """Lets `policy` react, through `send`, to those events of its group that are our turn."""

    def __init__(self, policy: Policy, group: Group, send: Send) -> None:
        self._name = policy.name
        self._handlers = policy.handlers()
        self._group = group
        self._send = send

    def run(self, stop: threading.Event) -> None:
        """React until `stop` is set. Raises `Unavailable` if the store is gone for longer than its patience."""
        with self._group.consumer() as consumer:

            def end() -> None:
                stop.wait()
                consumer.close()

            threading.Thread(target=end, name="end of a competing policy", daemon=True).start()
            for turn in consumer:
                self._take(consumer, turn, stop)

    def _take(self, consumer: Consumer, turn: Turn, stop: threading.Event) -> None:
        raw = turn.event
        try:
            e, found = reactions(self._handlers, raw)
            if not all(isinstance(reaction, Command) for reaction in found):
                raise Invalid("A policy that sets deadlines needs its events in their order.")
        except Exception as error:
            self._park(consumer, turn, error)  # what the policy itself cannot take does not pass
            return
        try:
            for command_id, command in commands(self._name, e, found):
                self._send(command, origin_of(self._name, e), command_id)
        except Exception as error:
            if not passes(error):
                self._park(consumer, turn, error)
                return
            log.warning("policy waits", policy=self._name, position=raw.position, error=refusal(error)[0])
            stop.wait(min(_FIRST_PAUSE * 2**turn.attempt, _LONGEST_PAUSE))
            consumer.again(turn)
            return
        consumer.done(turn)

    def _park(self, consumer: Consumer, turn: Turn, error: Exception) -> None:
        code, rule = refusal(error)
        log.error("reaction parked", policy=self._name, position=turn.event.position, error=code, rule=rule)
        consumer.park(turn)

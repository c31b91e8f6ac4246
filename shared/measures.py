"""What a process counts of its own work: how long commands and appends take, what was tried again, which loops turn.

Labels are names and codes of ours: nothing that a person could be known by.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram

from shared.errors import ForgetMeNotError

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REGISTRY = CollectorRegistry()

COMMANDS = Histogram(
    "forgetmenot_command_seconds",
    "How long commands took where they were carried out, and how they ended: done, or an error's code",
    ("command", "outcome"),
    buckets=SECONDS,
    registry=REGISTRY,
)
APPENDS = Histogram(
    "forgetmenot_append_seconds", "How long appends to the log took", buckets=SECONDS, registry=REGISTRY
)
RETRIES = Counter(
    "forgetmenot_retries",
    "What was tried again: a command after a conflict, a call whose process died, a read model or a policy after an "
    "error, the way to the broker, what was asked of the event store",
    ("of",),
    registry=REGISTRY,
)
for _of in ("command", "call", "read_model", "policy", "broker", "event_store"):
    RETRIES.labels(_of)  # so that there is a zero to rise from

_turned: dict[str, float] = {}


@contextmanager
def measured(command: str) -> Iterator[None]:
    """A command is carried out inside."""
    began = time.perf_counter()
    try:
        yield
    except BaseException as error:
        ended(command, began, error)
        raise
    ended(command, began, None)


def ended(command: str, began: float, error: BaseException | None) -> None:
    """A command that began then, by `time.perf_counter`, has ended."""
    outcome = "done" if error is None else error.code if isinstance(error, ForgetMeNotError) else "failed"
    COMMANDS.labels(command, outcome).observe(time.perf_counter() - began)


@contextmanager
def turning(loop: str) -> Iterator[None]:
    """A loop that never ends by itself turns inside, and says so each time with `turned`."""
    _turned[loop] = time.monotonic()
    try:
        yield
    finally:
        _turned.pop(loop, None)


def turned(loop: str) -> None:
    """The loop is not stuck."""
    if loop in _turned:
        _turned[loop] = time.monotonic()


def seconds_since_turned() -> dict[str, float]:
    """For each loop that should turn, how long ago it last did."""
    now = time.monotonic()
    return {loop: now - at for loop, at in list(_turned.items())}

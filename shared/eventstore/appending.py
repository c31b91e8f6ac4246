"""An append on its way: checked in the thread of the caller, answered by whoever commits it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import NamedTuple
from uuid import UUID

import structlog

from shared.errors import EventTooLarge, ForgetMeNotError, Invalid, Unavailable
from shared.eventstore.port import Appended, AppendResult, Expected, NewEvent, StreamState

log = structlog.get_logger()

MAX_EVENT_BYTES = 1 << 20  # data and metadata together; EventStoreDB's default for an append
MAX_APPEND_BYTES = 16 << 20
MAX_NAME_BYTES = 512

CLOSED = "The log is closed."

Item = tuple[bytes, str, bytes, bytes, int]  # an event on its way: id, type, data, metadata, is it JSON (0 or 1)


class JointResult(NamedTuple):
    """Where the last events of an append to several streams stand."""

    results: tuple[AppendResult, ...]


Outcome = AppendResult | JointResult | ForgetMeNotError
NO_STREAM = -1  # the revision of a stream that does not exist, wherever an int is handier than None


class Append:
    """One append that a thread waits for."""

    __slots__ = ("_answered", "alone", "expected", "items", "outcome", "stream")

    def __init__(self, stream: str, items: Sequence[Item], expected: Expected) -> None:
        self.stream = stream
        self.items = items
        self.expected = expected
        self.alone = stream[:2] == "$$"  # what it says of another stream must be known before the next append
        self.outcome: Outcome | None = None
        self._answered = Lock()  # a bare lock: the cheapest thing a thread can wait for
        self._answered.acquire()

    def resolve(self, outcome: Outcome) -> None:
        """Hand over the answer. Called once."""
        self.outcome = outcome
        self._answered.release()

    def wait(self, timeout: float = -1) -> AppendResult:
        """The answer, once it is there. Raises what went wrong."""
        if not self._answered.acquire(timeout=timeout):
            raise Unavailable("The log's owner does not answer. Whether the events were appended is not known: retry.")
        outcome = self.outcome
        if isinstance(outcome, AppendResult):
            return outcome
        assert isinstance(outcome, ForgetMeNotError)  # noqa: S101
        raise outcome.with_traceback(None)  # a refusal answers many: do not let it gather their tracebacks


class Told(Append):
    """One append whose answer is told to `then`."""

    __slots__ = ("then",)

    def __init__(
        self, stream: str, items: Sequence[Item], expected: Expected, then: Callable[[Appended], None]
    ) -> None:
        super().__init__(stream, items, expected)
        self.then = then

    def resolve(self, outcome: Outcome) -> None:
        """Hand over the answer. Called once."""
        self.outcome = outcome
        assert not isinstance(outcome, JointResult)  # noqa: S101
        try:
            self.then(outcome)
        except Exception:  # it spoils no answer of others
            log.exception("an append was answered, and whoever was told failed")


def prepare(stream: str, events: Sequence[NewEvent], expected: Expected) -> list[Item]:
    """Turn `events` into what the log takes, in the caller's own thread. Raises `Invalid` or `EventTooLarge`."""
    items: list[Item] = []
    for id, type_, data, metadata, is_json in events:
        if not (isinstance(id, UUID) and isinstance(data, bytes) and isinstance(metadata, bytes)):
            raise Invalid("An event needs a UUID as id, and bytes as data and metadata.")
        items.append((id.int.to_bytes(16, "big"), type_, data, metadata, 1 if is_json else 0))
    check(stream, items, expected)
    return items


def check(stream: str, items: Sequence[Item], expected: Expected) -> None:
    """Refuse what no log may hold. Raises `Invalid` or `EventTooLarge`."""
    check_name(stream)
    if not items:
        raise Invalid("An append needs at least one event.")
    if not isinstance(expected, StreamState) and (type(expected) is not int or expected < 0):
        raise Invalid("The expected revision is a StreamState or a revision from 0.")
    check_items(items)


def check_items(items: Sequence[Item]) -> None:
    """Refuse events that no log may hold, or too many at once. Raises `Invalid` or `EventTooLarge`."""
    total = 0
    checked = None
    for _, type_, data, metadata, _ in items:
        if type_ != checked:
            _check_text(type_, "type")
            checked = type_
        size = len(data) + len(metadata)
        if size > MAX_EVENT_BYTES:
            raise EventTooLarge(
                f"An event of {size} bytes is over the limit of {MAX_EVENT_BYTES}.", size=size, limit=MAX_EVENT_BYTES
            )
        total += size
    if total > MAX_APPEND_BYTES:
        raise EventTooLarge(
            f"An append of {total} bytes is over the limit of {MAX_APPEND_BYTES}. Append in parts.",
            size=total,
            limit=MAX_APPEND_BYTES,
        )
    if len(items) > 1 and len({item[0] for item in items}) < len(items):
        raise Invalid("An event id stands twice in one append.")


def check_name(stream: str) -> None:
    """Refuse what cannot name a stream."""
    _check_text(stream, "stream name")
    if stream == "$all":
        raise Invalid("$all is the order of all streams, not a stream.")


def _check_text(text: str, what: str) -> None:
    if type(text) is not str or not text:
        raise Invalid(f"The {what} is empty or no text.")
    if text.isascii():
        size = len(text)
    else:
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            raise Invalid(f"The {what} is not valid Unicode.") from None
    if size > MAX_NAME_BYTES or "\0" in text:
        raise Invalid(f"The {what} is longer than {MAX_NAME_BYTES} bytes or has a null in it.")

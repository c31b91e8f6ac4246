"""What a handler is given, what it answers, and how it refuses: all that handlers and transports know of each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

from google.protobuf.message import Message

MAX_MESSAGE_BYTES = 17 << 20  # what one call may send at once: the largest append and some room


class Code(IntEnum):
    """gRPC's status codes, as far as the node answers with them."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class Refused(Exception):
    """The call ends with this status. `trailers` carry machine-readable details, bytes under names that end in -bin."""

    def __init__(self, code: Code, message: str, trailers: Mapping[str, str | bytes] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.trailers = dict(trailers or {})


@dataclass(frozen=True, slots=True)
class User:
    """Who calls. `name` is None for an anonymous caller."""

    name: str | None
    groups: frozenset[str] = field(default=frozenset())


@dataclass(slots=True)
class Call:
    """One call under way."""

    path: str
    metadata: Mapping[str, str]
    peer: str
    user: User = field(default=User(None))


Batch = Sequence[Message]
"""Messages that go out together."""


class Unary(NamedTuple):
    """One message in, one out."""

    request: type[Message]
    handle: Callable[[Any, Call], Awaitable[Message]]


class Collected(NamedTuple):
    """A stream of messages in, which must end before the handler starts; one out."""

    request: type[Message]
    handle: Callable[[list[Any], Call], Awaitable[Message]]


class Streaming(NamedTuple):
    """One message in, a stream out."""

    request: type[Message]
    handle: Callable[[Any, Call], AsyncIterator[Batch]]


class Duplex(NamedTuple):
    """A stream in, a stream out, at the same time."""

    request: type[Message]
    handle: Callable[[AsyncIterator[Any], Call], AsyncIterator[Batch]]


Method = Unary | Collected | Streaming | Duplex
Methods = dict[str, Method]
"""The methods by path: `/package.Service/Method`."""

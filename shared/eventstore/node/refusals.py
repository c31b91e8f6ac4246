"""The server's refusals: status, text and trailers as its `RpcExceptions.cs` and `Constants.cs` have them.

Clients tell them apart by the trailer `exception`, some by the text.
"""

from __future__ import annotations

from urllib.parse import quote

from shared import errors
from shared.eventstore.node.calls import Code, Refused
from shared.eventstore.port import Expected, StreamState

# EventStoreDB's own numbers for what an append may expect.
EXPECTED_NUMBERS = {StreamState.NO_STREAM: -1, StreamState.ANY: -2, StreamState.EXISTS: -4}


def number_of(expected: Expected) -> int:
    """The number by which the protocol names an expectation."""
    return EXPECTED_NUMBERS[expected] if isinstance(expected, StreamState) else expected


def trailer_text(value: str) -> str:
    """A name as a trailer may have it: ASCII, whatever else is in it percent-encoded."""
    return value if value.isascii() and value.isprintable() else quote(value)


def access_denied() -> Refused:
    """The caller's roles do not allow it."""
    return Refused(Code.PERMISSION_DENIED, "Access Denied", {"exception": "access-denied"})


def invalid(message: str) -> Refused:
    """The request makes no sense."""
    return Refused(Code.INVALID_ARGUMENT, message)


def stream_deleted(stream: str) -> Refused:
    """The stream has a tombstone, or is deleted where an existing one was expected."""
    return Refused(
        Code.FAILED_PRECONDITION,
        f"Event stream '{stream}' is deleted.",
        {"exception": "stream-deleted", "stream-name": trailer_text(stream)},
    )


def no_stream(stream: str) -> Refused:
    """There is no such stream to delete."""
    return Refused(
        Code.NOT_FOUND,
        f"Event stream '{stream}' was not created.",
        {"exception": "stream-not-found", "stream-name": trailer_text(stream)},
    )


def wrong_expected_version(operation: str, stream: str, expected: Expected, actual: int | None) -> Refused:
    """The stream is elsewhere."""
    there = -1 if actual is None else actual
    return Refused(
        Code.FAILED_PRECONDITION,
        f"{operation} failed due to WrongExpectedVersion. Stream: {stream}, "
        f"Expected version: {number_of(expected)}, Actual version: {there}",
        {
            "exception": "wrong-expected-version",
            "stream-name": trailer_text(stream),
            "expected-version": str(number_of(expected)),
            "actual-version": str(there),
        },
    )


def append_too_large(limit: int) -> Refused:
    """More bytes than one append may have."""
    return Refused(
        Code.INVALID_ARGUMENT,
        f"Maximum Append Size of {limit} Exceeded.",
        {"exception": "maximum-append-size-exceeded", "maximum-append-size": str(limit)},
    )


def property_missing(name: str) -> Refused:
    """A proposed event lacks its type or its content type."""
    return Refused(
        Code.INVALID_ARGUMENT,
        f"Required Metadata Property '{name}' is missing",
        {"exception": "missing-required-metadata-property", "required-metadata-properties": "type,content-type"},
    )


def of_store(error: errors.ForgetMeNotError) -> Refused:
    """What a refusal of the log is in the protocol."""
    match error:
        case errors.TooLarge() | errors.Invalid():
            return invalid(str(error))
        case errors.StoreFull():
            return Refused(Code.RESOURCE_EXHAUSTED, str(error))
        case errors.Unavailable():
            return Refused(Code.UNAVAILABLE, str(error))
        case errors.NotFound():
            return Refused(Code.NOT_FOUND, str(error))
        case errors.Conflict() | errors.DomainError():
            return Refused(Code.FAILED_PRECONDITION, str(error))
        case _:
            return Refused(Code.UNKNOWN, str(error))

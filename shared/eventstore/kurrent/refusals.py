"""What an error of the client means: one of ours, and whether trying again may help.

The sentences name the kind of error, never the server's own text, which may quote names.
"""

from __future__ import annotations

from typing import NamedTuple

import grpc
from kurrentdbclient import exceptions as client

from shared.errors import EventTooLarge, ForgetMeNotError, Invalid, StoreFull, StreamDeleted, Unavailable


class Refusal(NamedTuple):
    """What to raise; and whether the call may be tried again first."""

    error: ForgetMeNotError
    passing: bool


def meaning(error: Exception) -> Refusal:
    """What `error`, raised by the client, means to us."""
    text = str(error)
    match error:
        case client.StreamIsDeletedError() | client.StreamTombstonedError():
            return Refusal(_deleted(), False)
        case client.FailedPreconditionError() if "is deleted" in text:
            return Refusal(_deleted(), False)
        case client.MaximumAppendSizeExceededError() | client.TransactionMaxSizeExceededError():
            return Refusal(_too_large(), False)
        case client.RecordMaxSizeExceededError():
            return Refusal(_too_large(), False)
        case client.UnauthenticatedError():
            return Refusal(Unavailable("The event store refuses our login: look at its user and password."), False)
        case client.AccessDeniedError():
            reason = "The event store does not let our login do this: it must read $all, and append."
            return Refusal(Unavailable(reason), False)
        case client.SSLError():
            return Refusal(Unavailable("The event store's certificate is not trusted: look at tlsCaFile."), False)
        case client.GrpcError() if "INVALID_ARGUMENT" in text:
            return Refusal(
                _too_large() if "Maximum Append Size" in text else Invalid("The event store refuses this."), False
            )
        case client.GrpcError() if "RESOURCE_EXHAUSTED" in text and "disk is full" in text:
            return Refusal(StoreFull("The event store's disk is full. Nothing was written."), False)
        case client.BadRequestError() | client.InvalidTransactionError():
            return Refusal(Invalid("The event store refuses this."), False)
        case client.KurrentDBClientError() | ValueError() | grpc.RpcError():  # ValueError: the channel was just closed
            return Refusal(out_of_reach(error), True)
        case _:
            raise error


def out_of_reach(error: Exception) -> Unavailable:
    """The event store does not answer, or not in time."""
    kind = type(error).__name__
    return Unavailable(f"The event store is out of reach ({kind}). Nothing is lost: try again.", kind=kind)


def is_no_position(error: Exception) -> bool:
    """Whether a read was refused because no event stands at the position that it names."""
    if isinstance(error, client.InvalidCommitPositionError):
        return True
    text = str(error).lower()
    return isinstance(error, client.KurrentDBClientError) and "invalid" in text and "position" in text


def _deleted() -> StreamDeleted:
    return StreamDeleted("The stream has been deleted in the event store.")


def _too_large() -> EventTooLarge:
    return EventTooLarge("The append is larger than the event store takes at once. Append in parts.")

"""The error tree. Each has a code for programs and a sentence that says what to do; none carries personal data.

    ForgetMeNotError
      DomainError            a rule refused the command                           422
        NotAvailable         taken, full or separated: one answer on purpose      409
      Invalid                the request is malformed                             400
      Unauthenticated        no valid token                                       401
      Forbidden              the role may not do this                             403
      NotFound               not there, or not for you to see                     404
      Conflict               somebody was faster, or an id is used twice          409
        WrongExpectedRevision
        StreamDeleted
        CommandIdReused
      TooLarge               a body or an event over the limit                    413
        EventTooLarge
      Unavailable            try again later                                      503
        StoreFull            the disk is full                                     507
        StoreCorrupt         the log is damaged; it refuses writes                503
        NewerEvent           a newer version of the program recorded it           503

The edges map them once, by `code` and `status` (RFC 9457 problem details over HTTP).
"""

from __future__ import annotations

from typing import Any, ClassVar


class ForgetMeNotError(Exception):
    """The root. `str(error)` is the sentence; `facts` are machine-readable details, never personal."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.facts = facts

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), str(self), self.facts))


def _rebuild(kind: type[ForgetMeNotError], message: str, facts: dict[str, Any]) -> ForgetMeNotError:
    error = kind.__new__(kind)
    ForgetMeNotError.__init__(error, message, **facts)
    return error


class DomainError(ForgetMeNotError):
    """A rule refused the command.

    Say the rule, what is there, and what would be accepted.
    `rule` names it for programs and translations: `raise DomainError("...", rule="closing-needs-outcome")`.
    """

    code, status, title = "rule", 422, "A rule does not allow this"


class NotAvailable(DomainError):
    """Taken, full or separated: the answer is the same on purpose."""

    code, status, title = "not-available", 409, "Not available"


class Invalid(ForgetMeNotError):
    """The request is malformed: a wrong type, an unknown field, an impossible date."""

    code, status, title = "invalid", 400, "The request is not valid"


class Unauthenticated(ForgetMeNotError):
    """No token, or one that is forged or expired."""

    code, status, title = "unauthenticated", 401, "Who is asking is not known"


class Forbidden(ForgetMeNotError):
    """The roles of the token do not allow this."""

    code, status, title = "forbidden", 403, "Not allowed"


class NotFound(ForgetMeNotError):
    """Not there, or not for the asker to know of."""

    code, status, title = "not-found", 404, "Not found"


class Conflict(ForgetMeNotError):
    """Somebody was faster. Read again, then decide again."""

    code, status, title = "conflict", 409, "Conflict"


class WrongExpectedRevision(Conflict):
    """The stream is not at the revision that the append expected."""

    code, title = "wrong-expected-revision", "The record has changed"

    def __init__(self, stream: str, expected: int | str, actual: int | None) -> None:
        there = "does not exist" if actual is None else f"is at revision {actual}"
        super().__init__(
            f"{stream} {there}, expected {expected}: read it again and decide again.",
            stream=stream,
            expected=expected,
            actual=actual,
        )


class StreamDeleted(Conflict):
    """The stream is deleted for ever, or is deleted where an existing one was expected."""

    code, title = "stream-deleted", "The record has been deleted"


class CommandIdReused(Conflict):
    """A command id came again with other content."""

    code, title = "command-id-reused", "This command id was used for something else"


class TooLarge(ForgetMeNotError):
    """A body over the limit."""

    code, status, title = "too-large", 413, "Too large"


class EventTooLarge(TooLarge):
    """An event over the store's limit."""

    code = "event-too-large"


class Unavailable(ForgetMeNotError):
    """Out of reach now. Nothing was lost; try again."""

    code, status, title = "unavailable", 503, "Not available right now"


class StoreFull(Unavailable):
    """The disk is full. Nothing was written."""

    code, status, title = "store-full", 507, "The disk is full"


class StoreCorrupt(Unavailable):
    """The log is damaged. It refuses writes until an operator has restored it."""

    code, title = "store-corrupt", "The log is damaged"


class NewerEvent(Unavailable):
    """An event in a version, or of a type, that this program does not know yet: an upgrade is under way."""

    code, title = "newer-event", "Recorded by a newer version"


class Forgotten(DomainError):
    """The person has been forgotten: nothing new can be recorded under their id."""

    code, status, title = "forgotten", 410, "Forgotten"


class Tampered(ForgetMeNotError):
    """A sealed value was changed, or moved from the place that it was sealed for."""

    code, status, title = "tampered", 500, "A sealed value does not open"

"""What goes back: JSON answers, and problem documents (RFC 9457) for everything that went wrong."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

import orjson
from starlette.types import Send

from shared.errors import Forbidden, ForgetMeNotError, Unauthenticated, Unavailable

Headers = tuple[tuple[bytes, bytes], ...]

PROBLEM_TYPES = "/docs#problem-"
STANDARD: Headers = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


class Reply(NamedTuple):
    """An answer, ready to be sent."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    media_type: bytes = b"application/json"

    async def send(self, send: Send, *, more: bool = False, head: bool = False) -> None:
        """Send it; with `more` the exchange stays open, with `head` the body stays here."""
        own = {name for name, _ in self.headers}
        standard = (header for header in STANDARD if header[0] not in own)
        headers = [*standard, *self.headers, (b"content-length", b"%d" % len(self.body))]
        if self.body:
            headers.append((b"content-type", self.media_type))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else self.body, "more_body": more})


class MethodNotAllowed(ForgetMeNotError):
    """The path is there, but takes other methods."""

    code, status, title = "method-not-allowed", 405, "This path takes other methods"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"This path takes {', '.join(allowed)}.", allowed=list(allowed))


class Failed(ForgetMeNotError):
    """An error of the program itself. What went wrong is in the log, under the correlation id."""

    code, status, title = "failed", 500, "Something went wrong here"


def problem(error: ForgetMeNotError, correlation_id: UUID) -> Reply:
    """The problem document of an error."""
    document: dict[str, Any] = {
        "type": PROBLEM_TYPES + error.code,
        "title": error.title,
        "status": error.status,
        "detail": str(error),
        "code": error.code,
    }
    facts = dict(error.facts)
    if rule := facts.pop("rule", None):
        document["rule"] = rule
    if errors := facts.pop("errors", None):
        document["errors"] = errors
    document["facts"] = facts
    document["correlation_id"] = str(correlation_id)
    body = orjson.dumps(document, default=str)
    return Reply(error.status, body, _headers_of(error), b"application/problem+json")


def _headers_of(error: ForgetMeNotError) -> Headers:
    match error:
        case Unauthenticated():
            return ((b"www-authenticate", b'Bearer realm="forgetmenot"'),)
        case Forbidden():
            return ((b"www-authenticate", b'Bearer realm="forgetmenot", error="insufficient_scope"'),)
        case MethodNotAllowed():
            return ((b"allow", ", ".join(error.facts["allowed"]).encode()),)
        case Unavailable() if error.status == 503:
            return ((b"retry-after", b"1"),)
        case _:
            return ()

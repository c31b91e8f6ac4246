"""What every operation of the OpenAPI document shares: headers, receipts, problems, health."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from services.gateway.http.replies import PROBLEM_TYPES
from services.gateway.http.schemas import PREFIX, SAMPLE_ID, Schema
from shared.errors import (
    Conflict,
    DomainError,
    Forbidden,
    ForgetMeNotError,
    Invalid,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

REFUSALS = (Invalid, Unauthenticated, Forbidden, NotFound, Conflict, TooLarge, DomainError, Unavailable)
REFUSALS_OF_QUERIES = (Invalid, Unauthenticated, Forbidden, NotFound, TooLarge, Unavailable)

INTRODUCTION = """\
Every change is a **command**: it is carried out once for its `Idempotency-Key`, is on disk when it is answered, and
its receipt says where in the log it stands. Every question is a **query**, answered from a read model that names the
`X-Position` of the log that it reflects; with `wait_for` it answers only once it reflects at least that position, so
that you read what you wrote.

Everything that goes wrong is answered with a problem document (RFC 9457)."""

HEADERS: dict[str, Schema] = {
    "Idempotency-Key": {
        "description": "The command's id, a UUID of your making. Sent again with the same content it answers with the "
        "first receipt. Left out: one is made, and returned.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "If-Match": {
        "description": 'The revision that you have seen, such as `"3"`: refused if the record has changed since.',
        "schema": {"type": "string"},
    },
    "X-Reason": {
        "description": "Why, in words: kept sealed beside what was done. Percent-encoded UTF-8.",
        "schema": {"type": "string"},
    },
    "X-On-Behalf-Of": {
        "description": "The id of the colleague for whom you do this.",
        "schema": {"type": "string"},
    },
    "X-Correlation-ID": {
        "description": "A UUID that everything which follows from this request carries. Left out: one is made, and "
        "returned.",
        "schema": {"type": "string", "format": "uuid"},
    },
}
HEADERS_OF_QUERIES = ("X-Reason", "X-On-Behalf-Of", "X-Correlation-ID")

RECEIPT: Schema = {
    "type": "object",
    "description": "Where the effect of a command stands.",
    "required": ["command_id", "stream", "revision", "position", "events", "repeated", "ids"],
    "properties": {
        "command_id": {"type": "string", "format": "uuid"},
        "stream": {"type": "string", "description": "The record's stream of events"},
        "revision": {"type": "integer", "description": "The record's revision now: send it as If-Match"},
        "position": {"type": "integer", "description": "The place in the log: a query with this wait_for sees it"},
        "events": {"type": "array", "items": {"type": "string"}, "description": "What happened"},
        "repeated": {"type": "boolean", "description": "The command had been carried out before"},
        "ids": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "The ids of what the command made",
        },
    },
}

PROBLEM: Schema = {
    "type": "object",
    "description": "What went wrong (RFC 9457). It never quotes what was sent.",
    "required": ["type", "title", "status", "detail", "code", "facts", "correlation_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, and what would be accepted"},
        "code": {"type": "string", "description": "The kind of problem, for programs"},
        "rule": {"type": "string", "description": "The name of the rule that refused it"},
        "facts": {"type": "object", "additionalProperties": True},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "rule", "message"],
                "properties": {name: {"type": "string"} for name in ("field", "rule", "message")},
            },
        },
        "correlation_id": {"type": "string", "format": "uuid"},
    },
}

_JSON_OBJECT = {"content": {"application/json": {"schema": {"type": "object"}}}}

HEALTH: dict[str, Any] = {
    "/health/live": {
        "get": {
            "operationId": "health.live",
            "summary": "Whether the process answers",
            "security": [],
            "responses": {"200": {"description": "It lives", **_JSON_OBJECT}},
        }
    },
    "/health/ready": {
        "get": {
            "operationId": "health.ready",
            "summary": "Whether everything behind it is there",
            "security": [],
            "responses": {
                "200": {"description": "Ready", **_JSON_OBJECT},
                "503": {"description": "Not yet, with what is missing", **_JSON_OBJECT},
            },
        }
    },
}


def refusals(errors: Iterable[type[ForgetMeNotError]]) -> dict[str, Schema]:
    """The responses of an operation that these errors can refuse."""
    return {str(error.status): {"$ref": f"#/components/responses/{error.code}"} for error in errors}


def refusal(error: type[ForgetMeNotError]) -> dict[str, Any]:
    """The response that an error is answered with."""
    return {
        "description": first_words_of(error),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": PREFIX + "Problem"},
                "example": {
                    "type": PROBLEM_TYPES + error.code,
                    "title": error.title,
                    "status": error.status,
                    "detail": "What is wrong, and what would be accepted.",
                    "code": error.code,
                    "facts": {},
                    "correlation_id": SAMPLE_ID,
                },
            }
        },
    }


def errors_of(root: type[ForgetMeNotError] = ForgetMeNotError) -> list[type[ForgetMeNotError]]:
    """Every error below `root`, by status."""
    found = [leaf for kind in root.__subclasses__() for leaf in (kind, *errors_of(kind))]
    return sorted(found, key=lambda error: (error.status, error.code))


def words_of(kind: type) -> str:
    """A class's own docstring: an inherited one says nothing of it."""
    return inspect.cleandoc(kind.__dict__.get("__doc__") or kind.__name__)


def first_words_of(kind: type) -> str:
    """The first paragraph of it: what follows is for those who write the program."""
    return words_of(kind).split("\n\n")[0].replace("\n", " ")

"""Commands and queries as they come over a wire, and answers as they go back: the same over HTTP and RPC.

What does not fit is refused with the field and the rule that it broke, never with the value: it may be personal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypedDict, TypeVar, get_args, get_origin

import orjson
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from shared.dates import ASKED
from shared.errors import Invalid
from shared.messages import UUID_PATTERN, Command, Query, Receipt

C = TypeVar("C", bound=Command)
Q = TypeVar("Q", bound=Query[Any])

MOST_ERRORS = 20
NOT_ACCEPTED = "This value is not accepted"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_ECHOES = {
    "uuid_parsing": "Input should be a UUID",
    "union_tag_invalid": "This kind is not known",
    "url_parsing": "Input should be a URL",
}
"""Messages of pydantic that quote what came in, and what is said in their place."""


_QUOTE_NOTHING = frozenset({"edtf_date"})
"""Messages of our own that are the same for every value: "spring 2004" may well be among what they would accept."""


class FieldError(TypedDict):
    """What is wrong with one field: where it is, the rule that it broke, and that rule in words."""

    field: str
    rule: str
    message: str


def read_command(kind: type[C], fields: Mapping[str, Any]) -> C:
    """The command that these JSON fields stand for. Strict: `"5"` is no number, an unknown field no slip.

    Raises `Invalid`. The stamps (who, when, which id) are the edge's to give: a sender's are refused.
    """
    if stamps := kind.STAMPS & fields.keys():
        raise invalid(
            FieldError(field=name, rule="stamp", message="This is not the sender's to say") for name in sorted(stamps)
        )
    try:
        return kind.model_validate_json(orjson.dumps(fields), strict=True, context=ASKED)
    except ValidationError as error:
        raise invalid_fields(error, kind) from None
    except orjson.JSONEncodeError:
        raise Invalid(
            "A value is not JSON as others read it: a number past 64 bits, or text that is no text."
        ) from None


def read_query(kind: type[Q], fields: Mapping[str, Any]) -> Q:
    """The query that these fields stand for, each a JSON value or the text of one. Raises `Invalid`."""
    try:
        return kind.model_validate(fields, context=ASKED)
    except ValidationError as error:
        raise invalid_fields(error, kind) from None


def receipt_fields(receipt: Receipt) -> dict[str, Any]:
    """A receipt as JSON values."""
    return {**receipt._asdict(), "events": list(receipt.events), "ids": dict(receipt.ids)}


@cache
def answer_adapter(kind: type[Query[Any]]) -> TypeAdapter[Any]:
    """Writes the answers of a query as JSON."""
    return TypeAdapter(kind.answer_type())


def body_of(kind: type[Query[Any]], answer: Any) -> bytes:
    """An answer as it goes out: in the query's media type, or else as JSON."""
    if kind.media_type is None:
        return answer_adapter(kind).dump_json(answer, by_alias=True)
    return answer if isinstance(answer, bytes) else str(answer).encode()


def wire_name(name: str, field: FieldInfo) -> str:
    """What a field is called on the wire: its alias, if it has one (`from` is a keyword of Python)."""
    return field.alias or name


@cache
def list_fields(kind: type[BaseModel]) -> frozenset[str]:
    """The fields, by wire name, that hold several values."""
    return frozenset(
        wire_name(name, field) for name, field in kind.model_fields.items() if _holds_several(field.annotation)
    )


def _holds_several(annotation: Any) -> bool:
    origin = get_origin(annotation)
    return origin in {list, tuple, set, frozenset} or (
        origin is not None and any(_holds_several(inner) for inner in get_args(annotation))
    )


def invalid_fields(error: ValidationError, kind: type[BaseModel]) -> Invalid:
    """pydantic's findings without the values that it found."""
    all_found = error.errors(include_url=False)
    wrong_inside = {found["loc"][:-depth] for found in all_found for depth in range(1, len(found["loc"]))}
    return invalid(
        FieldError(field=_field(found["loc"]), rule=found["type"], message=_message(found, kind))
        for found in all_found[:MOST_ERRORS]
        # pydantic counts the items that are right: with a wrong one among them, too few are no finding of its own.
        if not (found["type"] == "too_short" and found["loc"] in wrong_inside)
    )


def invalid(errors: Iterable[FieldError]) -> Invalid:
    """The request is malformed in these fields."""
    listed = list(errors)
    first = listed[0]
    where = f"{first['field']}: " if first["field"] else ""
    more = f" ({len(listed) - 1} more)" if len(listed) > 1 else ""
    return Invalid(f"{where}{first['message']}{more}.", errors=listed)


def _field(location: Sequence[int | str]) -> str:
    """`split[2].amount`"""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{shown(part)}"
    return path.removeprefix(".")


def shown(key: str) -> str:
    """A key that came in with a request, as it may go back: only if it reads as the name of a field."""
    return key if _NAME.fullmatch(key) else "(a key)"


def _message(found: ErrorDetails, kind: type[BaseModel]) -> str:
    if found["type"] == "extra_forbidden" and len(found["loc"]) == 1:
        stamps: frozenset[str] = getattr(kind, "STAMPS", frozenset())
        names = (wire_name(name, field) for name, field in kind.model_fields.items() if name not in stamps)
        return f"There is no such field; there are: {', '.join(names)}"
    message = found["msg"].removeprefix("Value error, ")
    if found.get("ctx", {}).get("pattern") == UUID_PATTERN:
        return "Input should be an id: a UUID in lower case"
    if found["type"] == "string_pattern_mismatch" and (example := _example(found["loc"], kind)):
        return f"Input should have the form of {example}"
    if found["type"] in _ECHOES:
        return _ECHOES[found["type"]]
    if found["type"] not in _QUOTE_NOTHING and any(text in message for text in _texts(found["input"])):
        return NOT_ACCEPTED
    return message.removesuffix(".")


def _example(location: Sequence[int | str], kind: type[BaseModel]) -> str | None:
    """A value of the field that says its form better than a pattern."""
    named = {wire_name(name, field): field.examples for name, field in kind.model_fields.items()}
    examples = named.get(str(location[0])) if len(location) == 1 else None
    return str(examples[0]) if examples else None


def _texts(value: Any) -> Iterator[str]:
    """Every text in what came in that is long enough to be recognised in a message."""
    match value:
        case str():
            if len(value) > 3:
                yield value
        case Mapping():
            for key, item in value.items():
                yield from _texts(key)
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
        case BaseModel():
            yield from _texts(value.model_dump())

"""How a message says that a field is personal, and whose it is.

    class NoteAdded(CaseEvent):
        case: CaseId
        about: PersonId
        text: Annotated[str | Hidden, About("about")]

In a command the value is plain (`Annotated[str, About("about")]`). In an event it is sealed before it is
stored. Who folds an event to decide never opens it: there the value is a `Hidden`. Who shows it to a person
opens it through the vault, and gets a `Hidden` again if it has been forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Retention(StrEnum):
    """Retention classes: each with a rule of its own on how long its values are kept, and on what legal ground."""

    IDENTITY = "identity"  # who a person is
    CASE_FILE = "case_file"  # what happened to them and what was done
    LEGAL = "legal"  # proceedings, mandates
    ACCOUNTS = "accounts"  # what accounting documents say of people
    CONTACT = "contact"  # calls, messages, addresses
    REASON = "reason"  # why a member of staff did something


@dataclass(frozen=True, slots=True)
class About:
    """Marks a field as personal.

    `subject` names the field of the same message that holds the subject's id. `record` names the field that
    holds the id of the record that can be held or shredded alone (None: the event's stream).
    """

    subject: str
    keep: Retention = Retention.CASE_FILE
    record: str | None = None


class Hidden:
    """A personal value that the reader does not have: sealed (`token` holds the ciphertext) or forgotten (None).

    `of` is the subject, whose key sealed it. Stored as `{"sealed": token, "of": subject}`.
    """

    __slots__ = ("of", "token")

    def __init__(self, token: str | None, of: str = "") -> None:
        self.token = token
        self.of = of

    @property
    def forgotten(self) -> bool:
        """Whether the value is gone for good."""
        return self.token is None

    def __repr__(self) -> str:
        return "<forgotten>" if self.token is None else "<sealed>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden) and other.token == self.token

    def __hash__(self) -> int:
        return hash(self.token)

    @classmethod
    def _from_wire(cls, value: Any) -> Hidden:
        if isinstance(value, cls):
            return value
        if is_sealed(value):
            return cls(value["sealed"], value["of"])
        raise ValueError("not a sealed value")

    def _to_wire(self) -> dict[str, str | None]:
        return {"sealed": self.token, "of": self.of}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._from_wire,
            serialization=core_schema.plain_serializer_function_ser_schema(cls._to_wire),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "type": "object",
            "title": "Sealed",
            "properties": {"sealed": {"type": "string"}, "of": {"type": "string"}},
        }


def is_sealed(value: Any) -> bool:
    """Whether a stored JSON value is a sealed one."""
    return isinstance(value, dict) and value.keys() == {"sealed", "of"}


FORGOTTEN = Hidden(None)


class Place(NamedTuple):
    """Where a sealed value stands. All of it is bound to the ciphertext, which opens nowhere else."""

    stream: str
    event_id: str
    type: str
    field: str
    subject: str


@cache
def personal_fields(message: type[BaseModel]) -> dict[str, About]:
    """The personal fields of a command or event class, by name."""
    return {
        name: mark for name, field in message.model_fields.items() for mark in field.metadata if isinstance(mark, About)
    }

"""What services say to each other: commands, events, queries, and who asks.

A **command** is imperative and declared once; its HTTP route, OpenAPI entry, permission and RPC method follow:

    class CloseCase(CaseCommand, route="POST /cases/{case}/closure", roles=[Role.CASEWORKER]):
        '''Close a case with its outcome.'''
        case: CaseId
        outcome: Outcome

An **event** is past tense, and its class is found again by its wire type, `<context>.<class name>`. That name is a
storage format: a class that has shipped is never renamed, and a changed shape gets a new `version` with upcasters.

A **view** is another context's event as a policy or a projection sees it: only the fields that it uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, Self, TypeVar, get_args, get_origin
from uuid import UUID, uuid4, uuid5

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.fields import FieldInfo

from shared.errors import ForgetMeNotError

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
Id = Annotated[str, StringConstraints(pattern=UUID_PATTERN)]
PSEUDONYM = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
StaffId = Annotated[
    str,
    StringConstraints(pattern=PSEUDONYM),
    Field(description="A member of staff, by pseudonym, never by name", examples=["w-7"]),
]
"""Whom a command names of the staff. It is stored in the clear with the event and never goes away."""

Answer = TypeVar("Answer")

NOBODY = ""
NOT_STAMPED = UUID(int=0)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Role(StrEnum):
    """What somebody may do. A token carries one or more."""

    DUTY_OFFICER = "duty_officer"
    CASEWORKER = "caseworker"
    SUPERVISOR = "supervisor"
    PSYCHOLOGIST = "psychologist"
    LAWYER = "lawyer"
    SHELTER_MANAGER = "shelter_manager"
    PROJECT_MANAGER = "project_manager"
    ACCOUNTANT = "accountant"
    CAMPAIGNER = "campaigner"
    AUDITOR = "auditor"
    ANALYST = "analyst"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    ADMINISTRATOR = "administrator"
    PARTNER = "partner"
    POLICY = "policy"  # the system itself, acting on an event


@dataclass(frozen=True, slots=True)
class Route:
    """`POST /cases/{case}/closure`, split."""

    method: str
    path: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError unless it is a method and a path."""
        method, path = text.split(" ", 1)
        if method not in {"GET", "POST"} or not path.startswith("/"):
            raise ValueError(f"{text!r} is not 'GET /path' or 'POST /path'")
        return cls(method, path)


def new_id(description: str = "Left out: a new one is made") -> Any:
    """The default of a command's field that names the thing it creates. Filled in from the command id."""
    return Field(default=NOBODY, description=description, json_schema_extra={"new_id": True})


class _Declared(BaseModel):
    """What commands and queries share: a route, and the roles that may use it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    context: ClassVar[str] = ""
    route: ClassVar[Route | None] = None
    roles: ClassVar[frozenset[Role]] = frozenset()

    def __init_subclass__(
        cls, *, context: str | None = None, route: str | None = None, roles: Iterable[Role] = (), **config: Any
    ) -> None:
        super().__init_subclass__(**config)
        if context is not None:
            cls.context = context
        cls.route = Route.parse(route) if route else None
        cls.roles = frozenset(roles)

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """The class keywords are read above; pydantic's own hook has nothing to add."""

    @classmethod
    def wire_type(cls) -> str:
        """`cases.CloseCase`: how metadata, the bus and the docs name it."""
        return f"{cls.context}.{cls.__name__}"


class Command(_Declared):
    """An instruction to one aggregate. The edge stamps it with its id, who sends it, and the time."""

    command_id: UUID = NOT_STAMPED
    by: str = NOBODY
    now: datetime = LONG_AGO

    STAMPS: ClassVar[frozenset[str]] = frozenset({"command_id", "by", "now"})

    def stamped(self, command_id: UUID, by: str, now: datetime) -> Self:
        """A copy that says who and when, with the ids of new things filled in (the same for the same command id)."""
        made = {name: str(uuid5(command_id, name)) for name in self.new_ids() if getattr(self, name) == NOBODY}
        return self.model_copy(update={"command_id": command_id, "by": by, "now": now, **made})

    @classmethod
    def new_ids(cls) -> tuple[str, ...]:
        """The fields that name what the command creates."""
        return _new_ids(cls)

    def stated(self) -> dict[str, Any]:
        """What it states, for the event whose fields have the same names: `CaseOpened(**command.stated())`."""
        return {name: getattr(self, name) for name in type(self).model_fields if name not in self.STAMPS}

    def content(self) -> bytes:
        """What was asked for, canonically, without the stamps: two commands that ask for the same are equal here."""
        return self.model_dump_json(exclude=set(self.STAMPS)).encode()


def _new_ids(cls: type[Command]) -> tuple[str, ...]:
    known: tuple[str, ...] | None = cls.__dict__.get("_new_id_fields")
    if known is None:
        known = tuple(name for name, info in cls.model_fields.items() if _is_new_id(info))
        type.__setattr__(cls, "_new_id_fields", known)
    return known


def _is_new_id(info: FieldInfo) -> bool:
    return isinstance(info.json_schema_extra, dict) and bool(info.json_schema_extra.get("new_id"))


class Query(_Declared, Generic[Answer]):
    """A question to one read model. `class ListCases(Query[CasePage], route="GET /cases", roles=...)`.

    One that declares a `media_type` answers with what goes out as it is: a text such as a calendar, or `Base64Bytes`,
    which are in Base64 only where an answer travels as JSON.
    """

    media_type: ClassVar[str | None] = None
    opens_regardless: ClassVar[bool] = False
    """Answered even where the disclosure cannot be put on record yet: for what keeps somebody safe tonight."""

    def __init_subclass__(cls, *, media_type: str | None = None, **config: Any) -> None:
        super().__init_subclass__(**config)
        cls.media_type = media_type

    @classmethod
    def answer_type(cls) -> type[Any]:
        """The type that `Query[...]` was given."""
        for base in cls.__mro__:
            arguments = getattr(base, "__pydantic_generic_metadata__", {}).get("args", ())
            if arguments:
                return arguments[0]  # type: ignore[no-any-return]
        raise TypeError(f"{cls.__name__} does not say what it answers: derive it from Query[...]")


Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class Stored(BaseModel):
    """What is read from the log: tolerant of fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type_name: ClassVar[str] = ""
    version: ClassVar[int] = 1
    upcasters: ClassVar[dict[int, Upcaster]] = {}

    @classmethod
    def upcast(cls, data: dict[str, Any], stored_version: int) -> dict[str, Any]:
        """Bring stored data up to this class's version, one step at a time."""
        for step in range(stored_version, cls.version):
            data = cls.upcasters[step](data)
        return data


class PutsRight(NamedTuple):
    """What a correction or a retraction that has no date of its own refers to.

    The value of its field `by` stands in one of `places`, each a field of an earlier event of the same stream, such as
    `cases.NoteAdded.note`. What it says has been so since that event.
    """

    by: str
    places: tuple[str, ...]


class Event(Stored):
    """A fact. `class CaseOpened(Event, context="cases")`, or through a base that names the context once.

    An event may be the record of a refusal: the fact stays, and the sender gets `refusal` in place of a receipt, the
    same words every time. One that puts another right says which, by which field:
    `class EntryRetracted(CaseEvent, puts_right=("entry", "NoteAdded.note", "SupportGiven.support"))`.
    """

    context: ClassVar[str] = ""
    refusal: ClassVar[ForgetMeNotError | None] = None
    puts_right: ClassVar[PutsRight | None] = None

    def __init_subclass__(
        cls, *, context: str | None = None, version: int = 1, puts_right: tuple[str, ...] = (), **config: Any
    ) -> None:
        super().__init_subclass__(**config)
        if context is not None:
            cls.context = context
        cls.version = version
        if puts_right:
            by, *places = puts_right
            cls.puts_right = PutsRight(by, tuple(f"{cls.context}.{place}" for place in places))
        cls.upcasters = {}
        cls.type_name = f"{cls.context}.{cls.__name__}"

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """The class keywords are read above; pydantic's own hook has nothing to add."""


class View(Stored):
    """Another context's event, with only the fields that the reader uses. `class Made(View, of="cases.Made")`."""

    def __init_subclass__(cls, *, of: str, version: int = 1, **config: Any) -> None:
        super().__init_subclass__(**config)
        cls.version = version
        cls.upcasters = {}
        cls.type_name = of

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """The class keywords are read above; pydantic's own hook has nothing to add."""


def upcasts(cls: type[Stored], stored_version: int) -> Callable[[Upcaster], Upcaster]:
    """Declares the step from `stored_version` to the next, right below the class that it feeds."""

    def declare(step: Upcaster) -> Upcaster:
        cls.upcasters[stored_version] = step
        return step

    return declare


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks, in which roles, for whom and why. Everything but `reason` is stored in the clear: pseudonyms only."""

    actor: str
    roles: frozenset[Role]
    on_behalf_of: str | None = None
    reason: str | None = None
    correlation_id: UUID = field(default_factory=uuid4)
    causation_id: UUID | None = None
    synthetic: bool = False  # invented where the source leaves something open
    late_seconds: int | None = None  # a deadline that fired after its time


class Receipt(NamedTuple):
    """The answer to a command: where its effect stands. A query that waits for `position` sees it."""

    command_id: str
    stream: str
    revision: int
    position: int
    events: tuple[str, ...]
    repeated: bool = False
    ids: Mapping[str, str] = MappingProxyType({})


def union_members(union: Any) -> tuple[type[Any], ...]:
    """The classes of `A | B | C`, or of a single class."""
    if get_origin(union) is Annotated:
        return union_members(get_args(union)[0])
    return get_args(union) or (union,)

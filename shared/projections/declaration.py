"""How a read model is declared: its tables, what each event does to their rows, and the queries it answers.

    class CaseList(Projection):
        name = "case_list"
        cases = table("case_list", Column("case", String, primary_key=True), Column("kind", String), ...)

        @on(CaseOpened)
        def opened(self, e: Recorded[CaseOpened], rows: Rows) -> None:
            rows.put(self.cases, case=e.event.case, kind=e.event.kind)

        @answers(ListCases)
        def list_cases(self, query: ListCases, asking: Asking) -> CasePage:
            ...

Bump `version` whenever a table or a handler changes: the model is then rebuilt beside the live one and switched over.
Personal values are stored as they are in the log, sealed (`e.sealed("text")`), and opened for the asker alone
(`asking.reveal`), so that a read model has nothing of its own to forget. One that derives something from them all the
same says so of its tables (`personal=True`): what it deletes there is purged from the file too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Column, Index, MetaData, RowMapping, Select, Table

from shared.codec import Recorded
from shared.messages import Origin, Query, Stored
from shared.privacy.port import Vault

if TYPE_CHECKING:
    from shared.projections.sight import Sight

F = TypeVar("F", bound=Callable[..., Any])
Key = tuple[Any, ...]


def table(name: str, *parts: Column[Any] | Index, personal: bool = False) -> Table:
    """A table of a read model, in SQLAlchemy Core's terms. It needs a primary key.

    `personal` says that it holds something derived from personal values: deleted rows leave nothing behind.
    """
    declared = Table(name, MetaData(), *parts, info={"personal": personal})
    if not declared.primary_key.columns:
        raise ValueError(f"table {name} needs a primary key")
    return declared


class Rows(Protocol):
    """What a handler does to rows. Operations are gathered and written together; `get` sees those still pending."""

    def put(self, table: Table, /, **row: Any) -> None:
        """Insert the row, or replace the one with its primary key. Columns left out are null."""
        ...

    def change(self, table: Table, key: Key, /, **columns: Any) -> None:
        """Change columns of the row with this primary key; nothing happens if there is none."""
        ...

    def add(self, table: Table, key: Key, /, **amounts: int) -> None:
        """Add to numeric columns of the row with this primary key, which is made (others null, from 0) if need be."""
        ...

    def drop(self, table: Table, key: Key, /) -> None:
        """Delete the row with this primary key, if there."""
        ...

    def get(self, table: Table, key: Key, /) -> Mapping[str, Any] | None:
        """The row with this primary key. Costs a query when nothing is pending for it: prefer not to ask."""
        ...


class Asking(Protocol):
    """What a query has to work with: rows at one position, and who asks."""

    origin: Origin
    position: int  # the read model reflects the log up to here
    sight: Sight  # what the asker may know of: lists are restricted by it

    def live(self, table: Table, /) -> Table:
        """The table under the name that is live now: build statements on its columns."""
        ...

    def rows(self, statement: Select[Any], /) -> Sequence[RowMapping]:
        """Run a statement built on `live` tables."""
        ...

    def reveal(self, sealed: str | None, /) -> Any:
        """Open a sealed value for the asker, on the record. None stays None.

        Gives `Redacted` in its place if it has been forgotten, or if the asker's roles may not see it.
        """
        ...


class Redacted(BaseModel):
    """Stands where a personal value would, and says why it does not."""

    model_config = ConfigDict(frozen=True)

    hidden: Literal["forgotten", "withheld"]


class Projection:
    """One read model. Subclass, name it, declare tables and handlers; see the module's docstring."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    skips_unknown: ClassVar[bool] = True  # events without a handler are none of this model's business

    @classmethod
    def tables(cls) -> dict[str, Table]:
        """Its tables by declared name."""
        return {found.name: found for value in attributes_of(cls) if isinstance(found := value, Table)}

    def handlers(self) -> dict[str, tuple[type[Stored], Callable[[Recorded[Any], Rows], None]]]:
        """Stored type -> the class to decode it as, and the method that takes it.

        A handler for `Anything` is under `"*"`, and gets events of every type undecoded.
        """
        return {
            cls.type_name: (cls, method.__get__(self))
            for method in attributes_of(type(self))
            for cls in getattr(method, "_on", ())
        }

    @classmethod
    def queries(cls) -> Iterator[type[Query[Any]]]:
        """The queries that it answers."""
        for method in attributes_of(cls):
            yield from getattr(method, "_answers", ())

    def opening_with(self, vault: Vault) -> Projection:
        """This read model as whoever runs it needs it: itself, for all but those that open values to be filled."""
        return self

    def answer(self, query: Query[Any], asking: Asking) -> Any:
        """Answer one of `queries()`."""
        for method in attributes_of(type(self)):
            if type(query) in getattr(method, "_answers", ()):
                return method(self, query, asking)
        raise TypeError(f"{self.name} does not answer {type(query).__name__}")


class Anything(Stored):
    """For a handler that takes events of every type, undecoded: what it needs is in `e.raw` and `e.metadata`."""

    type_name: ClassVar[str] = "*"


def on(*messages: type[Stored]) -> Callable[[F], F]:
    """This method takes these events (or views of other contexts' events)."""

    def mark(method: F) -> F:
        method._on = messages  # type: ignore[attr-defined]
        return method

    return mark


def answers(*queries: type[Query[Any]]) -> Callable[[F], F]:
    """This method answers these queries."""

    def mark(method: F) -> F:
        method._answers = queries  # type: ignore[attr-defined]
        return method

    return mark


def attributes_of(cls: type) -> Iterable[Any]:
    """Everything that a declaration class holds, inherited or its own, in the order of its declaration."""
    seen: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        seen.update(vars(base))
    return list(seen.values())

"""What handlers do to rows, gathered and written together: one operation a row, one statement for many rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shared.projections.declaration import Key

Row = dict[str, Any]
REMEMBERED = 20_000
"""Rows that are kept in mind of one read model, so that a handler which asks for them does not cost a query each."""


class Kind(Enum):
    """What is to become of one row."""

    PUT = "put"
    CHANGE = "change"
    ADD = "add"
    DROP = "drop"


Shape = tuple[Kind, tuple[str, ...], tuple[str, ...]]
"""Operations that one statement writes: their kind, the columns they set, and those they add to."""


@dataclass(slots=True)
class Pending:
    """One row's operation. `PUT` has the whole row in `columns`; `ADD` may set `columns` beside its amounts."""

    kind: Kind
    columns: Row = field(default_factory=dict)
    amounts: dict[str, int] = field(default_factory=dict)


class TableRows:
    """The rows of one table: those pending, those remembered, and the statements that write them."""

    def __init__(self, stored: Table, dialect: str) -> None:
        self.pending: dict[Key, Pending] = {}
        self._stored = stored
        self._key_names = tuple(column.name for column in stored.primary_key.columns)
        self._blank: Row = dict.fromkeys(column.name for column in stored.columns)
        self._insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
        self._known: OrderedDict[Key, Row | None] = OrderedDict()
        self._statements: dict[Shape, Any] = {}
        self._by_key: Select[Any] = select(stored).where(
            *(stored.c[name] == bindparam(f"key_{name}") for name in self._key_names)
        )

    def put(self, row: Row) -> None:
        """See `Rows.put`. Raises KeyError for a row without its key, ValueError for a column that is not there."""
        key = tuple([row[name] for name in self._key_names])
        whole = self._blank | row
        if len(whole) != len(self._blank):
            self._check(row)
        self.pending[key] = Pending(Kind.PUT, whole)

    def change(self, key: Key, columns: Row) -> None:
        """See `Rows.change`."""
        self._check(columns)
        found = self.pending.get(key) or self._recall(key)
        if found is None:
            self.pending[key] = Pending(Kind.CHANGE, columns)
        elif found.kind is not Kind.DROP:
            found.columns.update(columns)
            if found.amounts:
                found.amounts = {name: amount for name, amount in found.amounts.items() if name not in columns}

    def add(self, key: Key, amounts: dict[str, int], engine: Engine) -> None:
        """See `Rows.add`."""
        found = self.pending.get(key) or self._recall(key)
        if found is None:
            self._check(amounts)
            self.pending[key] = Pending(Kind.ADD, amounts=amounts)
            return
        if found.kind is Kind.CHANGE or (found.kind is Kind.ADD and found.columns):
            found = self._read_through(key, engine)
        if found.kind is Kind.ADD:
            self._check(amounts)
            for name, amount in amounts.items():
                found.amounts[name] = found.amounts.get(name, 0) + amount
            return
        if found.kind is Kind.DROP:
            self.put(self._named(key) | amounts)
            return
        for name, amount in amounts.items():
            found.columns[name] = (found.columns[name] or 0) + amount

    def drop(self, key: Key) -> None:
        """See `Rows.drop`."""
        self.pending[key] = Pending(Kind.DROP)

    def get(self, key: Key, engine: Engine) -> Row | None:
        """See `Rows.get`."""
        found = self.pending.get(key)
        if found is None:
            if key in self._known:
                self._known.move_to_end(key)
            else:
                self._remember(key, self._read(key, engine))
            return self._known[key]
        if found.kind in (Kind.CHANGE, Kind.ADD):
            found = self._read_through(key, engine)
        return found.columns if found.kind is Kind.PUT else None

    def flush(self, connection: Connection) -> None:
        """Write what is pending, many rows a statement. It stays pending until `settle` or `forget`."""
        batches: dict[Shape, list[Row]] = {}
        for key, one in sorted(self.pending.items()) if len(self.pending) > 1 else self.pending.items():
            if one.kind is Kind.PUT:
                batches.setdefault((Kind.PUT, (), ()), []).append(one.columns)
                continue
            shape: Shape = (one.kind, tuple(sorted(one.columns)), tuple(sorted(one.amounts)))
            if one.kind is Kind.ADD:
                parameters = self._named(key) | one.columns | one.amounts
            else:
                parameters = {f"key_{name}": part for name, part in zip(self._key_names, key, strict=True)}
                parameters |= {f"new_{name}": value for name, value in one.columns.items()}
            batches.setdefault(shape, []).append(parameters)
        # Deleted rows first: another may take what was unique to them.
        for shape in sorted(batches, key=lambda shape: shape[0] is not Kind.DROP):
            connection.execute(self._statement(shape), batches[shape])

    def settle(self) -> None:
        """What was pending is committed: remember it as it now is."""
        for key, one in self.pending.items():
            if one.kind is Kind.PUT:
                self._remember(key, one.columns)
            elif one.kind is Kind.DROP:
                self._remember(key, None)
        self.pending = {}

    def forget(self) -> None:
        """What was pending is given up, and nothing is remembered."""
        self.pending = {}
        self._known.clear()

    def _recall(self, key: Key) -> Pending | None:
        """A row that is remembered becomes pending whole, so that it stays known."""
        if key not in self._known:
            return None
        row = self._known.pop(key)
        self.pending[key] = found = Pending(Kind.DROP) if row is None else Pending(Kind.PUT, row)
        return found

    def _read_through(self, key: Key, engine: Engine) -> Pending:
        """The pending row as it will be, with what the table holds underneath."""
        pending = self.pending[key]
        stored = self._read(key, engine)
        if stored is None and pending.kind is Kind.CHANGE:
            self.pending[key] = found = Pending(Kind.DROP)
            return found
        row = stored or self._blank | self._named(key)
        row |= {name: (row[name] or 0) + amount for name, amount in pending.amounts.items()} | pending.columns
        self.pending[key] = found = Pending(Kind.PUT, row)
        return found

    def _read(self, key: Key, engine: Engine) -> Row | None:
        parameters = {f"key_{name}": part for name, part in zip(self._key_names, key, strict=True)}
        with engine.connect() as connection:
            found = connection.execute(self._by_key, parameters).mappings().one_or_none()
        return None if found is None else dict(found)

    def _remember(self, key: Key, row: Row | None) -> None:
        self._known[key] = row
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _named(self, key: Key) -> Row:
        return dict(zip(self._key_names, key, strict=True))

    def _check(self, columns: Mapping[str, Any]) -> None:
        if not columns.keys() <= self._blank.keys():
            unknown = ", ".join(sorted(columns.keys() - self._blank.keys()))
            raise ValueError(f"{self._stored.name} has no column {unknown}")

    def _statement(self, shape: Shape) -> Any:
        if shape not in self._statements:
            self._statements[shape] = self._build(*shape)
        return self._statements[shape]

    def _build(self, kind: Kind, columns: tuple[str, ...], amounts: tuple[str, ...]) -> Any:
        stored = self._stored
        of_this_key = [stored.c[name] == bindparam(f"key_{name}") for name in self._key_names]
        if kind is Kind.DROP:
            return delete(stored).where(*of_this_key)
        if kind is Kind.CHANGE:
            return update(stored).where(*of_this_key).values({name: bindparam(f"new_{name}") for name in columns})
        insert = self._insert(stored)
        if kind is Kind.PUT:
            settable = [name for name in self._blank if name not in self._key_names]
            new = {name: insert.excluded[name] for name in settable}
        else:
            new = {name: insert.excluded[name] for name in columns}
            new |= {name: func.coalesce(stored.c[name], 0) + insert.excluded[name] for name in amounts}
        if not new:
            return insert.on_conflict_do_nothing()
        return insert.on_conflict_do_update(index_elements=list(self._key_names), set_=new)


class PendingRows:
    """`Rows` over the tables of one generation of a read model. Used by one thread."""

    def __init__(self, engine: Engine, tables: Mapping[str, Table]) -> None:
        """`tables` has the stored table for each declared name."""
        self._engine = engine
        self._tables = {name: TableRows(stored, engine.dialect.name) for name, stored in tables.items()}

    def put(self, table: Table, /, **row: Any) -> None:
        """See `Rows.put`."""
        self._tables[table.name].put(row)

    def change(self, table: Table, key: Key, /, **columns: Any) -> None:
        """See `Rows.change`."""
        self._tables[table.name].change(key, columns)

    def add(self, table: Table, key: Key, /, **amounts: int) -> None:
        """See `Rows.add`."""
        self._tables[table.name].add(key, amounts, self._engine)

    def drop(self, table: Table, key: Key, /) -> None:
        """See `Rows.drop`."""
        self._tables[table.name].drop(key)

    def get(self, table: Table, key: Key, /) -> Mapping[str, Any] | None:
        """See `Rows.get`."""
        return self._tables[table.name].get(key, self._engine)

    def flush(self, connection: Connection) -> None:
        """Write what is pending."""
        for rows in self._tables.values():
            if rows.pending:
                rows.flush(connection)

    def settle(self) -> None:
        """What was flushed is committed."""
        for rows in self._tables.values():
            rows.settle()

    def forget(self) -> None:
        """Nothing that was gathered counts."""
        for rows in self._tables.values():
            rows.forget()

    def __len__(self) -> int:
        return sum(len(rows.pending) for rows in self._tables.values())

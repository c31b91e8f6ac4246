"""What handlers do to rows, gathered and written together: one operation a row, one statement for many rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Table

from shared.projections.declaration import Key
from shared.projections.writes import DROP, PUT, Shape, Writes

Row = dict[str, Any]
REMEMBERED = 20_000
"""Rows that are kept in mind of one table, so that a handler which asks for them does not cost a query each."""


@dataclass(slots=True)
class Partial:
    """What is to happen to a row of which only a part is known: set these columns, then add these amounts.

    `makes` says whether the row is made if it is not there.
    """

    makes: bool
    columns: Row = field(default_factory=dict)
    amounts: dict[str, int] = field(default_factory=dict)

    def change(self, columns: Row) -> None:
        """Set columns, whatever was added to them before."""
        self.columns |= columns
        for name in columns:
            self.amounts.pop(name, None)

    def add(self, amounts: Mapping[str, int]) -> None:
        """Add to columns, whether they were set before or not."""
        for name, amount in amounts.items():
            if name in self.columns:
                self.columns[name] = (self.columns[name] or 0) + amount
            else:
                self.amounts[name] = self.amounts.get(name, 0) + amount

    def apply(self, row: Row) -> None:
        """Do it to `row`."""
        row |= self.columns
        _add(row, self.amounts)


Pending = Row | Partial | None
"""What is to become of a row: this whole row, a part of it, or nothing (it goes)."""


class Reading:
    """The connection that stored rows are read through, until the next write: one for all who gather together.

    To open one for each row costs ten times as much as the row.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._connection: Connection | None = None

    def connection(self) -> Connection:
        """Open since the first row that was asked for. What it reads is written by nobody meanwhile."""
        if self._connection is None:
            self._connection = self.engine.connect()
        return self._connection

    def end(self) -> None:
        """Let go of it, and of the snapshot that it may hold."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class TableRows:
    """The rows of one table: those pending, and those remembered."""

    def __init__(self, stored: Table, reading: Reading) -> None:
        self.pending: dict[Key, Pending] = {}
        self._personal = bool(stored.info.get("personal"))
        self._reading = reading
        self._writes = Writes(stored, reading.engine.dialect)
        self._key_names = self._writes.key_names
        self._only_key = self._key_names[0] if len(self._key_names) == 1 else None
        self._column_names = self._writes.column_names
        self._blank: Row = dict.fromkeys(self._column_names)
        self._known: OrderedDict[Key, Row | None] = OrderedDict()
        self._is_asked = False  # a table that nobody asks need not be remembered

    def put(self, row: Row) -> None:
        """See `Rows.put`. Raises KeyError for a row without its key, ValueError for a column that is not there."""
        key = (row[self._only_key],) if self._only_key else tuple([row[name] for name in self._key_names])
        if tuple(row) != self._column_names:  # not all columns in the table's order, as they usually are
            whole = self._blank | row
            if len(whole) != len(self._blank):
                self._check(row)
            row = whole
        self.pending[key] = row

    def change(self, key: Key, columns: Row) -> None:
        """See `Rows.change`."""
        self._check(columns)
        if not columns:
            return
        match self._find(key):
            case dict() as row:
                row.update(columns)
            case Partial() as partial:
                partial.change(columns)
            case None if key not in self.pending:
                self.pending[key] = Partial(False, columns)

    def add(self, key: Key, amounts: dict[str, int]) -> None:
        """See `Rows.add`."""
        self._check(amounts)
        match self._find(key):
            case dict() as row:
                _add(row, amounts)
            case Partial(makes=True) as partial:
                partial.add(amounts)
            case Partial():
                # Whether the change before it found a row decides what this comes to: look.
                self._read_through(key)
                self.add(key, amounts)
            case None if key in self.pending:
                self.put(self._named(key) | amounts)
            case None:
                self.pending[key] = Partial(True, amounts=amounts)

    def drop(self, key: Key) -> None:
        """See `Rows.drop`."""
        self.pending[key] = None

    def get(self, key: Key) -> Row | None:
        """See `Rows.get`."""
        self._is_asked = True
        match self._find(key):
            case dict() as row:
                return row
            case Partial():
                return self._read_through(key)
            case None if key in self.pending:
                return None
        stored = self._read(key)
        self._remember(key, stored)
        return stored

    def flush(self, connection: Connection) -> None:
        """Write what is pending, many rows a statement. It stays pending until `settle` or `forget`."""
        batches: dict[Shape, list[Sequence[Any]]] = {}
        put = batches.setdefault(PUT, [])
        drop = batches.setdefault(DROP, [])
        for key, one in self.pending.items():
            if type(one) is dict:
                put.append(tuple(one.values()))
            elif isinstance(one, Partial):
                shape = Shape("make" if one.makes else "change", tuple(one.columns), tuple(one.amounts))
                batches.setdefault(shape, []).append((*key, *one.columns.values(), *one.amounts.values()))
            else:
                drop.append(key)
        # Deleted rows first: another may take what was unique to them.
        for shape in (DROP, *(shape for shape in batches if shape != DROP)):
            if rows := batches[shape]:
                self._writes.execute(connection, shape, rows)

    @property
    def lets_go(self) -> bool:
        """Whether something personal is to be deleted, of which no copy may stay anywhere in the file."""
        return self._personal and None in self.pending.values()

    def settle(self) -> None:
        """What was pending is committed: remember it as it now is."""
        if self._is_asked:
            for key, one in self.pending.items():
                if not isinstance(one, Partial):
                    self._remember(key, one)
        self.pending = {}

    def forget(self) -> None:
        """What was pending is given up, and nothing is remembered."""
        self.pending = {}
        self._known.clear()

    def _find(self, key: Key) -> Pending:
        """What is pending. A row that is remembered becomes pending, whole, so that it stays known."""
        if key not in self.pending and key in self._known:
            self.pending[key] = self._known.pop(key)
        return self.pending.get(key)

    def _read_through(self, key: Key) -> Row | None:
        """The row as it will be, where part of it is pending."""
        partial = self.pending[key]
        assert isinstance(partial, Partial)  # noqa: S101
        row = self._read(key)
        if row is None and partial.makes:
            row = self._blank | self._named(key)
        if row is not None:
            partial.apply(row)
        self.pending[key] = row
        return row

    def _read(self, key: Key) -> Row | None:
        return self._writes.read(self._reading.connection(), key)

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
            raise ValueError(f"there is no column {unknown}")


def _add(row: Row, amounts: Mapping[str, int]) -> None:
    for name, amount in amounts.items():
        row[name] = (row[name] or 0) + amount


class PendingRows:
    """`Rows` over the tables of one generation of a read model. Used by one thread."""

    def __init__(self, engine: Engine, tables: Mapping[str, Table], reading: Reading | None = None) -> None:
        """`tables` has the stored table for each declared name."""
        self._reading = reading or Reading(engine)
        self._tables = {name: TableRows(stored, self._reading) for name, stored in tables.items()}

    def put(self, table: Table, /, **row: Any) -> None:
        """See `Rows.put`."""
        self._tables[table.name].put(row)

    def change(self, table: Table, key: Key, /, **columns: Any) -> None:
        """See `Rows.change`."""
        self._tables[table.name].change(key, columns)

    def add(self, table: Table, key: Key, /, **amounts: int) -> None:
        """See `Rows.add`."""
        self._tables[table.name].add(key, amounts)

    def drop(self, table: Table, key: Key, /) -> None:
        """See `Rows.drop`."""
        self._tables[table.name].drop(key)

    def get(self, table: Table, key: Key, /) -> Mapping[str, Any] | None:
        """See `Rows.get`."""
        return self._tables[table.name].get(key)

    def end_reading(self) -> None:
        """Let go of the connection that stored rows were read through.

        Not in a transaction that writes: in memory there is one connection, and letting go of it would roll that back.
        """
        self._reading.end()

    def flush(self, connection: Connection) -> None:
        """Write what is pending. `end_reading` comes first, before the transaction."""
        for rows in self._tables.values():
            if rows.pending:
                rows.flush(connection)

    @property
    def lets_go(self) -> bool:
        """Whether something personal is to be deleted."""
        return any(rows.lets_go for rows in self._tables.values())

    def settle(self) -> None:
        """What was flushed is committed."""
        self._reading.end()
        for rows in self._tables.values():
            rows.settle()

    def forget(self) -> None:
        """Nothing that was gathered counts."""
        self._reading.end()
        for rows in self._tables.values():
            rows.forget()

    def __len__(self) -> int:
        return sum(len(rows.pending) for rows in self._tables.values())

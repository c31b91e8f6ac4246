"""The statements that write a read model's table: each built once, and executed for many rows at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    BindParameter,
    Boolean,
    Connection,
    Dialect,
    Select,
    Table,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase


class Shape(NamedTuple):
    """What one statement does, the columns that it sets, and those that it adds to.

    `put` writes whole rows, `drop` deletes them; `make` and `change` write some columns, and `make` makes a row that
    is not there.
    """

    kind: Literal["put", "make", "change", "drop"]
    columns: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()


PUT = Shape("put")
DROP = Shape("drop")


class Writes:
    """Writes rows of one table. Their values come in the order key, columns, amounts; for `put` in the table's."""

    def __init__(self, stored: Table, dialect: Dialect) -> None:
        self.key_names = tuple(column.name for column in stored.primary_key.columns)
        self.column_names = tuple(column.name for column in stored.columns)
        self._stored = stored
        self._dialect = dialect
        self._insert: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        self._prepared: dict[Shape, Callable[[Connection, Sequence[Sequence[Any]]], None]] = {}
        self._key: list[BindParameter[Any]] = [bindparam(f"key_{name}") for name in self.key_names]
        self._this_row = [stored.c[bind.key.removeprefix("key_")] == bind for bind in self._key]
        self._read = self._prepare_read(select(stored).where(*self._this_row))

    def execute(self, connection: Connection, shape: Shape, rows: Sequence[Sequence[Any]]) -> None:
        """Write `rows`, all of one shape."""
        if shape not in self._prepared:
            self._prepared[shape] = self._prepare(*self._statement(shape))
        self._prepared[shape](connection, rows)

    def read(self, connection: Connection, key: Sequence[Any]) -> dict[str, Any] | None:
        """The row with this key."""
        return self._read(connection, key)

    def _statement(self, shape: Shape) -> tuple[UpdateBase, list[tuple[str, str]]]:
        """The statement, and for each value that it takes the name of its parameter and of its column."""
        keys = [(f"key_{name}", name) for name in self.key_names]
        if shape == DROP:
            return delete(self._stored).where(*self._this_row), keys
        if shape.kind == "change":
            changed = update(self._stored).where(*self._this_row)
            values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in shape.columns}
            return changed.values(values), keys + [(f"new_{name}", name) for name in shape.columns]
        names = self.column_names if shape == PUT else (*self.key_names, *shape.columns, *shape.amounts)
        made = self._insert(self._stored).values({name: bindparam(name) for name in names})
        new: dict[str, Any] = {name: made.excluded[name] for name in names if name not in self.key_names}
        for name in shape.amounts:
            new[name] = func.coalesce(self._stored.c[name], literal_column("0")) + made.excluded[name]
        if new:
            made = made.on_conflict_do_update(index_elements=list(self.key_names), set_=new)
        else:
            made = made.on_conflict_do_nothing()
        return made, [(name, name) for name in names]

    def _prepare(
        self, statement: UpdateBase, parameters: Sequence[tuple[str, str]]
    ) -> Callable[[Connection, Sequence[Sequence[Any]]], None]:
        names = [name for name, _ in parameters]
        if not self._dialect.positional:
            return lambda connection, rows: _execute_named(connection, statement, names, rows)
        # Straight to the driver: it spares a dict, and a copy of it, for each of very many rows.
        compiled = statement.compile(dialect=self._dialect)
        assert isinstance(compiled, SQLCompiler) and compiled.positiontup is not None  # noqa: S101
        order = [names.index(name) for name in compiled.positiontup]
        binds = [
            (place, bind)
            for place, name in enumerate(compiled.positiontup)
            if (bind := self._bind(dict(parameters)[name]))
        ]
        in_order = order == list(range(len(names)))

        def execute(connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
            values = [*map(tuple, rows)] if in_order else [tuple([row[at] for at in order]) for row in rows]
            if binds:
                values = [_bound(row, binds) for row in values]
            connection.exec_driver_sql(compiled.string, values)

        return execute

    def _prepare_read(self, statement: Select[Any]) -> Callable[[Connection, Sequence[Any]], dict[str, Any] | None]:
        """Straight to the driver as well, where it takes parameters by place: most of what a key costs otherwise."""
        names = [bind.key for bind in self._key]
        if not self._dialect.positional:

            def execute(connection: Connection, key: Sequence[Any]) -> dict[str, Any] | None:
                found = connection.execute(statement, dict(zip(names, key, strict=True))).one_or_none()
                return None if found is None else dict(found._mapping)

            return execute
        compiled = statement.compile(dialect=self._dialect)
        assert isinstance(compiled, SQLCompiler) and compiled.positiontup == names  # noqa: S101
        binds = [self._bind(name) or _as_it_is for name in self.key_names]
        results = [
            (column.name, column.type.dialect_impl(self._dialect).result_processor(self._dialect, None) or _as_it_is)
            for column in self._stored.columns
        ]

        def read(connection: Connection, key: Sequence[Any]) -> dict[str, Any] | None:
            cursor = connection.connection.cursor()  # begins no transaction: each read sees what is committed
            try:
                cursor.execute(compiled.string, [bind(part) for bind, part in zip(binds, key, strict=True)])
                found = cursor.fetchone()
            except sqlite3.Error as error:
                raise DBAPIError.instance(compiled.string, None, error, sqlite3.Error) from error
            finally:
                cursor.close()
            if found is None:
                return None
            return {name: made(value) for (name, made), value in zip(results, found, strict=True)}

        return read

    def _bind(self, column: str) -> Callable[[Any], Any] | None:
        """What makes a value of this column into the driver's own, if anything has to."""
        kind = self._stored.c[column].type
        if isinstance(kind, Boolean) and self._dialect.name == "sqlite":
            return None  # the driver stores True as 1 by itself
        return kind.dialect_impl(self._dialect).bind_processor(self._dialect)


def _as_it_is(value: Any) -> Any:
    return value


def _bound(row: tuple[Any, ...], binds: Sequence[tuple[int, Callable[[Any], Any]]]) -> tuple[Any, ...]:
    values = list(row)
    for place, bind in binds:
        values[place] = bind(values[place])
    return tuple(values)


def _execute_named(
    connection: Connection, statement: UpdateBase, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])

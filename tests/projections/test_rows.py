"""Rows gathered and written together come to the same as rows written one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, Boolean, Column, DateTime, Engine, Integer, String, insert, select

from shared.projections.declaration import table
from shared.projections.engine import read_model_engine, writing
from shared.projections.rows import PendingRows

people = table(
    "people",
    Column("house", String, primary_key=True),
    Column("room", Integer, primary_key=True),
    Column("name", String),
    Column("nights", Integer),
    Column("meals", Integer),
)
Kept = dict[tuple[str, int], dict[str, Any]]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database with the table."""
    engine = read_model_engine(tmp_path_factory.mktemp("rows") / "read.db")
    people.metadata.create_all(engine)
    yield engine
    engine.dispose()


keys = st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 2))
columns = st.fixed_dictionaries(
    {}, optional={"name": st.none() | st.sampled_from(["x", "y"]), "nights": st.none() | st.integers(0, 9)}
)
amounts = st.fixed_dictionaries({}, optional={"nights": st.integers(-3, 3), "meals": st.integers(-3, 3)})
operations = st.one_of(
    st.tuples(st.sampled_from(["put", "change"]), keys, columns),
    st.tuples(st.just("add"), keys, amounts),
    st.tuples(st.sampled_from(["drop", "get"]), keys, st.none()),
    st.tuples(st.sampled_from(["flush", "give up"]), keys, st.none()),
)


def one_by_one(kept: Kept, what: str, key: tuple[str, int], values: dict[str, Any]) -> None:
    """What an operation means, as plainly as it can be said."""
    blank = {"house": key[0], "room": key[1], "name": None, "nights": None, "meals": None}
    match what:
        case "put":
            kept[key] = blank | values
        case "change" if key in kept:
            kept[key] = kept[key] | values
        case "add":
            row = kept.get(key, blank)
            kept[key] = row | {name: (row[name] or 0) + by for name, by in values.items()}
        case "drop":
            kept.pop(key, None)


@settings(max_examples=300, deadline=None)
@given(history=st.lists(operations, max_size=14))
def test_gathered_operations_come_to_the_same_as_one_by_one(
    engine: Engine, history: list[tuple[str, Any, Any]]
) -> None:
    with writing(engine) as connection:
        connection.execute(people.delete())
    rows = PendingRows(engine, {"people": people})
    kept: Kept = {}
    committed: Kept = {}
    for what, key, values in [*history, ("flush", None, None)]:
        match what:
            case "put":
                rows.put(people, house=key[0], room=key[1], **values)
            case "change":
                rows.change(people, key, **values)
            case "add":
                rows.add(people, key, **values)
            case "drop":
                rows.drop(people, key)
            case "get":
                assert rows.get(people, key) == kept.get(key)
            case "flush":
                with writing(engine) as connection:
                    rows.flush(connection)
                rows.settle()
                committed = dict(kept)
            case "give up":
                rows.forget()
                kept = dict(committed)
        if values is not None:
            one_by_one(kept, what, key, values)
        elif what == "drop":
            kept.pop(key, None)
    with engine.connect() as connection:
        found = {(row.house, row.room): dict(row._mapping) for row in connection.execute(select(people))}
    assert found == kept


def test_a_column_that_is_not_there_is_refused_at_once(engine: Engine) -> None:
    rows = PendingRows(engine, {"people": people})
    with pytest.raises(ValueError, match="no column nme"):
        rows.put(people, house="a", room=1, nme="x")
    with pytest.raises(ValueError, match="no column nme"):
        rows.change(people, ("a", 1), nme="x")
    with pytest.raises(ValueError, match="no column nme"):
        rows.add(people, ("a", 1), nme=1)


def test_a_row_without_its_key_is_refused_at_once(engine: Engine) -> None:
    rows = PendingRows(engine, {"people": people})
    with pytest.raises(KeyError):
        rows.put(people, house="a", name="x")


def test_values_are_stored_as_their_columns_say(tmp_path: Path) -> None:
    """As SQLAlchemy itself would store them, although rows go past it to the driver."""
    typed = table(
        "typed",
        Column("key", Integer, primary_key=True),
        Column("flag", Boolean),
        Column("facts", JSON),
        Column("at", DateTime),
    )
    engine = read_model_engine(tmp_path / "read.db")
    typed.metadata.create_all(engine)
    row = {"flag": True, "facts": {"a": [1]}, "at": datetime(2008, 10, 2, 10)}
    rows = PendingRows(engine, {"typed": typed})
    rows.put(typed, key=1, **row)
    with writing(engine) as connection:
        rows.flush(connection)
        connection.execute(insert(typed).values(key=2, **row))
    rows.settle()
    rows.change(typed, (1,), **row)
    assert rows.get(typed, (1,)) == {"key": 1, **row}
    with writing(engine) as connection:
        rows.flush(connection)
        stored = [found[1:] for found in connection.exec_driver_sql("SELECT * FROM typed ORDER BY key")]
    assert stored[0] == stored[1]
    engine.dispose()

"""The generations of a read model: the one that answers, and the one that is being built beside it.

Each has tables of its own (`case_list__7` for the table `case_list` of generation 7) and one line in `generations`,
which says how far it reflects the log and whether it stopped. That line is the truth for every process: whoever
writes rows moves the position in the same transaction, from the value that it started with.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    inspect,
    select,
    update,
)
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable

from shared.codec import Recorded
from shared.messages import Stored
from shared.projections.declaration import Anything, Projection
from shared.projections.engine import writing
from shared.projections.rows import PendingRows, Reading

CHUNK = 20_000  # events a transaction while catching up

Handler = Callable[[Recorded[Any], Any], None]

_metadata = MetaData()

generations = Table(
    "generations",
    _metadata,
    Column("generation", Integer, primary_key=True),
    Column("name", String, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("shape", String, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("live", Boolean, nullable=False),
    Column("stopped_at", BigInteger),  # the position of the event that it cannot take
    Column("error", String),  # what went wrong there: names of classes only
    sqlite_autoincrement=True,  # a number is never used twice
)

parked_events = Table(
    "parked_events",
    _metadata,
    Column("generation", Integer, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("name", String, nullable=False, index=True),
    Column("error", String),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database says of one generation."""

    generation: int
    name: str
    version: int
    shape: str
    position: int
    live: bool
    stopped_at: int | None
    error: str | None

    def fits(self, projection: Projection) -> bool:
        """Whether it was built by this declaration, so that its handlers may go on and its queries may ask."""
        return self.version == projection.version and self.shape == shape_of(projection)


class Generation:
    """One generation as a projector works on it. `position` is where the log has been taken in and committed."""

    def __init__(
        self, projection: Projection, standing: Standing, engine: Engine, reading: Reading | None = None
    ) -> None:
        self.projection = projection
        self.name = projection.name
        self.number = standing.generation
        self.live = standing.live
        self.position = standing.position
        self.rows = PendingRows(engine, stored_tables(projection, self.number), reading)
        self.handlers: Mapping[str, tuple[type[Stored], Handler]] = projection.handlers()
        self.takes_all = Anything.type_name in self.handlers or not projection.skips_unknown
        self.chunk = CHUNK  # how much of the log it takes in at once: less where something fails, to find what
        self.attempts = 0  # at an event that fails

    def moved_to(self, position: int) -> None:
        """Its rows are committed, and reflect the log up to `position`."""
        self.rows.settle()
        self.position = position
        self.attempts = 0
        self.chunk = min(self.chunk * 16, CHUNK)


def create_bookkeeping(connection: Connection) -> None:
    """Make the tables that this module is about, unless they are there."""
    _metadata.create_all(connection)


def standings(connection: Connection, names: Iterable[str] | None = None) -> list[Standing]:
    """What the database says of the generations of these read models (None: of all), oldest first."""
    query = select(generations).order_by(generations.c.generation)
    if names is not None:
        query = query.where(generations.c.name.in_(list(names)))
    return [Standing(*row) for row in connection.execute(query)]


def begin_generation(connection: Connection, projection: Projection, *, live: bool) -> int:
    """Make the tables of a new generation. Secondary indexes follow when it goes live: rows are quicker without."""
    made = connection.execute(
        generations.insert().values(
            name=projection.name, version=projection.version, shape=shape_of(projection), position=0, live=live
        )
    )
    assert made.inserted_primary_key is not None  # noqa: S101
    number = int(made.inserted_primary_key[0])
    for stored in stored_tables(projection, number).values():
        connection.execute(CreateTable(stored))
    if live:
        for index, _ in _indexes(projection, number):
            connection.execute(index)
    return number


def go_live(engine: Engine, generation: Generation) -> bool:
    """Make its indexes and switch over. False if the live one is ahead: then this one has to catch up first.

    False too if it is no longer on the books. Over many rows an index takes a while, and nobody else can write
    meanwhile: hence a transaction for each.
    """
    for index, personal in _indexes(generation.projection, generation.number):
        # What is personal is purged from the database's own file, but from no other.
        with writing(engine, sort_in_files=not personal) as connection:
            if generation.number not in {one.generation for one in standings(connection, [generation.name])}:
                return False
            connection.execute(index)
    with writing(engine) as connection:
        books = standings(connection, [generation.name])
        others = [one for one in books if one.generation != generation.number]
        if len(others) == len(books):
            return False  # somebody has struck it from the books
        ahead = [one for one in others if one.live and one.fits(generation.projection) and one.stopped_at is None]
        if any(one.position > generation.position for one in ahead):
            return False
        connection.execute(delete(generations).where(generations.c.generation.in_([one.generation for one in others])))
        connection.execute(update(generations).where(generations.c.generation == generation.number).values(live=True))
    return True


def abandon(connection: Connection, numbers: Iterable[int]) -> None:
    """Strike generations from the books. Their tables go at the next `sweep`."""
    connection.execute(delete(generations).where(generations.c.generation.in_(list(numbers))))


def sweep(connection: Connection, projections: Iterable[Projection]) -> None:
    """Drop tables of generations of these read models that are no longer on the books, and what was parked for them."""
    kept = {one.generation for one in standings(connection)}
    declared = {name for projection in projections for name in projection.tables()}
    for name in inspect(connection).get_table_names():
        if (match := re.fullmatch(r"(.+)__(\d+)", name)) and match[1] in declared and int(match[2]) not in kept:
            connection.execute(DropTable(Table(name, MetaData())))
    connection.execute(delete(parked_events).where(parked_events.c.generation.not_in(kept)))


def stored_tables(projection: Projection, number: int) -> dict[str, Table]:
    """The tables of a generation, by declared name."""
    return {name: stored_table(declared, number) for name, declared in projection.tables().items()}


def stored_table(declared: Table, number: int) -> Table:
    """The table of a generation, without its secondary indexes."""
    columns = [
        Column(column.name, column.type, nullable=column.nullable, primary_key=column.primary_key, autoincrement=False)
        for column in declared.columns
    ]
    return Table(f"{declared.name}__{number}", MetaData(), *columns, info=declared.info)


@cache
def shape_of(projection: Projection) -> str:
    """A hash of the tables as declared: another one means that the rows have to be made anew."""
    lines = []
    for name, declared in sorted(projection.tables().items()):
        lines += [f"{name}.{c.name} {c.type!r} {c.nullable} {c.primary_key}" for c in declared.columns]
        lines += sorted(f"{name} {_index_name(index)} {index.unique}" for index in declared.indexes)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _indexes(projection: Projection, number: int) -> Iterator[tuple[CreateIndex, bool]]:
    """What makes the secondary indexes of a generation that are not there yet, and whether each is personal."""
    for declared in projection.tables().values():
        stored = stored_table(declared, number)
        for index in declared.indexes:
            columns = [stored.c[column.name] for column in index.columns]
            made = Index(f"{_index_name(index)}__{number}", *columns, unique=index.unique)
            yield CreateIndex(made, if_not_exists=True), bool(declared.info.get("personal"))


def _index_name(index: Index) -> str:
    assert index.table is not None  # noqa: S101
    return f"{index.table.name}_by_{'_'.join(column.name for column in index.columns)}"

"""A read model made for one question: of some of the log's events alone, in memory, and gone with the answer.

It is how a question of an earlier time is answered by a read model that keeps no history of its rows. Nothing of it
touches a disk, for a read model may derive something from personal values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

from sqlalchemy import Engine, update

from shared.errors import ForgetMeNotError
from shared.eventstore.port import Filter, RecordedEvent
from shared.projections.declaration import Projection
from shared.projections.engine import engine_in_memory, writing
from shared.projections.generations import (
    CHUNK,
    Generation,
    begin_generation,
    create_bookkeeping,
    generations,
    standings,
)
from shared.projections.reading import ReadingGroup


class DoesNotFit(ForgetMeNotError):
    """The read model cannot take one of these events, given those before it."""


@contextmanager
def rebuilt(projection: Projection, events: Callable[[Filter], Iterable[RecordedEvent]]) -> Iterator[Engine]:
    """The read model over `events`, which is told what it needs of the log. Raises `DoesNotFit`."""
    engine = engine_in_memory()
    try:
        with writing(engine) as connection:
            create_bookkeeping(connection)
            begin_generation(connection, projection, live=True)
            (standing,) = standings(connection)
        _fill(Generation(projection, standing, engine), events, engine)
        yield engine
    finally:
        engine.dispose()


def _fill(made: Generation, events: Callable[[Filter], Iterable[RecordedEvent]], engine: Engine) -> None:
    group = ReadingGroup([made])
    left = iter(events(group.filter()))
    while chunk := list(islice(left, CHUNK)):
        group.take(chunk)
        if why := group.failed.get(made):
            raise DoesNotFit(f"{made.name} cannot take an event: {why}.")
        reached = chunk[-1].position
        made.rows.end_reading()
        with writing(engine) as connection:
            made.rows.flush(connection)
            connection.execute(update(generations).values(position=reached))
        made.moved_to(reached)

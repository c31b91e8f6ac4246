"""Keeps read models up to date with the log.

Rows and checkpoint are committed together, so a read model is always exactly at one position. All read models
follow the log in one thread; one that fails at an event stops alone, says where and why in `status`, and waits for
`retry` (the code was mended) or `park` (go on without this event; that it was left out stays on record). One
whose declaration changed is built anew beside the old one.

What the books say (`shared.projections.generations`) is the truth: `retry`, `park`, `rebuild` and `status` work from
any thread and any process, and a running projector finds out within `LOOK_UP_SECONDS`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import structlog
from sqlalchemy import Connection, Engine, bindparam, update

from shared.errors import NewerEvent, NotFound, Unavailable
from shared.eventstore.port import EventStore
from shared.feed import Feed
from shared.measures import RETRIES, turned, turning
from shared.projections.declaration import Projection
from shared.projections.engine import is_circumstance, purge, writing
from shared.projections.garbage import search_put_off
from shared.projections.generations import (
    Generation,
    Standing,
    abandon,
    begin_generation,
    create_bookkeeping,
    generations,
    go_live,
    parked_events,
    standings,
    sweep,
)
from shared.projections.reading import ReadingGroup, UnknownEvent
from shared.projections.rows import Reading
from shared.projections.status import ProjectionStatus, statuses

__all__ = ["ProjectionStatus", "Projector"]

PAGE = 1_000
ATTEMPTS = 3  # at an event that fails
MAY_BE_KNOWN_NOW = (f"{NewerEvent.__name__}@", f"{UnknownEvent.__name__}@")  # errors that an upgrade mends
LOOK_UP_SECONDS = 0.5
LONGEST_PAUSE = 15.0
LOOP = "read models"

Progress = Callable[[int, int], None]  # the position reached, and the head of the log

log = structlog.get_logger()

_MOVE = (
    update(generations)
    .where(generations.c.generation == bindparam("number"))
    .values(position=bindparam("reached"), stopped_at=None, error=None)
)
_STOP = (
    update(generations)
    .where(generations.c.generation == bindparam("number"), generations.c.position == bindparam("was"))
    .values(stopped_at=bindparam("at"), error=bindparam("why"))
)


class Projector:
    """Runs `projections` over `store` into tables of `engine`."""

    def __init__(self, store: EventStore, engine: Engine, projections: Iterable[Projection]) -> None:
        self._store = store
        self._engine = engine
        self._projections = {projection.name: projection for projection in projections}
        self._reading = Reading(engine)
        self._working: dict[int, Generation] = {}
        self._adopted: set[int] = set()  # generations that this projector builds beside the live ones
        self._is_purged = False  # what was deleted before a break may still be in the write-ahead log
        _check_names(self._projections.values())
        with writing(engine) as connection:
            create_bookkeeping(connection)

    def run(self, stop: threading.Event) -> None:
        """Follow the log until `stop` is set. What is out of reach for now is tried again, with growing pauses."""
        pause = 0.1
        with turning(LOOP):
            while not stop.is_set():
                try:
                    self.prepare()
                    while not stop.is_set():
                        if self._advance_all():
                            pause = 0.1
                            self._follow_tail(stop)
                except Exception as error:
                    if not isinstance(error, Unavailable) and not is_circumstance(error):
                        raise
                    self._working.clear()
                    self._reading.end()
                    log.warning("read models wait for the log or their database", error=type(error).__name__)
                    RETRIES.labels("read_model").inc()
                    turned(LOOP)
                    stop.wait(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)

    def catch_up(self) -> int:
        """Bring every read model that is not stopped to the end of the log; tells the position reached."""
        self.prepare()
        try:
            while not self._advance_all():
                pass
        except BaseException:
            self._working.clear()  # with what had been gathered and not written
            raise
        working = self._load()
        return min((one.position for one in working), default=self._store.head())

    def prepare(self) -> None:
        """Make what is missing, resume what was interrupted, drop what is left over.

        A read model that is new, or whose declaration changed, gets a new generation.
        """
        empty = self._store.head() == 0
        with writing(self._engine) as connection:
            books = standings(connection, self._projections)
            self._adopted.clear()
            for projection in self._projections.values():
                own = [_tried_again(connection, one, projection) for one in books if one.name == projection.name]
                begun = [one for one in own if not one.live]
                fitting = [one for one in begun if one.fits(projection)]
                abandon(connection, [one.generation for one in begun if one not in fitting[-1:]])
                if fitting:
                    self._adopted.add(fitting[-1].generation)
                elif not any(one.live and one.fits(projection) for one in own):
                    live = empty and not own
                    self._adopted.add(begin_generation(connection, projection, live=live))
            sweep(connection, self._projections.values())

    def rebuild(self, name: str, progress: Progress | None = None) -> int:
        """Build a read model anew beside the live one, switch over, and tell the position reached.

        An unfinished rebuild is resumed. Raises `NotFound`, and `Unavailable` if it fails at an event.
        """
        projection = self._named(name)
        with writing(self._engine) as connection:
            begun = [one for one in standings(connection, [name]) if not one.live]
            going_on = [one for one in begun if one.fits(projection) and one.stopped_at is None][-1:]
            abandon(connection, [one.generation for one in begun if one not in going_on])
            number = going_on[0].generation if going_on else begin_generation(connection, projection, live=False)
        building: Generation | None = None
        while True:
            with self._engine.connect() as connection:
                standing = next((one for one in standings(connection, [name]) if one.generation == number), None)
            if standing is None:
                raise Unavailable(f"Another rebuild of {name} has taken over: look at its status.")
            if standing.stopped_at is not None:
                raise Unavailable(
                    f"{name} stopped at position {standing.stopped_at} ({standing.error}): mend it and rebuild, "
                    "or park the event and rebuild.",
                    position=standing.stopped_at,
                )
            if standing.live:
                break
            if building is None or building.position != standing.position:
                building = Generation(projection, standing, self._engine)  # it may be another thread than the loop's
            caught_up = self._advance([building])
            if progress:
                progress(building.position, max(self._store.head(), building.position))
            if caught_up and self._go_live(building):
                break
        with writing(self._engine) as connection:
            sweep(connection, [projection])
        purge(self._engine)
        return building.position if building else standing.position

    def retry(self, name: str) -> None:
        """Have a stopped read model try the event again that it stopped at. Raises `NotFound` if it is not stopped."""
        with writing(self._engine) as connection:
            for one in _stopped(standings(connection, [name]), name):
                connection.execute(_MOVE, {"number": one.generation, "reached": one.position})

    def park(self, name: str) -> None:
        """Have a stopped read model go on without the event that it stopped at, on record.

        Raises `NotFound` if it is not stopped.
        """
        with writing(self._engine) as connection:
            for one in _stopped(standings(connection, [name]), name):
                connection.execute(
                    parked_events.insert().values(
                        generation=one.generation, position=one.stopped_at, name=name, error=one.error
                    )
                )
                connection.execute(_MOVE, {"number": one.generation, "reached": one.stopped_at})
                log.warning("event parked", projection=name, position=one.stopped_at, error=one.error)

    def status(self) -> list[ProjectionStatus]:
        """How each read model stands."""
        head = self._store.head()
        with self._engine.connect() as connection:
            return statuses(connection, self._projections.values(), head)

    def _advance_all(self) -> bool:
        """One chunk for every read model, those at the same position together. Tells whether all are at the end."""
        together: dict[tuple[int, int], list[Generation]] = {}
        for one in self._load():
            together.setdefault((one.position, one.chunk), []).append(one)
        at_the_end = True
        for members in together.values():
            caught_up = self._advance(members)
            at_the_end = at_the_end and caught_up
            for one in members:
                if caught_up and not one.live and not self._go_live(one):
                    at_the_end = False
        return at_the_end

    def _advance(self, members: Sequence[Generation]) -> bool:
        """Take in one chunk of the log. Tells whether all are at its end."""
        group = ReadingGroup(members)
        limit = min(member.chunk for member in members)
        taken = 0
        subscription = self._store.subscribe(after=group.position, filter=group.filter())
        try:
            with search_put_off():
                for batch in subscription.batches(min(limit, PAGE)):
                    caught_up = group.take(batch)
                    taken += len(batch)
                    if caught_up or taken >= limit:
                        return self._commit(group, batch[-1][0], taken) and caught_up
        finally:
            group.end_reading()
            subscription.close()
        raise Unavailable("The log was closed.")

    def _follow_tail(self, stop: threading.Event) -> None:
        """Stay at the end of the log until `stop`, or until the books were changed or a read model failed."""
        members = self._load()
        if not members:
            stop.wait(LOOK_UP_SECONDS)
            return
        group = ReadingGroup(members)
        with Feed(self._store.subscribe(after=group.position, filter=group.filter())) as feed:
            while not stop.is_set():
                turned(LOOP)
                batch = feed.next(LOOK_UP_SECONDS)
                if batch is None:
                    self._purge()
                    if self._load() != members:
                        return
                    continue
                group.take(batch)
                if not self._commit(group, batch[-1][0], len(batch)):
                    return

    def _commit(self, group: ReadingGroup, position: int, taken: int) -> bool:
        """Write what was gathered from `taken` deliveries up to `position`. Tells whether every member moved on."""
        moving = [one for one in group.members if one not in group.failed and one.position < position]
        moved: list[Generation] = []
        turned(LOOP)
        group.end_reading()
        if moving:
            with writing(self._engine) as connection:
                books = {one.generation: one for one in standings(connection, [one.name for one in moving])}
                for one in moving:
                    standing = books.get(one.number)
                    if standing is None or standing.position != one.position or standing.stopped_at is not None:
                        continue  # somebody else moved it, stopped it, or replaced it
                    try:
                        if len(one.rows):
                            with connection.begin_nested():
                                one.rows.flush(connection)
                    except Exception as error:
                        if is_circumstance(error):
                            raise
                        group.fail(one, error, "write")
                    else:
                        moved.append(one)
                if moved:
                    connection.execute(_MOVE, [{"number": one.number, "reached": position} for one in moved])
        group.taken.committed(moved)
        for one in moved:
            self._is_purged = self._is_purged and not one.rows.lets_go
            one.moved_to(position)
        self._purge()
        for one in moving:
            if one not in moved:
                one.rows.forget()
        for one, why in group.failed.items():
            self._narrow_down(one, why, position, taken)
        return not group.failed and len(moved) == len(moving)

    def _purge(self) -> None:
        """See to it that no copy of deleted personal rows is left; where a reader is in the way, at the next try."""
        if not self._is_purged:
            self._is_purged = purge(self._engine)

    def _narrow_down(self, one: Generation, why: str, position: int, taken: int) -> None:
        """Have it try a smaller part of what it failed at; once that is a single event, a few times, then stop it."""
        RETRIES.labels("read_model").inc()
        if taken > 1:
            one.chunk = max(1, taken // 16)
            return
        one.attempts += 1
        if one.attempts < ATTEMPTS:
            time.sleep(0.01 * 2**one.attempts)
            return
        with writing(self._engine) as connection:
            connection.execute(_STOP, {"number": one.number, "was": one.position, "at": position, "why": why})
        log.error("read model stopped", projection=one.name, position=position, error=why)

    def _go_live(self, building: Generation) -> bool:
        if not go_live(self._engine, building):
            return False
        with writing(self._engine) as connection:
            sweep(connection, [building.projection])
        building.live = True
        log.info("read model live", projection=building.name, generation=building.number, position=building.position)
        return True

    def _load(self) -> list[Generation]:
        """The generations to work on, as the books have them now. One that nobody else touched is the same object."""
        with self._engine.connect() as connection:
            books = standings(connection, self._projections)
        working: dict[int, Generation] = {}
        for standing in books:
            projection = self._projections[standing.name]
            if standing.stopped_at is not None or not standing.fits(projection):
                continue
            if standing.live or standing.generation in self._adopted:
                known = self._working.get(standing.generation)
                if known is None or (known.position, known.live) != (standing.position, standing.live):
                    known = Generation(projection, standing, self._engine, self._reading)
                working[known.number] = known
        self._working = working
        return list(working.values())

    def _named(self, name: str) -> Projection:
        if name not in self._projections:
            raise NotFound(f"There is no read model {name}. There are: {', '.join(sorted(self._projections))}.")
        return self._projections[name]


def _tried_again(connection: Connection, one: Standing, projection: Projection) -> Standing:
    """One that stopped at an event which an older program did not know goes on: this one may know it."""
    if one.error and one.error.startswith(MAY_BE_KNOWN_NOW) and one.fits(projection):
        connection.execute(_MOVE, {"number": one.generation, "reached": one.position})
        return replace(one, stopped_at=None, error=None)
    return one


def _stopped(books: Sequence[Standing], name: str) -> list[Standing]:
    if stopped := [one for one in books if one.stopped_at is not None]:
        return stopped
    raise NotFound(f"No read model {name} is stopped: there is nothing to retry or park.")


def _check_names(projections: Iterable[Projection]) -> None:
    owners: dict[str, str] = {}
    for projection in projections:
        for name in projection.tables():
            if owners.setdefault(name, projection.name) != projection.name:
                raise ValueError(f"{projection.name} and {owners[name]} both declare a table {name}")

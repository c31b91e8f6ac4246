"""Answers queries from read models: one snapshot, one position, and every personal value that is shown on record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Engine, RowMapping, Select, Table, bindparam, select

from shared.bus import Answered
from shared.codec import SealedValue
from shared.errors import Unavailable
from shared.messages import Origin, Query, Role
from shared.privacy.personal import Hidden, Place
from shared.privacy.port import Vault
from shared.projections.declaration import Projection, Redacted
from shared.projections.engine import writing
from shared.projections.generations import Standing, create_bookkeeping, generations, shape_of, standings, stored_table
from shared.projections.sight import EVERYTHING, Sight, Sights, blinded

WAIT_SECONDS = 5.0
LOOK_EVERY = 0.002  # seconds between two looks at the checkpoints while somebody waits

PERSONAL = frozenset(
    {
        Role.CASEWORKER,
        Role.SUPERVISOR,
        Role.DUTY_OFFICER,
        Role.PSYCHOLOGIST,
        Role.LAWYER,
        Role.SHELTER_MANAGER,
        Role.DATA_PROTECTION_OFFICER,
    }
)
"""Roles that see personal values, where nothing narrower is asked (`may_see`)."""


class Disclosures(Protocol):
    """Where every reading of personal data is recorded."""

    def record(self, origin: Origin, query: Query[Any], revealed: Sequence[Place]) -> None:
        """Keep who was shown what, by place and never by value. If this raises, nothing is shown."""
        ...


def sees_personal_values(origin: Origin, place: Place) -> bool:
    """The rule where nothing narrower is given: by role alone."""
    return not PERSONAL.isdisjoint(origin.roles)


class ReadModels:
    """Answers the queries of `projections`. Safe to use from many threads; projecting may be another process's work."""

    def __init__(
        self,
        engine: Engine,
        projections: Iterable[Projection],
        vault: Vault,
        *,
        disclosures: Disclosures | None = None,
        may_see: Callable[[Origin, Place], bool] = sees_personal_values,
        sights: Sights | None = None,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._vault = vault
        self._disclosures = disclosures
        self._may_see = may_see
        self._sights = sights
        self._wait_seconds = wait_seconds
        self._answering = {query: projection for projection in projections for query in projection.queries()}
        with writing(engine) as connection:
            create_bookkeeping(connection)
        postgres = engine.dialect.name == "postgresql"  # SQLite has a snapshot a transaction as it is
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ") if postgres else engine
        self._arrivals = _Arrivals(self._engine)
        self._tables: dict[tuple[str, int], Table] = {}

    def ask(self, query: Query[Any], origin: Origin, wait_for: int = 0) -> Answered:
        """Answer from a read model that reflects at least position `wait_for`.

        Raises what the query raises, and `Unavailable` if the read model does not get there in time, is stopped
        before it, is not built yet, or if what would be shown could not be put on record.
        """
        projection = self._answering[type(query)]
        while isinstance(answered := self._answer(projection, query, origin, wait_for), _Behind):
            self._arrivals.wait(answered.name, wait_for, self._wait_seconds)
        return answered

    def ask_of(self, rows: Engine, query: Query[Any], origin: Origin) -> Answered:
        """Answer from a read model that was made elsewhere, such as one of an earlier time (`rebuilt`).

        What the asker may know of is looked up among the read models of now. Raises as `ask` does.
        """
        projection = self._answering[type(query)]
        sights = self._sights_of(query)
        with self._engine.connect() as connection, rows.connect() as answering:
            asking = self._asking(answering, projection, origin, _live(answering, projection.name))
            if sights:
                live = _live(connection, sights.read_model.name)
                asking.sight = sights.of(query, self._asking(connection, sights.read_model, origin, live))
            answer = projection.answer(blinded(query, asking.sight), asking)
        return self._on_record(query, asking, answer)

    def answering(self, wire_type: str) -> tuple[type[Query[Any]], Projection] | None:
        """The query of that name, and the read model that answers it."""
        return next((found for found in self._answering.items() if found[0].wire_type() == wire_type), None)

    def hides(self, things: Iterable[str], origin: Origin, wait_for: int = 0) -> bool:
        """Whether `origin` may not know of one of these, as is known at position `wait_for` or later.

        Raises `Unavailable` as `ask` does.
        """
        while isinstance(hidden := self._hides(things, origin, wait_for), _Behind):
            self._arrivals.wait(hidden.name, wait_for, self._wait_seconds)
        return hidden

    def _hides(self, things: Iterable[str], origin: Origin, wait_for: int) -> bool | _Behind:
        if self._sights is None:
            return False
        with self._engine.connect() as connection:
            looking = self._asking_at(connection, self._sights.read_model, origin, wait_for)
            if isinstance(looking, _Behind):
                return looking
            sight = self._sights.of(None, looking)
            return any(sight.hides(thing) for thing in things)

    def _answer(self, projection: Projection, query: Query[Any], origin: Origin, wait_for: int) -> Answered | _Behind:
        sights = self._sights_of(query)
        with self._engine.connect() as connection:
            asking = self._asking_at(connection, projection, origin, wait_for)
            if isinstance(asking, _Behind):
                return asking
            if sights:
                looking = self._asking_at(connection, sights.read_model, origin, wait_for)
                if isinstance(looking, _Behind):
                    return looking
                asking.sight = sights.of(query, looking)
            answer = projection.answer(blinded(query, asking.sight), asking)
        return self._on_record(query, asking, answer)

    def _sights_of(self, query: Query[Any]) -> Sights | None:
        return self._sights if self._sights and self._sights.concern(query) else None

    def _on_record(self, query: Query[Any], asking: _Asking, answer: Any) -> Answered:
        if asking.revealed and self._disclosures:
            try:
                self._disclosures.record(asking.origin, query, asking.revealed)
            except Exception as error:
                raise Unavailable("What would be shown cannot be put on record, so it is not: ask again.") from error
        return Answered(answer, asking.position)

    def _asking_at(
        self, connection: Connection, projection: Projection, origin: Origin, wait_for: int
    ) -> _Asking | _Behind:
        """What a question to this read model works with, unless it is not at `wait_for` yet."""
        standing = _live(connection, projection.name)
        if standing is None and wait_for:
            return _Behind(projection.name)  # it is new
        asking = self._asking(connection, projection, origin, standing)
        return _Behind(projection.name) if asking.position < wait_for else asking

    def _asking(
        self, connection: Connection, projection: Projection, origin: Origin, standing: Standing | None
    ) -> _Asking:
        """What a question to this read model works with as it stands. Raises `Unavailable` if it is not built."""
        if standing is None or standing.shape != shape_of(projection):
            raise Unavailable(f"{projection.name} is being built: ask again once its status says live.")
        return _Asking(connection, origin, standing, self._vault, self._may_see, self._tables)


class _Behind(NamedTuple):
    """A read model that has not reached the position that somebody waits for."""

    name: str


class _Asking:
    """See `shared.projections.declaration.Asking`."""

    def __init__(
        self,
        connection: Connection,
        origin: Origin,
        standing: Standing,
        vault: Vault,
        may_see: Callable[[Origin, Place], bool],
        tables: dict[tuple[str, int], Table],
    ) -> None:
        self.origin = origin
        self.position = standing.position
        self.sight: Sight = EVERYTHING
        self.revealed: list[Place] = []
        self._connection = connection
        self._generation = standing.generation
        self._vault = vault
        self._may_see = may_see
        self._tables = tables

    def live(self, table: Table, /) -> Table:
        """See `Asking.live`."""
        named = (table.name, self._generation)
        if named not in self._tables:
            self._tables[named] = stored_table(table, self._generation)
        return self._tables[named]

    def rows(self, statement: Select[Any], /) -> Sequence[RowMapping]:
        """See `Asking.rows`."""
        return self._connection.execute(statement).mappings().all()

    def reveal(self, sealed: str | None, /) -> Any:
        """See `Asking.reveal`."""
        if sealed is None:
            return None
        found = SealedValue.from_text(sealed)
        if not self._may_see(self.origin, found.place) or not self.sight.opens(found.place):
            return Redacted(hidden="withheld")
        value = self._vault.open(found.token, found.place)
        if isinstance(value, Hidden):
            return Redacted(hidden="forgotten")
        self.revealed.append(found.place)
        return value


class _Arrivals:
    """Those who wait for read models to reach a position. One of them looks, for all."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._live: dict[str, Standing] = {}
        self._looking = False

    def wait(self, name: str, position: int, seconds: float) -> None:
        """Return once the live generation of `name` is at `position`. Raises `Unavailable` if that takes too long."""
        deadline = time.monotonic() + seconds
        first_look = self._look()
        with self._changed:
            self._live = first_look
            while not self._is_there(name, position):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Unavailable(
                        f"{name} has not reached position {position} within {seconds:g} seconds: ask again, or "
                        "without waiting for it.",
                        position=position,
                    )
                if self._looking:
                    self._changed.wait(left)
                else:
                    self._look_for_all()

    def _is_there(self, name: str, position: int) -> bool:
        live = self._live.get(name)
        if live is None:
            return False
        if live.position >= position:
            return True
        if live.stopped_at is not None:
            raise Unavailable(
                f"{name} stopped at position {live.stopped_at} and does not reach {position}: ask without waiting "
                "for it, and have it mended.",
                position=live.position,
            )
        return False

    def _look_for_all(self) -> None:
        """One look after a moment's sleep; whoever waits is woken if it shows anything new."""
        self._looking = True
        self._changed.release()
        found = self._live
        try:
            time.sleep(LOOK_EVERY)
            found = self._look()
        finally:
            self._changed.acquire()
            self._looking = False
            self._live = found
            # Even if nothing is new: the one who looked may have waited long enough, and another has to look then.
            self._changed.notify_all()

    def _look(self) -> dict[str, Standing]:
        with self._engine.connect() as connection:
            return {one.name: one for one in standings(connection) if one.live}


_LIVE = select(generations).where(generations.c.name == bindparam("of"), generations.c.live)


def _live(connection: Connection, name: str) -> Standing | None:
    found = connection.execute(_LIVE, {"of": name}).one_or_none()
    return None if found is None else Standing(*found)

"""How read models stand, for people and for health checks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from sqlalchemy import Connection, func, select

from shared.projections.declaration import Projection
from shared.projections.generations import Standing, parked_events, standings

State = Literal["live", "building", "outdated", "stopped"]
"""`building`: it does not answer yet. `outdated`: it answers as of its position; its successor is being built."""


class ProjectionStatus(NamedTuple):
    """How one read model stands."""

    name: str
    version: int
    generation: int
    position: int
    head: int
    lag: int
    state: Literal[
        "live", "building", "outdated", "stopped"
    ]  # outdated: answers as of its position, successor under way
    error: str | None = None
    stopped_at: int | None = None  # the position of the event that it cannot take
    rebuilding_at: int | None = None  # how far the next generation is
    parked: int = 0  # events that it went on without


def statuses(connection: Connection, projections: Iterable[Projection], head: int) -> list[ProjectionStatus]:
    """How each of them stands, with the log at `head`. Those that no projector has met yet are left out."""
    books = standings(connection)
    counted = select(parked_events.c.generation, func.count()).group_by(parked_events.c.generation)
    parked = {row[0]: row[1] for row in connection.execute(counted)}
    found = []
    for projection in projections:
        own = [one for one in books if one.name == projection.name]
        live = next((one for one in own if one.live), None)
        beside = next((one for one in own if not one.live), None)
        if shown := live or beside:
            beside = beside if live else None
            found.append(_status(projection, shown, beside, head, parked.get(shown.generation, 0)))
    return found


def _status(
    projection: Projection, shown: Standing, beside: Standing | None, head: int, parked: int
) -> ProjectionStatus:
    state: State = "live"
    if shown.stopped_at is not None:
        state = "stopped"
    elif not shown.live:
        state = "building"
    elif not shown.fits(projection):
        state = "outdated"
    return ProjectionStatus(
        shown.name,
        shown.version,
        shown.generation,
        shown.position,
        head,
        max(0, head - shown.position),
        state,
        shown.error,
        shown.stopped_at,
        beside.position if beside else None,
        parked,
    )

"""What is derived from the log, dropped where the log is no longer the one that it was derived from.

That is so where the log was put back from a backup, and where it moved house: the events are the same, but another
store gives them other positions, and positions are what read models, policies and the tree's index remember.
"""

from __future__ import annotations

from pathlib import Path

import structlog
from sqlalchemy import Column, Engine, MetaData, String, Table, delete, insert, inspect, select, text

from services.gateway.event_log import EMBEDDED, EventLog
from shared.eventstore.port import EventStore
from shared.merkle.leaf import event_leaf_hash
from shared.merkle.log import MerkleLog
from shared.projections.engine import read_model_engine, writing

log = structlog.get_logger()

CHECKPOINTS = ("generations", "policies")
TREE = "merkle.db"

_followed = Table("followed_log", MetaData(), Column("origin", String, primary_key=True))
"""Whose positions the read models have. No line: those of the log in the data folder."""


def drop_read_models_of_another_log(path: Path, followed: EventLog) -> bool:
    """Delete the read models, with the policies' books, if they are ahead of the log, or have another's positions.

    They would pass over what is recorded from now on, and show what the log no longer holds. All of it is made
    anew from the log. For the process that came first, before it opens them.
    """
    engine = read_model_engine(path)
    try:
        if _fits(engine, followed):
            return False
    finally:
        engine.dispose()
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    engine = read_model_engine(path)
    try:
        _note(engine, followed)
    finally:
        engine.dispose()
    return True


def empty_read_models_of_another_log(engine: Engine, followed: EventLog) -> bool:
    """The same in a database that is not a file of ours: every table goes, for none of them is anything but derived."""
    if _fits(engine, followed):
        return False
    with writing(engine) as connection:
        tables = MetaData()
        tables.reflect(connection)
        tables.drop_all(connection)
    _note(engine, followed)
    return True


def renew_tree_of_a_log_that_moved(folder: Path, store: EventStore) -> bool:
    """Delete the tree if its last event is in the log unaltered, but elsewhere: it is built again from the log.

    What was signed stays, and holds for the log wherever it is. A log that was altered keeps its tree, as evidence.
    """
    path = folder / TREE
    if not path.exists():
        return False
    with MerkleLog(path) as tree:
        if tree.size == 0:
            return False
        edge = tree.leaf(tree.size - 1)
    event = next(store.read_stream(edge.stream, start=edge.revision, limit=1), None)
    if event is None or event.position == edge.position or event_leaf_hash(event) != edge.hash:
        return False
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    log.warning("the tree is built anew: the log has moved house")
    return True


def _fits(engine: Engine, followed: EventLog) -> bool:
    """Whether what is in the database may go on with the log. A new database is noted to be of this one."""
    with engine.connect() as connection:
        kept = set(inspect(connection).get_table_names())
        asked = [f"SELECT max(position) FROM {name}" for name in CHECKPOINTS if name in kept]  # noqa: S608
        reached = max((connection.execute(text(one)).scalar() or 0 for one in asked), default=0)
        origin = connection.execute(select(_followed.c.origin)).scalar() if _followed.name in kept else None
    if reached == 0:
        _note(engine, followed)
        return True
    if (origin or EMBEDDED) != followed.origin:
        log.warning("read models are made anew: the log is in another place", was=origin, now=followed.origin)
        return False
    head = followed.store.head()
    if reached > head:
        log.warning("read models are made anew: the log was put back from a backup", reached=reached, head=head)
        return False
    return True


def _note(engine: Engine, followed: EventLog) -> None:
    with writing(engine) as connection:
        _followed.create(connection, checkfirst=True)
        if connection.execute(select(_followed.c.origin)).scalar() != followed.origin:
            connection.execute(delete(_followed))
            connection.execute(insert(_followed).values(origin=followed.origin))

"""What is derived from the log, dropped where the log is no longer the one that it was derived from."""

from __future__ import annotations

from pathlib import Path

import structlog
from sqlalchemy import Engine, MetaData, inspect, text

from shared.eventstore.port import EventStore
from shared.projections.engine import read_model_engine, writing

log = structlog.get_logger()

CHECKPOINTS = ("generations", "policies")


def drop_read_models_of_another_log(path: Path, store: EventStore) -> bool:
    """Delete the read models, with the policies' books, if they are ahead of the log: it was put back from a backup.

    They would pass over what is recorded from now on, and show what the log no longer holds. All of it is made
    anew from the log. For the process that owns the log, before it opens them.
    """
    if not path.exists():
        return False
    engine = read_model_engine(path)
    try:
        reached = _reached(engine)
    finally:
        engine.dispose()
    if reached <= store.head():
        return False
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    log.warning("read models are made anew: the log was put back from a backup", reached=reached, head=store.head())
    return True


def empty_read_models_of_another_log(engine: Engine, store: EventStore) -> bool:
    """The same in a database that is not a file of ours: every table goes, for none of them is anything but derived."""
    reached = _reached(engine)
    if reached <= store.head():
        return False
    with writing(engine) as connection:
        tables = MetaData()
        tables.reflect(connection)
        tables.drop_all(connection)
    log.warning("read models are made anew: the log was put back from a backup", reached=reached, head=store.head())
    return True


def _reached(engine: Engine) -> int:
    """The furthest position that a read model or a policy says it has come to."""
    with engine.connect() as connection:
        kept = set(inspect(connection).get_table_names())
        asked = [f"SELECT max(position) FROM {name}" for name in CHECKPOINTS if name in kept]  # noqa: S608
        return max((connection.execute(text(one)).scalar() or 0 for one in asked), default=0)

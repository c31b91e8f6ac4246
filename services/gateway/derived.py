"""What is derived from the log, dropped where the log is no longer the one that it was derived from."""

from __future__ import annotations

from pathlib import Path

import structlog
from sqlalchemy import inspect, text

from shared.eventstore.port import EventStore
from shared.projections.engine import read_model_engine

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
        with engine.connect() as connection:
            kept = set(inspect(connection).get_table_names())
            asked = [f"SELECT max(position) FROM {name}" for name in CHECKPOINTS if name in kept]  # noqa: S608
            reached = max((connection.execute(text(one)).scalar() or 0 for one in asked), default=0)
    finally:
        engine.dispose()
    if reached <= store.head():
        return False
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    log.warning("read models are made anew: the log was put back from a backup", reached=reached, head=store.head())
    return True

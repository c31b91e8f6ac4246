"""A projector that dies at any moment leaves rows and checkpoint together."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import text

from shared.eventstore.sqlite import open_store
from shared.projections.engine import read_model_engine
from shared.projections.projector import Projector
from tests.projections.conftest import House
from tests.projections.shelter_log import Rooms, Trail, commands

KILLS = 8


def test_a_projector_that_is_killed_leaves_rows_and_checkpoint_together(house: House) -> None:
    house.do(*commands(range(150)))
    head = house.store.head()
    house.store.close()
    chance = random.Random(8)
    seen: set[int] = set()
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(house.folder), house.url], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        time.sleep(chance.uniform(0, 0.04))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        with house.engine.connect() as connection:
            found = connection.execute(text("SELECT name, position FROM generations"))
            standing = {row[0]: row[1] for row in found}
            tables = {table.rpartition("__")[0]: table for table in house.tables()}
            trail = connection.execute(text(f"SELECT count(*), max(position) FROM {tables['trail']}")).one()
            ever = connection.execute(text(f"SELECT coalesce(sum(ever), 0) FROM {tables['rooms']}")).scalar_one()
        assert trail == (standing["trail"], standing["trail"] or None)
        assert ever == (standing["rooms"] + 1) // 2  # every other event begins a stay
        seen.add(standing["trail"])
    assert any(0 < position < head for position in seen), f"no kill hit the middle: {seen}"
    assert len(seen) > 1, f"every kill hit the same moment: {seen}"

    with open_store(house.folder / "log") as store:
        projector = Projector(store, house.engine, [Rooms(), Trail()])
        assert projector.catch_up() == head
    assert house.rows("rooms") == [("r0", 50, 50), ("r1", 50, 50), ("r2", 50, 50)]


def project_slowly(folder: Path, url: str) -> None:
    """What is killed: takes the log in, a few events a transaction, and says when it has begun."""
    import shared.projections.generations as generations

    generations.CHUNK = 2
    with open_store(folder / "log") as store:
        projector = Projector(store, read_model_engine(url), [Rooms(), Trail()])
        projector.prepare()
        print("begun", flush=True)
        projector.catch_up()


if __name__ == "__main__":
    project_slowly(Path(sys.argv[1]), sys.argv[2])

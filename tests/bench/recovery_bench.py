"""How long a distributed installation under load takes until all are served again, after each kind of fault.

From the strike, with what lasts by itself (a pause, a restart), until every writer has had a command acknowledged that
it began after it, and then until a read model shows what was acknowledged. The first row is for nothing struck. The
limit for what is killed is what its successor takes to be loaded, which is measured too, and the half second before it
is started. What takes a person to mend, a poisoned event, is left out. `BENCH_ROUNDS` says how often each.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.acceptance import serving
from tests.acceptance.serving import Server
from tests.distributed.test_faults import STRIKES, WRITERS, strike
from tests.distributed.under_load import Load, require_once, wait

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SETTLE_SECONDS = 2.0
NOTHING = "nothing"


def run() -> list[dict[str, Any]]:
    """One row for each kind of fault."""
    was = serving.DISTRIBUTED, serving.PATIENCE_SECONDS
    serving.DISTRIBUTED, serving.PATIENCE_SECONDS = True, 300.0
    try:
        took = _measured()
        loaded = statistics.median(_seconds_to_load() for _ in range(ROUNDS))
    finally:
        serving.DISTRIBUTED, serving.PATIENCE_SECONDS = was
    return [
        {
            "struck": what,
            "times": len(found),
            "commands again, median s": round(statistics.median(commands for commands, _ in found), 2),
            "longest": round(max(commands for commands, _ in found), 2),
            "shown again, median s": round(statistics.median(shown for _, shown in found), 2),
            "longest ": round(max(shown for _, shown in found), 2),
            "a process is loaded in s": round(loaded, 2),
        }
        for what, found in took.items()
        if found
    ]


def _measured() -> dict[str, list[tuple[float, float]]]:
    """For each strike, the seconds until commands, and until read models."""
    took: dict[str, list[tuple[float, float]]] = {what: [] for what in (NOTHING, *STRIKES, "node") if what != "poison"}
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), on_a_node=True)
        try:
            server.start()
            server.wait_until_ready()
            load = Load(server, WRITERS)
            for _ in range(ROUNDS):
                for what, found in took.items():
                    server.wait_until_ready()
                    time.sleep(SETTLE_SECONDS)
                    began = time.monotonic()
                    if what == NOTHING or strike(server, what):
                        struck = time.time()
                        wait(server, lambda struck=struck: load.each_is_served_since(struck), what)
                        commands = time.monotonic() - began
                        wait(server, load.is_shown, what)
                        found.append((commands, time.monotonic() - began))
            acknowledged = load.finish()
            shown = load.settle()
            server.interrupt()
            require_once(server, acknowledged, shown)
        finally:
            server.close()
    return took


def _seconds_to_load() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-W", "ignore", "-c", "import services.gateway.installation"], check=True)
    return time.monotonic() - began


if __name__ == "__main__":
    for found in run():
        print(found)

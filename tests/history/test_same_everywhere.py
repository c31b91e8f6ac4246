"""The same commands lead to the same facts in every process: nothing rests on the order in which a set is read."""

from __future__ import annotations

import os
import subprocess
import sys

LOAD = """
import re, tempfile
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain
from pathlib import Path
from services import campaigns, cases, projects, rehabilitation
from services.history.generated import generated
from services.history.loading import load
from services.history.source import the_source
from tests.assembled import Assembled

contexts = [context.context for context in (cases, rehabilitation, projects, campaigns)]
with tempfile.TemporaryDirectory() as folder:
    there = Assembled(Path(folder), contexts)
    there.now = datetime(2026, 1, 1, tzinfo=UTC)
    load(chain(the_source(), generated(1_000, 1)), there.bus, there.settle)
    for raw in there.store.read_all():
        facts = re.sub(rb'"sealed":"[^"]*"', b"", raw.data)  # sealed under a key of this run's own
        print(raw.position, raw.id, raw.stream, raw.type, sha256(facts).hexdigest())
    there.close()
"""


def log_of(hash_seed: str) -> subprocess.Popen[str]:
    """A process of its own that loads the histories, and writes down what it has recorded."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.Popen([sys.executable, "-c", LOAD], env=environment, stdout=subprocess.PIPE, text=True)


def test_two_processes_record_the_same() -> None:
    one, other = log_of("1"), log_of("2")
    (first, _), (second, _) = one.communicate(), other.communicate()
    assert (one.returncode, other.returncode) == (0, 0)
    lines = first.splitlines()
    assert len(lines) > 1_000
    assert lines == second.splitlines()

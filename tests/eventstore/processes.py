"""Processes of the log's tests: each opens a store of its own and does as it is told.

`python -m tests.eventstore.processes serve` reads folders from its input, one a line, opens each and says
so; it closes them all at the input's end. Other commands append, under a name, and report what was
acknowledged.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.eventstore.port import NewEvent
from shared.eventstore.sqlite import EmbeddedLog, open_store

ROOT = Path(__file__).parents[2]


def event_id(stream: str, number: int) -> UUID:
    """The id of the event that `write` appends as its nth to `stream`."""
    return uuid5(NAMESPACE_URL, f"{stream}/{number}")


def numbered(stream: str, number: int) -> NewEvent:
    """The event that `write` appends as its nth to `stream`."""
    return NewEvent(event_id(stream, number), "tests.Numbered", b'{"number": %d}' % number)


def start(*arguments: str | Path, env: dict[str, str] | None = None, module: str = __name__) -> subprocess.Popen[str]:
    """Start a process of this module; its input and output are pipes of text lines."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
    )


@contextmanager
def serving() -> Iterator[subprocess.Popen[str]]:
    """A process that owns the log of every folder that `own` names to it."""
    process = start("serve")
    try:
        yield process
    finally:
        process.communicate(timeout=30)


def own(process: subprocess.Popen[str], folder: Path) -> None:
    """Have the `serving` process open the log in `folder`; returns once it has."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{folder}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "open\n"


def serve() -> None:
    """Own what the input names, until it ends."""
    stores: list[EmbeddedLog] = []
    for line in sys.stdin:
        stores.append(open_store(Path(line.rstrip("\n"))))
        print("open", flush=True)
    for store in stores:
        store.close()


def write(folder: str, stream: str, batch: str) -> None:
    """Append numbered events, `batch` at a time, for ever; print the last number that was acknowledged."""
    store = open_store(Path(folder))
    print("ready", flush=True)
    sys.stdin.readline()
    number = 0
    while True:
        store.append(stream, [numbered(stream, number + i) for i in range(int(batch))])
        number += int(batch)
        print(number - 1, flush=True)


if __name__ == "__main__":
    {"serve": serve, "write": write}[sys.argv[1]](*sys.argv[2:])

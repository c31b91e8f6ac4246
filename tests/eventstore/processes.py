"""Processes of the log's tests: each opens a store of its own and does as it is told.

`python -m tests.eventstore.processes COMMAND ...`: `serve` owns logs for others, `write` appends for ever
and says what was acknowledged.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from shared.eventstore.port import NewEvent
from shared.eventstore.sqlite import EmbeddedLog, open_store

ROOT = Path(__file__).parents[2]


def numbered(stream: str, number: int) -> NewEvent:
    """The event that a writing process appends as its nth to `stream`."""
    return NewEvent(uuid5(NAMESPACE_URL, f"{stream}/{number}"), "tests.Numbered", b'{"number": %d}' % number)


def start(module: str, *arguments: str | Path | int, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a process of `module`; its input and output are pipes of text lines."""
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
    process = start(__name__, "serve")
    try:
        yield process
    finally:
        process.communicate(timeout=30)


def own(process: subprocess.Popen[str], folder: Path) -> None:
    """Have the `serving` process open the log in `folder`; returns once it has."""
    tell(process, str(folder))
    assert hear(process) == "open"


def tell(process: subprocess.Popen[str], line: str) -> None:
    """Write a line to the process's input."""
    assert process.stdin
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    """The next line of the process's output."""
    assert process.stdout
    return process.stdout.readline().rstrip("\n")


class Writing:
    """A process of callers that append to streams of their own as fast as they can.

    Streams are named `<name>-0` and so on; `acknowledged` says how many events of each were.
    `slowest` is the longest that an append took, in seconds.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        callers: int = 1,
        batch: int = 1,
        module: str = __name__,
        env: dict[str, str] | None = None,
    ) -> None:
        self._streams = [f"{name}-{number}" for number in range(callers)]
        self.acknowledged: Counter[str] = Counter()
        self.slowest: defaultdict[str, float] = defaultdict(float)
        self.process = start(module, "write", folder, name, callers, batch, env=env)
        assert hear(self.process) == "ready"
        self._progress = threading.Condition()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def go(self) -> None:
        """Begin to append."""
        tell(self.process, "go")

    def more(self, count: int) -> None:
        """Wait until each caller has had `count` events more acknowledged than now."""
        with self._progress:
            goal = {stream: self.acknowledged[stream] + count for stream in self._streams}
            done = self._progress.wait_for(lambda: all(self.acknowledged[s] >= n for s, n in goal.items()), 60)
        assert done, "a writing process stands still"

    def kill(self) -> None:
        """End it at once, as a power cut would, and take in what it had been told."""
        self.process.kill()
        self.join()

    def join(self) -> None:
        """Wait for its end."""
        self.process.wait(60)
        self._thread.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if not line.endswith("\n"):
                return  # killed in the middle of a word
            stream, count, seconds = line.split()
            with self._progress:
                self.acknowledged[stream] = int(count)
                self.slowest[stream] = max(self.slowest[stream], float(seconds))
                self._progress.notify_all()


def serve() -> None:
    """Own what the input names, until it ends."""
    stores: list[EmbeddedLog] = []
    for line in sys.stdin:
        stores.append(open_store(Path(line.rstrip("\n"))))
        print("open", flush=True)
    for store in stores:
        store.close()


def write(folder: str, name: str, callers: str, batch: str) -> None:
    """See `Writing`."""
    store = open_store(Path(folder))
    print("ready", flush=True)
    sys.stdin.readline()

    def call(stream: str) -> None:
        count = 0
        while True:
            began = time.perf_counter()
            store.append(stream, [numbered(stream, count + i) for i in range(int(batch))])
            count += int(batch)
            os.write(1, b"%s %d %f\n" % (stream.encode(), count, time.perf_counter() - began))

    threads = [threading.Thread(target=call, args=(f"{name}-{i}",)) for i in range(int(callers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Do what the arguments say."""
    {"serve": serve, "write": write}[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()

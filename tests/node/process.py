"""A node in a process of its own, for tests that kill it: `python -m tests.node.process FOLDER PORT`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from shared.eventstore.node.node import NodeSettings
from shared.eventstore.node.serving import Serving
from tests.eventstore.processes import hear, start


class NodeProcess:
    """A node on `folder`. It keeps its port over `kill` and `restart`."""

    def __init__(self, folder: Path, env: dict[str, str] | None = None) -> None:
        self._folder = folder
        self._env = env or {}
        self.port = 0
        self.restart()

    def restart(self) -> None:
        """Start it, and wait until it serves."""
        self.process: subprocess.Popen[str] = start(__name__, self._folder, self.port, env=self._env)
        self.port = int(hear(self.process))

    def kill(self) -> None:
        """Kill it, as a power cut would the machine's memory."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> None:
        """End it in order."""
        self.process.communicate(timeout=30)

    @property
    def address(self) -> str:
        """The connection string."""
        return f"kdb://127.0.0.1:{self.port}?Tls=false"

    def memory(self) -> int:
        """Bytes that it has in memory now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    folder, port = sys.argv[1:]
    node = Serving(NodeSettings(Path(folder), port=int(port)))
    print(node.port, flush=True)
    sys.stdin.read()
    node.stop()

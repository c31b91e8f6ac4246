"""Keeps one program: runs it, and ends it when standard input closes, so that nothing outlives its supervisor.

Run as a file, with one argument: what to run, as JSON. It knows nothing of ours and starts at once.
"""

from __future__ import annotations

# It must start in an instant: the standard library alone.
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any


def main(order: dict[str, Any]) -> int:
    """The exit code of the program; as a shell gives it if a signal ended it."""
    user = order["user"]
    process = subprocess.Popen(  # noqa: S603  (what it is told to run)
        order["command"],
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        stdin=subprocess.DEVNULL,
        process_group=0,
    )
    for ours in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ours, signal.SIG_IGN)  # we are told by our input

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 1024):
                pass
        if process.poll() is None:
            process.send_signal(order["signal"])
        try:
            process.wait(order["patience"])
        except subprocess.TimeoutExpired:
            process.kill()

    threading.Thread(target=watch, daemon=True).start()
    code: int = process.wait()
    _end_group(process.pid, order["patience"])
    return code if code >= 0 else 128 - code


def _end_group(group: int, patience: float) -> None:
    """What the program started itself has some time to go too, before it is made to."""
    give_up = time.monotonic() + patience
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < give_up:
            os.killpg(group, 0)
            time.sleep(0.02)
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))

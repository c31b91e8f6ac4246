"""The service that the store's README shows: `python -m tests.kurrent.notes STORE PORT`, until its input ends."""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import re  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from eventlet.hubs import trampoline  # noqa: E402
from nameko.containers import ServiceContainer  # noqa: E402

from shared import eventstore  # noqa: E402

README = Path(eventstore.__file__).with_name("README.md")


def main(store: str, port: str) -> None:
    """Serve."""
    shown = re.search(r"```python\n(from uuid import UUID\n.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert shown
    module: dict[str, Any] = {}
    exec(shown[1], module)
    container = ServiceContainer(module["Notes"], {"EVENTSTORE": store, "WEB_SERVER_ADDRESS": f"127.0.0.1:{port}"})
    container.start()
    print("serves", flush=True)
    trampoline(sys.stdin.fileno(), read=True)
    container.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A real nameko container whose worker runs the contract suite: `python -m tests.kurrent.container ADDRESS`.

The process is patched by eventlet before anything else is imported, as nameko's own command does.
"""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import os  # noqa: E402
import sys  # noqa: E402
from uuid import uuid4  # noqa: E402

import pytest  # noqa: E402
from nameko.containers import ServiceContainer  # noqa: E402
from nameko.testing.services import once  # noqa: E402

from shared.eventstore.agent.provider import CONFIGURED, Log  # noqa: E402
from shared.eventstore.port import NewEvent  # noqa: E402


class ContractService:
    """Uses the store as a service would, then runs the suite on it."""

    name = "contract"
    log = Log()
    code: int | None = None

    @once  # type: ignore[untyped-decorator]
    def run(self) -> None:
        given = NewEvent(uuid4(), "tests.Happened", b"{}")
        self.log.append(f"of-a-service-{given.id}", [given])  # type: ignore[attr-defined]
        assert [event.id for event in self.log.read_stream(f"of-a-service-{given.id}")] == [given.id]  # type: ignore[attr-defined]
        suite = ["tests/contract", "-q", "-k", "agent", "-p", "no:cacheprovider", "-p", "no:xdist", "--timeout", "120"]
        ContractService.code = int(pytest.main(suite))


def main(address: str) -> int:
    """The exit code of the suite."""
    os.environ["AGENT_STORE_OF_TESTS"] = address
    container = ServiceContainer(ContractService, {CONFIGURED: address})
    container.start()
    while ContractService.code is None:
        eventlet.sleep(0.05)
    container.stop()
    return ContractService.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

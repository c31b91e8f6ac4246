"""The peers of the RPC benchmark: a bare nameko echo, and one whose other half makes the same append, no more."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from shared.eventstore.port import NewEvent
from shared.eventstore.sqlite import open_store
from shared.rpc import Call, Calls, DeclaredRpc


class EchoService:
    """Two methods: `echo` gives back what it got, `append` has it appended on the way."""

    name = "echo"
    calls = Calls()

    @DeclaredRpc.decorator()
    def echo(self, fields: Any) -> Any:
        return {"fields": fields}

    @DeclaredRpc.decorator()
    def append(self, fields: Any) -> Any:
        return self.calls.make("append", fields, None)


def connect(_: str) -> Any:
    """A relay to the process below."""
    from services.gateway.distributed.relay import Relay

    return Relay((sys.executable, "-W", "ignore", "-m", "tests.bench.rpc_echo"))


class Appends:
    """Carries `append` out: one event of what came, under a stream of its own, to the log that others use too."""

    def __init__(self, folder: Path) -> None:
        self._log = open_store(folder / "log")

    def carry(self, call: Call) -> dict[str, Any]:
        result = self._log.append(f"echo-{uuid4()}", [NewEvent(uuid4(), "echo.Came", orjson.dumps(call.fields))])
        return {"position": result.position}

    def close(self) -> None:
        self._log.close()


if __name__ == "__main__":
    from services.gateway.distributed.backend import serve

    connection = socket.socket(fileno=int(sys.argv[1]))
    connection.setblocking(True)
    serve(connection, Appends(Path(os.environ["DATA_DIR"])), 32)

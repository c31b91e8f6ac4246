"""The peer of the RPC benchmark: a nameko service that gives back what it got, or appends it through the agent.

nameko's configuration says where to, under `EVENTSTORE`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson

from shared.errors import ForgetMeNotError
from shared.eventstore.agent.provider import Log
from shared.eventstore.port import NewEvent
from shared.rpc import DeclaredRpc


class EchoService:
    """Two methods: `echo`, and `append`, whose event has the id that the caller gave it."""

    name = "echo"
    log = Log()

    @DeclaredRpc.decorator()
    def echo(self, fields: Any) -> Any:
        return {"fields": fields}

    @DeclaredRpc.decorator(expected_exceptions=ForgetMeNotError)
    def append(self, fields: Any, id: str) -> Any:
        result = self.log.append(f"echo-{id}", [NewEvent(UUID(id), "echo.Came", orjson.dumps(fields))])
        return {"position": result.position}

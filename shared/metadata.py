"""What is stored beside every event: who, why, from which command, in which version, and when it was recorded.

The names that start with `$` are EventStoreDB's own, so that its tools can follow a correlation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import orjson

from shared.messages import Role
from shared.privacy.personal import Hidden


@dataclass(frozen=True, slots=True)
class Metadata:
    """One event's metadata. Actors are pseudonyms; `reason` is sealed."""

    version: int
    command: str
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    actor: str
    roles: tuple[Role, ...]
    recorded_at: datetime
    fingerprint: str
    on_behalf_of: str | None = None
    reason: Hidden | None = None
    synthetic: bool = False
    late_seconds: int | None = None
    traceparent: str | None = None  # W3C's name for the trace that it was recorded in; absent where nobody traces

    def to_json(self) -> bytes:
        """As stored: fields that say nothing are left out."""
        stored: dict[str, Any] = {
            "version": self.version,
            "command": self.command,
            "command_id": str(self.command_id),
            "$correlationId": str(self.correlation_id),
            "actor": self.actor,
            "roles": self.roles,
            "recorded_at": self.recorded_at.isoformat(),
            "fingerprint": self.fingerprint,
        }
        if self.causation_id:
            stored["$causationId"] = str(self.causation_id)
        if self.on_behalf_of:
            stored["on_behalf_of"] = self.on_behalf_of
        if self.reason:
            stored["reason"] = {"sealed": self.reason.token, "of": self.reason.of}
        if self.synthetic:
            stored["synthetic"] = True
        if self.late_seconds is not None:
            stored["late_seconds"] = self.late_seconds
        if self.traceparent:
            stored["traceparent"] = self.traceparent
        return orjson.dumps(stored)

    @classmethod
    def from_json(cls, stored: bytes) -> Self:
        """Read it back. Raises KeyError or ValueError on metadata that we did not write."""
        found = orjson.loads(stored)
        causation = found.get("$causationId")
        reason = found.get("reason")
        return cls(
            version=found["version"],
            command=found["command"],
            command_id=UUID(found["command_id"]),
            correlation_id=UUID(found["$correlationId"]),
            causation_id=UUID(causation) if causation else None,
            actor=found["actor"],
            roles=tuple(map(Role, found["roles"])),
            recorded_at=datetime.fromisoformat(found["recorded_at"]),
            fingerprint=found["fingerprint"],
            on_behalf_of=found.get("on_behalf_of"),
            reason=Hidden(reason["sealed"], reason["of"]) if reason else None,
            synthetic=found.get("synthetic", False),
            late_seconds=found.get("late_seconds"),
            traceparent=found.get("traceparent"),
        )

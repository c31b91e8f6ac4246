"""What the aggregates of this context do alike."""

from __future__ import annotations

from typing import Any

from shared.messages import Command


def stated(command: Command) -> dict[str, Any]:
    """What a command states, for the event whose fields bear the same names."""
    return {name: getattr(command, name) for name in type(command).model_fields if name not in command.STAMPS}

"""How an installation stands, as its metrics tell it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from services.gateway.http.metrics import Lag, Standing
from services.gateway.installation import Installation
from shared.eventstore.port import EventStore
from shared.reacting.runner import PolicyRunner

LATE_SECONDS = 60.0


def standing_of(installation: Installation) -> Callable[[], Standing]:
    """What `Metrics` asks."""
    runner: PolicyRunner = installation.policy_runner()

    def look() -> Standing:
        store = installation.store
        ages: dict[int, float] = {}

        def age(position: int, lag: int) -> float:
            if not lag:
                return 0.0
            if position not in ages:
                ages[position] = _age_after(store, position)
            return ages[position]

        read_models = [
            Lag(row.name, row.lag, age(row.position, row.lag), row.stopped_at is not None, row.parked)
            for row in installation.projection_status()
        ]
        policies = [
            Lag(row.name, row.lag, age(row.position, row.lag), row.waiting is not None, len(row.parked))
            for row in runner.status()
        ]
        return Standing(store.head(), read_models, policies)

    return look


def late(standing: Standing) -> dict[str, str]:
    """What has been behind for longer than it should, each with a sentence: most often nobody runs it."""
    found = {
        lag.name: f"This read model has been behind for {lag.seconds:.0f} seconds."
        for lag in standing.read_models
        if lag.seconds > LATE_SECONDS
    }
    policies = [lag.seconds for lag in standing.policies if lag.seconds > LATE_SECONDS]
    if policies:
        found["policies"] = f"Of the policies {len(policies)} have been behind for {max(policies):.0f} seconds."
    return found


def _age_after(store: EventStore, position: int) -> float:
    """How many seconds ago the first event after `position` was recorded."""
    first = next(iter(store.read_all(start=position + 1, limit=1)), None)
    return 0.0 if first is None else max(0.0, (datetime.now(UTC) - first.created).total_seconds())

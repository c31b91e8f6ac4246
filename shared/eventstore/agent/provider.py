"""The store in a nameko service: `log = Log()`, and `self.log.append(...)`.

Each service process has one agent, started with its container and ended with it. Where the store is says nameko's
configuration, under `EVENTSTORE`: a cluster's address, or a log's folder.
"""

from __future__ import annotations

from nameko.extensions import DependencyProvider

from shared.eventstore.agent.client import AgentLog, open_agent

CONFIGURED = "EVENTSTORE"


class Log(DependencyProvider):  # type: ignore[misc]  # nameko is untyped
    """Gives every worker the container's store."""

    _store: AgentLog

    def setup(self) -> None:
        """Start the agent. A store that is out of reach is told to whoever asks it, not here."""
        self._store = open_agent(self.container.config[CONFIGURED])

    def stop(self) -> None:
        """End the agent, after the last worker."""
        self._store.close()

    def get_dependency(self, worker_ctx: object) -> AgentLog:
        """The store."""
        return self._store

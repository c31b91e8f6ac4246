"""The gateway as a process of its own: HTTP in front, the services behind the broker.

Documents and printed reports are made here; every declared command and query goes to the service of its context.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Mapping

import structlog

from services.gateway.contexts import CONTEXTS
from services.gateway.distributed.carrying import OverBroker, calling_of
from services.gateway.greeting import greet
from services.gateway.http import create_app
from services.gateway.http.metrics import Metrics, Standing
from services.gateway.installation import Installation
from services.gateway.serve import answer, listen, read_models_behind
from services.gateway.standing import late, standing_of
from services.gateway.telling import asked, telling, wrong_with
from services.gateway.tokens import open_tokens
from shared.calling import Calling
from shared.errors import ForgetMeNotError
from shared.logging import configure_logging
from shared.settings import load_settings
from shared.tracing import start_tracing

LOOK_SECONDS = 2.0  # how long what was found of the services holds

log = structlog.get_logger()


class Services:
    """Which of the services answer. Asked from any thread; the calls are made where the gateway makes its own."""

    def __init__(self, calling: Calling) -> None:
        self._calling = calling
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._found: dict[str, str] = {}
        self._looked = 0.0

    def run_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """The event loop of the calls."""
        self._loop = loop

    def missing(self) -> dict[str, str]:
        """Those that do not, each with a sentence."""
        with self._lock:
            if self._loop and time.monotonic() - self._looked > LOOK_SECONDS:
                self._found = asyncio.run_coroutine_threadsafe(self._look(), self._loop).result()
                self._looked = time.monotonic()
            return self._found if self._loop else {"gateway": "It is starting."}

    async def _look(self) -> dict[str, str]:
        if not self._calling.connected:
            return {"broker": "The broker is out of reach."}
        names = [context.name for context in CONTEXTS]
        served = await asyncio.gather(*(self._calling.is_served(name) for name in names))
        return {name: "This service does not answer." for name, here in zip(names, served, strict=True) if not here}


class _Carrier(OverBroker):
    """Tells the services' watch where its event loop is."""

    def __init__(self, calling: Calling, services: Services) -> None:
        super().__init__(calling)
        self._services = services

    async def start(self) -> None:
        """See `Carrier.start`."""
        await super().start()
        self._services.run_on(asyncio.get_running_loop())


def main() -> int:
    """Answer HTTP until it is told to stop."""
    try:
        settings = load_settings()
        configure_logging(settings.log_format, settings.log_level)
        start_tracing(settings, "gateway")
        log.info("a part started", part="gateway", pid=os.getpid())
        calling = calling_of(settings)
        services = Services(calling)
        with listen(settings) as listening, Installation(settings) as installation:
            look = standing_of(installation)

            def missing() -> Mapping[str, str]:
                wrong = wrong_with(installation.folder) | services.missing()
                return late(look()) | read_models_behind(installation) | wrong

            def standing() -> Standing:
                return look()._replace(calls_under_way=calling.under_way, calls_refused=calling.refused)

            app = create_app(
                installation.bus_for_people(),
                CONTEXTS,
                open_tokens(installation.folder),
                readiness=missing,
                settings=settings,
                extra_queries=tuple(installation.log_queries),
                documents=installation.document_desk(),
                carrier=_Carrier(calling, services),
                metrics=Metrics(standing, lambda: asked(installation.folder)),
            )
            with telling(installation.folder, "gateway", installation.store.head):
                answer(app, listening, lambda host, port: greet(installation, missing, host, port))
    except ForgetMeNotError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`forgetmenot serve --distributed`: every part a process of its own, on one machine, under one supervisor.

A broker and a database that are named in the settings are used; otherwise private ones are started from what is
installed here.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace

import structlog
from pydantic import SecretStr

from services.gateway.cli.terminal import console
from services.gateway.distributed import private_servers
from services.gateway.distributed.private_servers import PrivateServer
from services.gateway.distributed.programs import Program
from services.gateway.distributed.supervisor import Supervisor
from services.gateway.distributed.table import ALL, program
from services.gateway.installation import Installation, usable
from services.gateway.serve import alone, listen
from shared.errors import Unavailable
from shared.logging import configure_logging
from shared.settings import Settings, forget_running, note_running
from shared.transport import open_sealing

PRIVATE = ("AMQP_URL", "READ_MODELS_URL")
LAST_ONES_SECONDS = 30.0  # that the processes of a supervisor which was killed have to go

log = structlog.get_logger()


def serve_distributed(settings: Settings, *, with_history: bool) -> None:
    """Run until Ctrl-C.

    Raises `Unavailable` in one sentence if a server is not installed, or the port or the folder cannot be used.
    """
    stop = threading.Event()
    for stopping in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stopping, lambda *_: stop.set())
    configure_logging(settings.log_format, settings.log_level)
    with alone(usable(settings.data_dir), LAST_ONES_SECONDS) as lock:
        servers, environment = _servers(settings)
        listen(settings).close()  # whether it can be listened on at all
        open_sealing(settings)  # made by one of us, not by eight at once
        plain = settings.log_format == "json" or (settings.log_format is None and not sys.stderr.isatty())
        supervisor = Supervisor(settings.data_dir, plain=plain, inherited=(lock,))
        try:
            for server in servers:
                supervisor.start(server.programs)
            note_running(
                settings.data_dir, {name.lower(): environment[name] for name in PRIVATE if name in environment}
            )
            with Installation(settings.model_copy(update=_urls(environment))):
                pass  # what forbids to serve at all is told here, once, and not by a dozen processes
            foundation, *others = [_with(program(part), environment) for part in ALL]
            supervisor.begin([foundation])
            if with_history and supervisor.run_once(_with(program("history"), environment)) != 0:
                raise Unavailable("The history data set was not loaded: what went wrong is said above.")
            supervisor.begin(others)
            stop.wait()
        finally:
            supervisor.stop()
            forget_running(settings.data_dir)
    console.print("Stopped. Everything that was acknowledged is on disk.")


def _with(part: Program, environment: Mapping[str, str]) -> Program:
    return replace(part, environment={**part.environment, **environment})


def _urls(environment: Mapping[str, str]) -> dict[str, SecretStr]:
    return {name.lower(): SecretStr(environment[name]) for name in PRIVATE if name in environment}


def _servers(settings: Settings) -> tuple[list[PrivateServer], dict[str, str]]:
    """The servers that have to be started, and the environment of those who use them."""
    folder = settings.servers_dir or settings.data_dir / "servers"
    environment = {"DATA_DIR": str(settings.data_dir.absolute())}
    found: list[PrivateServer] = []
    if settings.amqp_url is None:
        found.append(private_servers.rabbitmq(folder.absolute() / "rabbitmq"))
        environment["AMQP_URL"] = found[-1].url
    if settings.read_models_url is None:
        found.append(private_servers.postgres(folder.absolute() / "postgres"))
        environment["READ_MODELS_URL"] = found[-1].url
    return found, environment

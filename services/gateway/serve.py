"""`forgetmenot serve`: everything on one machine, in two processes. This one owns the log and answers HTTP."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from services.gateway.cli.history import progress_bar
from services.gateway.cli.terminal import console
from services.gateway.contexts import CONTEXTS
from services.gateway.greeting import greet
from services.gateway.http import create_app
from services.gateway.http.metrics import Metrics
from services.gateway.installation import Installation, usable
from services.gateway.standing import late, standing_of
from services.gateway.supervising import Worker
from services.gateway.telling import asked, telling, wrong_with
from services.gateway.tokens import open_tokens
from services.history.loading import load
from services.history.source import steps_in_source, the_source
from shared.errors import Unavailable
from shared.eventstore.port import Filter
from shared.logging import configure_logging
from shared.privacy.durable import sync_folder
from shared.settings import Settings, forget_running
from shared.tracing import start_tracing

BACKLOG = 1024
GRACE_SECONDS = 10  # that requests under way have when it stops

LOCK = "serve.lock"
LOADING = "history.loading"


def serve(settings: Settings, *, with_history: bool) -> None:
    """Run until Ctrl-C. Raises `Unavailable` in one sentence if the port or the folder cannot be used."""
    listening = listen(settings)
    configure_logging(settings.log_format, settings.log_level)
    with listening, alone(usable(settings.data_dir)):
        forget_running(settings.data_dir)
        _run(settings, listening, with_history=with_history)
    console.print("Stopped. Everything that was acknowledged is on disk.")


def _run(settings: Settings, listening: socket.socket, *, with_history: bool) -> None:
    with Installation(settings) as installation:
        if with_history:
            load_history(installation)
        start_tracing(settings, "gateway")  # not before: what is loaded was asked for by nobody
        worker = Worker(settings)
        worker.start()
        try:
            with telling(installation.folder, "gateway", installation.store.head):
                _answer(settings, installation, worker, listening)
        finally:
            worker.stop()


@contextmanager
def alone(folder: Path, patience: float = 0) -> Iterator[int]:
    """Hold the folder for one `serve`, by the file that is given. Raises `Unavailable` if another one runs on it.

    Processes that have that file open hold it as well: `patience` is for those of one that has just died.
    """
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up = time.monotonic() + patience
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= give_up:
                    said = f"Another serve runs on {folder}: stop it, or set DATA_DIR to another folder."
                    raise Unavailable(said) from None
                time.sleep(0.1)
        yield lock
    finally:
        os.close(lock)


def listen(settings: Settings) -> socket.socket:
    """The listening socket. Raises `Unavailable` if somebody else has the port."""
    family = socket.AF_INET6 if ":" in settings.bind_host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.bind_host, settings.port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise Unavailable(f"Port {settings.port} is in use: set PORT to another one.") from None
        raise Unavailable(f"{settings.bind_host}:{settings.port} cannot be listened on ({error.strerror}).") from None
    return listening


def _answer(settings: Settings, installation: Installation, worker: Worker, listening: socket.socket) -> None:
    look = standing_of(installation)

    def waiting_for() -> Mapping[str, str]:
        return late(look()) | missing(installation, worker)

    app = create_app(
        installation.bus_for_people(),
        CONTEXTS,
        open_tokens(installation.folder),
        readiness=waiting_for,
        settings=settings,
        extra_queries=tuple(installation.log_queries),
        documents=installation.document_desk(),
        metrics=Metrics(look, lambda: asked(installation.folder)),
    )
    answer(app, listening, lambda host, port: greet(installation, waiting_for, host, port))


def answer(app: FastAPI, listening: socket.socket, greeting: Callable[[str, int], None]) -> None:
    """Answer HTTP until this process is told to stop; greet once, from a thread of its own."""
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    # uvicorn takes these two while it runs, and raises them once more when it is done: to be stopped is no failure.
    for stopping in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stopping, lambda *_: setattr(server, "should_exit", True))
    host, port = listening.getsockname()[:2]
    threading.Thread(target=greeting, args=(host, port), daemon=True).start()
    server.run(sockets=[listening])


def missing(installation: Installation, worker: Worker) -> dict[str, str]:
    """What is not ready yet, by part."""
    waiting: dict[str, str] = {}
    if refusal := installation.log.refusal:
        waiting["log"] = refusal
    if not worker.alive:
        waiting["worker"] = "The process of read models and policies is not running."
    return waiting | wrong_with(installation.folder) | read_models_behind(installation)


def read_models_behind(installation: Installation) -> dict[str, str]:
    """The read models that cannot answer as they should, each with a sentence."""
    waiting: dict[str, str] = {}
    standing = installation.projection_status()
    unbuilt = {projection.name for projection in installation.projections} - {row.name for row in standing}
    waiting |= dict.fromkeys(sorted(unbuilt), "This read model is about to be built.")
    for row in standing:
        if row.state == "stopped":
            waiting[row.name] = f"This read model stopped at position {row.stopped_at}."
        elif row.state == "building" or row.lag > 10_000:
            waiting[row.name] = f"This read model is {row.lag} events behind."
    return waiting


def load_history(installation: Installation) -> None:
    """Load it into an empty log. A start after one that was cut short goes on: a file stands until all is there."""
    loading = installation.folder / LOADING
    empty = next(installation.store.read_all(limit=1, filter=Filter()), None) is None
    if not empty and not loading.exists():
        return
    loading.touch(mode=0o600)
    sync_folder(loading.parent)
    projector = installation.projector()
    projector.prepare()  # on an empty log they answer at once, and grow with it
    with progress_bar() as bar:
        task = bar.add_task("Loading the history data set", total=steps_in_source())
        loaded = load(the_source(), installation.bus(), installation.settle(), lambda _: bar.advance(task))
    with console.status("Filling the read models"):
        projector.catch_up()
    loading.unlink()
    console.print(f"Loaded the history data set: {loaded.events:,} events from {loaded.commands:,} commands.")

"""Every process of an installation tells how it works to whoever asks, over a socket of its own in the data folder.

So one page of metrics, one probe and one `forgetmenot status` reach all of them, however many there are. A process is
asked itself and not about: one that hangs does not answer, and one that is gone is not there.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import structlog
from prometheus_client.core import Metric

from shared.errors import ForgetMeNotError
from shared.eventstore.ownership import short_address
from shared.measures import REGISTRY, seconds_since_turned

log = structlog.get_logger()

FOLDER = "processes"
ASK_SECONDS = 5.0
STUCK_SECONDS = 120.0


class Told(NamedTuple):
    """What a process said of itself."""

    part: str
    id: str  # of this run of it
    host: str
    pid: int
    since: str
    wrong: list[str]  # sentences: what keeps it from its work
    loops: dict[str, float]  # seconds since each of them last turned
    metrics: list[Any]

    def families(self) -> Iterator[Metric]:
        """Its metrics, each sample with the part and the run that it is of."""
        for name, documentation, kind, samples in self.metrics:
            metric = Metric(name, documentation, kind)
            for sample, labels, value in samples:
                metric.add_sample(sample, {"part": self.part, "process": self.id, **labels}, value)
            yield metric


@contextmanager
def telling(folder: Path, part: str, reaches: Callable[[], object]) -> Iterator[None]:
    """Answer whoever asks, until the end. `reaches` raises one of our errors where the log is out of reach."""
    since, id = datetime.now(UTC).isoformat(timespec="seconds"), secrets.token_hex(4)
    path = _folder(folder) / f"{part}-{id}.sock"
    listening = _listen(path)

    def tell() -> bytes:
        loops = seconds_since_turned()
        wrong = [
            f"The loop of {loop} has not turned for {ago:.0f} seconds."
            for loop, ago in loops.items()
            if ago > STUCK_SECONDS
        ]
        try:
            reaches()
        except ForgetMeNotError as error:
            wrong.append(str(error))
        told = Told(part, id, socket.gethostname(), os.getpid(), since, wrong, loops, _measured())
        return orjson.dumps(list(told))

    def answer() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return  # it is closed
            try:
                with connection:
                    connection.settimeout(ASK_SECONDS)
                    connection.sendall(tell())
            except OSError:
                pass  # who asked has gone
            except Exception:  # one that cannot tell once may the next time; who asked sees that it did not
                log.exception("a process could not tell how it works", part=part)

    thread = threading.Thread(target=answer, name="telling", daemon=True)
    thread.start()
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def wrong_with(folder: Path) -> dict[str, str]:
    """The processes that cannot do their work, or do not answer, each with a sentence."""
    found = {}
    for run, told in asked(folder).items():
        if told is None:
            found[run] = "This process runs and does not answer."
        elif told.wrong:
            found[told.part] = told.wrong[0]
    return found


def asked(folder: Path) -> dict[str, Told | None]:
    """What every process says that runs on this folder, by part and run; None of one that does not answer in time."""
    paths = sorted((folder / FOLDER).glob("*.sock"))
    with ThreadPoolExecutor(max(1, len(paths))) as pool:
        answers = zip(paths, pool.map(_ask, paths), strict=True)
        return {path.stem: answer for path, answer in answers if answer or path.exists()}


def _ask(path: Path) -> Told | None:
    try:
        return Told(*orjson.loads(_said(path)))
    except (OSError, orjson.JSONDecodeError):
        return None


def _said(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ASK_SECONDS)
        try:
            with short_address(path) as address:
                connection.connect(address)
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)  # whoever listened here was killed
            raise
        said = bytearray()
        while data := connection.recv(1 << 16):
            said += data
        return bytes(said)


def _listen(path: Path) -> socket.socket:
    """Under its name only once it listens: a name that refuses is one that nobody listens to any more."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    fresh = path.with_suffix(".new")
    with short_address(fresh) as address:
        listening.bind(address)
    listening.listen(16)
    fresh.rename(path)
    return listening


def _folder(folder: Path) -> Path:
    (found := folder / FOLDER).mkdir(mode=0o700, exist_ok=True)
    return found


def _measured() -> list[Any]:
    """What this process counts; when it began to count is not of interest."""
    return [
        (metric.name, metric.documentation, metric.type, [(one.name, one.labels, one.value) for one in counted])
        for metric in REGISTRY.collect()
        if (counted := [one for one in metric.samples if not one.name.endswith("_created")])
    ]

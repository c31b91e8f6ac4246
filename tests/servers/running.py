"""A private server that a test may restart, kill and look into."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from services.gateway.distributed.private_servers import PrivateServer
from services.gateway.distributed.programs import Program
from shared.errors import Unavailable

PACKAGES = {"rabbitmq": "rabbitmq-server", "postgres": "postgresql"}


class Server:
    """A private server that runs, with its data in `folder`."""

    def __init__(self, private: PrivateServer, folder: Path) -> None:
        self.url = private.url
        self.folder = folder
        self._programs = private.programs
        self._running: list[tuple[Program, subprocess.Popen[bytes]]] = []

    def start(self) -> None:
        """Start what does not run, and wait until it is ready."""
        for program in self._programs[len(self._running) :]:
            with (self.folder / "output.txt").open("ab") as output:
                process = program.start(output)
            self._running.append((program, process))
            program.wait_until_ready(process)

    def stop(self) -> None:
        """Stop all of it, by its own way out."""
        while self._running:
            program, process = self._running.pop()
            program.stop(process)

    def kill(self) -> None:
        """As a power cut does, to the server itself."""
        program, process = self._running.pop()
        os.killpg(_group(process), signal.SIGKILL)
        process.wait()
        while program.ready():  # until the last of its processes has let go of the port
            time.sleep(0.01)

    def pause(self) -> None:
        """Have it neither answer nor close anything, until `go_on`."""
        os.killpg(_group(self._running[-1][1]), signal.SIGSTOP)

    def go_on(self) -> None:
        """Go on after `pause`."""
        os.killpg(_group(self._running[-1][1]), signal.SIGCONT)

    def restart(self) -> None:
        """Stop the server itself and start it again: the same data, the same address."""
        program, process = self._running.pop()
        program.stop(process)
        self.start()


def _group(keeper: subprocess.Popen[bytes]) -> int:
    """The process group of the server: RabbitMQ's command is a script around Erlang, and both are in it."""
    return int(Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children").read_text().split()[0])


@contextmanager
def running(make: Callable[[Path], PrivateServer]) -> Iterator[Server]:
    """A private server, until the block ends. Raises `Unavailable` if it is not installed."""
    # Not in pytest's own folders: the user that PostgreSQL runs as may not pass through them.
    folder = Path(tempfile.mkdtemp(prefix="forgetmenot-", dir="/tmp"))
    server: Server | None = None
    try:
        own = folder / make.__name__
        server = Server(make(own), own)
        server.start()
        yield server
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def install_package(package: str) -> None:
    """Install a Debian package, where that is asked for and can be done; never leave its own service running."""
    if os.environ.get("CI") != "true" and not os.environ.get("FORGETMENOT_INSTALL"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    with Path("/tmp/forgetmenot-install.lock").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        _install(package)


def _install(package: str) -> None:
    policy = Path("/usr/sbin/policy-rc.d")  # Debian asks it whether a package may start what it brings
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=False, capture_output=True)
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
        subprocess.run(command, env=quiet, check=True, capture_output=True)
    finally:
        if ours:
            policy.unlink()


@contextmanager
def running_or_installed(make: Callable[[Path], PrivateServer]) -> Iterator[Server]:
    """The same, installed first if it is missing and may be. Raises `Unavailable` if it stays missing."""
    try:
        with running(make) as server:
            yield server
            return
    except Unavailable as missing:
        if "not installed" not in str(missing):
            raise
    install_package(PACKAGES[make.__name__])
    with running(make) as server:
        yield server

"""RabbitMQ and PostgreSQL of our own, from the binaries of this machine: nobody else's is touched.

Each lives in a folder of its own, listens on loopback alone, at ports that were free, behind a password that is made
with the folder. What the distribution runs as a service (its data, its cookie, its name server) is left alone.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from services.gateway.distributed.programs import Program, free_port, listens
from shared.errors import Unavailable

RABBITMQ_PLACES = ("/usr/lib/rabbitmq/bin", "/usr/local/sbin", "/opt/homebrew/sbin", "/usr/local/opt/rabbitmq/sbin")
ERLANG_PLACES = ("/usr/lib/erlang/bin", "/usr/local/bin", "/opt/homebrew/bin")
POSTGRES_PLACES = "/usr/lib/postgresql"
USER = "forgetmenot"

NO_RABBITMQ = "RabbitMQ is not installed: apt-get install rabbitmq-server, or set AMQP_URL to one that runs."
NO_POSTGRES = "PostgreSQL is not installed: apt-get install postgresql, or set READ_MODELS_URL to one that runs."


@dataclass(frozen=True)
class PrivateServer:
    """A server: where it is reached, and the programs that make it up, in the order in which they start."""

    url: str
    programs: tuple[Program, ...]


def rabbitmq(folder: Path) -> PrivateServer:
    """A RabbitMQ whose data is in `folder`. Raises `Unavailable` in one sentence if it is not installed."""
    # The distribution's own command insists on its own user and folders; the one behind it does not.
    server = _find("rabbitmq-server", RABBITMQ_PLACES, NO_RABBITMQ)
    epmd = _find("epmd", ERLANG_PLACES, NO_RABBITMQ)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = _password(folder / "password")
    port, epmd_port, between_nodes = free_port(), free_port(), free_port()
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.local = 127.0.0.1:{port}\ndefault_user = {USER}\ndefault_pass = {password}\n"
        "loopback_users.guest = true\nlog.console = true\nlog.console.level = warning\nlog.file = false\n"
        "disk_free_limit.absolute = 50MB\n"
    )
    (folder / "rabbitmq.conf").chmod(0o600)
    (folder / "enabled_plugins").write_text("[].\n")
    environment = {
        "HOME": str(folder),  # where Erlang keeps the cookie
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": "forgetmenot@localhost",
        "RABBITMQ_DIST_PORT": str(between_nodes),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_MNESIA_DIR": str(folder / "mnesia" / "node"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2",
    }
    # In the foreground, so that it ends with us: the one that Erlang starts by itself stays for ever.
    names = Program(
        "rabbitmq-names",
        (epmd, "-port", str(epmd_port), "-address", "127.0.0.1"),
        environment,
        ready=lambda: listens(epmd_port),
    )
    broker = Program("rabbitmq", (server,), environment, folder=folder, ready=lambda: listens(port))
    return PrivateServer(f"amqp://{USER}:{password}@127.0.0.1:{port}//", (names, broker))


def postgres(folder: Path) -> PrivateServer:
    """A PostgreSQL whose data is in `folder`, made if need be. Raises `Unavailable` if it is not installed.

    It refuses to run as root; root runs it as the user that its package made.
    """
    versions = sorted(Path(POSTGRES_PLACES).glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    server = _find("postgres", map(str, versions), NO_POSTGRES)
    initdb = _find("initdb", (str(Path(server).parent), *map(str, versions)), NO_POSTGRES)
    user = None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        user = "postgres"
        try:
            owner = pwd.getpwnam(user)
        except KeyError:
            raise Unavailable("PostgreSQL does not run as root, and there is no user postgres: be another.") from None
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        _let_through(folder)
    data = folder / "data"
    password_file = folder.with_name(f"{folder.name}.password")
    password = _password(password_file)
    if not (data / "PG_VERSION").exists():
        _create_cluster(initdb, folder, data, password, user)
    port = free_port()
    command = (
        *(server, "-D", str(data), "-p", str(port)),
        *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
        *("-c", "max_connections=300", "-c", "log_min_messages=warning", "-c", "log_statement=none"),
        # Without it a failing statement is logged with its values.
        *("-c", "log_min_error_statement=panic", "-c", "log_parameter_max_length_on_error=0"),
    )
    program = Program(
        "postgres",
        command,
        user=user,
        folder=folder,
        ready=lambda: _answers(server, port),
        stop_signal=signal.SIGINT,  # "fast": connections are cut, data is flushed
    )
    return PrivateServer(f"postgresql+psycopg://{USER}:{password}@127.0.0.1:{port}/postgres", (program,))


def _create_cluster(initdb: str, folder: Path, data: Path, password: str, user: str | None) -> None:
    shutil.rmtree(data, ignore_errors=True)  # what an attempt that was cut short left
    told_by = folder / "first-password"
    told_by.unlink(missing_ok=True)
    told_by.touch(mode=0o600)
    told_by.write_text(password)
    if user:
        shutil.chown(told_by, user)
    arguments = ("-D", str(data), "-U", USER, "-A", "scram-sha-256", f"--pwfile={told_by}", "-E", "UTF8", "--locale=C")
    told = subprocess.run(  # noqa: S603  (what it runs was found among this machine's own programs)
        [initdb, *arguments],
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    told_by.unlink()
    if told.returncode:
        raise Unavailable(f"PostgreSQL's initdb ended with exit code {told.returncode} in {folder}.")


def _answers(server: str, port: int) -> bool:
    ready = Path(server).resolve().with_name("pg_isready")
    if not ready.exists():
        return listens(port)
    asked = [str(ready), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(asked, check=False, capture_output=True).returncode == 0  # noqa: S603


def _find(name: str, places: Iterable[str], otherwise: str) -> str:
    for place in places:
        if os.access(candidate := Path(place, name), os.X_OK):
            return str(candidate)
    if found := shutil.which(name):
        return found
    raise Unavailable(otherwise)


def _password(path: Path) -> str:
    """The password in `path`, made for its owner's eyes alone if there is none."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(24))
    return path.read_text()


def _let_through(folder: Path) -> None:
    """Let another user pass to what is theirs, and see nothing on the way: the folder above, and the one above that.

    Raises `Unavailable` if a folder further up is closed to them.
    """
    for own in folder.parents[:2]:
        if own.stat().st_uid == os.geteuid() and not own.stat().st_mode & 0o002:
            own.chmod(own.stat().st_mode | 0o011)
    if any(not above.stat().st_mode & 0o001 for above in folder.parents):
        raise Unavailable(
            "PostgreSQL runs as the user postgres, who may not pass to its data here: set SERVERS_DIR to a folder in "
            "one that all may pass through, such as /var/lib, or do not run this as root."
        )

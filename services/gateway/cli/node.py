"""`forgetmenot node`: a node that any EventStoreDB client can talk to."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.gateway.cli.terminal import one_sentence
from shared.errors import Invalid

if TYPE_CHECKING:  # grpcio takes a while to import, which no other command needs to wait for
    from shared.eventstore.node.node import NodeSettings


@one_sentence
def node(
    data: Annotated[Path, typer.Option(help="The log's folder; made if it is not there.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 takes any that is free.")] = 2113,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    tls: Annotated[bool, typer.Option("--tls", help="Encrypt, and ask for logins: needs the three files.")] = False,
    cert: Annotated[Path | None, typer.Option(help="The certificate, PEM, with those that signed it.")] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's private key, PEM.")] = None,
    users: Annotated[
        Path | None, typer.Option(help="The users' file; made, with an administrator, if missing.")
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="No encryption, and everybody may do everything.")
    ] = False,
) -> None:
    """Serve a log over EventStoreDB's own protocol, for its clients in any language. Ctrl-C stops it.

    A folder of its own serves in full. The log of a Forget-me-not installation (DATA_DIR/log) can be read, followed and
    appended to, but not deleted from.
    """
    from shared.eventstore.node.node import NodeSettings
    from shared.eventstore.node.users import create_users

    if insecure == tls:
        raise Invalid("Choose: --tls with --cert, --key and --users; or --insecure, for trials on one machine.")
    if insecure:
        if cert or key or users:
            raise Invalid("--cert, --key and --users belong to --tls; --insecure looks at none of them.")
        settings = NodeSettings(data, host, port)
    else:
        if not (cert and key and users):
            raise Invalid("--tls needs --cert, --key and --users.")
        settings = NodeSettings(data, host, port, cert, key, users)
        password = create_users(users)
        if password:
            typer.echo(f"Made {users} with the login admin and the password {password}: change it, it is shown once.")
    _serve(settings)


def _serve(settings: NodeSettings) -> None:
    from shared.eventstore.node.serving import Serving

    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    serving = Serving(settings)
    option = "" if settings.certificate else "?tls=false"
    typer.echo(f"Serving {settings.folder}: connect with kurrentdb://{settings.host}:{serving.port}{option}")
    stopping.wait()
    serving.stop()

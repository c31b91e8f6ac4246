"""The command line: `forgetmenot --help`."""

from __future__ import annotations

import sys

CONTAINERS = ("part", "probe")  # what containers run: probes every few seconds, and so without loading all the rest


def main() -> None:
    """Where the `forgetmenot` command starts."""
    if sys.argv[1:] and sys.argv[1] in CONTAINERS:
        from services.gateway.cli.running import containers as app
    else:
        from services.gateway.cli.commands import app
    app()

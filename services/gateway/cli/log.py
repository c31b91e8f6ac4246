"""`forgetmenot log`: is the log whole, and what is it like."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from services.gateway.cli.terminal import console, counting, emit, one_sentence
from shared.errors import NotFound
from shared.eventstore.log import path_of
from shared.eventstore.sqlite import EmbeddedLog, open_store
from shared.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="The event log: is it whole, and what is it like.")
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
@one_sentence
def verify(as_json: AsJson = False) -> None:
    """Look at every event: is it there, is it what was written, is nothing missing. Exit code 1 if anything is wrong.

    This finds damage. Whether somebody rewrote the log with care is what `forgetmenot audit verify` tells.
    """
    with _log() as store, counting("Checking", store.head(), shown=not as_json) as progress:
        report = store.verify(lambda done, _: progress(done))
    if as_json:
        damages = [damage._asdict() for damage in report.damages]
        emit({"sound": report.sound, "events": report.events, "damages": damages})
    elif report.sound:
        console.print(f"The log is whole: {report.events:,} events.")
    else:
        table = Table("position", "what is wrong", title="The log is damaged: restore it from a backup")
        for damage in report.damages:
            table.add_row("" if damage.position is None else f"{damage.position:,}", damage.detail)
        console.print(table)
    if not report.sound:
        raise typer.Exit(1)


@app.command()
@one_sentence
def describe(as_json: AsJson = False) -> None:
    """How many events there are, how large the file is, in which format, and who writes to it."""
    with _log() as store:
        facts = asdict(store.describe()) | {"folder": str(load_settings().data_dir / "log")}
    if as_json:
        emit(facts)
        return
    table = Table.grid(padding=(0, 2))
    table.add_row("folder", facts["folder"])
    table.add_row("events", f"{facts['head']:,}")
    table.add_row("size", f"{facts['bytes']:,} bytes")
    table.add_row("format", str(facts["format"]))
    table.add_row("owner", "this command" if facts["role"] == "owner" else f"process {facts['owner_pid']}")
    if facts["refusal"]:
        table.add_row("refuses", facts["refusal"], style="bold red")
    console.print(table)


def _log() -> EmbeddedLog:
    """Raises `NotFound` rather than make an empty log, of which everything would hold."""
    folder = load_settings().data_dir / "log"
    if not path_of(folder).exists():
        raise NotFound(f"There is no log in {folder}: set DATA_DIR to the folder that holds it.")
    return open_store(folder)

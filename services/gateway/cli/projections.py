"""`forgetmenot projections`: how the read models stand, and building one anew."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from services.gateway.cli.history import progress_bar
from services.gateway.cli.terminal import console, emit, one_sentence
from shared.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Read models: how they stand, and building one anew.")
Name = Annotated[str, typer.Argument(help="The read model, as status names it.")]


@app.command()
@one_sentence
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """How far each read model reflects the log, and whether it stopped at an event that it cannot take."""
    from services.gateway.installation import Installation

    with Installation(load_settings()) as installation:
        standing = installation.projector().status()
    if as_json:
        emit([row._asdict() for row in standing])
        return
    table = Table("read model", "version", "position", "of", "behind", "state", "error", title="Read models")
    for row in standing:
        style = "" if row.error is None else "bold red"
        table.add_row(
            row.name,
            str(row.version),
            f"{row.position:,}",
            f"{row.head:,}",
            f"{row.lag:,}",
            row.state,
            row.error or "",
            style=style,
        )
    console.print(table)


@app.command()
@one_sentence
def rebuild(name: Name) -> None:
    """Build a read model anew from the log, beside the one that answers, and switch over when it is complete."""
    from services.gateway.installation import Installation

    with Installation(load_settings()) as installation, progress_bar() as bar:
        task = bar.add_task(f"Building {name} anew", total=installation.store.head())
        position = installation.projector().rebuild(
            name, lambda done, head: bar.update(task, completed=done, total=head)
        )
    console.print(f"{name} reflects the log up to {position:,}.")


@app.command()
@one_sentence
def retry(name: Name) -> None:
    """Let a read model that stopped try its event again."""
    from services.gateway.installation import Installation

    with Installation(load_settings()) as installation:
        installation.projector().retry(name)
    console.print(f"{name} tries again.")


@app.command()
@one_sentence
def park(name: Name) -> None:
    """Let a read model that stopped go on without its event, which is kept on a list."""
    from services.gateway.installation import Installation

    with Installation(load_settings()) as installation:
        installation.projector().park(name)
    console.print(f"{name} goes on; the event is parked.")

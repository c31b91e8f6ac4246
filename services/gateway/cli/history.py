"""`forgetmenot history`: load the source's history, or a generated one of any size."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.gateway.cli.terminal import console, emit, one_sentence
from shared.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="The history data set, and generated ones of the same shape.")


@app.callback()
def history() -> None:
    """The history data set, and generated ones of the same shape."""


@app.command()
@one_sentence
def load(
    events: Annotated[
        int | None,
        typer.Option(min=1, help="Generate about so many events instead; they claim none of the source's figures."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same history.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Load the history through commands. Loading it again changes nothing; one that was cut short goes on."""
    from services.gateway.installation import Installation
    from services.history.generated import generated
    from services.history.loading import load as load_steps
    from services.history.source import steps_in_source, the_source

    steps = the_source() if events is None else generated(events, seed)
    title = "Loading the history" if events is None else "Generating a history"
    total = steps_in_source() if events is None else events
    with Installation(load_settings()) as installation, progress_bar() as bar:
        task = bar.add_task(title, total=total, visible=not as_json)
        loaded = load_steps(
            steps,
            installation.bus(),
            installation.settle(),
            lambda count: bar.advance(task, 1 if events is None else count),
        )
    if as_json:
        emit(
            {
                "commands": loaded.commands,
                "events": loaded.events,
                "repeated": loaded.repeated,
                "position": loaded.position,
            }
        )
    elif loaded.events:
        console.print(f"Loaded {loaded.events:,} events with {loaded.commands:,} commands.")
    else:
        console.print("This history is loaded already; nothing was changed.")


def progress_bar() -> Progress:
    """The one that every long command shows."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )

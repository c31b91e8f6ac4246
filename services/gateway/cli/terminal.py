"""What every command of the command line shares: a console for people, JSON for programs, errors as one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from shared.errors import ForgetMeNotError

P = ParamSpec("P")
R = TypeVar("R")

console = Console()  # plain text wherever it is not a terminal


def emit(value: Any) -> None:
    """Write `value` as JSON on standard output: what `--json` asks for."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))


def listing(*columns: str, title: str | None = None, show_lines: bool = False) -> Table:
    """A table in which nothing is cut short, however narrow the terminal: half an id is of no use to anybody."""
    table = Table(title=title, show_lines=show_lines)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def one_sentence(command: Callable[P, R]) -> Callable[P, R]:
    """The command, but its refusals are one sentence on standard error and exit code 1, never a traceback."""

    @wraps(command)
    def refusing_politely(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except ForgetMeNotError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None

    return refusing_politely


@contextmanager
def counting(what: str, total: int | None, *, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """A bar that is told how many of `total`, if that is known, are done; nothing where nobody looks at a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)

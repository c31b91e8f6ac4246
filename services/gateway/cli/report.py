"""`forgetmenot report`: what the centre did, in the terminal, as a page, or as a PDF."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table as Grid
from rich.text import Text

from services.analytics.sheet.parts import Block, Chart, Entry, Note, Sheet, Table
from services.analytics.sheet.quoting import plain
from services.analytics.sheet.words import Language
from services.gateway.cli.terminal import console, emit, one_sentence
from shared.errors import Invalid, Unavailable
from shared.messages import Origin, Query, Role
from shared.settings import load_settings

READER = Origin("operator", frozenset({Role.ANALYST}))
"""Whole years are open to every role; this one sees nothing else."""

BAR = 28  # of the longest, in characters

app = typer.Typer(no_args_is_help=True, help="What the centre did: figures for the board, funders and the public.")


@app.callback()
def report() -> None:
    """What the centre did: figures for the board, funders and the public."""


@app.command()
@one_sentence
def activity(
    year: Annotated[int, typer.Option(min=1900, max=2999, help="The year.")],
    to_year: Annotated[int | None, typer.Option(help="The last year, for a report of several.")] = None,
    language: Annotated[Language, typer.Option(help="In which language.")] = Language.ENGLISH,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", dir_okay=False, help="Write it to this file: .html or .pdf.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """The activity report of a year, or of several: in the terminal, or as a page to print with -o.

    Invented (†) and approximate (≈) figures are marked; counts of fewer than 10 persons are not shown.
    """
    from services.analytics.report import ReportActivity
    from services.analytics.sheet.html import page
    from services.analytics.sheet.making import sheet_of
    from services.analytics.sheet.pdf import pdf
    from services.gateway.contexts import CONTEXTS
    from services.gateway.installation import Installation
    from shared.wire import read_query

    formats = {".html": page, ".pdf": pdf}
    if output and output.suffix not in formats:
        raise Invalid("The report is written as a page or as a PDF: end the file's name in .html or .pdf.")
    query = read_query(ReportActivity, {"from": f"{year}-01-01", "to": f"{to_year or year}-12-31"})
    with Installation(load_settings()) as installation:
        with console.status("Bringing the figures up to date"):
            installation.projector().catch_up()
        bus = installation.bus()

        def ask(asked: Query[Any]) -> Any:
            return bus.ask(asked, READER)

        if as_json:
            emit(ask(query).answer.model_dump(mode="json"))
            return
        served = [kind for context in CONTEXTS for kind in context.queries()]
        sheet, _ = sheet_of(query, language, served, ask)
    if output is None:
        show(sheet, console)
        return
    try:
        output.write_bytes(formats[output.suffix](sheet))
    except OSError as error:
        raise Unavailable(f"{output} cannot be written: {error.strerror}.") from None
    console.print(f"The report is in {output}.", soft_wrap=True)


def show(sheet: Sheet, to: Console) -> None:
    """The sheet as a terminal shows it."""
    to.rule(Text(f"{sheet.title} {sheet.period}", style="bold"))
    if sheet.preliminary:
        to.print(sheet.preliminary, style="bold red")
    for line in filter(None, (sheet.organisation, sheet.about, sheet.mission)):
        to.print(Text(plain(line), style="bold" if line == sheet.organisation else ""))
    to.print(Columns(Panel(Text.assemble((one.value, "bold blue"), "\n", (one.label, "dim"))) for one in sheet.figures))
    for section in sheet.sections:
        to.print(Text(plain(section.title), style="bold blue"))
        to.print(Padding(Group(*map(_shown, section.blocks)), (0, 0, 1, 2)))
    for line in (*sheet.legend, sheet.reflects):
        to.print(Text(line, style="dim"))


def _shown(block: Block) -> RenderableType:
    match block:
        case Chart():
            return _bars(block)
        case Table():
            return _table(block)
        case Entry(title, lines):
            return Group(Text(plain(title), style="bold"), *(Text(plain(line)) for line in lines))
        case Note(text, quiet):
            return Text(plain(text), style="dim italic" if quiet else "")


def _bars(chart: Chart) -> Grid:
    grid = Grid.grid(padding=(0, 1))
    grid.title, grid.title_justify = Text(chart.title, style="dim"), "left"
    grid.add_column(justify="right")
    largest = max((bar.size for bar in chart.bars), default=0) or 1
    for bar in chart.bars:
        drawn = Text("█" * max(round(bar.size / largest * BAR), 1), style="blue" if bar.strong else "dim blue")
        grid.add_row(Text(bar.label), drawn, Text(bar.value))
    return grid


def _table(table: Table) -> Grid:
    grid = Grid(title=Text(table.title, style="dim"), title_justify="left", box=None, show_footer=bool(table.total))
    for number, head in enumerate(table.heads):
        total = Text(table.total[number] if table.total else "")
        grid.add_column(head, total, justify="left" if number < table.texts else "right", footer_style="bold")
    for row in table.rows:
        grid.add_row(*_escaped(row))
    return grid


def _escaped(cells: tuple[str, ...]) -> Iterator[RenderableType]:
    yield from (Text(plain(cell)) for cell in cells)

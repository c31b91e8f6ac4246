"""`forgetmenot config`: every setting, its value, where that came from, and what is wrong with it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from services.gateway.cli.terminal import console, emit, one_sentence
from shared.settings_explained import Explained, explain_settings, require_usable


@one_sentence
def config(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Every setting as this environment has it, secrets masked. Exit code 1 if one cannot be used."""
    print_config(as_json=as_json)


def print_config(*, as_json: bool = False) -> None:
    """What `config` prints, and `serve --print-config`. Raises `Invalid` if a setting cannot be used."""
    explained = explain_settings()
    if as_json:
        emit([one._asdict() for one in explained])
    else:
        _show(explained)
    require_usable(explained)


def _show(explained: list[Explained]) -> None:
    table = Table(title="Settings")
    for column in ("setting", "value", "from"):
        table.add_column(column, overflow="fold")
    for one in explained:
        value = "(not usable)" if one.wrong else "" if one.value is None else one.value
        table.add_row(one.name, value, one.source, style="bold red" if one.wrong else "")
    console.print(table)
    for one in explained:
        if one.wrong:
            console.print(one.wrong, style="bold red", soft_wrap=True)

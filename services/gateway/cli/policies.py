"""`forgetmenot policies`: how the reactions to events stand, and trying again what was parked."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from services.gateway.cli.terminal import console, emit, one_sentence
from shared.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="Policies: what follows from events, and what was parked for a person.")
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
@one_sentence
def status(as_json: AsJson = False) -> None:
    """How far each policy has read the log, what it waits for, its deadlines, and what is parked."""
    from services.gateway.installation import Installation

    with Installation(load_settings()) as installation:
        standing = installation.policy_runner().status()
    if as_json:
        emit([{**one._asdict(), "parked": [parked._asdict() for parked in one.parked]} for one in standing])
        return
    table = Table("policy", "position", "behind", "deadlines", "waits for", "parked", title="Policies")
    for one in standing:
        style = "bold red" if one.parked else ""
        parked = str(len(one.parked) or "")
        table.add_row(
            one.name, f"{one.position:,}", f"{one.lag:,}", str(one.deadlines), one.waiting or "", parked, style=style
        )
    console.print(table)
    waiting = [parked for one in standing for parked in one.parked]
    if waiting:
        shown = Table("id", "policy", "event at", "command", "refused as", title="Parked: look, mend, retry")
        for found in waiting:
            why = found.error if found.rule is None else f"{found.error}: {found.rule}"
            shown.add_row(found.id, found.policy, f"{found.position:,}", found.command or "(the policy itself)", why)
        console.print(shown)


@app.command()
@one_sentence
def retry(id: Annotated[str, typer.Argument(help="What is parked, as status names it.")]) -> None:
    """Try again what was parked; it leaves the list if it succeeds."""
    from services.gateway.installation import Installation

    with Installation(load_settings()) as installation:
        receipt = installation.policy_runner().retry_parked(id)
    if receipt is None:
        console.print("The policy has reacted; what a rule refused is parked.")
    else:
        console.print(f"Carried out: {receipt.stream}, revision {receipt.revision}, position {receipt.position:,}.")

"""What commands that ask a read model share: who asks, in which role, what for, and how far to go on.

Whoever can read the data folder can be anybody: say truly who you are, for that is what the record will say.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from services.gateway.cli.terminal import console
from shared.messages import Origin, Query, Role
from shared.settings import load_settings

Actor = Annotated[str, typer.Option(help="Who you are, by an id such as w-17: never a name.")]
As = Annotated[Role, typer.Option("--role", help="In which role you ask.")]
Reason = Annotated[str | None, typer.Option(help="What for; kept beside what was opened.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Limit = Annotated[int, typer.Option(min=1, max=500, help="At most so many.")]
After = Annotated[int | None, typer.Option(min=0, help="Go on after this.")]


def ask(query: Query[Any], origin: Origin) -> Any:
    """Ask through the same door as everybody: roles are checked, and what is opened is recorded."""
    from services.gateway.installation import Installation

    with Installation(load_settings()) as installation:
        if installation.log.first:  # nothing else runs that would
            installation.projector().catch_up()
        return installation.bus().ask(query, origin).answer


def given(**asked: Any) -> dict[str, Any]:
    """What was asked for: options that were left out are left out."""
    return {name: value for name, value in asked.items() if value is not None}


def more(following: int | str | None) -> None:
    """Say how to go on, if there is more."""
    if following is not None:
        console.print(f"There is more: --after {following}")

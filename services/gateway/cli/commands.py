"""Every command, in the order in which somebody needs them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from typer.core import TyperGroup

from services.gateway.cli import (
    audit,
    backup,
    cases,
    config,
    history,
    log,
    node,
    policies,
    projections,
    protection,
    rehabilitation,
    report,
    running,
)
from services.gateway.cli.terminal import one_sentence
from shared.messages import Role
from shared.settings import load_settings

ROLES = ", ".join(role for role in Role if role is not Role.POLICY)

START = "Start here"
WORK = "The work"
PROOF = "Proof and protection"
UPKEEP = "Upkeep"
PARTS = "One process of several, as containers run them"

ORDER = (
    *("serve", "token", "status", "history"),
    *("cases", "rehabilitation", "report"),
    *("audit", "protection"),
    *("projections", "policies", "log", "backup", "restore", "config", "node"),
    *("part", "probe"),
)
EXAMPLES = """A first look, in two terminals:

    forgetmenot serve --with-history

    forgetmenot report activity --year 2008

    forgetmenot audit trail --type campaigns.CampaignHeld
"""


class InOrder(TyperGroup):
    """Commands stand in the order in which somebody needs them."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """See `TyperGroup.list_commands`."""
        return sorted(self.commands, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


app = typer.Typer(
    name="forgetmenot",
    cls=InOrder,
    help="Forget-me-not: case work for the families of missing persons and for victims of trafficking.\n\n"
    "Settings come from the environment: DATA_DIR (the folder with everything, default var), PORT, BIND_HOST, "
    "LOG_FORMAT and more, which `forgetmenot config` shows.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.add_typer(history.app, name="history", rich_help_panel=START)
app.add_typer(cases.app, name="cases", rich_help_panel=WORK)
app.add_typer(rehabilitation.app, name="rehabilitation", rich_help_panel=WORK)
app.add_typer(report.app, name="report", rich_help_panel=WORK)
app.add_typer(audit.app, name="audit", rich_help_panel=PROOF)
app.add_typer(protection.app, name="protection", rich_help_panel=PROOF)
app.add_typer(projections.app, name="projections", rich_help_panel=UPKEEP)
app.add_typer(policies.app, name="policies", rich_help_panel=UPKEEP)
app.add_typer(log.app, name="log", rich_help_panel=UPKEEP)
app.command(rich_help_panel=UPKEEP)(backup.backup)
app.command(rich_help_panel=UPKEEP)(backup.restore)
app.command(rich_help_panel=UPKEEP)(config.config)
app.command(rich_help_panel=UPKEEP)(node.node)
app.command(rich_help_panel=START)(running.status)
app.command(rich_help_panel=PARTS)(running.part)
app.command(rich_help_panel=PARTS)(running.probe)
app.callback()(running.quiet_log)


@app.command(rich_help_panel=START)
@one_sentence
def serve(
    with_history: Annotated[
        bool, typer.Option("--with-history", help="Load the history data set first, if the data folder is empty.")
    ] = False,
    distributed: Annotated[
        bool,
        typer.Option("--distributed", help="Every part a process of its own, behind RabbitMQ and on PostgreSQL."),
    ] = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Say with which settings, and start nothing.")
    ] = False,
) -> None:
    """Start everything on this machine: the API, read models, policies, deadlines. Ctrl-C stops it."""
    if print_config:
        config.print_config()
        return
    if distributed:
        from services.gateway.distributed.serve import serve_distributed as start
    else:
        from services.gateway.serve import serve as start

    start(load_settings(beside_what_runs=False), with_history=with_history)


@app.command(rich_help_panel=START)
@one_sentence
def token(
    role: Annotated[
        list[Role], typer.Option(metavar="ROLE", help=f"What the bearer may do; more than one if repeated: {ROLES}.")
    ],
    actor: Annotated[str, typer.Option(help="Who it is, by an id such as w-17: never a name.")] = "trial",
    ttl: Annotated[int, typer.Option(min=1, help="For how many seconds it is valid.")] = 8 * 3600,
) -> None:
    """Print a bearer token, and nothing else. Whoever can read the data folder can be anybody."""
    from services.gateway.tokens import open_tokens

    typer.echo(open_tokens(load_settings().data_dir).issue(actor, role, timedelta(seconds=ttl)))

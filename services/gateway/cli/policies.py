"""`forgetmenot policies`: how the reactions to events stand, and trying again what was parked."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from services.gateway.cli.terminal import console, emit, one_sentence
from shared.errors import Invalid, NotFound
from shared.settings import load_settings

if TYPE_CHECKING:
    from services.gateway.installation import Installation
    from shared.eventstore.competing import Group
    from shared.policies import Policy

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


@app.command()
@one_sentence
def share(name: Annotated[str, typer.Argument(help="The policy, as status names it.")]) -> None:
    """On a cluster: react as one of several processes that share a policy's events, until Ctrl-C.

    To catch up with many events sooner, beside `serve` or the `policies` part: each command takes effect once. For
    policies that need no order. Run it as often as you want.
    """
    from services.gateway.installation import Installation
    from shared.reacting.competing import CompetingPolicy

    stop = threading.Event()
    for stopping in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stopping, lambda *_: stop.set())
    with Installation(load_settings()) as installation:
        policy, group = _shared(installation, name)
        console.print(f"Sharing {name}; Ctrl-C ends it.")
        CompetingPolicy(policy, group, installation.send).run(stop)


@app.command()
@one_sentence
def replay(
    name: Annotated[str, typer.Argument(help="The policy, as share was told it.")],
    look: Annotated[bool, typer.Option("--look", help="Only show what is parked.")] = False,
    as_json: AsJson = False,
) -> None:
    """On a cluster: give what the processes that share a policy have parked to them again."""
    from services.gateway.installation import Installation

    with Installation(load_settings()) as installation:
        _, group = _shared(installation, name)
        parked = [{"position": event.position, "id": str(event.id), "type": event.type} for event in group.parked()]
        if parked and not look:
            group.replay_parked()
    if as_json:
        emit(parked)
        return
    table = Table("event at", "id", "type", title="Parked" if look or not parked else "Replayed")
    for one in parked:
        table.add_row(f"{one['position']:,}", str(one["id"]), str(one["type"]))
    console.print(table)


def _shared(installation: Installation, name: str) -> tuple[Policy, Group]:
    """The policy of this name, and its group. Raises `NotFound`, or `Invalid` where it cannot be shared."""
    from shared.eventstore.kurrent.store import ClusterLog
    from shared.reacting.competing import group_of

    policy = next((policy for policy in installation.policies() if policy.name == name), None)
    if policy is None:
        raise NotFound(f"There is no policy {name}: forgetmenot policies status names them.")
    group = group_of(policy)
    if not isinstance(installation.store, ClusterLog):
        raise Invalid(
            "Policies are shared on a cluster, which EVENTSTORE_URI names; the log in the folder needs it not."
        )
    (standing,) = (one for one in installation.policy_runner().status() if one.name == name)
    return policy, installation.store.group(group, list(policy.handlers()), start=standing.position)

"""`forgetmenot part`, `probe` and `status`: one process of a distributed installation, and how all of it stands."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table

from services.gateway.cli.terminal import console, emit, one_sentence
from shared.errors import NotFound, Unavailable
from shared.settings import Settings, load_settings

Part = Annotated[str, typer.Argument(help="log, projector, policies, gateway, or a service such as cases.")]
PROBE_SECONDS = 5.0


@one_sentence
def part(name: Part) -> None:
    """Run one part of a distributed installation in this process, as a container does, until it is told to stop."""
    from services.gateway.distributed.parts import ALL, program

    if name not in ALL:
        raise NotFound(f"There is no part {name}; there are: {', '.join(ALL)}.")
    command = program(name).command
    os.execv(command[0], command)  # noqa: S606  (the command is our own, and signals are for it from now on)


@one_sentence
def probe(name: Part) -> None:
    """Exit code 0 if this part does its work: for the health checks of containers."""
    from services.gateway.distributed.parts import ALL, SERVICES

    settings = load_settings()
    if name not in ALL:
        raise NotFound(f"There is no part {name}; there are: {', '.join(ALL)}.")
    if name in SERVICES:
        if name not in asyncio.run(_served(settings, [name])):
            raise Unavailable(f"The service {name} does not answer.")
    elif name == "gateway":
        _ask_gateway(settings)
    else:
        stopped = [row["name"] for row in _read_models(settings) if row["state"] == "stopped"]
        if name == "projector" and stopped:
            raise Unavailable(f"Read models stopped: {', '.join(stopped)}.")


@one_sentence
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Everything at a glance: processes, services, read models, policies, and what waits for a person.

    Exit code 1 if something is wrong.
    """
    found = look(load_settings())
    if as_json:
        emit(found)
    else:
        _show(found)
    if found["wrong"]:
        raise typer.Exit(1)


def look(settings: Settings) -> dict[str, Any]:
    """How everything stands."""
    from services.gateway.distributed.parts import SERVICES
    from services.gateway.installation import Installation

    processes = _processes(settings.data_dir)
    served = asyncio.run(_served(settings, list(SERVICES))) if settings.amqp_url else None
    with Installation(settings) as installation:
        read_models = [row._asdict() for row in installation.projection_status()]
        policies = [
            {**row._asdict(), "parked": [one._asdict() for one in row.parked]}
            for row in installation.policy_runner().status()
        ]
        head, refusal = installation.store.head(), installation.log.refusal
    wrong = [f"{one['name']} is {one['state']}" for one in processes if one["state"] != "running"]
    wrong += (
        [] if served is None else [f"the service {name} does not answer" for name in SERVICES if name not in served]
    )
    wrong += [f"the read model {row['name']} stopped at {row['stopped_at']}" for row in read_models if row["error"]]
    wrong += [f"{len(row['parked'])} reactions of {row['name']} are parked" for row in policies if row["parked"]]
    wrong += [refusal] if refusal else []
    return {
        "wrong": wrong,
        "head": head,
        "processes": processes,
        "services": None if served is None else {name: name in served for name in SERVICES},
        "read_models": read_models,
        "policies": policies,
    }


def _show(found: dict[str, Any]) -> None:
    if found["processes"]:
        table = Table("process", "state", "since", "started again", title="Processes")
        for one in found["processes"]:
            style = "" if one["state"] == "running" else "bold red"
            table.add_row(one["name"], one["state"], one["since"][:19], str(one["restarts"] or ""), style=style)
        console.print(table)
    if found["services"] is not None:
        answering = [name for name, here in found["services"].items() if here]
        console.print(f"Services that answer: {', '.join(answering) or 'none'}")
    behind = max((row["lag"] for row in found["read_models"]), default=0)
    live = sum(row["state"] == "live" for row in found["read_models"])
    console.print(f"Log: {found['head']:,} events. Read models: {live} live, the last {behind:,} events behind.")
    waiting = [row["name"] for row in found["policies"] if row["waiting"]]
    deadlines = sum(row["deadlines"] for row in found["policies"])
    console.print(
        f"Policies: {len(found['policies'])}, {deadlines:,} deadlines set"
        + (f", waiting: {', '.join(waiting)}." if waiting else ".")
    )
    for line in found["wrong"]:
        console.print(line[0].upper() + line[1:] + ".", style="bold red")
    if not found["wrong"]:
        console.print("Nothing is wrong.", style="green")


def _processes(folder: Path) -> list[dict[str, Any]]:
    """What the supervisor last wrote down, if one runs on this folder."""
    from services.gateway.distributed.supervisor import STATUS_FILE

    try:
        noted: list[dict[str, Any]] = orjson.loads((folder / STATUS_FILE).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return []
    return noted


def _read_models(settings: Settings) -> list[dict[str, Any]]:
    from services.gateway.installation import Installation

    with Installation(settings) as installation:
        return [row._asdict() for row in installation.projection_status()]


async def _served(settings: Settings, names: list[str]) -> set[str]:
    """Those of the services that answer."""
    from services.gateway.distributed.gateway import calling_of

    calling = calling_of(settings)
    calling.start()
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            while not calling.connected:
                await asyncio.sleep(0.02)
        found = await asyncio.gather(*(calling.is_served(name, seconds=PROBE_SECONDS) for name in names))
        return {name for name, here in zip(names, found, strict=True) if here}
    except TimeoutError:
        return set()
    finally:
        await calling.close()


def _ask_gateway(settings: Settings) -> None:
    from urllib.request import urlopen

    try:
        with urlopen(f"http://127.0.0.1:{settings.port}/health/live", timeout=PROBE_SECONDS) as answer:
            if answer.status != 200:
                raise Unavailable("The gateway does not answer as it should.")
    except OSError:
        raise Unavailable("The gateway does not answer.") from None

"""`forgetmenot part`, `probe` and `status`: one process of an installation, and how all of it stands."""

from __future__ import annotations

import asyncio
import os
import socket
import warnings
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table

from services.gateway.cli.terminal import console, emit, one_sentence
from services.gateway.distributed.table import ALL, SERVICES, program
from services.gateway.telling import STUCK_SECONDS, Told, asked
from shared.errors import NotFound, Unavailable
from shared.logging import configure_logging
from shared.settings import Settings, load_settings

Part = Annotated[str, typer.Argument(help="log, projector, policies, gateway, or a service such as cases.")]
PROBE_SECONDS = 5.0


def quiet_log() -> None:
    """What goes wrong is told on standard error, so that standard output stays what was asked for."""
    configure_logging(log_level="WARNING")


@one_sentence
def part(name: Part) -> None:
    """Run one part of a distributed installation in this process, as a container does, until it is told to stop."""
    if name not in ALL:
        raise NotFound(f"There is no part {name}; there are: {', '.join(ALL)}.")
    command = program(name).command
    os.execv(command[0], command)  # noqa: S606  (the command is our own, and signals are for it from now on)


@one_sentence
def probe(
    name: Part,
    alive: Annotated[
        bool, typer.Option("--alive", help="Whether it hangs, no more: what it needs may be out of reach.")
    ] = False,
) -> None:
    """Exit code 0 if this part does its work: for the health checks of containers."""
    settings = load_settings()
    if name not in ALL:
        raise NotFound(f"There is no part {name}; there are: {', '.join(ALL)}.")
    told = _told_here(settings, name)
    if name == "gateway":
        _ask_gateway(settings)
    if alive:
        if stuck := [loop for one in told for loop, ago in one.loops.items() if ago > STUCK_SECONDS]:
            raise Unavailable(f"{name}: the loop of {stuck[0]} does not turn.")
        return
    if wrong := [sentence for one in told for sentence in one.wrong]:
        raise Unavailable(f"{name}: {wrong[0]}")
    if name in SERVICES and name not in asyncio.run(_served(settings, [name])):
        raise Unavailable(f"The service {name} does not answer.")


containers = typer.Typer(name="forgetmenot", add_completion=False, pretty_exceptions_enable=False)
containers.callback()(quiet_log)
containers.command()(part)
containers.command()(probe)


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
    from services.gateway.installation import Installation
    from services.gateway.standing import late, standing_of
    from services.gateway.work import work_of

    kept = _kept(settings.data_dir)
    told = asked(settings.data_dir)
    answers = [one for one in told.values() if one]
    served = asyncio.run(_served(settings, list(SERVICES))) if settings.amqp_url else None
    with Installation(settings) as installation:
        standing = standing_of(installation)()
        seconds = {lag.name: round(lag.seconds, 1) for lag in (*standing.read_models, *standing.policies)}
        read_models = [
            {**row._asdict(), "lag_seconds": seconds.get(row.name)} for row in installation.projection_status()
        ]
        policies = [
            {**row._asdict(), "lag_seconds": seconds.get(row.name), "parked": [one._asdict() for one in row.parked]}
            for row in installation.policy_runner().status()
        ]
        head, refusal = installation.store.head(), installation.log.refusal
    wrong = [f"{one['name']} is {one['state']}" for one in kept if one["state"] != "running"]
    wrong += [f"{run} runs and does not answer" for run, answer in told.items() if answer is None]
    wrong += [f"{one.part}: {sentence}" for one in answers for sentence in one.wrong]
    wrong += (
        [] if served is None else [f"the service {name} does not answer" for name in SERVICES if name not in served]
    )
    wrong += [f"the read model {row['name']} stopped at {row['stopped_at']}" for row in read_models if row["error"]]
    wrong += [f"{name}: {sentence}" for name, sentence in late(standing).items()]
    wrong += [f"{len(row['parked'])} reactions of {row['name']} are parked" for row in policies if row["parked"]]
    wrong += [refusal] if refusal else []
    return {
        "wrong": [sentence.removesuffix(".") for sentence in wrong],
        "head": head,
        "supervised": kept,
        "processes": [{name: value for name, value in one._asdict().items() if name != "metrics"} for one in answers],
        "services": None if served is None else {name: name in served for name in SERVICES},
        "work": work_of(answers),
        "read_models": read_models,
        "policies": policies,
    }


def _show(found: dict[str, Any]) -> None:
    if found["processes"] or found["supervised"]:
        _show_processes(found["processes"], {one["name"]: one for one in found["supervised"]})
    if found["services"] is not None:
        answering = [name for name, here in found["services"].items() if here]
        console.print(f"Services that answer: {', '.join(answering) or 'none'}")
    if found["processes"]:
        work = found["work"]
        console.print(f"{_latency('Commands', work['commands'])} {_latency('Appends', work['appends'])}")
        tried = ", ".join(f"{of.replace('_', ' ')} {count:,}" for of, count in work["retries"].items() if count)
        console.print(f"Tried again: {tried or 'nothing'}.")
    behind, seconds = _most(found["read_models"])
    live = sum(row["state"] == "live" for row in found["read_models"])
    parked = sum(row["parked"] for row in found["read_models"])
    console.print(
        f"Log: {found['head']:,} events. Read models: {live} live, the last {behind:,} events and {seconds:g} seconds "
        f"behind{f'; {parked:,} events parked' if parked else ''}."
    )
    behind, seconds = _most(found["policies"])
    waiting = [row["name"] for row in found["policies"] if row["waiting"]]
    deadlines = sum(row["deadlines"] for row in found["policies"])
    console.print(
        f"Policies: {len(found['policies'])}, the last {behind:,} events and {seconds:g} seconds behind, "
        f"{deadlines:,} deadlines set" + (f", waiting: {', '.join(waiting)}." if waiting else ".")
    )
    for line in found["wrong"]:
        console.print(line[0].upper() + line[1:] + ".", style="bold red")
    if not found["wrong"]:
        console.print("Nothing is wrong.", style="green")


def _show_processes(told: list[dict[str, Any]], supervised: dict[str, dict[str, Any]]) -> None:
    """Each as it tells of itself, then those of which only the supervisor knows."""
    table = Table("process", "runs since (UTC)", "pid", "started again", "state", title="Processes")
    for one in told:
        again = (supervised.pop(one["part"], None) or {}).get("restarts")
        row = (one["part"], one["since"][:19], str(one["pid"]), str(again or ""), "; ".join(one["wrong"]) or "works")
        table.add_row(*row, style="bold red" if one["wrong"] else "")
    for kept in supervised.values():
        row = (kept["name"], kept["since"][:19], str(kept["pid"] or ""), str(kept["restarts"] or ""), kept["state"])
        table.add_row(*row, style="" if kept["state"] == "running" else "bold red")
    console.print(table)


def _most(rows: list[dict[str, Any]]) -> tuple[int, float]:
    return max((row["lag"] for row in rows), default=0), max((row["lag_seconds"] or 0 for row in rows), default=0)


def _latency(what: str, found: dict[str, Any]) -> str:
    if not found["count"]:
        return f"{what}: none yet."
    half, most = (f"{found[key] * 1000:g} ms" if found[key] else "longer" for key in ("half_within", "most_within"))
    return f"{what}: {found['count']:,}, half within {half}, 99 of 100 within {most}."


def _kept(folder: Path) -> list[dict[str, Any]]:
    """What the supervisor last wrote down, if one runs on this folder."""
    from services.gateway.distributed.supervisor import STATUS_FILE

    try:
        noted: list[dict[str, Any]] = orjson.loads((folder / STATUS_FILE).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return []
    return noted


def _told_here(settings: Settings, name: str) -> list[Told]:
    """What the processes of a part tell that run on this host, or in this container; there is one at least.

    Raises `Unavailable`.
    """
    runs = {run: answer for run, answer in asked(settings.data_dir).items() if run.rpartition("-")[0] == name}
    here = {run: answer for run, answer in runs.items() if answer is None or answer.host == socket.gethostname()}
    if not any(here.values()):
        silent = " (one is there and does not answer)" if here else ""
        raise Unavailable(f"No process of the part {name} answers here{silent}: start it, or look at its log.")
    return [answer for answer in here.values() if answer]


async def _served(settings: Settings, names: list[str]) -> set[str]:
    """Those of the services that answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nameko's libraries warn of their own age
        from services.gateway.distributed.carrying import calling_of

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

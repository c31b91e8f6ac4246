"""`forgetmenot log`: is the log whole, what is it like, and moving it to another store."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from services.gateway.cli.terminal import console, counting, emit, one_sentence
from services.gateway.event_log import EventLog
from shared.errors import Invalid
from shared.eventstore.port import EventStore, Filter
from shared.eventstore.sqlite import EmbeddedLog
from shared.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="The event log: is it whole, what is it like, and moving house.")
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
PLACE = "The folder of a log, or esdb://user:password@host:2113. In the environment, nobody else sees the login."


@app.command()
@one_sentence
def verify(
    first: Annotated[str | None, typer.Argument(help="A log's folder, or esdb://...: held against SECOND.")] = None,
    second: Annotated[str | None, typer.Argument(help="Another one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look at every event: is it there, is it what was written, is nothing missing. Exit code 1 if anything is wrong.

    With two logs: are they the same, event by event, and which is the first that differs. Without any, the log of
    DATA_DIR or EVENTSTORE_URI is looked at. This finds damage and loss; whether somebody rewrote the log with care is
    what `forgetmenot audit verify` tells.
    """
    if first and not second:
        raise Invalid("Name two logs to compare them, or none to look at the one of DATA_DIR or EVENTSTORE_URI.")
    if first and second:
        sound = _compare(first, second, as_json)
    else:
        with EventLog(load_settings(), must_exist=True) as log:
            if isinstance(log.store, EmbeddedLog):
                sound = _verify_file(log.store, as_json)
            else:
                sound = _verify_streams(log.store, as_json)
    if not sound:
        raise typer.Exit(1)


def _verify_file(store: EmbeddedLog, as_json: bool) -> bool:
    with counting("Checking", store.head(), shown=not as_json) as progress:
        report = store.verify(lambda done, _: progress(done))
    if as_json:
        damages = [damage._asdict() for damage in report.damages]
        emit({"sound": report.sound, "events": report.events, "damages": damages})
    elif report.sound:
        console.print(f"The log is whole: {report.events:,} events.")
    else:
        table = Table("position", "what is wrong", title="The log is damaged: restore it from a backup")
        for damage in report.damages:
            table.add_row("" if damage.position is None else f"{damage.position:,}", damage.detail)
        console.print(table)
    return report.sound


def _verify_streams(store: EventStore, as_json: bool) -> bool:
    from shared.eventstore.kurrent.wholeness import look

    with counting("Checking", None, shown=not as_json) as progress:
        found = look(store, progress)
    if as_json:
        damages = [missing._asdict() for missing in found.missing]
        emit({"sound": not damages, "events": found.events, "damages": damages})
    elif not found.missing:
        console.print(f"The log is whole: {found.events:,} events.")
    else:
        table = Table("record", "revisions", "before position", title="Events were deleted from the event store")
        for gap in found.missing:
            table.add_row(gap.stream, f"{gap.first}-{gap.last}", f"{gap.position:,}")
        console.print(table)
    return not found.missing


def _compare(first: str, second: str, as_json: bool) -> bool:
    from shared.eventstore.copying import compare, open_log

    with ExitStack() as opened:
        one, other = (opened.enter_context(open_log(where, must_exist=True)) for where in (first, second))
        progress = opened.enter_context(counting("Comparing", None, shown=not as_json))
        found = compare(one, other, progress=progress)
    if as_json:
        said = found.difference.sentence if found.difference else None
        emit({"same": found.difference is None, "events": found.same, "root": found.root.hex(), "difference": said})
    elif found.difference is None:
        console.print(f"The logs are the same: {found.same:,} events, root {found.root.hex()}.", soft_wrap=True)
    else:
        console.print("The logs are NOT the same.", style="bold red")
        console.print(f"{found.difference.sentence} The {found.same:,} events before are the same.", soft_wrap=True)
    return found.difference is None


@app.command()
@one_sentence
def copy(
    source: Annotated[str, typer.Option("--from", envvar="COPY_FROM", help=PLACE, show_envvar=True)],
    target: Annotated[str, typer.Option("--to", envvar="COPY_TO", help=PLACE, show_envvar=True)],
    as_json: AsJson = False,
) -> None:
    """Carry a log to another store, in the same order, and hold the two against each other when it is done.

    Stop what writes to the log first, or run it once more afterwards: a copy goes on where it was cut short or where
    the log has grown. Read models, policies and the index of the tree are made anew from the copy at the next start
    on it; what was signed stays valid.
    """
    from shared.eventstore.copying import compare, open_log
    from shared.eventstore.copying import copy as carry

    if source == target:
        raise Invalid("--from and --to are the same log.")
    with ExitStack() as opened:
        from_ = opened.enter_context(open_log(source, must_exist=True))
        to = opened.enter_context(open_log(target, must_exist=False))
        total = from_.head() if isinstance(from_, EmbeddedLog) else None
        with counting("Copying", total, shown=not as_json) as progress:
            copied = carry(from_, to, progress)
        count = copied.found + copied.carried
        with counting("Comparing", count, shown=not as_json) as progress:
            found = compare(from_, to, count, progress)
    if as_json:
        said = found.difference.sentence if found.difference else None
        facts = {"found": copied.found, "copied": copied.carried, "events": found.same, "root": found.root.hex()}
        emit({"same": found.difference is None, **facts, "difference": said})
    elif found.difference is None:
        there = f" ({copied.found:,} were there already)" if copied.found else ""
        same = f"Both logs hold the same {found.same:,}, root {found.root.hex()}."
        console.print(f"Copied {copied.carried:,} events{there}. {same}", soft_wrap=True)
    else:
        console.print("The copy is NOT the same.", style="bold red")
        console.print(found.difference.sentence, soft_wrap=True)
    if found.difference is not None:
        raise typer.Exit(1)


@app.command()
@one_sentence
def translate(
    positions: Annotated[list[int], typer.Argument(help="How far somebody has read, as positions of the first log.")],
    source: Annotated[str, typer.Option("--from", envvar="COPY_FROM", help=PLACE, show_envvar=True)],
    target: Annotated[str, typer.Option("--to", envvar="COPY_TO", help=PLACE, show_envvar=True)],
    as_json: AsJson = False,
) -> None:
    """Translate checkpoints: where in a copy is what stands at these positions. One line each, in their order.

    For readers outside of this system, who go on after the copy where they were. Ours see to themselves.
    """
    from shared.eventstore.copying import open_log
    from shared.eventstore.copying import translate as counterpart

    with ExitStack() as opened:
        from_, to = (opened.enter_context(open_log(where, must_exist=True)) for where in (source, target))
        found = [counterpart(from_, to, position) for position in positions]
    if as_json:
        emit([{"position": one, "there": other} for one, other in zip(positions, found, strict=True)])
    else:
        print(*found, sep="\n")


@app.command()
@one_sentence
def describe(as_json: AsJson = False) -> None:
    """How many events there are, how large the file is, in which format, and who writes to it."""
    with EventLog(load_settings(), must_exist=True) as log:
        if not isinstance(log.store, EmbeddedLog):
            _describe_elsewhere(log, as_json)
            return
        facts: dict[str, Any] = asdict(log.store.describe()) | {"folder": str(load_settings().data_dir / "log")}
    if as_json:
        emit(facts)
        return
    table = Table.grid(padding=(0, 2))
    table.add_row("folder", facts["folder"])
    table.add_row("events", f"{facts['head']:,}")
    table.add_row("size", f"{facts['bytes']:,} bytes")
    table.add_row("format", str(facts["format"]))
    table.add_row("owner", "this command" if facts["role"] == "owner" else f"process {facts['owner_pid']}")
    if facts["refusal"]:
        table.add_row("refuses", facts["refusal"], style="bold red")
    console.print(table)


def _describe_elsewhere(log: EventLog, as_json: bool) -> None:
    facts = {"address": log.origin.partition(" ")[0], "head": log.store.head()}
    facts["events"] = sum(1 for _ in log.store.read_all(filter=Filter()))
    if as_json:
        emit(facts)
        return
    table = Table.grid(padding=(0, 2))
    table.add_row("event store", str(facts["address"]))
    table.add_row("events", f"{facts['events']:,}")
    table.add_row("last position", f"{facts['head']:,}")
    console.print(table)

"""`forgetmenot audit`: who did what, is this the log that was signed, and proofs of it to hand out.

Nothing here needs the service to run; beside one that runs it works too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich import box
from rich.table import Table
from rich.text import Text

from services.audit.bundle import CompileBundle
from services.audit.proofs import CHECKPOINTS, KEY, ORIGIN, TREE, Proofs, set_aside
from services.audit.questions import AskAsOf
from services.audit.trail import ReadTrail
from services.gateway.cli import asking
from services.gateway.cli.terminal import console, counting, emit, one_sentence
from services.gateway.event_log import EventLog
from shared.bus import permit
from shared.errors import Invalid, Unavailable
from shared.eventstore.port import EventStore
from shared.merkle import (
    LogDiverged,
    MerkleLog,
    Report,
    VerifierKey,
    open_checkpoint,
    signing_key,
    split_checkpoints,
    verify_log,
)
from shared.messages import Origin, Role
from shared.settings import load_settings
from shared.wire import read_query

app = typer.Typer(
    no_args_is_help=True, help="Who did what, is this the log that was signed, and proofs of it to hand out."
)

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
AUDITOR = Origin("operator", frozenset({Role.AUDITOR}))
Held = Annotated[
    list[Path] | None,
    typer.Option(
        "--checkpoint",
        exists=True,
        dir_okay=False,
        help="A file of checkpoints that somebody else has held; more than one if repeated.",
    ),
]
AsOf = Annotated[str | None, typer.Option(help="What was known then: a position, or a time with its zone.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", dir_okay=False, help="The file to write.")]


@app.command()
@one_sentence
def trail(
    stream: Annotated[str | None, typer.Option(help="One record's events, such as case-4b1f...")] = None,
    actor: Annotated[str | None, typer.Option(help="What this member of staff did.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Events of one type, such as cases.CaseOpened.")] = None,
    since: Annotated[str | None, typer.Option(help="Recorded then or later: 2008-10-01T00:00:00+03:00.")] = None,
    until: Annotated[str | None, typer.Option(help="Recorded before.")] = None,
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    after: Annotated[int, typer.Option(min=0, help="Go on after this position.")] = 0,
    as_json: AsJson = False,
) -> None:
    """The audit trail: who recorded what, when, in which role, from which command. Never what it says."""
    from services.gateway.installation import Installation

    asked = {"stream": stream, "actor": actor, "type": kind, "since": since, "until": until, "as_of": as_of}
    given = {name: value for name, value in asked.items() if value is not None}
    query = read_query(ReadTrail, {**given, "limit": limit, "after": after})
    _require_log()
    with Installation(load_settings()) as installation:
        if installation.log.first:  # nothing else runs that would
            installation.projector().catch_up()
        page = installation.ask(query, AUDITOR).answer
    if as_json:
        emit(page.model_dump(mode="json"))
        return
    if not page.entries:
        console.print("No event fits.")
        return
    table = Table("at", "recorded", "who, as", "what, from which command", box=box.HORIZONTALS, padding=(0, 1, 0, 0))
    table.columns[-1].overflow = "fold"  # to be copied, so never cut
    for entry in page.entries:
        what = Text.assemble((entry.type, "bold"), f"\n{entry.command or 'nobody'}", (f"\n{entry.stream}", "dim"))
        table.add_row(
            f"{entry.position:,}",
            f"{entry.recorded_at:%Y-%m-%d\n%H:%M:%S %Z}",
            f"{entry.actor or ''}\n{', '.join(entry.roles)}",
            what.append("\nwith a reason") if entry.has_reason else what,
        )
    console.print(table)
    if page.next is not None:
        console.print(f"There is more: --after {page.next}")


@app.command()
@one_sentence
def ask(
    question: Annotated[str, typer.Argument(help="A query, as the catalogue names it: projects.ShowPortfolio.")],
    parameters: Annotated[list[str] | None, typer.Argument(help="What it takes: case=4b1f... limit=10")] = None,
    as_of: AsOf = None,
    on: Annotated[str | None, typer.Option(help="What was true on that day: 2008-05-25. With --as-of: both.")] = None,
    role: Annotated[Role, typer.Option(help="In which role; it has to be one that may ask this today.")] = Role.AUDITOR,
    actor: Annotated[str, typer.Option(help="Who asks, by an id such as w-17: never a name.")] = "operator",
    reason: Annotated[str | None, typer.Option(help="What for; kept beside what was opened.")] = None,
) -> None:
    """Any question of an earlier time, answered as JSON: what was known then, what was true then, or both."""
    named = dict(_named(parameter) for parameter in parameters or ())
    query = read_query(AskAsOf, {"question": question, "parameters": named, "as_of": as_of, "on": on})
    _require_log()
    answer = asking.ask(query, Origin(actor, frozenset({role}), reason=reason))
    emit(answer.model_dump(mode="json"))


def _named(parameter: str) -> tuple[str, str]:
    name, equals, value = parameter.partition("=")
    if not equals:
        raise Invalid("Name what you give, such as limit=10.")
    return name, value


@app.command()
@one_sentence
def verify(
    checkpoint: Held = None,
    key: Annotated[
        str | None, typer.Option(help="The log's verifier key, or a file with it. Left out: this folder's own.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every event against signed checkpoints, and name the first that is not what was signed.

    Compares with this folder's checkpoints and with those that others have held: only the latter tell if log and
    checkpoints were rolled back or rewritten together. Exit code 1 if the log is not the one that was signed.
    """
    _require_log()
    folder = _proofs()
    trusted = _verifier_key(folder, key)
    own = _notes(folder / CHECKPOINTS) if (folder / CHECKPOINTS).exists() else []
    outside = [note for path in checkpoint or () for note in _notes(path)]
    if not own and not outside:
        raise Invalid("There is no checkpoint to compare the log with: name one with --checkpoint.")
    with ExitStack() as stack:
        store = stack.enter_context(_log())
        tree = stack.enter_context(MerkleLog(folder / TREE)) if (folder / TREE).exists() else None
        progress = stack.enter_context(counting("Checking", store.head(), shown=not as_json))
        report = verify_log(store, [*own, *outside], trusted, tree, progress)
    if as_json:
        emit(_as_facts(report, len(own), len(outside)))
    else:
        _tell(report, len(own), len(outside))
    if not report.ok:
        raise typer.Exit(1)


@app.command()
@one_sentence
def checkpoint(output: Output = None, as_json: AsJson = False) -> None:
    """Sign the log as it stands. Hand the note to people outside: what they hold, nobody here can take back."""
    with _log() as store, Proofs(_proofs(), store) as proofs:
        with counting("Adding events to the tree", store.head(), shown=not as_json) as progress:
            note = proofs.checkpoint(progress)
        signed = open_checkpoint(note, proofs.verifier)
        key = str(proofs.verifier)
    if output:
        _write(output, note.encode())
    if as_json:
        root = signed.root.hex()
        emit({"origin": signed.origin, "size": signed.size, "root": root, "note": note, "verifier_key": key})
    elif output:
        console.print(f"The checkpoint of {signed.size:,} events is in {output}.", soft_wrap=True)
    else:
        typer.echo(note, nl=False)  # word for word: a note is kept as it is


@app.command()
@one_sentence
def proof(
    position: Annotated[int, typer.Argument(min=1, help="The event's place in the log, as its receipt names it.")],
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """The proof that one event is in the log, unaltered. `verifier.py`, in every bundle, checks it without our code."""
    with _log() as store, Proofs(_proofs(), store) as proofs:
        document = proofs.proof_of(position)
        key = str(proofs.verifier)
    if output:
        _write(output, orjson.dumps(document, option=orjson.OPT_INDENT_2))
    if as_json:
        emit(document)
        return
    (event,) = document["events"]
    table = Table.grid(padding=(0, 2))
    table.add_row("event", f"{event['type']}, revision {event['revision']} of {event['stream']}")
    table.add_row("leaf", f"{event['index']:,} of {int(document['checkpoint'].splitlines()[1]):,}")
    table.add_row("check it", f"python verifier.py {output or 'proof.json'} --vkey '{key}'")
    console.print(table, soft_wrap=True)
    if not output:
        console.print("Write the proof with -o FILE.")


@app.command()
@one_sentence
def bundle(
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="The zip file to write.")],
    stream: Annotated[str | None, typer.Option(help="All events of this stream, such as case-4b1f...")] = None,
    person: Annotated[
        list[str] | None,
        typer.Option(help="All events that name this person, by id; repeat it for linked records of the same person."),
    ] = None,
    first: Annotated[int | None, typer.Option("--from", min=1, help="The range's first position.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=1, help="The range's last position.")] = None,
    as_of: AsOf = None,
    checkpoint: Held = None,
    role: Annotated[
        Role, typer.Option(help="In which role. The data protection officer's opens personal values, on record.")
    ] = Role.AUDITOR,
    actor: Annotated[str, typer.Option(help="Who makes it, by an id such as w-17: never a name.")] = "operator",
    reason: Annotated[str | None, typer.Option(help="For what; kept beside what was opened.")] = None,
    as_json: AsJson = False,
) -> None:
    """Events for a court or an auditor in one file: readable, with proofs, a verifier and a summary."""
    from services.gateway.installation import Installation

    held = [note for path in checkpoint or () for note in _notes(path)]
    asked = {"stream": stream, "people": person or (), "first": first, "last": last, "as_of": as_of, "held": held}
    query = read_query(CompileBundle, asked)
    origin = Origin(actor, frozenset({role}), reason=reason)
    permit(query, origin)
    _require_log()
    with Installation(load_settings()) as installation:
        content = installation.ask(query, origin).answer
    _write(output, content)
    if as_json:
        emit({"file": str(output), "bytes": len(content)})
    else:
        console.print(f"The bundle is in {output}. Begin with its summary.md.", soft_wrap=True)


@app.command("accept-restored")
@one_sentence
def accept_restored() -> None:
    """Go on with a log that was put back from a backup: what was signed before is kept aside, and a new tree begins.

    Only after `verify` has said that the log is not the one that was signed, and you know why. Stop serve first.
    """
    with EventLog(load_settings(), must_exist=True) as log:
        if not log.first:
            raise Unavailable("A process has the log open: stop it first.")
        store = log.store
        with Proofs(_proofs(), store) as proofs:
            try:
                proofs.checkpoint()
            except LogDiverged:
                pass
            else:
                raise Invalid("The log is the one that was signed: there is nothing to accept.")
        kept = set_aside(_proofs(), datetime.now(UTC))
        with Proofs(_proofs(), store) as proofs:
            size = proofs.show().size
    console.print(f"The log of {size:,} events is signed from its beginning. Kept as evidence:", soft_wrap=True)
    for path in kept:
        console.print(f"  {path}", soft_wrap=True)
    console.print("Tell everybody who holds a checkpoint that the log was put back, when and why.")


def _tell(report: Report, own: int, outside: int) -> None:
    if report.divergence is not None:
        console.print("This is NOT the log that was signed.", style="bold red")
        console.print(report.divergence.sentence, soft_wrap=True)
        return
    newest = report.agreed[-1].size
    console.print(f"This is the log that was signed: {report.size:,} events, root {report.root.hex()}.", soft_wrap=True)
    checkpoints = "checkpoint" if own == 1 else "checkpoints"
    console.print(f"It agrees with {own:,} {checkpoints} of this folder and {outside:,} held outside.")
    if report.size > newest:
        console.print(f"The last {report.size - newest:,} events are not signed yet.", style="yellow")
    if not outside:
        console.print(
            "Whoever can write this folder can rewrite its checkpoints too: compare with one that somebody else "
            "has held, with --checkpoint.",
            style="yellow",
            soft_wrap=True,
        )


def _as_facts(report: Report, own: int, outside: int) -> dict[str, Any]:
    return {
        "ok": report.ok,
        "size": report.size,
        "root": report.root.hex(),
        "agreed": [checkpoint.size for checkpoint in report.agreed],
        "own_checkpoints": own,
        "held_outside": outside,
        "divergence": asdict(report.divergence) if report.divergence else None,
    }


def _verifier_key(folder: Path, given: str | None) -> VerifierKey:
    if given is not None:
        path = Path(given)
        return VerifierKey.parse(_read(path).decode(errors="replace").strip() if path.is_file() else given)
    if not (folder / KEY).exists():
        raise Invalid("This folder has no key of its own: name the log's verifier key with --key.")
    return signing_key(folder / KEY, ORIGIN).verifier


def _notes(path: Path) -> list[str]:
    return split_checkpoints(_read(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.") from None


def _write(path: Path, content: bytes) -> None:
    """For its owner's eyes alone: what is in it may be personal."""
    try:
        path.touch(mode=0o600)
        path.write_bytes(content)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}.") from None


def _proofs() -> Path:
    return load_settings().data_dir / "proofs"


@contextmanager
def _log() -> Iterator[EventStore]:
    with EventLog(load_settings(), must_exist=True) as log:
        yield log.store


def _require_log() -> None:
    """Raises `NotFound` rather than have an empty log made, of which everything would hold."""
    with _log():
        pass

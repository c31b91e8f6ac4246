"""`forgetmenot backup` and `forgetmenot restore`: with the proof that what came back is what was there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.gateway.cli.terminal import console, counting, emit, one_sentence
from shared.settings import load_settings

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


@one_sentence
def backup(
    target: Annotated[Path, typer.Argument(help="A new folder for the log, the access log and the documents.")],
    keys: Annotated[Path, typer.Option(help="A new folder for the keys, kept in another place than TARGET.")],
    as_json: AsJson = False,
) -> None:
    """Back up an installation while it runs: what is acknowledged by now, whole, measured on the copy.

    The master key and the erasure ledger are in neither folder: they need copies of their own, the ledger a new one
    after each erasure. Read models are made anew from the log and are not backed up.
    """
    from services.gateway.backup import back_up

    with counting("Measuring the copy", None, shown=not as_json) as progress:
        made = back_up(load_settings(), target, keys, progress)
    if as_json:
        emit(made.model_dump(mode="json"))
        return
    console.print(
        f"Backed up {made.log.events:,} events (positions {made.log.first:,} to {made.log.last:,}), "
        f"{made.access.events:,} entries of the access log and {made.documents:,} documents.",
        soft_wrap=True,
    )
    console.print(f"Root of the log: {made.log.root}", soft_wrap=True)
    console.print(f"The keys are in {keys}: keep them in another place than {target}.", soft_wrap=True)


@one_sentence
def restore(
    source: Annotated[Path, typer.Argument(help="The folder that `backup` made for the log.")],
    keys: Annotated[
        Path, typer.Option(help="The folder that it made for the keys: of the same backup or a later one.")
    ],
    nobody_forgotten: Annotated[
        bool, typer.Option("--nobody-forgotten", help="There is no erasure ledger, because nobody was ever forgotten.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup in DATA_DIR, which must have no log yet, and prove it: count, positions, root, and who is forgotten.

    The master key and the newest copy of the erasure ledger must be where the settings say: master.key and
    erasures.ledger in DATA_DIR, or MASTER_KEY, MASTER_KEY_FILE and ERASURE_LEDGER.
    """
    from services.gateway.backup import restore as put_back

    with counting("Measuring", None, shown=not as_json) as progress:
        done = put_back(load_settings(), source, keys, nobody_forgotten=nobody_forgotten, progress=progress)
    log = done.manifest.log
    if as_json:
        emit(done._asdict() | {"manifest": done.manifest.model_dump(mode="json")})
        return
    console.print(
        f"Restored {log.events:,} events (positions {log.first:,} to {log.last:,}), {done.manifest.access.events:,} "
        f"entries of the access log and {done.manifest.documents:,} documents, as of "
        f"{done.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.",
        soft_wrap=True,
    )
    console.print(f"Root of the log: {log.root}, the same as when it was backed up.", soft_wrap=True)
    console.print(
        f"Of {done.known:,} erasures in the ledger, {done.redone:,} were done again, {done.certified:,} events record "
        f"what the log had lost of them, and {done.swept:,} documents went.",
        soft_wrap=True,
    )
    console.print("Tell everybody who holds a later checkpoint that the log was put back, when and why.")
